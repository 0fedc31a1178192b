"""Logins: each is one document, so that revoking it ends every token that came from it."""

import uuid
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from pymongo.database import Database

from backend.db import Document
from backend.errors import Unauthenticated

REFRESH_TOKEN_LIFETIME = timedelta(days=30)


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """One login of one customer, and the only refresh token it accepts next."""

    id: str
    customer_id: str
    refresh_id: str


class SessionService:
    """Opens, renews and revokes logins."""

    def __init__(self, database: Database[Document]) -> None:
        self._sessions = database["auth_sessions"]

    def open(self, customer_id: str) -> Session:
        """Start a login."""
        session = Session(id=_new_id(), customer_id=customer_id, refresh_id=_new_id())
        self._sessions.insert_one(
            {
                "_id": session.id,
                "customer_id": customer_id,
                "refresh_id": session.refresh_id,
                "revoked": False,
                "expires_at": datetime.now(UTC) + REFRESH_TOKEN_LIFETIME,
            }
        )
        return session

    def renew(self, session_id: str, refresh_id: str) -> Session:
        """Trade a refresh token for the next one; using one twice ends the whole login.

        Whoever presents a used token is either the thief or the robbed, and nobody can tell which.
        """
        next_id = _new_id()
        found = self._sessions.find_one_and_update(
            {"_id": session_id, "refresh_id": refresh_id, "revoked": False},
            {"$set": {"refresh_id": next_id, "expires_at": datetime.now(UTC) + REFRESH_TOKEN_LIFETIME}},
        )
        if found is None:
            self.revoke(session_id)
            raise Unauthenticated("This session has ended. Please log in again.")
        return Session(id=session_id, customer_id=found["customer_id"], refresh_id=next_id)

    def revoke(self, session_id: str) -> None:
        """End a login, and with it all of its tokens."""
        self._sessions.update_one({"_id": session_id}, {"$set": {"revoked": True}})

    def revoke_all(self, customer_id: str) -> None:
        """End every login of a customer."""
        self._sessions.update_many({"customer_id": customer_id}, {"$set": {"revoked": True}})

    def is_live(self, session_id: str) -> bool:
        """Tell whether tokens of this login are still to be believed."""
        return self._sessions.find_one({"_id": session_id, "revoked": False}, {"_id": 1}) is not None


def _new_id() -> str:
    return uuid.uuid4().hex
