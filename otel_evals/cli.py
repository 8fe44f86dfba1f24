"""The command line: arguments into a configuration, then into a call. The only room that prints.

Exit codes: 0 done, 2 usage or configuration, 130 interrupted; a verb may add its own. Everything heavy is imported
by the verb that needs it, so that `--help` and `--version` answer at once.

The module is above the usual length because every verb has its flags and its call here: whoever looks for what a
command does finds both in one place.
"""

import argparse
import functools
import os
import sys
from collections.abc import Callable, Sequence
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any

from otel_evals.plugins.extras import INSTALL
from otel_evals.plugins.registry import Registry
from otel_evals.plugins.verb import VERBS_GROUP, InstalledVerb
from otel_evals.records.errors import ConfigurationError
from otel_evals.selftest.arguments import add_calibrate_flags, add_test_flags

if TYPE_CHECKING:  # the verbs import these when they run
    from otel_evals.config.load import Loaded
    from otel_evals.config.schema import Config

PROGRAM = "otel-evals"
USAGE_ERROR = 2
INTERRUPTED = 130

Verb = Callable[[argparse.Namespace], int]


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; the exit code. Usage errors end the process with 2, as argparse does."""
    try:
        return _run(argv)
    except ConfigurationError as error:
        for line in str(error).splitlines():
            print(f"{PROGRAM}: {line}", file=sys.stderr)
        return USAGE_ERROR
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        # Whoever read us has gone (`| head`). Python would complain once more when it flushes at its end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0


def _run(argv: Sequence[str] | None) -> int:
    parser = _parser()
    words = list(sys.argv[1:] if argv is None else argv)
    if words and words[0] in INSTALL and not metadata.entry_points(group=VERBS_GROUP, name=words[0]):
        raise ConfigurationError(f"{words[0]} is not installed here: {INSTALL[words[0]]}")
    arguments = parser.parse_args(words)
    if arguments.version:
        return _version()
    verb: Verb | None = arguments.verb
    if verb is None:
        parser.print_help()
        return USAGE_ERROR
    return verb(arguments)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog=PROGRAM,
        description="Evaluates every GenAI span on its way: real OTLP in, evaluated OTLP out.",
        allow_abbrev=False,
    )
    parser.add_argument("--version", action="store_true", help="print the version and end")
    parser.set_defaults(verb=None)
    verbs = parser.add_subparsers(title="commands", metavar="COMMAND")
    _add_up(verbs)
    _add_processor(verbs)
    _add_replay(verbs)
    _add_judge(verbs)
    _add_spool(verbs)
    _add_config(verbs)
    _add_installed(verbs)
    return parser


def _add_verb(verbs: Any, name: str, run: Verb, summary: str) -> argparse.ArgumentParser:
    verb: argparse.ArgumentParser = verbs.add_parser(name, help=summary, description=summary, allow_abbrev=False)
    verb.add_argument(
        "--config",
        metavar="FILE",
        type=Path,
        help="YAML file (default: $OTEL_EVALS_CONFIG, else otel-evals.yaml in the working directory, if there)",
    )
    verb.set_defaults(verb=run)
    return verb


def _add_hop_flags(verb: argparse.ArgumentParser) -> None:
    """Flags of the verbs that run the hop; each overrides the key of the configuration that it names."""
    verb.add_argument("--grpc", metavar="HOST:PORT", help="OTLP/gRPC (receive.grpc.listen, default 127.0.0.1:4317)")
    verb.add_argument("--http", metavar="HOST:PORT", help="OTLP/HTTP (receive.http.listen, default 127.0.0.1:4318)")
    verb.add_argument("--metrics", metavar="HOST:PORT", help="/metrics (metrics.listen, default 127.0.0.1:9464)")
    verb.add_argument(
        "--forward",
        metavar="URL",
        action="append",
        help="destination, repeatable; replaces the configured ones: http://HOST:PORT is OTLP/gRPC, "
        "http+proto://HOST:PORT or …/v1/traces is OTLP/HTTP",
    )
    verb.add_argument(
        "--backend", metavar="URL", help="analysis backend: one more destination, over OTLP/HTTP, never waited for"
    )
    verb.add_argument("--workers", metavar="N", type=int, help="processes (workers, default 1)")
    verb.add_argument("--data", metavar="DIR", help="folder for the spool (data, default otel-evals-data)")


def _add_up(verbs: Any) -> None:
    up = _add_verb(verbs, "up", _up, "Run the product on this machine and show what happens.")
    up.add_argument("--demo", action="store_true", help="replay bundled traffic, so that everything moves")
    up.add_argument("--no-judge", action="store_true", help="with --demo: no judges")
    up.add_argument(
        "--judge-url",
        metavar="URL",
        help="with --demo: ask this OpenAI-compatible endpoint, within a budget of cents, instead of the scripted "
        "judge (default: OpenAI when $OPENAI_API_KEY is set)",
    )
    up.add_argument("--judge-model", metavar="MODEL", help="with --demo: the model that judges")
    up.add_argument("--judge-key-env", metavar="VAR", help="with --demo: environment variable with the endpoint's key")
    _add_hop_flags(up)
    up.add_argument(
        "--no-backend", action="store_true", help="start no backend beside the processor: no pages, no review"
    )
    up.add_argument(
        "--backend-listen", metavar="HOST:PORT", help="pages of the backend beside it (backend.listen, 127.0.0.1:8000)"
    )


def _add_processor(verbs: Any) -> None:
    _add_hop_flags(_add_verb(verbs, "processor", _processor, "Run the OTLP hop alone."))


def _add_replay(verbs: Any) -> None:
    replay = _add_verb(verbs, "replay", _replay, "Decide recorded OTLP again, the same on every run.")
    replay.add_argument("files", metavar="FILE", nargs="+", type=Path, help="recorded OTLP")
    replay.add_argument(
        "--diff", metavar="FILE", type=Path, help="show only what this other configuration would change"
    )
    replay.add_argument("--output", metavar="FILE", type=Path, help="write there instead of to standard output")


def _add_config(verbs: Any) -> None:
    config: argparse.ArgumentParser = verbs.add_parser("config", help="Check and show the configuration.")
    config.set_defaults(verb=functools.partial(_needs_more, config))
    actions = config.add_subparsers(title="commands", metavar="COMMAND")
    _add_verb(actions, "check", _config_check, "Check the configuration and what it builds.")
    _add_verb(actions, "show", _config_show, "Print the effective configuration with the origin of each value.")
    _add_verb(actions, "schema", _config_schema, "Print the JSON Schema of the file, for editors.")


def _add_installed(verbs: Any) -> None:
    """The verbs that other distributions bring."""
    found = Registry(VERBS_GROUP, dict.fromkeys(verbs.choices))
    for name in sorted(set(found) - set(found.builtin)):
        installed: InstalledVerb = found[name]
        installed.add_flags(_add_verb(verbs, name, functools.partial(_installed, installed), installed.summary))


def _add_judge(verbs: Any) -> None:
    judge: argparse.ArgumentParser = verbs.add_parser("judge", help="Test judges, and see what became of every span.")
    judge.set_defaults(verb=functools.partial(_needs_more, judge))
    actions = judge.add_subparsers(title="commands", metavar="COMMAND")
    ledger = _add_verb(actions, "ledger", _judge_ledger, "Print what became of every GenAI span, by judge.")
    _add_place_flags(ledger)
    _add_format_flag(ledger)
    add_test_flags(_add_verb(actions, "test", _judge_test, "Ask judges what is known, and say whether they are fit."))
    calibrate = _add_verb(actions, "calibrate", _judge_calibrate, "Compare judges with what people labelled.")
    add_calibrate_flags(calibrate)


def _add_spool(verbs: Any) -> None:
    spool: argparse.ArgumentParser = verbs.add_parser("spool", help="See what waits on disk; send again.")
    spool.set_defaults(verb=functools.partial(_needs_more, spool))
    actions = spool.add_subparsers(title="commands", metavar="COMMAND")
    listing = _add_verb(actions, "list", _spool_list, "Print what waits, and what was refused for good.")
    _add_place_flags(listing)
    _add_format_flag(listing)
    resend = _add_verb(actions, "resend", _spool_resend, "Send again what destinations refused for good.")
    _add_place_flags(resend)
    resend.add_argument("--destination", metavar="NAME", help="only what this one refused (default: all)")


def _add_place_flags(verb: argparse.ArgumentParser) -> None:
    """Flags of the verbs that look into a processor's data: they say which processor's."""
    verb.add_argument("--grpc", metavar="HOST:PORT", help="the processor's OTLP/gRPC address, when it is not the usual")
    verb.add_argument("--http", metavar="HOST:PORT", help="the processor's OTLP/HTTP address, when it is not the usual")
    verb.add_argument("--data", metavar="DIR", help="the processor's data folder (data, default otel-evals-data)")


def _add_format_flag(verb: argparse.ArgumentParser) -> None:
    verb.add_argument("--format", choices=("table", "json"), default="table", help="default: table")


def _needs_more(parser: argparse.ArgumentParser, _arguments: argparse.Namespace) -> int:
    parser.print_help()
    return USAGE_ERROR


def _version() -> int:
    from importlib.metadata import version  # noqa: PLC0415 - only here

    print(PROGRAM, version(PROGRAM))
    return 0


def _flags(arguments: argparse.Namespace) -> dict[str, Any]:
    given = {
        "receive.grpc.listen": arguments.grpc,
        "receive.http.listen": arguments.http,
        "metrics.listen": arguments.metrics,
        "forward": [{"url": url} for url in arguments.forward] if arguments.forward else None,
        "workers": arguments.workers,
        "data": arguments.data,
    }
    return {key: value for key, value in given.items() if value is not None}


def _checks() -> Registry:
    from otel_evals.builtin import CHECKS  # noqa: PLC0415 - compiles patterns
    from otel_evals.plugins.registry import CHECKS_GROUP  # noqa: PLC0415 - fast start

    return Registry(CHECKS_GROUP, CHECKS)


def _load(file: Path | None, flags: dict[str, Any] | None = None, backend: str | None = None) -> "Loaded":
    from otel_evals.config.load import load  # noqa: PLC0415 - fast start

    return load(file, checks=_checks(), flags=flags or {}, backend=backend)


def _warn(loaded: "Loaded") -> None:
    for warning in loaded.warnings:
        print(f"{PROGRAM}: warning: {warning}", file=sys.stderr)


def _load_hop(arguments: argparse.Namespace) -> "tuple[Config, Callable[[], Config]]":
    """The configuration of a hop, and how to load it anew (on SIGHUP)."""

    def reload() -> "Config":
        return _load(arguments.config, _flags(arguments), arguments.backend).config

    loaded = _load(arguments.config, _flags(arguments), arguments.backend)
    _warn(loaded)
    return loaded.config, reload


def _up(arguments: argparse.Namespace) -> int:
    from otel_evals.app.beside import BackendWish  # noqa: PLC0415 - fast start
    from otel_evals.app.run import run_demo, run_up  # noqa: PLC0415 - fast start

    config, reload = _load_hop(arguments)
    wish = BackendWish(none=arguments.no_backend, listen=arguments.backend_listen, file=arguments.config)
    judging = {name: getattr(arguments, name) for name in ("no_judge", "judge_url", "judge_model", "judge_key_env")}
    if arguments.demo:
        return run_demo(config, reload=reload, backend=wish, **judging)
    if any(judging.values()):
        raise ConfigurationError(
            "--no-judge and --judge-… are for --demo; your own judges stand in the section `judge`"
        )
    return run_up(config, reload=reload, backend=wish)


def _processor(arguments: argparse.Namespace) -> int:
    from otel_evals.app.run import run_processor  # noqa: PLC0415 - fast start

    config, reload = _load_hop(arguments)
    if not config.forward:
        raise ConfigurationError(
            "no destination: give --forward URL, a `forward` section, or the variable OTEL_EXPORTER_OTLP_ENDPOINT"
        )
    return run_processor(config, reload=reload)


def _installed(verb: InstalledVerb, arguments: argparse.Namespace) -> int:
    given = {key: getattr(arguments, name, None) for name, key in verb.keys.items()}
    loaded = _load(arguments.config, {key: value for key, value in given.items() if value is not None})
    _warn(loaded)
    return verb.run(arguments, loaded.config)


def _replay(arguments: argparse.Namespace) -> int:
    from otel_evals import replay  # noqa: PLC0415 - fast start

    loaded = _load(arguments.config)
    _warn(loaded)
    other = _load(arguments.diff).config if arguments.diff else None
    lines = replay.run(arguments.files, loaded.config, other=other)
    if arguments.output is None:
        for line in lines:
            print(line)
        return 0
    with arguments.output.open("w", encoding="utf-8") as output:
        output.writelines(f"{line}\n" for line in lines)
    return 0


def _load_place(arguments: argparse.Namespace) -> "Config":
    """The configuration of the processor whose data a verb looks into."""
    given = {
        "receive.grpc.listen": arguments.grpc,
        "receive.http.listen": arguments.http,
        "data": arguments.data,
    }
    return _load(arguments.config, {key: value for key, value in given.items() if value is not None}).config


def _judge_ledger(arguments: argparse.Namespace) -> int:
    from otel_evals.app.coverage_report import adds_up, coverage_json, coverage_table, read_coverage  # noqa: PLC0415

    judges = read_coverage(_load_place(arguments))
    print(coverage_json(judges) if arguments.format == "json" else coverage_table(judges))
    return 0 if adds_up(judges) else 1


def _judge_test(arguments: argparse.Namespace) -> int:
    from otel_evals.selftest.verb import test  # noqa: PLC0415 - judges take a second to import

    loaded = _load(arguments.config)
    _warn(loaded)
    return test(loaded.config, arguments, write=print, note=_note)


def _judge_calibrate(arguments: argparse.Namespace) -> int:
    from otel_evals.selftest.verb import calibrate  # noqa: PLC0415 - judges take a second to import

    loaded = _load(arguments.config)
    _warn(loaded)
    return calibrate(loaded.config, arguments, write=print, note=_note)


def _spool_list(arguments: argparse.Namespace) -> int:
    from otel_evals.app.spool_verb import piles_json, piles_table, survey  # noqa: PLC0415 - fast start
    from otel_evals.records.clock import SystemClock  # noqa: PLC0415 - fast start

    piles = survey(_load_place(arguments), SystemClock())
    print(piles_json(piles) if arguments.format == "json" else piles_table(piles))
    return 0


def _spool_resend(arguments: argparse.Namespace) -> int:
    from otel_evals.app.spool_verb import resend  # noqa: PLC0415 - fast start
    from otel_evals.records.clock import SystemClock  # noqa: PLC0415 - fast start

    return resend(_load_place(arguments), arguments.destination, write=print, clock=SystemClock())


def _note(text: str) -> None:
    print(f"{PROGRAM}: {text}", file=sys.stderr)


def _config_check(arguments: argparse.Namespace) -> int:
    from otel_evals.app.evaluator import build_dialects, build_evaluator  # noqa: PLC0415 - fast start

    loaded = _load(arguments.config)
    _warn(loaded)
    build_evaluator(loaded.config)
    build_dialects(loaded.config)
    if loaded.config.judge.is_used:
        from otel_evals.app.judges import judge_warnings  # noqa: PLC0415 - imports a client, which takes a second

        for warning in judge_warnings(loaded.config):
            print(f"{PROGRAM}: warning: {warning}", file=sys.stderr)
    print(f"{loaded.file or 'the defaults'}: ok")
    return 0


def _config_show(arguments: argparse.Namespace) -> int:
    from otel_evals.config.show import show  # noqa: PLC0415 - fast start

    loaded = _load(arguments.config)
    _warn(loaded)
    sys.stdout.write(show(loaded))
    return 0


def _config_schema(_arguments: argparse.Namespace) -> int:
    import json  # noqa: PLC0415 - only here

    from otel_evals.builtin import CHECKS  # noqa: PLC0415 - compiles patterns
    from otel_evals.config.schema_json import schema_json  # noqa: PLC0415 - fast start

    print(json.dumps(schema_json(CHECKS), indent=2, ensure_ascii=False))
    return 0
