"""The only writer of balances: a batch of postings becomes one MongoDB transaction."""

import random
import time
from collections import defaultdict
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import pymongo
from pymongo import InsertOne, MongoClient, UpdateOne
from pymongo.client_session import ClientSession
from pymongo.database import Database
from pymongo.errors import (
    BulkWriteError,
    ConnectionFailure,
    DuplicateKeyError,
    ExecutionTimeout,
    PyMongoError,
)
from pymongo.read_concern import ReadConcern
from pymongo.write_concern import WriteConcern

from backend.errors import AppError, ClaimLost, ServiceUnavailable
from backend.ledger.chain import entry_id, hold_id
from backend.ledger.core import Applied, Books, Outcome, apply
from backend.ledger.documents import (
    Document,
    entry_document,
    hold_document,
    hold_state,
    read_entry,
    read_hold,
    read_wallet,
    wallet_document,
    wallet_state,
)
from backend.ledger.submission import Submission, rounds
from backend.ledger.values import HoldState, Verb, Wallet
from backend.metrics import LEDGER_CONFLICTS

WALLETS, ENTRIES, HOLDS = "wallets", "wallet_transactions", "wallet_holds"
DURABLE = WriteConcern(w="majority", j=True)
DEADLINE_SECONDS = 3.5  # A caller is told within five that the database is away.
MAX_ATTEMPTS = 12
DUPLICATE_KEY = 11000

Answer = Outcome | Exception


class Stale(Exception):
    """What was read before the transaction is no longer true inside it."""


class LedgerStore:
    """Reads the books a batch needs, applies the rules, and writes all of it or nothing."""

    def __init__(self, database: Database[Document]) -> None:
        self._client: MongoClient[Document] = database.client
        self._database = database
        self._wallets = database[WALLETS]
        self._holds = database[HOLDS]
        # A replay is an acknowledgement: it must never show what a failover could still take back.
        self._entries = database.get_collection(ENTRIES, read_concern=ReadConcern("majority"))

    def open_wallet(self, customer_id: str, *, currency: str, session: ClientSession) -> None:
        """Open an empty wallet as part of the caller's transaction."""
        now = datetime.now(UTC)
        wallet = Wallet(customer_id=customer_id, currency=currency, created_at=now, updated_at=now)
        self._wallets.insert_one(wallet_document(wallet), session=session)

    def commit(self, submissions: Sequence[Submission]) -> list[Answer]:
        """Commit what the rules allow and give each submission its own answer, in order.

        Never raises: a submission that could not be decided gets the exception that says why.
        """
        answers: dict[int, Answer] = {}
        with pymongo.timeout(DEADLINE_SECONDS):
            for positions in rounds(submissions):
                batch = [submissions[position] for position in positions]
                answers.update(zip(positions, self._answers(batch), strict=True))
        return [answers[position] for position in range(len(submissions))]

    def _answers(self, batch: Sequence[Submission]) -> Sequence[Answer]:
        """Commit a batch; when something in it cannot be stored, only the culprit goes without."""
        try:
            return self._commit_round(batch)
        except (AppError, ConnectionFailure, ExecutionTimeout) as error:
            return [error] * len(batch)
        except Exception as error:  # noqa: BLE001 - whatever it is, it must not sink the others.
            if len(batch) == 1:
                return [error]
            return [answer for submission in batch for answer in self._answers([submission])]

    def _commit_round(self, batch: Sequence[Submission]) -> list[Answer]:
        """Try the short way first, then look at everything before writing."""
        careful = len(batch) > 1
        for attempt in range(MAX_ATTEMPTS):
            try:
                return self._attempt(batch, look_up_keys=careful, look_up_claims=attempt > 0)
            except (Stale, PyMongoError) as error:
                if not _worth_another_try(error):
                    raise
                careful = True
            if attempt:
                LEDGER_CONFLICTS.inc()
                time.sleep(random.uniform(0, 0.004 * 2 ** min(attempt, 5)))  # noqa: S311
        raise ServiceUnavailable("The wallet is too busy right now. Please try again.")

    def _attempt(
        self, submissions: Sequence[Submission], *, look_up_keys: bool, look_up_claims: bool
    ) -> list[Answer]:
        books = self._read(submissions, look_up_keys=look_up_keys)
        lost = self._lost_claims(submissions) if look_up_claims else set()
        standing = [s for s in submissions if id(s) not in lost or _is_known(s, books)]
        applied = apply(books, [s.posting for s in standing], now=datetime.now(UTC))
        if not look_up_keys and any(isinstance(outcome, AppError) for outcome in applied.outcomes):
            raise Stale  # It may be a replay of something that was possible when it came first.
        fresh = [s for s, is_fresh in zip(standing, applied.fresh, strict=True) if is_fresh]
        if fresh:
            self._write(books, applied, fresh)
        answers = {id(s): outcome for s, outcome in zip(standing, applied.outcomes, strict=True)}
        return [answers.get(id(s)) or ClaimLost() for s in submissions]

    def _read(self, submissions: Sequence[Submission], *, look_up_keys: bool) -> Books:
        postings = [s.posting for s in submissions]
        wallets = self._wallets.find({"_id": {"$in": list({p.customer_id for p in postings})}})
        held = {p.hold_id for p in postings if p.hold_id} | {
            hold_id(p.key) for p in postings if p.verb is Verb.HOLD
        }
        keys = {entry_id(p.key) for p in postings if p.verb not in (Verb.HOLD, Verb.RELEASE)}
        entries = self._entries.find({"_id": {"$in": list(keys)}}) if keys and look_up_keys else ()
        holds = self._holds.find({"_id": {"$in": list(held)}}) if held else ()
        return Books(
            wallets={document["_id"]: read_wallet(document) for document in wallets},
            holds={document["_id"]: read_hold(document) for document in holds},
            entries={document["_id"]: read_entry(document) for document in entries},
        )

    def _lost_claims(self, submissions: Sequence[Submission]) -> set[int]:
        """Find the submissions with a claim that would not match now."""
        claims = [(id(s), claim) for s in submissions for claim in s.claims]
        filters = defaultdict(list)
        for _, claim in claims:
            filters[claim.collection].append(claim.filter)
        found = {
            (name, document["_id"])
            for name, any_of in filters.items()
            for document in self._database[name].find({"$or": any_of}, {"_id": 1})
        }
        return {owner for owner, claim in claims if claim.target not in found}

    def _write(self, books: Books, applied: Applied, fresh: Sequence[Submission]) -> None:
        with self._client.start_session() as session:
            session.start_transaction(write_concern=DURABLE)
            try:
                self._write_all(books, applied, fresh, session)
                _commit(session)
            except BaseException:
                if session.in_transaction:
                    session.abort_transaction()
                raise

    def _write_all(
        self, books: Books, applied: Applied, fresh: Sequence[Submission], session: ClientSession
    ) -> None:
        self._update(WALLETS, _wallet_updates(books, applied), session)
        if applied.entries:
            documents = [entry_document(entry) for entry in applied.entries.values()]
            self._database[ENTRIES].insert_many(documents, session=session)
        self._update(HOLDS, _hold_writes(books, applied), session)
        claims = defaultdict(list)
        for claim in (claim for s in fresh for claim in s.claims):
            claims[claim.collection].append(UpdateOne(claim.filter, claim.update))
        for name, updates in claims.items():
            self._update(name, updates, session)
        rows = defaultdict(list)
        for row in (row for s in fresh for row in s.rows):
            rows[row.collection].append(dict(row.document))
        for name, new_documents in rows.items():
            self._database[name].insert_many(new_documents, session=session)

    def _update(self, name: str, writes: Sequence[Any], session: ClientSession) -> None:
        """Apply guarded writes; one that finds nothing means that our reading was stale."""
        if not writes:
            return
        result = self._database[name].bulk_write(writes, session=session)
        if result.matched_count + result.inserted_count != len(writes):
            raise Stale


def _wallet_updates(books: Books, applied: Applied) -> list[UpdateOne]:
    """Replace each wallet's state only where it still is the state that the rules saw."""
    return [
        UpdateOne(
            {
                "_id": wallet.customer_id,
                "seq": books.wallets[wallet.customer_id].seq,
                "held": books.wallets[wallet.customer_id].held_minor,
            },
            {"$set": wallet_state(wallet)},
        )
        for wallet in applied.wallets.values()
    ]


def _hold_writes(books: Books, applied: Applied) -> list[Any]:
    """Add new holds and close open ones; a hold closed by somebody else matches nothing."""
    return [
        UpdateOne({"_id": hold.id, "state": HoldState.HELD.value}, {"$set": hold_state(hold)})
        if hold.id in books.holds
        else InsertOne(hold_document(hold))
        for hold in applied.holds.values()
    ]


def _is_known(submission: Submission, books: Books) -> bool:
    """Tell whether the posting was applied before, so that its claims have been met by itself."""
    posting = submission.posting
    if posting.verb is Verb.RELEASE:
        hold = books.holds.get(posting.hold_id or "")
        return hold is not None and hold.state is HoldState.RELEASED
    return entry_id(posting.key) in books.entries or hold_id(posting.key) in books.holds


def _worth_another_try(error: Exception) -> bool:
    """Tell conflicts and passing faults from failures that would only repeat themselves."""
    if isinstance(error, PyMongoError) and error.timeout:
        return False
    if isinstance(error, BulkWriteError):
        return any(item["code"] == DUPLICATE_KEY for item in error.details["writeErrors"])
    if isinstance(error, Stale | ConnectionFailure | DuplicateKeyError):
        return True
    return isinstance(error, PyMongoError) and error.has_error_label("TransientTransactionError")


def _commit(session: ClientSession) -> None:
    """Commit, asking again while the server's answer is lost; the batch's deadline bounds it."""
    while True:
        try:
            session.commit_transaction()
        except PyMongoError as error:
            if error.timeout or not error.has_error_label("UnknownTransactionCommitResult"):
                raise
        else:
            return
