"""How often a customer may start to top up on one day, counted in the database."""

from datetime import UTC, datetime, timedelta

from pymongo.database import Database
from pymongo.errors import DuplicateKeyError

from backend.db import Document
from backend.errors import RateLimited


class TopUpLimits:
    """Counts top-ups by customer and UTC day, over all workers."""

    def __init__(self, database: Database[Document], *, limit: int) -> None:
        self._counts = database["topup_counts"]
        self._limit = limit

    def take(self, customer_id: str) -> str:
        """Count one more, or say when to come again; gives the day's counter."""
        now = datetime.now(UTC)
        midnight = (now + timedelta(days=1)).replace(hour=0, minute=0, second=0, microsecond=0)
        counter = f"{customer_id}:{now.date().isoformat()}"
        while not self._counted(counter, expires_at=midnight + timedelta(days=1)):
            if self._counts.find_one({"_id": counter, "count": {"$gte": self._limit}}, {"_id": 1}):
                seconds = int((midnight - now).total_seconds()) + 1
                raise RateLimited(
                    "No more top-ups today. Please come back tomorrow.",
                    limit=self._limit,
                    retry_after_seconds=seconds,
                )
        return counter

    def give_back(self, counter: str) -> None:
        """Take one back, because nothing came of it."""
        self._counts.update_one({"_id": counter, "count": {"$gt": 0}}, {"$inc": {"count": -1}})

    def _counted(self, counter: str, *, expires_at: datetime) -> bool:
        """Count, unless the limit is reached or somebody else has just made the counter."""
        guard = {"_id": counter, "count": {"$lt": self._limit}}
        change = {"$inc": {"count": 1}, "$setOnInsert": {"expires_at": expires_at}}
        try:
            self._counts.update_one(guard, change, upsert=True)
        except DuplicateKeyError:
            return False
        return True
