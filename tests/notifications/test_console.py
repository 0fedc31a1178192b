"""The console fulfils the contract of channels, as far as a log can."""

import pytest

from backend.notifications.console import Console
from tests.notifications.contract import Arrived, ChannelContract


class ConsoleLine:
    name = "console"
    people = tuple(f"person-{n}" for n in range(8))

    def __init__(self, caplog: pytest.LogCaptureFixture) -> None:
        self.channel = Console()
        self._caplog = caplog

    def arrived(self) -> list[Arrived]:
        return [
            Arrived(record.__dict__["message_id"], record.getMessage()) for record in self._caplog.records
        ]


class TestConsole(ChannelContract):
    @pytest.fixture
    def line(self, caplog: pytest.LogCaptureFixture) -> ConsoleLine:
        caplog.set_level("INFO", "backend.notifications.console")
        return ConsoleLine(caplog)

    def test_it_shows_to_whom_and_what_in_the_language_of_the_customer(self, line: ConsoleLine) -> None:
        self.test_a_message_arrives_once_and_whole(line)

        [arrived] = line.arrived()
        assert arrived.content.startswith("To person-0: आपके वॉलेट में ₹100.00 जोड़े गए | आपके Meri Dukaan")
