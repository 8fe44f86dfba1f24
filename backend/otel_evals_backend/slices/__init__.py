"""Pass rates of one metric by model and prompt version, worst first.

`queries` reads sums by slice and puts those of one model and prompt together → `routes` shows them as page, JSON, CSV.
"""
