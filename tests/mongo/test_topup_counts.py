"""Places on a customer's day: one for each top-up, whoever tries again, dies or fails."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import UTC, datetime, time, timedelta
from time import sleep

import pytest
from pymongo.database import Database

from backend.errors import RateLimited
from backend.topup_limits import TopUpLimits
from tests.conftest import Document

LIMIT = 3
LONGEST_TEST = timedelta(seconds=20)


@pytest.fixture
def limits(database: Database[Document]) -> TopUpLimits:
    return TopUpLimits(database, limit=LIMIT)


@pytest.fixture(autouse=True)
def not_at_midnight() -> None:
    """Let no test run from one day into the next, where all counts begin anew."""
    now = datetime.now(UTC)
    midnight = datetime.combine(now.date() + timedelta(days=1), time.min, UTC)
    if midnight - now < LONGEST_TEST:
        sleep((midnight - now).total_seconds())


def places(database: Database[Document]) -> dict[str, int]:
    """Give the top-ups that have a place, and by how many tries."""
    found = database["topup_counts"].find()
    return {place["payment"]: place["tries"] for counter in found for place in counter["places"]}


def test_a_repeated_try_takes_no_second_place(limits: TopUpLimits, database: Database[Document]) -> None:
    for payment in ("a", "a", "a", "b", "c", "a"):
        limits.take("asha", payment)

    assert places(database).keys() == {"a", "b", "c"}
    with pytest.raises(RateLimited):
        limits.take("asha", "d")


def test_a_failed_try_gives_back_its_own_place(limits: TopUpLimits, database: Database[Document]) -> None:
    limits.take("asha", "a")
    limits.give_back(limits.take("asha", "b"), "b")

    assert places(database) == {"a": 1}


def test_a_failed_try_takes_no_place_from_one_that_goes_on(
    limits: TopUpLimits, database: Database[Document]
) -> None:
    limits.take("asha", "a")
    limits.give_back(limits.take("asha", "a"), "a")

    assert places(database) == {"a": 1}


def test_what_was_given_back_can_be_taken_by_another(limits: TopUpLimits) -> None:
    counters = [limits.take("asha", payment) for payment in ("a", "b", "c")]
    limits.give_back(counters[0], "a")

    assert limits.take("asha", "d") == counters[0]


def test_a_try_after_midnight_has_its_place_of_before(
    limits: TopUpLimits, database: Database[Document]
) -> None:
    yesterday = f"asha:{(datetime.now(UTC) - timedelta(days=1)).date().isoformat()}"
    database["topup_counts"].insert_one({"_id": yesterday, "places": [{"payment": "a", "tries": 1}]})

    assert limits.take("asha", "a") == yesterday
    assert places(database) == {"a": 2}


def test_customers_have_days_of_their_own(limits: TopUpLimits, database: Database[Document]) -> None:
    for customer in ("asha", "ravi"):
        for number in range(LIMIT):
            limits.take(customer, f"{customer}{number}")

    assert len(places(database)) == 2 * LIMIT


def test_never_more_than_the_limit_go_on_whatever_races(
    limits: TopUpLimits, database: Database[Document]
) -> None:
    """Each of six top-ups is tried four times at once; two of the four fail and give back."""

    def tried(number: int) -> str | None:
        payment = f"p{number % 6}"
        with suppress(RateLimited):
            counter = limits.take("asha", payment)
            if number % 4 < 2:
                return payment
            limits.give_back(counter, payment)
        return None

    with ThreadPoolExecutor(12) as pool:
        opened = {payment for payment in pool.map(tried, list(range(24)) * 4) if payment}

    assert places(database).keys() == opened
    assert 0 < len(opened) <= LIMIT
