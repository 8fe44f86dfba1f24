"""The nouns of the house: plain frozen records that every room may hold and none may change.

`exchange` is one GenAI call in our normal form, `span` what a dialect reads, `reading` what it found there,
`evaluation` what a check or judge said, `decision` what follows from it, `errors` what can go wrong on the way,
`units` the typed values of the configuration (durations, sizes, secrets).
"""
