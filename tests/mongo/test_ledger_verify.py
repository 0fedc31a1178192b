"""The verifier finds every way in which the books can be made to lie, and names the place."""

from typing import Any

import pytest
from bson import ObjectId
from pymongo.database import Database

from backend.ledger import Ledger, Verb
from backend.ledger.chain import chain_hash
from backend.ledger.documents import read_entry
from backend.ledger.verify import LedgerVerifier, Problem, Report
from tests.conftest import open_wallet, posting
from tests.mongo.books import entries_of, give

Document = dict[str, Any]


@pytest.fixture
def books(ledger: Ledger, database: Database[Document]) -> Database[Document]:
    """Three wallets with five entries each; cust_2, in the middle, also has an open hold of 30."""
    for customer_id in ("cust_1", "cust_2", "cust_3"):
        open_wallet(ledger, database, customer_id)
        give(ledger, 1000, customer_id)
        for amount_minor in (100, 200, 300, 50):
            ledger.move(posting(Verb.DEBIT, amount_minor, customer_id=customer_id, metadata={"note": "x"}))
    hold = ledger.reserve(posting(Verb.HOLD, 40, customer_id="cust_2"))
    ledger.reserve(posting(Verb.RELEASE, customer_id="cust_2", hold_id=hold.id))
    ledger.reserve(posting(Verb.HOLD, 30, customer_id="cust_2"))
    return database


def verified(database: Database[Document]) -> Report:
    return LedgerVerifier(database).run()


def first_problem(database: Database[Document]) -> Problem:
    report = verified(database)
    assert not report.is_whole
    return report.problems[0]


def edit(database: Database[Document], collection: str, query: Document, change: Document) -> None:
    """Change a document as somebody with the database's password could, past every validator."""
    done = database[collection].update_one(query, change, bypass_document_validation=True)
    assert done.modified_count == 1


def test_untouched_books_are_whole_and_every_account_is_counted(books: Database[Document]) -> None:
    report = verified(books)

    assert report.is_whole
    assert (report.wallets, report.entries) == (3, 15)
    assert report.accounts == {"INR": {"wallets": 1050, "promotions": -3000, "adjustments": 1950}}


def test_empty_books_are_whole(database: Database[Document]) -> None:
    assert verified(database).is_whole


@pytest.mark.parametrize(
    "change",
    [
        {"amount": 201},
        {"reason": "Something else"},
        {"metadata": {"note": "y"}},
        {"metadata": {}},
        {"account": "orders"},
        {"type": "credit"},
        {"idempotency_key": "other"},
        {"balance_after": 701},
        {"balance_before": 899},
        {"order_id": "order_1"},
        {"hash": "f" * 64},
        {"prev_hash": "f" * 64},
        {"currency": "USD"},
        {"type": "gift"},
        {"metadata": {"note": ObjectId("0" * 24)}},
        {"amount": "many"},
    ],
    ids=str,
)
def test_an_entry_changed_after_it_was_written_is_named(books: Database[Document], change: Document) -> None:
    edited = entries_of(books, "cust_2")[2]
    edit(books, "wallet_transactions", {"_id": edited["_id"]}, {"$set": change})

    problem = first_problem(books)

    assert (problem.customer_id, problem.entry_id, problem.seq) == ("cust_2", edited["_id"], 3)


@pytest.mark.parametrize("name", ["metadata", "hash", "amount", "created_at"])
def test_an_entry_that_lost_a_field_is_named(books: Database[Document], name: str) -> None:
    edited = entries_of(books, "cust_2")[2]
    edit(books, "wallet_transactions", {"_id": edited["_id"]}, {"$unset": {name: 1}})

    problem = first_problem(books)

    assert (problem.customer_id, problem.entry_id) == ("cust_2", edited["_id"])


def test_an_entry_changed_and_hashed_again_is_betrayed_by_the_next_one(books: Database[Document]) -> None:
    _, _, edited, following, _ = entries_of(books, "cust_2")
    forged = edited | {"reason": "Forged"}
    edit(
        books,
        "wallet_transactions",
        {"_id": edited["_id"]},
        {"$set": {"reason": "Forged", "hash": chain_hash(read_entry(forged))}},
    )

    assert first_problem(books).entry_id == following["_id"]


def test_an_entry_deleted_in_the_middle_is_noticed_at_the_next_one(books: Database[Document]) -> None:
    _, _, deleted, following, _ = entries_of(books, "cust_2")
    books["wallet_transactions"].delete_one({"_id": deleted["_id"]})

    problem = first_problem(books)

    assert (problem.customer_id, problem.entry_id, problem.seq) == ("cust_2", following["_id"], 4)
    assert "entry 3 is missing" in problem.what


@pytest.mark.parametrize("kept", [4, 0])
def test_entries_deleted_at_the_end_are_missed_by_their_wallet(books: Database[Document], kept: int) -> None:
    books["wallet_transactions"].delete_many({"customer_id": "cust_2", "seq": {"$gt": kept}})

    problem = first_problem(books)

    assert problem.customer_id == "cust_2"
    assert f"entry {kept + 1} is missing" in problem.what


def test_entries_that_change_places_are_named(books: Database[Document]) -> None:
    entries = books["wallet_transactions"]
    _, first, second, _, _ = entries_of(books, "cust_2")
    for entry, seq in ((first, 99), (second, 2), (first, 3)):
        entries.update_one({"_id": entry["_id"]}, {"$set": {"seq": seq}})

    problem = first_problem(books)

    assert (problem.customer_id, problem.entry_id, problem.seq) == ("cust_2", second["_id"], 2)


def test_a_forged_entry_at_the_end_is_named_even_with_a_flawless_chain(books: Database[Document]) -> None:
    last = entries_of(books, "cust_2")[-1]
    forged = last | {
        **{"_id": "tx_forged", "seq": 6, "type": "credit", "amount": 10**6, "prev_hash": last["hash"]},
        **{"balance_before": last["balance_after"], "balance_after": last["balance_after"] + 10**6},
    }
    forged["hash"] = chain_hash(read_entry(forged))
    books["wallet_transactions"].insert_one(forged)

    problem = first_problem(books)

    assert (problem.customer_id, problem.entry_id, problem.seq) == ("cust_2", "tx_forged", 6)


@pytest.mark.parametrize(
    "change",
    [
        {"balance": 10**6},
        {"balance": 0},
        {"seq": 4},
        {"seq": 6},
        {"head_hash": "f" * 64},
        {"held": 0},
        {"held": 40},
        {"debits": {"count": 4, "amount": 651}},
        {"credits": {"count": 2, "amount": 1000}},
        {"refunds": {"count": 1, "amount": 0}},
        {"currency": "USD"},
        {"balance": "a lot"},
    ],
    ids=str,
)
def test_a_wallet_changed_by_hand_is_named(books: Database[Document], change: Document) -> None:
    edit(books, "wallets", {"_id": "cust_2"}, {"$set": change})

    assert first_problem(books).customer_id == "cust_2"


def test_a_wallet_that_lost_a_field_is_named(books: Database[Document]) -> None:
    edit(books, "wallets", {"_id": "cust_2"}, {"$unset": {"balance": 1}})

    assert first_problem(books).customer_id == "cust_2"


@pytest.mark.parametrize("customer_id", ["cust_1", "cust_2", "cust_3"])
def test_a_deleted_wallet_is_missed_by_its_entries(books: Database[Document], customer_id: str) -> None:
    books["wallets"].delete_one({"_id": customer_id})

    problem = first_problem(books)

    assert problem.customer_id == customer_id
    assert "does not exist" in problem.what


@pytest.mark.parametrize(
    "change", [{"amount": 31}, {"state": "RELEASED"}, {"customer_id": "cust_3"}], ids=str
)
def test_a_hold_changed_by_hand_is_noticed_at_its_wallet(books: Database[Document], change: Document) -> None:
    edit(books, "wallet_holds", {"state": "HELD"}, {"$set": change})

    report = verified(books)

    assert "cust_2" in [problem.customer_id for problem in report.problems]
    assert "open holds" in report.problems[0].what


def test_a_hold_of_nobody_is_named(books: Database[Document]) -> None:
    hold = books["wallet_holds"].find_one({"state": "HELD"})
    assert hold is not None
    books["wallet_holds"].insert_one(hold | {"_id": "hold_orphan", "customer_id": "nobody"})

    assert first_problem(books).customer_id == "nobody"


def test_every_broken_wallet_is_named_and_the_whole_ones_are_not(books: Database[Document]) -> None:
    for customer_id in ("cust_1", "cust_3"):
        edit(books, "wallets", {"_id": customer_id}, {"$set": {"balance": 999}})

    problems = [p.customer_id for p in verified(books).problems if p.customer_id]

    assert problems == ["cust_1", "cust_3"]
