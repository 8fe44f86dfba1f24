import pytest

from otel_evals.judges.capabilities import Capabilities, Form
from otel_evals.judges.refusals import Refusal, read_refusal
from otel_evals.judges.requests import parameters
from otel_evals.judges.settings import Api, ModelSettings

SENT = frozenset({"temperature", "seed", "max_tokens"})


def learn(known: Capabilities, message: str, *, param: str = "", code: str = "", sent=SENT) -> bool:
    return known.learn(sent, Refusal(param=param, code=code, message=message))


@pytest.mark.parametrize(
    ("message", "param", "code", "refused"),
    [
        (
            "Unsupported value: 'temperature' does not support 0 with this model. Only the default (1) is supported.",
            "temperature",
            "unsupported_value",
            "temperature",
        ),
        ("Unsupported parameter: 'seed'", "seed", "unsupported_parameter", "seed"),
        (
            "[{'type': 'extra_forbidden', 'loc': ('body', 'seed'), 'msg': 'Extra inputs are not permitted'}]",
            "",
            "",
            "seed",
        ),
        ("`temperature` is deprecated for this model.", "", "", "temperature"),
        ("unknown field seed", "", "", "seed"),
    ],
)
def test_a_parameter_that_is_refused_is_not_sent_again(message, param, code, refused):
    known = Capabilities(Api.CHAT)
    assert learn(known, message, param=param, code=code)
    assert known.refused == {refused}
    assert known.form is Form.SCHEMA
    assert refused not in parameters(Api.CHAT, ModelSettings(model="m"), known)


def test_the_name_of_the_token_limit_is_changed_before_it_is_given_up():
    known = Capabilities(Api.CHAT)
    message = "Unsupported parameter: 'max_tokens' is not supported. Use 'max_completion_tokens' instead."
    assert learn(known, message, param="max_tokens")
    assert parameters(Api.CHAT, ModelSettings(model="m", max_output_tokens=99), known)["max_completion_tokens"] == 99
    assert learn(known, "unknown field max_completion_tokens", sent=frozenset({"max_completion_tokens"}))
    assert known.length_field is None


@pytest.mark.parametrize(
    "message",
    [
        "Invalid parameter: 'response_format' of type 'json_schema' is not supported with this model.",
        "response_format is not available",
        "Unrecognized request argument supplied: response_format",
        "Invalid schema for response_format 'give_verdict'",
    ],
)
def test_an_endpoint_without_structured_output_is_asked_by_a_tool_call(message):
    known = Capabilities(Api.CHAT)
    assert learn(known, message)
    assert known.form is Form.TOOL
    assert learn(known, '"auto" tool choice is not supported: tools are not enabled')
    assert known.form is Form.TEXT
    assert not learn(known, "response_format is not supported")


@pytest.mark.parametrize(
    ("message", "code"),
    [
        ("This model's maximum context length is 8192 tokens, you requested 9000 (max_tokens 1000)", ""),
        ("too long", "context_length_exceeded"),
        ("'max_tokens' is too large: 99999", "invalid_value"),
        ("The model `gpt-0` does not exist", "model_not_found"),
        ("", ""),
    ],
)
def test_other_refusals_teach_nothing(message, code):
    known = Capabilities(Api.CHAT)
    assert not learn(known, message, code=code)
    assert known.refused == set()
    assert known.form is Form.SCHEMA
    assert known.length_field == "max_tokens"


def test_an_endpoint_that_takes_a_schema_and_ignores_it_is_asked_otherwise():
    known = Capabilities(Api.CHAT)
    known.answered(structured=False)
    assert known.form is Form.SCHEMA
    known.answered(structured=False)
    assert known.form is Form.TOOL


def test_one_structured_answer_proves_that_an_endpoint_can():
    known = Capabilities(Api.CHAT)
    known.answered(structured=True)
    for _ in range(9):
        known.answered(structured=False)
    assert known.form is Form.SCHEMA


def test_what_is_told_not_to_be_sent_is_not_sent():
    known = Capabilities(Api.CHAT)
    model = ModelSettings(model="m", send_parameters=False, parameters={"reasoning_effort": "low"})
    assert parameters(Api.CHAT, model, known) == {"reasoning_effort": "low", "max_tokens": 1024}


def test_responses_get_no_seed_and_are_not_stored():
    known = Capabilities(Api.RESPONSES)
    assert parameters(Api.RESPONSES, ModelSettings(model="m"), known) == {
        "temperature": 0.0,
        "max_output_tokens": 1024,
        "store": False,
    }


@pytest.mark.parametrize(
    ("body", "refusal"),
    [
        (
            b'{"error": {"message": "no", "param": "seed", "code": "unknown_parameter"}}',
            Refusal(message="no", param="seed", code="unknown_parameter"),
        ),
        (b'{"error": "no seed"}', Refusal(message="no seed")),
        (b'{"detail": "no seed"}', Refusal(message="no seed")),
        (b'{"message": "no seed", "code": 400}', Refusal(message="no seed")),
        (b'{"error": {"code": 400, "param": null}}', Refusal(code="400")),
        (b"<html>Bad Gateway</html>", Refusal(message="<html>Bad Gateway</html>")),
        (b"[]", Refusal(message="[]")),
        (b"", Refusal()),
    ],
)
def test_why_a_request_was_refused_is_read_wherever_it_stands(body, refusal):
    assert read_refusal(body) == refusal
