"""Every built-in check keeps the contract of checks, and the suite finds the ones that do not."""

from dataclasses import dataclass, field
from typing import Any, ClassVar

import pytest

from otel_evals.builtin import CHECKS
from otel_evals.plugins.protocols import Check
from otel_evals.records.decision import RiskBand
from otel_evals.records.errors import ConfigurationError
from otel_evals.records.evaluation import Finding, failed, passed
from otel_evals.testing.check_contract import check_check
from otel_evals.text.patterns import Pattern, Target
from otel_evals.text.scan import Scan


@pytest.mark.parametrize("kind", CHECKS.values(), ids=CHECKS)
def test_a_check_judges_any_exchange_without_raising_changing_its_mind_or_quoting(kind: type[Check]):
    check_check(kind())


@dataclass(frozen=True, slots=True, kw_only=True)
class _Fine:
    name: ClassVar[str] = "fine"
    band: ClassVar[RiskBand | None] = None
    needs_content: ClassVar[bool] = True

    def patterns(self) -> tuple[Pattern, ...]:
        return ()

    def evaluate(self, scan: Scan) -> Finding | None:
        return passed()


def test_the_suite_passes_a_check_that_keeps_the_contract():
    check_check(_Fine())


def test_the_suite_refuses_a_reserved_name():
    class Reserved(_Fine):
        name = "risk"

    with pytest.raises(AssertionError, match="reserved"):
        check_check(Reserved())


def test_the_suite_refuses_a_name_that_is_not_snake_case():
    class Loud(_Fine):
        name = "No-Good"

    with pytest.raises(AssertionError, match="snake_case"):
        check_check(Loud())


def test_the_suite_refuses_a_check_whose_settings_can_change():
    @dataclass
    class Open:
        name: ClassVar[str] = "open"
        band: ClassVar[RiskBand | None] = None
        needs_content: ClassVar[bool] = True

        def patterns(self) -> tuple[Pattern, ...]:
            return ()

        def evaluate(self, scan: Scan) -> Finding | None:
            return passed()

    with pytest.raises(AssertionError, match="frozen"):
        check_check(Open())


def test_the_suite_finds_a_pattern_that_cannot_run_in_linear_time():
    class Backward(_Fine):
        def patterns(self) -> tuple[Pattern, ...]:
            return (Pattern(Target.ANSWER, r"(a)\1"),)

    with pytest.raises(ConfigurationError, match="not RE2"):
        check_check(Backward())


def test_the_suite_finds_an_explanation_that_quotes():
    class Quoting(_Fine):
        def evaluate(self, scan: Scan) -> Finding | None:
            return failed(f"The answer says {scan.answer[:80]!r}.")

    with pytest.raises(AssertionError, match="repeat content"):
        check_check(Quoting())


def test_the_suite_finds_a_score_out_of_range():
    class Proud(_Fine):
        def evaluate(self, scan: Scan) -> Finding | None:
            return passed(score=1.5)

    with pytest.raises(AssertionError, match="score"):
        check_check(Proud())


def test_the_suite_finds_a_check_that_changes_its_mind():
    @dataclass(frozen=True, kw_only=True)
    class Moody(_Fine):
        seen: list[Any] = field(default_factory=list, compare=False)

        def evaluate(self, scan: Scan) -> Finding | None:
            self.seen.append(1)
            return passed(score=1 / len(self.seen))

    with pytest.raises(AssertionError, match="the same"):
        check_check(Moody())


def test_the_suite_finds_work_that_grows_faster_than_the_text():
    class Square(_Fine):
        def evaluate(self, scan: Scan) -> Finding | None:
            count = 0
            for _ in scan.answer[::20]:
                for _ in scan.answer[::20]:
                    count += 1
            return passed(score=float(count < 0))

    with pytest.raises(AssertionError, match="grows faster"):
        check_check(Square())


def test_the_suite_lets_an_exception_through():
    class Fragile(_Fine):
        def evaluate(self, scan: Scan) -> Finding | None:
            return passed(score=float(scan.exchange.choices[0].message.text == ""))

    with pytest.raises(IndexError):
        check_check(Fragile())
