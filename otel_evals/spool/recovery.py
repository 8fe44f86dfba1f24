"""Reads a journal's folder at start: which entries are alive and where, and what was damaged."""

from pathlib import Path
from typing import Final

import msgspec

from otel_evals.spool import segment
from otel_evals.spool.segment import Damage
from otel_evals.spool.writer import Place

_SET_ASIDE_BYTES: Final = 64 << 20
_NUMBER: Final = "[0-9]" * 12


class Recovered(msgspec.Struct, kw_only=True):
    """What a folder holds."""

    places: dict[int, Place] = {}
    """Live entries in the order of their ids."""
    segment_bytes: dict[int, int] = {}
    """Size of every segment by its number, ascending."""
    done_files: list[int] = []
    """Numbers of the files of marks."""
    next_id: int = 1
    next_number: int = 1
    damaged: int = 0
    """Stretches that were no sound record; they stand in the folder `damaged`."""
    torn: int = 0
    """Segments whose last record was cut off, as a crash leaves them; it was never acknowledged."""


def recover(folder: Path) -> Recovered:
    """The state of the journal in `folder`. Raises ConfigurationError for a newer format, OSError when unreadable."""
    found = Recovered()
    done: set[int] = set()
    for path in sorted(folder.glob(f"{_NUMBER}.done")):
        found.done_files.append(int(path.stem))
        done |= segment.read_done(path.read_bytes())
    for path in folder.glob(f"{_NUMBER}.journal.new"):
        path.unlink()  # a segment whose creation was interrupted: nothing was ever acknowledged in it
    for path in sorted(folder.glob(f"{_NUMBER}.journal")):
        _read_segment(path, done, found)
    found.places = dict(sorted(found.places.items()))
    found.next_id = max([found.next_id, *(entry_id + 1 for entry_id in done)])
    found.next_number = 1 + max([0, *found.segment_bytes, *found.done_files])
    return found


def _read_segment(path: Path, done: set[int], found: Recovered) -> None:
    data = path.read_bytes()
    number = int(path.stem)
    found.segment_bytes[number] = len(data)
    if not segment.check_header(data, str(path)):
        # A file shorter than its header is what a crash leaves; any other start is damage.
        whole = Damage(0, len(data), len(data) < segment.HEADER_BYTES)
        _note_damage(path, data, whole, found)
        return
    for item in segment.scan(data):
        if isinstance(item, Damage):
            _note_damage(path, data, item, found)
            continue
        found.next_id = max(found.next_id, item.entry_id + 1)
        if item.entry_id not in done:
            start = item.offset - segment.RECORD_BYTES
            # An entry that was moved out of an old segment stands in both for a moment; the later place counts.
            found.places[item.entry_id] = Place(number, start, segment.RECORD_BYTES + item.length)


def _note_damage(path: Path, data: bytes, damage: Damage, found: Recovered) -> None:
    if damage.torn:
        found.torn += 1
        return
    found.damaged += 1
    set_aside(path.parent, f"{path.stem}-{damage.start}", data[damage.start : damage.end])


def set_aside(folder: Path, name: str, data: bytes) -> None:
    """Keep damaged bytes in `folder/damaged` for whoever wants to look, up to a bound; the same ones only once."""
    aside = folder / "damaged"
    aside.mkdir(exist_ok=True, mode=0o700)
    used = sum(p.stat().st_size for p in aside.iterdir())
    target = aside / name
    if not target.exists() and used + len(data) <= _SET_ASIDE_BYTES:
        target.write_bytes(data)
