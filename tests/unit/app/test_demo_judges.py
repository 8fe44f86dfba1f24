import msgspec
import pytest

from otel_evals.app.demo_judges import JudgeWish, arranged_judges
from otel_evals.config.judging import JudgeSection
from otel_evals.config.schema import Config
from otel_evals.demo.judging import DEFAULT_MODEL
from otel_evals.judges.settings import EndpointSettings, JudgeSettings, ModelSettings
from otel_evals.records.errors import ConfigurationError

OWN = JudgeSection(
    endpoints=(EndpointSettings(url="http://127.0.0.1:1/v1"),),
    judges=(JudgeSettings(name="faithfulness", model=ModelSettings(model="own")),),
)


@pytest.fixture(autouse=True)
def no_key(monkeypatch):
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)


def models(config: Config, **wish) -> set[str]:
    """Who is asked."""
    with arranged_judges(config, JudgeWish(**wish)) as arranged:
        section = arranged.apply(config).judge
        return {judge.model.model for judge in section.judges if judge.model}


def refusal(**wish) -> str:
    with pytest.raises(ConfigurationError) as raised, arranged_judges(Config(), JudgeWish(**wish)):
        pass
    return str(raised.value)


def test_without_a_key_the_scripted_judge_is_started_and_keeps_its_books_apart():
    config = Config()
    with arranged_judges(config, JudgeWish()) as arranged:
        applied = arranged.apply(config)
        assert {j.model.model for j in applied.judge.judges} == {"scripted-judge-1", "scripted-judge-2"}
        assert applied.judge.endpoints[0].url.startswith("http://127.0.0.1:")
        assert applied.data != config.data
        assert "errs on purpose" in arranged.notice[0]


def test_a_key_of_openai_asks_openai(monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", "k")
    assert models(Config()) == {DEFAULT_MODEL}
    assert models(Config(), none=True) == set()


def test_judges_of_the_configuration_are_kept_unless_another_is_named(monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", "k")
    own = msgspec.structs.replace(Config(), judge=OWN)
    assert models(own) == {"own"}
    assert models(own, url="http://127.0.0.1:2/v1", model="other") == {"other"}
    assert models(own, none=True) == set()
    with arranged_judges(own, JudgeWish()) as arranged:
        assert arranged.sends_away
        assert "your configuration (faithfulness)" in arranged.notice[0]


def test_the_key_of_openai_is_shown_to_nobody_else(monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", "k")
    with arranged_judges(Config(), JudgeWish(url="http://127.0.0.1:2/v1", model="m")) as arranged:
        assert arranged.apply(Config()).judge.endpoints[0].key_env is None


def test_what_cannot_be_is_said_with_the_way_out(monkeypatch):
    assert "--judge-model" in refusal(url="http://127.0.0.1:2/v1")
    assert "OPENAI_API_KEY is not set" in refusal(url="https://api.openai.com/v1")
    assert "MY_KEY is not set" in refusal(url="http://127.0.0.1:2/v1", model="m", key_env="MY_KEY")
    assert "--judge-url ftp://x" in refusal(url="ftp://x", model="m")
    assert "one of them" in refusal(none=True, model="m")
