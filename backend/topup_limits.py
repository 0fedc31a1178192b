"""How often a customer may start to top up on one day, counted in the database."""

from datetime import UTC, datetime, timedelta

from pymongo.database import Database
from pymongo.errors import DuplicateKeyError

from backend.db import Document
from backend.errors import RateLimited


class TopUpLimits:
    """Gives each top-up one place on its customer's UTC day, over all workers.

    A place remembers how many tries have taken it, and is free again when all of them have given it
    back. So a repeated try needs no second place, and takes none from another that succeeds meanwhile.
    """

    def __init__(self, database: Database[Document], *, limit: int) -> None:
        self._counts = database["topup_counts"]
        self._limit = limit

    def take(self, customer_id: str, payment_id: str) -> str:
        """Take the top-up's place, or say when to come again; gives the counter that has the place."""
        now = datetime.now(UTC)
        today, yesterday = _counter(customer_id, now), _counter(customer_id, now - timedelta(days=1))
        midnight = (now + timedelta(days=1)).replace(hour=0, minute=0, second=0, microsecond=0)
        while True:
            known = self._taken_again([today, yesterday], payment_id)
            if known:
                return known
            if self._taken(today, payment_id, expires_at=midnight + timedelta(days=1)):
                return today
            if self._counts.find_one({"_id": today, **self._is_full(payment_id)}, {"_id": 1}):
                raise RateLimited(
                    "No more top-ups today. Please come back tomorrow.",
                    limit=self._limit,
                    retry_after_seconds=int((midnight - now).total_seconds()) + 1,
                )

    def give_back(self, counter: str, payment_id: str) -> None:
        """Give back what one try has taken, because nothing came of it."""
        mine = {"_id": counter, "places.payment": payment_id}
        self._counts.update_one(mine, {"$inc": {"places.$.tries": -1}})
        self._counts.update_one(mine, {"$pull": {"places": {"payment": payment_id, "tries": {"$lte": 0}}}})

    def _taken_again(self, counters: list[str], payment_id: str) -> str | None:
        """Count one more try of a top-up that has its place, be it since before midnight."""
        place = {"_id": {"$in": counters}, "places.payment": payment_id}
        found = self._counts.find_one_and_update(place, {"$inc": {"places.$.tries": 1}}, {"_id": 1})
        return str(found["_id"]) if found else None

    def _taken(self, counter: str, payment_id: str, *, expires_at: datetime) -> bool:
        """Take a place, unless all are taken, or somebody else has just made the counter or the place."""
        is_free = {"places.payment": {"$ne": payment_id}, self._last: {"$exists": False}}
        place = {"payment": payment_id, "tries": 1}
        change = {"$push": {"places": place}, "$setOnInsert": {"expires_at": expires_at}}
        try:
            self._counts.update_one({"_id": counter, **is_free}, change, upsert=True)
        except DuplicateKeyError:
            return False
        return True

    def _is_full(self, payment_id: str) -> Document:
        return {"places.payment": {"$ne": payment_id}, self._last: {"$exists": True}}

    @property
    def _last(self) -> str:
        return f"places.{self._limit - 1}"


def _counter(customer_id: str, moment: datetime) -> str:
    return f"{customer_id}:{moment.date().isoformat()}"
