"""The colours of the style sheet can be told apart by everybody, and read: recomputed whenever a token changes.

Distances are ΔE in OKLab (times 100; about 2 is the least that an eye tells apart side by side), for normal sight and
under the full-severity matrices of Machado, Oliveira and Fernandes (2009), which apply to linear RGB. Verdicts always
have an icon and a word too, series a dash pattern, so the floors ask for "told apart at a glance", not for more.
"""

import itertools
import re
from pathlib import Path

import pytest

import otel_evals_backend.web

SHEET = Path(otel_evals_backend.web.__file__).parent / "static" / "app.css"
TOKEN = re.compile(r"--([\w-]+): light-dark\((#[0-9a-f]{6}), (#[0-9a-f]{6})\);")
MACHADO = {
    "normal": ((1, 0, 0), (0, 1, 0), (0, 0, 1)),
    "protan": ((0.152286, 1.052583, -0.204868), (0.114503, 0.786281, 0.099216), (-0.003882, -0.048116, 1.051998)),
    "deutan": ((0.367322, 0.860646, -0.227968), (0.280085, 0.672501, 0.047413), (-0.011820, 0.042940, 0.968881)),
    "tritan": ((1.255528, -0.076749, -0.178779), (-0.078411, 0.930809, 0.147602), (0.004733, 0.691367, 0.303900)),
}
VERDICTS = ("pass", "fail", "unsure")
SERIES = ("series-1", "series-2", "series-3", "series-4")
GROUNDS = ("ground", "surface")
TEXTS = ("text", "muted", "accent", "people", "pass", "fail", "unsure")
GRAPHICS = ("border", *SERIES)


def tokens(theme):
    return {name: pair[theme == "dark"] for name, *pair in TOKEN.findall(SHEET.read_text())}


def linear(colour):
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    return [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]


def times(matrix, vector):
    return [sum(a * b for a, b in zip(row, vector, strict=True)) for row in matrix]


def oklab(rgb):
    cones = times(
        ((0.4122214708, 0.5363325363, 0.0514459929), (0.2119034982, 0.6806995451, 0.1073969566),
         (0.0883024619, 0.2817188376, 0.6299787005)), rgb,
    )  # fmt: skip
    return times(
        ((0.2104542553, 0.7936177850, -0.0040720468), (1.9779984951, -2.4285922050, 0.4505937099),
         (0.0259040371, 0.7827717662, -0.8086757660)), [cone ** (1 / 3) for cone in cones],
    )  # fmt: skip


def distance(one, other, sight):
    seen = [
        oklab([min(1.0, max(0.0, part)) for part in times(MACHADO[sight], linear(colour))]) for colour in (one, other)
    ]
    return 100 * sum((a - b) ** 2 for a, b in zip(*seen, strict=True)) ** 0.5


def contrast(one, other):
    light, dark = sorted(
        (sum(a * b for a, b in zip((0.2126, 0.7152, 0.0722), linear(c), strict=True)) for c in (one, other)),
        reverse=True,
    )
    return (light + 0.05) / (dark + 0.05)


def test_the_measure_knows_black_white_and_what_deuteranopes_confuse():
    assert distance("#000000", "#ffffff", "normal") == pytest.approx(100, abs=0.1)
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    # A first choice of red beside amber: plain for most, one colour for many.
    assert distance("#b42318", "#8a4b00", "deutan") < 5 < distance("#b42318", "#8a4b00", "normal")


@pytest.mark.parametrize("sight", MACHADO)
@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize(("names", "floor"), [(VERDICTS, 8.0), (SERIES, 10.0)], ids=["verdicts", "series"])
def test_colours_of_a_set_are_told_apart(names, floor, theme, sight):
    of = tokens(theme)
    found = {(a, b): distance(of[a], of[b], sight) for a, b in itertools.combinations(names, 2)}
    assert min(found.values()) >= floor, found


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize(("names", "floor"), [(TEXTS, 4.5), (GRAPHICS, 3.0)], ids=["text", "graphics"])
def test_colours_stand_out_from_the_ground(names, floor, theme):
    of = tokens(theme)
    found = {(name, on): contrast(of[name], of[on]) for name in names for on in GROUNDS}
    assert min(found.values()) >= floor, found
    assert contrast(of["on-accent"], of["accent"]) >= 4.5
