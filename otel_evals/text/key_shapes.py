"""The published key shapes of providers: data for `text.credentials`, one row a shape.

A shape is written so that its prefix, alphabet and length say what it is; the entropy floor sorts out what only has the
shape (`ghp_xxxx…`). To add a provider, add a row, and its prefix to `GATE`.
"""

from typing import Any, Final

import msgspec

from otel_evals.text.patterns import compile_expression


class KeyShape(msgspec.Struct, frozen=True):
    """The published form of one provider's credential. The first group, where there is one, is the credential."""

    kind: str
    form: Any
    entropy: float
    """Bits a character below which a value is no random one."""
    digit: bool
    """Whether a digit must occur, because a dotted identifier has the same shape without one."""


def _shape(kind: str, form: str, entropy: float = 2.5, *, digit: bool = False) -> KeyShape:
    return KeyShape(kind, compile_expression(form), entropy, digit)


SHAPES: Final = (
    _shape("AWS access key", r"\b((?:AKIA|ASIA|ABIA|ACCA|A3T[A-Z0-9])[A-Z2-7]{16})\b"),
    _shape("AWS Bedrock key", r"\b((?:ABSK[A-Za-z0-9+/]{100,}|bedrock-api-key-[A-Za-z0-9+/]{40,})={0,2})", 1.5),
    _shape("GitHub token", r"\b(gh[pousr]_[A-Za-z0-9]{36,251}|github_pat_[A-Za-z0-9_]{60,100})\b", 3.0),
    _shape(
        "GitLab token",
        r"\b((?:gl(?:pat|dt|ft|soat|rt|rtr|ffct)-|GR1348941)[A-Za-z0-9_\-]{20,50}"
        r"|glpat-[A-Za-z0-9_\-]{27,300}\.[0-9a-z]{2}\.[0-9a-z]{9}"
        r"|glcbt-[A-Za-z0-9_\-]{20,26}|glimt-[A-Za-z0-9_\-]{25}|glptt-[A-Za-z0-9_\-]{40}|glagent-[A-Za-z0-9_\-]{50,}"
        r"|gloas-[A-Za-z0-9_\-]{64})(?:$|[^A-Za-z0-9_\-])",
        2.8,
    ),
    _shape("Slack token",
        r"\b(xox[bopars]-(?:\d{6,14}-){1,3}[A-Za-z0-9]{18,64}|xox[pr]-(?:\d{8,14}-){3}[a-f0-9]{32}"
        r"|xoxe\.xox[bp]-\d-[A-Za-z0-9]{100,}|xapp-\d-[A-Z0-9]+-\d+-[a-z0-9]{20,}|xoxe-\d-[A-Za-z0-9]{100,})", 2.8),
    _shape("Slack webhook",
        r"hooks\.slack\.com/((?:services|workflows|triggers)/[A-Z0-9]{8,12}/[A-Z0-9]{8,12}/[A-Za-z0-9/]{18,})"),
    _shape("Stripe key", r"\b([sr]k_(?:live|test|prod)_[A-Za-z0-9]{16,120}|whsec_[A-Za-z0-9]{24,})\b", 3.0),
    _shape("OpenAI key",
        r"\b(sk-(?:proj-|svcacct-|admin-|None-)?[A-Za-z0-9_\-]{20,90}T3BlbkFJ[A-Za-z0-9_\-]{20,90}|sk-(?:proj"
        r"|svcacct|admin)-[A-Za-z0-9_\-]{40,180})\b", 3.3),
    _shape("Anthropic key", r"\b(sk-ant-[a-z]{3,6}\d\d-[A-Za-z0-9_\-]{24,120})", 3.3),
    _shape("API key", r"\b(sk-(?:or-v1-|lf-)?[a-f0-9\-]{32,64}|sk-[A-Za-z0-9]{32,64})\b", 3.0),
    _shape("Google token", r"\b(ya29\.[A-Za-z0-9_\-]{30,}|GOCSPX-[A-Za-z0-9_\-]{24,}|1//0[A-Za-z0-9_\-]{30,})", 3.3),
    _shape(
        # A browser key of Firebase or Maps is public by design and stands in every page that uses it, so that its
        # shape alone says nothing; named as a key or secret it counts.
        "Google API key",
        r"(?i:key|token|secret|gemini|password)[a-z_]{0,12}[\"'`]?(?:\s*[:=]>?\s*|\s+(?:is|to)\s+"
        r"|=)[\"'`]?(AIza[A-Za-z0-9_\-]{35})\b",
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
    _shape("Hugging Face token", r"\b((?:hf_|api_org_)[A-Za-z0-9]{34})\b", 3.5),
    _shape("Azure client secret",
        r"(?:^|[^A-Za-z0-9_~.\-])([A-Za-z0-9_~.\-]{3}[0-9]Q~[A-Za-z0-9_~.\-]{31,34})(?:$|[^A-Za-z0-9_~.\-]"
        r"|\.[\s\"']|\.$)", 3.5),
    _shape("Azure storage key", r"[Aa]ccount[Kk]ey=([A-Za-z0-9+/]{60,90}={0,2})", 3.5),
    _shape("Azure signature", r"[?&]sig=([A-Za-z0-9%+/]{40,}(?:%3[dD]|=){0,2})", 3.5),
    _shape("Shared access key", r"SharedAccessKey=([A-Za-z0-9+/]{40,}={0,2})", 3.5),
    _shape("Telegram token", r"(?:^|[^0-9A-Za-z])(?:bot)?(\d{8,10}:AA[A-Za-z0-9_\-]{32,34})(?:$|[^A-Za-z0-9_\-])", 3.3),
    _shape("Discord token",
        r"(?:^|[^A-Za-z0-9_\-.])([MNOA][A-Za-z0-9_\-]{23,27}\.[A-Za-z0-9_\-]{6}\.[A-Za-z0-9_\-]{27,40})", 3.3),
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
    _shape("Grafana token",
        r"\b(gl(?:sa_[A-Za-z0-9]{32}_[A-Fa-f0-9]{8}|c_[A-Za-z0-9+/]{32,}={0,2})|eyJrIjoi[A-Za-z0-9]{70,}={0,2})", 3.0),
    _shape("Sentry token", r"\b(sntry[su]_[A-Za-z0-9+/=]{40,}_?[A-Za-z0-9+/]*)", 3.0),
    _shape("Sourcegraph token", r"\b(sgp_(?:[a-fA-F0-9]{16}_|local_)?[a-fA-F0-9]{40})\b", 3.0),
    _shape("HashiCorp Vault token", r"\b(hv[sbr]\.[A-Za-z0-9_\-]{24,})", 3.5),
    _shape("HashiCorp Vault token", r"(?:^|[\s\"'=:])(s\.[A-Za-z0-9]{24})(?:$|[\s\"',;])", 3.6, digit=True),
    _shape("Terraform token", r"\b([A-Za-z0-9]{14}\.atlasv1\.[A-Za-z0-9_\-=]{60,70})", 3.3),
    _shape("Atlassian token", r"\b(ATATT3[A-Za-z0-9_\-=]{150,}|ATBB[A-Za-z0-9]{32,})", 3.3),
    _shape("Airtable token", r"\b(pat[A-Za-z0-9]{14}\.[a-f0-9]{64})\b", 3.0),
    _shape("Figma token", r"\b(fig[dopu][hru]?_[A-Za-z0-9_\-]{36,})", 3.3),
    _shape("Postman key", r"\b(PMAK-[a-f0-9]{24}-[a-f0-9]{34})\b", 3.0),
    _shape("New Relic key", r"\b(NR(?:AK|JS|II|AA|RA)-[A-Za-z0-9]{19,32})\b", 3.0),
    _shape("1Password token",
        r"\b(ops_eyJ[A-Za-z0-9+/_\-]{200,}={0,3}|A3-[A-Z0-9]{6}-(?:[A-Z0-9]{11}"
        r"|[A-Z0-9]{6}-[A-Z0-9]{5})-[A-Z0-9]{5}-[A-Z0-9]{5}-[A-Z0-9]{5})", 3.0),
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
    _shape("private key",
        r"(-----BEGIN (?:[A-Z0-9]+ )*PRIVATE KEY(?: BLOCK)?-----[^\-]*[A-Za-z0-9+/]{30}[^\-]*"
        r"(?:-----END [A-Z0-9 ]*PRIVATE KEY(?: BLOCK)?-----)?)"),
)  # fmt: skip

GATE: Final = (
    r"A(?:KIA|SIA|BIA|CCA|3T.)[A-Z2-7]{8}|ABSK|bedrock-api-key-|gh[pousr]_[A-Za-z0-9]{8}|github_pat_|gl(?:pat|dt"
    r"|ft|soat|rt|rtr|ffct|cbt|imt|ptt|agent|oas)-|GR1348941|xox[a-z]|xapp-|hooks\.slack"
    r"|[sr]k_(?:live|test|prod)_|whsec_|\bsk-[A-Za-z0-9_\-]{16}|ya29\.|GOCSPX-|1//0|AIza|\b(?:AC|SK)[0-9a-f]{8}"
    r"|\bSG\.[A-Za-z0-9_\-]{16}|key-[0-9a-f]{8}|-us\d|npm_|_authToken"
    r"|pypi-|rubygems_|hf_[A-Za-z0-9]|api_org_|\dQ~|[Aa]ccount[Kk]ey=|[?&]sig=|SharedAccessKey=|:AA"
    r"|[A-Za-z0-9_\-]{3}\.[A-Za-z0-9_\-]{6}\.[A-Za-z0-9_\-]{20}|api/webhooks/|EAA[A-Z]|ntn_"
    r"|secret_[A-Za-z0-9]{20}"
    r"|AKC|cmVmd|do[opr]_v1_|dp\.[a-z]|dapi[a-f0-9]{4}|dt0[a-z]\d|shp[a-z]*_|sq0|lin_api_|gl(?:sa|c)_|eyJrIjoi"
    r"|sntry|sgp_|hv[sbr]\.|\bs\.[A-Za-z0-9]{8}|\.atlasv1\.|ATATT|ATBB"
    r"|\bpat[A-Za-z0-9]{14}|fig[dopu][hru]?_|PMAK-|NR[A-Z]{2}-|ops_eyJ|A3-[A-Z0-9]{6}-|pplx-|gsk_|xai-|r8_|lsv2_"
    r"|fo1_|fm[12]|duffel_|pscale_|pn[ub]_|pul-|rdme_|EZ[AT]K|fio-u-|CLOJARS_|p8e-"
    r"|AGE-SECRET|LTAI|s-s4t2|tfp_|ico-|HRKU-|\bAPI-[A-Z0-9]{8}|sha256~|tk-us-|\bsl\.|PRIVATE KEY"
)
"""Occurs in every text in which a shape occurs: the prefixes, and a few characters behind the short ones."""
