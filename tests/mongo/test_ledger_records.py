"""Money that touches no wallet is written in the ledger's batches, with the same care."""

from typing import Any

import pytest
from pymongo.database import Database
from pymongo.errors import DuplicateKeyError

from backend.ledger import Ledger, Row, Submission
from backend.ledger.store import LedgerStore
from tests.mongo.books import kinds, some_credits
from tests.mongo.purchases import paying, purchase, states

Document = dict[str, Any]


def passing_by(order_id: str, money: str) -> Submission:
    """Pay for an order with money that touches no wallet."""
    captured = Row(collection="captures", document={"_id": money})
    return Submission(posting=None, claims=[paying(order_id)], rows=[captured])


def test_money_that_passes_by_all_wallets_is_written_with_what_moves(
    store: LedgerStore, database: Database[Document]
) -> None:
    answers = store.commit(
        [passing_by("order_1", "pay_1"), purchase("order_2"), passing_by("order_3", "pay_3")]
    )

    assert kinds(answers) == ["Recorded", "Entry", "Recorded"]
    assert states(database) == "PAID PAID PAID"
    assert sorted(database["captures"].distinct("_id")) == ["pay_1", "pay_3"]


@pytest.mark.parametrize("alone", [True, False])
def test_what_passes_by_and_loses_its_claim_leaves_nothing(
    store: LedgerStore, database: Database[Document], alone: bool
) -> None:
    database["orders"].update_one({"_id": "order_1"}, {"$set": {"state": "CANCELLED"}})
    loser = passing_by("order_1", "pay_1")

    answers = store.commit([loser] if alone else [loser, passing_by("order_2", "pay_2"), *some_credits(1)])

    assert kinds(answers) == (["ClaimLost"] if alone else ["ClaimLost", "Recorded", "Entry"])
    assert database["captures"].distinct("_id") == ([] if alone else ["pay_2"])


def test_the_same_money_passes_by_once(
    ledger: Ledger, store: LedgerStore, database: Database[Document]
) -> None:
    store.commit([passing_by("order_1", "pay_1")])
    again = passing_by("order_2", "pay_1")

    answers = store.commit([again, passing_by("order_3", "pay_3"), *some_credits(1)])

    assert kinds(answers) == ["DuplicateKeyError", "Recorded", "Entry"]
    assert states(database) == "PAID PENDING PAID"
    with pytest.raises(DuplicateKeyError):
        ledger.record(claims=again.claims, rows=again.rows)


def test_of_two_that_pass_by_for_one_order_the_first_wins(
    store: LedgerStore, database: Database[Document]
) -> None:
    answers = store.commit([passing_by("order_1", "pay_1"), passing_by("order_1", "pay_2")])

    assert kinds(answers) == ["Recorded", "ClaimLost"]
    assert database["captures"].distinct("_id") == ["pay_1"]
