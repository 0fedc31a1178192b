"""One purchase, of which either everything is there or nothing."""

import time
from typing import Any

from pymongo.database import Database

from backend.ledger import Claim, Entry, Ledger, Row, Submission, Verb
from tests.conftest import posting
from tests.mongo.books import entries_of, funds

Document = dict[str, Any]


def purchase() -> Submission:
    return Submission(
        posting=posting(Verb.DEBIT, 1000),
        claims=[
            Claim(
                collection="orders",
                id="order_1",
                guard={"state": "PENDING"},
                update={"$set": {"state": "PAID"}},
            )
        ],
        rows=[Row(collection="outbox", document={"_id": "thanks"})],
    )


def is_done(shop: Database[Document]) -> bool:
    """Tell whether the purchase happened; half of it is an error."""
    parts = {
        funds(shop) == (0, 0),
        len(entries_of(shop)) == 2,
        shop["orders"].count_documents({"state": "PAID"}) == 1,
        shop["outbox"].count_documents({}) == 2,
    }
    assert len(parts) == 1
    return parts.pop()


def until_it_answers(ledger: Ledger, wish: Submission, *, seconds: float = 8) -> Any:
    """Retry as a client does; a transaction that was left open ends by itself after a while."""
    deadline = time.monotonic() + seconds
    while True:
        [answer] = ledger.post_many([wish])
        if isinstance(answer, Entry) or time.monotonic() > deadline:
            return answer
        time.sleep(0.1)
