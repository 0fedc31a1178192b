"""The place where money moves: callers post, the ledger decides, and what it says has happened."""

from collections.abc import Iterable, Sequence
from concurrent.futures import Future
from concurrent.futures import TimeoutError as FutureTimeoutError
from itertools import islice
from typing import TypeVar

from pymongo.client_session import ClientSession
from pymongo.database import Database

from backend.errors import AppError, CustomerNotFound, OutcomeUnknown, ServiceUnavailable
from backend.ledger.chain import entry_id
from backend.ledger.committer import MAX_BATCH, MAX_WAITING, GroupCommitter
from backend.ledger.documents import Document, read_wallet
from backend.ledger.store import WALLETS, Answer, LedgerStore
from backend.ledger.submission import Claim, Recorded, Row, Submission
from backend.ledger.transaction import Busy, is_unknown
from backend.ledger.values import Entry, Hold, Posting, Verb, Wallet
from backend.metrics import LEDGER_POSTINGS

__all__ = ["Claim", "Entry", "Hold", "Ledger", "Posting", "Row", "Submission", "Verb", "Wallet"]

T = TypeVar("T", Entry, Hold, Recorded)

PATIENCE_SECONDS = 3.5  # Longer than the store's own deadline, shorter than the caller's five.


class Ledger:
    """Moves money, and shows what a wallet holds."""

    def __init__(self, database: Database[Document], *, max_waiting: int = MAX_WAITING) -> None:
        self._wallets = database[WALLETS]
        self._store = LedgerStore(database)
        self._committer = GroupCommitter(self._store.commit, max_waiting=max_waiting)

    def move(self, posting: Posting, *, claims: Sequence[Claim] = (), rows: Sequence[Row] = ()) -> Entry:
        """Credit, debit, refund or capture once, with claims and rows, or raise the reason why not."""
        return _of_kind(Entry, self._post(Submission(posting=posting, claims=claims, rows=rows)))

    def reserve(self, posting: Posting, *, claims: Sequence[Claim] = (), rows: Sequence[Row] = ()) -> Hold:
        """Hold or release once, with claims and rows, or raise the reason why not.

        Repeating a hold gives the same hold as it is now: it may have been closed meanwhile.
        """
        return _of_kind(Hold, self._post(Submission(posting=posting, claims=claims, rows=rows)))

    def record(self, *, claims: Sequence[Claim], rows: Sequence[Row] = ()) -> None:
        """Write what money does that passes by all wallets, or raise the reason why not.

        There is no key: who repeats it recognises by a row or a claim of its own what it did before.
        """
        _of_kind(Recorded, self._post(Submission(posting=None, claims=claims, rows=rows)))

    def post_many(self, submissions: Iterable[Submission]) -> list[Answer]:
        """Move money for many submissions of one caller and give each one its own answer."""
        answers: list[Answer] = []
        waiting = iter(submissions)
        while chunk := list(islice(waiting, MAX_BATCH)):
            waiting_for = [self._submitted(submission) for submission in chunk]
            answers.extend(_told(s, self._wait(f)) for s, f in zip(chunk, waiting_for, strict=True))
        return answers

    def open_wallet(self, customer_id: str, *, currency: str, session: ClientSession) -> None:
        """Open an empty wallet as part of the caller's transaction."""
        self._store.open_wallet(customer_id, currency=currency, session=session)

    def wallet(self, customer_id: str) -> Wallet:
        """Read a wallet from the primary, as it is now."""
        document = self._wallets.find_one({"_id": customer_id})
        if document is None:
            raise CustomerNotFound
        return read_wallet(document)

    def close(self) -> None:
        """Commit what is waiting and take no more."""
        self._committer.close()

    def _post(self, submission: Submission) -> Answer:
        return _told(submission, self._wait(self._committer.submit(submission)))

    def _submitted(self, submission: Submission) -> "Future[Answer]":
        """Submit one of many: a queue that is full answers for this one alone."""
        try:
            return self._committer.submit(submission)
        except ServiceUnavailable as refusal:
            refused: Future[Answer] = Future()
            refused.set_result(refusal)
            return refused

    def _wait(self, future: "Future[Answer]") -> Answer:
        try:
            return future.result(PATIENCE_SECONDS)
        except FutureTimeoutError:
            # Cancelled in time means it never happens.
            return Busy() if future.cancel() else OutcomeUnknown()


def _of_kind(kind: type[T], answer: Answer) -> T:
    """Give the answer if it is the value asked for; raise it if it is a refusal or a failure."""
    if isinstance(answer, kind):
        return answer
    if isinstance(answer, Exception):
        raise answer
    raise TypeError(f"a posting of this verb gives no {kind.__name__}")


def _told(submission: Submission, answer: Answer) -> Answer:
    """Count the answer, and put into words that a lost connection leaves the outcome open."""
    posting = submission.posting
    if isinstance(answer, OutcomeUnknown) or is_unknown(answer):
        is_entry = posting is not None and posting.verb not in (Verb.HOLD, Verb.RELEASE)
        answer = OutcomeUnknown(**{"transaction_id": entry_id(posting.key)} if posting and is_entry else {})
    outcome = answer.code if isinstance(answer, AppError) else type(answer).__name__
    LEDGER_POSTINGS.labels(posting.verb.value if posting else "record", outcome).inc()
    return answer
