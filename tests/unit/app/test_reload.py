"""What a reload takes over, and what it says needs a restart."""

from otel_evals.app.reload import reloaded
from otel_evals.config.judging import JudgeSection
from otel_evals.config.schema import CheckSettings, Config
from otel_evals.forward.settings import DestinationSettings
from otel_evals.judges.settings import JudgeSettings, ModelSettings
from otel_evals.records.units import Duration
from otel_evals.sampling.settings import SamplingRule, SamplingSettings


def test_checks_change_at_once_and_destinations_with_a_restart() -> None:
    running = Config(forward=(DestinationSettings(url="http://here:4317"),))
    wanted = Config(
        forward=(DestinationSettings(url="http://there:4317"),),
        checks={"non_empty": CheckSettings(enabled=False)},
        workers=4,
    )
    config, later = reloaded(running, wanted)
    assert config.checks == wanted.checks
    assert config.forward == running.forward
    assert config.workers == 1
    assert later == ["forward", "workers"]


def test_an_unchanged_file_needs_nothing() -> None:
    assert reloaded(Config(), Config()) == (Config(), [])


def test_judges_and_sampling_change_at_once_and_the_hold_with_a_restart() -> None:
    judges = (JudgeSettings(name="faithfulness", model=ModelSettings(model="m-1")),)
    running = Config(judge=JudgeSection(judges=judges))
    sampling = SamplingSettings(rules=(SamplingRule(name="baseline", rate=0.5),))
    wanted = Config(judge=JudgeSection(judges=judges, sampling=sampling, hold=Duration(1)))
    config, later = reloaded(running, wanted)
    assert config.judge.sampling == sampling
    assert config.judge.hold == running.judge.hold
    assert later == ["judge.hold"]


def test_the_first_judge_needs_a_restart() -> None:
    wanted = Config(judge=JudgeSection(judges=(JudgeSettings(name="faithfulness", model=ModelSettings(model="m-1")),)))
    assert reloaded(Config(), wanted) == (Config(), ["judge"])
