"""The judges under test, built as the hop builds them: those of the configuration, or one model at an address.

Called by both verbs. Two things differ from the hop: nothing is answered from the cache, since a repeated question is
to be asked again, and budgets do not apply, since the verb says beforehand what it costs at most.
"""

from collections.abc import Sequence

import msgspec

from otel_evals.app.judges import Judges, build_judges, rubric_of
from otel_evals.config.judging import JudgeSection
from otel_evals.config.problems import nearest
from otel_evals.config.schema import Config
from otel_evals.engine.budget import Limits
from otel_evals.judges.prices import PriceTable
from otel_evals.judges.settings import CacheSettings, EndpointSettings, JudgeSettings, ModelSettings, check_endpoints
from otel_evals.lifecycle.tasks import CrashReport
from otel_evals.plugins.protocols import Judge
from otel_evals.records.clock import Clock
from otel_evals.records.errors import ConfigurationError
from otel_evals.records.units import ByteSize
from otel_evals.rubrics.rubric import Rubric, builtin_rubrics

_HERE = "in this process"


class Choice(msgspec.Struct, frozen=True, kw_only=True):
    """Which judges: some of the configuration's, or a model at an address."""

    names: tuple[str, ...] = ()
    """Of configured judges; none: all."""
    url: str | None = None
    model: str | None = None
    key_env: str | None = None
    rubrics: tuple[str, ...] = ()
    """What the model at `url` is to decide; none: every built-in rubric."""


class Subject(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """One judge under test."""

    id: str
    judge: Judge
    answerer: str
    """Who decides, in words: a model and its endpoints, a panel, or this process. Judges that share it are one
    instrument with several rubrics."""
    models: tuple[str, ...] = ()
    """The pinned models."""
    rubric: Rubric | None = None
    """What it decides; None for a local judge of a name that no built-in rubric has."""


class Bench(msgspec.Struct, frozen=True, kw_only=True):
    """The judges under test and what they share."""

    subjects: tuple[Subject, ...]
    judges: Judges
    concurrency: int
    """Calls that may be under way without waiting for a turn at an endpoint."""

    @property
    def prices(self) -> PriceTable:
        """What models cost."""
        return self.judges.prices

    @property
    def warnings(self) -> list[str]:
        """What is worth knowing of the endpoints. Of unknown prices the verbs speak themselves."""
        return check_endpoints(tuple(client.settings for client in self.judges.clients))

    def unpriced(self, subjects: Sequence[Subject]) -> list[str]:
        """Models of `subjects` whose price is unknown."""
        models = dict.fromkeys(model for subject in subjects for model in subject.models)
        return [model for model in models if self.prices.price(model) is None]


def open_bench(config: Config, choice: Choice, *, clock: Clock, on_crash: CrashReport) -> Bench:
    """The judges that `choice` names, ready to be asked; close `bench.judges` at the end.

    Raises:
        ConfigurationError: there is no such judge, or it cannot be built.
    """
    section = _at_address(config.judge, choice) if choice.url or choice.model else _configured(config.judge, choice)
    section = msgspec.structs.replace(
        section, budget=Limits(), budgets={}, cache=CacheSettings(max_bytes=ByteSize(0))
    )  # fmt: skip
    judges = build_judges(msgspec.structs.replace(config, judge=section), clock=clock, on_crash=on_crash)
    assert judges is not None  # noqa: S101 - the section has one
    asking = {settings.name: settings for settings in section.judges}
    subjects = tuple(_subject(spec.id, spec.judge, asking.get(spec.id)) for spec in judges.specs)
    concurrency = min([client.settings.concurrency for client in judges.clients], default=1)
    return Bench(subjects=subjects, judges=judges, concurrency=concurrency)


def _at_address(section: JudgeSection, choice: Choice) -> JudgeSection:
    if choice.names:
        raise ConfigurationError("--judge names a configured judge; with --url and --model say --rubric")
    if not choice.url or not choice.model:
        raise ConfigurationError("--url and --model go together: say which model to ask at which address")
    try:
        endpoint = EndpointSettings(url=choice.url, key_env=choice.key_env)
    except ValueError as error:
        raise ConfigurationError(f"--url: {error}") from None
    model = ModelSettings(model=choice.model)
    rubrics = dict.fromkeys(choice.rubrics or builtin_rubrics())
    for name in rubrics:
        if name not in builtin_rubrics():
            raise ConfigurationError(
                f"--rubric: no rubric is called {name!r}{nearest(name, builtin_rubrics())}; "
                f"there are {', '.join(builtin_rubrics())}"
            )
    judges = tuple(JudgeSettings(name=name, model=model) for name in rubrics)
    return msgspec.structs.replace(section, endpoints=(endpoint,), judges=judges, local=())


def _configured(section: JudgeSection, choice: Choice) -> JudgeSection:
    if choice.rubrics or choice.key_env:
        raise ConfigurationError("--rubric and --key-env go with --url and --model; a configured judge has its own")
    known = [one.name for one in (*section.judges, *section.local)]
    if not known:
        raise ConfigurationError(
            "no judge is configured: write judge.endpoints and judge.judges, or say --url URL --model MODEL"
        )
    for name in choice.names:
        if name not in known:
            raise ConfigurationError(
                f"--judge: no judge is called {name!r}{nearest(name, known)}; there are {', '.join(known)}"
            )
    wanted = frozenset(choice.names or known)
    return msgspec.structs.replace(
        section,
        judges=tuple(one for one in section.judges if one.name in wanted),
        local=tuple(one for one in section.local if one.name in wanted),
    )


def _subject(name: str, judge: Judge, settings: JudgeSettings | None) -> Subject:
    if settings is None:
        return Subject(
            id=name, judge=judge, answerer=f"{name}, {_HERE}", rubric=builtin_rubrics().get(judge.name)
        )  # fmt: skip
    if settings.model is not None:
        models = (settings.model.model,)
        answerer = settings.model.model
    else:
        members = settings.panel.members if settings.panel else ()
        models = tuple(member.model.model for member in members)
        answerer = f"panel of {', '.join(models)}"
    if settings.endpoints:
        answerer += f" at {', '.join(settings.endpoints)}"
    return Subject(id=name, judge=judge, answerer=answerer, models=models, rubric=rubric_of(settings))
