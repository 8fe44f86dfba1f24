"""What a plug-in is and how it is found: protocols, registry, discovery. Nothing registers itself by being imported."""
