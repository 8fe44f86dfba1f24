"""The errors of the data path. Two classes, as OTLP has them: what can never succeed, and what may succeed later."""


class OtelEvalsError(Exception):
    """Base of every error that we raise on purpose; its text says what to do."""


class ConfigurationError(OtelEvalsError):
    """The configuration cannot be used. The text names the path and the mend."""


class DecodeError(OtelEvalsError):
    """The bytes are not the message that they should be. Permanent: the same bytes will never be."""


class TooLarge(OtelEvalsError):  # noqa: N818 - named for the condition, as the status it becomes
    """A body exceeds its limit, before or after decompression. Permanent."""


class Unavailable(OtelEvalsError):  # noqa: N818 - named for the condition, as the status it becomes
    """The work cannot be done now, nothing of it was done, and the sender should retry.

    Attributes:
        retry_after: seconds after which a retry makes sense, None when unknown.
    """

    def __init__(self, message: str, *, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class Refused(OtelEvalsError):  # noqa: N818 - named for the condition, as the status it becomes
    """The next hop refused the data for good. Sending it again is forbidden by the specification.

    Attributes:
        code: the gRPC status name or HTTP status that said so.
    """

    def __init__(self, message: str, *, code: str) -> None:
        super().__init__(message)
        self.code = code


class Unauthenticated(OtelEvalsError):  # noqa: N818 - named for the condition, as the status it becomes
    """The sender did not show a valid credential."""
