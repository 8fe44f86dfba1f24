"""Equal instructions are one version, whatever was filled in; changed instructions are another."""

import pytest

from otel_evals.records.exchange import Exchange, Message
from otel_evals.slicing.fingerprint import fingerprint, mask
from otel_evals.slicing.versions import UNVERSIONED, PromptVersions
from otel_evals.testing.clock import ManualClock


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Today is 2026-05-03.", "Today is 2027-11-30."),
        ("Today is Monday, May 3 2026, 10:15 AM.", "Today is Friday, June 12 2027, 9:05 PM."),
        (
            "The user's id is 8f14e45f-ceea-467f-9a37-5b2d0c1b6c11.",
            "The user's id is 00000000-1111-4222-8333-444455556666.",
        ),
        ("Ticket T-1881, order #99120.", "Ticket T-7, order #1."),
        ('You speak with "Ana Novak".', 'You speak with "Bo Li".'),
        ("Answer mails from ana@shop.example.", "Answer mails from bo@other.example."),
        ("See https://shop.example/a?b=1 for more.", "See https://shop.example/c for more."),
        ("Be kind.\n\n  Be short.", "Be kind. Be short."),
        ("You are on version 1.2.3-rc1 of 10.0.0.1.", "You are on version 2.0.0 of 192.168.0.7."),
    ],
)
def test_what_varies_between_calls_does_not_make_a_version(one, other) -> None:
    assert fingerprint(one) == fingerprint(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("You answer from the documents.", "You answer from the documents and cite them."),
        ("Be kind.", "Be brief."),
        ("You may refuse.", "You must refuse."),
        ("Don't say no, don't be rude.", "Don't say no, don't be long."),
    ],
)
def test_changed_instructions_make_a_version(one, other) -> None:
    assert fingerprint(one) != fingerprint(other)


def test_nothing_has_no_fingerprint() -> None:
    assert fingerprint("  \n ") is None


@pytest.mark.parametrize(
    ("instructions", "masked"),
    [
        ("It may rain in May 2026, from 3 may on.", "It may rain in # #, from # may on."),
        ("Say 'x y' or \"z\", don't say it's o'clock at 10:15 pm.", "Say # or #, don't say it's o'clock at # #."),
        ("Mail may.b@c.example, see http://d.example/?e=f today.", "Mail #, see # today."),
        ("Am Montag, den 3. M\u00e4rz, f\u00fcr \u00abAna\u00bb", "# Montag, den #. M\u00e4rz, f\u00fcr #"),
    ],
)
def test_variable_parts_are_masked_where_they_stand(instructions, masked) -> None:
    assert mask(instructions) == masked


def test_a_prompt_with_half_a_surrogate_pair_has_a_fingerprint() -> None:
    assert PromptVersions(50, ManualClock()).fingerprint(exchange("Be kind \ud83d.")) is not None


def exchange(system: str | None = None, **fields) -> Exchange:
    messages = (Message(role="system", text=system),) if system else ()
    return Exchange(messages=messages, service_name="shop", **fields)


def test_retrieved_passages_in_the_prompt_do_not_make_a_version() -> None:
    versions = PromptVersions(50, ManualClock())
    rule = "Answer only from the documents below and cite them.\n\n"
    one = versions.fingerprint(exchange(rule + "[a-1] Kettles are red.\n[a-2] Lamps are blue."))
    other = versions.fingerprint(exchange(rule + "[b-7] Ships sail.\n[b-9] Trains run on rails.\n[b-8] Cars drive."))
    assert one == other is not None


def test_a_template_is_taken_before_the_filled_in_prompt() -> None:
    versions = PromptVersions(50, ManualClock())
    filled = versions.fingerprint(exchange("You help Ana", prompt_template="You help {name}"))
    assert filled == versions.fingerprint(exchange("You help Bo", prompt_template="You help {name}"))


def test_a_named_version_is_taken_as_it_is() -> None:
    versions = PromptVersions(50, ManualClock())
    assert versions.label(exchange(prompt_version="7"), "abc") == "7"
    assert versions.label(exchange(), "abc") == "fp:abc"
    assert versions.label(exchange(), None) == UNVERSIONED


def test_a_service_gets_its_versions_back_when_its_prompts_repeat_again() -> None:
    clock = ManualClock()
    versions = PromptVersions(2, clock)
    assert [versions.label(exchange(), f) for f in "abca"] == ["fp:a", "fp:b", UNVERSIONED, "fp:a"]
    clock.advance(3601)
    assert versions.label(exchange(), "c") == "fp:c"


def test_one_service_whose_prompts_do_not_repeat_takes_nothing_from_another() -> None:
    versions = PromptVersions(1, ManualClock())
    versions.label(exchange(), "a")
    assert versions.label(exchange(), "b") == UNVERSIONED
    assert versions.label(Exchange(service_name="other"), "b") == "fp:b"


def test_dates_in_a_script_without_spaces_are_masked_and_the_rest_stays() -> None:
    today, tomorrow = "你是客服。今天是2026年5月3日。", "你是客服。今天是2027年11月30日。"
    assert fingerprint(today) == fingerprint(tomorrow)
    assert fingerprint(today) != fingerprint("你是销售。今天是2026年5月3日。")


@pytest.mark.parametrize("piece", ["_", "a.", "的", "a@", "sk-", "'", "é1."])
def test_masking_takes_time_in_proportion_to_the_text(piece) -> None:
    # A backtracking engine would take minutes here, and the timeout of the suite would end it.
    assert fingerprint("1é " + piece * (500_000 // len(piece)))
