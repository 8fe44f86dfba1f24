"""What a journal's folder holds, read beside the process that owns it: no lock is taken and nothing is touched.

Called by the command that lists what waits. What is written meanwhile may or may not be seen.
"""

from pathlib import Path

from otel_evals.spool import segment


def live_heads(folder: Path, length: int) -> list[tuple[int, bytes]]:
    """Bytes and first `length` bytes of every live payload in `folder`. Raises OSError, ConfigurationError."""
    done: set[int] = set()
    # Marks first: a segment that goes later takes its entries with it, while one read before would keep them alive.
    for path in folder.glob("*.done"):
        done |= segment.read_done(_content(path))
    found: dict[int, tuple[int, bytes]] = {}
    for path in sorted(folder.glob("*.journal")):
        data = _content(path)
        if not segment.check_header(data, str(path)):
            continue
        for item in segment.scan(data):
            if isinstance(item, segment.Record) and item.entry_id not in done:
                # One that was moved to a newer segment stands in both for a moment, and counts once.
                found[item.entry_id] = (item.length, data[item.offset : item.offset + min(length, item.length)])
    return list(found.values())


def _content(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return b""  # cleared away by its owner since it was listed
