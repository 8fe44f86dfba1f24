"""The files for containers: what they start is understood by the real command line and the real configuration.

No image is built here; `docker compose config` reads the file where there is a docker.
"""

import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from otel_evals import cli
from otel_evals.builtin import CHECKS
from otel_evals.config.load import load
from otel_evals.plugins.registry import CHECKS_GROUP, Registry
from otel_evals.records.errors import ConfigurationError
from tests.packaging.conftest import ROOT

OURS = ("processor", "backend")
TOKEN = "a-long-random-text"


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    return yaml.safe_load((ROOT / "docker-compose.yml").read_text())


@pytest.fixture(scope="module")
def dockerfile() -> str:
    return (ROOT / ".docker" / "Dockerfile").read_text()


def mounted(service: dict[str, Any]) -> dict[str, Path]:
    """Files of the repository by their path in the container."""
    found = (mount.split(":") for mount in service["volumes"] if mount.startswith("."))
    return {inside: ROOT / outside for outside, inside, mode in found if mode == "ro"}


def variables(service: dict[str, Any], **given: str) -> dict[str, str]:
    """The environment of a container, when these variables are set where compose runs."""
    found: dict[str, str] = {}
    for entry in service["environment"]:
        name, mark, value = entry.partition("=")
        if not mark:
            found |= {name: given[name]} if name in given else {}
        elif wanted := re.fullmatch(r"\$\{(\w+):\?.+\}", value):
            found[name] = given[wanted[1]]
        else:
            found[name] = value
    return found


def loaded(compose: dict[str, Any], name: str, **given: str):
    service = compose["services"][name]
    arguments = cli._parser().parse_args(service["command"])
    file = mounted(service)[str(arguments.config)]
    found = load(file, environ=variables(service, **given), checks=Registry(CHECKS_GROUP, CHECKS))
    # Between the two there is a network of this machine's own, without encryption: the processor warns of it.
    assert [warning for warning in found.warnings if "'backend' gets its headers in the clear" not in warning] == []
    return found.config


@pytest.mark.parametrize("name", OURS)
def test_the_command_line_knows_what_a_container_is_started_with(compose, name):
    service = compose["services"][name]
    arguments = cli._parser().parse_args(service["command"])
    assert arguments.verb is not None
    assert mounted(service)[str(arguments.config)].is_file()


def test_both_read_the_mounted_configuration_without_a_warning_and_find_each_other(compose):
    processor = loaded(compose, "processor", INGEST_TOKEN=TOKEN)
    backend = loaded(compose, "backend", INGEST_TOKEN=TOKEN).backend
    (to_backend,) = (one for one in processor.forward if one.label == "backend")
    assert to_backend.url == f"http+proto://backend:{backend.listen.rpartition(':')[2]}"
    assert to_backend.headers["authorization"].reveal() == f"Bearer {TOKEN}"
    assert [token.reveal() for token in backend.ingest.bearer_tokens] == [TOKEN]
    assert backend.send_to == f"http://processor:{processor.receive.http.listen.rpartition(':')[2]}"
    assert backend.access.login
    assert {"localhost", "127.0.0.1", "backend"} <= set(backend.access.hosts)
    assert backend.database is None


def test_the_database_comes_from_the_environment(compose):
    address = "postgresql://otel_evals:secret@postgresql/otel_evals"
    backend = loaded(compose, "backend", INGEST_TOKEN=TOKEN, OTEL_EVALS_BACKEND_DATABASE=address).backend
    assert backend.database.reveal() == address
    assert compose["services"]["postgresql"]["profiles"] == ["postgresql"]


def test_there_is_no_default_secret(compose):
    with pytest.raises(KeyError):
        variables(compose["services"]["backend"])
    with pytest.raises(ConfigurationError):
        load(ROOT / ".docker" / "otel-evals.yaml", environ={}, checks=Registry(CHECKS_GROUP, CHECKS))
    assert "POSTGRES_PASSWORD" in compose["services"]["postgresql"]["environment"]


def test_ports_are_published_on_this_machine_alone_and_are_those_that_are_listened_on(compose):
    config = loaded(compose, "processor", INGEST_TOKEN=TOKEN)
    listens = [config.receive.grpc.listen, config.receive.http.listen, config.metrics.listen, config.backend.listen]
    ports = [port for service in compose["services"].values() for port in service.get("ports", ())]
    assert all(port.startswith("127.0.0.1:") for port in ports)
    published = {port.rpartition(":")[2] for name in OURS for port in compose["services"][name]["ports"]}
    assert published == {listen.rpartition(":")[2] for listen in listens}


@pytest.mark.parametrize("name", OURS)
def test_a_container_writes_into_its_volume_alone(compose, dockerfile, name):
    service = compose["services"][name]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    writable = [mount for mount in service["volumes"] if not mount.endswith(":ro")]
    assert writable == [f"{name}:/data"]
    assert name in compose["volumes"]
    assert re.search(r"^USER 10001", dockerfile, re.MULTILINE)
    assert "OTEL_EVALS_DATA=/data" in dockerfile


def test_the_image_is_made_of_files_that_are_there_and_that_the_build_may_see(compose, dockerfile):
    ignored = (ROOT / ".docker" / "Dockerfile.dockerignore").read_text().splitlines()
    copied = [
        word for line in dockerfile.splitlines() if line.startswith("COPY ") and "--from" not in line
        for word in line.split()[1:-1]
    ]  # fmt: skip
    assert copied
    for name in copied:
        assert (ROOT / name).exists()
        assert f"!{name}" in ignored
    for name in OURS:
        assert compose["services"][name]["build"] == {"context": ".", "dockerfile": ".docker/Dockerfile"}


def test_docker_reads_the_file(compose):
    docker = shutil.which("docker")
    version = docker and subprocess.run([docker, "compose", "version"], capture_output=True, check=False)
    if docker is None or version.returncode:
        pytest.skip("no docker with compose on the path: the file is read by our own parser alone")
    assert compose
    run = subprocess.run(
        [docker, "compose", "config", "-q"],
        cwd=ROOT, env={"INGEST_TOKEN": TOKEN, "PATH": str(Path(docker).parent)}, capture_output=True, text=True,
        check=False,
    )  # fmt: skip
    assert run.returncode == 0, run.stderr
