"""One durable MongoDB transaction, and which of its failures are worth another try."""

import re
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import groupby
from typing import Any

from pymongo import MongoClient
from pymongo.client_session import ClientSession
from pymongo.errors import (
    BulkWriteError,
    ConnectionFailure,
    DuplicateKeyError,
    PyMongoError,
    WriteConcernError,
)
from pymongo.write_concern import WriteConcern

from backend.errors import ServiceUnavailable
from backend.ledger.submission import Submission

DURABLE = WriteConcern(w="majority", j=True)
PAUSE_SECONDS = 0.02
_CLASH = re.compile(r"E11000 duplicate key error collection: [^.\s]+\.(\S+) index")


class Stale(Exception):
    """What was read before the transaction is no longer true inside it."""


class Busy(ServiceUnavailable):
    """Others write to the same wallets all the time."""

    message = "The wallet is too busy right now. Nothing was moved. Please try again."


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


def is_unknown(outcome: object) -> bool:
    """Tell a failure that leaves open whether the transaction has been committed."""
    if isinstance(outcome, ConnectionFailure | WriteConcernError):
        return True
    return isinstance(outcome, PyMongoError) and outcome.timeout


def clashing_collection(error: Exception) -> str | None:
    """Name the collection in which a write met a document with the same unique key."""
    if not isinstance(error, DuplicateKeyError | BulkWriteError):
        return None
    found = _CLASH.search(str(error.details))
    return found[1] if found else None


def parts_worth_trying(batch: Sequence[Submission], error: Exception) -> list[list[Submission]]:
    """Split a batch so that the culprit fails alone; a database that is away fails them all."""
    if is_unknown(error):
        return [list(batch)]
    if not isinstance(error, Busy):
        return [[submission] for submission in batch]
    wallets = groupby(sorted(batch, key=_customer_of), key=_customer_of)
    return [list(part) for _, part in wallets]


def _customer_of(submission: Submission) -> str:
    return submission.posting.customer_id if submission.posting else ""


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
