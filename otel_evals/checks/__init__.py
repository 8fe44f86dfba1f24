"""The inline checks, one file each: deterministic, pure, on every exchange. They know the texts, never each other."""
