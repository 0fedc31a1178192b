"""One batch commits while the next one gathers; nothing is lost, doubled or left waiting."""

import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import CancelledError, Future, wait
from typing import Any

import pytest

from backend.errors import InsufficientBalance, ServiceUnavailable
from backend.ledger import Submission, Verb
from backend.ledger.committer import MAX_BATCH, GroupCommitter
from backend.ledger.store import Answer
from tests.conftest import posting

SOON = 5


class FakeStore:
    """Commits by writing down keys; a test can hold it up and break it."""

    def __init__(self) -> None:
        self.batches: list[list[str]] = []
        self.failure: Exception | None = None
        self.started, self.go_on = threading.Event(), threading.Event()
        self.go_on.set()

    def commit(self, submissions: Sequence[Submission]) -> Sequence[Answer]:
        self.batches.append([submission.posting.key for submission in submissions])
        self.started.set()
        assert self.go_on.wait(SOON)
        if self.failure:
            raise self.failure
        return [InsufficientBalance(submission.posting.key) for submission in submissions]

    @property
    def committed(self) -> list[str]:
        return [key for batch in self.batches for key in batch]


@pytest.fixture
def store() -> FakeStore:
    return FakeStore()


@pytest.fixture
def committer(store: FakeStore) -> Iterator[GroupCommitter]:
    committer = GroupCommitter(store.commit, max_waiting=3 * MAX_BATCH)
    yield committer
    store.go_on.set()
    committer.close(SOON)


def wish(key: object) -> Submission:
    return Submission(posting=posting(Verb.CREDIT, 1, key=str(key)))


def hold_up(store: FakeStore, committer: GroupCommitter) -> "Future[Answer]":
    """Submit "first" and return when its batch is being committed, and stays so."""
    store.go_on.clear()
    future = committer.submit(wish("first"))
    assert store.started.wait(SOON)
    return future


def answer(future: "Future[Answer]") -> Any:
    return future.result(SOON)


def test_each_submission_gets_its_own_answer(committer: GroupCommitter) -> None:
    futures = [committer.submit(wish(number)) for number in range(50)]

    assert [answer(future).message for future in futures] == [str(number) for number in range(50)]


def test_one_that_comes_alone_is_not_kept_waiting_for_others(
    committer: GroupCommitter, store: FakeStore
) -> None:
    answer(committer.submit(wish("a")))
    answer(committer.submit(wish("b")))

    assert store.batches == [["a"], ["b"]]


def test_what_arrives_while_a_batch_commits_becomes_the_next_batch_in_order(
    committer: GroupCommitter, store: FakeStore
) -> None:
    hold_up(store, committer)
    futures = [committer.submit(wish(number)) for number in range(20)]
    store.go_on.set()
    wait(futures, SOON)

    assert store.batches == [["first"], [str(number) for number in range(20)]]


def test_a_batch_has_a_largest_size(committer: GroupCommitter, store: FakeStore) -> None:
    hold_up(store, committer)
    futures = [committer.submit(wish(number)) for number in range(2 * MAX_BATCH + 1)]
    store.go_on.set()
    wait(futures, SOON)

    assert [len(batch) for batch in store.batches] == [1, MAX_BATCH, MAX_BATCH, 1]


def test_a_full_queue_refuses_at_once_and_what_it_refused_never_happens(store: FakeStore) -> None:
    committer = GroupCommitter(store.commit, max_waiting=2)
    futures = [hold_up(store, committer), committer.submit(wish("a")), committer.submit(wish("b"))]

    with pytest.raises(ServiceUnavailable):
        committer.submit(wish("too many"))
    store.go_on.set()
    wait(futures, SOON)
    committer.close(SOON)

    assert store.committed == ["first", "a", "b"]


def test_a_queue_that_was_full_takes_submissions_again(store: FakeStore) -> None:
    committer = GroupCommitter(store.commit, max_waiting=1)
    futures = [hold_up(store, committer), committer.submit(wish("a"))]
    with pytest.raises(ServiceUnavailable):
        committer.submit(wish("b"))
    store.go_on.set()
    wait(futures, SOON)

    assert answer(committer.submit(wish("b"))).message == "b"
    committer.close(SOON)


def test_what_was_cancelled_in_time_is_never_committed(committer: GroupCommitter, store: FakeStore) -> None:
    hold_up(store, committer)
    given_up, kept = committer.submit(wish("given up")), committer.submit(wish("kept"))

    assert given_up.cancel()
    store.go_on.set()
    answer(kept)

    assert store.committed == ["first", "kept"]
    with pytest.raises(CancelledError):
        given_up.result(0)


def test_a_batch_of_which_all_is_cancelled_is_not_committed(
    committer: GroupCommitter, store: FakeStore
) -> None:
    hold_up(store, committer)
    assert committer.submit(wish("given up")).cancel()
    store.go_on.set()

    answer(committer.submit(wish("next")))

    assert [batch for batch in store.batches if batch != ["next"]] == [["first"]]


def test_what_is_being_committed_cannot_be_cancelled(committer: GroupCommitter, store: FakeStore) -> None:
    future = hold_up(store, committer)

    assert not future.cancel()
    store.go_on.set()
    assert answer(future).message == "first"


def test_closing_commits_what_is_waiting(store: FakeStore) -> None:
    committer = GroupCommitter(store.commit, max_waiting=3 * MAX_BATCH)
    futures = [hold_up(store, committer), *(committer.submit(wish(n)) for n in range(MAX_BATCH + 5))]
    store.go_on.set()

    committer.close(SOON)

    assert all(future.done() for future in futures)
    assert len(store.committed) == MAX_BATCH + 6


def test_closing_with_a_full_queue_commits_it(store: FakeStore) -> None:
    committer = GroupCommitter(store.commit, max_waiting=2)
    futures = [hold_up(store, committer), committer.submit(wish("a")), committer.submit(wish("b"))]
    threading.Timer(0.05, store.go_on.set).start()

    committer.close(SOON)

    assert [future.done() for future in futures] == [True] * 3


def test_after_closing_nothing_is_taken(committer: GroupCommitter, store: FakeStore) -> None:
    answer(committer.submit(wish("before")))
    committer.close(SOON)

    with pytest.raises(ServiceUnavailable, match="shutting down"):
        committer.submit(wish("after"))

    assert store.committed == ["before"]


def test_closing_twice_or_unused_is_harmless(store: FakeStore) -> None:
    unused, used = GroupCommitter(store.commit), GroupCommitter(store.commit)
    answer(used.submit(wish("a")))

    for committer in (unused, used, unused, used):
        committer.close(SOON)

    assert "ledger-committer" not in {thread.name for thread in threading.enumerate()}


def test_no_thread_runs_before_the_first_submission(store: FakeStore) -> None:
    GroupCommitter(store.commit)

    assert "ledger-committer" not in {thread.name for thread in threading.enumerate()}


def test_a_commit_that_fails_is_told_to_its_batch_and_the_next_one_works(
    committer: GroupCommitter, store: FakeStore, caplog: pytest.LogCaptureFixture
) -> None:
    store.failure = RuntimeError("disk on fire")
    first = hold_up(store, committer)
    batch = [committer.submit(wish(number)) for number in range(3)]
    store.go_on.set()
    broken = [str(answer(future)) for future in (first, *batch)]
    store.failure = None

    works = answer(committer.submit(wish("b")))

    assert (broken, works.message) == (["disk on fire"] * 4, "b")
    assert "ledger batch failed" in caplog.text


def test_a_commit_that_answers_too_few_leaves_nobody_waiting() -> None:
    committer = GroupCommitter(lambda submissions: [])

    for key in ("a", "b"):
        assert isinstance(answer(committer.submit(wish(key))), Exception)
    committer.close(SOON)


def test_many_threads_each_get_the_answer_to_their_own(committer: GroupCommitter, store: FakeStore) -> None:
    seen: dict[str, str] = {}

    def post(worker: int) -> None:
        for number in range(25):
            key = f"{worker}.{number}"
            seen[key] = answer(committer.submit(wish(key))).message

    threads = [threading.Thread(target=post, args=(worker,)) for worker in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(seen) == 400
    assert all(key == message for key, message in seen.items())
    assert sorted(store.committed) == sorted(seen)
