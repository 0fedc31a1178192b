"""Counts requests in the application's own MongoDB, so that all workers share one count."""

from typing import Any

import pymongo
from bson.codec_options import CodecOptions
from flask import Flask
from limits.storage import MongoDBStorage
from pymongo import MongoClient
from pymongo.database import Database

from backend.config import Settings
from backend.db import Document
from backend.extensions import limiter

SCHEME = "application-mongodb"
PATIENCE_SECONDS = 1.0  # A login must not wait long for a counter; memory counts meanwhile.


class ApplicationMongoStorage(MongoDBStorage):
    """The MongoDB storage of `limits`, on the client that the application has already."""

    STORAGE_SCHEME = [SCHEME]  # noqa: RUF012 - `limits` reads it so.

    def _init_mongo_client(self, uri: str | None, **options: Any) -> MongoClient[Document]:
        client: MongoClient[Document] = options["client"]
        return client

    @property
    def _database(self) -> Database[Document]:
        """`limits` compares times without zones, so its documents must be read that way."""
        name: str = self._database_name
        return self.storage.get_database(name, codec_options=CodecOptions(tz_aware=False))

    def incr(self, key: str, expiry: int, amount: int = 1) -> int:
        """Count one request, or give up soon."""
        with pymongo.timeout(PATIENCE_SECONDS):
            return super().incr(key, expiry, amount)

    def __del__(self) -> None:
        """Leave the client open: it is not ours."""


def init_app(app: Flask, settings: Settings, client: MongoClient[Document]) -> None:
    """Bind the limiter; without its storage it goes on counting in memory."""
    app.config["RATELIMIT_HEADERS_ENABLED"] = True
    app.config["RATELIMIT_IN_MEMORY_FALLBACK_ENABLED"] = True
    app.config["RATELIMIT_STORAGE_URI"] = settings.ratelimit_storage_uri or f"{SCHEME}://"
    if not settings.ratelimit_storage_uri:
        options = {"client": client, "database_name": settings.mongodb_db}
        app.config["RATELIMIT_STORAGE_OPTIONS"] = options | COLLECTIONS
    limiter.init_app(app)


COLLECTIONS = {
    "counter_collection_name": "rate_limit_counters",
    "window_collection_name": "rate_limit_windows",
}
