"""OTLP inwards: what the processor evaluated, late results, log-based events, feedback; from any sender.

`bounds` makes values fit for tables · `read` a request's spans and log records, pure · `original` a span as it was
before the processor · `results` one evaluation · `spans` an evaluated span · `questions` those that came in log records
· `commit` one transaction for all requests that wait · `body` a request's bytes within the limits · `routes` the
paths · `joining` looks again for the spans of users' signals.
"""
