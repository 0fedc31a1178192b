"""What is committed together or not at all: a posting, with the changes of other rows that depend on it."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from backend.ledger.values import Entry, Posting


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """A guarded update of another row; where the guard does not match, the posting is refused."""

    collection: str
    id: str
    guard: Mapping[str, Any]
    update: Mapping[str, Any] | Sequence[Mapping[str, Any]]  # The latter is a pipeline.

    @property
    def target(self) -> tuple[str, str]:
        """Which row this claims."""
        return self.collection, self.id

    @property
    def filter(self) -> dict[str, Any]:
        """The query that finds the row only in the state it has to be in."""
        return {"_id": self.id, **self.guard}


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A new document that exists only if the posting does: an outbox message, a log line.

    One with `only_if` exists only if the entry is such a one; `add` says what the entry adds to it.
    """

    collection: str
    document: Mapping[str, Any] = field(default_factory=dict)
    only_if: Callable[[Entry], bool] | None = None
    add: Callable[[Entry], Mapping[str, Any]] | None = None

    def of(self, outcome: object) -> dict[str, Any] | None:
        """Give the document that goes with an outcome, if there is one."""
        if self.only_if is None and self.add is None:
            return dict(self.document)
        if not isinstance(outcome, Entry) or (self.only_if and not self.only_if(outcome)):
            return None
        return {**self.document, **(self.add(outcome) if self.add else {})}


@dataclass(frozen=True, slots=True, kw_only=True)
class Submission:
    """One unit of work for the ledger; without a posting, money that passes by all wallets."""

    posting: Posting | None
    claims: Sequence[Claim] = ()
    rows: Sequence[Row] = ()


@dataclass(frozen=True, slots=True)
class Recorded:
    """The answer to a submission without a posting: it is written."""


RECORDED = Recorded()


def rounds(submissions: Iterable[Submission]) -> Iterator[list[int]]:
    """Split a batch, by position, so that no round claims the same row twice.

    The second claimant of a row can only be judged once the first one's change is in place.
    """
    waiting = list(enumerate(submissions))
    while waiting:
        taken: set[tuple[str, str]] = set()
        now: list[tuple[int, Submission]] = []
        later: list[tuple[int, Submission]] = []
        for position, submission in waiting:
            targets = {claim.target for claim in submission.claims}
            (later if targets & taken else now).append((position, submission))
            taken |= targets
        yield [position for position, _ in now]
        waiting = later


def new_documents(decided: Iterable[tuple[Submission, object]]) -> dict[str, list[dict[str, Any]]]:
    """Gather, by collection, the rows that go with what was decided."""
    documents: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for submission, outcome in decided:
        for row in submission.rows:
            if (document := row.of(outcome)) is not None:
                documents[row.collection].append(document)
    return documents
