"""Sends events to the shop from a background thread, again and again until they are taken."""

import logging
import random
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import requests

from backend.sandbox import ids

Signer = Callable[["Event"], dict[str, str]]
ANSWER_WITHIN_SECONDS = 5
_LONGEST_WAIT_SECONDS = 60.0
_SHUFFLE_WITHIN_SECONDS = 0.25
_PATHS = {"twilio": "telephony"}
_log = logging.getLogger(__name__)


@dataclass
class Settings:
    """How events are sent: mode is normal, hold (kept until flushed) or off (lost)."""

    mode: str = "normal"
    duplicates: int = 0
    shuffle: bool = False
    delay_seconds: float = 0.0
    retry_seconds: float = 1.0
    max_attempts: int = 25
    base_url: str | None = None


@dataclass
class Event:
    """One event, its exact bytes, and what became of each attempt to deliver them."""

    provider: str
    type: str
    body: bytes
    id: str = field(default_factory=ids.razorpay_event)
    own_url: str | None = None
    url: str | None = None
    headers: dict[str, str] = field(default_factory=dict)
    attempts: list[dict[str, Any]] = field(default_factory=list)
    state: str = "queued"
    due_at: float = 0.0

    def listing(self) -> dict[str, Any]:
        """Give what a person wants to know of it."""
        shown = ("id", "provider", "type", "url", "attempts", "state")
        return {name: getattr(self, name) for name in shown} | {"body": self.body.decode()}


class Webhooks:
    """The queue of events and the thread that empties it."""

    def __init__(self, sign: Signer, *, base_url: str | None = None) -> None:
        self._sign = sign
        self.settings = Settings(base_url=base_url)
        self._events: dict[str, Event] = {}
        self._changed = threading.Condition()
        self._is_stopping = False
        self._thread = threading.Thread(target=self._work, name="sandbox-webhooks", daemon=True)

    def start(self) -> None:
        """Begin to send."""
        self._thread.start()

    def stop(self) -> None:
        """Stop sending; what is not delivered stays so."""
        with self._changed:
            self._is_stopping = True
            self._changed.notify_all()
        self._thread.join(timeout=2 * ANSWER_WITHIN_SECONDS)

    def reset(self) -> None:
        """Forget every event and every setting but the address."""
        with self._changed:
            self._events.clear()
            self.settings = Settings(base_url=self.settings.base_url)

    def change(self, **settings: Any) -> None:
        """Change some settings."""
        with self._changed:
            for name, value in settings.items():
                setattr(self.settings, name, value)
            self._changed.notify_all()

    def queue(self, event: Event) -> None:
        """Send it soon, keep it or lose it, as the settings say."""
        with self._changed:
            event.url = self._address(event)
            wait = self.settings.delay_seconds
            if self.settings.shuffle:
                wait += random.uniform(0, _SHUFFLE_WITHIN_SECONDS)  # noqa: S311 - no secret
            event.due_at = time.monotonic() + wait
            if self.settings.mode == "hold" or event.url is None:
                event.state = "held"
            if self.settings.mode == "off":
                event.state = "failed"
            self._events[event.id] = event
            self._changed.notify_all()

    def find(self, event_id: str) -> Event | None:
        """Give the event with this id."""
        with self._changed:
            return self._events.get(event_id)

    def held(self) -> list[Event]:
        """Give the events that wait to be flushed, oldest first."""
        with self._changed:
            return [event for event in self._events.values() if event.state == "held"]

    def listing(self) -> list[dict[str, Any]]:
        """Give every event, oldest first."""
        with self._changed:
            return [event.listing() for event in self._events.values()]

    def send_now(self, event: Event, *, is_new_transmission: bool = False) -> list[dict[str, Any]]:
        """Send it in this thread, with its duplicates, and give the answers."""
        if is_new_transmission:
            event.headers = {}
        return [self._attempt(event) for _ in range(1 + self.settings.duplicates)]

    def signed_headers(self, event: Event) -> Mapping[str, str]:
        """Give the headers with the signature; a retry carries the same ones."""
        event.url = event.url or self._address(event)
        event.headers = event.headers or self._sign(event)
        return event.headers

    def _address(self, event: Event) -> str | None:
        base = self.settings.base_url
        name = _PATHS.get(event.provider, event.provider)
        return event.own_url or (f"{base.rstrip('/')}/{name}" if base else None)

    def _work(self) -> None:
        while True:
            with self._changed:
                event = self._next_due()
                if self._is_stopping:
                    return
            if event:
                self.send_now(event)

    def _next_due(self) -> Event | None:
        """Wait for the next event, or for a change of what waits."""
        queued = [event for event in self._events.values() if event.state == "queued"]
        event = min(queued, key=lambda event: event.due_at, default=None)
        wait = event.due_at - time.monotonic() if event else None
        if self._is_stopping or (wait is not None and wait <= 0):
            return event
        self._changed.wait(wait)
        return None

    def _attempt(self, event: Event) -> dict[str, Any]:
        event.url = self._address(event) or event.url
        headers = self.signed_headers(event)
        started = time.monotonic()
        answer: dict[str, Any] = {"status": None}
        if event.url is None:
            return answer | {"error": "no address to send to"}
        try:
            with requests.Session() as session:
                session.trust_env = False
                got = session.post(
                    event.url,
                    data=event.body,
                    headers=headers,
                    timeout=ANSWER_WITHIN_SECONDS,
                    allow_redirects=False,
                )
                answer |= {"status": got.status_code, "answer": got.text[:1000]}
        except requests.RequestException as error:
            answer["error"] = type(error).__name__
        answer["seconds"] = round(time.monotonic() - started, 3)
        self._note(event, answer)
        return answer

    def _note(self, event: Event, answer: dict[str, Any]) -> None:
        status = answer["status"]
        is_taken = status is not None and 200 <= status < 300
        with self._changed:
            event.attempts.append(answer)
            if is_taken:
                event.state = "delivered"
            elif event.state == "queued":
                self._schedule_retry(event)
        _log.info("sandbox event %s to %s: %s", event.type, event.url, status or answer.get("error"))

    def _schedule_retry(self, event: Event) -> None:
        tries = len(event.attempts)
        wait = min(self.settings.retry_seconds * 2 ** (tries - 1), _LONGEST_WAIT_SECONDS)
        event.due_at = time.monotonic() + wait
        if tries >= self.settings.max_attempts:
            event.state = "failed"
