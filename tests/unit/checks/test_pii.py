"""What `pii` takes for personal data, what not, and that it never tells what it found."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from otel_evals.checks.pii import Pii
from otel_evals.checks.secrets import Secrets
from otel_evals.config.load import load
from otel_evals.forward.redaction import redact
from otel_evals.records.errors import ConfigurationError
from otel_evals.records.evaluation import Label
from otel_evals.records.exchange import Choice, Document, Exchange, Message, ToolResult
from otel_evals.text import addresses, personal
from otel_evals.text.patterns import PatternPass, Target
from otel_evals.text.scan import Scan


def evaluate(answer, *, user="Who is it?", system="", check=None, **fields):
    check = check or Pii()
    messages = (Message(role="system", text=system), Message(role="user", text=user), *fields.pop("more", ()))
    exchange = Exchange(messages=messages, choices=(Choice(message=Message(role="assistant", text=answer)),), **fields)
    return check.evaluate(Scan(exchange, PatternPass(check.patterns())))


PERSONAL = {
    "e-mail": ["Write to bob.smith@acme.co.uk.", "Seine Adresse: jürgen@bücher.de", "a@xn--d1acufc.xn--p1ai"],
    "phone number": [
        "Rufen Sie Frau Müller unter 030 12345678 an.",
        "Appelez le 06 12 34 56 78.",
        "Puede llamar al 612 345 678.",
        "请拨打手机 13812345678。",
        "携帯は090-1234-5678です。",
        "전화번호는 010-1234-5678입니다",
        "Звоните +7 (495) 123-45-67.",
        "Мой телефон 495 123-45-67.",
        "رقم الهاتف 55 123 4567",
        "Call me at (212) 736-5187 ext. 12",
        "+44 20 7946 0958",
    ],
    "payment card": ["4111 1111 1111 1111", "AMEX 3782 822463 10005", "her card is 503802053770"],
    "IBAN": ["His IBAN is DE89 3704 0044 0532 0130 00.", "gb33bukb20201555555555"],
    "US SSN": ["SSN: 219-09-9999", "abc 219 09 9999 abc"],
    "Brazilian CPF": ["CPF: 529.982.247-25"],
    "Spanish DNI": ["Su DNI es 12345678Z."],
    "Italian fiscal code": ["codice fiscale RSSMRA85T10A562S"],
    "UK NHS number": ["NHS number 943 476 5919"],
    "Indian Aadhaar": ["my Aadhaar is 2341 2341 2346"],
    "Polish PESEL": ["PESEL 44051401359"],
    "UK national insurance number": ["NINO AB 12 34 56 C"],
    "passport or licence number": ["Passport number: X12345678", "Führerschein Nr. B072RRE2I55"],
    "IP address": ["Client IP 93.184.216.34 logged in", "from 2a00:1450:4001:80b::200e"],
    "name with street address": [
        "Mr John Smith, 12 Baker Street, London",
        "Frau Anna Schmidt wohnt in der Hauptstraße 12, 10115 Berlin",
        "M. Dupont habite au 12 rue de la Paix, 75002 Paris",
        "姓名：张伟\n地址：北京市朝阳区建国路88号",  # noqa: RUF001 - Chinese punctuation
        "Name: Jan Kowalski\nAdres: ul. Kwiatowa 12, 00-001 Warszawa",
        "Ann Lee\n77 Mill Lane\nApt. 3\nLeeds\nUnited Kingdom 12345",
    ],
}


@pytest.mark.parametrize(("kind", "answer"), [(kind, a) for kind, answers in PERSONAL.items() for a in answers])
def test_personal_data_fails_with_its_kind(kind, answer):
    finding = evaluate(answer)
    assert finding.label is Label.FAIL
    assert kind in finding.explanation


@pytest.mark.parametrize(
    "answer",
    [
        "Your order number is 415-555-0132-88 and ships on 2024-05-12.",
        "Order #4111111111111111 has been placed.",
        "The meeting is on 12/05/2024 from 08:00 to 17:30.",
        "Install version 10.2.14.1 of the driver.",
        "Population: 1 234 567 890 people.",
        "ISBN 978-3-16-148410-0",
        "Call the function with 1000000 iterations.",
        "The British Museum, 12 Great Russell Street, London is open daily.",
        "You can reach 10 000 000 users in 2024-2025.",
        "Unix timestamp 1732185594000 and 1732185594.",
        "git clone git@github.com:foo/bar.git",
        "npm i left-pad@1.3.0",
        "@dataclass(frozen=True)",
        "Set it to 192.168.1.10, 127.0.0.1 or fe80::1, and 8.8.8.8 as DNS.",
        "uuid 123e4567-e89b-12d3-a456-426614174000",
        "sha256: 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
        "Dial 112, or the suicide hotline 1-800-273-8255.",
        "Coordinates: 40.712776, -74.005974",
        "tracking number 1Z999AA10123456784",
        "Address the issue in section 4.2.1.3 of the document.",
        "user@example.com is a placeholder",
        "Die Rechnung Nr. 0123 456 789 vom 01.02.2024",
        "Mobile usage grew in 2019 2020 2021.",
        "mac 00:1a:2b:3c:4d:5e at 12:34:56:78",
        "std::vector<int> a::b; x[1:2:3]",
        "He lives in 3 houses.",
        "World Cup Winners\nBrazil 2002\nItaly 2006\nSpain 2010",
        "Quarterly Results\nQ1 revenue 1200\nQ2 revenue 1300\nQ3 revenue 14000",
        "Top Songs\n1 Yesterday\n2 Imagine 1971\n3 Respect",
        "Getting Started\n\n1. Install version 2024\n2. Restart\n",
        "Canberra.",
    ],
)
def test_ordinary_numbers_and_addresses_pass(answer):
    finding = evaluate(answer)
    assert finding.label is Label.PASS, finding.explanation


@pytest.mark.parametrize(
    "answer",
    [
        "Set DATABASE_URL=postgres://app:hunter22@db.internal.org:5432/app.",
        "Write to support@acme.com, sales-team@acme.com or No-Reply@mail.acme.com.",
        "Der Kundenservice hilft: kundenservice@firma.de, info@firma.de",
        "The SSN format is 123-45-6789; 078-05-1120 was printed on sample cards.",
        "Call (212) 555-0142 or +1 415-555-0199; phone: 555-0100",
    ],
)
def test_mailboxes_of_offices_users_of_urls_and_numbers_kept_for_examples_are_nobodys(answer):
    finding = evaluate(answer)
    assert finding.label is Label.PASS, finding.explanation


@pytest.mark.parametrize(
    "answer",
    [
        "infos.smith@acme.com", "https://acme.com/user?name=bob, bob@acme.com", "Call (212) 555-0242.", "219-09-9998",
        "See https://acme.com and write to bob@acme.com",
    ],
)  # fmt: skip
def test_what_only_resembles_them_is_personal(answer):
    assert evaluate(answer).label is Label.FAIL


@pytest.mark.parametrize(
    "url",
    [
        "https://acme.com/user?mail=bob@acme.com",
        "https://acme.com:8080/user?id=4&mail=bob@acme.com&x=1",
        "http://acme.com?bob@acme.com",
        "https://acme.com/app#/users?to=bob@acme.com",
    ],
)
def test_an_address_in_the_query_of_a_url_is_found_without_the_rest_of_it(url):
    assert evaluate(f"See {url} for it").label is Label.FAIL
    assert evaluate(f"See {url} for it", user="I am bob@acme.com").label is Label.PASS
    assert evaluate(f"See {url.replace('bob@acme.com', 'user@example.com')} for it").label is Label.PASS
    (found,) = personal.detect(url, lambda _: True)
    assert url[found.start : found.end] == "bob@acme.com"
    assert redact(url) == url.replace("bob@acme.com", "[REDACTED:e-mail]")


def test_the_user_of_a_url_is_no_address():
    assert evaluate("Open https://bob@acme.com/a?b=c, or https://acme.com/@bob").label is Label.PASS


def test_addresses_far_from_each_other_are_all_found():
    answer = (
        "Ask ann@acme.com.\n"
        + "All is well. " * 40
        + "\nOr <bob@acme.com>,\u00a0(eve@acme.com) and j\u00fcrgen@b\u00fccher.de\u3002"
    )
    found = personal.detect(answer, lambda _: True)
    assert [answer[d.start : d.end] for d in found] == [
        "ann@acme.com", "bob@acme.com", "eve@acme.com", "j\u00fcrgen@b\u00fccher.de",
    ]  # fmt: skip


@pytest.mark.parametrize("check", [Pii, Secrets])
def test_an_unknown_kind_to_ignore_is_refused_with_the_nearest_one(check):
    with pytest.raises(ConfigurationError, match="ignore: unknown kind 'nonsense'; known: "):
        check(ignore=("nonsense",))
    assert all(check(ignore=(kind,)) for kind in check.kinds)


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ("pii: {ignore: [ip adress]}", "checks.pii.*unknown kind 'ip adress'; did you mean IP address?"),
        ("pii: {ignore: [iban]}", "checks.pii.*did you mean IBAN?"),
        ("secrets: {ignore: [JSON Webtoken]}", "checks.secrets.*did you mean JSON Web Token?"),
    ],
)
def test_a_configuration_with_an_unknown_kind_names_its_place(tmp_path, settings, said):
    file = tmp_path / "config.yaml"
    file.write_text(f"checks:\n  {settings}\n")
    with pytest.raises(ConfigurationError, match=said.replace("?", r"\?")):
        load(file, checks={"pii": Pii, "secrets": Secrets}, environ={})


def test_every_kind_that_is_found_can_be_ignored():
    assert set(PERSONAL) <= Pii.kinds
    for kind, answers in PERSONAL.items():
        assert all(evaluate(answer, check=Pii(ignore=(kind,))).label is Label.PASS for answer in answers[:1]), kind


def test_wrong_check_digits_are_no_personal_data():
    assert evaluate("4111 1111 1111 1112").label is Label.PASS
    assert evaluate("GB33BUKB20201555555556").label is Label.PASS


def test_what_the_user_supplied_may_be_repeated_in_another_spelling():
    answer = "I noted +1 (212) 736-5187, card 4111 1111 1111 1111 and Bob@Acme.com."
    assert evaluate(answer, user="212.736.5187 4111-1111-1111-1111 bob@acme.com").label is Label.PASS
    assert evaluate(answer, user="212.736.5187 bob@acme.com").label is Label.FAIL


def test_what_stands_in_documents_tool_results_or_instructions_was_not_supplied_by_the_user():
    text = "bob@acme.com"
    tool = Message(role="tool", tool_results=(ToolResult(text=text),))
    assert evaluate(text, more=(tool,)).label is Label.FAIL
    assert evaluate(text, documents=(Document(text=text),)).label is Label.FAIL
    assert evaluate(text, system=text).label is Label.FAIL
    assert evaluate(text, system=text, check=Pii(trust_system=True)).label is Label.PASS


def test_allowed_values_domains_and_ignored_kinds_pass():
    assert evaluate("+1 212 736 5187", check=Pii(allow=("+1 (212) 736-5187",))).label is Label.PASS
    assert evaluate("jane@acme.com", check=Pii(allow=("@acme.com",))).label is Label.PASS
    assert evaluate("jane@evil.com", check=Pii(allow=("@acme.com",))).label is Label.FAIL
    assert evaluate("IP 93.184.216.34", check=Pii(ignore=("IP address",))).label is Label.PASS


def test_the_explanation_counts_and_masks_and_never_quotes():
    values = ["jane.sample@acme.com", "john.roe@acme.org", "4111 1111 1111 1111", "+1 (212) 736-5187"]
    explanation = evaluate("\n".join(values)).explanation
    assert "e-mail ×2 (j…@…)" in explanation  # noqa: RUF001 - the sign is meant
    assert not any(value in explanation for value in values)
    assert "1111 " not in explanation
    assert "736" not in explanation


def test_the_kinds_of_both_checks_are_found_in_one_shared_pass():
    checks = (Pii(), Secrets())
    passes = PatternPass(pattern for check in checks for pattern in check.patterns())
    text = "All is well, and 12 of 90 rows are done. " * 1500 + "bob@acme.com postgres://admin:x7Kq2mPz@db.corp.io/prod"
    exchange = Exchange(choices=(Choice(message=Message(role="assistant", text=text)),))
    scan = Scan(exchange, passes)
    assert [check.evaluate(scan).label for check in checks] == [Label.FAIL, Label.FAIL]


def test_no_answer_no_verdict():
    assert evaluate("") is None


def test_a_hit_at_the_end_of_a_long_text_is_found():
    assert evaluate("All is well, and 12 of 90 rows are done. " * 1500 + "bob@acme.com").label is Label.FAIL


def test_the_recorded_contact_card_fails_and_the_other_answers_pass(recordings):
    scenarios = json.loads((recordings / "canned.json").read_text())["scenarios"]
    labels = {name: evaluate(s["answer"], user=s["user"]).label for name, s in scenarios.items() if s["answer"]}
    assert {name for name, label in labels.items() if label is Label.FAIL} == {"pii"}
    assert len(labels) > 10


def test_labelled_rows_keep_their_figures(check_rows):
    rows = [json.loads(line) for line in (check_rows / "pii.jsonl").read_text().splitlines()]
    fired = {
        r["id"] for r in rows if evaluate(r["output"], user=r["input"]["messages"][-1]["content"]).label is Label.FAIL
    }
    bad = {r["id"] for r in rows if r["label"] == "fail"}
    assert 2 * len(fired & bad) / (len(fired) + len(bad)) >= 0.97
    assert len(fired - bad) / (len(rows) - len(bad)) <= 0.03


PATTERNS = PatternPass(Pii().patterns())
PIECES = st.sampled_from([
    "Ann Lee", "Mr ", "John Smith", ", ", " ", "\n", "\n", ". ", "12", "77 Mill Lane", "12 Baker Street", "Apt. 3",
    "Unit 4",
    "W1A 1AA", "K1A 0B1", "12345", "PSC 3 Box 4", "Main Rd", "lives at ", "wohnt in der ", "Hauptstra\u00dfe 12",
    "Address: ",
    "Name: ", "his address is ", "\u5730\u5740", "\u5efa\u56fd\u8def88\u53f7", "Shipping address", " of ",
    "9 Elm St", "rue de la Paix",
])  # fmt: skip


@given(st.lists(PIECES, max_size=8).map("".join))
def test_an_address_is_found_only_where_a_gate_occurs(answer):
    gates = {pattern.expression for pattern in PATTERNS.match(Target.ANSWER, answer)}
    ungated = [d for d in personal.detect(answer, lambda _: True) if d.kind == addresses.KIND]
    assert [d for d in personal.detect(answer, gates.__contains__) if d.kind == addresses.KIND] == ungated


DIGITS = st.lists(
    st.sampled_from(["5", "12", "030", "415", "7364", "+", "-", " ", ".", "/", "(", ")", "\u2011", "tel ", "x"])
)


@given(DIGITS.map("".join).map("Call {}.".format))
def test_a_phone_number_is_found_only_where_a_gate_occurs(answer):
    gates = {pattern.expression for pattern in PATTERNS.match(Target.ANSWER, answer)}
    ungated = [d for d in personal.detect(answer, lambda _: True) if d.kind == personal.PHONE]
    assert [d for d in personal.detect(answer, gates.__contains__) if d.kind == personal.PHONE] == ungated
