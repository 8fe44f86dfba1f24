"""otel-evals."""
