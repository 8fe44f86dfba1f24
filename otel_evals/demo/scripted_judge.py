"""The judge of a demo without a key: a scripted server in a process of its own, which knows the shop's flaws.

Life cycle: `start` begins the process, `url` waits for its address, `stop` ends it. It also ends when its standard
input closes, so it never outlives who started it.
"""

import re
import subprocess
import sys
import tempfile
from typing import Final

from otel_evals.records.errors import ConfigurationError

MODEL: Final = "scripted-judge-1"
SHADOW_MODEL: Final = "scripted-judge-2"
TPR, TNR = 0.90, 0.85
"""Probabilities that a truly good answer passes and that a truly bad one fails."""
SHADOW_TPR, SHADOW_TNR = 0.95, 0.93
LABEL: Final = f"scripted judge, errs on purpose: TPR {TPR:.2f}, TNR {TNR:.2f}"
_LAST_WORD: Final = 3.0
_ADDRESS: Final = re.compile(r"http://\S+")
_COMMAND: Final = (
    sys.executable, "-m", "otel_evals.testing.judge_server",
    "--until-stdin-closes", "--truth", "otel_evals.demo.truth:truth",
    "--tpr", str(TPR), "--tnr", str(TNR), "--latency", "0.6", "--latency-sigma", "0.8",
    "--set", "fault=refusal", "--set", "fault_rate=0.027",
    "--for", SHADOW_MODEL, "seed=shadow", "--for", SHADOW_MODEL, f"tpr={SHADOW_TPR}",
    "--for", SHADOW_MODEL, f"tnr={SHADOW_TNR}", "--for", SHADOW_MODEL, "fault=none",
)  # fmt: skip
"""Some answers come after the hold, and a few are no verdict."""


class ScriptedJudge:
    """The process, seen from the one that started it."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[str] | None = None
        self._complaints = tempfile.TemporaryFile(mode="w+")  # noqa: SIM115 - `stop` closes it

    def start(self) -> None:
        """Start it; returns at once."""
        self._process = subprocess.Popen(  # noqa: S603 - our own program
            _COMMAND,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._complaints,  # the terminal belongs to the view
            text=True,
            start_new_session=True,  # Ctrl-C reaches the whole group, and the hop still asks while it drains
        )

    def url(self) -> str:
        """Its address; blocks until it listens. Raises ConfigurationError when it does not."""
        line = self._process.stdout.readline() if self._process is not None and self._process.stdout else ""
        found = _ADDRESS.search(line)
        if found is None:
            self._complaints.seek(0)
            said = (self._complaints.read().strip().splitlines() or ["it says nothing"])[-1]
            raise ConfigurationError(
                f"the demo's scripted judge does not start ({said}); --no-judge runs the demo without one"
            )
        return found[0]

    def stop(self) -> None:
        """End it. Blocks for a few seconds at most."""
        process = self._process
        if process is None:
            return
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                pipe.close()
        try:
            process.wait(_LAST_WORD)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        self._complaints.close()
