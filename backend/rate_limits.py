"""Counts requests in the shared MongoDB, so that all workers have one count."""

from typing import Any

from flask import Flask
from limits.storage import MongoDBStorage
from pymongo import MongoClient

from backend.config import Settings
from backend.db import Document
from backend.extensions import limiter

SCHEME = "impatient-mongodb"
PATIENCE_MILLISECONDS = 400  # A login must not wait long for a counter; memory counts meanwhile.


class ImpatientMongoStorage(MongoDBStorage):
    """The MongoDB storage of `limits`, on a client that gives up soon."""

    STORAGE_SCHEME = [SCHEME]  # noqa: RUF012 - `limits` reads it so.

    def _init_mongo_client(self, uri: str | None, **options: Any) -> MongoClient[Document]:
        return MongoClient(options["mongodb_uri"], timeoutMS=PATIENCE_MILLISECONDS)

    def __del__(self) -> None:
        """Do not connect only to close, as the original does at the end of the process."""
        if self._storage is not None:
            self._storage.close()


def init_app(app: Flask, settings: Settings) -> None:
    """Bind the limiter; without its storage it goes on counting in memory."""
    app.config["RATELIMIT_HEADERS_ENABLED"] = True
    app.config["RATELIMIT_IN_MEMORY_FALLBACK_ENABLED"] = True
    app.config["RATELIMIT_STORAGE_URI"] = settings.ratelimit_storage_uri or f"{SCHEME}://"
    if not settings.ratelimit_storage_uri:
        app.config["RATELIMIT_STORAGE_OPTIONS"] = {
            "mongodb_uri": settings.mongodb_uri,
            "database_name": settings.mongodb_db,
            "counter_collection_name": "rate_limit_counters",
            "window_collection_name": "rate_limit_windows",
        }
    limiter.init_app(app)
