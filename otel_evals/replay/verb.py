"""The two things that a replay can say: how everything is decided, or what another configuration changes."""

from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

from otel_evals.config.schema import Config
from otel_evals.replay.decider import Decider
from otel_evals.replay.difference import Difference
from otel_evals.replay.lines import SpanLine, encode, span_line
from otel_evals.replay.recording import RecordedBody, Recording
from otel_evals.replay.tally import Read, Tally, Volume


def run(files: Sequence[Path], config: Config, *, other: Config | None = None) -> Iterator[str]:
    """Decide a recording again.

    All of it has been read once when this returns, so whoever writes the lines never writes half of them.

    Args:
        files: recorded OTLP: files and folders, in order.
        config: the configuration to decide by.
        other: another one; then only what it would decide differently is told.

    Returns:
        Lines of JSON without line ends: one a span, in the order of the recording, and a last one that sums up.

    Raises:
        ConfigurationError: a file cannot be read (the text names it and the offset), or a check cannot be built.
    """
    recording, volume = Recording(files), Volume()
    deciders = [Decider(c) for c in (config, other) if c is not None]
    for recorded in recording:
        volume.add(recorded.body)
        for decider in deciders:
            decider.learn(recorded.body)
    if len(deciders) == 1:
        return _decisions(recording, volume, deciders[0])
    return _differences(recording, volume, deciders[0], deciders[1])


def _decisions(recording: Recording, volume: Volume, decider: Decider) -> Iterator[str]:
    tally = Tally()
    for recorded in recording:
        for line in _lines(decider, recorded):
            tally.add(line)
            yield encode(line)
    read = _read(recording, volume, tally.evaluated, decider)
    yield encode(tally.summary(read))


def _differences(recording: Recording, volume: Volume, before: Decider, after: Decider) -> Iterator[str]:
    difference, evaluated = Difference(), 0
    for recorded in recording:
        old = {(line.trace, line.span): line for line in _lines(before, recorded)}
        new = {(line.trace, line.span): line for line in _lines(after, recorded)}
        for span in dict.fromkeys((*old, *new)):
            evaluated += 1
            found = difference.compare(old.get(span), new.get(span))
            if found is not None:
                yield encode(found)
    yield encode(difference.summary(_read(recording, volume, evaluated, before, after)))


def _lines(decider: Decider, recorded: RecordedBody) -> Iterator[SpanLine]:
    return (span_line(recorded.file, evaluated) for evaluated in decider.decide(recorded.body))


def _read(recording: Recording, volume: Volume, evaluated: int, *deciders: Decider) -> Read:
    return volume.read(
        files=recording.files,
        evaluated=evaluated,
        repeated=max(d.repeated for d in deciders),
        faults=sum((d.faults for d in deciders), Counter[str]()),
        skipped=recording.skipped,
    )
