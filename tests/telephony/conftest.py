"""The exchange under test, whose reports wait until the test wants to hear them."""

from collections.abc import Iterator

import pytest

from tests.gateways.controls import Controls
from tests.gateways.local_servers import LocalServer
from tests.telephony.sandbox_exchange import SandboxExchange


@pytest.fixture
def exchange(sandbox: Controls) -> Iterator[SandboxExchange]:
    with LocalServer() as shop:
        sandbox.post("webhooks/settings", mode="hold")
        yield SandboxExchange(sandbox, shop)
