"""The sandbox runs as a process of its own, but never in production."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import requests
from cryptography import x509

from backend.sandbox.__main__ import main
from tests.sandbox.conftest import until

COMMAND = (sys.executable, "-m", "backend.sandbox")


def test_it_serves_until_it_is_told_to_stop(tmp_path: Path) -> None:
    ca_file, port = tmp_path / "new" / "ca.pem", "0"
    arguments = ("--port", port, "--webhooks", "http://127.0.0.1:9/webhooks", "--ca-file", str(ca_file))
    with subprocess.Popen((*COMMAND, *arguments), stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr
        url = process.stderr.readline().split()[-1]
        page = requests.get(url, timeout=5)
        until(ca_file.exists)
        process.send_signal(signal.SIGTERM)

        assert (page.status_code, process.wait(10)) == (200, 0)
    root = x509.load_pem_x509_certificate(ca_file.read_bytes())
    assert "Sandbox" in root.subject.rfc4514_string()


def test_it_refuses_to_run_in_production() -> None:
    environment = os.environ | {"BATUA_ENV": "production"}

    process = subprocess.run(COMMAND, env=environment, capture_output=True, text=True, timeout=30)

    assert process.returncode != 0
    assert "BATUA_ENV=production" in process.stderr


@pytest.mark.parametrize("name", ["production", " Production "])
def test_production_is_known_however_it_is_written(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setenv("BATUA_ENV", name)

    assert main([]) == 2
