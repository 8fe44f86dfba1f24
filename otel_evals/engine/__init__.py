"""The engine: read → check → route → sample → hand over.

It knows protocols only, and is blind to every concrete check, judge and dialect.
"""
