"""The pages of access: log-in and invitations, and the settings of people, tokens, keys and this installation.

`sign_in` is open to everybody and ends in a session; `own_pages`, `administration` and `api` offer the same to people
and to programs, and make their changes through `changes`, which writes the log of changes in the same transaction.
"""
