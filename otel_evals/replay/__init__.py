"""`otel-evals replay`: decides recorded OTLP again, byte for byte the same on every run and every machine.

Called by the command line. A recording is read twice: first all of it is told to the trace memory, then every span is
decided with all that is known, so that logs and documents are joined in whatever order they were recorded.
"""

from otel_evals.replay.verb import run

__all__ = ["run"]
