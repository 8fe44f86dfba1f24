"""The backend's `POST /v1/feedback`, as the shop's pages would use it. Made by the sending process where there is one.

What cannot be given is given again later under the same id, so that nothing is lost and nothing counted twice.
"""

from typing import Any, Final

import requests

_PATH: Final = "/v1/feedback"
_TIMEOUT: Final = 2.0


class FeedbackDoor:
    """One backend.

    Args:
        address: its URL.
    """

    def __init__(self, address: str) -> None:
        self._url = f"{address}{_PATH}"
        self._session = requests.Session()
        self._session.trust_env = False  # proxies of the environment are for the network, not for this

    def give(self, signal: dict[str, Any]) -> bool:
        """Report `signal`; False when it should be reported again. What is refused for good is not."""
        try:
            answer = self._session.post(self._url, json=signal, timeout=_TIMEOUT)
        except requests.RequestException:
            return False
        return answer.status_code < 500 and answer.status_code != requests.codes.too_many_requests
