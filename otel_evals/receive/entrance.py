"""Both OTLP doors as one thing that starts and stops: what `app` builds for a worker.

Stopping turns both doors at the same time, so that no sender finds one open and the other shut.
"""

import asyncio

import msgspec

from otel_evals.receive.address import exposure_warning
from otel_evals.receive.admission import Admission
from otel_evals.receive.auth import Authenticator
from otel_evals.receive.grpc import GrpcServer
from otel_evals.receive.http import HttpServer, OnFault, OnRefused
from otel_evals.receive.http_message import Head, Route, Routes
from otel_evals.receive.http_otlp import OtlpHttp, refuse_otlp
from otel_evals.receive.settings import ReceiveSettings
from otel_evals.receive.tls import Problem, grpc_credentials, http_context
from otel_evals.records.clock import Clock
from otel_evals.records.errors import ConfigurationError
from otel_evals.records.intake import Intake


class Entrance:
    """OTLP/gRPC and OTLP/HTTP in front of one intake, with common room, credentials and counters.

    `routes` are served on the HTTP port beside OTLP (`POST /v1/decide`); one without a check of its own asks for the
    same credentials. Raises ConfigurationError when credentials or TLS files cannot be used.
    """

    def __init__(
        self,
        intake: Intake,
        *,
        settings: ReceiveSettings,
        clock: Clock,
        on_refused: OnRefused,
        on_fault: OnFault,
        on_problem: Problem,
        routes: Routes | None = None,
        reuse_port: bool = False,
    ) -> None:
        self._settings = settings
        self._authenticator = Authenticator(settings.auth)
        self.admission = Admission(settings.limits, clock)
        otlp = OtlpHttp(intake, settings=settings.http, authenticator=self._authenticator)
        guarded = {key: self._guarded(route) for key, route in (routes or {}).items()}
        self._http = HttpServer(
            {**guarded, **otlp.routes()},
            settings=settings.http,
            admission=self.admission,
            clock=clock,
            refuse=refuse_otlp,
            on_refused=on_refused,
            on_fault=on_fault,
            tls=http_context(settings.http.tls, on_problem) if settings.http.tls else None,
            cors=settings.http.cors,
            handler_timeout=settings.limits.handler_timeout,
            reuse_port=reuse_port,
        )
        self._grpc = GrpcServer(
            intake,
            settings=settings.grpc,
            limits=settings.limits,
            admission=self.admission,
            authenticator=self._authenticator,
            on_refused=on_refused,
            on_fault=on_fault,
            credentials=grpc_credentials(settings.grpc.tls, on_problem) if settings.grpc.tls else None,
            reuse_port=reuse_port,
        )

    @property
    def grpc_port(self) -> int:
        """Port of OTLP/gRPC after `start`, 0 when it is off."""
        return self._grpc.port

    @property
    def http_port(self) -> int:
        """Port of OTLP/HTTP after `start`, 0 when it is off."""
        return self._http.port

    def warnings(self) -> list[str]:
        """What the operator should know before this is started: doors open to the network without protection."""
        doors = (("OTLP/gRPC", self._settings.grpc), ("OTLP/HTTP", self._settings.http))
        found: list[str] = []
        for name, door in doors:
            if door.listen is None:
                continue
            authenticated = self._authenticator.required or bool(door.tls and door.tls.client_ca_file)
            warning = exposure_warning(door.listen, encrypted=door.tls is not None, authenticated=authenticated)
            if warning is not None:
                found.append(f"{name} on {warning}")
        return found

    async def start(self) -> None:
        """Open both doors. Raises OSError when an address cannot be had; then neither is open."""
        await self._http.start()
        try:
            await self._grpc.start()
        except (OSError, ConfigurationError):
            await self._http.stop(0)
            raise

    async def stop(self, grace: float) -> None:
        """Close both doors: refuse what is new with a retry hint, finish what is in flight within `grace` seconds."""
        self.admission.close()
        await asyncio.gather(self._http.stop(grace), self._grpc.stop(grace))

    def _guarded(self, route: Route) -> Route:
        def check(head: Head) -> None:
            self._authenticator.check(head.header)

        return route if route.check is not None else msgspec.structs.replace(route, check=check)
