from otel_evals.judges.cache import VerdictCache, cache_key
from otel_evals.records.evaluation import Label
from otel_evals.records.exchange import Usage
from otel_evals.records.judging import Verdict

VERDICT = Verdict(
    label=Label.PASS, score=1.0, explanation="x" * 300, usage=Usage(input_tokens=9), cost=0.5, duration=2.0, model="m"
)


def test_a_hit_is_marked_and_costs_nothing():
    cache = VerdictCache(1 << 20)
    cache.put(b"a", VERDICT)
    hit = cache.get(b"a")
    assert hit is not None
    assert hit.cached
    assert (hit.cost, hit.usage.input_tokens, hit.duration) == (0.0, 0, 0.0)
    assert (hit.label, hit.explanation, hit.model) == (VERDICT.label, VERDICT.explanation, "m")


def test_another_version_or_text_never_finds_it():
    keys = {cache_key("1", "ab", "c"), cache_key("2", "ab", "c"), cache_key("1", "a", "bc"), cache_key("1", "ab", "d")}
    assert len(keys) == 4


def test_it_keeps_within_its_bytes_and_lets_the_least_used_go():
    cache = VerdictCache(10_000)
    for number in range(100):
        cache.put(bytes([number]), VERDICT)
        cache.get(b"\x00")
        assert cache.bytes <= 10_000
    assert 1 < len(cache) < 10
    assert cache.get(b"\x00") is not None
    assert cache.get(b"\x01") is None
    assert cache.get(bytes([99])) is not None


def test_the_same_key_twice_counts_once():
    cache = VerdictCache(1 << 20)
    cache.put(b"a", VERDICT)
    once = cache.bytes
    cache.put(b"a", VERDICT)
    assert cache.bytes == once
    assert len(cache) == 1


def test_a_cache_without_room_keeps_nothing():
    cache = VerdictCache(0)
    cache.put(b"a", VERDICT)
    assert cache.get(b"a") is None
    assert cache.bytes == 0
