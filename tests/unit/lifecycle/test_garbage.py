"""What a process has started with is out of the garbage collector's sight; what comes later is not."""

import gc

from otel_evals.lifecycle.garbage import keep_what_is_there


class Node:
    def __init__(self) -> None:
        self.itself = self


def test_only_what_comes_later_is_looked_at() -> None:
    early = Node()
    keep_what_is_there()
    try:
        late = Node()
        seen = {id(one) for one in gc.get_objects()}
        assert id(early) not in seen
        assert id(late) in seen
        assert gc.get_freeze_count() > 0
    finally:
        gc.unfreeze()
