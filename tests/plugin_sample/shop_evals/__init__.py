"""Evaluations of the shop's own."""
