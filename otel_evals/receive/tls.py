"""TLS of the listening ports: certificates that can be renewed while the process runs.

Both doors ask at each new connection whether a file has changed. A pair of files that does not load (half written, key
and certificate apart) leaves the last good one in use; `on_problem` is told once per change.
"""

import ssl
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import grpc

from otel_evals.receive.settings import TlsSettings
from otel_evals.records.errors import ConfigurationError

_VERSIONS: Final = {"1.2": ssl.TLSVersion.TLSv1_2, "1.3": ssl.TLSVersion.TLSv1_3}

Problem = Callable[[str], None]
"""Told in one sentence what could not be reloaded."""


class _Files:
    """Knows when one of the files of a `TlsSettings` has changed."""

    def __init__(self, settings: TlsSettings) -> None:
        names = (settings.cert_file, settings.key_file, settings.client_ca_file)
        self._paths = [Path(name) for name in names if name]
        self._seen = self._state()

    def changed(self) -> bool:
        state = self._state()
        if state == self._seen:
            return False
        self._seen = state
        return True

    def _state(self) -> list[tuple[int, int, int]]:
        try:
            return [(s.st_mtime_ns, s.st_size, s.st_ino) for s in (path.stat() for path in self._paths)]
        except OSError:
            return []


def http_context(settings: TlsSettings, on_problem: Problem) -> ssl.SSLContext:
    """The context of the HTTP door. Raises ConfigurationError when the files cannot be used."""
    current = _load(settings)
    files = _Files(settings)

    def renew(connection: ssl.SSLObject, _name: str | None, _context: ssl.SSLContext) -> None:
        nonlocal current
        if files.changed():
            try:
                current = _load(settings)
            except ConfigurationError as error:
                on_problem(str(error))
        connection.context = current

    front = _load(settings)
    front.sni_callback = renew
    return front


def _load(settings: TlsSettings) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = _VERSIONS[settings.min_version]
    context.set_alpn_protocols(["http/1.1"])
    try:
        context.load_cert_chain(settings.cert_file, settings.key_file)
        if settings.client_ca_file:
            context.load_verify_locations(settings.client_ca_file)
            context.verify_mode = ssl.CERT_REQUIRED
    except (OSError, ssl.SSLError) as error:
        raise ConfigurationError(f"TLS files of a listening port cannot be used: {error}") from error
    return context


def grpc_credentials(settings: TlsSettings, on_problem: Problem) -> Any:
    """The credentials of the gRPC door. Raises ConfigurationError when the files cannot be used."""
    if settings.min_version != "1.2":
        raise ConfigurationError("receive.grpc.tls.min_version: gRPC's library sets no version above 1.2; leave it")
    files = _Files(settings)

    def renew() -> Any:
        if files.changed():
            try:
                return _certificates(settings)
            except ConfigurationError as error:
                on_problem(str(error))
        return None

    return grpc.dynamic_ssl_server_credentials(
        _certificates(settings), renew, require_client_authentication=bool(settings.client_ca_file)
    )


def _certificates(settings: TlsSettings) -> Any:
    _load(settings)  # gRPC takes a key that does not fit its certificate and fails every handshake instead
    key, certificate = Path(settings.key_file).read_bytes(), Path(settings.cert_file).read_bytes()
    authorities = Path(settings.client_ca_file).read_bytes() if settings.client_ca_file else None
    return grpc.ssl_server_certificate_configuration([(key, certificate)], root_certificates=authorities)
