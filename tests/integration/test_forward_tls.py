"""TLS and mutual TLS to a next hop, with certificates of our own making."""

import datetime as dt
import ipaddress
import random
import ssl

import grpc
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from otel_evals.forward.forwarder import Forwarder
from otel_evals.forward.settings import TlsSettings
from otel_evals.records.clock import SystemClock
from otel_evals.records.errors import ConfigurationError, Unavailable
from otel_evals.records.intake import Accepted
from otel_evals.records.signal import Signal
from otel_evals.records.units import Duration
from otel_evals.testing.ledger import RecordingLedger, quick_destination
from otel_evals.testing.sinks import GrpcSink, HttpSink, traces_body


def issue(name, issuer=None):
    """A key and certificate; without an issuer it is an authority."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = dt.datetime.now(dt.UTC)
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer[1].subject if issuer else subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=issuer is None, path_length=None), critical=True)
    )
    return key, builder.sign(issuer[0] if issuer else key, hashes.SHA256())


def pem(key, certificate):
    return (
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()),
        certificate.public_bytes(serialization.Encoding.PEM),
    )


@pytest.fixture(scope="module")
def certificates(tmp_path_factory):
    folder = tmp_path_factory.mktemp("certificates")
    authority = issue("authority")
    for name, pair in {"ca": authority, "server": issue("server", authority), "us": issue("us", authority)}.items():
        key, certificate = pem(*pair)
        (folder / f"{name}.key").write_bytes(key)
        (folder / f"{name}.pem").write_bytes(certificate)
    return folder


def make_sink(kind, folder, *, mutual):
    if kind == "http":
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=str(folder / "ca.pem"))
        context.load_cert_chain(folder / "server.pem", folder / "server.key")
        context.verify_mode = ssl.CERT_REQUIRED if mutual else ssl.CERT_NONE
        return HttpSink(tls=context)
    pair = ((folder / "server.key").read_bytes(), (folder / "server.pem").read_bytes())
    return GrpcSink(
        credentials=grpc.ssl_server_credentials(
            [pair], root_certificates=(folder / "ca.pem").read_bytes(), require_client_auth=mutual
        )
    )


async def send(url, tls):
    forwarder = Forwarder(
        [quick_destination(url, tls=tls, timeout=Duration(2))],
        spool_folder=None,
        clock=SystemClock(),
        rng=random.Random(1),  # noqa: S311 - pauses, not secrets
        ledger=RecordingLedger(),
        on_crash=lambda *_: None,
    )
    await forwarder.start()
    try:
        return await forwarder.send(Signal.TRACES, traces_body("a"), 1)
    finally:
        await forwarder.stop(0)


both = pytest.mark.parametrize("kind", ["grpc", "http"])


@both
async def test_a_next_hop_with_a_trusted_certificate_is_spoken_to(certificates, kind):
    async with make_sink(kind, certificates, mutual=False) as sink:
        assert await send(sink.url, TlsSettings(ca_file=str(certificates / "ca.pem"))) == Accepted()


@both
async def test_an_unknown_certificate_is_not_trusted_and_nothing_is_sent(certificates, kind):
    async with make_sink(kind, certificates, mutual=False) as sink:
        with pytest.raises(Unavailable):
            await send(sink.url, TlsSettings())
        assert sink.received == []


@both
async def test_mutual_tls_shows_our_certificate(certificates, kind):
    ours = TlsSettings(
        ca_file=str(certificates / "ca.pem"),
        cert_file=str(certificates / "us.pem"),
        key_file=str(certificates / "us.key"),
    )
    async with make_sink(kind, certificates, mutual=True) as sink:
        assert await send(sink.url, ours) == Accepted()
        with pytest.raises(Unavailable):
            await send(sink.url, TlsSettings(ca_file=ours.ca_file))


async def test_verification_is_off_only_when_asked(certificates):
    async with make_sink("http", certificates, mutual=False) as sink:
        assert await send(sink.url, TlsSettings(insecure_skip_verify=True)) == Accepted()


@both
async def test_a_certificate_file_that_is_not_there_stops_the_start(tmp_path, kind):
    scheme = {"grpc": "https", "http": "https+proto"}[kind]
    with pytest.raises(ConfigurationError, match="next"):
        await send(f"{scheme}://127.0.0.1:1", TlsSettings(ca_file=str(tmp_path / "none.pem")))
