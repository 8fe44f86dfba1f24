"""What a user did with an answer, reported by the application in one line: it never raises, never blocks.

    from otel_evals.feedback import feedback

    feedback("thumbs_down", comment="Wrong shop.")              # about the span that is current here
    feedback("rating", value=0.8, response_id=response.id)
    feedback("edit", before=answer, after=what_was_sent)        # the distance goes out, not the texts

Signals go through a bounded queue and a thread of their own, which starts with the first one, to the address in
`OTEL_EVALS_FEEDBACK_URL` with the publishable key in `OTEL_EVALS_FEEDBACK_KEY`. A full queue drops the newest signal;
one log line a minute says so. At the end of the process what is left is sent within two seconds. After a fork the
child has a queue and a thread of its own. Beside the standard library only OpenTelemetry's API is imported.
"""

import atexit
import contextlib
import json
import logging
import os
import random
import threading
import time
import urllib.error
import urllib.request
import uuid
from collections import deque
from collections.abc import Mapping
from typing import Any, Final

from opentelemetry import trace

from otel_evals.config.feedback import KEY, URL, feedback_address
from otel_evals.text.distance import edit_distance

__all__ = ["Feedback", "feedback"]

_LOG: Final = logging.getLogger(__name__)
_SIGNALS: Final = frozenset({
    "thumbs_up", "thumbs_down", "rating", "copy", "edit", "regenerate", "rephrase", "abandon", "correction",
})  # fmt: skip
_WAITING: Final = 1000
_AT_ONCE: Final = 100
_TIMEOUT: Final = 5.0
_TRIES: Final = 6
_LONGEST_PAUSE: Final = 30.0
_AT_EXIT: Final = 2.0
_QUIET: Final = 60.0
"""Seconds between two log lines about the same trouble."""
_LATER: Final = frozenset({408, 425, 429, 500, 502, 503, 504})


_Waiting = tuple[dict[str, Any], tuple[str, str] | None]
"""A signal, and of an edit the two texts, which are compared beside the application."""


class Feedback:
    """A way to one backend. `feedback` is the one that the environment names.

    Args:
        url: address of the backend, with or without `/v1/feedback`; None takes `OTEL_EVALS_FEEDBACK_URL`.
        key: publishable key (or an API token of scope send); None takes `OTEL_EVALS_FEEDBACK_KEY`.
        waiting: signals that may wait; more are dropped.
    """

    def __init__(self, url: str | None = None, key: str | None = None, *, waiting: int = _WAITING) -> None:
        self._url = url
        self._key = key
        self._most = waiting
        self._said: dict[str, float] = {}
        self._begin()
        os.register_at_fork(after_in_child=self._begin)

    def _begin(self) -> None:
        """An empty queue and no thread: at the start, and in a child that was forked."""
        self._waiting: deque[_Waiting] = deque()
        self._changed = threading.Condition()
        self._thread: threading.Thread | None = None
        self._busy = False
        self._ends: float | None = None

    def __call__(
        self,
        signal: str,
        *,
        value: float | str | Mapping[str, float] | None = None,
        comment: str | None = None,
        before: str | None = None,
        after: str | None = None,
        send_text: bool = False,
        response_id: str | None = None,
        conversation_id: str | None = None,
        trace_id: str | int | None = None,
        span_id: str | int | None = None,
        at: float | None = None,
        id: str | None = None,  # noqa: A002 - the name on the wire
    ) -> bool:
        """Report a signal; whether it was taken into the queue. Nothing is raised, nothing is waited for.

        Args:
            signal: thumbs_up, thumbs_down, rating, copy, edit, regenerate, rephrase, abandon or correction.
            value: of a rating 0 to 1, or {value, min, max}; of an edit the share that was changed; of a correction the
                text that the answer should have been.
            comment: the user's words.
            before: of an edit, the answer.
            after: of an edit, what the user made of it.
            send_text: whether the text of `after` goes out too, as a correction. Without it no text leaves the process.
            response_id: what the model's provider called the response.
            conversation_id: the conversation whose latest answer it is about.
            trace_id: 32 hex digits, or the number that OpenTelemetry has. Default: of the current span, unless another
                id is given.
            span_id: 16 hex digits, or the number.
            at: Unix time in seconds. Default: now.
            id: reporting it again under the same id changes nothing. Default: a new one.
        """
        try:
            if signal not in _SIGNALS:
                self._say("signal", f"{signal!r} is no signal: it is one of {', '.join(sorted(_SIGNALS))}")
                return False
            about = _about(response_id, conversation_id, trace_id, span_id)
            if not about:
                self._say(
                    "about", "feedback is about nothing: there is no current span; pass response_id or another id"
                )
                return False
            said = {
                "signal": signal, "value": value, "comment": comment,
                "at": round(time.time() if at is None else at, 3), "id": id or uuid.uuid4().hex,
            }  # fmt: skip
            item = {**about, **{name: one for name, one in said.items() if one is not None}}
            texts = (before, after) if signal == "edit" and before is not None and after is not None else None
            taken = self._put(item, texts)
            if send_text and signal == "edit" and after:
                more = {**item, "signal": "correction", "value": after, "id": f"{item['id']}-text"}
                taken = self._put(more, None) and taken
        except Exception:  # noqa: BLE001 - stage boundary: the application's answer must never fail because of ours
            self._say("error", "feedback could not be taken", with_trace=True)
            return False
        return taken

    def flush(self, timeout: float = _AT_EXIT) -> bool:
        """Wait until everything is sent, at most `timeout` seconds; whether it is."""
        until = time.monotonic() + timeout
        with self._changed:
            self._changed.notify_all()
            while (self._waiting or self._busy) and (left := until - time.monotonic()) > 0:
                self._changed.wait(left)
            return not self._waiting and not self._busy

    def _put(self, item: dict[str, Any], texts: tuple[str, str] | None) -> bool:
        url, _ = self._address()
        if not url:
            self._say("url", f"feedback goes nowhere: set {URL}")
            return False
        with self._changed:
            if len(self._waiting) >= self._most:
                self._say("full", f"{self._most} signals wait already: this one is dropped")
                return False
            self._waiting.append((item, texts))
            if self._thread is None:
                self._thread = threading.Thread(target=self._work, name="otel-evals feedback", daemon=True)
                self._thread.start()
                atexit.register(self._end)
            self._changed.notify_all()
        return True

    def _address(self) -> tuple[str, str]:
        url, key = feedback_address() if self._url is None or self._key is None else ("", "")
        url = url if self._url is None else self._url
        url = url.rstrip("/")
        if url and not url.startswith(("http://", "https://")):
            self._say("url", f"{URL} is no address: write https://HOST")
            return "", ""
        if url and not url.endswith("/v1/feedback"):
            url += "/v1/feedback"
        return url, key if self._key is None else self._key

    def _work(self) -> None:
        while True:
            with self._changed:
                while not self._waiting:
                    self._changed.wait()
                batch = [self._waiting.popleft() for _ in range(min(_AT_ONCE, len(self._waiting)))]
                self._busy = True
            try:
                self._send([_measured(*one) for one in batch])
            except Exception:  # noqa: BLE001 - stage boundary: the thread lives as long as the process
                self._say("error", "feedback could not be sent", with_trace=True)
            with self._changed:
                self._busy = False
                self._changed.notify_all()

    def _send(self, batch: list[dict[str, Any]]) -> None:
        """Send a batch, again where that may help; ids make a second arrival harmless."""
        for tries in range(1, _TRIES + 1):
            status, asked = self._post(batch)
            if 200 <= status < 300:
                return
            if status in (400, 413) and len(batch) > 1:  # one of them is no good: it must not cost the others
                for one in batch:
                    self._send([one])
                return
            if status and status not in _LATER:
                self._say("refused", f"feedback is refused with {status}: see to {URL} and {KEY}")
                return
            pause = max(min(2.0 ** (tries - 2), _LONGEST_PAUSE) * (0.5 + random.random() / 2), asked)  # noqa: S311 - no secret
            if tries == _TRIES or (self._ends is not None and time.monotonic() + pause > self._ends):
                break
            with self._changed:
                self._changed.wait_for(lambda: self._ends is not None, pause)
        self._say("away", f"{len(batch)} signals are lost: the backend cannot be reached")

    def _post(self, batch: list[dict[str, Any]]) -> tuple[int, float]:
        """HTTP status (0 = no answer) and seconds of its Retry-After."""
        url, key = self._address()
        headers = {"Content-Type": "application/json"}
        if key:
            headers |= {"Authorization": f"Bearer {key}"}
        request = urllib.request.Request(url, json.dumps(batch).encode(), headers, method="POST")  # noqa: S310 - http(s), see `_address`
        try:
            with _OPENER.open(request, timeout=_TIMEOUT) as answer:
                return answer.status, 0.0
        except urllib.error.HTTPError as error:
            with error:
                asked = error.headers.get("Retry-After", "")
                return error.code, float(asked) if asked.isdigit() and len(asked) < 4 else 0.0
        except (OSError, ValueError):
            return 0, 0.0

    def _end(self) -> None:
        """The process ends: send what is left, within its time."""
        with contextlib.suppress(Exception):
            self._ends = time.monotonic() + _AT_EXIT
            self.flush(_AT_EXIT)

    def _say(self, about: str, words: str, *, with_trace: bool = False) -> None:
        now = time.monotonic()
        if now - self._said.get(about, -_QUIET) >= _QUIET:
            self._said[about] = now
            _LOG.warning("%s", words, exc_info=with_trace)


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    """A redirect could carry the key to another host."""

    def redirect_request(self, *_: Any, **__: Any) -> None:
        return None


_OPENER: Final = urllib.request.build_opener(_NoRedirects())


def _measured(item: dict[str, Any], texts: tuple[str, str] | None) -> dict[str, Any]:
    """The signal with the distance between the texts in place of the texts."""
    if texts is None:
        return item
    before, after = texts
    distance = edit_distance(before, after)
    return {**item, "value": {"before_length": len(before), "after_length": len(after), "distance": distance}}


def _about(
    response_id: str | None, conversation_id: str | None, trace_id: str | int | None, span_id: str | int | None
) -> dict[str, str]:
    """The ids that a signal goes by: those that were given, else the current span's."""
    given = {
        "trace_id": _hex(trace_id, 32), "span_id": _hex(span_id, 16), "response_id": response_id,
        "conversation_id": conversation_id,
    }  # fmt: skip
    about = {name: one for name, one in given.items() if one}
    if about:
        return about
    current = trace.get_current_span().get_span_context()
    if not current.is_valid:
        return {}
    return {"trace_id": f"{current.trace_id:032x}", "span_id": f"{current.span_id:016x}"}


def _hex(one: str | int | None, digits: int) -> str | None:
    return f"{one:0{digits}x}" if isinstance(one, int) else one


feedback: Final = Feedback()
"""Reports to the backend that the environment names."""
