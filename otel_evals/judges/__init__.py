"""Judges behind endpoints: the client, its manners, and how an answer becomes a verdict."""
