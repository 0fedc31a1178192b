"""The gateways that this installation has an account with."""

from collections.abc import Iterable, Iterator

from backend.errors import InvalidPaymentMethod
from backend.gateways.errors import NotConfigured
from backend.gateways.port import PaymentGateway

KNOWN = frozenset({"razorpay", "paypal"})


class Gateways:
    """Finds gateways by name."""

    def __init__(self, gateways: Iterable[PaymentGateway]) -> None:
        self._by_name = {gateway.name: gateway for gateway in gateways}

    def __iter__(self) -> Iterator[PaymentGateway]:
        """Go through those that are configured."""
        return iter(self._by_name.values())

    def is_configured(self, name: str) -> bool:
        """Tell whether there is an account with that gateway."""
        return name in self._by_name

    def get(self, name: str) -> PaymentGateway:
        """Find a gateway that is configured."""
        if name in self._by_name:
            return self._by_name[name]
        if name in KNOWN:
            raise NotConfigured(gateway=name)
        raise InvalidPaymentMethod("There is no such payment gateway.")
