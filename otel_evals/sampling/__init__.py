"""Which spans come to a judge, and with what probability each: pure functions of span, configuration and time."""
