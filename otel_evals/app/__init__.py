"""Composition: everything is put together here, by plain constructor calls, and nowhere else.

Each module is imported by who needs it: `evaluator` alone is what `decide` in an application's process and a replay
use, and neither is to load servers and network libraries.
"""
