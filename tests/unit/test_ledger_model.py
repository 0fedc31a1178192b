"""Whatever is posted, in whatever batches, the rules agree with a naive model of money."""

from collections import Counter
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import pairwise
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from backend.errors import AppError
from backend.ledger.chain import chain_hash, hold_id
from backend.ledger.core import Outcome
from backend.ledger.values import GENESIS_HASH, Entry, Posting, Verb
from backend.money import MAX_BALANCE_MINOR
from tests.unit.books import NOON, Desk, empty_wallet

CURRENCIES = {"anna": "INR", "ben": "INR", "carla": "USD"}
SIGNS = {"credit": 1, "refund": 1, "debit": -1, "capture": -1}


class Refused(Exception):
    """The model says no, with this code."""


@dataclass
class Model:
    """Money as a child would keep it: a few numbers, one posting at a time."""

    balances: Counter[str] = field(default_factory=Counter)
    counts: Counter[str] = field(default_factory=Counter)
    holds: dict[str, dict[str, Any]] = field(default_factory=dict)
    moved: dict[str, tuple[tuple[Any, ...], tuple[Any, ...]]] = field(default_factory=dict)

    def held(self, owner: str) -> int:
        return sum(h["left"] for h in self.holds.values() if h["owner"] == owner)

    def outcome(self, wish: Posting) -> tuple[Any, ...]:
        try:
            return self.follow(wish)
        except Refused as refusal:
            return (refusal.args[0],)

    def follow(self, wish: Posting) -> tuple[Any, ...]:
        if wish.verb != "release" and wish.amount_minor < 1:
            raise Refused("INVALID_AMOUNT")
        meaning = (wish.customer_id, wish.amount_minor, wish.currency, wish.account, wish.order_id)
        if wish.verb == "hold" and hold_id(wish.key) in self.holds:
            return self.held_before(hold_id(wish.key), meaning)
        if wish.verb in SIGNS and wish.key in self.moved:
            return self.moved_before(wish, meaning)
        if wish.customer_id not in CURRENCIES:
            raise Refused("CUSTOMER_NOT_FOUND")
        if CURRENCIES[wish.customer_id] != wish.currency:
            raise Refused("INVALID_AMOUNT")
        if wish.verb == "hold":
            return self.hold(wish, meaning)
        return self.release(wish) if wish.verb == "release" else self.move(wish, meaning)

    def held_before(self, name: str, meaning: tuple[Any, ...]) -> tuple[Any, ...]:
        if self.holds[name]["meaning"] != meaning:
            raise Refused("IDEMPOTENCY_KEY_REUSED")
        return name, self.holds[name]["state"]

    def moved_before(self, wish: Posting, meaning: tuple[Any, ...]) -> tuple[Any, ...]:
        kind = "debit" if wish.verb == "capture" else str(wish.verb)
        first, answer = self.moved[wish.key]
        if first != (*meaning, kind, wish.hold_id):
            raise Refused("IDEMPOTENCY_KEY_REUSED")
        return answer

    def hold(self, wish: Posting, meaning: tuple[Any, ...]) -> tuple[Any, ...]:
        self.need(wish)
        hold = {"owner": wish.customer_id, "left": wish.amount_minor, "state": "HELD", "meaning": meaning}
        self.holds[hold_id(wish.key)] = hold
        return hold_id(wish.key), "HELD"

    def release(self, wish: Posting) -> tuple[Any, ...]:
        hold = self.mine(wish)
        if hold["state"] == "CAPTURED" or hold.get("released_by", wish.key) != wish.key:
            raise Refused("CONFLICT")
        hold |= {"state": "RELEASED", "left": 0, "released_by": wish.key}
        return str(wish.hold_id), "RELEASED"

    def move(self, wish: Posting, meaning: tuple[Any, ...]) -> tuple[Any, ...]:
        owner, change = wish.customer_id, SIGNS[wish.verb] * wish.amount_minor
        if wish.verb == "debit":
            self.need(wish)
        if change > 0 and self.balances[owner] + change > MAX_BALANCE_MINOR:
            raise Refused("INVALID_AMOUNT")
        if wish.verb == "capture":
            hold = self.mine(wish)
            if hold["state"] != "HELD":
                raise Refused("CONFLICT")
            if wish.amount_minor > hold["left"]:
                raise Refused("INVALID_AMOUNT")
            hold |= {"state": "CAPTURED", "left": 0}
        self.balances[owner] += change
        self.counts[owner] += 1
        kind = "debit" if wish.verb == "capture" else str(wish.verb)
        answer = (owner, kind, self.balances[owner], self.counts[owner])
        self.moved[wish.key] = ((*meaning, kind, wish.hold_id), answer)
        return answer

    def need(self, wish: Posting) -> None:
        if self.balances[wish.customer_id] - self.held(wish.customer_id) < wish.amount_minor:
            raise Refused("INSUFFICIENT_BALANCE")

    def mine(self, wish: Posting) -> dict[str, Any]:
        hold = self.holds.get(wish.hold_id or "")
        if hold is None or hold["owner"] != wish.customer_id:
            raise Refused("HOLD_NOT_FOUND")
        return hold


KEYS = [f"key_{number}" for number in range(8)]
AMOUNTS = st.one_of(st.sampled_from([0, 1, 2, 5, 10, 10, 50, 100, MAX_BALANCE_MINOR]), st.integers(-2, 120))
POSTINGS = st.builds(
    Posting,
    verb=st.sampled_from([*Verb, Verb.CREDIT, Verb.HOLD, Verb.CAPTURE]),
    customer_id=st.sampled_from(["anna", "anna", "anna", "anna", "ben", "ben", "carla", "ghost"]),
    key=st.sampled_from(KEYS) | st.uuids().map(str),
    amount_minor=AMOUNTS,
    currency=st.sampled_from(["INR", "INR", "INR", "USD"]),
    account=st.sampled_from(["orders", "orders", "calls"]),
    reason=st.just("Test"),
    source=st.just("test"),
    order_id=st.sampled_from([None, None, "order_1"]),
    hold_id=st.sampled_from([None, "hold_of_nobody", *map(hold_id, KEYS)]),
)
CLOCK = st.integers(-5_000, 5_000).map(lambda milliseconds: NOON + timedelta(milliseconds=milliseconds))
BATCHES = st.lists(st.tuples(CLOCK, st.lists(POSTINGS, max_size=12)), max_size=8)


def new_desk() -> Desk:
    return Desk({name: empty_wallet(name, currency=currency) for name, currency in CURRENCIES.items()})


def seen(outcome: Outcome) -> tuple[Any, ...]:
    """Reduce an outcome to what the model knows about it."""
    if isinstance(outcome, AppError):
        return (outcome.code,)
    if isinstance(outcome, Entry):
        return outcome.customer_id, str(outcome.type), outcome.balance_after_minor, outcome.seq
    return outcome.id, str(outcome.state)


def check_invariants(desk: Desk) -> None:
    accounts: Counter[str] = Counter()
    for name, wallet in desk.wallets.items():
        balance_minor, head = 0, GENESIS_HASH
        for seq, entry in enumerate(desk.history(name), start=1):
            accounts[f"{entry.currency} {entry.account}"] -= entry.signed_minor
            assert (entry.seq, entry.prev_hash, entry.currency) == (seq, head, wallet.currency)
            assert entry.balance_before_minor == balance_minor
            balance_minor, head = balance_minor + entry.signed_minor, chain_hash(entry)
            assert (entry.balance_after_minor, entry.hash) == (balance_minor, head)
            assert 0 <= balance_minor <= MAX_BALANCE_MINOR
        moments = [entry.created_at for entry in desk.history(name)]
        assert moments == sorted(moments)
        accounts[f"{wallet.currency} wallets"] += wallet.balance_minor
        assert (wallet.balance_minor, wallet.head_hash) == (balance_minor, head)
        assert wallet.seq == len(desk.history(name))
        assert 0 <= wallet.held_minor == desk.open_minor(name) <= wallet.balance_minor
    for currency in ("INR", "USD"):
        assert sum(minor for account, minor in accounts.items() if account.startswith(currency)) == 0


@settings(max_examples=400, deadline=None)
@given(BATCHES)
def test_the_rules_agree_with_the_model_and_keep_the_invariants_at_every_step(
    batches: list[tuple[Any, list[Posting]]],
) -> None:
    desk, model = new_desk(), Model()

    for now, postings in batches:
        applied = desk.batch(postings, now=now)

        assert [seen(outcome) for outcome in applied.outcomes] == [model.outcome(p) for p in postings]
        for name in CURRENCIES:
            assert desk.funds(name) == (model.balances[name], model.held(name))
        check_invariants(desk)


@settings(max_examples=200, deadline=None)
@given(st.lists(POSTINGS, max_size=40), st.lists(st.integers(0, 40), max_size=6))
def test_cutting_the_same_postings_into_other_batches_changes_nothing(
    postings: list[Posting], cuts: list[int]
) -> None:
    whole, cut = new_desk(), new_desk()
    edges = [0, *sorted(cuts), len(postings)]

    together = whole.batch(postings).outcomes
    apart = [outcome for start, end in pairwise(edges) for outcome in cut.batch(postings[start:end]).outcomes]

    assert [seen(outcome) for outcome in together] == [seen(outcome) for outcome in apart]
    assert (whole.wallets, whole.holds, whole.entries) == (cut.wallets, cut.holds, cut.entries)


@settings(max_examples=100, deadline=None)
@given(st.lists(POSTINGS, max_size=25))
def test_posting_everything_again_moves_nothing_that_had_moved(postings: list[Posting]) -> None:
    desk = new_desk()
    first = desk.batch(postings)

    again = desk.batch(postings)

    for posted, before, after in zip(postings, first.outcomes, again.outcomes, strict=True):
        if isinstance(before, Entry) and posted.verb is not Verb.RELEASE:
            assert after == before
    check_invariants(desk)
