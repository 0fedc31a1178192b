"""No more is sent than WhatsApp takes, and no memory is kept of those who were written to long ago."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from backend.notifications.pacing import Pacing


@dataclass
class Clock:
    now: float = 1000.0

    def __call__(self) -> float:
        return self.now


@dataclass
class Sender:
    """A number that waits as long as it is told to."""

    clock: Clock = field(default_factory=Clock)

    def __post_init__(self) -> None:
        self.pacing = Pacing(per_second=3, seconds_to_same_person=6.0, clock=self.clock)


def test_the_next_message_to_a_person_waits_for_six_seconds() -> None:
    sender = Sender()

    assert sender.pacing.take("a") == 0
    assert sender.pacing.take("a") == 6
    assert sender.pacing.take("b") == 0
    sender.clock.now += 5.5
    assert sender.pacing.take("a") == 0.5
    sender.clock.now += 0.5
    assert sender.pacing.take("a") == 0


def test_the_fourth_of_three_in_a_second_waits_for_the_first_to_be_a_second_old() -> None:
    sender = Sender()
    for person, seconds in (("a", 0.25), ("b", 0.25), ("c", 0.25)):
        assert sender.pacing.take(person) == 0
        sender.clock.now += seconds

    assert sender.pacing.take("d") == 0.25
    sender.clock.now += 0.25
    assert sender.pacing.take("d") == 0
    assert sender.pacing.take("e") == 0.25


def test_who_has_to_wait_takes_nobodys_place() -> None:
    sender = Sender()
    for person in ("a", "a", "a", "a", "b", "c"):
        sender.pacing.take(person)
    sender.clock.now += 1

    assert [sender.pacing.take(person) for person in "def"] == [0, 0, 0]


def test_those_who_need_not_wait_any_more_are_forgotten() -> None:
    sender = Sender()
    for n in range(100):
        sender.clock.now += 1
        sender.pacing.take(f"person-{n}")

    assert len(vars(sender.pacing)["_last_to"]) == 6


def test_threads_share_one_pace() -> None:
    pacing = Pacing(per_second=80, clock=Clock())

    with ThreadPoolExecutor(8) as threads:
        waits = list(threads.map(lambda n: pacing.take(f"person-{n}"), range(200)))

    assert waits.count(0) == 80


def test_eighty_messages_a_second_and_one_in_six_seconds_is_what_whatsapp_takes() -> None:
    clock: Any = Clock()
    pacing = Pacing(clock=clock)

    assert [pacing.take(f"person-{n}") for n in range(81)] == [0] * 80 + [1]
    clock.now += 1
    assert pacing.take("person-0") == 5


@given(st.lists(st.tuples(st.sampled_from("abcd"), st.floats(0, 2)), max_size=60))
def test_no_second_ever_sees_more_than_its_share(wishes: list[tuple[str, float]]) -> None:
    sender, taken = Sender(), list[tuple[str, float]]()
    for person, pause in wishes:
        sender.clock.now += pause
        if sender.pacing.take(person) == 0:
            taken.append((person, sender.clock.now))

    for person, at in taken:
        together = [other for other, then in taken if at <= then and then - at < 1 - 1e-6]
        soon = [then for other, then in taken if other == person and at <= then and then - at < 6 - 1e-6]
        assert len(together) <= 3
        assert len(soon) == 1
