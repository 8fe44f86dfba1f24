"""What a user of the application did with an answer: the signals that applications report."""

from enum import StrEnum


class FeedbackSignal(StrEnum):
    """The kinds of signal. It may arrive before its span or long after it."""

    THUMBS_UP = "thumbs_up"
    THUMBS_DOWN = "thumbs_down"
    RATING = "rating"
    COPY = "copy"
    EDIT = "edit"
    REGENERATE = "regenerate"
    REPHRASE = "rephrase"
    ABANDON = "abandon"
    CORRECTION = "correction"
