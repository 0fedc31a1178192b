"""What the sandbox's WhatsApp can be told to do."""

from typing import Any

import pytest

from backend.sandbox import environment
from tests.sandbox.conftest import Controls
from tests.sandbox.test_messages_and_calls import message


def template(controls: Controls, *values: str, name: str = "receipt") -> tuple[int, Any]:
    parameters = [{"type": "text", "text": value} for value in values]
    content = {
        "name": name,
        "language": {"code": "en"},
        "components": [{"type": "body", "parameters": parameters}],
    }
    answer = message(controls, type="template", template=content)
    return answer.status_code, answer.json().get("error", {}).get("code")


def test_every_template_is_taken_until_one_is_registered(controls: Controls) -> None:
    assert template(controls, "1") == (200, None)

    controls.post("whatsapp/templates", name="receipt", language="en", parameters=2)

    assert template(controls, "1", "2") == (200, None)
    assert template(controls, "1") == (400, 132000)
    assert template(controls, "1", "2", name="other") == (404, 132001)


@pytest.mark.parametrize(("value", "code"), [("a\nb", 100), ("a\tb", 100), ("a     b", 100), (" ", 131008)])
def test_a_parameter_must_be_tidy(controls: Controls, value: str, code: int) -> None:
    assert template(controls, value) == (400, code)


def test_the_next_messages_can_be_refused_with_any_code(controls: Controls) -> None:
    controls.post("whatsapp/refuse", code=131031, times=2, status=403)

    assert [template(controls, "1") for _ in range(3)] == [(403, 131031), (403, 131031), (200, None)]


def test_a_message_can_be_read(controls: Controls) -> None:
    [sent] = message(controls).json()["messages"]

    controls.post(f"whatsapp/messages/{sent['id']}/read")

    assert controls.get("books")["messages"][0]["status"] == "read"
    assert controls.events() == ["sent", "delivered", "read"]


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("whatsapp/messages/none/read", {}, 404),
        ("whatsapp/refuse", {"code": "many"}, 400),
        ("whatsapp/refuse", {}, 400),
        ("whatsapp/templates", {"name": "a"}, 400),
    ],
)
def test_what_cannot_be_done_is_refused(
    controls: Controls, path: str, body: dict[str, Any], status: int
) -> None:
    assert controls.post(path, expect=status, **body)["error"]


def test_a_status_that_whatsapp_does_not_know_is_refused(controls: Controls) -> None:
    [sent] = message(controls).json()["messages"]

    controls.post(f"whatsapp/messages/{sent['id']}/eaten", expect=400)
    controls.post(f"whatsapp/messages/{sent['id']}/failed", expect=400, code="bad")


@pytest.mark.parametrize(("number", "is_listed"), [("", True), ("42", False)])
def test_a_number_at_whatsapp_that_is_there_already_stays(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], number: str, is_listed: bool
) -> None:
    monkeypatch.setenv("WHATSAPP_PHONE_NUMBER_ID", number)

    environment.main()

    lines = capsys.readouterr().out.splitlines()
    assert any(line.startswith("WHATSAPP_API_URL=http://127.0.0.1") for line in lines) is is_listed
    assert any(line.startswith("RAZORPAY_API_URL=") for line in lines)
