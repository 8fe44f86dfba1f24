"""`python -m otel_evals` and the script `otel-evals`: hands over to the command line."""

import sys

from otel_evals.cli import main

__all__ = ["main"]

if __name__ == "__main__":
    sys.exit(main())
