"""One durable MongoDB transaction, and which of its failures are worth another try."""

import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from pymongo import MongoClient
from pymongo.client_session import ClientSession
from pymongo.errors import BulkWriteError, ConnectionFailure, DuplicateKeyError, PyMongoError
from pymongo.write_concern import WriteConcern

DURABLE = WriteConcern(w="majority", j=True)
PAUSE_SECONDS = 0.02
_CLASH = re.compile(r"E11000 duplicate key error collection: [^.\s]+\.(\S+) index")


class Stale(Exception):
    """What was read before the transaction is no longer true inside it."""


@contextmanager
def durable_transaction(client: MongoClient[dict[str, Any]]) -> Iterator[ClientSession]:
    """Commit what happens inside, or nothing of it."""
    with client.start_session() as session:
        session.start_transaction(write_concern=DURABLE)
        try:
            yield session
            _commit(session)
        except BaseException:
            if session.in_transaction:
                session.abort_transaction()
            raise


def is_passing(error: Exception) -> bool:
    """Tell conflicts and passing faults from failures that would only repeat themselves."""
    if isinstance(error, PyMongoError) and error.timeout:
        return False
    if isinstance(error, Stale | ConnectionFailure):
        return True
    return isinstance(error, PyMongoError) and error.has_error_label("TransientTransactionError")


def clashing_collection(error: Exception) -> str | None:
    """Name the collection in which a write met a document with the same unique key."""
    if not isinstance(error, DuplicateKeyError | BulkWriteError):
        return None
    found = _CLASH.search(str(error.details))
    return found[1] if found else None


def _commit(session: ClientSession) -> None:
    """Commit, asking again while the server's answer is lost; the caller's deadline bounds it."""
    while True:
        try:
            session.commit_transaction()
        except PyMongoError as error:
            if error.timeout or not error.has_error_label("UnknownTransactionCommitResult"):
                raise
            time.sleep(PAUSE_SECONDS)
        else:
            return
