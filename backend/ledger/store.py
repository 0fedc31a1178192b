"""The only writer of balances: a batch of postings becomes one MongoDB transaction."""

import random
import time
from collections import defaultdict
from collections.abc import Iterable, Sequence, Set
from datetime import UTC, datetime

import pymongo
from pymongo import MongoClient, UpdateOne
from pymongo.client_session import ClientSession
from pymongo.collection import Collection
from pymongo.database import Database
from pymongo.errors import (
    PyMongoError,
)
from pymongo.read_concern import ReadConcern

from backend.errors import AppError, ClaimLost
from backend.ledger.chain import entry_id, hold_id
from backend.ledger.core import Applied, Books, Outcome, apply, released_by
from backend.ledger.documents import (
    Document,
    entry_document,
    read_entry,
    read_hold,
    read_wallet,
    wallet_document,
)
from backend.ledger.submission import RECORDED, Claim, Recorded, Submission, new_documents, rounds
from backend.ledger.transaction import (
    Busy,
    Stale,
    clashing_collection,
    durable_transaction,
    is_passing,
    parts_worth_trying,
)
from backend.ledger.values import Entry, Hold, Posting, Verb, Wallet
from backend.ledger.writes import Update, closed_holds, new_holds, wallet_updates
from backend.metrics import LEDGER_CONFLICTS

WALLETS, ENTRIES, HOLDS = "wallets", "wallet_transactions", "wallet_holds"
DEADLINE_SECONDS = 3.0  # A caller is told within five that the database is away.
MAX_ATTEMPTS = 12

Answer = Outcome | Recorded | Exception
Decided = tuple[Submission, Outcome | Recorded]


class LedgerStore:
    """Reads the books a batch needs, applies the rules, and writes all of it or nothing."""

    def __init__(self, database: Database[Document]) -> None:
        self._client: MongoClient[Document] = database.client
        self._database = database
        self._settled = database.with_options(read_concern=ReadConcern("majority"))

    def open_wallet(self, customer_id: str, *, currency: str, session: ClientSession) -> None:
        """Open an empty wallet as part of the caller's transaction."""
        now = datetime.now(UTC)
        wallet = Wallet(customer_id=customer_id, currency=currency, created_at=now, updated_at=now)
        self._database[WALLETS].insert_one(wallet_document(wallet), session=session)

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
        except Exception as error:  # noqa: BLE001 - whatever it is, it must not sink the others.
            parts = parts_worth_trying(batch, error)
            if len(parts) <= 1:
                return [error] * len(batch)
            answers: dict[int, Answer] = {}
            for part in parts:
                answers.update(zip(map(id, part), self._answers(part), strict=True))
            return [answers[id(submission)] for submission in batch]

    def _commit_round(self, batch: Sequence[Submission]) -> list[Answer]:
        """Try the short way first: keys are new and claims hold, or the database says otherwise."""
        for attempt in range(MAX_ATTEMPTS):
            try:
                return self._attempt(batch, careful=attempt > 0)
            except (Stale, PyMongoError) as error:
                if not is_passing(error) and clashing_collection(error) not in (ENTRIES, HOLDS):
                    raise
            if attempt:
                LEDGER_CONFLICTS.inc()
                time.sleep(random.uniform(0, 0.004 * 2 ** min(attempt, 5)))  # noqa: S311
        raise Busy

    def _attempt(self, batch: Sequence[Submission], *, careful: bool) -> list[Answer]:
        lost = self._lost_claims(batch) if careful else set()
        books = self._read(batch, look_up_keys=careful)
        standing = [s for s in batch if id(s) not in lost or _is_known(s.posting, books)]
        moving = [s for s in standing if s.posting]
        applied = apply(books, _postings(moving), now=datetime.now(UTC))
        if not careful and any(isinstance(outcome, AppError) for outcome in applied.outcomes):
            raise Stale  # It may be a replay of something that was possible when it came first.
        self._check_settled(applied)
        decided = zip(moving, applied.outcomes, applied.fresh, strict=True)
        fresh: list[Decided] = [
            (submission, outcome) for submission, outcome, is_fresh in decided if is_fresh
        ]
        fresh += [(submission, RECORDED) for submission in standing if submission.posting is None]
        if fresh:
            with durable_transaction(self._client) as session:
                self._write(books, applied, fresh, session)
        answers: dict[int, Answer] = dict.fromkeys(map(id, standing), RECORDED)
        answers |= {id(s): outcome for s, outcome in zip(moving, applied.outcomes, strict=True)}
        return [answers.get(id(s)) or ClaimLost() for s in batch]

    def _read(self, batch: Sequence[Submission], *, look_up_keys: bool) -> Books:
        """Read what the batch touches, keys last.

        Should somebody else commit the same posting while we read, it is then recognised by its
        key, and not refused because its own effect on the wallet is there already.
        """
        postings = _postings(batch)
        keys = {entry_id(p.key) for p in postings if p.verb not in (Verb.HOLD, Verb.RELEASE)}
        hold_ids = {p.hold_id for p in postings if p.hold_id}
        hold_ids |= {hold_id(p.key) for p in postings if p.verb is Verb.HOLD}
        wallets = _find(self._database[WALLETS], {p.customer_id for p in postings})
        holds = _find(self._database[HOLDS], hold_ids)
        entries = _find(self._database[ENTRIES], keys if look_up_keys else set())
        return Books(
            wallets={document["_id"]: read_wallet(document) for document in wallets},
            holds={document["_id"]: read_hold(document) for document in holds},
            entries={document["_id"]: read_entry(document) for document in entries},
        )

    def _check_settled(self, applied: Applied) -> None:
        """See that a failover could not take back what is about to be acknowledged again."""
        known = [o for o, is_fresh in zip(applied.outcomes, applied.fresh, strict=True) if not is_fresh]
        entries = {o.id for o in known if isinstance(o, Entry)} - applied.entries.keys()
        holds = {(o.id, o.state.value) for o in known if isinstance(o, Hold) if o.id not in applied.holds}
        settled_entries = _find(self._settled[ENTRIES], entries)
        settled_holds = _find(self._settled[HOLDS], {id_ for id_, _ in holds})
        if len(settled_entries) < len(entries) or holds - {(h["_id"], h["state"]) for h in settled_holds}:
            raise Stale

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

    def _write(
        self, books: Books, applied: Applied, fresh: Sequence[Decided], session: ClientSession
    ) -> None:
        self._update(WALLETS, wallet_updates(books, applied), session)
        self._insert(ENTRIES, [entry_document(entry) for entry in applied.entries.values()], session)
        self._update(HOLDS, closed_holds(books, applied), session)
        self._insert(HOLDS, new_holds(books, applied), session)
        for name, claims in _by_collection(claim for s, _ in fresh for claim in s.claims).items():
            self._update(name, [(claim.filter, claim.update) for claim in claims], session)
        for name, documents in new_documents(fresh).items():
            self._insert(name, documents, session)

    def _update(self, name: str, updates: Sequence[Update], session: ClientSession) -> None:
        """Apply guarded updates; one that finds nothing means that our reading was stale."""
        if not updates:
            return
        if len(updates) == 1:  # A lone update is much cheaper than a bulk of one.
            matched = self._database[name].update_one(*updates[0], session=session).matched_count
        else:
            writes = [UpdateOne(*update) for update in updates]
            matched = self._database[name].bulk_write(writes, session=session).matched_count
        if matched != len(updates):
            raise Stale

    def _insert(self, name: str, documents: Sequence[Document], session: ClientSession) -> None:
        if len(documents) == 1:
            self._database[name].insert_one(documents[0], session=session)
        elif documents:
            self._database[name].insert_many(documents, session=session)


def _find(collection: Collection[Document], ids: Set[str]) -> list[Document]:
    """Find documents by id; a lone one is much cheaper to ask for alone."""
    if len(ids) == 1:
        document = collection.find_one({"_id": next(iter(ids))})
        return [document] if document else []
    return list(collection.find({"_id": {"$in": list(ids)}})) if ids else []


def _by_collection(claims: Iterable[Claim]) -> dict[str, list[Claim]]:
    groups: dict[str, list[Claim]] = defaultdict(list)
    for claim in claims:
        groups[claim.collection].append(claim)
    return groups


def _postings(submissions: Sequence[Submission]) -> list[Posting]:
    return [s.posting for s in submissions if s.posting]


def _is_known(posting: Posting | None, books: Books) -> bool:
    """Tell whether the posting was applied before, so that its claims have been met by itself."""
    if posting is None:
        return False
    if posting.verb is Verb.RELEASE:
        hold = books.holds.get(posting.hold_id or "")
        return hold is not None and released_by(hold, posting)
    if posting.verb is Verb.HOLD:
        return hold_id(posting.key) in books.holds
    return entry_id(posting.key) in books.entries
