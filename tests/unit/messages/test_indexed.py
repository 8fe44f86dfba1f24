from otel_evals.messages.indexed import WHOLE, nest, nest_all


def test_indices_are_sorted_as_numbers_and_closed_up():
    keys = {"p.10.role": "third", "p.2.role": "second", "p.1.role": "first", "other.0": "x"}
    assert nest(keys, "p.") == [{"role": "first"}, {"role": "second"}, {"role": "third"}]


def test_deeper_indices_become_lists():
    keys = {"m.0.message.tool_calls.1.name": "b", "m.0.message.tool_calls.0.name": "a", "m.0.message.role": "assistant"}
    assert nest(keys, "m.") == [{"message": {"tool_calls": [{"name": "a"}, {"name": "b"}], "role": "assistant"}}]


def test_of_a_value_written_whole_and_as_a_list_the_list_stands():
    for keys in ({"p.0.c": "text", "p.0.c.0.t": "part"}, {"p.0.c.0.t": "part", "p.0.c": "text"}):
        assert nest(keys, "p.") == [{"c": [{"t": "part"}]}]


def test_a_value_written_whole_and_with_names_below_keeps_both():
    assert nest({"p.0.c": "text", "p.0.c.name": "part"}, "p.") == [{"c": {WHOLE: "text", "name": "part"}}]


def test_several_prefixes_are_read_in_one_walk():
    keys = {"in.0.a": 1, "out.0.b": 2}
    assert nest_all(keys, ("in.", "out.", "none.")) == {"in.": [{"a": 1}], "out.": [{"b": 2}], "none.": []}


def test_keys_that_are_no_index_are_left_out():
    assert nest({"p.template": "x", "p.99999999999.role": "y", "p.\u0663.role": "z"}, "p.") == []


def test_items_may_be_plain_values_or_maps_of_their_own():
    assert nest({"p.1": {"0": "a map of its own"}, "p.0": "plain"}, "p.") == ["plain", {"0": "a map of its own"}]


def test_endless_keys_do_not_nest_endlessly():
    found = nest({"p.0." + ".".join("a" * 5000): 1}, "p.")
    assert len(found) == 1
