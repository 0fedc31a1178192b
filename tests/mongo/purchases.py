"""Orders that are paid together with a movement of the ledger, as the tests of claims want them."""

from typing import Any

from pymongo.database import Database

from backend.ledger import Claim, Row, Submission, Verb
from tests.conftest import posting

Document = dict[str, Any]


def paying(order_id: str) -> Claim:
    return Claim(
        collection="orders", id=order_id, guard={"state": "PENDING"}, update={"$set": {"state": "PAID"}}
    )


def purchase(*order_ids: str, amount_minor: int = 100, message: str | None = None) -> Submission:
    """Pay once for some orders, and send a message about it."""
    rows = (Row(collection="outbox", document={"_id": message}),) if message else ()
    return Submission(
        posting=posting(Verb.DEBIT, amount_minor), claims=[paying(order) for order in order_ids], rows=rows
    )


def states(database: Database[Document]) -> str:
    """Show the orders in order, such as "PAID PENDING PENDING"."""
    return " ".join(order["state"] for order in database["orders"].find(sort=[("_id", 1)]))
