"""Decides who judges the demo's traffic, says so first, and starts the scripted judge when it is that one.

In order: nobody (`--no-judge`), the endpoint of `--judge-url`, the judges of the configuration, OpenAI when its key is
in the environment, the scripted judge.
"""

import importlib
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

import msgspec

from otel_evals.config.credentials import is_set
from otel_evals.config.judging import JudgeSection
from otel_evals.config.schema import Config
from otel_evals.demo.judging import DEFAULT_MODEL, OPENAI, OPENAI_KEY, DemoJudges, model_judges, scripted_judges
from otel_evals.demo.scripted_judge import ScriptedJudge
from otel_evals.records.errors import ConfigurationError

_SCRIPTED_FOLDER: Final = "demo"
_ASKING_FOLDER: Final = "demo-judged"


class JudgeWish(msgspec.Struct, frozen=True, kw_only=True):
    """What the command line says about the demo's judges."""

    none: bool = False
    url: str | None = None
    model: str | None = None
    key_env: str | None = None

    @property
    def names_endpoint(self) -> bool:
        """Whether a real endpoint is asked for."""
        return bool(self.url or self.model or self.key_env)


class Arranged(msgspec.Struct, frozen=True, kw_only=True):
    """The judges of a demo that is about to start."""

    judges: DemoJudges | None = None
    """None: nobody, or those of the configuration."""
    none: bool = False
    configured: tuple[str, ...] = ()
    """Names of the judges of the configuration, when they judge."""

    def apply(self, config: Config) -> Config:
        """`config` with these judges. Made-up spans and prices get a ledger and a budget of their own."""
        if self.none:
            return msgspec.structs.replace(config, judge=JudgeSection())
        if self.judges is None:
            return config
        folder = _ASKING_FOLDER if self.judges.sends_away else _SCRIPTED_FOLDER
        return msgspec.structs.replace(config, judge=self.judges.section, data=str(Path(config.data) / folder))

    @property
    def notice(self) -> tuple[str, ...]:
        """What is said before anything is sent."""
        if self.configured:
            return (
                f"judges: those of your configuration ({', '.join(self.configured)}) read the demo's invented texts",
                "within your own budgets; --no-judge sends nothing",
            )
        return self.judges.notice if self.judges is not None else ()

    @property
    def sends_away(self) -> bool:
        """Whether somebody may be charged for what is sent."""
        return bool(self.configured) or (self.judges is not None and self.judges.sends_away)


@contextmanager
def arranged_judges(config: Config, wish: JudgeWish) -> Generator[Arranged]:
    """The judges; what was started for them ends with the block. Raises ConfigurationError."""
    if wish.none:
        if wish.names_endpoint:
            raise ConfigurationError("--no-judge and --judge-…: give one of them")
        yield Arranged(none=True)
    elif wish.names_endpoint or (not config.judge.is_used and is_set(OPENAI_KEY)):
        yield Arranged(judges=_asking(config, wish))
    elif config.judge.is_used:
        section = config.judge
        yield Arranged(configured=tuple(judge.name for judge in (*section.judges, *section.local)))
    else:
        server = ScriptedJudge()
        try:
            server.start()
            # It takes a second to start, and so does the import of what asks it: both at once.
            importlib.import_module("otel_evals.app.judges")
            yield Arranged(judges=scripted_judges(server.url()))
        finally:
            server.stop()


def _asking(config: Config, wish: JudgeWish) -> DemoJudges:
    url = wish.url or OPENAI
    key_env = wish.key_env
    if key_env is None and urlsplit(url).hostname == urlsplit(OPENAI).hostname:
        key_env = OPENAI_KEY  # a key is shown to its own vendor only
    if key_env is not None and not is_set(key_env):
        raise ConfigurationError(f"the judge's key: the environment variable {key_env} is not set or empty; export it")
    if wish.url is not None and wish.model is None and urlsplit(url).hostname != urlsplit(OPENAI).hostname:
        raise ConfigurationError(f"--judge-url {url}: say with --judge-model which of its models is to judge")
    try:
        return model_judges(url, wish.model or DEFAULT_MODEL, key_env, config.judge.prices)
    except (ValueError, ConfigurationError) as error:
        raise ConfigurationError(f"--judge-url {url}: {error}") from error
