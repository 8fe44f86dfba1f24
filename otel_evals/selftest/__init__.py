"""Whether a judge can be trusted: `judge test` against examples and known tricks, `judge calibrate` against people.

On the roof, beside `replay`: both verbs ask the very judges that the composition root builds for the hop.
"""
