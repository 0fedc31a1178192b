"""One durable MongoDB transaction, and which of its failures are worth another try."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from pymongo import MongoClient
from pymongo.client_session import ClientSession
from pymongo.errors import BulkWriteError, ConnectionFailure, DuplicateKeyError, PyMongoError
from pymongo.write_concern import WriteConcern

DURABLE = WriteConcern(w="majority", j=True)
DUPLICATE_KEY = 11000


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


def worth_another_try(error: Exception) -> bool:
    """Tell conflicts and passing faults from failures that would only repeat themselves."""
    if isinstance(error, PyMongoError) and error.timeout:
        return False
    if isinstance(error, BulkWriteError):
        return any(item["code"] == DUPLICATE_KEY for item in error.details["writeErrors"])
    if isinstance(error, Stale | ConnectionFailure | DuplicateKeyError):
        return True
    return isinstance(error, PyMongoError) and error.has_error_label("TransientTransactionError")


def _commit(session: ClientSession) -> None:
    """Commit, asking again while the server's answer is lost; the caller's deadline bounds it."""
    while True:
        try:
            session.commit_transaction()
        except PyMongoError as error:
            if error.timeout or not error.has_error_label("UnknownTransactionCommitResult"):
                raise
        else:
            return
