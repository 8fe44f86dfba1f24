"""Evaluations: the list of evaluated calls, the page of one, saved views, files; the same as JSON.

`filters` what an address asks for · `conditions` the same as SQL · `cursor` a place in the list · `scan` finds calls,
newest first, without reading more than it must · `rows` what the list says of each · `totals` how many there are, and
which filter to drop when there are none · `detail` everything about one call · `seeing` what of it a reviewer may see
yet · `cited` passages that an answer rests on · `links` to tracing backends · `views` named addresses · `records` the
JSON · `files` CSV · `routes`, `api` the doors.
"""
