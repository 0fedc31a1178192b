"""Everything the sandbox remembers, in memory and behind one lock."""

import threading
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

Document = dict[str, Any]
Shelf = dict[str, Document]

_LOG_LENGTH = 5000
_DEFAULT_SETTINGS = {
    "razorpay_refunds": "processed",
    "razorpay_recurring": "captured",
    "paypal_refunds": "completed",
    "paypal_captures": "completed",
    "paypal_most_results": "10000",
}


@dataclass
class Done:
    """What a request with an idempotency key has led to."""

    fingerprint: str
    shelf: str
    id: str


@dataclass
class Books:
    """The shelves of all providers; take `lock` before touching one."""

    lock: threading.RLock = field(default_factory=threading.RLock)
    orders: Shelf = field(default_factory=dict)
    order_rules: Shelf = field(default_factory=dict)
    payments: Shelf = field(default_factory=dict)
    refunds: Shelf = field(default_factory=dict)
    customers: Shelf = field(default_factory=dict)
    tokens: Shelf = field(default_factory=dict)
    settlements: Shelf = field(default_factory=dict)
    settled: Shelf = field(default_factory=dict)
    disputes: Shelf = field(default_factory=dict)
    qr_codes: Shelf = field(default_factory=dict)
    paypal_orders: Shelf = field(default_factory=dict)
    paypal_pages: Shelf = field(default_factory=dict)
    paypal_captures: Shelf = field(default_factory=dict)
    paypal_refunds: Shelf = field(default_factory=dict)
    paypal_setup_tokens: Shelf = field(default_factory=dict)
    paypal_payment_tokens: Shelf = field(default_factory=dict)
    messages: Shelf = field(default_factory=dict)
    message_templates: Shelf = field(default_factory=dict)
    calls: Shelf = field(default_factory=dict)
    call_callbacks: Shelf = field(default_factory=dict)
    done: dict[tuple[str, str], Done] = field(default_factory=dict)
    access_tokens: dict[str, float] = field(default_factory=dict)
    settings: dict[str, str] = field(default_factory=lambda: dict(_DEFAULT_SETTINGS))
    requests: deque[Document] = field(default_factory=lambda: deque(maxlen=_LOG_LENGTH))

    def reset(self) -> None:
        """Forget everything; who is logged in to PayPal stays so."""
        with self.lock:
            for shelf in self.shelves().values():
                shelf.clear()
            self.done.clear()
            self.requests.clear()
            self.settings = dict(_DEFAULT_SETTINGS)

    def shelves(self) -> dict[str, Shelf]:
        """Give every shelf by its name."""
        return {name: getattr(self, name) for name in _SHELVES}

    def listing(self) -> Mapping[str, list[Document]]:
        """Give everything stored, oldest first."""
        with self.lock:
            return {name: list(shelf.values()) for name, shelf in self.shelves().items()}


_SHELVES = tuple(
    name for name, a_field in Books.__dataclass_fields__.items() if a_field.type in (Shelf, "Shelf")
)
