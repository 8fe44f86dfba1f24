"""What environment variables say, as nodes: ours (`OTEL_EVALS_<SECTION>_<KEY>`) and OpenTelemetry's own.

The variables are handed in as a mapping by `load`, which alone reads the environment.

OpenTelemetry's variables mean what its specification says, with the base URL of `OTEL_EXPORTER_OTLP_ENDPOINT` and
milliseconds for timeouts and intervals. They say where to forward when nothing else does. Without
`OTEL_EXPORTER_OTLP_PROTOCOL`, an endpoint on port 4317 is OTLP/gRPC and any other is OTLP/HTTP.
"""

from collections.abc import Callable, Iterable, Mapping
from urllib.parse import unquote, urlsplit

from otel_evals.config.node import Layer, Node, Origin, at_path, overlay, wrap
from otel_evals.config.problems import Problems, nearest
from otel_evals.records.signal import Signal
from otel_evals.semconv.gen_ai import SERVICE_NAME

PREFIX = "OTEL_EVALS_"
RESERVED = frozenset({"OTEL_EVALS_CONFIG", "OTEL_EVALS_RECORDINGS", "OTEL_EVALS_CHECK_ROWS"})
"""Variables with our prefix that are no configuration keys."""
GRPC_PORT = 4317
_Setting = Callable[[str], tuple[str, str]]
"""Name and value of the variable with this ending that counts; two empty texts when there is none."""


def variable_name(path: Iterable[str]) -> str:
    """The variable that overrides the key at `path`."""
    return PREFIX + "_".join(path).upper()


def overrides(environ: Mapping[str, str], paths: Iterable[tuple[str, ...]]) -> tuple[Node, list[str]]:
    """Our variables as a tree, and a warning for each that no key of `paths` is called after."""
    by_name = {variable_name(path): path for path in paths}
    root = Node(origin=Origin(Layer.VARIABLE), entries={})
    warnings: list[str] = []
    for name in sorted(name for name in environ if name.startswith(PREFIX) and name not in RESERVED):
        if name in by_name:
            origin = Origin(Layer.VARIABLE, f"${name}")
            value = Node(origin=origin, scalar=environ[name], is_text=True, written=f"${name}")
            root = overlay(root, at_path(by_name[name], value))
        else:
            near = nearest(name.lower(), (known.lower() for known in by_name)).partition("did you mean ")[2]
            warnings.append(f"${name} names no key{f'; did you mean {near.upper()}' if near else ''}")
    return root, warnings


def standard(environ: Mapping[str, str], problems: Problems) -> Node:
    """OpenTelemetry's variables as a tree that lies under everything else."""
    root = Node(origin=Origin(Layer.STANDARD), entries={})
    destinations = _destinations(environ, problems)
    if destinations:
        root = overlay(root, at_path(("forward",), Node(origin=destinations[0].origin, items=destinations)))
    if environ.get("OTEL_EXPORTER_OTLP_METRICS_ENDPOINT") or "otlp" in environ.get("OTEL_METRICS_EXPORTER", ""):
        # Said of metrics in particular, so it is also where our own go.
        own = [
            _destination(name, [Signal.METRICS], environ, problems)
            for name in _endpoint_variables(environ, Signal.METRICS)
        ]
        root = overlay(root, at_path(("metrics", "push", "destination"), own[0])) if own else root
    for path, name in (
        (("metrics", "push", "interval"), "OTEL_METRIC_EXPORT_INTERVAL"),
        (("log", "level"), "OTEL_LOG_LEVEL"),
    ):
        if environ.get(name):
            text = environ[name].lower()
            root = overlay(root, at_path(path, _node(name, f"{text}ms" if path[0] == "metrics" else text)))
    for key, node in _resource(environ, problems).items():
        root = overlay(root, at_path(("metrics", "resource", key), node))
    return root


def is_disabled(environ: Mapping[str, str]) -> bool:
    """Whether OTEL_SDK_DISABLED turns the telemetry about ourselves off (never the telemetry that passes through)."""
    return environ.get("OTEL_SDK_DISABLED", "").strip().lower() == "true"


def _node(name: str, value: str) -> Node:
    return Node(origin=Origin(Layer.STANDARD, f"${name}"), scalar=value, is_text=True, written=f"${name}")


def _resource(environ: Mapping[str, str], problems: Problems) -> dict[str, Node]:
    name = "OTEL_RESOURCE_ATTRIBUTES"
    attributes = {key: _node(name, value) for key, value in _pairs(name, environ.get(name, ""), problems).items()}
    if environ.get("OTEL_SERVICE_NAME"):
        attributes[SERVICE_NAME] = _node("OTEL_SERVICE_NAME", environ["OTEL_SERVICE_NAME"])
    return attributes


def _pairs(name: str, text: str, problems: Problems) -> dict[str, str]:
    """`key=value,key2=value2`, percent-decoded."""
    pairs: dict[str, str] = {}
    for part in filter(None, (part.strip() for part in text.split(","))):
        key, equals, value = part.partition("=")
        if not equals or not key.strip():
            problems.add((), Origin(Layer.STANDARD, f"${name}"), "is not a list of key=value with commas between them")
            return {}
        pairs[unquote(key.strip())] = unquote(value.strip())
    return pairs


def _destinations(environ: Mapping[str, str], problems: Problems) -> list[Node]:
    """One destination for all signals, or one for each group of signals that variables of their own send elsewhere."""
    groups: dict[str, list[Signal]] = {}
    for signal in Signal:
        for name in _endpoint_variables(environ, signal):
            groups.setdefault(name, []).append(signal)
    return [_destination(name, signals, environ, problems) for name, signals in groups.items()]


def _endpoint_variables(environ: Mapping[str, str], signal: Signal) -> list[str]:
    """The variable that says where a signal goes; none when nothing says it, or its exporter is another one."""
    own, shared = f"OTEL_EXPORTER_OTLP_{signal.value.upper()}_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT"
    exporters = environ.get(f"OTEL_{signal.value.upper()}_EXPORTER", "otlp").lower()
    return [name for name in (own, shared) if environ.get(name) and "otlp" in exporters][:1]


def _destination(name: str, signals: list[Signal], environ: Mapping[str, str], problems: Problems) -> Node:
    is_own = name != "OTEL_EXPORTER_OTLP_ENDPOINT"

    def setting(key: str) -> tuple[str, str]:
        for prefix in ([name.removesuffix("_ENDPOINT")] if is_own else []) + ["OTEL_EXPORTER_OTLP"]:
            if environ.get(f"{prefix}_{key}"):
                return f"{prefix}_{key}", environ[f"{prefix}_{key}"].strip()
        return "", ""

    entries = {
        "name": _node(name, "otel" if len(signals) > 1 else f"otel-{signals[0].value}"),
        "url": _node(name, _url(environ[name].strip(), signals, setting, is_own=is_own)),
    }
    if len(signals) < len(Signal):
        entries["signals"] = wrap([s.value for s in signals], Origin(Layer.STANDARD, f"${name}"))
    for key, field in (("COMPRESSION", "compression"), ("TIMEOUT", "timeout")):
        variable, value = setting(key)
        if value:
            entries[field] = _node(variable, f"{value}ms" if key == "TIMEOUT" else value)
    variable, value = setting("HEADERS")
    if value:
        headers = {k: _node(variable, v) for k, v in _pairs(variable, value, problems).items()}
        entries["headers"] = Node(origin=Origin(Layer.STANDARD, f"${variable}"), entries=headers)
    tls = {
        field: _node(*setting(key))
        for key, field in (("CERTIFICATE", "ca_file"), ("CLIENT_KEY", "key_file"), ("CLIENT_CERTIFICATE", "cert_file"))
        if setting(key)[1]
    }
    if tls:
        entries["tls"] = Node(origin=Origin(Layer.STANDARD, f"${name}"), entries=tls)
    return Node(origin=Origin(Layer.STANDARD, f"${name}"), entries=entries)


def _url(endpoint: str, signals: list[Signal], setting: "_Setting", *, is_own: bool) -> str:
    """The endpoint in the spelling of `forward[].url`: a scheme with `+proto` is OTLP/HTTP."""
    if "://" not in endpoint:  # gRPC knows targets without a scheme; then another variable says whether they use TLS
        endpoint = f"{'http' if setting('INSECURE')[1].lower() == 'true' else 'https'}://{endpoint}"
    protocol = setting("PROTOCOL")[1].lower()
    is_grpc = protocol == "grpc" if protocol else _port(endpoint) == GRPC_PORT
    if is_grpc:
        return endpoint
    if is_own:  # used as it is; its signal's path is appended to a base URL
        endpoint = endpoint.removesuffix(signals[0].http_path)
    scheme, _, rest = endpoint.partition("://")
    return f"{scheme}+proto://{rest.rstrip('/')}"


def _port(endpoint: str) -> int | None:
    try:
        return urlsplit(endpoint).port
    except ValueError:
        return None  # the destination's own settings say what is wrong with it
