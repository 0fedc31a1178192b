"""Twilio's reports are believed only with Twilio's signature over every letter of them."""

import base64
import hashlib
import hmac

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.gateways.errors import NotConfigured, WebhookSignatureInvalid
from backend.telephony.port import Fields
from backend.telephony.twilio_callbacks import check_signature
from tests.telephony.told import FIELDS, HOST, TEXTS, URL

TOKEN = "12345"


def sign(url: str, fields: Fields) -> str:
    """Sign as Twilio's documentation says, independently of ours."""
    text = url
    for name, value in sorted(fields):
        text += name + value
    return base64.b64encode(hmac.new(TOKEN.encode(), text.encode(), hashlib.sha1).digest()).decode()


SIGNATURE = sign(URL, FIELDS)


def is_genuine(url: str, fields: Fields, signature: str | None = SIGNATURE) -> bool:
    try:
        check_signature(url, fields, signature, auth_token=TOKEN)
    except WebhookSignatureInvalid:
        return False
    return True


def test_the_example_of_twilios_documentation_is_genuine() -> None:
    fields = [
        *(("CallSid", "CA1234567890ABCDE"), ("Caller", "+14158675309"), ("Digits", "1234")),
        *(("From", "+14158675309"), ("To", "+18005551212")),
    ]

    assert is_genuine("https://mycompany.com/myapp.php?foo=1&bar=2", fields, "RSOYDt4T1cUTdK1PDd93/VVr8B8=")


@given(st.permutations(FIELDS))
def test_the_order_of_fields_does_not_matter(fields: list[tuple[str, str]]) -> None:
    assert is_genuine(URL, fields)


@given(TEXTS, TEXTS)
def test_any_text_may_be_signed(name: str, value: str) -> None:
    fields = [("a", "b"), (name, value)]

    assert is_genuine(URL, fields, sign(URL, fields)) or fields[0] == fields[1]


@given(st.integers(0, len(URL) - 1), TEXTS.filter(lambda text: ":" not in text))
def test_another_address_is_not_genuine(place: int, text: str) -> None:
    url = URL[:place] + text + URL[place + 1 :]

    assert is_genuine(url, FIELDS) == (url == URL)


@given(st.sampled_from(range(len(FIELDS))), TEXTS)
def test_another_name_is_not_genuine(place: int, name: str) -> None:
    fields = [*FIELDS[:place], (name, FIELDS[place][1]), *FIELDS[place + 1 :]]

    assert is_genuine(URL, fields) == (name == FIELDS[place][0])


@given(st.sampled_from(range(len(FIELDS))), TEXTS)
def test_another_value_is_not_genuine(place: int, value: str) -> None:
    fields = [*FIELDS[:place], (FIELDS[place][0], value), *FIELDS[place + 1 :]]

    assert is_genuine(URL, fields) == (value == FIELDS[place][1])


@given(st.sampled_from(range(len(FIELDS))))
def test_a_field_less_is_not_genuine(place: int) -> None:
    assert not is_genuine(URL, [*FIELDS[:place], *FIELDS[place + 1 :]])


@given(TEXTS, TEXTS)
def test_a_field_more_is_not_genuine(name: str, value: str) -> None:
    assert is_genuine(URL, [*FIELDS, (name, value)]) == (not name + value)


@given(st.text(max_size=40))
def test_another_signature_is_not_genuine(signature: str) -> None:
    assert is_genuine(URL, FIELDS, signature) == (signature == SIGNATURE)


@pytest.mark.parametrize(
    ("asked", "signed"),
    [
        (f"https://{HOST}/t", f"https://{HOST}:443/t"),
        (f"https://{HOST}:443/t", f"https://{HOST}/t"),
        (f"http://{HOST}/t", f"http://{HOST}:80/t"),
        (f"http://{HOST}:80/t", f"http://{HOST}/t"),
        (f"https://{HOST}:8443/t", f"https://{HOST}/t"),
        ("https://[::1]/t?x=y:1", "https://[::1]:443/t?x=y:1"),
    ],
)
def test_the_port_may_be_written_or_not(asked: str, signed: str) -> None:
    assert is_genuine(asked, FIELDS, sign(signed, FIELDS))


@pytest.mark.parametrize(
    "signed", [f"http://{HOST}/t", f"https://{HOST}:80/t", f"https://{HOST}:8443/t", f"https://{HOST}"]
)
def test_another_port_or_scheme_is_another_address(signed: str) -> None:
    assert not is_genuine(f"https://{HOST}/t", FIELDS, sign(signed, FIELDS))


@pytest.mark.parametrize("url", ["", "https://h:port/", "https://h:99999/", "https://[::1", "//"])
def test_what_is_no_address_is_not_genuine(url: str) -> None:
    assert not is_genuine(url, FIELDS)


def test_without_a_token_nothing_is_believed() -> None:
    signature = base64.b64encode(hmac.new(b"", URL.encode(), hashlib.sha1).digest()).decode()

    with pytest.raises(NotConfigured):
        check_signature(URL, [], signature, auth_token="")
