"""Starts the process again with an allocator that keeps large blocks.

glibc maps and unmaps every block above a threshold, and a request body of two megabytes is one: page faults then take a
third of the CPU. The threshold is read from the environment before the interpreter starts, hence the restart in place
(same process id). Elsewhere than on glibc nothing happens.
"""

import os
import sys
from typing import Final

_SETTINGS: Final = {
    "MALLOC_MMAP_THRESHOLD_": str(1 << 30),
    "MALLOC_TRIM_THRESHOLD_": str(1 << 27),
    "MALLOC_TOP_PAD_": str(1 << 24),
}


def restart_with_large_block_allocator() -> None:
    """Replace the process by itself with the settings, unless they (or others of the kind) are there already."""
    if sys.platform != "linux" or any(name in os.environ for name in _SETTINGS) or not sys.argv[0]:
        return
    try:
        os.confstr("CS_GNU_LIBC_VERSION")
    except (ValueError, OSError):
        return
    sys.stdout.flush()
    sys.stderr.flush()
    os.execve(  # noqa: S606 - this very program
        sys.executable, [sys.executable, *sys.orig_argv[1:]], {**os.environ, **_SETTINGS}
    )
