async def test_every_answer_carries_the_headers(backend):
    answer = await backend.client.get("/nowhere")
    assert answer.status_code == 404
    assert answer.headers["content-security-policy"].startswith("default-src 'self'")
    assert answer.headers["x-content-type-options"] == "nosniff"


async def test_another_name_is_refused(backend):
    answer = await backend.client.get("/nowhere", headers={"host": "evil.example"})
    assert answer.status_code == 400
