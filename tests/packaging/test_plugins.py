"""The three ways in for a plug-in, with a real distribution and the real command line."""

import json
import os
import subprocess
import sys

import pytest

from otel_evals.testing.builders import make_span, traces_body

PROMISE = {"shop.llm.model": "m-1", "shop.llm.question": "Too dear.", "shop.llm.answer": "I will give you 20% off."}
INSTALLED = "checks: {no_price_promise: {allowed_percent: 10}}\nplugins: {dialects: [shop]}\n"
PRIVATE = (
    "checks: {no_price_promise: {use: 'shop_evals.no_price_promise:NoPricePromise', allowed_percent: 10}}\n"
    "plugins: {allow_import_from: [shop_evals], dialects: [shop]}\n"
)


@pytest.fixture
def configured(tmp_path):
    def write(text: str) -> None:
        (tmp_path / "otel-evals.yaml").write_text(text)

    return write


def test_the_installed_command_knows_an_installed_plug_in(plugin, configured, tmp_path):
    configured(INSTALLED)
    environ = {**os.environ, "PYTHONPATH": str(plugin)}
    command = [sys.executable, "-m", "otel_evals", "config", "check"]
    run = subprocess.run(command, cwd=tmp_path, env=environ, capture_output=True, text=True, check=False)
    assert (run.stdout, run.returncode) == ("otel-evals.yaml: ok\n", 0), run.stderr


@pytest.mark.parametrize("text", [INSTALLED, PRIVATE], ids=["installed", "private"])
def test_a_plug_in_decides_a_recording(plugin, otel_evals, configured, tmp_path, text):
    configured(text)
    (tmp_path / "a.binpb").write_bytes(traces_body(make_span(PROMISE)))
    run = otel_evals("replay", "a.binpb", path=(plugin,))
    line, summary = map(json.loads, run.stdout.splitlines())
    assert (line["dialect"], line["request_model"], line["band"]) == ("shop", "m-1", "medium")
    assert line["reasons"] == ["no_price_promise"]
    assert summary["checks"]["no_price_promise"] == {"fail": 1}


def test_a_setting_of_a_plug_in_changes_what_it_decides_and_its_version(plugin, otel_evals, configured, tmp_path):
    (tmp_path / "a.binpb").write_bytes(traces_body(make_span(PROMISE)))
    results = []
    for percent in (10, 20):
        configured(INSTALLED.replace("10", str(percent)))
        line = json.loads(otel_evals("replay", "a.binpb", path=(plugin,)).stdout.splitlines()[0])
        results += [result for result in line["results"] if result["name"] == "no_price_promise"]
    assert [result["label"] for result in results] == ["fail", "pass"]
    assert results[0]["version"] != results[1]["version"]


def test_an_installed_plug_in_that_no_configuration_names_is_not_run(plugin, otel_evals, tmp_path):
    (tmp_path / "a.binpb").write_bytes(traces_body(make_span(PROMISE)))
    run = otel_evals("replay", "a.binpb", path=(plugin,))
    assert json.loads(run.stdout)["summary"]["evaluated"] == 0


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("checks: {no_price_promize: {}}", "unknown check; did you mean no_price_promise?"),
        ("checks: {no_price_promise: {allowed_percents: 1}}", "unknown key; did you mean allowed_percent?"),
        ("checks: {no_price_promise: {allowed_percent: 101}}", "<= 100"),
        ("plugins: {dialects: [shopp]}", "no installed distribution brings 'shopp'"),
        ("checks: {x: {use: 'shop_evals.no_price_promise:NoPricePromise'}}", "add shop_evals there"),
        (PRIVATE.replace(":NoPricePromise", ":Nothing"), "has no 'Nothing'"),
    ],
)
def test_what_cannot_be_found_stops_the_start_in_words(plugin, otel_evals, configured, text, message):
    configured(text)
    run = otel_evals("config", "check", path=(plugin,))
    assert run.returncode == 2
    assert message in run.stderr


def distribution(folder, name: str, module: str, target: str) -> None:
    """A distribution in `folder` as an installer leaves it: a module, metadata, entry points."""
    info = folder / f"{name}-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(f"[otel_evals.checks]\n{target}\n")
    (folder / f"{name.replace('-', '_')}.py").write_text(module)


def test_two_distributions_with_one_id_stop_the_start_and_are_both_named(plugin, otel_evals, tmp_path):
    distribution(tmp_path / "site", "other-evals", "", "no_price_promise = other_evals:X")
    run = otel_evals("config", "check", path=(plugin, tmp_path / "site"))
    assert run.returncode == 2
    assert "other-evals and shop-evals" in run.stderr


def test_a_distribution_cannot_take_the_place_of_a_built_in_check(otel_evals, tmp_path):
    distribution(tmp_path / "site", "sly-evals", "", "pii = sly_evals:X")
    run = otel_evals("config", "check", path=(tmp_path / "site",))
    assert run.returncode == 2
    assert "otel-evals itself and sly-evals" in run.stderr


def test_a_plug_in_that_cannot_be_imported_stops_the_start_when_it_is_named(otel_evals, configured, tmp_path):
    distribution(tmp_path / "site", "broken-evals", "import nothing_of_this_name", "broken = broken_evals:X")
    assert otel_evals("config", "check", path=(tmp_path / "site",)).returncode == 0
    configured("checks: {broken: {}}")
    run = otel_evals("config", "check", path=(tmp_path / "site",))
    assert run.returncode == 2
    assert "nothing_of_this_name" in run.stderr


def test_a_check_that_raises_is_a_failure_in_the_results_and_ends_nothing(otel_evals, configured, tmp_path):
    module = (
        "from dataclasses import dataclass\n"
        "@dataclass(frozen=True)\n"
        "class X:\n"
        "    name = 'raising'\n"
        "    band = None\n"
        "    needs_content = False\n"
        "    def patterns(self): return ()\n"
        "    def evaluate(self, scan): raise RuntimeError('secret text')\n"
    )
    distribution(tmp_path / "site", "raising-evals", module, "raising = raising_evals:X")
    configured("checks: {raising: {}}")
    (tmp_path / "a.binpb").write_bytes(traces_body(make_span({"gen_ai.operation.name": "chat"})))
    run = otel_evals("replay", "a.binpb", path=(tmp_path / "site",))
    line = json.loads(run.stdout.splitlines()[0])
    assert [(f["name"], f["error"]) for f in line["failures"]] == [("raising", "RuntimeError")]
    assert "secret text" not in run.stdout
