"""One file a dialect: how one instrumentation, or one version of the conventions, writes a GenAI call.

Dialects do not know each other. Several may read the same span; `builtin.DIALECTS` holds their order.
"""
