from otel_evals_backend.storage.database import put
from otel_evals_backend.storage.tables import known_spans


async def test_a_row_whose_key_is_there_is_left_alone(backend):
    database = backend.context.database
    span = bytes(24)
    async with database.write() as connection:
        await put(connection, database.insert_new(known_spans), [{"span": span, "day": 1}])
        await put(connection, database.insert_new(known_spans), [{"span": span, "day": 2}])
    async with database.read() as connection:
        assert (await connection.execute(known_spans.select())).all() == [(span, 1)]
