"""OpenTelemetry's environment variables as nodes, which lie under everything else that is configured.

They mean what the specification says: a base URL in `OTEL_EXPORTER_OTLP_ENDPOINT`, milliseconds for timeouts and
intervals, an empty variable is none, and a value that is not known is warned of and passed over. They say where to
forward when nothing else does. Without `OTEL_EXPORTER_OTLP_PROTOCOL`, an endpoint on port 4317 is OTLP/gRPC and any
other is OTLP/HTTP. The variables are handed in as a mapping by `load`, which alone reads the environment.
"""

from collections.abc import Mapping
from urllib.parse import unquote, urlsplit

from otel_evals.config.node import Layer, Node, Origin, at_path, overlay, wrap
from otel_evals.config.problems import Problems
from otel_evals.records.signal import Signal
from otel_evals.semconv.gen_ai import SERVICE_NAME

GRPC_PORT = 4317
_SHARED = "OTEL_EXPORTER_OTLP"
_LEVELS = {
    "trace": "debug", "debug": "debug", "info": "info", "warn": "warning", "warning": "warning", "error": "error",
    "fatal": "error", "critical": "error",
}  # fmt: skip
_COMPRESSIONS = {"none": "none", "gzip": "gzip"}
_PROTOCOLS = {"grpc": "grpc", "http/protobuf": "http/protobuf"}
_TLS_FILES = {"CERTIFICATE": "ca_file", "CLIENT_KEY": "key_file", "CLIENT_CERTIFICATE": "cert_file"}


def is_disabled(environ: Mapping[str, str]) -> bool:
    """Whether OTEL_SDK_DISABLED turns the telemetry about ourselves off (never the telemetry that passes through)."""
    return environ.get("OTEL_SDK_DISABLED", "").strip().lower() == "true"


class OtelVariables:
    """Reads the variables once. `warnings` grows with what was passed over; faults go to `problems`."""

    def __init__(self, environ: Mapping[str, str], problems: Problems) -> None:
        self._environ = environ
        self._problems = problems
        self.warnings: list[str] = []

    def tree(self) -> Node:
        """All that the variables say."""
        root = Node(origin=Origin(Layer.STANDARD), entries={})
        destinations = self._destinations()
        if destinations:
            root = overlay(root, at_path(("forward",), Node(origin=destinations[0].origin, items=destinations)))
        if self._get(f"{_SHARED}_METRICS_ENDPOINT") or "otlp" in self._get("OTEL_METRICS_EXPORTER"):
            # Said of metrics in particular, so it is also where our own go.
            for name in self._endpoint_variables(Signal.METRICS):
                own = self._destination(name, [Signal.METRICS])
                root = overlay(root, at_path(("metrics", "push", "destination"), own))
        interval = self._milliseconds("OTEL_METRIC_EXPORT_INTERVAL")
        if interval:
            root = overlay(root, at_path(("metrics", "push", "interval"), interval))
        level = self._known("OTEL_LOG_LEVEL", _LEVELS)
        if level:
            root = overlay(root, at_path(("log", "level"), _node("OTEL_LOG_LEVEL", level)))
        for key, node in self._resource().items():
            root = overlay(root, at_path(("metrics", "resource", key), node))
        return root

    def _get(self, name: str) -> str:
        return self._environ.get(name, "").strip()

    def _known(self, name: str, words: Mapping[str, str]) -> str:
        """The word that the variable stands for; empty when it says nothing or what nobody knows."""
        value = self._get(name).lower()
        if value and value not in words:
            self.warnings.append(f"${name} is passed over: it is none of {', '.join(words)}")
        return words.get(value, "")

    def _milliseconds(self, name: str) -> Node | None:
        value = self._get(name)
        if value and not value.isdecimal():
            self.warnings.append(f"${name} is passed over: it is no number of milliseconds")
        return _node(name, f"{value}ms") if value.isdecimal() else None

    def _resource(self) -> dict[str, Node]:
        name = "OTEL_RESOURCE_ATTRIBUTES"
        attributes = {key: _node(name, value) for key, value in self._pairs(name).items()}
        if self._get("OTEL_SERVICE_NAME"):
            attributes[SERVICE_NAME] = _node("OTEL_SERVICE_NAME", self._get("OTEL_SERVICE_NAME"))
        return attributes

    def _pairs(self, name: str) -> dict[str, str]:
        """`key=value,key2=value2`, percent-decoded."""
        pairs: dict[str, str] = {}
        for part in filter(None, (part.strip() for part in self._get(name).split(","))):
            key, equals, value = part.partition("=")
            if not equals or not key.strip():
                message = "is not a list of key=value with commas between them"
                self._problems.add((), Origin(Layer.STANDARD, f"${name}"), message)
                return {}
            pairs[unquote(key.strip())] = unquote(value.strip())
        return pairs

    def _endpoint_variables(self, signal: Signal) -> list[str]:
        """The variable that says where a signal goes; none when nothing says it, or its exporter is another one."""
        own, shared = f"{_SHARED}_{signal.value.upper()}_ENDPOINT", f"{_SHARED}_ENDPOINT"
        exporters = self._get(f"OTEL_{signal.value.upper()}_EXPORTER").lower() or "otlp"
        return [name for name in (own, shared) if self._get(name) and "otlp" in exporters][:1]

    def _destinations(self) -> list[Node]:
        """One destination for all signals, or one for each group of signals that variables of their own send apart."""
        groups: dict[str, list[Signal]] = {}
        for signal in Signal:
            for name in self._endpoint_variables(signal):
                groups.setdefault(name, []).append(signal)
        return [self._destination(name, signals) for name, signals in groups.items()]

    def _destination(self, endpoint: str, signals: list[Signal]) -> Node:
        origin = Origin(Layer.STANDARD, f"${endpoint}")
        entries: dict[str, Node | None] = {
            "name": _node(endpoint, "otel" if len(signals) > 1 else f"otel-{signals[0].value}"),
            "url": _node(endpoint, self._url(endpoint, signals)),
            "signals": wrap([signal.value for signal in signals], origin),
            "timeout": self._milliseconds(self._setting(endpoint, "TIMEOUT")),
        }
        variable = self._setting(endpoint, "COMPRESSION")
        compression = self._known(variable, _COMPRESSIONS)
        entries["compression"] = _node(variable, compression) if compression else None
        variable = self._setting(endpoint, "HEADERS")
        headers = {name: _node(variable, value) for name, value in self._pairs(variable).items()}
        entries["headers"] = Node(origin=Origin(Layer.STANDARD, f"${variable}"), entries=headers) if headers else None
        files = {field: self._setting(endpoint, key) for key, field in _TLS_FILES.items()}
        tls = {field: _node(name, self._get(name)) for field, name in files.items() if self._get(name)}
        entries["tls"] = Node(origin=origin, entries=tls) if tls else None
        return Node(origin=origin, entries={key: node for key, node in entries.items() if node is not None})

    def _setting(self, endpoint: str, key: str) -> str:
        """The variable that counts for a destination: the signal's own before the shared one."""
        own = f"{endpoint.removesuffix('_ENDPOINT')}_{key}"
        return own if self._get(own) else f"{_SHARED}_{key}"

    def _url(self, name: str, signals: list[Signal]) -> str:
        """The endpoint in the spelling of `forward[].url`: a scheme with `+proto` is OTLP/HTTP."""
        endpoint = self._get(name)
        if "://" not in endpoint:  # a gRPC target; another variable says whether it speaks TLS
            insecure = self._get(self._setting(name, "INSECURE")).lower() == "true"
            endpoint = f"{'http' if insecure else 'https'}://{endpoint}"
        protocol = self._known(self._setting(name, "PROTOCOL"), _PROTOCOLS)
        if protocol == "grpc" or (not protocol and _port(endpoint) == GRPC_PORT):
            return endpoint
        if name != f"{_SHARED}_ENDPOINT":  # used as it is; its signal's path is appended to a base URL
            endpoint = endpoint.removesuffix(signals[0].http_path)
        scheme, _, rest = endpoint.partition("://")
        return f"{scheme}+proto://{rest.rstrip('/')}"


def _node(name: str, value: str) -> Node:
    return Node(origin=Origin(Layer.STANDARD, f"${name}"), scalar=value, is_text=True, written=f"${name}")


def _port(endpoint: str) -> int | None:
    try:
        return urlsplit(endpoint).port
    except ValueError:
        return None  # the destination's own settings say what is wrong with it
