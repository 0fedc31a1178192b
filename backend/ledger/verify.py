"""Do the books balance? Reads every entry once, in constant memory, and names what is broken."""

import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import groupby, islice
from operator import attrgetter

from pymongo import ASCENDING
from pymongo.database import Database

from backend.ledger.chain import chain_hash
from backend.ledger.documents import Document, read_entry, read_wallet
from backend.ledger.store import ENTRIES, HOLDS, WALLETS
from backend.ledger.values import GENESIS_HASH, Entry, EntryType, HoldState, Total, Wallet

MAX_PROBLEMS = 20
BATCH = 5000


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


class Broken(Exception):
    """A wallet failed a check at an entry, or at its end."""

    def __init__(self, what: str, entry: Entry | None = None) -> None:
        super().__init__(what)
        self.what = what
        self.entry = entry


@dataclass(slots=True)
class Walk:
    """Where a walk along one wallet's entries has come to."""

    seq: int = 0
    balance_minor: int = 0
    head_hash: str = GENESIS_HASH
    totals: dict[EntryType, Total] = field(default_factory=lambda: {t: Total() for t in EntryType})

    def step(self, entry: Entry) -> None:
        """Check that the entry is the one that must come next, and go there."""
        if entry.seq != self.seq + 1:
            raise Broken(f"entry {self.seq + 1} is missing or out of order", entry)
        if entry.prev_hash != self.head_hash:
            raise Broken("the entry does not follow the one before it", entry)
        if chain_hash(entry) != entry.hash:
            raise Broken("the entry was changed after it was written", entry)
        if entry.balance_before_minor != self.balance_minor:
            raise Broken("the balance before is not the balance after the entry before", entry)
        if entry.balance_after_minor != self.balance_minor + entry.signed_minor:
            raise Broken("the balance after is not the balance before plus the amount", entry)
        if entry.amount_minor <= 0 or entry.balance_after_minor < 0:
            raise Broken("the amount or the balance is below what is allowed", entry)
        self.seq, self.head_hash, self.balance_minor = entry.seq, entry.hash, entry.balance_after_minor
        self.totals[entry.type] = self.totals[entry.type].plus(entry.amount_minor)

    def arrive(self, wallet: Wallet) -> None:
        """Check that the wallet says what its entries add up to."""
        if self.seq != wallet.seq:
            raise Broken(f"entry {self.seq + 1} is missing: the wallet counts {wallet.seq}")
        if self.head_hash != wallet.head_hash:
            raise Broken("the wallet's head is not its last entry")
        if self.balance_minor != wallet.balance_minor:
            raise Broken("the wallet's balance is not the sum of its entries")
        if list(self.totals.values()) != [wallet.credits, wallet.debits, wallet.refunds]:
            raise Broken("the wallet's totals are not those of its entries")


class LedgerVerifier:
    """Checks wallets against entries, entries against their chain, and accounts against zero.

    Traffic may go on meanwhile: entries are only ever appended, so a wallet read before its
    entries must find all of those it counts, and newer ones are checked against it read again.
    """

    def __init__(self, database: Database[Document]) -> None:
        self._client = database.client
        self._wallets = database[WALLETS]
        self._entries = database[ENTRIES]
        self._holds = database[HOLDS]

    def run(self) -> Report:
        """Walk through all the books."""
        started = time.monotonic()
        report = Report()
        held = self._held_by_customer()
        for customer_id, wallet, entries in self._side_by_side():
            try:
                self._check(customer_id, wallet, entries, held.pop(customer_id, 0), report)
            except Broken as broken:
                _add_problem(report, customer_id, broken)
        for customer_id in held:
            _add_problem(report, customer_id, Broken("money is held for a wallet that does not exist"))
        _check_accounts(report)
        report.seconds = round(time.monotonic() - started, 3)
        return report

    def _side_by_side(self) -> Iterator[tuple[str, Wallet | None, Iterable[Entry]]]:
        """Walk wallets and entries together, both in order of the customer's id."""
        order = [("customer_id", ASCENDING), ("seq", ASCENDING)]
        wallets = map(read_wallet, self._wallets.find(sort=[("_id", ASCENDING)], batch_size=BATCH))
        entries = map(read_entry, self._entries.find(sort=order, batch_size=BATCH))
        wallet = next(wallets, None)
        for customer_id, group in groupby(entries, key=attrgetter("customer_id")):
            while wallet is not None and wallet.customer_id < customer_id:
                yield wallet.customer_id, wallet, ()
                wallet = next(wallets, None)
            if wallet is not None and wallet.customer_id == customer_id:
                yield customer_id, wallet, group
                wallet = next(wallets, None)
            else:
                yield customer_id, None, group
        while wallet is not None:
            yield wallet.customer_id, wallet, ()
            wallet = next(wallets, None)

    def _check(
        self,
        customer_id: str,
        wallet: Wallet | None,
        entries: Iterable[Entry],
        held_minor: int,
        report: Report,
    ) -> None:
        """Check one wallet; its entries are counted into the report while they pass."""
        wallet = wallet or self._read_again(customer_id)
        accounts = report.accounts.setdefault(wallet.currency, {"wallets": 0})
        accounts["wallets"] += wallet.balance_minor
        report.wallets += 1
        walk = Walk()
        passing = iter(entries)
        for entry in islice(passing, wallet.seq):
            walk.step(entry)
            accounts[entry.account] = accounts.get(entry.account, 0) - entry.signed_minor
            report.entries += 1
        walk.arrive(wallet)
        self._check_newer(walk, customer_id, passing)
        if held_minor != wallet.held_minor:
            self._check_held(customer_id)

    def _check_newer(self, walk: Walk, customer_id: str, entries: Iterable[Entry]) -> None:
        """Check entries that came after the wallet was read: the wallet must count them by now."""
        for entry in entries:
            walk.step(entry)
            if walk.seq > self._read_again(customer_id).seq:
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
        open_holds = self._holds.aggregate([{"$match": {"state": HoldState.HELD}}, {"$group": group}])
        return {row["_id"]: row["amount"] for row in open_holds}

    def _read_again(self, customer_id: str) -> Wallet:
        document = self._wallets.find_one({"_id": customer_id})
        if document is None:
            raise Broken("there are entries of a wallet that does not exist")
        return read_wallet(document)


def _check_accounts(report: Report) -> None:
    """Every movement has two sides, so all accounts together are zero in each currency."""
    for currency, accounts in report.accounts.items():
        if sum(accounts.values()) != 0:
            _add_problem(report, "", Broken(f"the accounts in {currency} do not sum to zero"))


def _add_problem(report: Report, customer_id: str, broken: Broken) -> None:
    if len(report.problems) < MAX_PROBLEMS:
        entry = broken.entry
        report.problems.append(
            Problem(
                customer_id=customer_id,
                entry_id=entry.id if entry else None,
                seq=entry.seq if entry else None,
                what=broken.what,
            )
        )
