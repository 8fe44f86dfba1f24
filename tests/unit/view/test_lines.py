from otel_evals.view.lines import PlainLines


def written(desk, *, rounds=1):
    lines: list[str] = []
    view = PlainLines(desk.board, lines.append)
    view.draw()
    yield lines
    for _ in range(rounds):
        lines.clear()
        view.draw()
        yield lines


def test_addresses_come_first_and_the_way_to_send_traffic(make_desk):
    lines = next(written(make_desk(demo=False)))
    assert lines[0].startswith("otel-evals up: gRPC 127.0.0.1:4317, HTTP http://127.0.0.1:4318, metrics http://")
    assert "add --forward" in lines[1]
    assert any("OTEL_EXPORTER_OTLP_ENDPOINT" in line for line in lines)


def test_each_kind_of_failure_is_told_once(desk):
    rounds = written(desk, rounds=2)
    next(rounds)
    desk.tick()
    desk.see(40)
    desk.see(5, failing=("pii",), said="The answer holds 1 e-mail address.")
    desk.tick(5)
    first = list(next(rounds))
    assert len(first) == 2
    assert "9.0 evaluations/s" not in first[0]
    assert "126.0 evaluations/s" in first[0]
    assert "45 calls" in first[0]
    assert "risk low 88.9 %" in first[0]
    assert "lowest pass rate pii 88.9 %" in first[0]
    assert first[1].startswith("first failure of pii: The answer holds 1 e-mail address. (gpt-4.1-mini")
    desk.see(3, failing=("pii",))
    desk.tick(5)
    assert len(next(rounds)) == 1
