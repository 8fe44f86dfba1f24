"""The line between host and worker: whole messages, nobody waits, the end is noticed."""

import asyncio
import socket

from otel_evals.app.link import Link


async def pair():
    heard, lost = asyncio.Queue(), asyncio.Event()
    ours, theirs = socket.socketpair()
    near = await Link.open(ours, lambda *_: None, lambda: None)
    far = await Link.open(theirs, lambda *message: heard.put_nowait(message), lost.set)
    return near, far, heard, lost


async def test_messages_arrive_whole_and_in_order_whatever_their_size() -> None:
    near, far, heard, _ = await pair()
    sent = [("small", 1), ("large", b"x" * 3_000_000), ("empty", None)]
    for message in sent:
        near.send(*message)
    assert [await asyncio.wait_for(heard.get(), 20) for _ in sent] == sent
    await near.close()
    await far.close()


async def test_what_may_be_lost_is_not_said_to_who_does_not_read() -> None:
    ours, theirs = socket.socketpair()
    near = await Link.open(ours, lambda *_: None, lambda: None)
    assert near.offer("facts", b"x" * (8 << 20))
    assert near.is_crowded
    assert not near.offer("facts", b"more")
    theirs.close()
    await asyncio.wait_for(near.ended.wait(), 20)


async def test_the_end_of_the_other_side_is_noticed_after_its_last_words() -> None:
    near, far, heard, lost = await pair()
    near.send("last", "words")
    await near.close()
    await asyncio.wait_for(lost.wait(), 20)
    assert heard.get_nowait() == ("last", "words")
    far.send("nobody hears this")
