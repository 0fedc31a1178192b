"""What Razorpay lists of a time: payments, refunds, and what it has settled; one page a call."""

import re
from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta, timezone
from functools import partial
from typing import Any, TypeVar

from backend.gateways import razorpay_reading as reading
from backend.gateways.errors import GatewayError, GatewayNotFound
from backend.gateways.listing import Page, SettledRow, Window
from backend.gateways.port import GatewayPayment, GatewayRefund
from backend.gateways.resilience import Line

PAGE = 100
REPORT_PAGE = 1000
INDIA = timezone(timedelta(hours=5, minutes=30))  # Razorpay settles by India's calendar.

T = TypeVar("T")
ID = re.compile(r"[A-Za-z0-9_-]{1,64}", re.ASCII)
Listing = Callable[..., Any]


class RazorpayLists:
    """The part of Razorpay's adapter that lists; the whole adapter brings the client and the line."""

    _client: Any
    _line: Line

    def list_payments(self, window: Window, cursor: str | None = None) -> Page[GatewayPayment]:
        """Give a page of the payments that were begun in a time."""
        return self._page("list_payments", self._client.payment.all, window, cursor, reading.payment)

    def list_refunds(self, window: Window, cursor: str | None = None) -> Page[GatewayRefund]:
        """Give a page of the refunds that were made in a time."""
        return self._page("list_refunds", self._client.refund.all, window, cursor, reading.refund)

    def list_settled(self, window: Window, cursor: str | None = None) -> Page[SettledRow]:
        """Give a page of what was settled on the days of a time; a cursor is a day and what to skip."""
        day_text, _, skip_text = (cursor or f"{_day_of(window.since)}/0").partition("/")
        day, skip = date.fromisoformat(day_text), int(skip_text)
        asked = {"year": day.year, "month": day.month, "day": day.day, "count": REPORT_PAGE, "skip": skip}
        fetch = partial(self._client.settlement.report, asked)
        rows = self._call("list_settled", fetch, partial(reading.each, _settled_row), is_repeatable=True)
        following = f"{day}/{skip + REPORT_PAGE}" if len(rows) == REPORT_PAGE else _day_after(day, window)
        return Page(tuple(row for row in rows if row is not None), following)

    def receipt_of(self, order_id: str) -> str | None:
        """Give the receipt that we have put on an order."""
        fetch = partial(self._client.order.fetch, checked(order_id))
        read = partial(reading.text_or_none, name="receipt")
        return self._call("receipt_of", fetch, read, is_repeatable=True)

    def _page(
        self, what: str, listing: Listing, window: Window, cursor: str | None, read: Callable[..., T]
    ) -> Page[T]:
        """Give a page of a list whose members never change: those begun in a time that is over."""
        skip = int(cursor or 0)
        asked = {"from": _seconds(window.since), "to": _seconds(window.last), "count": PAGE, "skip": skip}
        items = self._call(what, partial(listing, asked), partial(reading.each, read), is_repeatable=True)
        return Page(tuple(items), str(skip + PAGE) if len(items) == PAGE else None)

    def _call(
        self,
        what: str,
        send: Callable[..., Any],
        read: Callable[[reading.Entity], T],
        *,
        is_repeatable: bool,
    ) -> T:
        """Make a call; only a read or one with a key is repeatable. What cannot be read leaves all open."""

        def once() -> T:
            try:
                return read(send(timeout=self._line.patience.timeout))
            except reading.Unreadable as error:
                raise GatewayError(gateway=reading.NAME) from error

        return self._line.call(what, once, is_repeatable=is_repeatable)


def checked(gateway_id: str) -> str:
    """Give an id that may stand in an address; Razorpay knows no other."""
    if not ID.fullmatch(gateway_id):
        raise GatewayNotFound(gateway=reading.NAME)
    return gateway_id


def _settled_row(entity: reading.Entity) -> SettledRow | None:
    """Read a row of the settlement report; one that is not settled yet is none."""
    settlement_id = reading.text_or_none(entity, "settlement_id")
    if settlement_id is None or entity.get("settled") is False:
        return None
    return SettledRow(
        gateway=reading.NAME,
        entity_id=reading.text(entity, "entity_id"),
        kind=reading.text(entity, "type"),
        amount_minor=reading.whole(entity, "amount"),
        credit_minor=reading.whole_or_none(entity, "credit") or 0,
        debit_minor=reading.whole_or_none(entity, "debit") or 0,
        fee_minor=reading.whole_or_none(entity, "fee") or 0,
        tax_minor=reading.whole_or_none(entity, "tax") or 0,
        currency=reading.text_or_none(entity, "currency") or "INR",
        settlement_id=settlement_id,
        reference=reading.text_or_none(entity, "settlement_utr"),
        settled_at=reading.moment(entity, "settled_at"),
        gateway_payment_id=reading.text_or_none(entity, "payment_id"),
        order_id=reading.text_or_none(entity, "order_id"),
        receipt=reading.text_or_none(entity, "order_receipt"),
    )


def _seconds(moment: datetime) -> int:
    return int(moment.timestamp())


def _day_of(moment: datetime) -> date:
    return moment.astimezone(INDIA).date()


def _day_after(day: date, window: Window) -> str | None:
    following = datetime.combine(day + timedelta(days=1), time(), INDIA).astimezone(UTC)
    return f"{_day_of(following)}/0" if following < window.until else None
