"""What the background engine does and how often; to add a job is to add a line to the table."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta

from backend.services import Services

GoOn = Callable[[], bool]  # False as soon as a job should come to an end: it goes on another time.


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """Something that is done over and over.

    `run` tells how much it did. It is asked to end when its budget is over, or the worker stops. One that
    runs longer than its interval is joined by others, up to `most_at_once` in each process.
    """

    interval: timedelta
    run: Callable[[Services, GoOn], int]
    budget: timedelta = timedelta(seconds=30)
    most_at_once: int = 1


def drain(step: Callable[[Services], int]) -> Callable[[Services, GoOn], int]:
    """Repeat a step that does one thing, until there is nothing left to do."""

    def run(services: Services, go_on: GoOn) -> int:
        done = 0
        while go_on() and (count := step(services)):
            done += count
        return done

    return run


def dispatch_events(services: Services, go_on: GoOn) -> int:
    """Tell all events that wait, and show how many do."""
    services.outbox.backlog()
    return drain(lambda services: services.outbox.dispatch())(services, go_on)


def deliver_message(services: Services) -> int:
    """Send the message to a customer that has waited longest."""
    return services.messages.deliver()


def deliver_webhook(services: Services) -> int:
    """Tell the endpoint of the shop's own that has waited longest."""
    return services.merchant_webhooks.deliver()


def sweep(services: Services, go_on: GoOn) -> int:
    """Ask about all payments, refunds, messages and holds that have not ended by themselves."""
    return services.payments.reconcile_payments(go_on=go_on).checked


def reconcile(services: Services, go_on: GoOn) -> int:
    """Hold gateways, bank and books against each other, once in the interval that is set."""
    report = services.reconciliation.run_due(go_on=go_on)
    return report["checked"] if report else 0


def recharge(services: Services, go_on: GoOn) -> int:
    """Fill the wallets that run low, of those who want it."""
    return services.auto_recharge.run_due(go_on=go_on)


JOBS: Mapping[str, Job] = {
    # One at a time in a process: so whoever kills a process doubles one delivery at the most.
    "dispatch_events": Job(interval=timedelta(seconds=2), run=dispatch_events),
    # Several at once: whoever is slow must not keep the others waiting.
    "deliver_messages": Job(interval=timedelta(seconds=2), run=drain(deliver_message), most_at_once=4),
    "deliver_webhooks": Job(interval=timedelta(seconds=2), run=drain(deliver_webhook), most_at_once=4),
    "recharge": Job(interval=timedelta(seconds=15), run=recharge, budget=timedelta(minutes=2)),
    "sweep": Job(interval=timedelta(minutes=5), run=sweep, budget=timedelta(minutes=15)),
    "reconcile": Job(interval=timedelta(minutes=5), run=reconcile, budget=timedelta(hours=1)),
}
