"""What customers have said about messages: in which language, and by which ways they want them."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from pymongo.database import Database

from backend.db import Document
from backend.errors import CustomerNotFound
from backend.notifications.texts import DEFAULT_LANGUAGE

EMAIL, WHATSAPP, CONSOLE = "email", "whatsapp", "console"


@dataclass(frozen=True, slots=True, kw_only=True)
class Preferences:
    """What a customer wants; receipts go by e-mail unless that was refused, WhatsApp needs consent."""

    language: str = DEFAULT_LANGUAGE
    email: bool = True
    whatsapp: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipient:
    """Where a customer can be reached, by each way that they want."""

    language: str
    addresses: Mapping[str, str]


class PreferenceService:
    """Keeps what customers want, and when they said so."""

    def __init__(self, database: Database[Document]) -> None:
        self._customers = database["customers_v2"]

    def get(self, customer_id: str) -> Preferences:
        """Tell what a customer wants."""
        return _read(self._find(customer_id))

    def set(self, customer_id: str, wanted: Preferences) -> Preferences:
        """Keep what a customer wants, together with the time, as proof of consent."""
        said = {
            "language": wanted.language,
            "email": wanted.email,
            "whatsapp": wanted.whatsapp,
            "said_at": datetime.now(UTC),
        }
        change = {"$set": {"preferences": said}, "$push": {"preference_history": said}}
        if self._customers.update_one({"_id": customer_id}, change).matched_count == 0:
            raise CustomerNotFound
        return wanted

    def recipient(self, customer_id: str) -> Recipient:
        """Tell where to reach a customer, in the language they want."""
        document = self._find(customer_id)
        wanted = _read(document)
        known = {
            EMAIL: document["email"] if wanted.email else None,
            WHATSAPP: document.get("phone") if wanted.whatsapp else None,
            CONSOLE: document["email"],
        }
        addresses = {way: address for way, address in known.items() if address}
        return Recipient(language=wanted.language, addresses=addresses)

    def _find(self, customer_id: str) -> Document:
        document = self._customers.find_one({"_id": customer_id})
        if document is None:
            raise CustomerNotFound
        return document


def _read(document: Document) -> Preferences:
    said = {name: value for name, value in document.get("preferences", {}).items() if name != "said_at"}
    return Preferences(**said)
