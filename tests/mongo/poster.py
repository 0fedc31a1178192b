"""A process that moves money from many threads and writes a line for each answer it was given."""

import argparse
import os
import threading
import uuid
from collections.abc import Iterable

from backend import db
from backend.errors import AppError
from backend.ledger import Entry, Ledger, Posting, Submission, Verb
from backend.ledger.store import Answer


def post(ledger: Ledger, posting: Posting, *, patient: bool) -> None:
    """Post once, or until it is decided, and acknowledge the answer in one write to the pipe."""
    while True:
        [answer] = ledger.post_many([Submission(posting=posting)])
        if not patient or is_decided(answer):
            break
    os.write(1, f"{type(answer).__name__} {posting.key} {posting.amount_minor}\n".encode())


def is_decided(answer: Answer) -> bool:
    """Tell a movement and a refusal from a failure that says to try again."""
    return isinstance(answer, Entry) or (isinstance(answer, AppError) and answer.status < 500)


def postings(options: argparse.Namespace) -> Iterable[Posting]:
    for number in range(options.count):
        yield Posting(
            verb=Verb(options.verb),
            customer_id=options.customer,
            key=uuid.uuid4().hex,
            amount_minor=number % 7 + 1 if options.mixed else 1,
            currency="INR",
            account="orders",
            reason="Load",
            source="test",
        )


def work(ledger: Ledger, options: argparse.Namespace) -> None:
    for posting in postings(options):
        post(ledger, posting, patient=options.patient)


def main() -> None:
    """Run the threads to their end."""
    parser = argparse.ArgumentParser()
    parser.add_argument("uri")
    parser.add_argument("database")
    parser.add_argument("customer")
    parser.add_argument("--verb", default="credit")
    parser.add_argument("--threads", type=int, default=8)
    parser.add_argument("--count", type=int, default=1_000_000)
    parser.add_argument("--mixed", action="store_true", help="amounts from 1 to 7")
    parser.add_argument("--patient", action="store_true", help="try again until it is decided")
    options = parser.parse_args()
    ledger = Ledger(db.connect(options.uri)[options.database])
    print("ready", flush=True)
    threads = [threading.Thread(target=work, args=(ledger, options)) for _ in range(options.threads)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    ledger.close()


if __name__ == "__main__":
    main()
