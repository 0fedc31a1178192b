"""WhatsApp fulfils the contract of channels, against the sandbox of Meta's API."""

import json
import time
from typing import Any

import pytest

from backend.gateways.outgoing import Outgoing
from backend.notifications.errors import DeliveryDelayed, DeliveryFailed
from backend.notifications.pacing import Pacing
from backend.notifications.settings import WhatsAppSettings
from backend.notifications.whatsapp import WhatsApp
from backend.sandbox import keys
from tests.gateways.controls import HANGS_FOR_SECONDS, Controls
from tests.notifications.contract import SECRET, Arrived, NetworkContract, delay, message

PERSON = "+91 98765 43210"
UNHURRIED = {"per_second": 1000, "seconds_to_same_person": 0.0}


def whatsapp(url: str, *, token: str = keys.WHATSAPP_ACCESS_TOKEN, **pacing: Any) -> WhatsApp:
    settings = WhatsAppSettings(
        phone_number_id=keys.WHATSAPP_PHONE_NUMBER_ID, access_token=token, api_url=f"{url}/v23.0"
    )
    pace = Pacing(**(UNHURRIED | pacing))
    return WhatsApp(settings, outgoing=Outgoing(timeout=(1.0, 1.0)), pacing=pace)


class WhatsAppLine:
    name = "whatsapp"
    people = tuple(f"+91 98765 4321{n}" for n in range(8))

    def __init__(self, sandbox: Controls) -> None:
        self.sandbox = sandbox
        self.channel = whatsapp(sandbox.url)

    def messages(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.sandbox.books()["messages"]
        return found

    def arrived(self) -> list[Arrived]:
        return [
            Arrived(one["callback_data"], json.dumps(one["content"], ensure_ascii=False))
            for one in self.messages()
        ]

    def nobody_listens(self) -> WhatsApp:
        return whatsapp("http://127.0.0.1:1")

    def takes_it_without_a_word(self, *, hangs: bool) -> None:
        kind = "timeout_after" if hangs else "drop_after"
        self.sandbox.fault("messages", kind, seconds=HANGS_FOR_SECONDS)

    def is_busy(self) -> None:
        self.sandbox.post("whatsapp/refuse", code=130429)

    def refuses_it(self) -> None:
        self.sandbox.post("whatsapp/refuse", code=131026)

    def refuses_us(self) -> None:
        self.channel = whatsapp(self.sandbox.url, token=SECRET)


@pytest.fixture
def line(sandbox: Controls) -> WhatsAppLine:
    return WhatsAppLine(sandbox)


class TestWhatsApp(NetworkContract):
    """The contract."""


def test_a_template_is_sent_as_it_was_registered(line: WhatsAppLine) -> None:
    line.sandbox.post("whatsapp/templates", name="batua_topup_received_v1", language="hi", parameters=2)

    sent = line.channel.send(message(PERSON))

    [arrived] = line.messages()
    assert (arrived["id"], arrived["to"]) == (sent.provider_id, "919876543210")
    assert arrived["content"] == {
        "name": "batua_topup_received_v1",
        "language": {"code": "hi"},
        "components": [
            {
                "type": "body",
                "parameters": [
                    {"type": "text", "text": "Meri Dukaan"},
                    {"type": "text", "text": "₹100.00"},
                ],
            }
        ],
    }


def test_a_template_without_parameters_has_no_components(line: WhatsAppLine) -> None:
    line.channel.send(message(PERSON, parameters=()))

    assert "components" not in line.messages()[0]["content"]


def test_without_a_template_the_text_is_sent_as_it_is(line: WhatsAppLine) -> None:
    line.channel.send(message(PERSON, template="", text="हमें आपका संदेश मिल गया।"))

    assert line.messages()[0]["content"] == {"body": "हमें आपका संदेश मिल गया।", "preview_url": False}


def test_parameters_are_brought_into_the_form_that_meta_takes(line: WhatsAppLine) -> None:
    line.channel.send(message(PERSON, parameters=("a\r\n\tb" + 9 * " " + "c", "")))

    [body] = line.messages()[0]["content"]["components"]
    assert [one["text"] for one in body["parameters"]] == ["a b c", "-"]


@pytest.mark.parametrize(
    ("changes", "code"), [({"parameters": ("one",)}, "132000"), ({"template": "other"}, "132001")]
)
def test_a_template_that_does_not_fit_fails(line: WhatsAppLine, changes: dict[str, Any], code: str) -> None:
    line.sandbox.post("whatsapp/templates", name="batua_topup_received_v1", language="hi", parameters=2)

    with pytest.raises(DeliveryFailed) as refused:
        line.channel.send(message(PERSON, **changes))

    assert refused.value.reason.startswith(code)


@pytest.mark.parametrize("code", [100, 131026, 131047, 131049, 132000, 132001, 132015, 131051])
def test_what_is_wrong_with_the_message_is_final(line: WhatsAppLine, code: int) -> None:
    line.sandbox.post("whatsapp/refuse", code=code, message="No")

    with pytest.raises(DeliveryFailed) as refused:
        line.channel.send(message(PERSON))

    assert refused.value.reason == f"{code} (#{code}) No"


@pytest.mark.parametrize(
    ("code", "status", "seconds"),
    [(130429, 400, None), (131056, 400, 6.0), (80007, 400, None), (131000, 500, None), (131016, 503, None)],
)
def test_what_passes_is_tried_again(
    line: WhatsAppLine, code: int, status: int, seconds: float | None
) -> None:
    line.sandbox.post("whatsapp/refuse", code=code, status=status)

    error = delay(line.channel, PERSON)

    assert (error.retry_after_seconds, error.may_have_arrived) == (seconds, False)
    assert line.channel.send(message(PERSON)).provider_id


@pytest.mark.parametrize(("code", "status"), [(0, 401), (190, 401), (10, 403), (131042, 400), (200, 403)])
def test_what_is_wrong_with_our_account_is_an_alert(
    line: WhatsAppLine, code: int, status: int, caplog: pytest.LogCaptureFixture
) -> None:
    line.sandbox.post("whatsapp/refuse", code=code, status=status)

    delay(line.channel, PERSON)

    [alert] = caplog.records
    assert alert.levelname == "ERROR"
    assert str(code) in alert.getMessage()
    assert "9876543210" not in caplog.text


@pytest.mark.parametrize(("status", "is_open"), [(502, True), (504, True), (403, False), (429, False)])
def test_a_page_of_some_proxy_is_no_word_of_meta(line: WhatsAppLine, status: int, is_open: bool) -> None:
    line.sandbox.fault("messages", "html", status=status)

    assert delay(line.channel, PERSON).may_have_arrived is is_open


def test_an_answer_that_never_begins_leaves_open_what_happened(line: WhatsAppLine) -> None:
    line.sandbox.fault("messages", "timeout_before", seconds=HANGS_FOR_SECONDS)

    assert delay(line.channel, PERSON).may_have_arrived


def test_a_second_message_to_the_same_person_waits_and_is_not_sent(line: WhatsAppLine) -> None:
    channel = whatsapp(line.sandbox.url, seconds_to_same_person=6.0)
    channel.send(message(PERSON))

    error = delay(channel, "9876543210")
    channel.send(message("+91 98765 43211"))

    assert not error.may_have_arrived
    assert error.retry_after_seconds is not None
    assert 0 < error.retry_after_seconds <= 6
    assert [one["to"] for one in line.messages()] == ["919876543210", "919876543211"]


def test_a_number_sends_no_more_in_a_second_than_it_may(line: WhatsAppLine) -> None:
    channel = whatsapp(line.sandbox.url, per_second=2, clock=lambda: 100.0)
    for person in line.people[:2]:
        channel.send(message(person))

    error = delay(channel, line.people[2])

    assert error.retry_after_seconds == 1.0
    assert len(line.messages()) == 2


def test_a_message_that_waited_as_long_as_told_is_sent(line: WhatsAppLine) -> None:
    channel = whatsapp(line.sandbox.url, seconds_to_same_person=0.2)
    channel.send(message(PERSON))
    with pytest.raises(DeliveryDelayed) as delayed:
        channel.send(message(PERSON))
    time.sleep(delayed.value.retry_after_seconds or 0)

    channel.send(message(PERSON))

    assert len(line.messages()) == 2
