"""Keeps messages below the rates at which WhatsApp begins to refuse them."""

import threading
import time
from collections import deque
from collections.abc import Callable

PER_SECOND = 80
SECONDS_TO_SAME_PERSON = 6.0


class Pacing:
    """Counts what one number sends, over all threads of the process; forgets what no longer matters."""

    def __init__(
        self,
        *,
        per_second: int = PER_SECOND,
        seconds_to_same_person: float = SECONDS_TO_SAME_PERSON,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._pause = seconds_to_same_person
        self._clock = clock
        self._lock = threading.Lock()
        self._latest: deque[float] = deque(maxlen=per_second)
        self._last_to: dict[str, float] = {}  # Oldest first.

    def take(self, person: str) -> float:
        """Take the right to send to somebody now and give 0, or take nothing and give the seconds to wait."""
        with self._lock:
            now = self._clock()
            self._forget(now)
            wait = max(self._wait_for_number(now), self._wait_for_person(person, now))
            if wait <= 0:
                self._latest.append(now)
                self._last_to[person] = now
            return max(wait, 0.0)

    def _wait_for_number(self, now: float) -> float:
        is_full = len(self._latest) == self._latest.maxlen
        return self._latest[0] + 1 - now if is_full else 0.0

    def _wait_for_person(self, person: str, now: float) -> float:
        last = self._last_to.get(person)
        return 0.0 if last is None else last + self._pause - now

    def _forget(self, now: float) -> None:
        while self._last_to:
            person, last = next(iter(self._last_to.items()))
            if last + self._pause > now:
                return
            del self._last_to[person]
