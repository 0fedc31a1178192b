"""A gateway in a process of its own that costs next to nothing and takes exactly as long as it is told to."""

import asyncio
import json
import subprocess
import sys
from functools import partial
from pathlib import Path
from typing import Any, Self

from tests.bench.measure import percentiles

ROOT = Path(__file__).parents[2]
STOP_SECONDS = 10
MARK = "~copy~"  # Stands in a template for what is different in each copy.
MS_DIGITS, NAME_LENGTH = 3, 14


def name_copy(number: int, *, gateway_ms: int) -> str:
    """Name a copy, in as many characters as Razorpay's own ids have."""
    return f"{gateway_ms:0{MS_DIGITS}d}x{number:0{NAME_LENGTH - MS_DIGITS - 1}d}"


class GatewayStandIn:
    """Razorpay as far as reading a payment goes.

    `payment` is the answer, with MARK where a copy's own name belongs. A payment's id is `pay_` and the name
    of a copy; the name begins with the milliseconds that the answer takes.
    """

    def __init__(self, payment: str) -> None:
        self._payment = payment
        self.port = self.asked = 0
        self.late_ms = (0.0, 0.0)

    def __enter__(self) -> Self:
        command = [sys.executable, "-m", "tests.bench.gateway_stand_in", self._payment]
        pipes: dict[str, Any] = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
        # In a session of its own, so that Ctrl-C does not end it before its last words.
        self._process = subprocess.Popen(command, cwd=ROOT, start_new_session=True, **pipes)
        self.port = int(self._process.stdout.readline() if self._process.stdout else 0)
        return self

    def __exit__(self, *_error: object) -> None:
        """End it, and learn how often it was asked and how late it answered, median and p99."""
        output, _ = self._process.communicate(timeout=STOP_SECONDS)
        self.asked, *late_ms = json.loads(output)
        self.late_ms = (late_ms[0], late_ms[1])


class _Line(asyncio.Protocol):
    """One connection to the stand-in."""

    def __init__(self, payment: bytes, late: list[float]) -> None:
        self._payment = payment
        self._late = late
        self._unread = b""

    def connection_made(self, transport: Any) -> None:
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._unread += data
        if not self._unread.endswith(b"\r\n\r\n"):
            return
        path, self._unread = self._unread.split(b" ", 2)[1], b""
        name = path.partition(b"/pay_")[2][:NAME_LENGTH]
        loop, seconds = asyncio.get_running_loop(), int(name[:MS_DIGITS]) / 1000
        loop.call_later(seconds, self._answer, name, loop.time() + seconds)

    def _answer(self, name: bytes, due: float) -> None:
        body = self._payment.replace(MARK.encode(), name)
        head = f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        self._transport.write(head.encode() + body)
        self._late.append(asyncio.get_running_loop().time() - due)


async def _stand_in(payment: str) -> None:
    """Tell the port, serve until whoever started it lets go, and tell how it went."""
    late: list[float] = []
    line = partial(_Line, payment.encode(), late)
    server = await asyncio.get_running_loop().create_server(line, "127.0.0.1", 0, backlog=1024)
    print(server.sockets[0].getsockname()[1], flush=True)
    await asyncio.to_thread(sys.stdin.read)
    print(json.dumps([len(late), *(second * 1000 for second in percentiles(late))]))


if __name__ == "__main__":
    asyncio.run(_stand_in(sys.argv[1]))
