"""`python -m otel_evals` and the script `otel-evals`: hands over to the command line."""

import sys

from otel_evals import cli
from otel_evals.config.allocator import restart_with_large_block_allocator

__all__ = ["main"]

_LONG_RUNNING = ("up", "processor")


def main() -> int:
    """Run the command line; the exit code."""
    if any(verb in sys.argv[1:2] for verb in _LONG_RUNNING) and not {"-h", "--help"} & set(sys.argv):
        # Before anything heavy is imported: the process starts over.
        restart_with_large_block_allocator()
    return cli.main()


if __name__ == "__main__":
    sys.exit(main())
