"""Whatever a message says, it becomes a mail with the headers that are ours and no other."""

from email import message_from_bytes
from email.policy import default

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.notifications.errors import DeliveryFailed
from backend.notifications.mail_composing import compose, deliverable
from backend.notifications.settings import EmailSettings
from tests.notifications.contract import message

SETTINGS = EmailSettings(host="mail.example.in", sender="shop@example.in", sender_name="Meri Dukaan")
OURS = {
    *("From", "To", "Subject", "Message-ID", "Date", "Content-Language", "Auto-Submitted"),
    *("Content-Type", "Content-Transfer-Encoding", "MIME-Version"),
}
WORDS = st.text(st.characters(codec="utf-8"))


@given(WORDS, WORDS, st.text(st.characters(codec="utf-8"), min_size=1))
def test_no_words_make_a_header(subject: str, text: str, message_id: str) -> None:
    mail = compose(message("asha@example.in", id=message_id, subject=subject, text=text), SETTINGS)

    raw = mail.as_bytes()
    read = message_from_bytes(raw, policy=default)
    assert sorted(read.keys()) == sorted(OURS)
    assert read["To"] == "asha@example.in"
    assert raw.isascii()
    assert all(len(line) <= 998 for line in raw.split(b"\r\n"))


@given(st.text())
def test_any_text_is_an_address_or_refused(text: str) -> None:
    for address in (text, f"{text}@example.in", f"asha@{text}"):
        try:
            spec = deliverable(address)
        except DeliveryFailed:
            continue
        assert spec.isascii()
        assert spec.isprintable()
        assert spec.count("@") == 1
        assert not set(spec) & set(' <>,;:"()[]\\')


@pytest.mark.parametrize(
    "address", ["a@b.in", "first.last+tag@sub.example.co.in", "o'brien@example.in", "A_B-c@example.in"]
)
def test_a_usual_address_stays_as_it_is(address: str) -> None:
    assert deliverable(f" {address} ") == address


def test_a_domain_in_another_script_is_written_as_the_dns_knows_it() -> None:
    assert deliverable("asha@उदाहरण.भारत") == "asha@xn--p1b6ci4b4b3a.xn--h2brj9c"


def test_an_id_of_any_letters_makes_a_message_id() -> None:
    mail = compose(message("asha@example.in", id="a>\r\nBcc: b@c.in <:é"), SETTINGS)

    read = message_from_bytes(mail.as_bytes(), policy=default)
    assert read["Message-ID"] == "<a%3E%0D%0ABcc%3A%20b%40c%2Ein%20%3C%3A%C3%A9@example.in>"
    assert read["Bcc"] is None
