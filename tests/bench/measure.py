"""Runs work for a while, on many threads and in turn with its rivals, and says how it went."""

import random
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from statistics import median, quantiles
from typing import TypeVar

T = TypeVar("T")

WARM_UP_SECONDS = 0.5
MAX_NAMED_ERRORS = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """What one stretch of work achieved."""

    rate: float
    p50_ms: float
    p99_ms: float
    errors: int = 0
    error_names: tuple[str, ...] = ()


@dataclass(slots=True)
class _Log:
    """What one thread did."""

    seconds: list[float] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)


def hammer(
    work: Callable[[str], object], customers: Sequence[str], *, threads: int, seconds: float
) -> Sample:
    """Let threads do the work over and over for customers drawn at random."""
    logs = [_Log() for _ in range(threads)]
    started = time.perf_counter()
    deadline = started + seconds
    workers = [threading.Thread(target=_work, args=(work, customers, deadline, log)) for log in logs]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    lasted = time.perf_counter() - started
    took = [second for log in logs for second in log.seconds]
    errors = [error for log in logs for error in log.errors]
    p50, p99 = percentiles(took)
    return Sample(
        rate=(len(took) - len(errors)) / lasted,
        p50_ms=p50 * 1000,
        p99_ms=p99 * 1000,
        errors=len(errors),
        error_names=tuple(sorted(set(errors))[:MAX_NAMED_ERRORS]),
    )


def _work(work: Callable[[str], object], customers: Sequence[str], deadline: float, log: _Log) -> None:
    choose = random.Random().choice
    while (began := time.perf_counter()) < deadline:
        try:
            work(choose(customers))
        except Exception as error:  # noqa: BLE001 - a failure is a result too, and is reported.
            log.errors.append(type(error).__name__)
        log.seconds.append(time.perf_counter() - began)


def percentiles(values: Sequence[float]) -> tuple[float, float]:
    """Give the median and the 99th percentile."""
    if len(values) < 2:
        return (values[0], values[0]) if values else (0.0, 0.0)
    return median(values), quantiles(values, n=100, method="inclusive")[98]


def interleave(contestants: Mapping[str, Callable[[], T]], *, repeats: int) -> dict[str, list[T]]:
    """Let all run in turn, again and again, so that the machine's moods hit all of them."""
    results: dict[str, list[T]] = {name: [] for name in contestants}
    for _ in range(repeats):
        for name, run in contestants.items():
            results[name].append(run())
    return results


def resident_mb(pid: int | str = "self") -> float:
    """Tell how much memory a process has in RAM."""
    return _status_kb(pid, "VmRSS") / 1024


def peak_mb(pid: int | str = "self") -> float:
    """Tell how much memory a process has had in RAM at most."""
    return _status_kb(pid, "VmHWM") / 1024


def _status_kb(pid: int | str, name: str) -> int:
    with open(f"/proc/{pid}/status", encoding="ascii") as lines:  # noqa: PTH123 - /proc, not a file.
        return next(int(line.split()[1]) for line in lines if line.startswith(f"{name}:"))
