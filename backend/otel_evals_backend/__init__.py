"""The analysis backend: evaluations kept, people in the loop."""
