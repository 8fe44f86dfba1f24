"""What a reload takes over, and what it says needs a restart."""

from otel_evals.app.reload import reloaded
from otel_evals.config.schema import CheckSettings, Config
from otel_evals.forward.settings import DestinationSettings


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
