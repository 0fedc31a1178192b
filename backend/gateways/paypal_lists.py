"""What PayPal lists of a time, out of its Transaction Search; one page a call."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any, TypeVar
from urllib.parse import urlencode

from backend.gateways.errors import GatewayError, GatewayRefused
from backend.gateways.listing import Page, SettledRow, Window
from backend.gateways.paypal_api import PayPalApi
from backend.gateways.paypal_json import GATEWAY, Resource, Unreadable, part, parts, path_id, text
from backend.gateways.paypal_transactions import is_payment, is_refund, payment_in, refund_in
from backend.gateways.port import GatewayPayment, GatewayRefund
from backend.gateways.resilience import Line

ORDERS = "v2/checkout/orders"
TRANSACTIONS = "v1/reporting/transactions"
PAGE_SIZE = 100
LONGEST_SEARCH = timedelta(days=31)
SHORTEST_SEARCH = timedelta(seconds=1)
TOO_MANY = "Resultset too large"  # More than 10 000 in one search.

Value = TypeVar("Value")


@dataclass(frozen=True, slots=True)
class _Search:
    """One search within a time, and the page of it that is wanted."""

    since: datetime
    length: timedelta
    page: int

    @classmethod
    def read(cls, cursor: str) -> "_Search":
        since, seconds, page = cursor.split("/")
        return cls(datetime.fromisoformat(since), timedelta(seconds=int(seconds)), int(page))

    def written(self) -> str:
        return f"{self.since.isoformat()}/{int(self.length.total_seconds())}/{self.page}"

    def until(self, window: Window) -> datetime:
        return min(self.since + self.length, window.until)

    def halved(self) -> "_Search":
        return _Search(self.since, timedelta(seconds=self.length // timedelta(seconds=2)), 1)

    def next(self, window: Window, pages: int) -> str | None:
        if self.page < pages:
            return _Search(self.since, self.length, self.page + 1).written()
        until = self.until(window)
        length = min(2 * self.length, LONGEST_SEARCH)
        return _Search(until, length, 1).written() if until < window.until else None


class PayPalLists:
    """The part of PayPal's adapter that lists; the whole adapter brings the API and the line."""

    _api: PayPalApi
    _line: Line

    def list_payments(self, window: Window, cursor: str | None = None) -> Page[GatewayPayment]:
        """Give a page of the payments that were begun in a time; PayPal lists them up to three hours late."""
        return self._page(window, cursor, is_payment, payment_in)

    def list_refunds(self, window: Window, cursor: str | None = None) -> Page[GatewayRefund]:
        """Give a page of the refunds that were made in a time."""
        return self._page(window, cursor, is_refund, refund_in)

    def list_settled(self, window: Window, cursor: str | None = None) -> Page[SettledRow]:
        """Give nothing: money is on the PayPal account at once, less the fee that each payment tells."""
        return Page(())

    def receipt_of(self, order_id: str) -> str | None:
        """Give the receipt that we have put on an order."""
        units = parts(self._order(order_id), "purchase_units")
        return next((text(unit, "invoice_id") for unit in units), None)

    def _page(
        self,
        window: Window,
        cursor: str | None,
        is_wanted: Callable[[Resource], bool],
        read: Callable[[Resource], Value],
    ) -> Page[Value]:
        search = _Search.read(cursor) if cursor else _Search(window.since, LONGEST_SEARCH, 1)
        search, answer = self._searched(search, window)
        pages = answer.get("total_pages")
        if not isinstance(pages, int):
            raise GatewayError(gateway=GATEWAY, reason="unreadable: total_pages")
        found = [part(one, "transaction_info") for one in parts(answer, "transaction_details")]
        items = read_as(lambda: tuple(read(one) for one in found if is_wanted(one)))
        return Page(items, search.next(window, pages))

    def _searched(self, search: _Search, window: Window) -> tuple[_Search, Resource]:
        """Search, in shorter and shorter times as long as there is too much to be listed at once."""
        while True:
            query = {
                "start_date": _written(search.since),
                "end_date": _written(search.until(window) - timedelta(seconds=1)),
                "fields": "transaction_info",
                "page_size": PAGE_SIZE,
                "page": search.page,
            }
            try:
                return search, self._get("list", f"{TRANSACTIONS}?{urlencode(query)}")
            except GatewayRefused as refusal:
                if refusal.details.get("reason") != TOO_MANY or search.length < 2 * SHORTEST_SEARCH:
                    raise
                search = search.halved()

    def _order(self, order_id: str) -> Resource:
        return self._get("payments_of", f"{ORDERS}/{path_id(order_id)}")

    def _get(self, what: str, path: str) -> Resource:
        return self._call(what, lambda: self._api.get(path), is_repeatable=True)

    def _post(self, what: str, path: str, body: Mapping[str, Any], *, request_id: str) -> Resource:
        """Post with a key that lets PayPal see a repetition, which is why repeating is safe."""
        headers = {"PayPal-Request-Id": request_id, "Prefer": "return=representation"}
        post = partial(self._api.post, path, body, headers=headers)
        return self._call(what, post, is_repeatable=True)

    def _call(self, what: str, send: Callable[[], Resource], *, is_repeatable: bool) -> Resource:
        return self._line.call(what, send, is_repeatable=is_repeatable)


def read_as(read: Callable[[], Value]) -> Value:
    """Read an answer; one that makes no sense leaves open what happened."""
    try:
        return read()
    except Unreadable as error:
        raise GatewayError(gateway=GATEWAY, reason=f"unreadable: {error}") from error


def _written(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
