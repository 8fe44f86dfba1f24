"""The cap on label values: what strangers write into attributes must not grow the metrics without end.

Only keys outside `catalogue.CLOSED_KEYS` are capped, and a combination of their values (a slice) is admitted as a
whole: a cap that counted single series could admit a slice's passes and refuse its failures. Used by `Meters` when
it meets a combination of labels for the first time.
"""

from otel_evals.telemetry.catalogue import CLOSED_KEYS, Instrument
from otel_evals.telemetry.snapshot import Labels

OTHER = "__other__"
"""Stands for every value beyond the cap."""
MAX_LABEL_LENGTH = 128
"""Characters; a longer value is cut."""
_REMEMBERED = 4096
"""Combinations of labels whose folding is kept: once the cap is reached, most measurements ask again."""


class LabelCap:
    """The slices that one instrument has admitted.

    Args:
        instrument: as published, extra keys included.
        max_values: distinct values of one key.
        max_slices: distinct combinations of the values of all capped keys.
    """

    __slots__ = ("_folded", "_keys", "_max_slices", "_max_values", "_open", "_slices", "_values")

    def __init__(self, instrument: Instrument, *, max_values: int, max_slices: int) -> None:
        self._keys = instrument.keys
        self._open = tuple(i for i, key in enumerate(instrument.keys) if key not in CLOSED_KEYS)
        self._max_values = max_values
        self._max_slices = max_slices
        self._values: dict[int, set[str]] = {i: set() for i in self._open}
        self._slices: set[Labels] = set()
        self._folded: dict[Labels, Labels] = {}

    def admit(self, labels: Labels) -> tuple[Labels, bool]:
        """The labels under which `labels` are counted, and whether a value of theirs was beyond the cap.

        Raises:
            ValueError: not one label for each key.
        """
        known = self._folded.get(labels)
        if known is not None:
            return known, True
        admitted, folded = self._decide(labels)
        if folded:  # what is beyond the cap stays beyond it
            if len(self._folded) >= _REMEMBERED:
                self._folded.clear()
            self._folded[labels] = admitted
        return admitted, folded

    def _decide(self, labels: Labels) -> tuple[Labels, bool]:
        if len(labels) != len(self._keys):
            raise ValueError(f"{len(labels)} labels for the keys {', '.join(self._keys) or '(none)'}")
        cut = [_legal(label) for label in labels]
        folded = False
        for i in self._open:
            if not self._known(i, cut[i]):
                cut[i], folded = OTHER, True
        slice_ = tuple(cut[i] for i in self._open)
        if slice_ in self._slices or all(value == OTHER for value in slice_):
            return tuple(cut), folded
        if len(self._slices) < self._max_slices:
            self._slices.add(slice_)
            return tuple(cut), folded
        for i in self._open:
            cut[i] = OTHER
        return tuple(cut), True

    def _known(self, i: int, value: str) -> bool:
        values = self._values[i]
        if value in values or value in ("", OTHER):
            return True
        if len(values) >= self._max_values:
            return False
        values.add(value)
        return True


def _legal(label: str) -> str:
    """The label short enough, and encodable: half of a surrogate pair is no UTF-8."""
    if len(label) > MAX_LABEL_LENGTH:
        label = label[:MAX_LABEL_LENGTH]
    return label if label.isascii() else label.encode("utf-8", "replace").decode()
