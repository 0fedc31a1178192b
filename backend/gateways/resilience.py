"""How long a gateway is waited for, how often it is asked again, and when it is left alone."""

import logging
import random
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from backend.gateways.errors import GatewayBusy, GatewayError, GatewayRefused, GatewayUnavailable
from backend.metrics import GATEWAY_SECONDS

KEYS_REFUSED = "authentication"  # The `reason` of a GatewayRefused that is about our keys, not the request.

log = logging.getLogger(__name__)

T = TypeVar("T")
Clock = Callable[[], float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """How often a call is tried, how long it waits in between, and when it gives up.

    `timeout` is for one try: seconds to connect, and seconds of silence. No try starts after the deadline.
    """

    attempts: int = 3
    first_seconds: float = 1.0
    longest_seconds: float = 30.0
    deadline_seconds: float = 8.0  # A silence is waited for once; what fails at once is tried again.
    timeout: tuple[float, float] = (3.05, 8.0)

    def pause_seconds(self, attempt: int) -> float:
        """Tell how long to wait after that many tries: doubling, and spread so that callers part."""
        longest = min(self.longest_seconds, self.first_seconds * 2.0 ** (attempt - 1))
        return longest * random.uniform(0.5, 1)  # noqa: S311


PATIENT = Patience()


class CircuitBreaker:
    """Leaves a gateway alone that keeps failing; after a while one call at a time may probe it.

    No lock is held during a call. A probe that never reports back makes way for the next one.
    """

    def __init__(
        self, *, failures: int = 5, open_seconds: float = 30.0, clock: Clock = time.monotonic
    ) -> None:
        self._limit = failures
        self._open_seconds = open_seconds
        self._clock = clock
        self._guard = threading.Lock()
        self._failures = 0
        self._opened_at: float | None = None

    @property
    def is_open(self) -> bool:
        """Tell whether the gateway is being left alone."""
        return self._opened_at is not None

    def admit(self) -> None:
        """Raise GatewayUnavailable while the gateway is left alone; otherwise the call may be made."""
        with self._guard:
            if self._opened_at is None:
                return
            now = self._clock()
            if now - self._opened_at < self._open_seconds:
                raise GatewayUnavailable
            self._opened_at = now

    def succeeded(self) -> None:
        """Note that the gateway has answered, be it yes or no."""
        with self._guard:
            self._failures = 0
            self._opened_at = None

    def failed(self) -> None:
        """Note that a call has failed in a way that is the gateway's fault."""
        with self._guard:
            self._failures += 1
            if self._opened_at is None and self._failures >= self._limit:
                self._opened_at = self._clock()


class Line:
    """The one way to call a gateway: counted, given up in time, and repeated where that is safe."""

    def __init__(
        self,
        gateway: str,
        *,
        patience: Patience = PATIENT,
        breaker: CircuitBreaker | None = None,
        sleep: Callable[[float], None] = time.sleep,
        clock: Clock = time.monotonic,
    ) -> None:
        self.gateway = gateway
        self.patience = patience
        self.breaker = breaker or CircuitBreaker(clock=clock)
        self._sleep = sleep
        self._clock = clock

    def call(self, what: str, send: Callable[[], T], *, is_repeatable: bool) -> T:
        """Make a call; one that failed is made again only if that cannot do anything twice.

        `what` names the kind of call in metrics and logs, never an id.
        """
        deadline = self._clock() + self.patience.deadline_seconds
        unknown: GatewayError | None = None
        attempt = 0
        while True:
            attempt += 1
            try:
                self.breaker.admit()
                return self._try(what, send)
            except GatewayError as error:
                if unknown and _was_not_judged(error):
                    # That is true of this try only: what became of an earlier one is still open.
                    raise unknown from error
                unknown = unknown if _was_not_judged(error) else error
                pause = self.patience.pause_seconds(attempt)
                has_time = attempt < self.patience.attempts and self._clock() + pause < deadline
                if not (is_repeatable and has_time and self._may_change_its_mind(error)):
                    raise
            self._sleep(pause)

    def _may_change_its_mind(self, error: GatewayError) -> bool:
        """Tell whether the same call may go better: not after a no, nor while the gateway is left alone."""
        return not isinstance(error, GatewayRefused) and not self.breaker.is_open

    def _try(self, what: str, send: Callable[[], T]) -> T:
        """Make the call once, and tell the breaker and the metrics how it went."""
        started = self._clock()
        outcome = "broken"
        try:
            result = send()
        except (GatewayRefused, GatewayBusy) as error:
            outcome = "refused" if isinstance(error, GatewayRefused) else "busy"
            self.breaker.succeeded()
            raise
        except GatewayError as error:
            outcome = type(error).__name__
            self.breaker.failed()
            log.warning("%s: %s failed: %s", self.gateway, what, outcome)
            raise
        else:
            outcome = "ok"
            self.breaker.succeeded()
            return result
        finally:
            GATEWAY_SECONDS.labels(self.gateway, what, outcome).observe(self._clock() - started)


def _was_not_judged(error: GatewayError) -> bool:
    """Tell a failure that says nothing about the request itself: it never got as far as being looked at."""
    return isinstance(error, GatewayUnavailable) or error.details.get("reason") == KEYS_REFUSED
