from fastapi.dependencies.utils import get_dependant
from fastapi.routing import iter_route_contexts

from otel_evals_backend.access.people import ROLE_CHECKS
from otel_evals_backend.access.public import CHECKED_INSIDE, PUBLIC


def declared(dependant):
    """The check of a role among what a route depends on; None when there is none."""
    for needed in dependant.dependencies:
        if isinstance(needed.call, ROLE_CHECKS):
            return needed.call
        if (found := declared(needed)) is not None:
            return found
    return None


def routes(app):
    """Path, methods and check of each route."""
    for route in iter_route_contexts(app.routes):
        endpoint = getattr(route, "endpoint", None)
        check = None if endpoint is None else declared(get_dependant(path=route.path, call=endpoint))
        yield route.path, sorted(getattr(route, "methods", None) or []), check


def is_listed(path):
    return path in PUBLIC or path.startswith("/static/")


async def test_each_route_names_the_role_that_it_needs(backend):
    found = list(routes(backend.app))
    assert len(found) > 30
    nameless = [(path, methods) for path, methods, check in found if check is None and not is_listed(path)]
    assert {path for path, _ in nameless} == CHECKED_INSIDE


async def test_nothing_public_asks_for_a_role(backend):
    both = [path for path, _, check in routes(backend.app) if check is not None and is_listed(path)]
    assert both in ([], ["/v1/feedback"])
