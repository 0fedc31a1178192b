"""Do the books balance? Reads every entry once, in constant memory, and names what is broken."""

import threading
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import groupby, islice
from operator import itemgetter

import pymongo
from pymongo import ASCENDING
from pymongo.database import Database

from backend.errors import Conflict
from backend.ledger.documents import Document
from backend.ledger.store import ENTRIES, HOLDS, WALLETS
from backend.ledger.values import HoldState, Wallet
from backend.ledger.walk import Broken, Walk, read_checked

MAX_PROBLEMS = 20
BATCH = 5000
ENTRY_ORDER = [("customer_id", ASCENDING), ("seq", ASCENDING)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One thing that does not add up, and where."""

    customer_id: str
    entry_id: str | None
    seq: int | None
    what: str


@dataclass(slots=True, kw_only=True)
class Report:
    """What a walk through the books found; accounts are in minor units per currency."""

    wallets: int = 0
    entries: int = 0
    accounts: dict[str, dict[str, int]] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    seconds: float = 0

    @property
    def is_whole(self) -> bool:
        """Tell whether the books balance and the chain is whole."""
        return not self.problems

    def count(self, walk: Walk) -> None:
        """Add a wallet that is whole to the sums of all accounts."""
        accounts = self.accounts.setdefault(walk.wallet.currency, {"wallets": 0})
        accounts["wallets"] += walk.wallet.balance_minor
        for account, change_minor in walk.accounts.items():
            accounts[account] = accounts.get(account, 0) + change_minor
        self.wallets += 1
        self.entries += walk.wallet.seq

    def add(self, customer_id: str, broken: Broken) -> None:
        """Note a problem; the first ones tell enough."""
        if len(self.problems) < MAX_PROBLEMS:
            self.problems.append(
                Problem(customer_id=customer_id, entry_id=broken.entry_id, seq=broken.seq, what=broken.what)
            )


class LedgerVerifier:
    """Checks wallets against entries, entries against their chain, and accounts against zero.

    Traffic may go on meanwhile. Entries are only ever appended, so a wallet read before its
    entries must find all of those it counts, and newer ones are counted by it when read again.
    """

    def __init__(self, database: Database[Document]) -> None:
        self._client = database.client
        self._wallets = database[WALLETS]
        self._entries = database[ENTRIES]
        self._holds = database[HOLDS]
        self._walking = threading.Lock()

    def run(self) -> Report:
        """Walk through all the books, one walk at a time."""
        if not self._walking.acquire(blocking=False):
            raise Conflict("The books are being checked already.")
        try:
            return self._run()
        finally:
            self._walking.release()

    def _run(self) -> Report:
        started = time.monotonic()
        report = Report()
        held = self._held_by_customer()
        for customer_id, wallet, entries in self._side_by_side():
            try:
                report.count(self._check(customer_id, wallet, entries, held.pop(customer_id, 0)))
            except Broken:
                self._check_alone(customer_id, report)
        for customer_id in held:
            self._check_alone(customer_id, report)
        _check_accounts(report)
        report.seconds = round(time.monotonic() - started, 3)
        return report

    def _side_by_side(self) -> Iterator[tuple[str, Document | None, Iterable[Document]]]:
        """Walk wallets and entries together, both in order of the customer's id."""
        wallets = iter(self._wallets.find(sort=[("_id", ASCENDING)], batch_size=BATCH))
        entries = self._entries.find(sort=ENTRY_ORDER, batch_size=BATCH)
        wallet = next(wallets, None)
        for customer_id, group in groupby(entries, key=itemgetter("customer_id")):
            while wallet is not None and wallet["_id"] < customer_id:
                yield wallet["_id"], wallet, ()
                wallet = next(wallets, None)
            if wallet is not None and wallet["_id"] == customer_id:
                yield customer_id, wallet, group
                wallet = next(wallets, None)
            else:
                yield customer_id, None, group
        while wallet is not None:
            yield wallet["_id"], wallet, ()
            wallet = next(wallets, None)

    def _check_alone(self, customer_id: str, report: Report) -> None:
        """Check one wallet again, read now and before its entries, and report what is wrong.

        The cursors of the long walk read ahead of each other, so that traffic can look like a gap.
        """
        wallet = self._wallets.find_one({"_id": customer_id})
        entries = self._entries.find({"customer_id": customer_id}, sort=ENTRY_ORDER, batch_size=BATCH)
        try:
            report.count(self._check(customer_id, wallet, entries, None))
        except Broken as broken:
            report.add(customer_id, broken)

    def _check(
        self, customer_id: str, found: Document | None, entries: Iterable[Document], held: int | None
    ) -> Walk:
        """Walk along one wallet; `held` is what its open holds came to a moment ago, if known."""
        walk = Walk(read_checked(found) if found else self._read_again(customer_id))
        passing = iter(entries)
        for entry in islice(passing, walk.wallet.seq):
            walk.step(entry)
        walk.arrive()
        self._check_newer(walk, passing)
        if held != walk.wallet.held_minor:
            self._check_held(customer_id)
        return walk

    def _check_newer(self, walk: Walk, entries: Iterable[Document]) -> None:
        """Check entries that came after the wallet was read: by now the wallet must count them."""
        newer = Walk(walk.wallet, walk.seq, walk.balance_minor, walk.head_hash)
        for entry in entries:
            newer.step(entry)
            if newer.seq > self._read_again(walk.wallet.customer_id).seq:
                raise Broken("the entry is not counted by its wallet", entry)

    def _check_held(self, customer_id: str) -> None:
        """Compare what is held with the open holds, both at one moment."""
        with self._client.start_session() as session, session.start_transaction():
            wallet = self._wallets.find_one({"_id": customer_id}, session=session) or {}
            holds = self._holds.find({"customer_id": customer_id, "state": HoldState.HELD}, session=session)
            open_minor = sum(hold["amount"] for hold in holds)
        if open_minor != wallet.get("held"):
            raise Broken("what the wallet holds back is not the sum of its open holds")

    def _held_by_customer(self) -> dict[str, int]:
        group = {"_id": "$customer_id", "amount": {"$sum": "$amount"}}
        with pymongo.timeout(None):
            open_holds = self._holds.aggregate([{"$match": {"state": HoldState.HELD}}, {"$group": group}])
        return {row["_id"]: row["amount"] for row in open_holds}

    def _read_again(self, customer_id: str) -> Wallet:
        document = self._wallets.find_one({"_id": customer_id})
        if document is None:
            raise Broken("there are entries or holds of a wallet that does not exist")
        return read_checked(document)


def _check_accounts(report: Report) -> None:
    """Every movement has two sides, so all accounts together are zero in each currency."""
    for currency, accounts in report.accounts.items():
        if sum(accounts.values()) != 0:
            report.add("", Broken(f"the accounts in {currency} do not sum to zero"))
