"""What admins see of the gateways' messages, and how they have one applied again."""

from typing import Any

from pymongo.database import Database

from tests.api.answers import refusal
from tests.api.gateway_events import bent, captured, exceptions, latest, mended, raw, signed, standing, states
from tests.shop import Shop

Document = dict[str, Any]
EVENTS = "/api/admin/webhook-events"
TOKEN = "token_Kept0Secret000"
ODD = {
    "a number with a point": b'{"event":"made.up","rate":15.5,"payload":{}}',
    "a number with an exponent": b'{"event":"made.up","rate":1e2,"payload":{}}',
    "a number beyond 64 bits": b'{"event":"made.up","size":100000000000000000000}',
    "no number": b'{"event":"made.up","rate":NaN,"payload":{}}',
    "a null character": b'{"event":"a \\u0000","payload":{}}',
}


def held_up(shop: Shop, opened: Any) -> str:
    """Let PayPal be away while its message is applied, and give the message's id."""
    shop.pay(opened)
    event = latest(shop, "CHECKOUT.ORDER.APPROVED", provider="paypal")
    shop.sandbox.fault("/v2/checkout/orders", "error", status=503, times=20)
    assert shop.deliver(event, provider="paypal").status_code >= 500
    return f"paypal:{event['id']}"


def replay(shop: Shop, event_id: str) -> Any:
    return shop.admin.post(f"{EVENTS}/{event_id}/replay")


def test_messages_are_listed_newest_first(shop: Shop) -> None:
    opened = shop.opened()
    shop.pay(opened)
    for event in shop.events():
        shop.deliver(event, event_id=event["event"])

    listed = shop.admin.get(EVENTS).json
    page = shop.admin.get(f"{EVENTS}?limit=1&skip=1").json

    assert [event["type"] for event in listed["data"]] == [
        *("order.paid", "payment.captured", "payment.authorized")
    ]
    assert listed["total"] == page["total"] == 3
    assert [event["type"] for event in page["data"]] == ["payment.captured"]


def test_messages_are_found_by_what_became_of_them(shop: Shop) -> None:
    event = captured(shop, shop.opened())
    shop.deliver(event, event_id="evt_good")
    shop.deliver(event | {"event": "made.up"}, event_id="evt_odd")
    shop.post_webhook(signed(raw({"event": 5})))

    found = {
        state: [event["id"] for event in shop.admin.get(f"{EVENTS}?state={state}").json["data"]]
        for state in ("APPLIED", "IGNORED", "RECEIVED")
    }

    assert found == {"APPLIED": ["razorpay:evt_good"], "IGNORED": ["razorpay:evt_odd"], "RECEIVED": []}
    assert shop.admin.get(f"{EVENTS}?state=FAILED").json["total"] == 1
    assert refusal(shop.admin.get(f"{EVENTS}?state=LOST")) == (400, "VALIDATION_ERROR")


def test_a_message_is_shown_with_its_secrets_blanked_out(shop: Shop) -> None:
    opened = shop.opened()
    notes = {"password": TOKEN, "said": "my card is 4111 1111 1111 1111"}
    event = bent(captured(shop, opened), token_id=TOKEN, notes=notes)
    shop.deliver(event, event_id="evt_1")

    response = shop.admin.get(f"{EVENTS}/razorpay:evt_1")

    shown = response.json["data"]
    payment = shown["body"]["payload"]["payment"]["entity"]
    assert (shown["state"], shown["type"], shown["event_id"]) == ("APPLIED", "payment.captured", "evt_1")
    assert (payment["amount"], payment["order_id"]) == (100_000, opened["gateway_order_id"])
    assert payment["token_id"] == payment["notes"]["password"] == "[redacted]"
    assert TOKEN not in response.text
    assert "1111" not in payment["notes"]["said"]


def test_a_message_of_any_content_can_be_looked_at(shop: Shop, database: Database[Document]) -> None:
    taken = {shop.post_webhook(signed(body)).status_code for body in ODD.values()}
    keys = [event["_id"] for event in database["webhook_events"].find(sort=[("received_at", 1)])]

    answers = {
        name: shop.admin.get(f"{EVENTS}/{key}").status_code for name, key in zip(ODD, keys, strict=True)
    }

    assert taken == {200}
    assert answers == dict.fromkeys(ODD, 200)


def test_only_admins_look_at_messages(shop: Shop) -> None:
    shop.deliver(captured(shop, shop.opened()), event_id="evt_1")
    one = f"{EVENTS}/razorpay:evt_1"

    asked = [shop.customer.get(EVENTS), shop.customer.get(one), shop.customer.post(f"{one}/replay")]
    strangers = [shop.app.test_client().get(path) for path in (EVENTS, one)]

    assert {refusal(response) for response in asked} == {(403, "FORBIDDEN")}
    assert {refusal(response) for response in strangers} == {(401, "UNAUTHENTICATED")}


def test_a_message_that_is_not_there_is_not_found(shop: Shop) -> None:
    unknown = f"{EVENTS}/razorpay:evt_unknown"

    answers = {refusal(shop.admin.get(unknown)), refusal(shop.admin.post(f"{unknown}/replay"))}

    assert answers == {(404, "WEBHOOK_EVENT_NOT_FOUND")}


def test_replaying_does_nothing_twice(shop: Shop, database: Database[Document]) -> None:
    opened = shop.opened()
    shop.deliver(captured(shop, opened), event_id="evt_1")

    answers = [replay(shop, "razorpay:evt_1") for _ in range(3)]

    assert {a.status_code for a in answers} == {200}
    assert answers[0].json["data"] == {"id": "razorpay:evt_1", "outcome": "ok"}
    assert shop.order_of(opened)["amount_paid"] == 1000
    assert (database["captures"].count_documents({}), exceptions(database)) == (1, [])


def test_what_could_not_be_applied_is_applied_by_an_admin(shop: Shop, database: Database[Document]) -> None:
    opened = shop.opened(method="paypal")
    event_id = held_up(shop, opened)
    waiting = shop.admin.get(f"{EVENTS}?state=RECEIVED").json["data"]

    again = replay(shop, event_id)
    mended(shop)
    replayed = replay(shop, event_id)

    assert [(event["id"], bool(event["error"])) for event in waiting] == [(event_id, True)]
    assert again.status_code >= 500
    assert replayed.json["data"]["outcome"] == "ok"
    assert (standing(shop, opened), states(database)) == (("COMPLETED", "PAID"), ["APPLIED"])


def test_what_could_not_be_applied_is_applied_when_it_comes_again(
    shop: Shop, database: Database[Document]
) -> None:
    opened = shop.opened(method="paypal")
    held_up(shop, opened)
    mended(shop)

    event = latest(shop, "CHECKOUT.ORDER.APPROVED", provider="paypal")
    answers = [shop.deliver(event, provider="paypal").json["status"] for _ in range(2)]

    assert answers == ["ok", "duplicate"]
    assert (standing(shop, opened), states(database)) == (("COMPLETED", "PAID"), ["APPLIED"])


def test_what_could_not_be_applied_is_applied_by_looking_after_it(
    shop: Shop, database: Database[Document]
) -> None:
    opened = shop.opened(method="paypal")
    held_up(shop, opened)
    mended(shop)
    [event] = database["webhook_events"].find()
    earlier = {"received_at": event["received_at"].replace(year=2020)}
    database["webhook_events"].update_one({}, {"$set": earlier})

    report = shop.services.payments.reconcile_payments()

    assert (report.recovered, report.issues) == (1, [])
    assert (standing(shop, opened), states(database)) == (("COMPLETED", "PAID"), ["APPLIED"])


def test_a_message_that_cannot_be_read_cannot_be_replayed(shop: Shop, database: Database[Document]) -> None:
    shop.post_webhook(signed(raw({"event": 5})))
    [event] = database["webhook_events"].find()

    assert refusal(replay(shop, event["_id"])) == (400, "VALIDATION_ERROR")
    assert states(database) == ["FAILED"]


def test_a_message_nested_too_deep_to_be_searched_is_shown_as_text(shop: Shop) -> None:
    deep = b'{"a":' * 700 + b'"my card is 4111 1111 1111 1111"' + b"}" * 700
    body = b'{"event":"made.up","payload":{"deep":' + deep + b"}}"
    taken = shop.post_webhook(signed(body, **{"x-razorpay-event-id": "evt_deep"}))

    response = shop.admin.get(f"{EVENTS}/razorpay:evt_deep")

    shown = response.json["data"]["body"]
    assert (taken.status_code, response.status_code) == (200, 200)
    assert shown.startswith('{"event":"made.up","payload":{"deep":{"a":')
    assert "4111" not in shown
