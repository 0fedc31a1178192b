"""Every event that concerns a customer has natural words in every language, fit for Meta's templates."""

import re
import unicodedata

import pytest

from backend.notifications.errors import NoText
from backend.notifications.texts import (
    LANGUAGES,
    TEMPLATES,
    Rendered,
    is_for_customers,
    known_language,
    placeholders,
    render,
    template_body,
)
from tests.unit.source import ROOT

DATA = {
    "amount": 12_345_650,
    "balance": 1_950,
    "currency": "INR",
    "order_id": "ord_1",
    "refund_id": "rfnd_1",
    "payment_id": "pay_1",
    "transaction_id": "txn_1",
    "destination": "wallet",
    "campaign_name": "Diwali",
}
EVERYTHING = [(event_type, language) for event_type in TEMPLATES for language in LANGUAGES]
LONGEST_BODY, LONGEST_SUBJECT = 1024, 78
DOCUMENT = (ROOT / "docs" / "messages.md").read_text()


def say(event_type: str, language: str | None = "en", **changes: object) -> Rendered:
    return render(event_type, language, DATA | changes, shop_name="Meri Dukaan")


@pytest.mark.parametrize(("event_type", "language"), EVERYTHING)
def test_nothing_is_left_open(event_type: str, language: str) -> None:
    said = say(event_type, language)

    assert not re.search(r"[{}]|None|\s{2}|\n", f"{said.subject}|{said.text}|{'|'.join(said.parameters)}")
    assert all(said.parameters)
    assert (said.template, said.language) == (TEMPLATES[event_type], language)


@pytest.mark.parametrize("event_type", TEMPLATES)
def test_all_languages_say_the_same_things(event_type: str) -> None:
    told = {frozenset(placeholders(words.TEXTS[event_type])) for words in LANGUAGES.values()}
    counts = {len(say(event_type, language).parameters) for language in LANGUAGES}

    assert len(told) == len(counts) == 1


@pytest.mark.parametrize("words", LANGUAGES.values())
def test_a_language_has_words_for_every_event_and_no_other(words: object) -> None:
    assert words.TEXTS.keys() == words.SUBJECTS.keys() == TEMPLATES.keys()  # type: ignore[attr-defined]


@pytest.mark.parametrize(("event_type", "language"), EVERYTHING)
def test_the_parameters_put_into_the_registered_text_make_the_text(event_type: str, language: str) -> None:
    said, text = say(event_type, language), template_body(event_type, language)

    for number, value in enumerate(said.parameters, start=1):
        assert text.count(f"{{{{{number}}}}}") == 1
        text = text.replace(f"{{{{{number}}}}}", value)
    assert text == said.text


@pytest.mark.parametrize(("event_type", "language"), EVERYTHING)
def test_meta_takes_the_text_as_a_template(event_type: str, language: str) -> None:
    body = template_body(event_type, language)

    numbers = [int(number) for number in re.findall(r"\{\{(\d+)\}\}", body)]
    assert numbers == list(range(1, len(numbers) + 1))
    assert not re.search(r"^\W*\{\{|\}\}\W*$|\}\}\s*\{\{", body)
    assert re.fullmatch(r"[a-z0-9_]{1,512}", TEMPLATES[event_type])
    assert len(body) + 60 * len(numbers) <= LONGEST_BODY


@pytest.mark.parametrize(("event_type", "language"), EVERYTHING)
def test_the_template_to_register_is_in_the_documentation(event_type: str, language: str) -> None:
    row = f"| `{TEMPLATES[event_type]}` | {language} | {template_body(event_type, language)} |"

    assert row in DOCUMENT.splitlines()


def test_the_documentation_names_no_other_template() -> None:
    rows = [line for line in DOCUMENT.splitlines() if line.startswith("| `batua_")]

    assert len(rows) == len(EVERYTHING)


@pytest.mark.parametrize("event_type", TEMPLATES)
def test_hindi_is_written_in_devanagari(event_type: str) -> None:
    words = LANGUAGES["hi"]
    bare = re.sub(r"\{\w+\}|[\W\d_]", "", words.TEXTS[event_type] + words.SUBJECTS[event_type])

    assert {unicodedata.name(letter).split()[0] for letter in bare} == {"DEVANAGARI"}
    assert unicodedata.is_normalized("NFC", words.TEXTS[event_type] + words.SUBJECTS[event_type])


@pytest.mark.parametrize(("event_type", "language"), EVERYTHING)
def test_a_subject_fits_into_a_list_of_mails(event_type: str, language: str) -> None:
    assert len(say(event_type, language).subject) <= LONGEST_SUBJECT


@pytest.mark.parametrize(
    ("event_type", "language", "told"),
    [
        ("order.paid", "en", ("Meri Dukaan", "₹1,23,456.50", "ord_1")),
        ("order.paid", "hi", ("Meri Dukaan", "ord_1", "₹1,23,456.50")),
        ("wallet.topped_up", "en", ("Meri Dukaan", "₹1,23,456.50")),
        ("wallet.low_balance", "hi", ("Meri Dukaan", "₹19.50")),
        ("refund.completed", "en", ("₹1,23,456.50", "Meri Dukaan", "ord_1", "your wallet")),
        ("refund.completed", "hi", ("₹1,23,456.50", "Meri Dukaan", "ord_1", "आपके वॉलेट")),
        ("campaign.paused", "hi", ("Diwali", "Meri Dukaan")),
    ],
)
def test_the_parameters_stand_in_the_order_of_the_text(
    event_type: str, language: str, told: tuple[str, ...]
) -> None:
    assert say(event_type, language).parameters == told


def test_a_refund_to_the_source_says_so_in_either_language() -> None:
    said = [say("refund.completed", language, destination="source").text for language in LANGUAGES]

    assert "your original payment method" in said[0]
    assert "आपके मूल भुगतान माध्यम" in said[1]


def test_what_belongs_to_no_order_is_known_by_its_payment() -> None:
    assert "reference pay_1" in say("payment.failed", order_id=None).text


@pytest.mark.parametrize(
    ("asked", "spoken"),
    [("hi", "hi"), ("hi-IN", "hi"), ("HI_in", "hi"), ("en-GB", "en"), ("ta", "en"), ("", "en"), (None, "en")],
)
def test_a_language_that_is_not_spoken_becomes_english(asked: str | None, spoken: str) -> None:
    assert known_language(asked) == spoken
    assert say("order.paid", asked) == say("order.paid", spoken)


@pytest.mark.parametrize("event_type", ["wallet.credited", "refund.failed", "dispute.opened", ""])
def test_what_is_no_business_of_customers_has_no_words(event_type: str) -> None:
    assert not is_for_customers(event_type)
    with pytest.raises(NoText) as refused:
        say(event_type)
    assert refused.value.missing is None


@pytest.mark.parametrize(
    ("event_type", "field"),
    [
        ("order.paid", "amount"),
        ("order.paid", "currency"),
        ("order.paid", "order_id"),
        ("wallet.low_balance", "balance"),
        ("refund.completed", "destination"),
    ],
)
def test_what_an_event_does_not_say_is_not_made_up(event_type: str, field: str) -> None:
    data = {name: value for name, value in DATA.items() if name != field}

    with pytest.raises(NoText) as refused:
        render(event_type, "en", data, shop_name="Meri Dukaan")

    assert refused.value.missing == field


def test_names_cannot_disturb_the_text() -> None:
    said = say("campaign.paused", campaign_name="{amount}\r\nBcc: x@y.in\t" + "z" * 500)

    assert said.parameters[0].startswith("{amount} Bcc: x@y.in zzz")
    assert "\n" not in said.text
    assert len(said.parameters[0]) == 60
