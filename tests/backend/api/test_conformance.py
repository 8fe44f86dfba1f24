"""Every operation of the API against what its description says, with data that fits it and data that does not.

Seeded and bounded; on both databases, since they refuse different values.
"""

import random
import shutil
from pathlib import Path

import anyio.from_thread
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, seed, settings
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    negative_data_rejection,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from otel_evals.records.clock import SystemClock
from otel_evals.records.units import Secret
from otel_evals_backend.api.document import document, operations
from otel_evals_backend.app import create_app
from otel_evals_backend.settings import BackendSettings, ReviewSettings
from tests.backend.conftest import Clock, started
from tests.backend.traffic import crowd, feedback, send, traces

EXAMPLES = 8
CHECKS = [
    not_a_server_error, status_code_conformance, content_type_conformance, response_headers_conformance,
    response_schema_conformance,
]  # fmt: skip
DOCUMENT = document(
    create_app(BackendSettings(), folder=Path(), clock=SystemClock(), rng=random.Random(1))  # noqa: S311 - no secret
)
SCHEMA = schemathesis.openapi.from_dict(DOCUMENT)
OPERATIONS = [(path, method) for path, method, _ in operations(DOCUMENT)]


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def served(request, tmp_path_factory):
    """A backend with a little of everything, in a thread of its own: a function that sends it a request."""
    folder = tmp_path_factory.mktemp("conformance")
    more = {}
    if request.param == "sqlite":
        (folder / "backend").mkdir()
        shutil.copy(request.getfixturevalue("_sqlite_template"), folder / "backend" / "evals.db")
    else:
        made = request.getfixturevalue("postgresql_server")
        name = made.create(made.template())
        more["database"] = Secret(made.address(name))
    options = BackendSettings(review=ReviewSettings(audit=1), **more)
    with (
        anyio.from_thread.start_blocking_portal() as portal,
        portal.wrap_async_context_manager(started(options, folder, Clock())) as backend,
    ):
        calls = crowd(40)
        portal.call(lambda: send(backend, traces(*calls), feedback(calls[0], "thumbs_down", comment="No.")))

        def ask(**request):
            return portal.call(lambda: backend.client.request(**request))

        yield ask
    if request.param == "postgresql":
        made.drop(name)


@pytest.mark.parametrize("mode", [GenerationMode.POSITIVE, GenerationMode.NEGATIVE], ids=lambda mode: mode.value)
@pytest.mark.parametrize(("path", "method"), OPERATIONS)
def test_an_operation_does_what_its_description_says(served, path, method, mode):
    operation = SCHEMA[path][method.upper()]
    if mode is GenerationMode.NEGATIVE and not (operation.body or operation.query or operation.path_parameters):
        pytest.skip("there is nothing to get wrong")

    @seed(7)
    @settings(
        max_examples=EXAMPLES, deadline=None, database=None, phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    @given(case=operation.as_strategy(generation_mode=mode))
    def conforms(case):
        sent = case.as_transport_kwargs(base_url="http://127.0.0.1:8000")
        for name in ("verify", "cookies"):
            sent.pop(name, None)
        if isinstance(sent.get("data"), bytes | str):
            sent["content"] = sent.pop("data")
        answer = served(**sent)
        checks = CHECKS if mode is GenerationMode.POSITIVE else [*CHECKS, negative_data_rejection]
        case.validate_response(schemathesis.Response.from_httpx2(answer, verify=True), checks=checks)

    conforms()
