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
