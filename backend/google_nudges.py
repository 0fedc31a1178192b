"""Google's messages: reasons to ask the payment gateway, and never money by themselves."""

from datetime import UTC, datetime

from pymongo.database import Database
from pymongo.errors import DuplicateKeyError

from backend.db import Document
from backend.gateways.google_pay import GooglePayMessage, GooglePayMessages
from backend.payment_inquiry import PaymentInquiry
from backend.payment_store import PaymentStore
from backend.webhook_service import EventState, Receipt

SENDER = "google-pay"


class GoogleNudges:
    """Takes each signed message once, and asks the gateway about the payment it names."""

    def __init__(
        self, database: Database[Document], *, messages: GooglePayMessages, inquiry: PaymentInquiry
    ) -> None:
        self._events = database["webhook_events"]
        self._store = PaymentStore(database)
        self._messages = messages
        self._inquiry = inquiry

    def receive(self, raw: bytes) -> Receipt:
        """Take a message in; its nonce tells whether it came before."""
        message = self._messages.read(raw)
        key = f"{SENDER}:{message.nonce}"
        if not self._store_once(key, message):
            known = self._events.find_one({"_id": key}, {"state": 1})
            if known and known["state"] != EventState.RECEIVED:
                return Receipt.DUPLICATE
        payment = self._store.find(message.object_id.rpartition(".")[2]) if message.object_id else None
        if payment and not payment.is_paid:
            self._inquiry.ask(payment)
        state = EventState.APPLIED if payment else EventState.IGNORED
        changes = {"state": state.value, "handled_at": datetime.now(UTC)}
        self._events.update_one({"_id": key}, {"$set": changes})
        return Receipt.OK if payment else Receipt.IGNORED

    def _store_once(self, key: str, message: GooglePayMessage) -> bool:
        document = {
            "_id": key,
            "gateway": SENDER,
            "event_id": message.nonce,
            "type": message.event_type,
            "object_id": message.object_id,
            "headers": {},
            "state": EventState.RECEIVED.value,
            "received_at": datetime.now(UTC),
        }
        try:
            self._events.insert_one(document)
        except DuplicateKeyError:
            return False
        return True
