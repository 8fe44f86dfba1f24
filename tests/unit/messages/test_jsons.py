import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from otel_evals.messages.jsons import decoded, encode, fields_of, items_of, parse, parsed_arguments, structure

MESSAGES = json.dumps(
    [
        {"role": "user", "parts": [{"type": "text", "content": 'a "quoted" line\nand \u00b0 \U0001f600', "n": 1.5}]},
        {"role": "assistant", "parts": []},
    ]
)


def test_whole_json_is_not_marked_as_cut():
    assert parse('{"a": [1, true, null]}') == ({"a": [1, True, None]}, False)


@pytest.mark.parametrize(
    ("cut", "value"),
    [
        ('[{"role":"user","con', [{"role": "user"}]),
        ('[{"role":"user","content":"Hello wor', [{"role": "user", "content": "Hello wor"}]),
        ('[{"role":"user","content":"ends in an escape \\', [{"role": "user", "content": "ends in an escape "}]),
        ('[{"a":"two backslashes \\\\', [{"a": "two backslashes \\"}]),
        ('[{"a":"half a code point \\u00', [{"a": "half a code point "}]),
        ('[{"a":"half a pair \\ud83d', [{"a": "half a pair "}]),
        ('[{"a":1},{"b":', [{"a": 1}, {}]),
        ('{"a":1,"b":tru', {"a": 1}),
        ('{"a":12', {}),
        ("[[[[", [[[[]]]]),
    ],
)
def test_json_cut_by_a_length_limit_is_read_up_to_the_cut(cut: str, value: Any):
    assert parse(cut) == (value, True)


@pytest.mark.parametrize("end", range(1, len(MESSAGES)))
def test_every_prefix_of_a_message_list_is_salvaged_and_marked(end: int):
    value, cut = parse(MESSAGES[:end])
    assert cut
    assert isinstance(value, list)


def test_text_that_is_no_json_gives_nothing():
    assert parse("Hello there") == (None, True)
    assert structure("Hello there") == (None, False)


def test_nan_and_raw_control_characters_are_read():
    assert parse('{"a": NaN, "b": "tab\there"}') == ({"a": None, "b": "tab\there"}, False)


def test_a_lone_surrogate_becomes_a_replacement_so_that_it_can_be_encoded_again():
    value, cut = parse('["\\ud800 x"]')
    assert not cut
    assert value[0].encode()


@given(st.text(max_size=60))
def test_no_text_makes_the_reader_raise(text: str):
    parse(text)
    parse("[" + text)
    parse('{"a": "' + text)


def test_nesting_beyond_reason_is_given_up_quietly():
    assert parse("[" * 100_000) == (None, True)


def test_a_structure_may_be_typed_already():
    assert structure([1]) == ([1], False)
    assert structure({"a": 1}) == ({"a": 1}, False)
    assert structure(5) == (None, False)


def test_only_whole_json_is_decoded_in_place():
    assert decoded('{"a":1}') == {"a": 1}
    assert decoded("not json") == "not json"
    assert decoded(3) == 3


def test_maps_and_lists_are_found_or_empty():
    assert fields_of('{"a":1}') == {"a": 1}
    assert fields_of("[1]") == {}
    assert list(items_of("[1]")) == [1]
    assert list(items_of(None)) == []


def test_arguments_are_parsed_only_when_they_are_a_structure():
    assert parsed_arguments('{"city":"Quito"}') == {"city": "Quito"}
    assert parsed_arguments('{"city":"Qu') == '{"city":"Qu'
    assert parsed_arguments("5") == "5"


def test_values_are_encoded_as_compact_text():
    assert encode({"a": [1, "x"]}) == '{"a":[1,"x"]}'
    assert encode("as it is") == "as it is"
    assert encode(None) == ""
