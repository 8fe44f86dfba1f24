"""The configuration: one typed tree, where it comes from, and how it is shown. Only `load` reads the environment."""
