import pytest

from otel_evals.testing.judge_script import JudgeBehaviour

RUBRICS = ("faithfulness", "answer_relevance", "tool_use")
CALLS = 45 + 42 + 42
FOLLOWS = ("ignor", "忽略", "تجاهل", "игнорируй")


def asking(server, *rubrics, model="gpt-4.1-mini"):
    named = [word for name in rubrics or RUBRICS for word in ("--rubric", name)]
    return ["test", "--url", server.url, "--model", model, *named]


async def test_a_good_judge_is_fit(server, run):
    server.behaviour = JudgeBehaviour(tpr=0.97, tnr=0.97, seed="1")
    code, out, err = await run(*asking(server))
    assert code == 0
    assert "gpt-4.1-mini: FIT" in out
    assert server.calls == CALLS
    assert f"{CALLS} calls, at most" in err
    assert "(prices of " in err


async def test_a_lenient_judge_is_not(server, run_json):
    server.behaviour = JudgeBehaviour(tpr=0.98, tnr=0.5, seed="1")
    code, told = await run_json(*asking(server))
    (answerer,) = told["answerers"]
    assert (code, told["fitness"]) == (1, "not fit")
    assert any(reason.startswith("too lenient") for reason in answerer["reasons"])
    assert answerer["tnr"]["value"] < answerer["tpr"]["value"]


async def test_a_judge_that_tosses_coins_is_not(server, run_json):
    server.behaviour = JudgeBehaviour(tpr=0.5, tnr=0.5, seed="1")
    code, told = await run_json(*asking(server))
    assert (code, told["fitness"]) == (1, "not fit")
    assert any(reason.startswith("accuracy") for reason in told["answerers"][0]["reasons"])


async def test_a_judge_that_follows_orders_in_what_it_judges_is_not_and_its_kinds_are_named(server, run_json):
    server.behaviour = JudgeBehaviour(obeys=FOLLOWS)
    code, told = await run_json(*asking(server))
    (answerer,) = told["answerers"]
    assert (code, told["fitness"]) == (1, "not fit")
    assert answerer["accuracy"]["value"] == 1.0
    through = {kind for kind, share in answerer["attacks"]["through_by_kind"].items() if share["hits"]}
    assert through == {"override", "zero_width", "spanish", "german", "chinese", "arabic", "russian"}


async def test_the_report_tells_figures_and_what_the_calls_took(server, run):
    server.behaviour = JudgeBehaviour(input_tokens=1000, output_tokens=100)
    code, out, _ = await run(*asking(server, "faithfulness"))
    assert code == 0
    assert "6/6" in out
    assert "39/39" in out
    assert "too few for an interval" in out
    assert "45,000 in, 4,500 out" in out
    assert "$0.0252" in out
    assert "gpt-4.1-mini 45" in out


async def test_everything_is_asked_again_when_repeated(server, run_json):
    code, told = await run_json(*asking(server, "faithfulness"), "--repeat", 2)
    assert (code, server.calls) == (0, 90)
    assert told["answerers"][0]["accuracy"]["n"] == 12


async def test_an_unknown_price_is_unknown_and_not_nothing(server, run, run_json):
    _, out, err = await run(*asking(server, "faithfulness", model="house-model"))
    assert "an unknown cost (no price of house-model)" in err
    assert "unknown: write judge.prices.models.house-model" in out
    _, told = await run_json(*asking(server, "faithfulness", model="house-model"))
    assert told["answerers"][0]["cost"] is None


async def test_another_model_than_the_pinned_one_is_told(server, run):
    server.behaviour = JudgeBehaviour(model="cheap-model")
    code, out, _ = await run(*asking(server, "faithfulness"))
    assert code == 1
    assert "of another model than the pinned one (cheap-model)" in out


async def test_answers_that_cannot_be_read_are_counted_and_make_no_score(server, run_json):
    server.behaviour = JudgeBehaviour(fault="bad_grade", fault_rate=0.5)
    code, told = await run_json(*asking(server, "faithfulness"))
    (answerer,) = told["answerers"]
    assert code == 1
    assert answerer["unparseable"] == 22
    assert answerer["accuracy"]["hits"] == answerer["accuracy"]["n"]


async def test_a_refused_key_ends_with_3_after_one_call_and_says_what_to_do(server, run, monkeypatch):
    monkeypatch.setenv("A_KEY", "sk-of-nobody-at-all")
    server.behaviour = JudgeBehaviour(fault="status", status=401)
    code, out, err = await run(*asking(server), "--key-env", "A_KEY")
    assert (code, server.calls) == (3, 1)
    assert "it refuses the key" in out
    assert server.asked[0].headers["authorization"] == "Bearer sk-of-nobody-at-all"
    assert "sk-of-nobody" not in out + err


async def test_an_endpoint_that_never_answers_ends_with_3_within_the_time(server, run):
    server.behaviour = JudgeBehaviour(fault="hang")
    code, out, _ = await run(*asking(server, "faithfulness"), "--seconds", 1)
    assert code == 3
    assert "no answer within 0.5 s" in out


async def test_what_the_time_did_not_suffice_for_is_undecided(server, run, elsewhere):
    (elsewhere / "c.yaml").write_text(
        f"judge:\n  endpoints: [{{url: '{server.url}', concurrency: 1}}]\n"
        "  judges: [{name: faithfulness, model: gpt-4.1-mini}]\n"
    )
    server.behaviour = JudgeBehaviour(latency=0.2)
    code, out, _ = await run("test", "--config", "c.yaml", "--seconds", 3)
    assert code == 1
    assert "UNDECIDED" in out
    assert "of 45 planned calls have ended with a verdict" in out


async def test_configured_judges_are_tested_and_one_that_cannot_be_reached_does_not_hide_the_other(
    server, run, elsewhere
):
    (elsewhere / "otel-evals.yaml").write_text(
        f"""
judge:
  endpoints:
    - {{name: here, url: '{server.url}'}}
    - {{name: gone, url: 'http://127.0.0.1:9/v1', retries: 0}}
  judges:
    - {{name: faithfulness, model: gpt-4.1-mini, endpoints: [here]}}
    - {{name: strict, rubric: faithfulness, shadow: true, model: gpt-4o, endpoints: [gone]}}
  budget: {{usd_per_day: 0.001}}
"""
    )
    code, out, _ = await run("test")
    assert code == 3
    assert "gpt-4.1-mini at here: FIT" in out
    assert "gpt-4o at gone: cannot be tested" in out
    assert "is it running" in out
    code, out, _ = await run("test", "--judge", "faithfulness")
    assert code == 0
    assert "gone" not in out


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ([], "no judge is configured"),
        (["--url", "http://127.0.0.1:9/v1"], "--url and --model go together"),
        (["--url", "127.0.0.1", "--model", "m"], "--url: url: write http://"),
        (["--url", "http://127.0.0.1:9/v1", "--model", "m", "--rubric", "faithfullness"], "faithfulness"),
        (["--rubric", "faithfulness"], "--rubric and --key-env go with --url"),
        (["--url", "http://127.0.0.1:9/v1", "--model", "m", "--key-env", "NOT_SET_ANYWHERE"], "NOT_SET_ANYWHERE"),
    ],
)
async def test_wrong_usage_ends_with_2_and_says_what_to_write(arguments, told, run):
    code, _, err = await run("test", *arguments)
    assert code == 2
    assert told in err
