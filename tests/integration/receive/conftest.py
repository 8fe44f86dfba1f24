"""A running entrance with a recording intake, certificates, and a plain socket to it."""

import asyncio
import datetime as dt
import ipaddress
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from types import SimpleNamespace

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from otel_evals.receive.entrance import Entrance
from otel_evals.receive.settings import (
    AuthSettings,
    CorsSettings,
    GrpcSettings,
    HttpSettings,
    LimitSettings,
    ReceiveSettings,
    TlsSettings,
)
from otel_evals.records.clock import SystemClock
from otel_evals.records.errors import DecodeError
from otel_evals.records.intake import Accepted
from otel_evals.records.signal import Signal


class RecordingIntake:
    """Keeps what came, validates traces as the engine would, and answers as the test says."""

    def __init__(self) -> None:
        self.bodies: list[tuple[Signal, bytes]] = []
        self.answer: Accepted | BaseException = Accepted()
        self.gate: asyncio.Event | None = None
        self.entered = asyncio.Event()
        self.cancelled = asyncio.Event()

    async def __call__(self, signal: Signal, body: bytes) -> Accepted:
        try:
            ExportTraceServiceRequest.FromString(body)
        except Exception as error:
            raise DecodeError("not protobuf") from error
        self.entered.set()
        if self.gate is not None:
            try:
                await self.gate.wait()
            except asyncio.CancelledError:
                self.cancelled.set()
                raise
        if isinstance(self.answer, BaseException):
            raise self.answer
        self.bodies.append((signal, body))
        return self.answer


class Answer(SimpleNamespace):
    status: int
    headers: dict[str, str]
    body: bytes


class Wire:
    """A plain TCP connection that reads HTTP answers."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    async def send(self, data: bytes) -> None:
        self.writer.write(data)
        await self.writer.drain()

    async def answer(self, *, bodiless: bool = False) -> Answer:
        head = await self.reader.readuntil(b"\r\n\r\n")
        line, *fields = head.decode("latin-1").split("\r\n")[:-2]
        headers = {name.lower(): value for name, _, value in (field.partition(": ") for field in fields)}
        size = 0 if bodiless else int(headers.get("content-length", 0))
        return Answer(status=int(line.split()[1]), headers=headers, body=await self.reader.readexactly(size))

    async def ended(self) -> bool:
        """Whether the server has ended its side: waits for it."""
        try:
            return await self.reader.read() == b""
        except ConnectionError:
            return True


class House:
    """A started entrance and what it told."""

    def __init__(self, entrance: Entrance, intake: RecordingIntake, *told: list) -> None:
        self.entrance = entrance
        self.intake = intake
        self.refused, self.faults, self.problems = told
        self._wires: list[Wire] = []

    async def wire(self) -> Wire:
        wire = Wire(*await asyncio.open_connection("127.0.0.1", self.entrance.http_port, limit=1 << 22))
        self._wires.append(wire)
        return wire

    async def post(self, body: bytes, path: str = "/v1/traces", **headers: str) -> Answer:
        wire = await self.wire()
        await wire.send(request(body, path, **headers))
        return await wire.answer()

    async def close(self) -> None:
        for wire in self._wires:
            wire.writer.close()
        await self.entrance.stop(2)


def request(body: bytes, path: str = "/v1/traces", *, method: str = "POST", **headers: str) -> bytes:
    fields = {"host": "localhost", "content_type": "application/x-protobuf", "content_length": str(len(body))}
    fields |= headers
    lines = [f"{name.replace('_', '-')}: {value}\r\n" for name, value in fields.items() if value is not None]
    return f"{method} {path} HTTP/1.1\r\n{''.join(lines)}\r\n".encode() + body


def trace_body(spans: int = 1, *, name: str = "op") -> bytes:
    message = ExportTraceServiceRequest()
    scope = message.resource_spans.add().scope_spans.add()
    for index in range(spans):
        scope.spans.add(trace_id=b"\1" * 16, span_id=(index + 1).to_bytes(8, "big"), name=name)
    return message.SerializeToString()


Open = Callable[..., Awaitable[House]]


@pytest.fixture
async def open_house() -> AsyncIterator[Open]:
    """Starts an entrance: `await open_house(http={…}, grpc={…}, limits={…}, auth={…}, routes={…})`."""
    houses: list[House] = []

    async def start(*, http=None, grpc=None, limits=None, auth=None, routes=None, reuse_port=False) -> House:
        intake = RecordingIntake()
        settings = ReceiveSettings(
            grpc=GrpcSettings(**{"listen": "127.0.0.1:0", **(grpc or {})}),
            http=HttpSettings(**{"listen": "127.0.0.1:0", **(http or {})}),
            limits=LimitSettings(**(limits or {})),
            auth=AuthSettings(**(auth or {})),
        )
        refused: list[tuple[Signal | None, str, int]] = []
        faults: list[BaseException] = []
        problems: list[str] = []
        entrance = Entrance(
            intake,
            settings=settings,
            clock=SystemClock(),
            on_refused=lambda *told: refused.append(told),
            on_fault=faults.append,
            on_problem=problems.append,
            routes=routes,
            reuse_port=reuse_port,
        )
        house = House(entrance, intake, refused, faults, problems)
        await entrance.start()
        houses.append(house)
        return house

    yield start
    for house in houses:
        await house.close()


@pytest.fixture
def make() -> SimpleNamespace:
    """The builders of this file, since test modules cannot import it."""
    return SimpleNamespace(request=request, trace=trace_body, cors=CorsSettings, tls=TlsSettings)


class Authority:
    """A certificate authority that writes PEM files."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "test authority")])
        self.certificate = self._sign(self._name, self._key.public_key(), is_authority=True)
        self.file = folder / "ca.pem"
        self.file.write_bytes(self.certificate.public_bytes(serialization.Encoding.PEM))

    def _sign(self, name: x509.Name, key: ec.EllipticCurvePublicKey, *, is_authority: bool) -> x509.Certificate:
        now = dt.datetime.now(dt.UTC)
        builder = (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(self._name)
            .public_key(key)
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - dt.timedelta(hours=1))
            .not_valid_after(now + dt.timedelta(hours=1))
            .add_extension(x509.BasicConstraints(ca=is_authority, path_length=None), critical=True)
        )
        if not is_authority:
            names = [x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
            builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
            usage = [ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH]
            builder = builder.add_extension(x509.ExtendedKeyUsage(usage), critical=False)
        return builder.sign(self._key, hashes.SHA256())

    def issue(self, name: str) -> tuple[Path, Path]:
        """Certificate and key files of `name`, replaced when they exist."""
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        certificate = self._sign(subject, key.public_key(), is_authority=False)
        cert_file, key_file = self._folder / f"{name}.pem", self._folder / f"{name}.key"
        cert_file.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
        key_file.write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
        )
        return cert_file, key_file


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path)
