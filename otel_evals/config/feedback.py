"""Where an application's feedback goes: the two variables that `otel_evals.feedback` is told by.

Apart from `load`, because that is imported by applications, which need nothing else of the configuration.
"""

import os
from collections.abc import Mapping
from typing import Final

URL: Final = "OTEL_EVALS_FEEDBACK_URL"
KEY: Final = "OTEL_EVALS_FEEDBACK_KEY"


def feedback_address(environ: Mapping[str, str] | None = None) -> tuple[str, str]:
    """The backend's address and the publishable key; empty text = not set."""
    variables = os.environ if environ is None else environ
    return variables.get(URL, "").strip(), variables.get(KEY, "").strip()
