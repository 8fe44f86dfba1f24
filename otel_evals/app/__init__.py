"""Composition: everything is put together here, by plain constructor calls, and nowhere else."""

from otel_evals.app.run import run_processor, run_up

__all__ = ["run_processor", "run_up"]
