"""Ways to pay that customers have saved; the gateway keeps them, and we keep its token, encrypted."""

import logging
import re
import uuid
from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, datetime

from pymongo import DESCENDING
from pymongo.client_session import ClientSession
from pymongo.database import Database
from pymongo.errors import DuplicateKeyError

from backend.auto_recharge_store import AutoRechargeStore
from backend.auto_recharge_values import OffReason
from backend.db import Document, in_transaction
from backend.errors import InvalidPaymentMethod, SavedMethodNotFound, ServiceUnavailable
from backend.field_cipher import FieldCipher, Undecryptable, fingerprint
from backend.gateway_customers import GatewayCustomers
from backend.gateways.errors import GatewayNotFound
from backend.gateways.port import Method, Payer, PaymentGateway, SavedToken
from backend.gateways.registry import Gateways
from backend.indexes import NEWEST
from backend.saved_method_values import SavedMethod, SavedSecret, kept, read_method

log = logging.getLogger(__name__)

DEFAULT_FIRST = [("is_default", DESCENDING), *NEWEST]
ROTATED_AT_ONCE = 100

_TRIES = 10  # Against others who save for the same customer at the same moment.
_TOKEN = re.compile(r"[A-Za-z0-9._-]{3,128}")


class SavedMethods:
    """Saves ways to pay, shows them without their tokens, and forgets them."""

    def __init__(
        self,
        database: Database[Document],
        *,
        gateways: Gateways,
        customers: GatewayCustomers,
        cipher: FieldCipher,
        fingerprint_key: bytes,
    ) -> None:
        self._client = database.client
        self._methods = database["saved_payment_methods"]
        self._recharges = AutoRechargeStore(database)
        self._gateways = gateways
        self._customers = customers
        self._cipher = cipher
        self._fingerprint_key = fingerprint_key

    def save(
        self,
        payer: Payer,
        *,
        gateway: str,
        type: Method,  # noqa: A002 - the word of the API.
        token: str,
        set_default: bool = False,
    ) -> SavedMethod:
        """Keep a token that the gateway gave this customer; what it stands for, the gateway tells."""
        keeper = self._gateways.get(gateway)
        gateway_customer_id = self._customers.ensure(keeper, payer)
        saved = _read_back(keeper, gateway_customer_id, token)
        if saved.type is not type:
            raise InvalidPaymentMethod("The saved payment method is of another type.")
        id_ = self._insert_once(self._row(payer.customer_id, gateway, gateway_customer_id, saved))
        self._note_leave(payer.customer_id, id_, saved)
        if set_default:
            return self.make_default(payer.customer_id, id_)
        self._propose_newest(payer.customer_id)
        return read_method(self._find(payer.customer_id, id_))

    def list(self, customer_id: str) -> Sequence[SavedMethod]:
        """List a customer's methods, the default one and then the newest first."""
        return [read_method(row) for row in self._methods.find(kept(customer_id), sort=DEFAULT_FIRST)]

    def get(self, customer_id: str, id_: str) -> SavedMethod:
        """Find one of a customer's methods."""
        return read_method(self._find(customer_id, id_))

    def delete(self, customer_id: str, id_: str) -> None:
        """Forget a method: the gateway goes first, because without its token it could not be told which."""
        secret = self.token_of(customer_id, id_)
        self._gateways.get(secret.gateway).delete_token(secret.gateway_customer_id, secret.token)
        forgotten = {
            "$set": {"is_default": False, "deleted_at": datetime.now(UTC)},
            "$unset": {"token": "", "fingerprint": ""},
        }
        self._methods.update_one(kept(customer_id, id_), forgotten)
        self._recharges.switch_off(customer_id, OffReason.METHOD_DELETED, saved_method_id=id_)
        self._propose_newest(customer_id)

    def make_default(self, customer_id: str, id_: str) -> SavedMethod:
        """Let this method, and no other one, be the one that is proposed first."""
        for _ in range(_TRIES):
            with suppress(DuplicateKeyError):
                in_transaction(self._client, lambda session: self._choose(customer_id, id_, session))
                return read_method(self._find(customer_id, id_))
        raise ServiceUnavailable

    def token_of(self, customer_id: str, id_: str) -> SavedSecret:
        """Tell what the gateway needs to be paid by that method."""
        row = self._find(customer_id, id_)
        return SavedSecret(
            gateway=row["gateway"],
            token=self._cipher.decrypt(row["token"], record_id=row["_id"]).decode(),
            gateway_customer_id=row["gateway_customer_id"],
            type=Method(row["type"]),
        )

    def check_chargeable(self, customer_id: str, id_: str) -> None:
        """Ask the gateway whether that method may be charged while its owner is away."""
        secret = self.token_of(customer_id, id_)
        keeper = self._gateways.get(secret.gateway)
        saved = _read_back(keeper, secret.gateway_customer_id, secret.token)
        self._note_leave(customer_id, id_, saved)
        if not (keeper.charges_saved and saved.is_recurring):
            raise InvalidPaymentMethod(
                "This payment method was not registered for charges while you are away."
            )

    def rotate(self) -> int:
        """Encrypt every token with the newest key, and count those that were not; safe while in use."""
        rotated, last = 0, ""
        while batch := self._batch_after(last):
            rotated += sum(self._rotate(row) for row in batch)
            last = batch[-1]["_id"]
        return rotated

    def _find(self, customer_id: str, id_: str) -> Document:
        row = self._methods.find_one(kept(customer_id, id_))
        if row is None:
            raise SavedMethodNotFound
        return row

    def _note_leave(self, customer_id: str, id_: str, saved: SavedToken) -> None:
        """Keep what the gateway says about charges while the owner is away; it may change."""
        change = {"$set": {"is_recurring": saved.is_recurring}}
        self._methods.update_one(kept(customer_id, id_), change)

    def _insert_once(self, row: Document) -> str:
        """Store a method, or find it where the customer has saved it before."""
        try:
            self._methods.insert_one(row)
        except DuplicateKeyError:
            known = self._methods.find_one({"fingerprint": row["fingerprint"]})
            if known is None or known["customer_id"] != row["customer_id"]:
                raise _unknown() from None
            return str(known["_id"])
        return str(row["_id"])

    def _choose(self, customer_id: str, id_: str, session: ClientSession) -> None:
        others = {**kept(customer_id), "is_default": True, "_id": {"$ne": id_}}
        self._methods.update_many(others, {"$set": {"is_default": False}}, session=session)
        change = {"$set": {"is_default": True}}
        if not self._methods.update_one(kept(customer_id, id_), change, session=session).matched_count:
            raise SavedMethodNotFound

    def _propose_newest(self, customer_id: str) -> None:
        """Make the newest method the default one if there is none.

        This comes after every change that may leave none, and so whoever comes last sees what is left.
        """
        if self._methods.find_one({**kept(customer_id), "is_default": True}, {"_id": 1}):
            return
        newest = self._methods.find_one(kept(customer_id), {"_id": 1}, sort=DEFAULT_FIRST)
        if newest:
            with suppress(DuplicateKeyError):  # Somebody else has chosen one in the meantime.
                self._methods.update_one(kept(customer_id, newest["_id"]), {"$set": {"is_default": True}})

    def _batch_after(self, id_: str) -> Sequence[Document]:
        wanted = {"_id": {"$gt": id_}, "token": {"$exists": True}}
        return self._methods.find(wanted, {"token": 1}, sort=[("_id", 1)], limit=ROTATED_AT_ONCE).to_list()

    def _rotate(self, row: Document) -> int:
        if self._cipher.is_newest(row["token"]):
            return 0
        try:
            token = self._cipher.rotate(row["token"])
        except Undecryptable:
            log.error("the token of saved method %s cannot be decrypted with any key", row["_id"])
            return 0
        return self._methods.update_one(row, {"$set": {"token": token}}).modified_count

    def _row(self, customer_id: str, gateway: str, gateway_customer_id: str, saved: SavedToken) -> Document:
        id_ = f"SAVED-{uuid.uuid4().hex}"
        return {
            "_id": id_,
            "customer_id": customer_id,
            "gateway": gateway,
            "gateway_customer_id": gateway_customer_id,
            "type": saved.type.value,
            "token": self._cipher.encrypt(saved.token.encode(), record_id=id_),
            "fingerprint": fingerprint(self._fingerprint_key, gateway, saved.token),
            "last4": saved.last4,
            "brand": saved.brand,
            "expiry": saved.expiry,
            "vpa": saved.vpa,
            "email": saved.email,
            "is_default": False,
            "is_recurring": saved.is_recurring,
            "created_at": datetime.now(UTC),
        }


def _read_back(gateway: PaymentGateway, gateway_customer_id: str, token: str) -> SavedToken:
    """Let the gateway say what a token is; it knows none but the customer's own."""
    if not _TOKEN.fullmatch(token):
        raise _unknown()
    try:
        return gateway.fetch_token(gateway_customer_id, token)
    except GatewayNotFound:
        raise _unknown() from None


def _unknown() -> InvalidPaymentMethod:
    return InvalidPaymentMethod("The payment gateway has saved no such payment method for this customer.")
