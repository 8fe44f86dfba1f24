"""What was said: put together as the processor saw it, cleaned and sealed as the policy says."""

import base64
import itertools

import pytest
from sqlalchemy import select

from otel_evals.records.errors import ConfigurationError
from otel_evals.records.units import Secret
from otel_evals.testing.builders import logs_body
from otel_evals_backend.content.exchange import exchange_of
from otel_evals_backend.content.sealing import Sealer
from otel_evals_backend.settings import BackendSettings, ContentKept, ContentPolicy
from otel_evals_backend.storage.tables import contents, spans, texts
from tests.backend.conftest import started
from tests.backend.traffic import Body, Call, check, feedback, retriever, send, traces

KEYS = [base64.b64encode(bytes([n]) * 32).decode() for n in (1, 2)]
CALL = Call(
    number=7, trace=7, parent=1, question="Can I send it back? Mail me: ana.keller@example.org", results=(check("pii"),)
)


def with_key(*keys: str, policy=ContentPolicy.FULL) -> ContentKept:
    return ContentKept(key=Secret(",".join(keys)), policy=policy)


async def seen(backend, kept: ContentKept | None = None):
    async with backend.context.database.read() as connection:
        return await exchange_of(connection, kept or backend.context.settings.content, CALL.key)


async def everything(backend) -> str:
    async with backend.context.database.read() as connection:
        rows = [*await connection.execute(select(spans)), *await connection.execute(select(texts))]
        rows += [*await connection.execute(select(contents))]
    return repr(rows)


@pytest.mark.parametrize("documents_first", [True, False])
async def test_a_call_is_seen_with_the_documents_that_its_trace_retrieved(backend, documents_first):
    bodies = [retriever(CALL, ("d1", "Refunds within thirty days.")), traces(CALL)]
    await send(backend, *(bodies if documents_first else bodies[::-1]))
    exchange = await seen(backend)
    assert [message.role for message in exchange.messages] == ["system", "user"]
    assert exchange.choices[0].message.text == "Refunds are possible within thirty days [1]."
    assert [(d.id, d.text) for d in exchange.documents] == [("d1", "Refunds within thirty days.")]
    assert exchange.service_name == "shop"


async def test_personal_data_is_masked_before_anything_is_stored(open_backend):
    async with open_backend(content=ContentKept(policy=ContentPolicy.REDACTED)) as backend:
        await send(backend, traces(CALL))
        exchange = await seen(backend)
        assert exchange.messages[-1].text == "Can I send it back? Mail me: [REDACTED:e-mail]"
        assert "ana.keller" not in await everything(backend)


async def test_nothing_of_what_was_said_is_kept_when_the_policy_says_none(open_backend):
    async with open_backend(content=ContentKept(policy=ContentPolicy.NONE)) as backend:
        await send(backend, traces(CALL), feedback(CALL, comment="my own words"))
        assert await seen(backend) is None
        assert "send it back" not in await everything(backend)


async def test_content_is_encrypted_and_keys_can_be_changed(open_backend):
    async with open_backend(content=with_key(KEYS[0])) as backend:
        await send(backend, traces(CALL))
        assert "send it back" not in await everything(backend)
        assert (await seen(backend)).messages[-1].text == CALL.question
        assert (await seen(backend, with_key(KEYS[1], KEYS[0]))).messages[-1].text == CALL.question
        assert await seen(backend, with_key(KEYS[1])) is None
        assert await seen(backend, ContentKept()) is None


async def test_sealed_rows_cannot_be_exchanged_or_changed(open_backend):
    async with open_backend(content=with_key(KEYS[0])) as backend:
        await send(backend, traces(CALL))
        async with backend.context.database.read() as connection:
            [row] = await connection.execute(select(contents))
    sealer, body = Sealer(with_key(KEYS[0])), bytes(row.body)
    assert sealer.open(CALL.key, 0, body, encrypted=True) is not None
    assert sealer.open(bytes(24), 0, body, encrypted=True) is None
    assert sealer.open(CALL.key, 1, body, encrypted=True) is None
    assert sealer.open(CALL.key, 0, body[:-1] + bytes([body[-1] ^ 1]), encrypted=True) is None


@pytest.mark.parametrize("key", ["short", base64.b64encode(bytes(31)).decode(), ""])
def test_a_key_that_is_none_is_refused(key):
    with pytest.raises(ConfigurationError, match=r"backend\.content\.key"):
        Sealer(with_key(key))


async def test_a_call_is_seen_with_what_travelled_in_log_records(backend):
    call = Call(number=7, trace=7, parent=1, answer=None, results=(check("pii"),))
    said = logs_body(
        ("gen_ai.user.message", {"content": "How long?"}, {"gen_ai.system": "openai"}),
        ("gen_ai.choice", {"index": 0, "finish_reason": "stop", "message": {"content": "Thirty days."}},
         {"gen_ai.system": "openai"}),
        trace=7, span=7,
    )  # fmt: skip
    await send(backend, Body("/v1/logs", said), traces(call), Body("/v1/logs", said))
    exchange = await seen(backend)
    assert [message.text for message in exchange.messages] == ["How long?"]
    assert [choice.message.text for choice in exchange.choices] == ["Thirty days."]


@pytest.mark.parametrize("order", list(itertools.permutations(range(3))))
async def test_a_question_that_came_in_log_records_is_shown_in_lists_whatever_came_first(backend, order):
    call = Call(number=7, trace=7, parent=1, question=None, answer=None, results=(check("pii"),))
    system = {"gen_ai.system": "openai"}
    first = ("gen_ai.user.message", {"content": "How long?"}, system)
    answered = ("gen_ai.assistant.message", {"content": "Thirty days."}, system)
    again = ("gen_ai.user.message", {"content": "And abroad?  Say it\nshortly."}, system)
    early = logs_body(first, trace=7, span=7)
    whole = logs_body(first, answered, again, trace=7, span=7)
    bodies = [traces(call), Body("/v1/logs", early), Body("/v1/logs", whole)]
    await send(backend, *(bodies[i] for i in order))
    async with backend.context.database.read() as connection:
        assert (await connection.execute(select(spans.c.question))).scalar_one() == "And abroad? Say it shortly."


@pytest.mark.parametrize("kept", [ContentKept(policy=ContentPolicy.NONE), ContentKept(key=Secret(KEYS[0]))])
async def test_no_question_is_shown_where_content_is_not_kept_or_is_encrypted(open_backend, kept):
    call = Call(number=7, trace=7, question=None, answer=None, results=(check("pii"),))
    said = logs_body(("gen_ai.user.message", {"content": "How long?"}, {"gen_ai.system": "openai"}), trace=7, span=7)
    async with open_backend(content=kept) as backend:
        await send(backend, Body("/v1/logs", said), traces(call), Body("/v1/logs", said))
        assert "How long" not in await everything(backend)


async def test_the_bytes_of_the_file_hold_nothing_of_what_was_said_under_none_or_under_a_key(tmp_path, clock):
    told = {"question": "XQUESTIONX is it?", "answer": "XANSWERX it is.", "system": "XSYSTEMX you help."}
    call = Call(number=7, trace=7, results=(check("pii"),), **told)
    log = logs_body(("gen_ai.user.message", {"content": "XLOGX"}, {"gen_ai.system": "openai"}), trace=7, span=8)
    for name, kept in (("none", ContentKept(policy=ContentPolicy.NONE)), ("sealed", with_key(KEYS[0]))):
        folder = tmp_path / name
        async with started(BackendSettings(content=kept), folder, clock) as backend:
            documents = retriever(call, ("d1", "XDOCUMENTX text"))
            await send(backend, documents, traces(call), Body("/v1/logs", log))
            await backend.context.database.checkpoint()
            found = b"".join(path.read_bytes() for path in (folder / "backend").iterdir())
        assert b"pii" in found
        words = (b"XQUESTIONX", b"XANSWERX", b"XSYSTEMX", b"XLOGX", b"XDOCUMENTX")
        assert [word for word in words if word in found] == []
