"""Stand-ins for PayPal: one that answers as it is told, and one that signs messages."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from backend.gateways.paypal_webhooks import PayPalWebhooks
from tests.gateways.local_servers import LocalServer
from tests.gateways.paypal_signer import ROOT, Signer, verifier
from tests.gateways.paypal_stand_in import PayPal


@pytest.fixture
def paypal() -> Iterator[PayPal]:
    with PayPal() as paypal:
        yield paypal


@pytest.fixture
def signer() -> Iterator[Signer]:
    with LocalServer() as server:
        yield Signer(server)


@pytest.fixture
def ca_file(tmp_path: Path) -> str:
    """The file with the root that the tests' certificates lead to."""
    return ROOT.write(tmp_path / "ca.pem")


@pytest.fixture
def webhooks(signer: Signer, ca_file: str) -> PayPalWebhooks:
    """Our verifier, trusting that root and that signer's address."""
    return verifier(signer.server.url, ca_file)
