"""The first page: what needs somebody now, how far spans came, quality of each metric, coverage, spend.

`queries` reads sums → `attention` decides what needs somebody → `routes` shows it as page, JSON, CSV, SVG.
"""
