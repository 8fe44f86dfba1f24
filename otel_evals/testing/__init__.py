"""Doubles and builders for tests, ours and those of plug-in authors. Production code never imports this."""
