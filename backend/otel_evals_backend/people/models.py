"""What the API of people says, typed, so that its description is complete."""

from datetime import UTC, datetime
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from otel_evals_backend.records import Role

Name = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=100, pattern=r"^[^\x00-\x1f\x7f]+$")
]
Scope = Literal["read", "review", "send", "admin"]


def moment(ns: int) -> datetime:
    """A time of the tables as the API writes it."""
    return datetime.fromtimestamp(ns // 1_000_000_000, UTC)


def moment_or_none(ns: int | None) -> datetime | None:
    """The same, of what may not have happened."""
    return None if ns is None else moment(ns)


class Body(BaseModel):
    """What is sent to the API: an unknown field is a mistake of the caller, and is said so."""

    model_config = ConfigDict(extra="forbid")


class PersonOut(BaseModel):
    """Somebody who may log in."""

    id: str
    name: str
    email: str | None
    role: Role
    disabled: bool
    created: datetime
    logs_in_by: list[Literal["password", "oidc"]]


class PersonChange(Body):
    """What of a person to change; what is left out stays."""

    role: Role | None = None
    disabled: bool | None = None


class MeOut(BaseModel):
    """Who asks."""

    id: str
    name: str
    role: Role
    scopes: list[Scope] = Field(description="of a token; empty for people, whose role says it")
    theme: Literal["", "light", "dark"]
    single_keys: bool


class Preferences(Body):
    """What a person chooses for themselves."""

    theme: Literal["", "light", "dark"] = Field("", description='"" is what the system says')
    single_keys: bool = Field(True, description="whether keys without a modifier act")


class InvitationOrder(Body):
    """Whom to invite."""

    role: Role


class InvitationOut(BaseModel):
    """An invitation that waits."""

    id: str
    role: Role
    made_by: str
    ends: datetime
    for_person: str | None = Field(description="id of the person whose password it sets anew")


class InvitationMade(BaseModel):
    """A new invitation. The link is shown this once."""

    id: str
    link: str


class TokenOrder(Body):
    """A token to make."""

    name: Name
    scopes: list[Scope] = Field(min_length=1, max_length=4)
    days: int | None = Field(None, ge=1, le=3650, description="after which it ends; null = never")


class TokenOut(BaseModel):
    """A token, without what opens the door."""

    id: str
    name: str
    scopes: list[Scope]
    made_by: str
    created: datetime
    ends: datetime | None
    revoked: datetime | None
    last_used: datetime | None = Field(description="to the minute")


class TokenMade(BaseModel):
    """A new token. The secret is shown this once."""

    id: str
    secret: str


class AppKeyOrder(Body):
    """A publishable key to make."""

    app: Name
    origins: list[Annotated[str, StringConstraints(max_length=300)]] = Field(
        default=[], max_length=50, description="origins of browsers that may use it"
    )
    per_minute: int = Field(60, ge=1, le=100_000, description="signals a minute from one address")


class AppKeyMade(BaseModel):
    """A new publishable key."""

    id: str = Field(description="the key itself; it is no secret")


class AppKeyOut(BaseModel):
    """A publishable key: it can send feedback, and nothing else."""

    id: str
    app: str
    origins: list[str]
    per_minute: int
    made_by: str
    created: datetime
    revoked: datetime | None


class AuditRow(BaseModel):
    """A change, and who made it."""

    id: int
    at: datetime
    who: str
    name: str = Field(description="of the person now; the id when there is none")
    action: str
    object: str
    detail: str = Field(description="JSON object")


class AuditPage(BaseModel):
    """Some of the log of changes, newest first."""

    rows: list[AuditRow]
    before: int | None = Field(description="ask again with this for older ones; null = there are none")


class KeptOut(BaseModel):
    """What is kept, for how long, and where traces are shown."""

    content_policy: Literal["full", "redacted", "none"]
    encrypted: bool
    content_days: float
    span_days: float
    sum_days: float
    audit_days: float
    trace_links: dict[str, str]


class Done(BaseModel):
    """It is done."""

    done: bool = True


class Problem(BaseModel):
    """Why not."""

    detail: str
