"""Razorpay's adapter keeps the contract of all gateways."""

from tests.gateways.contract import GatewayContract
from tests.gateways.contract_charges import ChargesContract
from tests.gateways.razorpay_hooks import RazorpayHooks


class TestRazorpayGateway(RazorpayHooks, GatewayContract, ChargesContract):
    """Everything is inherited."""
