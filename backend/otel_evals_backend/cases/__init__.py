"""Cases: confirmed failures kept as examples, with what should have been answered; and sets of labelled answers.

`neutral` the form of a case, and its id · `making` a case of what reviewers decided · `store` versions of cases, as
rows · `queries` lists, one case, its history · `differences` of two texts by words · `exporting` files ·
`reading_files` what a labelled CSV or JSONL holds · `importing` such a file becomes a set · `records` the JSON ·
`routes`, `api` the doors. Nothing here enters an estimate: cases are chosen because they failed.
"""
