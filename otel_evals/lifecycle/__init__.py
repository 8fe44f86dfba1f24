"""The only place that creates tasks, so that every one has an owner, a name, and an end."""
