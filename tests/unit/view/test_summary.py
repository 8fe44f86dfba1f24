from otel_evals.view.summary import summary, worst_slice


def text_of(board) -> str:
    return "\n".join(line.plain for line in summary(board))


def test_the_summary_says_what_was_seen_how_good_it_was_and_where_it_was_worst(busy):
    text = text_of(busy)
    assert "808 spans received, 202 GenAI calls, 2 828 evaluations" in text
    assert "20 of 202 failed" in text
    assert "gpt-4.1-mini, support-answer 4: 75.0 % of 80 calls at low risk" in text
    assert "citation_integrity: 75.0 % pass, 20 of 80 fail" in text
    assert "otel-evals up --forward" in text


def test_a_slice_of_a_few_calls_is_never_the_worst(desk):
    desk.see(100)
    desk.see(5, failing=("pii",))
    desk.see(3, model="rare", failing=("pii",))
    assert worst_slice(desk.tick().figures).model == "gpt-4.1-mini"


def test_without_traffic_the_summary_is_short(desk):
    text = text_of(desk.tick())
    assert "0 spans received" in text
    assert "Worst slice" not in text


def test_a_hundred_percent_means_no_failure_at_all(desk):
    desk.see(5000)
    desk.see(1, failing=("secrets",))
    lines = text_of(desk.tick()).splitlines()
    assert "99.9 %" in next(line for line in lines if line.startswith("secrets"))
    assert "100 %" in next(line for line in lines if line.startswith("pii"))
