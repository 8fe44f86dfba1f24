"""Credentials in a text: the key shapes of providers, assignments to secret names, headers, URLs and key blocks.

Called by the check `secrets` (on answers) and by the redaction of what a destination may see. A gate is a cheap pattern
for the shared pass; the detectors behind it run only where a gate has hit. Placeholders (`xxxx`, `<your-key>`,
`changeme`, `$TOKEN`, `EXAMPLE`) are no credentials: an answer that explains how to set a key is full of them.
"""

# ruff: noqa: RUF001 - words and punctuation of many languages are meant as they stand

import base64
import binascii
import math
import re
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Final

import msgspec

from otel_evals.text import key_shapes
from otel_evals.text.detection import Detection, disjoint
from otel_evals.text.patterns import compile_expression

Detector = Callable[[str], Iterator[Detection]]

_JWT_KIND: Final = "JSON Web Token"
_URL_KIND: Final = "password in a URL"
_HEADER_KIND: Final = "authorization header"
_CURL_KIND: Final = "password on a command line"
_LOGIN_KIND: Final = "password"
_ASSIGNED_KIND: Final = "secret assignment"
KINDS: Final = frozenset(
    {_JWT_KIND, _URL_KIND, _HEADER_KIND, _CURL_KIND, _LOGIN_KIND, _ASSIGNED_KIND}
    | {shape.kind for shape in key_shapes.SHAPES}
)
"""Everything that `detect` tells apart."""

_JWT: Final = compile_expression(r"\b(eyJ[A-Za-z0-9_\-]{8,}\.eyJ[A-Za-z0-9_\-=]{8,}(?:\.[A-Za-z0-9_\-]*=*)?)")
_URL: Final = compile_expression(
    r"[A-Za-z][A-Za-z0-9+.\-]{1,20}://([^\s/:@'\"<>?#]{0,64}):([^\s/@'\"<>]{3,128})@([A-Za-z0-9.\-\[$]+)"
)
_HEADER: Final = compile_expression(
    r"(?i)(?:\b(?:proxy-)?authorization|\b(?:x-[a-z\-]{0,24})?(?:api|auth|access|private|vault)-(?:token|key)"
    r"|[\"' ]token)[\"']?\s*[:=]\s*[\"']?"
    r"(?:(?:bearer|basic|token|api-token|apikey|api-key|key|sso-key)\s+)?([A-Za-z0-9+/_\-.=~:]{8,})"
)
_BEARER: Final = compile_expression(r"(?:\b[Bb]earer|\bBasic) +([A-Za-z0-9+/_\-.=~]{16,})")
_CURL_USER: Final = compile_expression(
    r"\bcurl\b[^\n]{0,400}?\s(?:-u|--user)[ =]+(\"[^\"\n]+\"(?::\"[^\"\n]+\")?|'[^'\n]+'(?::'[^'\n]+')?|[^\s\"'-]\S*)"
)
_ASSIGNMENT: Final = compile_expression(
    r"(?i)([a-z0-9_.\-]{0,40}(?:passw(?:or)?d|passwort|passphrase|pwd|secret|token|api[_\- ]?key"
    r"|access[_\- ]?key|auth[_\- ]?key"
    r"|private[_\- ]?key|encryption[_\- ]?key|signing[_\- ]?key|secret[_\- ]?key|account[_\- ]?key"
    r"|client[_\- ]?srt|[a-z0-9]_key|credentials?|auth"
    r"|[a-z]key|contraseña|mot de passe|senha|пароль|密码|密碼|パスワード|비밀번호))"
    r"(?:[\"'`]?\]?(?:\s+(?:string|str|String))?\s*(?::=|=>|=|:|(?:\b(?:is|es|est|ist|lautet)\b|è|é):?"
    r"|：)\s*)((?:[a-z]{0,2})?\"[^\"\n]{6,200}\"|'[^'\n]{6,200}'|`[^`\n]{6,200}`|[^\s\"'`,;<>(){}\[\]]{6,200})"
)

_PLACEHOLDER: Final = re.compile(
    r"x{4,}|\*{3,}|\.{3,}|…|#{4,}|0{8,}|1{8,}|(?:12345678|abcdefgh|87654321)|example|sample|placeholder|dummy"
    r"|changeme|change[_\-]me|replace|redacted"
    r"|insert|todo|fixme|\byour|your[_\-]|(?:^|[_\-])my[_\-]|-here\b|_here|here$|fake[_\-]|[_\-]fake|\bfake"
    r"|^test|lorem|secret[_\-]?(?:key|name|value)|[_\-]?password$|p[a4@]ssw[o0]rd"
    r"|^<.*>$|^\$|\$\{|\$\(|\{\{|%\(|%s|^%|\bnone\b|\bnull\b|undefined|process\.env|os\.environ|getenv|secrets\."
    r"|vault:|^file:|^/"
)
_STRUCTURED: Final = re.compile(
    # File names, dotted or camel-case identifiers, words joined by separators, versions, addresses, calls.
    r"(?:[A-Za-z_$][\w$]*\.)+[A-Za-z_$][\w$]*(?:\(.*)?|[A-Za-z]+(?:[_\-./ :]+[A-Za-z]+)*\d{0,3}"
    r"|[\w\-]+(?:\.[\w\-]+)*\.(?:pem|cer|crt|p12|jks|json|ya?ml|txt|key|js|ts|py|com|io|net|org)"
    r"|https?://.*|(?:[a-z\-_:]+[\-_:])?v?\d+(?:\.\d+)+.*|(?:[a-z0-9]+-)+(?:snapshot|release|api|key|name)"
    r"|[A-Z]+\d{0,3}(?:[_\-][A-Z]+\d{0,3})+|[\w.\-]+@[\w\-]+\.[a-z.]{2,}|\d+"
    r"|[\w.]*[(\[].*"
)
_UUID: Final = re.compile(r"(?i)[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}")
_NO_SECRET_NAME: Final = re.compile(
    r"(?i)(?:^|[_\-. ])(?:public|pub|primary|foreign|sort|partition|bucket|cache|group|map|dict|index|row|column"
    r"|hot|short|arrow|license|registry"
    r"|key_?board|monkey|turkey|hockey|donkey|jockey|whiskey|next|page|continuation|csrf_?header|max|num|count"
    r"|total|input|output"
    r"|prompt|completion|n|reset|forgot|no|not|stop|pad|eos|bos|mask|unk|sep|cls|special|design|color"
    r"|theme)[_\-]?(?:key|token|password|secret)$"
    r"|not_secret|(?:keyword|token|key)s$|author$"
)
_PASSWORD_NAME: Final = re.compile(
    r"(?i)passw|pwd|pass|contraseña|senha|пароль|密码|密碼|パスワード|비밀번호|mot de passe"
)


def entropy(text: str) -> float:
    """Shannon entropy of the characters of `text`, bits a character."""
    size = len(text)
    return -sum(count / size * math.log2(count / size) for count in Counter(text).values()) if size else 0.0


def is_placeholder(value: str) -> bool:
    """Whether a value only stands for a credential: a variable, a masked or an example value."""
    return _PLACEHOLDER.search(value.lower()) is not None or len(set(value)) <= 3


def _shapes(text: str) -> Iterator[Detection]:
    for shape in key_shapes.SHAPES:
        for match in shape.form.finditer(text):
            value = match[1]
            if shape.digit and not any(map(str.isdigit, value)):
                continue
            if shape.kind == "private key" or (entropy(value) >= shape.entropy and not _masked_out(value)):
                yield Detection(shape.kind, match.start(1), match.end(1))


_MASK: Final = re.compile(r"x{6,}|X{6,}|\*{3,}|\.{4,}|0{10,}|EXAMPLE$|(?i:your[_\-]|placeholder|_here)")


def _masked_out(value: str) -> bool:
    return _MASK.search(value) is not None


def _jwts(text: str) -> Iterator[Detection]:
    for match in _JWT.finditer(text):
        head = match[1].partition(".")[0]
        try:
            header = msgspec.json.decode(base64.urlsafe_b64decode(head + "=" * (-len(head) % 4)))
        except (binascii.Error, msgspec.DecodeError, UnicodeDecodeError):
            continue
        if isinstance(header, dict) and "alg" in header:
            yield Detection(_JWT_KIND, match.start(1), match.end(1))


def _urls(text: str) -> Iterator[Detection]:
    for match in _URL.finditer(text):
        password = match[2]
        taught = password.lower() in _TEACHING or (
            password.lower() == "password" and _TEACHING_HOST.fullmatch(match[3])
        )
        if not (is_variable(password) or taught or (password.isdigit() and len(password) < 6)):
            yield Detection(_URL_KIND, match.start(2), match.end(2))


_TEACHING_HOST: Final = re.compile(r"[A-Za-z0-9\-]+|127\.0\.0\.1|(?:[\w\-]+\.)*example\.\w+")
"""Hosts of how-to texts: a bare name, the own machine, a reserved domain."""
_TEACHING: Final = frozenset(
    {"pass", "pwd", "secret", "token", "passwd", "xxx", "****", "***", "<password>", "your_password"}
)
_VARIABLE: Final = re.compile(r"^[\$<%\[]|^\{+[a-z_. ]+\}+$|\$\{|\{\{|[>\]%]$|\*{3,}|x{4,}|your[_\-]?|\.\.\.|…")


def is_variable(value: str) -> bool:
    """Whether a value is filled in elsewhere (`$PASS`, `<password>`, `{pw}`, `****`)."""
    return _VARIABLE.search(value.lower()) is not None


def _headers(text: str) -> Iterator[Detection]:
    for form in (_HEADER, _BEARER):
        for match in form.finditer(text):
            value = match[1].rstrip(".")
            if _basic(value) or (
                any(map(str.isdigit, value))
                and not is_placeholder(value)
                and not _STRUCTURED.fullmatch(value[:512])
                and entropy(value) >= 2.8
            ):
                yield Detection(_HEADER_KIND, match.start(1), match.start(1) + len(value))


def _basic(value: str) -> bool:
    """Whether a value is the base64 of `user:password`."""
    try:
        plain = base64.b64decode(value, validate=True)
    except (binascii.Error, ValueError):
        return False
    return plain.isascii() and b":" in plain and plain.decode("ascii").isprintable()


def _curl_users(text: str) -> Iterator[Detection]:
    for match in _CURL_USER.finditer(text):
        user, colon, password = match[1].replace('"', "").replace("'", "").partition(":")
        if not colon or is_variable(user) or is_variable(password) or len(password) < 3:
            continue
        if password.lower() not in _TEACHING and password.lower() not in (user.lower(), "password"):
            yield Detection(_CURL_KIND, match.start(1), match.end(1))


def _assignments(text: str) -> Iterator[Detection]:
    for match in _ASSIGNMENT.finditer(text):
        name, quoted = match[1], match[2]
        value = quoted.strip("\"'`").strip()
        if _NO_SECRET_NAME.search(name) or not _is_secret_value(
            value, password=_PASSWORD_NAME.search(name) is not None
        ):
            continue
        start = match.start(2) + quoted.find(value)
        yield Detection(_LOGIN_KIND if _PASSWORD_NAME.search(name) else _ASSIGNED_KIND, start, start + len(value))


def _is_secret_value(value: str, *, password: bool) -> bool:
    if is_placeholder(value) or _STRUCTURED.fullmatch(value) or _UUID.fullmatch(value) or " " in value:
        return False
    if password:
        return len(value) >= 6 and len({_class(c) for c in value}) >= 2 and entropy(value) >= 2.2
    return len(value) >= 12 and any(map(str.isdigit, value)) and any(map(str.isalpha, value)) and entropy(value) >= 3.0


def _class(character: str) -> str:
    return "d" if character.isdigit() else "u" if character.isupper() else "l" if character.isalpha() else "s"


GATES: Final[dict[str, tuple[Detector, ...]]] = {
    key_shapes.GATE: (_shapes,),
    r"eyJ[A-Za-z0-9_\-]{8,}\.eyJ": (_jwts,),
    r"://[^\s/@'\"<>]{0,64}:[^\s/@]{3,}@": (_urls,),
    r"(?i)authorization|bearer |\bbasic [a-z0-9+/]{8}|(?:api|auth|access|private|vault)[\-_]?(?:token|key)"
    r"|\btoken[\"']?\s?[:=]": (_headers,),
    r"\bcurl\b[^\n]*\s(?:-u|--user)": (_curl_users,),
    r"(?i)(?:pass\w*|pwd|secret\w*|token|key|credentials?|auth|srt|contraseña|mot de passe|senha|пароль|密码|密碼"
    r"|パスワード|비밀번호)[\"'`\]]{0,2}(?: string)?\s*(?:[:=]|(?:is|es|est|ist|lautet)\b|è|é|：)": (_assignments,),
}
"""Gate → the detectors that can find something only where the gate occurs."""


def detect(text: str, occurs: Callable[[str], bool]) -> list[Detection]:
    """The credentials of `text`; `occurs` says which gates (keys of `GATES`) occur in it."""
    detectors = dict.fromkeys(d for gate, ds in GATES.items() if occurs(gate) for d in ds)
    return disjoint([found for detector in detectors for found in detector(text)])
