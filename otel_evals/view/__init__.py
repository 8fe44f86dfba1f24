"""What `otel-evals up` shows: the live view of a terminal, plain lines elsewhere, and the summary at the end."""
