"""What the documentation says is true: commands, configurations, code, tables, keys, links, the picture."""

import argparse
import re
import shlex
import subprocess
import sys
import tomllib

import msgspec
import pytest
import yaml

from otel_evals import cli
from otel_evals.builtin import CHECKS
from otel_evals.config.load import load
from otel_evals.config.reference import reference
from otel_evals.config.sections import FullConfig
from otel_evals.engine.question import Question
from otel_evals.replay.lines import SpanLine
from otel_evals.selftest.fitness import CHANCE, ENOUGH, LIMITS
from otel_evals.selftest.labelled import Row, read_labelled
from otel_evals.selftest.proportion import FLOOR
from otel_evals.semconv import otel_evals as names
from otel_evals.telemetry.catalogue import INSTRUMENTS
from otel_evals.telemetry.openmetrics import label_name
from otel_evals.telemetry.reference import prometheus_name
from tests.docs.conftest import PAGES, ROOT, blocks
from tests.packaging.test_plugins import INSTALLED, PRIVATE

README = (ROOT / "README.md").read_text(encoding="utf-8")
PROSE = re.sub(r"<!-- (?:generated|file): .*?<!-- end -->|^```.*?^```", "", README, flags=re.DOTALL | re.MULTILINE)
PLUGIN = [block for block in blocks("") if "no_price_promise" in block.text]
SECTIONS = FullConfig.__struct_fields__


def test_what_is_made_from_the_code_is_up_to_date():
    run = subprocess.run(
        [sys.executable, ROOT / ".ci" / "write-docs", "--check"], capture_output=True, text=True, check=False
    )
    assert run.returncode == 0, run.stderr


def commands(text: str) -> list[list[str]]:
    """The single commands of a shell block, comments gone, continued lines joined."""
    joined = text.replace("\\\n", " ")
    if "'" in joined:  # a quoted body may span lines
        return [shlex.split(joined, comments=True)]
    parts = [part for line in joined.splitlines() for part in line.split("&&")]
    return [words for part in parts if (words := shlex.split(part, comments=True))]


def parser_of(words: list[str]) -> tuple[argparse.ArgumentParser, list[str]]:
    """The parser of the verb that `words` name, and what is left for it."""
    parser = cli._parser()
    while True:
        actions = [a for a in parser._actions if isinstance(a, argparse._SubParsersAction)]
        if not actions or not words or words[0].startswith("-"):
            return parser, words
        assert words[0] in actions[0].choices, f"there is no verb {words[0]!r}"
        parser, words = actions[0].choices[words[0]], words[1:]


@pytest.mark.parametrize("block", blocks("sh"), ids=str)
def test_every_command_exists_with_its_flags(block):
    for command in commands(block.text):
        words = command[2:] if command[:2] == ["uv", "run"] else command
        if words[0] == "otel-evals":
            parser, rest = parser_of(words[1 : words.index(">") if ">" in words else None])
            parser.parse_args(rest)
        elif words[0] == "python":
            assert (ROOT / words[1]).is_file()
        elif "/" in words[0]:
            assert (ROOT / words[0]).is_file()
        else:
            assert words[0] in {"pip", "export", "curl", "pytest", "ruff", "pyright", "lint-imports"}


@pytest.mark.parametrize("block", blocks("yaml"), ids=str)
def test_every_configuration_loads(block, tmp_path):
    file = tmp_path / "c.yaml"
    file.write_text(block.text)
    assert load(file, checks=CHECKS, environ={}).config


@pytest.mark.parametrize("block", blocks("python"), ids=str)
def test_every_example_runs(block, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    exec(compile(block.text, str(block), "exec"), {})  # noqa: S102 - our own documentation


@pytest.mark.parametrize("block", [b for b in blocks("sh") if "curl" in b.text], ids=str)
def test_every_request_is_one_that_the_processor_takes(block):
    (words,) = commands(block.text)
    question = msgspec.json.decode(words[words.index("-d") + 1], type=Question)
    assert question.messages
    assert question.output


@pytest.mark.parametrize("block", blocks("promql"), ids=str)
def test_every_query_asks_for_metrics_and_labels_that_exist(block):
    spelled = {prometheus_name(i): i for i in INSTRUMENTS}
    metrics = set(re.findall(r"otel_evals_\w+(?=[\[{])", block.text))
    assert metrics
    assert metrics <= set(spelled)
    labels = {label_name(key) for metric in metrics for key in spelled[metric].keys}
    assert set(re.findall(r"(?<=by \()\w+|\w+(?==\")", block.text)) <= labels


def test_every_key_that_prose_names_exists():
    known = set(re.findall(r"^\| `([^`]+)`", reference(CHECKS), re.MULTILINE))
    known |= {key.rpartition(".")[0] for key in known}
    named = set(re.findall(rf"`((?:{'|'.join(SECTIONS)})\.[\w.]+)`", PROSE))
    named = {key for key in named if not key.startswith("judge.db")}  # a file
    assert named
    assert not {key for key in named if key.replace("forward.", "forward[].") not in known}


def test_every_name_on_the_wire_that_prose_names_exists():
    instruments = {i.name for i in INSTRUMENTS}
    attributes = {value for value in vars(names).values() if isinstance(value, str)}
    named = set(re.findall(r"`(otel_evals\.[a-z_.]+[a-z])`", PROSE)) - {"otel_evals.api"}
    assert named - instruments - attributes == set()


def test_the_keys_of_a_replayed_line_are_the_ones_that_are_named():
    sentence = PROSE.partition("A line holds ")[2].partition("\n\n")[0]
    assert tuple(re.findall(r"`(\w+)`", sentence)) == SpanLine.__struct_fields__


def test_the_limits_of_judge_test_are_the_ones_that_are_named():
    section = PROSE.partition("| `judge test` asks | limit |")[2].partition("\n\n")[0]
    named = [row.rsplit("|", 2)[1].strip() for row in section.splitlines()[2:]]
    told = ["at least", "at least", "at most", "at most", "at most", "at most"]
    *shares, others = msgspec.structs.astuple(LIMITS)
    assert named[:-1] == [f"{words} {share * 100:.0f} %" for words, share in zip(told, shares, strict=True)]
    assert (named[-1], others) == ("none", 0.0)
    before = PROSE.partition("A model is fit when ")[2].partition("| `judge test`")[0]
    assert [int(n) for n in re.findall(r"(\d+) %", before)] == [round(ENOUGH * 100), round(CHANCE * 100)]


def test_the_keys_of_a_labelled_line_are_the_ones_that_are_named_and_the_example_is_read(tmp_path):
    sentence = PROSE.partition("The keys of a labelled line are ")[2].partition("\n\n")[0]
    named = set(re.findall(r"`(\w+)`", sentence)) - {"pass", "fail"}
    assert named == set(Row.__struct_fields__)
    assert f"Below {FLOOR} labels" in sentence
    (block,) = [block for block in blocks("json") if '"label"' in block.text]
    file = tmp_path / "labels.jsonl"
    file.write_text(block.text)
    (row,) = read_labelled(file, None)
    assert row.label.value == "fail"


def anchor(heading: str) -> str:
    """What a link to a heading spells."""
    return re.sub(r"[^\w -]", "", heading).lower().replace(" ", "-")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_leads_to_a_file_or_a_heading(page):
    text = page.read_text(encoding="utf-8")
    headings = {
        re.sub(r"[^\w -]", "", h).lower().replace(" ", "-") for h in re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    }
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        if target.startswith("#"):
            assert target[1:] in headings, target
        elif not target.startswith("https://"):
            assert (ROOT / target).exists(), target


def test_the_readme_begins_with_the_two_commands_as_they_work():
    first, second = [block.text for block in blocks("sh") if block.page == "README.md"][:2]
    assert first == "pip install uv && uv run otel-evals up --demo\n"
    assert second == "pip install uv && uv run pytest\n"


def floors(package):
    """The picture of a package's floors, and the rooms that the import contract of that package names."""
    pictures = [text for text in README.partition("## ARCHITECTURE")[2].split("```")[1::2] if text.startswith("\nROOF")]
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    (contract,) = [c for c in contracts if c["type"] == "layers" and c["containers"] == [package]]
    return pictures[PACKAGES.index(package)], {r.strip() for layer in contract["layers"] for r in layer.split("|")}


PACKAGES = ["otel_evals", "otel_evals_backend"]


@pytest.mark.parametrize("package", PACKAGES)
def test_the_picture_of_the_floors_is_the_one_that_is_enforced(package):
    picture, enforced = floors(package)
    assert enforced - {"__main__"} - ({"api"} if package == "otel_evals" else set()) == {
        word for word in re.findall(r"\b[a-z_]+\b", picture) if word in enforced
    }


@pytest.mark.parametrize("package", PACKAGES)
def test_every_room_is_in_the_map(package):
    picture, _ = floors(package)
    folder = ROOT / package if package == "otel_evals" else ROOT / "backend" / package
    rooms = {room.parent.name for room in folder.glob("*/__init__.py")}
    assert {room for room in rooms if not re.search(rf"\b{room}\b", picture)} == set()


@pytest.mark.parametrize(("block", "tested"), list(zip(PLUGIN, (INSTALLED, PRIVATE), strict=True)), ids=str)
def test_the_configurations_of_the_plug_in_are_tested_ones(block, tested):
    shown, known = yaml.safe_load(block.text), yaml.safe_load(tested)
    assert shown["checks"].items() <= known["checks"].items()
    assert shown["plugins"].items() <= known["plugins"].items()
