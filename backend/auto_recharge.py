"""Fills wallets that run low from what their owners have saved: `AutoRecharge`."""

import logging
from collections.abc import Callable, Iterator
from functools import partial

from pymongo.database import Database

from backend.attempts import foreseen
from backend.auto_recharge_store import AutoRechargeStore
from backend.auto_recharge_values import OUTCOMES, OffReason, Outcome, Pace, Pending, Recharge, Rule
from backend.db import Document
from backend.errors import AppError, Invalid, InvalidAmount, InvalidPaymentMethod, SavedMethodNotFound
from backend.gateways.errors import GatewayRefused
from backend.integration_log import Happening, IntegrationLog, LogKind, LogStatus
from backend.payment_values import GIVEN_UP, Payment, PaymentStatus
from backend.saved_method_service import SavedMethods
from backend.topup_service import TopUpRange
from backend.unattended_charges import NotSent, Prepared, UnattendedCharges, is_verdict
from backend.user_service import UserService
from backend.wallet_service import WalletService

log = logging.getLogger(__name__)

AT_ONCE = 100  # Of each kind, in one run; the next run goes on.


class AutoRecharge:
    """Looks at the wallets again and again; whatever happened in between, it goes on from what is stored."""

    def __init__(
        self,
        database: Database[Document],
        *,
        users: UserService,
        wallets: WalletService,
        saved: SavedMethods,
        charges: UnattendedCharges,
        trail: IntegrationLog,
        allowed: TopUpRange,
        pace: Pace,
        currency: str,
    ) -> None:
        self._store = AutoRechargeStore(database)
        self._users = users
        self._wallets = wallets
        self._saved = saved
        self._charges = charges
        self._trail = trail
        self._allowed = allowed
        self._pace = pace
        self._currency = currency

    def find(self, customer_id: str) -> Recharge | None:
        """Show a customer's auto-recharge, if it was ever set up."""
        return self._store.find(customer_id)

    def page(self, *, limit: int, skip: int) -> tuple[list[Recharge], int]:
        """List everybody's, the newest changed first, and say how many there are."""
        return self._store.page(limit=limit, skip=skip)

    def configure(self, customer_id: str, rule: Rule) -> None:
        """Store what a customer wants, once it can be done."""
        self._allowed.check(rule.amount_minor, self._currency)
        if rule.threshold_minor > self._allowed.max_amount_minor:
            raise InvalidAmount("The threshold is more than one top-up may be.")
        if not rule.amount_minor <= rule.daily_cap_minor <= rule.monthly_cap_minor:
            raise InvalidAmount("The caps must leave room: amount, then day, then month.")
        self._saved.get(customer_id, rule.saved_method_id)
        if rule.is_on:
            self._saved.check_chargeable(customer_id, rule.saved_method_id)
            if self._users.get(customer_id).phone is None:
                raise Invalid("A phone number is needed, because banks announce such charges there.")
        self._store.put(customer_id, rule)

    def switch_off(self, customer_id: str) -> None:
        """Charge nothing from now on; what was sent to the gateway before may still come."""
        self._store.switch_off(customer_id, OffReason.CUSTOMER)

    def run_due(self, *, go_on: Callable[[], bool] = lambda: True) -> int:
        """Go on with what is under way, fill what is low, and tell how many wallets were filled."""
        return sum(outcome is Outcome.PAID for outcome in self._outcomes(go_on))

    def charge(self, customer_id: str) -> Outcome | None:
        """Fill one wallet, if it may be filled now; no outcome means that there is none yet."""
        pending = self._store.claim(customer_id)
        return self._begin(pending) if pending else None

    def _outcomes(self, go_on: Callable[[], bool]) -> Iterator[Outcome | None]:
        """Take one step for each; what fails waits for the next run, and the others do not wait for it."""
        for pending in self._store.under_way(limit=AT_ONCE):
            if go_on():
                yield self._attempt(pending.customer_id, partial(self._go_on, pending))
        for customer_id in self._store.low(limit=AT_ONCE):
            if go_on():
                yield self._attempt(customer_id, partial(self.charge, customer_id))

    def _attempt(self, customer_id: str, step: Callable[[], Outcome | None]) -> Outcome | None:
        try:
            return foreseen(step)
        except AppError as error:
            log.warning(
                "an auto-recharge waits for the next run",
                extra={"customer_id": customer_id, "code": error.code},
            )
            return None

    def _go_on(self, pending: Pending) -> Outcome | None:
        """Ask about a charge that may have been sent; begin again one that was not."""
        if not self._store.look(pending):
            return None
        if pending.charged_at is None:
            return self._begin(pending)
        return self._settled(pending, self._charges.ask(pending.payment_id))

    def _begin(self, pending: Pending) -> Outcome | None:
        """Open the top-up and charge it, if the wallet is still low and its owner still wants it."""
        if not self._is_wanted(pending):
            self._give_back(pending)
            return None
        try:
            prepared = self._charges.prepare(pending)
        except SavedMethodNotFound:
            self._store.switch_off(
                pending.customer_id, OffReason.METHOD_DELETED, saved_method_id=pending.saved_method_id
            )
            self._give_back(pending)
            return None
        except (GatewayRefused, InvalidPaymentMethod) as refusal:
            return self._not_opened(pending, refusal)
        if prepared.payment.status is not PaymentStatus.INITIATED:
            return self._ended_unsent(pending, prepared.payment)
        return self._send(pending, prepared)

    def _send(self, pending: Pending, prepared: Prepared) -> Outcome | None:
        """Charge once: what is noted before is not sent again, even if this process dies now."""
        if not self._store.begin_charge(pending):
            self._give_back(pending)
            return None
        try:
            return self._settled(pending, self._charges.send(prepared))
        except NotSent:
            self._store.not_sent(pending)
            return None

    def _is_wanted(self, pending: Pending) -> bool:
        """Look at the wallet after the claim: somebody may have filled it in the meantime."""
        found = self._store.find(pending.customer_id)
        wallet = self._wallets.get_wallet(pending.customer_id)
        return found is not None and found.rule.is_on and wallet.available_minor < found.rule.threshold_minor

    def _give_back(self, pending: Pending) -> None:
        """Let go of a claim; if somebody else is charging it already, it is theirs."""
        if self._store.release(pending):
            self._charges.call_off(pending.payment_id)

    def _not_opened(self, pending: Pending, refusal: AppError) -> Outcome | None:
        """Count a top-up that a gateway will not open as declined, but not if it is our keys it refuses."""
        if isinstance(refusal, GatewayRefused) and not is_verdict(refusal):
            raise refusal
        self._charges.fail(pending.payment_id, refusal)
        return self._ended(pending, Outcome.DECLINED, refusal.code)

    def _ended_unsent(self, pending: Pending, payment: Payment) -> Outcome | None:
        """End a charge whose payment has ended before it was sent; no bank has declined anything."""
        if payment.status in GIVEN_UP:
            return self._ended(pending, Outcome.CALLED_OFF, None)
        return self._settled(pending, payment)

    def _settled(self, pending: Pending, payment: Payment) -> Outcome | None:
        """End the charge as its payment has ended; while that is open, the charge is too."""
        outcome = OUTCOMES.get(payment.status)
        code = (payment.error or {}).get("code")
        return self._ended(pending, outcome, code) if outcome else None

    def _ended(self, pending: Pending, outcome: Outcome, code: str | None) -> Outcome | None:
        if not self._store.settle(pending, outcome, self._pace):
            return None
        log.info("an auto-recharge has ended", extra={"outcome": outcome.value, "code": code})
        if outcome is Outcome.DECLINED:
            self._trail.note(self._declined(pending, code))
        return outcome

    def _declined(self, pending: Pending, code: str | None) -> Happening:
        return Happening(
            kind=LogKind.TOPUP,
            status=LogStatus.FAILED,
            customer_id=pending.customer_id,
            amount_minor=pending.amount_minor,
            currency=self._currency,
            payment_id=pending.payment_id,
            error=code,
        )
