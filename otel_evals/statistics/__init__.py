"""Estimates and their intervals: pure functions of counts and sums."""
