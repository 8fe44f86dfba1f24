"""kill -9 at any instant: what was acknowledged from the disk queue arrives."""

import asyncio
import random
import signal
import sys
from collections import Counter
from pathlib import Path

import pytest

from otel_evals.testing.sinks import GrpcSink, Reply

PROCESS = Path(__file__).with_name("forwarding_process.py")


async def start(url, folder, prefix):
    return await asyncio.create_subprocess_exec(
        sys.executable, str(PROCESS), url, str(folder), prefix, stdout=asyncio.subprocess.PIPE
    )


@pytest.mark.parametrize("next_hop", ["up", "down"])
@pytest.mark.takes_long
async def test_every_acknowledged_span_arrives_though_the_process_is_killed_again_and_again(tmp_path, next_hop):
    rng = random.Random(7)  # noqa: S311 - instants, not secrets
    acknowledged = []
    async with GrpcSink() as sink:
        if next_hop == "down":
            sink.default = Reply(code="UNAVAILABLE")
        for turn in range(5):
            process = await start(sink.url, tmp_path, f"turn{turn}")
            acknowledged += [(await process.stdout.readline()).decode().strip() for _ in range(rng.randrange(1, 300))]
            process.send_signal(signal.SIGKILL)
            rest, _ = await process.communicate()
            # The last line may be cut: then its span was acknowledged, but nobody heard of it.
            acknowledged += rest.decode().rpartition("\n")[0].split()
        assert "" not in acknowledged
        sink.default = Reply()
        process = await start(sink.url, tmp_path, "")
        assert await asyncio.wait_for(process.wait(), 60) == 0
        arrived = Counter(sink.span_names())
        assert set(acknowledged) <= set(arrived)
        # A few that were under way at a kill come twice, the mass does not.
        assert sum(count - 1 for count in arrived.values()) < len(arrived) / 2 + 5 * 8
    assert not list((tmp_path / "next").glob("*.journal"))
    assert not (tmp_path / "next" / "damaged").exists()
