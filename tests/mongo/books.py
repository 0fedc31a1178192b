"""What tests read from the database by themselves, without trusting the code under test."""

from collections import Counter
from typing import Any

from pymongo.database import Database

from backend.errors import AppError
from backend.ledger import Entry, Hold, Ledger, Submission, Verb
from tests.conftest import posting

Document = dict[str, Any]

SIGNS = {"credit": 1, "refund": 1, "debit": -1}


def give(ledger: Ledger, amount_minor: int, customer_id: str = "cust_1") -> Entry:
    """Credit a wallet."""
    return ledger.move(posting(Verb.CREDIT, amount_minor, customer_id=customer_id, account="promotions"))


def some_credits(count: int, **changes: Any) -> list[Submission]:
    """Make submissions that credit one rupee each."""
    return [Submission(posting=posting(Verb.CREDIT, 100, **changes)) for _ in range(count)]


def funds(database: Database[Document], customer_id: str = "cust_1") -> tuple[int, int]:
    """Tell balance and held of a wallet."""
    wallet = database["wallets"].find_one({"_id": customer_id})
    assert wallet is not None
    return wallet["balance"], wallet["held"]


def entries_of(database: Database[Document], customer_id: str = "cust_1") -> list[Document]:
    """List a wallet's entries, oldest first."""
    return list(database["wallet_transactions"].find({"customer_id": customer_id}, sort=[("seq", 1)]))


def kinds(answers: list[Any]) -> list[str]:
    """Name each answer: Entry, Hold, or the error's class."""
    return [type(answer).__name__ for answer in answers]


def refusals(answers: list[Any]) -> list[AppError]:
    return [answer for answer in answers if not isinstance(answer, Entry | Hold)]


def assert_books_balance(database: Database[Document]) -> None:
    """Add up every wallet from its entries and holds, with nothing but sums."""
    for wallet in database["wallets"].find():
        entries, customer_id = entries_of(database, wallet["_id"]), wallet["_id"]
        changes = [SIGNS[entry["type"]] * entry["amount"] for entry in entries]
        assert [entry["seq"] for entry in entries] == list(range(1, len(entries) + 1)), customer_id
        assert [e["balance_after"] - e["balance_before"] for e in entries] == changes, customer_id
        assert all(entry["balance_after"] >= 0 for entry in entries), customer_id
        assert (wallet["balance"], wallet["seq"]) == (sum(changes), len(entries)), customer_id
        open_holds = database["wallet_holds"].find({"customer_id": customer_id, "state": "HELD"})
        assert 0 <= wallet["held"] == sum(hold["amount"] for hold in open_holds), customer_id
        counted = Counter({f"{kind}s": 0 for kind in SIGNS})
        for entry in entries:
            counted[f"{entry['type']}s"] += entry["amount"]
        assert {name: wallet[name]["amount"] for name in counted} == dict(counted), customer_id
