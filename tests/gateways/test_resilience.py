"""A gateway is asked again only where that is safe and in time, and left alone when it is down."""

import threading
from collections.abc import Callable

import pytest

from backend.gateways.errors import (
    GatewayBusy,
    GatewayError,
    GatewayNotFound,
    GatewayRefused,
    GatewayTimeout,
    GatewayUnavailable,
)
from backend.gateways.resilience import KEYS_REFUSED, CircuitBreaker, Line, Patience

UNKNOWN = [GatewayError, GatewayTimeout]


class FakeTime:
    """A clock that moves only when somebody sleeps."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.slept: list[float] = []

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds


class FakeGateway:
    """Fails as told, in order, then answers "yes"."""

    def __init__(self, time: FakeTime, *failures: GatewayError, seconds: float = 0.0) -> None:
        self.failures = list(failures)
        self.asked = 0
        self._time, self._seconds = time, seconds

    def __call__(self) -> str:
        self.asked += 1
        self._time.now += self._seconds
        if self.failures:
            raise self.failures.pop(0)
        return "yes"


@pytest.fixture
def time() -> FakeTime:
    return FakeTime()


@pytest.fixture
def breaker(time: FakeTime) -> CircuitBreaker:
    return CircuitBreaker(failures=3, open_seconds=30, clock=time)


def line(time: FakeTime, breaker: CircuitBreaker | None = None, **patience: float) -> Line:
    return Line(
        "razorpay",
        patience=Patience(**patience),  # type: ignore[arg-type]
        breaker=breaker or CircuitBreaker(failures=99, clock=time),
        sleep=time.sleep,
        clock=time,
    )


def ask(line: Line, gateway: Callable[[], str], *, is_repeatable: bool = True) -> str:
    return line.call("fetch_payment", gateway, is_repeatable=is_repeatable)


def fail(line: Line, times: int, error: type[GatewayError] = GatewayTimeout) -> None:
    for _ in range(times):
        with pytest.raises(GatewayError):
            ask(line, FakeGateway(FakeTime(), error()), is_repeatable=False)


@pytest.mark.parametrize("error", [*UNKNOWN, GatewayUnavailable])
def test_a_repeatable_call_is_made_again_until_it_works(time: FakeTime, error: type[GatewayError]) -> None:
    gateway = FakeGateway(time, error(), error())

    assert ask(line(time), gateway) == "yes"
    assert gateway.asked == 3


def test_the_last_failure_is_the_answer_when_the_tries_are_used_up(time: FakeTime) -> None:
    gateway = FakeGateway(time, GatewayError("1"), GatewayError("2"), GatewayTimeout("3"))

    with pytest.raises(GatewayTimeout, match="3"):
        ask(line(time), gateway)

    assert gateway.asked == 3


@pytest.mark.parametrize("error", [*UNKNOWN, GatewayUnavailable])
def test_a_call_that_may_not_be_repeated_is_made_once(time: FakeTime, error: type[GatewayError]) -> None:
    gateway = FakeGateway(time, error())

    with pytest.raises(error):
        ask(line(time), gateway, is_repeatable=False)

    assert gateway.asked == 1


@pytest.mark.parametrize("error", [GatewayRefused, GatewayNotFound])
def test_a_no_is_a_no(time: FakeTime, error: type[GatewayError]) -> None:
    gateway = FakeGateway(time, error())

    with pytest.raises(error):
        ask(line(time), gateway)

    assert gateway.asked == 1


def test_the_pauses_double_up_to_the_longest_and_are_spread(time: FakeTime) -> None:
    gateway = FakeGateway(time, *[GatewayTimeout() for _ in range(7)])

    ask(line(time, attempts=8, deadline_seconds=1000), gateway)

    for slept, longest in zip(time.slept, [1, 2, 4, 8, 16, 30, 30], strict=True):
        assert longest / 2 <= slept <= longest


def test_two_callers_do_not_come_back_at_the_same_moment() -> None:
    assert len({Patience().pause_seconds(1) for _ in range(20)}) > 1


def test_no_try_starts_after_the_deadline(time: FakeTime) -> None:
    gateway = FakeGateway(time, GatewayTimeout(), GatewayTimeout(), seconds=6)

    with pytest.raises(GatewayTimeout):
        ask(line(time, deadline_seconds=12), gateway)

    assert gateway.asked == 2
    assert len(time.slept) == 1


@pytest.mark.parametrize("later", [GatewayUnavailable(), GatewayRefused(reason=KEYS_REFUSED)])
def test_an_unknown_outcome_stays_unknown_when_the_repeat_does_not_get_through(
    time: FakeTime, later: GatewayError
) -> None:
    gateway = FakeGateway(time, GatewayTimeout("was it done?"), later)

    with pytest.raises(GatewayTimeout, match="was it done"):
        ask(line(time), gateway)


def test_a_gateway_that_keeps_failing_is_left_alone(time: FakeTime, breaker: CircuitBreaker) -> None:
    fail(line(time, breaker), times=3)
    gateway = FakeGateway(time)

    with pytest.raises(GatewayUnavailable):
        ask(line(time, breaker), gateway)

    assert gateway.asked == 0
    assert time.slept == []


def test_a_call_stops_repeating_once_the_gateway_is_left_alone(
    time: FakeTime, breaker: CircuitBreaker
) -> None:
    gateway = FakeGateway(time, *[GatewayTimeout() for _ in range(9)])

    with pytest.raises(GatewayTimeout):
        ask(line(time, breaker, attempts=9, deadline_seconds=1000), gateway)

    assert gateway.asked == 3


@pytest.mark.parametrize("outcome", [None, GatewayRefused(), GatewayNotFound()])
def test_only_failures_in_a_row_count_and_a_no_is_a_sign_of_life(
    time: FakeTime, breaker: CircuitBreaker, outcome: GatewayError | None
) -> None:
    fail(line(time, breaker), times=2)
    if outcome is None:
        ask(line(time, breaker), FakeGateway(time))
    else:
        fail(line(time, breaker), times=1, error=type(outcome))
    fail(line(time, breaker), times=2)

    assert not breaker.is_open


def test_a_gateway_at_work_on_the_same_request_is_well(time: FakeTime, breaker: CircuitBreaker) -> None:
    fail(line(time, breaker), 5, GatewayBusy)

    assert not breaker.is_open


def test_after_a_while_one_call_at_a_time_probes_the_gateway(time: FakeTime, breaker: CircuitBreaker) -> None:
    fail(line(time, breaker), times=3)
    time.now += 30

    breaker.admit()

    with pytest.raises(GatewayUnavailable):
        breaker.admit()


def test_a_probe_that_works_opens_the_way_for_all(time: FakeTime, breaker: CircuitBreaker) -> None:
    fail(line(time, breaker), times=3)
    time.now += 30

    assert ask(line(time, breaker), FakeGateway(time)) == "yes"
    assert ask(line(time, breaker), FakeGateway(time)) == "yes"


def test_a_probe_that_fails_keeps_the_gateway_left_alone(time: FakeTime, breaker: CircuitBreaker) -> None:
    fail(line(time, breaker), times=3)
    time.now += 30
    fail(line(time, breaker), times=1)
    time.now += 29

    with pytest.raises(GatewayUnavailable):
        breaker.admit()


def test_a_probe_that_breaks_off_makes_way_for_the_next(time: FakeTime, breaker: CircuitBreaker) -> None:
    fail(line(time, breaker), times=3)
    time.now += 30
    with pytest.raises(ZeroDivisionError):
        line(time, breaker).call("fetch_payment", lambda: str(1 / 0), is_repeatable=True)
    time.now += 30

    assert ask(line(time, breaker), FakeGateway(time)) == "yes"


def test_calls_of_many_threads_run_side_by_side(time: FakeTime) -> None:
    together = threading.Barrier(8, timeout=5)
    shared = line(time)
    threads = [threading.Thread(target=ask, args=(shared, lambda: str(together.wait()))) for _ in range(8)]

    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert not together.broken
