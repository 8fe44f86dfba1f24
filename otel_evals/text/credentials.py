"""Credentials in a text: the key shapes of providers, assignments to secret names, headers, URLs and key blocks.

Called by the check `secrets` (on answers) and by the redaction of what a destination may see. A gate is a cheap pattern
for the shared pass; the detectors behind it run only where a gate has hit. Placeholders (`xxxx`, `<your-key>`,
`changeme`, `$TOKEN`, `EXAMPLE`) are no credentials: an answer that explains how to set a key is full of them.
"""

import base64
import binascii
import math
import re
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any, Final

import msgspec

from otel_evals.text.detection import Detection, disjoint
from otel_evals.text.patterns import compile_expression

Detector = Callable[[str], Iterator[Detection]]


class _Shape(msgspec.Struct, frozen=True):
    """The published form of one provider's credential. The first group, where there is one, is the credential."""

    kind: str
    form: Any
    entropy: float


def _shape(kind: str, form: str, entropy: float = 2.5) -> _Shape:
    return _Shape(kind, compile_expression(form), entropy)


_SHAPES: Final = (
    _shape("AWS access key", r"\b((?:AKIA|ASIA|ABIA|ACCA|A3T[A-Z0-9])[A-Z2-7]{16})\b"),
    _shape("AWS Bedrock key", r"\b((?:ABSK[A-Za-z0-9+/]{100,}|bedrock-api-key-[A-Za-z0-9+/]{40,})={0,2})", 1.5),
    _shape("GitHub token", r"\b(gh[pousr]_[A-Za-z0-9]{36,251}|github_pat_[A-Za-z0-9_]{60,100})\b", 3.0),
    _shape(
        "GitLab token",
        r"\b((?:gl(?:pat|dt|ft|soat|rt|rtr|ffct)-|GR1348941)[A-Za-z0-9_\-]{20,50}|glpat-[A-Za-z0-9_\-]{27,300}\.[0-9a-z]{2}\.[0-9a-z]{9}"
        r"|glcbt-[A-Za-z0-9_\-]{20,26}|glimt-[A-Za-z0-9_\-]{25}|glptt-[A-Za-z0-9_\-]{40}|glagent-[A-Za-z0-9_\-]{50,}"
        r"|gloas-[A-Za-z0-9_\-]{64})(?:$|[^A-Za-z0-9_\-])",
        2.8,
    ),
    _shape("Slack token", r"\b(xox[bopars]-(?:\d{6,14}-){1,3}[A-Za-z0-9]{18,64}|xox[pr]-(?:\d{8,14}-){3}[a-f0-9]{32}|xoxe\.xox[bp]-\d-[A-Za-z0-9]{100,}|xapp-\d-[A-Z0-9]+-\d+-[a-z0-9]{20,}|xoxe-\d-[A-Za-z0-9]{100,})", 2.8),
    _shape("Slack webhook", r"hooks\.slack\.com/((?:services|workflows|triggers)/[A-Z0-9]{8,12}/[A-Z0-9]{8,12}/[A-Za-z0-9/]{18,})"),
    _shape("Stripe key", r"\b([sr]k_(?:live|test|prod)_[A-Za-z0-9]{16,120}|whsec_[A-Za-z0-9]{24,})\b", 3.0),
    _shape("OpenAI key", r"\b(sk-(?:proj-|svcacct-|admin-|None-)?[A-Za-z0-9_\-]{20,90}T3BlbkFJ[A-Za-z0-9_\-]{20,90}|sk-(?:proj|svcacct|admin)-[A-Za-z0-9_\-]{40,180})\b", 3.3),
    _shape("Anthropic key", r"\b(sk-ant-[a-z]{3,6}\d\d-[A-Za-z0-9_\-]{24,120})", 3.3),
    _shape("API key", r"\b(sk-(?:or-v1-|lf-)?[a-f0-9\-]{32,64}|sk-[A-Za-z0-9]{32,64})\b", 3.0),
    _shape("Google token", r"\b(ya29\.[A-Za-z0-9_\-]{30,}|GOCSPX-[A-Za-z0-9_\-]{24,}|1//0[A-Za-z0-9_\-]{30,})", 3.3),
    _shape(
        # A browser key of Firebase or Maps is public by design and stands in every page that uses it, so that its
        # shape alone says nothing; named as a key or secret it counts.
        "Google API key",
        r"(?i:key|token|secret|gemini|password)[a-z_]{0,12}[\"'`]?(?:\s*[:=]>?\s*|\s+(?:is|to)\s+|=)[\"'`]?(AIza[A-Za-z0-9_\-]{35})\b",
        3.8,
    ),
    _shape("Twilio key", r"\b((?:AC|SK)[0-9a-f]{32})\b", 3.0),
    _shape("SendGrid key", r"\b(SG\.[A-Za-z0-9_\-]{16,32}\.[A-Za-z0-9_\-]{30,64})", 3.3),
    _shape("Mailgun key", r"\b((?:key|pubkey)-[0-9a-f]{32})\b", 3.0),
    _shape("Mailchimp key", r"\b([0-9a-f]{32}-us[0-9]{1,2})\b", 3.0),
    _shape("npm token", r"\b(npm_[A-Za-z0-9]{36})\b", 3.0),
    _shape("npm token", r"//[\w./\-]+/:_authToken=\s*(npm_[\w\-]+|[A-Fa-f0-9\-]{36})\b"),
    _shape("PyPI token", r"\b(pypi-Ag(?:E|EN)[A-Za-z0-9_\-]{50,})", 3.3),
    _shape("RubyGems key", r"\b(rubygems_[a-f0-9]{48})\b"),
    _shape("Hugging Face token", r"\b((?:hf_|api_org_)[A-Za-z]{34})\b", 3.5),
    _shape("Azure client secret", r"(?:^|[^A-Za-z0-9_~.\-])([A-Za-z0-9_~.\-]{3}[0-9]Q~[A-Za-z0-9_~.\-]{31,34})(?:$|[^A-Za-z0-9_~.\-]|\.[\s\"']|\.$)", 3.5),
    _shape("Azure storage key", r"(?i)AccountKey=([A-Za-z0-9+/]{60,90}={0,2})", 3.5),
    _shape("Azure signature", r"(?i)[?&]sig=([A-Za-z0-9%+/]{40,}(?:%3d|=){0,2})", 3.5),
    _shape("Shared access key", r"(?i)SharedAccessKey=([A-Za-z0-9+/]{40,}={0,2})", 3.5),
    _shape("Telegram token", r"(?:^|[^0-9A-Za-z])(?:bot)?(\d{8,10}:AA[A-Za-z0-9_\-]{32,34})(?:$|[^A-Za-z0-9_\-])", 3.3),
    _shape("Discord token", r"(?:^|[^A-Za-z0-9_\-.])([MNOA][A-Za-z0-9_\-]{23,27}\.[A-Za-z0-9_\-]{6}\.[A-Za-z0-9_\-]{27,40})", 3.3),
    _shape("Discord webhook", r"discord(?:app)?\.com/api/webhooks/(\d{16,20}/[A-Za-z0-9_\-]{60,72})", 3.3),
    _shape("Facebook token", r"\b(EAA[MC][A-Za-z0-9]{100,})\b", 3.5),
    _shape("Notion token", r"\b(ntn_[0-9]{11}[A-Za-z0-9]{35}|secret_[A-Za-z0-9]{43})\b", 3.3),
    _shape("Artifactory key", r"(?:^|[\s=:\"'`(])(AKC[A-Za-z0-9]{60,}|AKCp[A-Za-z0-9]{10,}|cmVmd[A-Za-z0-9]{59})", 3.0),
    _shape("DigitalOcean token", r"\b(do[opr]_v1_[a-f0-9]{64})\b"),
    _shape("Doppler token", r"\b(dp\.(?:pt|st|ct|sa|scim|audit)\.(?:[a-z0-9_\-]{2,35}\.)?[A-Za-z0-9]{40,44})\b", 3.3),
    _shape("Databricks token", r"\b(dapi[a-f0-9]{32}(?:-\d)?)\b", 3.0),
    _shape("Dynatrace token", r"\b(dt0[a-z]\d\d\.[A-Z0-9]{24}\.[A-Z0-9]{64})\b", 3.0),
    _shape("Shopify token", r"\b(shp(?:at|ca|pa|ss|tka|tkn)?_[a-fA-F0-9]{32})\b", 3.0),
    _shape("Square token", r"\b((?:EAAA|sq0atp-|sq0csp-)[A-Za-z0-9_\-]{22,60})\b", 3.8),
    _shape("Linear key", r"\b(lin_api_[A-Za-z0-9]{40})\b"),
    _shape("Grafana token", r"\b(gl(?:sa_[A-Za-z0-9]{32}_[A-Fa-f0-9]{8}|c_[A-Za-z0-9+/]{32,}={0,2})|eyJrIjoi[A-Za-z0-9]{70,}={0,2})", 3.0),
    _shape("Sentry token", r"\b(sntry[su]_[A-Za-z0-9+/=]{40,}_?[A-Za-z0-9+/]*)", 3.0),
    _shape("Sourcegraph token", r"\b(sgp_(?:[a-fA-F0-9]{16}_|local_)?[a-fA-F0-9]{40})\b", 3.0),
    _shape("HashiCorp Vault token", r"\b(hv[sbr]\.[A-Za-z0-9_\-]{24,})", 3.5),
    _shape("HashiCorp Vault token", r"(?:^|[\s\"'=:])(s\.[A-Za-z]*\d[A-Za-z0-9]*)(?:$|[\s\"',;])", 3.6),
    _shape("Terraform token", r"\b([A-Za-z0-9]{14}\.atlasv1\.[A-Za-z0-9_\-=]{60,70})", 3.3),
    _shape("Atlassian token", r"\b(ATATT3[A-Za-z0-9_\-=]{150,}|ATBB[A-Za-z0-9]{32,})", 3.3),
    _shape("Airtable token", r"\b(pat[A-Za-z0-9]{14}\.[a-f0-9]{64})\b", 3.0),
    _shape("Figma token", r"\b(fig[dopu][hru]?_[A-Za-z0-9_\-]{36,})", 3.3),
    _shape("Postman key", r"\b(PMAK-[a-f0-9]{24}-[a-f0-9]{34})\b", 3.0),
    _shape("New Relic key", r"\b(NR(?:AK|JS|II|AA|RA)-[A-Za-z0-9]{19,32})\b", 3.0),
    _shape("1Password token", r"\b(ops_eyJ[A-Za-z0-9+/_\-]{200,}={0,3}|A3-[A-Z0-9]{6}-(?:[A-Z0-9]{11}|[A-Z0-9]{6}-[A-Z0-9]{5})-[A-Z0-9]{5}-[A-Z0-9]{5}-[A-Z0-9]{5})", 3.0),
    _shape("Perplexity key", r"\b(pplx-[A-Za-z0-9]{48})\b", 3.5),
    _shape("Groq key", r"\b(gsk_[A-Za-z0-9]{52})\b", 3.5),
    _shape("xAI key", r"\b(xai-[A-Za-z0-9]{80})\b", 3.5),
    _shape("Replicate token", r"\b(r8_[A-Za-z0-9]{37})\b", 3.5),
    _shape("LangSmith key", r"\b(lsv2_(?:pt|sk)_[a-f0-9]{32}_[a-f0-9]{10})\b", 3.0),
    _shape("Fly token", r"\b(fo1_[A-Za-z0-9_\-]{43}|fm[12][ar]?_[A-Za-z0-9+/]{100,}={0,3})", 3.5),
    _shape("Duffel token", r"\b(duffel_(?:test|live)_[A-Za-z0-9_\-=]{43})"),
    _shape("PlanetScale token", r"\b(pscale_(?:tkn|oauth|pw)_[A-Za-z0-9_\-=.]{32,64})", 3.0),
    _shape("Prefect token", r"\b(pn[ub]_[A-Za-z0-9]{36})\b", 3.0),
    _shape("Pulumi token", r"\b(pul-[a-f0-9]{40})\b"),
    _shape("Readme token", r"\b(rdme_[a-z0-9]{70})\b"),
    _shape("EasyPost key", r"\b(EZ[AT]K[A-Za-z0-9]{54})\b", 3.5),
    _shape("Frame.io token", r"\b(fio-u-[A-Za-z0-9_\-=]{64})"),
    _shape("Clojars token", r"\b(CLOJARS_[a-z0-9]{60})\b"),
    _shape("Adobe secret", r"\b(p8e-[A-Za-z0-9]{32})\b", 3.0),
    _shape("age secret key", r"\b(AGE-SECRET-KEY-1[QPZRY9X8GF2TVDW0S3JN54KHCE6MUA7L]{58})\b"),
    _shape("Alibaba key", r"\b(LTAI[A-Za-z0-9]{17,21})\b", 3.3),
    _shape("42 token", r"\b(s-s4t2(?:ud|af)-[a-f0-9]{64})\b"),
    _shape("Typeform token", r"\b(tfp_[A-Za-z0-9\-_.=]{59})"),
    _shape("Infracost key", r"(?:^|[\s\"'=:])(ico-[A-Za-z0-9]{32})\b", 3.3),
    _shape("Intercom or Heroku token", r"\b(HRKU-[A-Za-z0-9_\-]{36,60})", 3.0),
    _shape("Octopus key", r"\b(API-[A-Z0-9]{26,27})\b", 3.6),
    _shape("OpenShift token", r"\b(sha256~[A-Za-z0-9_\-]{43})", 3.5),
    _shape("Scalingo token", r"\b(tk-us-[A-Za-z0-9_\-]{48})"),
    _shape("Dropbox token", r"\b(sl\.(?:u\.)?[A-Za-z0-9_\-]{130,})", 3.5),
    _shape("private key", r"(-----BEGIN (?:[A-Z0-9]+ )*PRIVATE KEY(?: BLOCK)?-----[^\-]*[A-Za-z0-9+/]{30}[^\-]*(?:-----END [A-Z0-9 ]*PRIVATE KEY(?: BLOCK)?-----)?)"),
)  # fmt: skip

_JWT: Final = compile_expression(r"\b(eyJ[A-Za-z0-9_\-]{8,}\.eyJ[A-Za-z0-9_\-=]{8,}(?:\.[A-Za-z0-9_\-]*=*)?)")
_URL: Final = compile_expression(
    r"[A-Za-z][A-Za-z0-9+.\-]{1,20}://([^\s/:@'\"<>?#]{0,64}):([^\s/@'\"<>]{3,128})@[A-Za-z0-9\[$]"
)
_HEADER: Final = compile_expression(
    r"(?i)(?:\b(?:proxy-)?authorization|\b(?:x-[a-z\-]{0,24})?(?:api|auth|access|private|vault)-(?:token|key)|[\"' ]token)[\"']?\s*[:=]\s*[\"']?"
    r"(?:(?:bearer|basic|token|api-token|apikey|api-key|key|sso-key)\s+)?([A-Za-z0-9+/_\-.=~:]{8,})"
)
_BEARER: Final = compile_expression(r"(?:\b[Bb]earer|\bBasic) +([A-Za-z0-9+/_\-.=~]{16,})")
_CURL_USER: Final = compile_expression(
    r"\bcurl\b[^\n]{0,400}?\s(?:-u|--user)[ =]+(\"[^\"\n]+\"(?::\"[^\"\n]+\")?|'[^'\n]+'(?::'[^'\n]+')?|[^\s\"'-]\S*)"
)
_ASSIGNMENT: Final = compile_expression(
    r"(?i)([a-z0-9_.\-]{0,40}(?:passw(?:or)?d|passwort|passphrase|pwd|secret|token|api[_\- ]?key|access[_\- ]?key|auth[_\- ]?key"
    r"|private[_\- ]?key|encryption[_\- ]?key|signing[_\- ]?key|secret[_\- ]?key|account[_\- ]?key|client[_\- ]?srt|[a-z0-9]_key|credentials?|auth"
    r"|[a-z]key|contraseña|mot de passe|senha|пароль|密码|密碼|パスワード|비밀번호))"
    r"(?:[\"'`]?\]?(?:\s+(?:string|str|String))?\s*(?::=|=>|=|:|\bis\b|：)\s*)((?:[a-z]{0,2})?\"[^\"\n]{6,200}\"|'[^'\n]{6,200}'|`[^`\n]{6,200}`|[^\s\"'`,;<>(){}\[\]]{6,200})"
)

_PLACEHOLDER: Final = re.compile(
    r"x{4,}|\*{3,}|\.{3,}|…|#{4,}|0{8,}|1{8,}|(?:12345678|abcdefgh|87654321)|example|sample|placeholder|dummy|changeme|change[_\-]me|replace|redacted"
    r"|insert|todo|fixme|\byour|your[_\-]|(?:^|[_\-])my[_\-]|-here\b|_here|here$|fake[_\-]|[_\-]fake|\bfake|^test|lorem|secret[_\-]?(?:key|name|value)|[_\-]?password$|p[a4@]ssw[o0]rd"
    r"|^<.*>$|^\$|\$\{|\$\(|\{\{|%\(|%s|^%|\bnone\b|\bnull\b|undefined|process\.env|os\.environ|getenv|secrets\.|vault:|^file:|^/"
)
_STRUCTURED: Final = re.compile(
    # File names, dotted or camel-case identifiers, words joined by separators, versions, addresses, calls.
    r"(?:[A-Za-z_$][\w$]*\.)+[A-Za-z_$][\w$]*(?:\(.*)?|[A-Za-z]+(?:[_\-./ :]+[A-Za-z]+)*\d{0,3}|[\w\-]+(?:\.[\w\-]+)*\.(?:pem|cer|crt|p12|jks|json|ya?ml|txt|key|js|ts|py|com|io|net|org)"
    r"|https?://.*|(?:[a-z\-_:]+[\-_:])?v?\d+(?:\.\d+)+.*|(?:[a-z0-9]+-)+(?:snapshot|release|api|key|name)|[A-Z]+\d{0,3}(?:[_\-][A-Z]+\d{0,3})+|[\w.\-]+@[\w\-]+\.[a-z.]{2,}|\d+"
    r"|[\w.]*[(\[].*"
)
_UUID: Final = re.compile(r"(?i)[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}")
_NO_SECRET_NAME: Final = re.compile(
    r"(?i)(?:^|[_\-. ])(?:public|pub|primary|foreign|sort|partition|bucket|cache|group|map|dict|index|row|column|hot|short|arrow|license|registry"
    r"|key_?board|monkey|turkey|hockey|donkey|jockey|whiskey|next|page|continuation|csrf_?header|max|num|count|total|input|output"
    r"|prompt|completion|n|reset|forgot|no|not|stop|pad|eos|bos|mask|unk|sep|cls|special|design|color|theme)[_\-]?(?:key|token|password|secret)$"
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
    for shape in _SHAPES:
        for match in shape.form.finditer(text):
            value = match[1]
            if shape.kind == "private key" or (entropy(value) >= shape.entropy and not _masked_out(value)):
                yield Detection(shape.kind, match.start(1), match.end(1))


_MASK: Final = re.compile(r"x{6,}|X{6,}|\*{3,}|\.{4,}|0{10,}|(?i:your[_\-]|placeholder|_here)")


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
            yield Detection("JSON Web Token", match.start(1), match.end(1))


def _urls(text: str) -> Iterator[Detection]:
    for match in _URL.finditer(text):
        password = match[2]
        if not (is_variable(password) or password.lower() in _TEACHING or (password.isdigit() and len(password) < 6)):
            yield Detection("password in a URL", match.start(2), match.end(2))


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
                and not _STRUCTURED.fullmatch(value)
                and entropy(value) >= 2.8
            ):
                yield Detection("authorization header", match.start(1), match.start(1) + len(value))


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
            yield Detection("password on a command line", match.start(1), match.end(1))


def _assignments(text: str) -> Iterator[Detection]:
    for match in _ASSIGNMENT.finditer(text):
        name, quoted = match[1], match[2]
        value = quoted.strip("\"'`").strip()
        if _NO_SECRET_NAME.search(name) or not _is_secret_value(value, _PASSWORD_NAME.search(name) is not None):
            continue
        start = match.start(2) + quoted.find(value)
        yield Detection("password" if _PASSWORD_NAME.search(name) else "secret assignment", start, start + len(value))


def _is_secret_value(value: str, password: bool) -> bool:
    if is_placeholder(value) or _STRUCTURED.fullmatch(value) or _UUID.fullmatch(value) or " " in value:
        return False
    if password:
        return len(value) >= 6 and len({_class(c) for c in value}) >= 2 and entropy(value) >= 2.2
    return len(value) >= 12 and any(map(str.isdigit, value)) and any(map(str.isalpha, value)) and entropy(value) >= 3.0


def _class(character: str) -> str:
    return "d" if character.isdigit() else "u" if character.isupper() else "l" if character.isalpha() else "s"


GATES: Final[dict[str, tuple[Detector, ...]]] = {
    r"A(?:KIA|SIA|BIA|CCA|3T.)[A-Z2-7]{8}|ABSK|bedrock-api-key-|gh[pousr]_[A-Za-z0-9]{8}|github_pat_|gl(?:pat|dt|ft|soat|rt|rtr|ffct|cbt|imt|ptt|agent|oas)-|GR1348941|xox[a-z]|xapp-|hooks\.slack"
    r"|[sr]k_(?:live|test|prod)_|whsec_|\bsk-[A-Za-z0-9_\-]{16}|ya29\.|GOCSPX-|1//0|AIza|\b(?:AC|SK)[0-9a-f]{8}|SG\.[A-Za-z0-9]|key-[0-9a-f]{8}|-us\d|npm_|_authToken"
    r"|pypi-|rubygems_|hf_[A-Za-z]|api_org_|\dQ~|(?:A|a)ccount(?:K|k)ey=|[?&]sig=|SharedAccessKey=|:AA|[A-Za-z0-9_\-]{3}\.[A-Za-z0-9_\-]{6}\.[A-Za-z0-9_\-]{20}|api/webhooks/|EAA[A-Z]|ntn_|secret_[A-Za-z0-9]{20}"
    r"|AKC|cmVmd|do[opr]_v1_|dp\.[a-z]|dapi[a-f0-9]{4}|dt0[a-z]\d|shp[a-z]*_|sq0|lin_api_|gl(?:sa|c)_|eyJrIjoi|sntry|sgp_|hv[sbr]\.|\bs\.[A-Za-z0-9]{8}|\.atlasv1\.|ATATT|ATBB"
    r"|\bpat[A-Za-z0-9]{14}|fig[dopu][hru]?_|PMAK-|NR[A-Z]{2}-|ops_eyJ|A3-[A-Z0-9]{6}-|pplx-|gsk_|xai-|r8_|lsv2_|fo1_|fm[12]|duffel_|pscale_|pn[ub]_|pul-|rdme_|EZ[AT]K|fio-u-|CLOJARS_|p8e-"
    r"|AGE-SECRET|LTAI|s-s4t2|tfp_|ico-|HRKU-|\bAPI-[A-Z0-9]{8}|sha256~|tk-us-|\bsl\.|PRIVATE KEY": (_shapes,),
    r"eyJ[A-Za-z0-9_\-]{8,}\.eyJ": (_jwts,),
    r"://[^\s/@'\"<>]{0,64}:[^\s/@]{3,}@": (_urls,),
    r"(?i)authorization|bearer |\bbasic [a-z0-9+/]{8}|(?:api|auth|access|private|vault)[\-_]?(?:token|key)|\btoken[\"']?\s?[:=]": (
        _headers,
    ),
    r"\bcurl\b[^\n]*\s(?:-u|--user)": (_curl_users,),
    r"(?i)(?:pass\w*|pwd|secret\w*|token|key|credentials?|auth|srt|contraseña|mot de passe|senha|пароль|密码|密碼|パスワード|비밀번호)[\"'`\]]{0,2}(?: string)?\s*(?:[:=]|is\b|：)": (
        _assignments,
    ),
}
"""Gate → the detectors that can find something only where the gate occurs."""


def detect(text: str, occurs: Callable[[str], bool]) -> list[Detection]:
    """The credentials of `text`; `occurs` says which gates (keys of `GATES`) occur in it."""
    detectors = dict.fromkeys(d for gate, ds in GATES.items() if occurs(gate) for d in ds)
    return disjoint([found for detector in detectors for found in detector(text)])
