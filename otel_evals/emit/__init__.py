"""What we say about a span, as bytes that the splice puts into it: result events and span attributes."""
