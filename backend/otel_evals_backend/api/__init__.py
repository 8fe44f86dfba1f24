"""The JSON API as a whole: how it says what is wrong, and what it says of itself.

`answers` one form of errors for programs, a page for people · `document` the OpenAPI document · `reading` the same in
words, for the page · `routes` both.
"""
