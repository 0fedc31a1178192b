"""Customers and admins: who they are, and proving that they are it."""

import unicodedata
import uuid
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from pymongo import ReturnDocument
from pymongo.client_session import ClientSession
from pymongo.database import Database
from pymongo.errors import DuplicateKeyError

from backend.db import Document, in_transaction
from backend.errors import Conflict, CustomerNotFound, Unauthenticated
from backend.ledger import Ledger

SHORTEST_PASSWORD, LONGEST_PASSWORD = 8, 128


class Role(StrEnum):
    """What a user may do."""

    CUSTOMER = "customer"
    ADMIN = "admin"


@dataclass(frozen=True, slots=True, kw_only=True)
class User:
    """Somebody with a wallet and a password."""

    id: str
    name: str
    email: str
    phone: str | None
    role: Role


class EmailTaken(Conflict):
    """Somebody has signed up with this e-mail before."""

    message = "An account with this e-mail exists already."


class UserService:
    """Signs users up and recognises them again."""

    def __init__(
        self, database: Database[Document], ledger: Ledger, *, currency: str, hasher: PasswordHasher
    ) -> None:
        self._client = database.client
        self._customers = database["customers_v2"]
        self._ledger = ledger
        self._currency = currency
        self._hasher = hasher
        # Checked when the e-mail is unknown, so that both answers take the same time.
        self._nobodys_hash = hasher.hash(uuid.uuid4().hex)

    def sign_up(
        self,
        *,
        name: str,
        email: str,
        password: str,
        phone: str | None = None,
        role: Role = Role.CUSTOMER,
    ) -> User:
        """Create a user and open the wallet in one step; one e-mail makes one user."""
        user = User(id=f"cust_{uuid.uuid4().hex}", name=name, email=email.strip(), phone=phone, role=role)
        document = _document(user) | {"password_hash": self._hasher.hash(password)}

        def write(session: ClientSession) -> None:
            self._customers.insert_one(document, session=session)
            self._ledger.open_wallet(user.id, currency=self._currency, session=session)

        try:
            in_transaction(self._client, write)
        except DuplicateKeyError:
            raise EmailTaken from None
        return user

    def log_in(self, *, email: str, password: str) -> User:
        """Recognise a user; a wrong e-mail and a wrong password look the same from outside."""
        document = self._customers.find_one({"email_key": email_key(email)})
        try:
            self._hasher.verify(document["password_hash"] if document else self._nobodys_hash, password)
        except (VerificationError, InvalidHashError):
            document = None
        if document is None:
            raise Unauthenticated("The e-mail or the password is wrong.")
        return _read(document)

    def get(self, customer_id: str) -> User:
        """Find a user by id."""
        document = self._customers.find_one({"_id": customer_id})
        if document is None:
            raise CustomerNotFound
        return _read(document)

    def find_by_email(self, email: str) -> User | None:
        """Find a user by e-mail, in any spelling of its case."""
        document = self._customers.find_one({"email_key": email_key(email)})
        return _read(document) if document else None

    def make_admin(self, email: str, *, password: str, name: str = "Admin") -> User:
        """Create an admin, or promote the user and set the password."""
        try:
            return self.sign_up(name=name, email=email, password=password, role=Role.ADMIN)
        except EmailTaken:
            document = self._customers.find_one_and_update(
                {"email_key": email_key(email)},
                {"$set": {"role": Role.ADMIN.value, "password_hash": self._hasher.hash(password)}},
                return_document=ReturnDocument.AFTER,
            )
            if document is None:
                raise
            return _read(document)


def email_key(email: str) -> str:
    """Write an e-mail the way that makes equal what people take for equal."""
    return unicodedata.normalize("NFKC", email.strip()).casefold()


def _document(user: User) -> Document:
    return {
        "_id": user.id,
        "name": user.name,
        "email": user.email,
        "email_key": email_key(user.email),
        "phone": user.phone,
        "role": user.role.value,
        "created_at": datetime.now(UTC),
    }


def _read(document: Document) -> User:
    return User(
        id=document["_id"],
        name=document["name"],
        email=document["email"],
        phone=document["phone"],
        role=Role(document["role"]),
    )
