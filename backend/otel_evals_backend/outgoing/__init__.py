"""OTLP outwards: people's labels and users' signals on their way to `backend.send_to`.

`outbox` the rows, each under lease while somebody sends it · `mailing` what one turn does with them · `sender` the
background work: connection, pauses, log lines.
"""
