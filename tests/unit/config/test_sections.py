"""Sections that installed distributions add to the configuration."""

import pickle

import msgspec
import pytest

from otel_evals.config import load as loading
from otel_evals.config.load import load
from otel_evals.config.schema import Config
from otel_evals.config.sections import FullConfig, compose
from otel_evals.config.show import show
from otel_evals.records.errors import ConfigurationError


class Shop(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The shop's own settings."""

    listen: str = "127.0.0.1:9"


class Needy(msgspec.Struct, frozen=True, kw_only=True):
    must: str


@pytest.fixture
def write(tmp_path):
    def file(text: str):
        path = tmp_path / "c.yaml"
        path.write_text(text)
        return path

    return file


def test_a_section_stands_beside_the_others_with_its_defaults():
    config = compose({"shop": Shop})()
    assert isinstance(config, Config)
    assert config.shop == Shop()
    assert config.workers == 1


def test_a_configuration_with_sections_can_be_handed_to_another_process():
    config = load(checks={}, environ={"OTEL_EVALS_BACKEND_LISTEN": "127.0.0.1:8123"}).config
    assert type(config) is FullConfig
    assert pickle.loads(pickle.dumps(config)) == config  # noqa: S301 - our own bytes


def test_the_section_of_the_backend_is_checked_shown_and_set_by_variables(write):
    file = write("backend: {review: {audit: 0.5}}")
    loaded = load(file, checks={}, environ={"OTEL_EVALS_BACKEND_CONTENT_POLICY": "none"})
    assert loaded.warnings == ()
    text = show(loaded)
    assert "audit: 0.5" in text
    assert "policy: none  # $OTEL_EVALS_BACKEND_CONTENT_POLICY" in text
    with pytest.raises(ConfigurationError, match=r"backend.review.audits.*did you mean audit"):
        load(write("backend: {review: {audits: 0.5}}"), checks={}, environ={})


def test_a_password_in_the_address_of_the_database_is_not_shown():
    password = "hunter2"
    loaded = load(
        checks={}, environ={}, flags={"backend.database": f"postgresql://me:{password}@db/evals"}
    )  # fmt: skip
    assert loaded.config.backend.database.reveal().startswith("postgresql://me")
    assert password not in show(loaded)


def test_without_the_distribution_its_section_says_what_to_install(write, monkeypatch):
    monkeypatch.setattr(loading, "FullConfig", compose({}))
    with pytest.raises(ConfigurationError) as refused:
        load(write("backend: {listen: '127.0.0.1:1'}\nworkers: 0"), checks={}, environ={})
    first, second = sorted(str(refused.value).splitlines())
    assert 'pip install "otel-evals[backend]"' in first
    assert "workers" in second


@pytest.mark.parametrize("brought", [Needy, object, Shop()])
def test_what_is_no_settings_class_with_defaults_stops_the_start(brought):
    with pytest.raises(ConfigurationError, match="'shop' of an installed distribution"):
        compose({"shop": brought})
