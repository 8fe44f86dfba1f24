"""What was said: cleaned and sealed before it is stored, opened and put together when somebody looks.

`readings` the form that is stored · `policy` what may be stored of a text · `sealing` compression and encryption ·
`exchange` the call as the processor saw it, from the readings of its span, its log records and its trace.
"""
