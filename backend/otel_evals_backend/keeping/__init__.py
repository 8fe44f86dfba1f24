"""What arrives becomes rows and sums, in one transaction: spans, results, contents, feedback, in any order, any number
of times.

`arrivals` the records of what arrives · `contributions` what a span adds to the sums, as a pure function · `rollups`
writes differences of sums · `stored` what is known of spans already · `keep` the way in · `feedback` users' signals,
joined to spans · `kept` what `keep` tells whoever goes on in the same transaction.
"""
