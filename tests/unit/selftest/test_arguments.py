import subprocess
import sys

import pytest

from otel_evals import cli


@pytest.mark.parametrize("verb", ["test", "calibrate"])
def test_both_verbs_have_help_and_take_a_configuration_or_an_address(verb, capsys):
    with pytest.raises(SystemExit) as ended:
        cli.main(["judge", verb, "--help"])
    told = capsys.readouterr().out
    assert ended.value.code == 0
    assert all(flag in told for flag in ("--config FILE", "--judge NAME", "--url URL", "--rubric NAME", "--format"))


@pytest.mark.parametrize("flags", [["--repeat", "0"], ["--repeat", "x"], ["--seconds", "0"], ["--seconds", "nan"]])
def test_a_number_that_makes_no_sense_is_wrong_usage(flags, capsys):
    with pytest.raises(SystemExit) as ended:
        cli.main(["judge", "test", *flags])
    assert ended.value.code == 2
    assert flags[0] in capsys.readouterr().err


def test_the_flags_cost_a_start_of_the_program_nothing():
    script = "import sys, otel_evals.cli; sys.exit('openai' in sys.modules or 'otel_evals.judges' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == 0
