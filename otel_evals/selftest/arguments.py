"""The flags of `judge test` and `judge calibrate`. Light: the command line imports it at each start."""

import argparse
from pathlib import Path

_SECONDS = 60.0


def add_test_flags(verb: argparse.ArgumentParser) -> None:
    """Flags of `judge test`."""
    _add_choice(verb)
    verb.add_argument("--repeat", metavar="N", type=_positive, default=1, help="ask everything N times (default 1)")
    verb.add_argument(
        "--seconds",
        metavar="N",
        type=_seconds,
        default=_SECONDS,
        help="longest time; what has not been asked by then is left out, attacks first (default 60)",
    )


def add_calibrate_flags(verb: argparse.ArgumentParser) -> None:
    """Flags of `judge calibrate`."""
    verb.add_argument("file", metavar="FILE", type=Path, help="what people labelled, one JSON object a line")
    _add_choice(verb)
    verb.add_argument("--out", metavar="FILE", type=Path, help="write each verdict there, one JSON object a line")


def _add_choice(verb: argparse.ArgumentParser) -> None:
    verb.add_argument(
        "--judge", metavar="NAME", action="append", help="a configured judge, repeatable (default: all of them)"
    )
    verb.add_argument("--url", metavar="URL", help="an OpenAI-compatible endpoint instead of the configured ones")
    verb.add_argument("--model", metavar="MODEL", help="the model to ask at --url")
    verb.add_argument("--key-env", metavar="VAR", help="environment variable with the key of --url (default: no key)")
    verb.add_argument(
        "--rubric",
        metavar="NAME",
        action="append",
        help="what the model at --url is to decide, repeatable (default: every built-in rubric)",
    )
    verb.add_argument("--format", choices=("table", "json"), default="table", help="default: table")


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError("must be 1 or more")
    return number


def _seconds(text: str) -> float:
    number = float(text)
    if not 1 <= number <= 86_400:
        raise argparse.ArgumentTypeError("must be between 1 and 86400")
    return number
