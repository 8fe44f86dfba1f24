"""One reading of the texts of an exchange that all checks share: one folding, one tokenisation, one pattern pass.

`patterns` compiles every pattern of every check into one linear-time set a target, `scan` gives a check the texts and
the hits, `tokens` cuts words, `fold` lower-cases and evens out quotes and spaces.
"""
