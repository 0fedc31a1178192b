"""Counts requests in the shared MongoDB, so that all workers have one count."""

from typing import Any

from flask import Flask, abort
from flask_limiter.util import get_remote_address
from limits import parse_many
from limits.storage import MongoDBStorage
from pymongo import MongoClient
from pymongo.errors import PyMongoError

from backend.config import Settings
from backend.db import Document
from backend.extensions import limiter
from backend.services import services

SCHEME = "impatient-mongodb"
PATIENCE_MILLISECONDS = 300  # A login must not wait long for a counter; memory counts meanwhile.


class ImpatientMongoStorage(MongoDBStorage):
    """The MongoDB storage of `limits`, on a client that gives up soon."""

    STORAGE_SCHEME = [SCHEME]  # noqa: RUF012 - `limits` reads it so.

    def __init__(self, uri: str, *, mongodb_uri: str, **options: Any) -> None:
        super().__init__(uri, **options)
        # The original makes its client when first asked, by as many threads as ask at once.
        self._client: MongoClient[Document] = MongoClient(mongodb_uri, timeoutMS=PATIENCE_MILLISECONDS)
        self._storage = self._client

    def __del__(self) -> None:
        """Close what was opened."""
        self._client.close()


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


def count_forgery() -> None:
    """Turn away an address that goes on sending forged messages; genuine ones are never counted."""
    settings = services().settings
    if not settings.ratelimit_enabled:
        return
    try:
        limits = parse_many(settings.webhook_failure_limit)
        is_within = all(limiter.limiter.hit(limit, "webhooks", get_remote_address()) for limit in limits)
    except PyMongoError:
        return
    if not is_within:
        abort(429)
