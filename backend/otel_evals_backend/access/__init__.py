"""Who asks, and what of it is allowed: log-in, sessions, tokens, invitations, the log of changes."""
