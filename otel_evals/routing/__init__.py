"""From findings to a decision: the risk band, its reasons, and the route."""
