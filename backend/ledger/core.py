"""The rules of money: wallets and postings in, entries and refusals out, and no I/O at all."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TypeVar

from backend.errors import (
    AppError,
    CustomerNotFound,
    HoldClosed,
    HoldNotFound,
    IdempotencyKeyReused,
    InsufficientBalance,
    Invalid,
    InvalidAmount,
)
from backend.ledger.chain import TYPE_OF_ENTRY, entry_id, hold_id, new_hold, next_entry, wallet_after
from backend.ledger.values import Entry, Hold, HoldState, Posting, Verb, Wallet
from backend.money import MAX_BALANCE_MINOR

T = TypeVar("T")
E = TypeVar("E", Entry, Hold)

Outcome = Entry | Hold | AppError


@dataclass(frozen=True, slots=True)
class Books:
    """The part of the books that a batch of postings touches."""

    wallets: Mapping[str, Wallet]
    holds: Mapping[str, Hold] = field(default_factory=dict)
    entries: Mapping[str, Entry] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Applied:
    """What a batch did: one outcome for each posting, in order, and all that changed.

    `fresh` tells which postings changed something; the others were refused or replayed.
    """

    outcomes: list[Outcome]
    fresh: list[bool]
    wallets: dict[str, Wallet]
    holds: dict[str, Hold]
    entries: dict[str, Entry]


def apply(books: Books, postings: Sequence[Posting], *, now: datetime) -> Applied:
    """Apply each posting in turn; a refused one changes nothing and sinks no other."""
    now = now.replace(microsecond=now.microsecond // 1000 * 1000)  # What the database can store.
    run = _Run(dict(books.wallets), dict(books.holds), dict(books.entries), now)
    results = [run.outcome(posting) for posting in postings]
    return Applied(
        outcomes=[outcome for outcome, _ in results],
        fresh=[fresh for _, fresh in results],
        wallets=_changed(books.wallets, run.wallets),
        holds=_changed(books.holds, run.holds),
        entries=_changed(books.entries, run.entries),
    )


def _changed(before: Mapping[str, T], after: Mapping[str, T]) -> dict[str, T]:
    return {key: value for key, value in after.items() if before.get(key) is not value}


@dataclass(slots=True)
class _Run:
    """The books while a batch is being applied."""

    wallets: dict[str, Wallet]
    holds: dict[str, Hold]
    entries: dict[str, Entry]
    now: datetime
    changed: bool = False

    def outcome(self, posting: Posting) -> tuple[Outcome, bool]:
        self.changed = False
        try:
            _check_amount(posting)
            _check_metadata(posting)
            outcome = self.replay(posting) or self.rule(posting.verb)(posting)
        except AppError as refusal:
            return refusal, False
        return outcome, self.changed

    def replay(self, posting: Posting) -> Entry | Hold | None:
        """Give the first result of a key again; the same key for something else is refused."""
        if posting.verb is Verb.RELEASE:
            return None  # The hold itself remembers which release ended it.
        if posting.verb is Verb.HOLD:
            return _same(self.holds.get(hold_id(posting.key)), posting)
        return _same(self.entries.get(entry_id(posting.key)), posting)

    def rule(self, verb: Verb) -> Callable[[Posting], Entry | Hold]:
        rules: dict[Verb, Callable[[Posting], Entry | Hold]] = {
            Verb.CREDIT: self.credit,
            Verb.REFUND: self.credit,
            Verb.DEBIT: self.debit,
            Verb.HOLD: self.hold,
            Verb.CAPTURE: self.capture,
            Verb.RELEASE: self.release,
        }
        return rules[verb]

    def credit(self, posting: Posting) -> Entry:
        wallet = self.wallet(posting)
        if wallet.balance_minor + posting.amount_minor > MAX_BALANCE_MINOR:
            raise InvalidAmount("The wallet cannot hold that much.")
        return self.book(wallet, posting)

    def debit(self, posting: Posting) -> Entry:
        wallet = self.wallet(posting)
        _check_available(wallet, posting)
        return self.book(wallet, posting)

    def hold(self, posting: Posting) -> Hold:
        wallet = self.wallet(posting)
        _check_available(wallet, posting)
        self.store_held(wallet, posting.amount_minor)
        return self.store_hold(new_hold(posting, self.now))

    def capture(self, posting: Posting) -> Entry:
        wallet = self.wallet(posting)
        hold = self.open_hold(posting)
        if posting.amount_minor > hold.amount_minor:
            raise InvalidAmount(
                "More than was held.", held_minor=hold.amount_minor, required_minor=posting.amount_minor
            )
        freed = self.store_held(wallet, -hold.amount_minor)
        self.store_hold(
            replace(
                hold,
                state=HoldState.CAPTURED,
                captured_minor=posting.amount_minor,
                closed_by=posting.key,
                updated_at=self.now,
            )
        )
        return self.book(freed, posting)

    def release(self, posting: Posting) -> Hold:
        wallet = self.wallet(posting)
        hold = self.known_hold(posting)
        if released_by(hold, posting):
            return hold
        hold = self.open_hold(posting)
        self.store_held(wallet, -hold.amount_minor)
        return self.store_hold(
            replace(hold, state=HoldState.RELEASED, closed_by=posting.key, updated_at=self.now)
        )

    def wallet(self, posting: Posting) -> Wallet:
        wallet = self.wallets.get(posting.customer_id)
        if wallet is None:
            raise CustomerNotFound
        if wallet.currency != posting.currency:
            raise InvalidAmount(f"The wallet is in {wallet.currency}.")
        return wallet

    def known_hold(self, posting: Posting) -> Hold:
        hold = self.holds.get(posting.hold_id or "")
        if hold is None or hold.customer_id != posting.customer_id:
            raise HoldNotFound
        return hold

    def open_hold(self, posting: Posting) -> Hold:
        hold = self.known_hold(posting)
        if hold.state is not HoldState.HELD:
            raise HoldClosed(state=hold.state)
        return hold

    def book(self, wallet: Wallet, posting: Posting) -> Entry:
        """Add the entry that follows the wallet's last one."""
        entry = next_entry(wallet, posting, self.now)
        self.entries[entry.id] = entry
        self.store_wallet(wallet_after(wallet, entry))
        return entry

    def store_wallet(self, wallet: Wallet) -> Wallet:
        self.wallets[wallet.customer_id] = wallet
        self.changed = True
        return wallet

    def store_held(self, wallet: Wallet, change_minor: int) -> Wallet:
        return self.store_wallet(
            replace(
                wallet,
                held_minor=wallet.held_minor + change_minor,
                updated_at=max(self.now, wallet.updated_at),
            )
        )

    def store_hold(self, hold: Hold) -> Hold:
        self.holds[hold.id] = hold
        return hold


def _check_amount(posting: Posting) -> None:
    amount = posting.amount_minor
    if isinstance(amount, bool) or not isinstance(amount, int):
        raise InvalidAmount("An amount is a whole number of minor units.")
    if posting.verb is Verb.RELEASE:
        return
    if posting.amount_minor <= 0:
        raise InvalidAmount("The amount must be more than zero.")


def _check_metadata(posting: Posting) -> None:
    """Take only what the database gives back just as it was hashed."""
    if not all(isinstance(value, str | int | None) for value in posting.metadata.values()):
        raise Invalid("Metadata may hold text, whole numbers, yes or no, and nothing.")


def released_by(hold: Hold, posting: Posting) -> bool:
    """Tell whether this very posting released the hold; for anybody else the hold is closed."""
    return hold.state is HoldState.RELEASED and hold.closed_by == posting.key


def _check_available(wallet: Wallet, posting: Posting) -> None:
    if posting.amount_minor > wallet.available_minor:
        raise InsufficientBalance(
            available_minor=wallet.available_minor,
            required_minor=posting.amount_minor,
            currency=wallet.currency,
        )


def _same(first: E | None, posting: Posting) -> E | None:
    """Check that the key's first use meant the same movement; words and metadata may differ."""
    if first is None:
        return None
    meant = (posting.customer_id, posting.amount_minor, posting.currency, posting.account)
    if meant != (first.customer_id, first.amount_minor, first.currency, first.account):
        raise IdempotencyKeyReused
    if (posting.order_id, posting.call_id) != (first.order_id, first.call_id):
        raise IdempotencyKeyReused
    if isinstance(first, Entry) and (TYPE_OF_ENTRY[posting.verb], posting.hold_id) != (
        first.type,
        first.hold_id,
    ):
        raise IdempotencyKeyReused
    return first
