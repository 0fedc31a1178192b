"""E-mail fulfils the contract of channels, against a real mail server."""

import socket
import ssl
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from backend.notifications.email import Email
from backend.notifications.errors import DeliveryDelayed, DeliveryFailed
from backend.notifications.settings import EmailSettings
from tests.gateways.certificates import Certificate, authority, leaf
from tests.notifications.contract import SECRET, Arrived, NetworkContract, delay, message
from tests.notifications.mail_server import HANGS_UP, MailServer

PERSON = "asha@example.in"
LOGIN = ("shop", "right")
SETTINGS = EmailSettings(
    host="127.0.0.1", user=LOGIN[0], password=LOGIN[1], sender="shop@example.in", sender_name="Meri Dukaan"
)
NO_LOGIN = {"user": "", "password": ""}


@pytest.fixture(scope="module")
def root() -> Certificate:
    return authority()


@pytest.fixture(scope="module")
def trust(root: Certificate) -> ssl.SSLContext:
    return ssl.create_default_context(cadata=root.pem.decode())


@pytest.fixture(scope="module")
def tls(root: Certificate, tmp_path_factory: pytest.TempPathFactory) -> ssl.SSLContext:
    """What a mail server needs to prove that it is the one on this machine."""
    pem: Path = tmp_path_factory.mktemp("mail") / "server.pem"
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(leaf(root, names=("127.0.0.1",)).write(pem, with_key=True))
    return context


class EmailLine:
    name = "email"
    people = tuple(f"person{n}@example.in" for n in range(8))

    def __init__(self, server: MailServer, trust: ssl.SSLContext) -> None:
        self.server, self._trust = server, trust
        self.channel = self.email()

    def email(self, **changes: Any) -> Email:
        settings = replace(SETTINGS, **({"port": self.server.port} | changes))
        return Email(settings, timeout_seconds=2.0, tls=self._trust)

    def arrived(self) -> list[Arrived]:
        return [
            Arrived(str(mail.message["Message-ID"]), f"{mail.message['Subject']}\n{mail.text}")
            for mail in self.server.received
        ]

    def nobody_listens(self) -> Email:
        return self.email(port=1)

    def takes_it_without_a_word(self, *, hangs: bool) -> None:
        self.server.after_the_mail = "hangs" if hangs else "hangs up"

    def is_busy(self) -> None:
        self.server.replies["RCPT"] = "451 4.7.1 greylisted"

    def refuses_it(self) -> None:
        self.server.replies["RCPT"] = "550 5.1.1 no such user"

    def refuses_us(self) -> None:
        self.channel = self.email(password=SECRET)


@pytest.fixture
def line(tls: ssl.SSLContext, trust: ssl.SSLContext) -> Iterator[EmailLine]:
    with MailServer(tls=tls, login=LOGIN) as server:
        yield EmailLine(server, trust)


class TestEmail(NetworkContract):
    """The contract."""


def test_a_mail_says_from_whom_to_whom_and_what_in_hindi(line: EmailLine) -> None:
    sent = line.channel.send(message(PERSON, id="evt_1:email"))

    [mail] = line.server.received
    assert (mail.sender, mail.recipients) == ("shop@example.in", [PERSON])
    assert mail.message["From"] == "Meri Dukaan <shop@example.in>"
    assert mail.message["To"] == PERSON
    assert mail.message["Subject"] == "आपके वॉलेट में ₹100.00 जोड़े गए"
    assert mail.text == "आपके Meri Dukaan वॉलेट में ₹100.00 जोड़ दिए गए हैं।\n"
    assert mail.message["Message-ID"] == sent.provider_id == "<evt_1%3Aemail@example.in>"
    assert (mail.message["Content-Language"], mail.message["Auto-Submitted"]) == ("hi", "auto-generated")
    assert mail.message["Date"].datetime.tzinfo is not None
    assert mail.raw.isascii()


def test_the_line_is_encrypted_before_the_password_goes_over_it(line: EmailLine) -> None:
    line.channel.send(message(PERSON))

    [mail] = line.server.received
    assert (mail.was_encrypted, mail.user) == (True, "shop")


def test_a_line_may_be_encrypted_from_its_first_byte(tls: ssl.SSLContext, trust: ssl.SSLContext) -> None:
    with MailServer(tls=tls, login=LOGIN, is_encrypted_at_once=True) as server:
        EmailLine(server, trust).email(is_encrypted_at_once=True).send(message(PERSON))

        assert [mail.user for mail in server.received] == ["shop"]


def test_a_server_that_is_not_who_it_says_gets_nothing(
    line: EmailLine, caplog: pytest.LogCaptureFixture
) -> None:
    channel = Email(replace(SETTINGS, port=line.server.port), timeout_seconds=1.0)

    error = delay(channel, PERSON)

    assert "CERTIFICATE_VERIFY_FAILED" in error.reason
    assert line.server.received == []
    assert "put right" in caplog.text


def test_without_encryption_a_password_may_go_to_this_machine(trust: ssl.SSLContext) -> None:
    with MailServer(login=LOGIN, takes_passwords_in_the_open=True) as server:
        EmailLine(server, trust).channel.send(message(PERSON))

        assert [(mail.user, mail.was_encrypted) for mail in server.received] == [("shop", False)]


def test_without_encryption_a_password_goes_nowhere_else(
    trust: ssl.SSLContext, caplog: pytest.LogCaptureFixture
) -> None:
    with MailServer(host="127.0.0.2", login=LOGIN, takes_passwords_in_the_open=True) as server:
        error = delay(EmailLine(server, trust).email(host="127.0.0.2"), PERSON)

        assert error.reason == "the mail server offers no encryption"
        assert server.received == []
    assert "put right" in caplog.text


def test_a_server_that_wants_no_login_gets_none(trust: ssl.SSLContext) -> None:
    with MailServer() as server:
        EmailLine(server, trust).email(**NO_LOGIN).send(message(PERSON))

        assert [(mail.user, mail.was_encrypted) for mail in server.received] == [(None, False)]


def test_a_server_that_knows_no_logins_is_an_alert(
    trust: ssl.SSLContext, caplog: pytest.LogCaptureFixture
) -> None:
    with MailServer() as server:
        assert not delay(EmailLine(server, trust).channel, PERSON).may_have_arrived

    assert "put right" in caplog.text


def test_a_server_that_wants_a_login_is_an_alert_and_fails_no_mail(line: EmailLine) -> None:
    assert "530" in delay(line.email(**NO_LOGIN), PERSON).reason


@pytest.mark.parametrize(
    ("command", "reply", "is_final"),
    [
        ("RCPT", "550 5.1.1 no such user", True),
        ("RCPT", "452 4.2.2 mailbox full", False),
        ("RCPT", "421 4.3.2 shutting down", False),
        ("DATA", "554 5.7.1 looks like spam", True),
        ("DATA", "451 4.3.0 disk full", False),
        ("MAIL", "451 4.7.0 slower, please", False),
        ("MAIL", "550 5.7.1 you are not shop@example.in", False),
    ],
)
def test_five_hundreds_about_the_mail_are_final(
    line: EmailLine, command: str, reply: str, is_final: bool
) -> None:
    line.server.replies[command] = reply

    with pytest.raises(DeliveryFailed if is_final else DeliveryDelayed) as refused:
        line.channel.send(message(PERSON))

    assert refused.value.reason == reply  # type: ignore[attr-defined]
    assert not getattr(refused.value, "may_have_arrived", False)


def test_a_line_that_breaks_before_the_mail_got_nothing(line: EmailLine) -> None:
    line.server.replies["RCPT"] = HANGS_UP

    error = delay(line.channel, PERSON)

    assert error.reason.startswith("the line broke")
    assert not error.may_have_arrived


def test_an_answer_to_the_mail_that_means_nothing_leaves_open_what_happened(line: EmailLine) -> None:
    line.server.replies["DATA"] = "999 perhaps"

    assert delay(line.channel, PERSON).may_have_arrived


def test_a_server_that_never_says_goodbye_has_the_mail_all_the_same(line: EmailLine) -> None:
    line.server.after_the_mail = "never says goodbye"

    assert line.channel.send(message(PERSON)).provider_id
    assert len(line.server.received) == 1


def test_a_server_that_never_says_hello_got_nothing(line: EmailLine) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        error = delay(line.email(port=silent.getsockname()[1]), PERSON)

    assert not error.may_have_arrived


def test_a_subject_with_line_breaks_makes_no_header(line: EmailLine) -> None:
    line.channel.send(message(PERSON, subject="Paid\r\nBcc: thief@example.in\n\nBody", language="hi"))

    [mail] = line.server.received
    assert mail.message["Subject"] == "Paid Bcc: thief@example.in Body"
    assert mail.message["Bcc"] is None
    assert mail.recipients == [PERSON]


@pytest.mark.parametrize(
    "to",
    [
        *("a@b.in\r\nBcc: thief@example.in", "a@b.in, thief@example.in", "a@b.in thief@example.in"),
        *("Asha <a@b.in>", "a@b.in>\r\nRCPT TO:<thief@example.in", "a@b@c.in", "a b@c.in", "@c.in", "a@"),
        *("आशा@example.in", "a\x00@b.in", "a@b..in", f"{'a' * 65}@b.in", f"a@{'b.' * 127}in", "a@[127.0.0.1"),
    ],
)
def test_only_one_plain_address_is_written_to(line: EmailLine, to: str) -> None:
    with pytest.raises(DeliveryFailed):
        line.channel.send(message(to))

    assert line.server.commands == []
