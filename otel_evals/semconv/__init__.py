"""Names on the wire, and nothing else. No other room spells an attribute, event or instrument name of these."""
