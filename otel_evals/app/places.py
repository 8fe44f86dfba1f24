"""Where a processor keeps what must survive a crash: for itself, and for the commands that look into it."""

from pathlib import Path
from typing import Final

from otel_evals.config.schema import Config
from otel_evals.receive.address import parse_listen

JUDGE_STORE: Final = "judge.db"
"""The file of judging, common to all workers, in the spool folder."""


def spool_folder(config: Config) -> Path:
    """The folder of one processor: its addresses tell it from others that share the data folder."""
    ports = [
        str(parse_listen(listen)[1])
        for listen in (config.receive.grpc.listen, config.receive.http.listen)
        if listen is not None
    ]
    return Path(config.data) / "spool" / "-".join(ports or ["none"])
