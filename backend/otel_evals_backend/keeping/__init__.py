"""What arrives becomes rows and sums in one transaction, in whatever order it comes and however often.

`arrivals` the records of what arrives · `contributions` what a span adds to the sums, as a pure function · `rollups`
writes differences of sums · `stored` what is known of spans already · `keep` the way in · `feedback` users' signals,
joined to spans · `kept` what `keep` tells whoever goes on in the same transaction.
"""
