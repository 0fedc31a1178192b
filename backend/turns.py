"""Hands out a long list of rows in short pages, each row to one asker a round, the longest unasked first."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from pymongo import ReturnDocument
from pymongo.collection import Collection

from backend.db import Document
from backend.indexes import UNASKED

PAGE = 200


def turns(rows: Collection[Document], query: Mapping[str, Any], *, before: datetime) -> Iterator[Document]:
    """Give each row that nobody has asked about since a moment, noting first that it is being asked about.

    However many rounds go on at once, they share the rows between them; a round that ends early
    leaves its rest to the next one. The moment is one of the server's clock.
    """
    unasked = {**query, "asked_at": {"$not": {"$gte": before}}}
    taken = [{"$set": {"asked_at": {"$max": ["$$NOW", before]}}}]
    while page := list(rows.find(unasked, {"_id": 1}, sort=UNASKED, limit=PAGE)):
        for row in page:
            found = rows.find_one_and_update(
                {"_id": row["_id"], **unasked}, taken, return_document=ReturnDocument.AFTER
            )
            if found is not None:
                yield found
