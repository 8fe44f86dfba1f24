"""What users do with answers: the door of applications and browsers, and the lists.

`models` the forms of requests and answers · `reading` one signal as it arrives, checked, pure · `sending` who may send,
from where and how often · `taking` the transaction · `event` a signal as the log event that goes on to the processor ·
`routes` the door · `queries` and `api` what was heard, listed and counted.
"""
