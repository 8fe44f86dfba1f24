"""People say what is true: which answers come to them, in which order, blind, and what their labels become.

`select` which spans become items, called by ingest in its transaction · `plan` with which probability judged spans are
drawn · `order` which item comes first · `outcome` when an item is decided · `reservations` who works on what · `items`
what is shown · `questions` what is asked · `labelling` a label, its result and its way out · `me` a reviewer's own
figures · `work` what goes on in the background · `routes`, `api` the doors
"""
