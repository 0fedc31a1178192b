"""Disputes, settlements and QR codes happen when a control says so."""

import datetime

import pytest
import razorpay

from tests.sandbox.conftest import Controls

INDIA = datetime.timezone(datetime.timedelta(hours=5, minutes=30))


@pytest.fixture
def payment_id(razorpay_client: razorpay.Client, controls: Controls) -> str:
    order = razorpay_client.order.create({"amount": 10000, "currency": "INR", "receipt": "r-1"})
    return str(controls.post("razorpay/pay", order_id=order["id"], method="card")["razorpay_payment_id"])


@pytest.mark.parametrize(("end", "taken"), [("won", 0), ("lost", 4000), ("closed", 0)])
def test_a_dispute_opens_and_ends(
    razorpay_client: razorpay.Client, controls: Controls, payment_id: str, end: str, taken: int
) -> None:
    dispute = controls.post(f"razorpay/payments/{payment_id}/dispute", amount=4000, reason_code="fraud")
    controls.post(f"razorpay/payments/{payment_id}/dispute-close", status="under_review")
    closed = controls.post(f"razorpay/payments/{payment_id}/dispute-close", status=end)

    happened = [f"payment.dispute.{status}" for status in ("created", "under_review", end)]
    assert (dispute["status"], dispute["amount"], dispute["payment_id"]) == ("open", 4000, payment_id)
    assert (closed["status"], closed["amount_deducted"]) == (end, taken)
    assert controls.events()[-3:] == happened
    assert razorpay_client.dispute.fetch(dispute["id"])["status"] == end


def test_a_settlement_holds_what_was_not_settled_before(
    razorpay_client: razorpay.Client, controls: Controls, payment_id: str
) -> None:
    refund = razorpay_client.payment.refund(payment_id, {"amount": 1000})
    settlement = controls.post("razorpay/settle")
    empty = controls.post("razorpay/settle")

    payment = razorpay_client.payment.fetch(payment_id)
    assert settlement["amount"] == 10000 - payment["fee"] - refund["amount"]
    assert (empty["amount"], controls.events()[-1]) == (0, "settlement.processed")
    assert razorpay_client.settlement.fetch(settlement["id"])["utr"] == settlement["utr"]


def test_the_report_lists_a_days_payments_and_refunds(
    razorpay_client: razorpay.Client, controls: Controls, payment_id: str
) -> None:
    razorpay_client.payment.refund(payment_id, {"amount": 1000})
    settlement = controls.post("razorpay/settle")
    today = datetime.datetime.now(INDIA)

    day = {"year": today.year, "month": today.month, "day": today.day}
    payment, refund = razorpay_client.settlement.report(day)["items"]

    assert (payment["entity_id"], payment["type"], payment["order_receipt"]) == (payment_id, "payment", "r-1")
    assert (refund["type"], refund["debit"], refund["payment_id"]) == ("refund", 1000, payment_id)
    assert payment["settlement_utr"] == settlement["utr"]
    assert razorpay_client.settlement.report(day | {"year": 2001})["count"] == 0


def test_a_qr_code_is_paid_once(razorpay_client: razorpay.Client, controls: Controls) -> None:
    wish = {"type": "upi_qr", "usage": "single_use", "fixed_amount": True, "payment_amount": 4500}
    code = razorpay_client.qrcode.create(wish)
    payment = controls.post(f"razorpay/qr_codes/{code['id']}/pay")

    assert "am=45.00" in code["image_content"]
    assert (payment["status"], payment["amount"], payment["order_id"]) == ("captured", 4500, None)
    assert razorpay_client.qrcode.fetch(code["id"])["close_reason"] == "paid"
    assert controls.events()[-2:] == ["qr_code.credited", "qr_code.closed"]


def test_the_shop_accepts_or_contests_a_dispute(
    razorpay_client: razorpay.Client, controls: Controls, payment_id: str
) -> None:
    first = controls.post(f"razorpay/payments/{payment_id}/dispute")
    contested = razorpay_client.dispute.contest(first["id"], {"action": "submit", "summary": "Delivered"})
    second = controls.post(f"razorpay/payments/{payment_id}/dispute", amount=100)
    accepted = razorpay_client.dispute.accept(second["id"])

    assert (contested["status"], contested["evidence"]) == ("under_review", {"summary": "Delivered"})
    assert (accepted["status"], accepted["amount_deducted"]) == ("lost", 100)
    assert razorpay_client.dispute.all()["count"] == 2
    with pytest.raises(razorpay.errors.BadRequestError, match="not open"):
        razorpay_client.dispute.accept(second["id"])


def test_a_dispute_needs_money_and_ends_once(controls: Controls, payment_id: str) -> None:
    address = f"razorpay/payments/{payment_id}/dispute-close"
    missing = controls.post(address, expect=404, status="won")
    controls.post(f"razorpay/payments/{payment_id}/dispute")
    controls.post(address, status="won")

    assert missing["error"] == "the payment has no dispute"
    assert controls.post(address, expect=409, status="lost")["error"] == "the dispute is won"


def test_a_closed_qr_code_takes_no_money(razorpay_client: razorpay.Client, controls: Controls) -> None:
    code = razorpay_client.qrcode.create({"type": "upi_qr", "usage": "multiple_use"})
    controls.post(f"razorpay/qr_codes/{code['id']}/pay", amount=700)
    paid = razorpay_client.qrcode.fetch_all_payments(code["id"])
    closed = razorpay_client.qrcode.close(code["id"])

    assert [payment["amount"] for payment in paid["items"]] == [700]
    assert closed["payments_amount_received"] == 700
    assert controls.post(f"razorpay/qr_codes/{code['id']}/pay", expect=409, amount=700)["error"]
    with pytest.raises(razorpay.errors.BadRequestError, match="already closed"):
        razorpay_client.qrcode.close(code["id"])
