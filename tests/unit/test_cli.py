import json
import os
import subprocess
import sys
from types import SimpleNamespace

import pytest

import otel_evals.app.run
from otel_evals import cli


@pytest.fixture(autouse=True)
def elsewhere(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("OTEL_EVALS_CONFIG", "OTEL_EXPORTER_OTLP_ENDPOINT"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path


@pytest.fixture
def app(monkeypatch):
    """Stands for the composition root, and keeps what it was called with."""
    calls = SimpleNamespace(config=None, reload=None, demo=None, backend=None)

    def run(config, *, reload, backend=None):
        calls.config, calls.reload, calls.backend = config, reload, backend
        return 7

    def run_demo(config, *, reload, backend, **judging):
        calls.demo = judging
        return run(config, reload=reload, backend=backend)

    monkeypatch.setattr(otel_evals.app.run, "run_processor", run, raising=False)
    monkeypatch.setattr(otel_evals.app.run, "run_up", run, raising=False)
    monkeypatch.setattr(otel_evals.app.run, "run_demo", run_demo, raising=False)
    return calls


def test_the_version_is_told(capsys):
    assert cli.main(["--version"]) == 0
    assert capsys.readouterr().out.startswith("otel-evals 0.")


@pytest.mark.parametrize("arguments", [[], ["config"]])
def test_without_a_command_the_help_is_shown_and_the_usage_is_wrong(arguments, capsys):
    assert cli.main(arguments) == 2
    assert "usage: otel-evals" in capsys.readouterr().out


@pytest.mark.parametrize("arguments", [["fly"], ["processor", "--workers", "many"], ["replay"]])
def test_a_wrong_usage_ends_with_2(arguments, capsys):
    with pytest.raises(SystemExit) as ended:
        cli.main(arguments)
    assert ended.value.code == 2
    assert "usage:" in capsys.readouterr().err


@pytest.mark.parametrize("verb", [["up"], ["processor"], ["replay"], ["config", "check"], ["config", "show"]])
def test_every_verb_has_help_and_takes_a_file(verb, capsys):
    with pytest.raises(SystemExit) as ended:
        cli.main([*verb, "--help"])
    assert ended.value.code == 0
    assert "--config FILE" in capsys.readouterr().out


def test_flags_of_the_processor_override_file_and_variables(app, elsewhere, monkeypatch):
    (elsewhere / "c.yaml").write_text("workers: 2\ndata: from-file\nforward: [{url: 'http://file:1'}]\n")
    monkeypatch.setenv("OTEL_EVALS_WORKERS", "3")
    code = cli.main(
        [
            "processor",
            "--config",
            "c.yaml",
            "--workers",
            "4",
            "--grpc",
            "127.0.0.1:1",
            "--http",
            "127.0.0.1:2",
            "--metrics",
            "127.0.0.1:3",
            "--forward",
            "http://a:1",
            "--forward",
            "http+proto://b:2",
            "--backend",
            "http://127.0.0.1:8000",
        ]
    )
    config = app.config
    assert code == 7
    assert (config.workers, config.data) == (4, "from-file")
    assert (config.receive.grpc.listen, config.receive.http.listen) == ("127.0.0.1:1", "127.0.0.1:2")
    assert config.metrics.listen == "127.0.0.1:3"
    assert [d.url for d in config.forward] == ["http://a:1", "http+proto://b:2", "http+proto://127.0.0.1:8000"]
    assert [d.required for d in config.forward] == [True, True, False]


def test_a_backend_joins_the_configured_destinations(app, elsewhere):
    (elsewhere / "otel-evals.yaml").write_text("forward: [{url: 'http://file:1'}]\n")
    cli.main(["up", "--demo", "--backend", "http://b:8000/"])
    assert [d.url for d in app.config.forward] == ["http://file:1", "http+proto://b:8000"]
    assert app.demo == {"no_judge": False, "judge_url": None, "judge_model": None, "judge_key_env": None}


def test_the_judges_of_the_demo_are_chosen_by_flags(app, elsewhere):
    cli.main(["up", "--demo", "--judge-url", "http://j/v1", "--judge-model", "m", "--judge-key-env", "KEY"])
    assert app.demo == {
        "no_judge": False, "judge_url": "http://j/v1", "judge_model": "m", "judge_key_env": "KEY",
    }  # fmt: skip


def test_flags_for_the_judges_of_the_demo_need_the_demo(app, elsewhere, capsys):
    assert cli.main(["up", "--no-judge"]) == 2
    assert "section `judge`" in capsys.readouterr().err
    assert app.config is None


def test_a_reload_reads_file_and_flags_again(app, elsewhere):
    (elsewhere / "c.yaml").write_text("risk: {escalate: 2}\n")
    cli.main(["processor", "--config", "c.yaml", "--forward", "http://a:1", "--workers", "5"])
    (elsewhere / "c.yaml").write_text("risk: {escalate: 4}\n")
    config = app.reload()
    assert (config.risk.escalate, config.workers) == (4, 5)


def test_a_processor_without_a_destination_is_refused(app, capsys):
    assert cli.main(["processor"]) == 2
    assert "no destination" in capsys.readouterr().err
    assert app.config is None


def test_the_standard_variable_is_a_destination(app, monkeypatch):
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://c:4317")
    assert cli.main(["processor"]) == 7
    assert [d.url for d in app.config.forward] == ["http://c:4317"]


def test_a_fault_is_told_on_standard_error_with_exit_code_2(capsys, elsewhere):
    (elsewhere / "otel-evals.yaml").write_text("recieve: {}\nworkers: 0\n")
    assert cli.main(["config", "show"]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.splitlines() == [
        "otel-evals: otel-evals.yaml:1: recieve: unknown key; did you mean receive?",
        "otel-evals: otel-evals.yaml:2: workers: Expected `int` >= 1",
    ]


def test_warnings_go_to_standard_error_and_do_not_stop_the_verb(capsys, monkeypatch):
    monkeypatch.setenv("OTEL_EVALS_WORKER", "2")
    assert cli.main(["config", "show"]) == 0
    out, err = capsys.readouterr()
    assert "workers: 1  # default" in out
    assert err == "otel-evals: warning: $OTEL_EVALS_WORKER names no key; did you mean OTEL_EVALS_WORKERS?\n"


def test_the_schema_is_json(capsys):
    assert cli.main(["config", "schema"]) == 0
    schema = json.loads(capsys.readouterr().out)
    assert "pii" in schema["properties"]["checks"]["properties"]


def test_nothing_heavy_is_imported_before_a_verb_runs():
    code = "import sys, otel_evals.cli; print([m for m in sys.argv[1:] if m in sys.modules])"
    heavy = ["msgspec", "yaml", "grpc", "google", "aiohttp", "opentelemetry", "rich", "re2", "asyncio"]
    run = subprocess.run([sys.executable, "-c", code, *heavy], capture_output=True, text=True, check=True)
    assert run.stdout == "[]\n"


def test_a_reader_that_goes_away_is_no_error():
    reading, writing = os.pipe()
    os.close(reading)
    run = subprocess.run(
        [sys.executable, "-m", "otel_evals", "config", "schema"], stdout=writing, stderr=subprocess.PIPE, check=True
    )
    os.close(writing)
    assert run.stderr == b""
