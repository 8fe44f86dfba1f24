"""How the backend is, for those who run it: `figures` what only the database knows · `routes` /metrics and health."""
