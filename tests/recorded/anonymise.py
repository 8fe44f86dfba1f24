"""Takes the recording machine out of recorded OTLP bodies: resource attributes of host and process, and file paths.

Everything else stays as the instrumentation wrote it. Called by `record.py` before a body is written to disk.
"""

import json
import re
import socket
from collections.abc import Callable
from pathlib import Path
from tempfile import gettempdir
from typing import Any, Final

from google.protobuf.message import Message
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

_OF_THE_MACHINE: Final = re.compile(r"host\.|process\.|os\.|thread\.|container\.|service\.instance\.id$")
_INSIDE_PACKAGES: Final = re.compile(r"(?:/[\w.@+~-]+)+/(site-packages|lib/python3\.\d+|node_modules|producers)/")
_ROOT: Final = Path(__file__).resolve().parents[2]
_TELLTALES: Final = (f"{_ROOT}/", f"{Path.home()}/", "/home/", f"{gettempdir()}/", socket.gethostname())


def anonymous(signal: str, body: bytes, *, is_json: bool) -> bytes:
    """The body without traces of this machine.

    Raises:
        ValueError: something of this machine is still in it.
    """
    cleaned = _json(body) if is_json else _protobuf(signal, body)
    left = [telltale for telltale in _TELLTALES if telltale.encode() in cleaned]
    if left:
        places = [cleaned[max(0, at - 80) : at + 80] for t in left if (at := cleaned.find(t.encode())) >= 0]
        raise ValueError(f"the body still tells of this machine: {left} in {places}")
    return cleaned


def _shortened(text: str) -> str:
    return _INSIDE_PACKAGES.sub(r"\1/", text)


def _protobuf(signal: str, body: bytes) -> bytes:
    request: Any = (ExportTraceServiceRequest if signal == "traces" else ExportLogsServiceRequest)()
    request.ParseFromString(body)
    for group in request.resource_spans if signal == "traces" else request.resource_logs:
        kept = [a for a in group.resource.attributes if not _OF_THE_MACHINE.match(a.key)]
        del group.resource.attributes[:]
        group.resource.attributes.extend(kept)
    _in_messages(request, _shortened)
    return request.SerializeToString()


def _in_messages(message: Message, change: Callable[[str], str]) -> None:
    """Apply `change` to every text of a message, however deep."""
    for field, value in message.ListFields():
        if field.type == field.TYPE_STRING and not field.is_repeated:
            if (changed := change(value)) != value:
                setattr(message, field.name, changed)
        elif field.type == field.TYPE_MESSAGE:
            for item in value if field.is_repeated else [value]:
                _in_messages(item, change)


def _json(body: bytes) -> bytes:
    request = json.loads(body)
    for group in [g for key in ("resourceSpans", "resourceLogs") for g in request.get(key, [])]:
        attributes = group["resource"]["attributes"]
        group["resource"]["attributes"] = [a for a in attributes if not _OF_THE_MACHINE.match(a["key"])]
    return _shortened(json.dumps(request, ensure_ascii=False, separators=(",", ":"))).encode()
