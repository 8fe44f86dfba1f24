"""Reads CPU time and memory of a process with all its descendants from `/proc` (Linux)."""

import os
from collections import defaultdict
from pathlib import Path
from typing import Final

_TICK: Final = os.sysconf("SC_CLK_TCK")
_PROC: Final = Path("/proc")


def _stat(pid: int) -> list[str]:
    """The fields behind the name, state first; empty when the process has gone."""
    try:
        return (_PROC / str(pid) / "stat").read_text().rsplit(")", 1)[1].split()
    except OSError:
        return []


def tree(pid: int) -> list[int]:
    """The process and its living descendants."""
    children: defaultdict[int, list[int]] = defaultdict(list)
    for entry in _PROC.iterdir():
        if entry.name.isdigit() and (fields := _stat(int(entry.name))):
            children[int(fields[1])].append(int(entry.name))
    found = [pid]
    for parent in found:
        found += children[parent]
    return found


def cpu_seconds(pid: int) -> float:
    """User and system time of the tree so far, with what ended children of it took; ticks of 10 ms."""
    return sum(sum(int(f) for f in fields[11:15]) for p in tree(pid) if (fields := _stat(p))) / _TICK


def rss_bytes(pid: int) -> int:
    """Resident memory of the tree."""
    return sum(int(fields[21]) for p in tree(pid) if (fields := _stat(p))) * os.sysconf("SC_PAGE_SIZE")
