"""TLS, client certificates and renewal without a restart, over both transports."""

import asyncio
import contextlib
import ssl

import grpc
import pytest

from otel_evals.records.errors import ConfigurationError
from otel_evals.records.signal import Signal


@pytest.fixture
def secure(open_house, make, authority):
    """Starts an entrance with a certificate for localhost on both doors."""

    async def start(*, client_ca=False, **more):
        cert_file, key_file = authority.issue("server")
        tls = make.tls(
            cert_file=str(cert_file),
            key_file=str(key_file),
            client_ca_file=str(authority.file) if client_ca else None,
            **more,
        )
        return await open_house(http={"tls": tls}, grpc={"tls": tls})

    return start


async def post(house, body, authority, *, client=None, version=None):
    context = ssl.create_default_context(cafile=str(authority.file))
    if client:
        context.load_cert_chain(*client)
    if version:
        context.maximum_version = version
    reader, writer = await asyncio.open_connection(
        "127.0.0.1", house.entrance.http_port, ssl=context, server_hostname="localhost"
    )
    serial = writer.get_extra_info("peercert")["serialNumber"]
    writer.write(body)
    line = await reader.readline()
    writer.close()
    return line, serial


async def export(house, body, authority, *, client=None):
    chain = [path.read_bytes() for path in reversed(client)] if client else [None, None]
    credentials = grpc.ssl_channel_credentials(authority.file.read_bytes(), *chain)
    address = f"localhost:{house.entrance.grpc_port}"
    async with grpc.aio.secure_channel(address, credentials, [("grpc.use_local_subchannel_pool", 1)]) as channel:
        return await channel.unary_unary(Signal.TRACES.grpc_method)(body, timeout=5)


async def test_both_doors_speak_tls(secure, make, authority):
    house = await secure()
    body = make.trace(5000)
    assert (await post(house, make.request(body), authority))[0] == b"HTTP/1.1 200 OK\r\n"
    assert await export(house, body, authority) == b""
    assert house.intake.bodies == [(Signal.TRACES, body)] * 2


async def test_without_a_client_certificate_nobody_enters_where_one_is_asked_for(secure, make, authority):
    house = await secure(client_ca=True)
    with contextlib.suppress(ConnectionError, ssl.SSLError):  # TLS 1.3 tells the client with its first read
        line, _ = await post(house, make.request(make.trace()), authority)
        assert line == b""
    with pytest.raises(grpc.aio.AioRpcError):
        await export(house, make.trace(), authority)
    assert house.intake.bodies == []
    client = authority.issue("client")
    assert (await post(house, make.request(make.trace()), authority, client=client))[0] == b"HTTP/1.1 200 OK\r\n"
    assert await export(house, make.trace(), authority, client=client) == b""


async def test_old_tls_versions_are_refused(secure, make, authority):
    house = await secure()
    with pytest.warns(DeprecationWarning, match="TLSv1_1"), pytest.raises((ConnectionError, ssl.SSLError)):
        await post(house, make.request(make.trace()), authority, version=ssl.TLSVersion.TLSv1_1)


async def test_a_renewed_certificate_is_used_without_a_restart_and_a_broken_one_is_not(secure, make, authority):
    house = await secure()
    _, first = await post(house, make.request(make.trace()), authority)
    cert_file, _ = authority.issue("server")
    line, second = await post(house, make.request(make.trace()), authority)
    assert (line, first != second) == (b"HTTP/1.1 200 OK\r\n", True)
    assert await export(house, make.trace(), authority) == b""
    cert_file.write_text("no certificate")
    line, third = await post(house, make.request(make.trace()), authority)
    assert (line, third) == (b"HTTP/1.1 200 OK\r\n", second)
    assert await export(house, make.trace(), authority) == b""
    assert len(house.problems) == 2, "each door says it once"


async def test_plain_text_on_a_tls_port_harms_nobody(secure, make, authority):
    house = await secure()
    reader, writer = await asyncio.open_connection("127.0.0.1", house.entrance.http_port)
    writer.write(make.request(make.trace()))
    assert b"HTTP/1.1 200" not in await reader.read()
    writer.close()
    assert (await post(house, make.request(make.trace()), authority))[0] == b"HTTP/1.1 200 OK\r\n"


async def test_files_that_do_not_fit_stop_the_start(open_house, make, authority, tmp_path):
    cert_file, _ = authority.issue("one")
    _, key_file = authority.issue("two")
    wrong = make.tls(cert_file=str(cert_file), key_file=str(key_file))
    missing = make.tls(cert_file=str(tmp_path / "none.pem"), key_file=str(key_file))
    for tls in (wrong, missing):
        with pytest.raises(ConfigurationError):
            await open_house(http={"tls": tls})
        with pytest.raises(ConfigurationError):
            await open_house(grpc={"tls": tls})
