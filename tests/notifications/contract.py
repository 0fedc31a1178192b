"""What every channel must do, whatever it speaks.

A test class per channel inherits `ChannelContract`, and `NetworkContract` if there is a network in between,
and gives a `line`: the channel, and a look at what came out at its other end.
"""

import logging
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Protocol

import pytest

from backend.notifications.errors import DeliveryDelayed, DeliveryFailed
from backend.notifications.port import Channel, Message, Sent

SECRET = "hunter2"


@dataclass(frozen=True)
class Arrived:
    """A message as it came out: the id that it can be recognised by, and everything it says."""

    id: str
    content: str


class Line(Protocol):
    """A channel under test."""

    channel: Channel
    name: str
    people: tuple[str, ...]

    def arrived(self) -> list[Arrived]: ...


class NetworkLine(Line, Protocol):
    """A channel with a server at its other end, which can fail in all the ways of servers."""

    def nobody_listens(self) -> Channel: ...

    def never_answers(self) -> Channel: ...

    def takes_it_without_a_word(self, *, hangs: bool) -> None: ...

    def is_busy(self) -> None: ...

    def refuses_it(self) -> None: ...

    def refuses_us(self) -> None: ...


def message(to: str, **changes: Any) -> Message:
    values: dict[str, Any] = {
        "id": "evt_1:channel",
        "to": to,
        "template": "batua_topup_received_v1",
        "language": "hi",
        "subject": "आपके वॉलेट में ₹100.00 जोड़े गए",
        "text": "आपके Meri Dukaan वॉलेट में ₹100.00 जोड़ दिए गए हैं।",
        "parameters": ("Meri Dukaan", "₹100.00"),
    }
    return Message(**(values | changes))


class ChannelContract:
    """What holds for all of them."""

    def test_it_has_the_name_that_rows_know_it_by(self, line: Line) -> None:
        assert line.channel.name == line.name

    def test_a_message_arrives_once_and_whole(self, line: Line) -> None:
        sent = line.channel.send(message(line.people[0]))

        [arrived] = line.arrived()
        assert isinstance(sent, Sent)
        assert "Meri Dukaan" in arrived.content
        assert "₹100.00" in arrived.content

    def test_a_message_sent_again_can_be_recognised(self, line: Line) -> None:
        for person in line.people[:2]:
            line.channel.send(message(person, id="evt_2:channel"))
        line.channel.send(message(line.people[2], id="evt_3:channel"))

        first, again, other = line.arrived()
        assert first.id == again.id != other.id

    def test_line_breaks_in_what_is_said_break_nothing(self, line: Line) -> None:
        line.channel.send(
            message(
                line.people[0],
                subject="Paid\r\nBcc: thief@example.in\r\n\r\nNew body",
                text="Paid\r\n.\r\nQUIT\r\nend",
                parameters=("Meri\r\nDukaan", "end\t"),
            )
        )

        [arrived] = line.arrived()
        assert "end" in arrived.content

    def test_many_threads_may_send_at_once(self, line: Line) -> None:
        with ThreadPoolExecutor(8) as threads:
            sent = [
                threads.submit(line.channel.send, message(person, id=f"evt_{n}"))
                for n, person in enumerate(line.people)
            ]

        assert all(isinstance(one.result(), Sent) for one in sent)
        assert len({one.id for one in line.arrived()}) == len(line.people)


class NetworkContract(ChannelContract):
    """What holds where a server at the other end may fail."""

    def test_a_server_that_is_away_got_nothing(self, line: NetworkLine) -> None:
        error = delay(line.nobody_listens(), line.people[0])

        assert not error.may_have_arrived

    def test_a_server_that_takes_a_message_and_hangs_may_have_it(self, line: NetworkLine) -> None:
        line.takes_it_without_a_word(hangs=True)

        error = delay(line.channel, line.people[0])

        assert error.may_have_arrived
        assert len(line.arrived()) == 1

    def test_a_server_that_takes_a_message_and_hangs_up_may_have_it(self, line: NetworkLine) -> None:
        line.takes_it_without_a_word(hangs=False)

        error = delay(line.channel, line.people[0])

        assert error.may_have_arrived
        assert len(line.arrived()) == 1

    def test_a_busy_server_wants_to_be_asked_again(self, line: NetworkLine) -> None:
        line.is_busy()

        error = delay(line.channel, line.people[0])

        assert not error.may_have_arrived
        assert line.arrived() == []

    def test_a_no_is_final(self, line: NetworkLine) -> None:
        line.refuses_it()

        with pytest.raises(DeliveryFailed) as refused:
            line.channel.send(message(line.people[0]))

        assert refused.value.reason
        assert line.arrived() == []

    def test_what_is_wrong_with_us_is_an_alert_and_fails_no_message(
        self, line: NetworkLine, caplog: pytest.LogCaptureFixture
    ) -> None:
        line.refuses_us()

        error = delay(line.channel, line.people[0])

        assert not error.may_have_arrived
        assert [
            record.levelno
            for record in caplog.records
            if record.levelno >= logging.ERROR and record.name.startswith("backend.notifications")
        ]

    @pytest.mark.parametrize("to", ["", " ", "nobody", "@", "+", "a@", "+91 98765 43210\r\nx: y", "12"])
    def test_what_is_no_address_fails_at_once(self, line: NetworkLine, to: str) -> None:
        with pytest.raises(DeliveryFailed):
            line.channel.send(message(to))

        assert line.arrived() == []

    def test_no_secret_is_told(self, line: NetworkLine, caplog: pytest.LogCaptureFixture) -> None:
        line.refuses_us()

        with caplog.at_level(logging.DEBUG):
            error = delay(line.channel, line.people[0])

        assert SECRET not in f"{error.reason} {error.details} {error.__cause__!r} {caplog.text}"


def delay(channel: Channel, to: str) -> DeliveryDelayed:
    """Send what will not be taken now, and give the reason."""
    with pytest.raises(DeliveryDelayed) as delayed:
        channel.send(message(to))
    assert delayed.value.reason
    return delayed.value
