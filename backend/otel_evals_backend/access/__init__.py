"""Who asks, and what of it is allowed: log-in, sessions, tokens, invitations, the log of changes.

`door` is what every request passes; `people` holds the parameters of routes; `audit` the log. The order of reading:
door → identity → sessions, tokens → csrf. The pages of all this are in the room `people`.
"""
