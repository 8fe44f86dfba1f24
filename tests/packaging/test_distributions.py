"""What is built and shipped, and what importing it costs."""

import configparser
import subprocess
import sys
import tarfile
import zipfile

import pytest

from tests.packaging.conftest import ROOT, uv

BACKEND = ROOT / "backend"
HEAVY = ("grpc", "aiohttp", "httptools", "opentelemetry.sdk", "opentelemetry.exporter", "prompt_toolkit", "rich")


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    folder = tmp_path_factory.mktemp("dist")
    uv("build", "-q", "--wheel", "--sdist", "--out-dir", str(folder))
    return folder


@pytest.fixture(scope="module")
def built_backend(tmp_path_factory):
    folder = tmp_path_factory.mktemp("backend")
    uv("build", "-q", "--package", "otel-evals-backend", "--wheel", "--out-dir", str(folder))
    (wheel,) = folder.glob("*.whl")
    return zipfile.ZipFile(wheel)


def test_the_backends_wheel_holds_its_package_with_what_is_no_code_and_nothing_else_at_the_top(built_backend):
    names = built_backend.namelist()
    top = {name.partition("/")[0] for name in names}
    assert {name for name in top if not name.endswith(".dist-info")} == {"otel_evals_backend"}
    inside = {
        path.relative_to(BACKEND).as_posix() for path in BACKEND.glob("otel_evals_backend/**/*") if path.is_file()
    }
    assert {name for name in inside if "__pycache__" not in name} <= set(names)
    assert not [name for name in names if "__pycache__" in name or name.endswith((".pyc", ".ipynb"))]


def test_the_backends_wheel_brings_its_verb_and_its_section(built_backend):
    (file,) = [name for name in built_backend.namelist() if name.endswith("entry_points.txt")]
    points = configparser.ConfigParser()
    points.read_string(built_backend.read(file).decode())
    assert set(points.sections()) == {"otel_evals.verbs", "otel_evals.sections"}
    assert all(set(points[group]) == {"backend"} for group in points.sections())


def test_the_wheel_holds_the_package_its_licence_and_nothing_else_at_the_top(built):
    (wheel,) = built.glob("*.whl")
    names = zipfile.ZipFile(wheel).namelist()
    top = {name.partition("/")[0] for name in names}
    assert {name for name in top if not name.endswith(".dist-info")} == {"otel_evals"}
    assert any(name.endswith(".dist-info/licenses/LICENSE") for name in names)
    assert not [name for name in names if "__pycache__" in name or name.endswith((".pyc", ".ipynb"))]


def test_the_source_distribution_can_be_built_from_and_holds_the_package_alone(built):
    (archive,) = built.glob("*.tar.gz")
    with tarfile.open(archive) as source:
        inside = [name.partition("/")[2] for name in source.getnames()]
    assert {"otel_evals/__init__.py", "pyproject.toml", "README.md", "LICENSE", "CHANGELOG.md"} <= set(inside)
    assert not [name for name in inside if name.endswith(".py") and not name.startswith("otel_evals/")]


def imported(code: str) -> set[str]:
    """The modules from outside the standard library that are loaded after `code` has run in a fresh interpreter."""
    known = "sys.stdlib_module_names"
    script = f"import sys\n{code}\nprint(*[m for m in sys.modules if m.partition('.')[0] not in {known}])"
    run = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    return set(run.stdout.splitlines()[-1].split()) - {"__main__"}


@pytest.mark.parametrize("code", ["import otel_evals.api", "from otel_evals import decide, replay"])
def test_who_only_decides_loads_neither_network_nor_terminal_libraries(code):
    assert {name for name in imported(code) if name.startswith(HEAVY)} == set()


def test_reading_the_command_line_loads_no_web_framework_and_no_database():
    loaded = imported("import otel_evals.cli\notel_evals.cli._parser().format_help()")
    assert {name for name in loaded if name.startswith(("fastapi", "starlette", "uvicorn", "sqlalchemy"))} == set()


def test_the_engine_runs_its_processor_without_importing_the_backends_code():
    loaded = imported("import otel_evals.app.up, otel_evals.app.processor")
    assert {name for name in loaded if name.startswith(("fastapi", "sqlalchemy", "otel_evals_backend"))} <= {
        "otel_evals_backend", "otel_evals_backend.settings",
    }  # fmt: skip


def test_importing_the_package_loads_it_alone():
    assert imported("import otel_evals") - imported("") == {"otel_evals"}


def test_the_version_is_told_without_loading_what_a_verb_needs():
    loaded = imported("import otel_evals.cli\notel_evals.cli.main(['--version'])")
    assert {name for name in loaded if name.startswith((*HEAVY, "msgspec", "re2", "yaml", "google"))} == set()
