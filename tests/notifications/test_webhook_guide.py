"""What the guide tells receivers to do accepts our messages and no others."""

import json
import re
import shutil
import subprocess
import time
from collections.abc import Callable
from typing import Any

import pytest

from backend.notifications.webhook_signatures import new_secret, signed_headers
from tests.unit.source import ROOT

GUIDE = (ROOT / "docs" / "webhooks.md").read_text()
BODY = b'{"type": "ping"}'
Accepts = Callable[[str, dict[str, str], bytes], bool]
NODE = """
%s
const { secret, headers, body } = JSON.parse(require("node:fs").readFileSync(0));
verify(secret, headers, Buffer.from(body));
"""


def snippet(language: str) -> str:
    """Take the code of a language out of the guide."""
    [code] = re.findall(rf"```{language}\n(.*?)```", GUIDE, re.DOTALL)
    return str(code)


def by_python(secret: str, headers: dict[str, str], body: bytes) -> bool:
    names: dict[str, Any] = {}
    exec(snippet("python"), names)  # It is our own guide.
    try:
        names["verify"](secret, headers, body)
    except ValueError:
        return False
    return True


def by_node(secret: str, headers: dict[str, str], body: bytes) -> bool:
    asked = json.dumps({"secret": secret, "headers": headers, "body": body.decode()})
    ended = subprocess.run(
        ["node", "-e", NODE % snippet("js")], input=asked, text=True, capture_output=True, timeout=60
    )
    assert ended.returncode == 0 or "too old" in ended.stderr or "not from Batua" in ended.stderr
    return ended.returncode == 0


@pytest.mark.parametrize(
    "accepts",
    [by_python, pytest.param(by_node, marks=pytest.mark.skipif(not shutil.which("node"), reason="no Node"))],
)
def test_the_guide_accepts_our_messages_and_no_others(accepts: Accepts) -> None:
    new, old, now = new_secret(), new_secret(), int(time.time())
    good = signed_headers("evt_1", BODY, signing_secrets=[new, old], timestamp=now)
    late = signed_headers("evt_1", BODY, signing_secrets=[new], timestamp=now - 600)

    assert accepts(new, good, BODY)
    assert accepts(old, good, BODY)
    assert not accepts(new_secret(), good, BODY)
    assert not accepts(new, good, BODY + b" ")
    assert not accepts(new, good | {"webhook-id": "evt_2"}, BODY)
    assert not accepts(new, late, BODY)
