"""Saved ways to pay belong to one customer, and their tokens stay secret."""

from typing import Any

import pytest
from pymongo.database import Database

from backend.errors import InvalidPaymentMethod, SavedMethodNotFound
from backend.field_cipher import WrongRecord
from backend.gateways.errors import GatewayTimeout, NotConfigured
from backend.gateways.port import Method
from tests.mongo.saving import ASHA, NEW_KEY, OLD_KEY, RAVI, Saving

Document = dict[str, Any]


@pytest.fixture
def saving(database: Database[Document]) -> Saving:
    return Saving(database)


def test_what_is_saved_is_what_the_gateway_tells_of_the_token(saving: Saving) -> None:
    method = saving.save("token_1")

    assert method.id.startswith("SAVED-")
    assert (method.customer_id, method.gateway, method.type) == ("cust_asha", "razorpay", Method.CARD)
    assert (method.last4, method.brand, method.expiry, method.vpa) == ("1111", "Visa", "12/30", None)


def test_the_token_is_nowhere_in_the_database_and_nowhere_in_what_is_shown(saving: Saving) -> None:
    method = saving.save("token_1")

    secret = saving.methods.token_of("cust_asha", method.id)

    assert (secret.token, secret.gateway, secret.gateway_customer_id) == ("token_1", "razorpay", "gw_Asha")
    assert secret.type is Method.CARD
    assert "token_1" not in f"{list(saving.rows.find())} {method} {secret}"


@pytest.mark.parametrize(
    "token", ["token_unknown", "token_of_ravi", "", "../payments", "..", "a/b/c", "x" * 200, "tok en"]
)
def test_a_token_that_the_gateway_does_not_know_for_this_customer_is_refused(
    saving: Saving, token: str
) -> None:
    saving.gateway.keep(RAVI, "token_of_ravi")

    with pytest.raises(InvalidPaymentMethod):
        saving.methods.save(ASHA, gateway="razorpay", type=Method.CARD, token=token)

    assert saving.ids() == []


def test_a_token_of_another_type_is_refused(saving: Saving) -> None:
    saving.gateway.keep(ASHA, "token_upi", Method.UPI)

    with pytest.raises(InvalidPaymentMethod):
        saving.methods.save(ASHA, gateway="razorpay", type=Method.CARD, token="token_upi")

    assert saving.ids() == []


@pytest.mark.parametrize(("name", "error"), [("paypal", NotConfigured), ("bitcoin", InvalidPaymentMethod)])
def test_a_gateway_that_is_not_here_saves_nothing(saving: Saving, name: str, error: type[Exception]) -> None:
    with pytest.raises(error):
        saving.methods.save(ASHA, gateway=name, type=Method.CARD, token="token_1")


def test_saving_the_same_token_again_gives_the_same_method(saving: Saving) -> None:
    first = saving.save("token_1")

    again = saving.save("token_1", set_default=True)

    assert again == first
    assert saving.ids() == [first.id]


def test_a_token_that_another_customer_has_saved_is_refused(saving: Saving) -> None:
    saving.save("token_1", ASHA)

    with pytest.raises(InvalidPaymentMethod):
        saving.save("token_1", RAVI)  # Even though the gateway has come to take it for Ravi's.

    assert saving.ids(RAVI) == []


def test_the_default_method_is_listed_first_and_then_the_newest(saving: Saving) -> None:
    first, second, third = (saving.save(f"token_{number}").id for number in range(3))

    assert saving.ids() == [first, third, second]
    assert saving.defaults() == [first]  # The first one saved, as long as nothing else is said.
    assert saving.ids(RAVI) == []


def test_a_method_can_be_made_the_default_when_it_is_saved_and_later(saving: Saving) -> None:
    first, second = saving.save("token_1"), saving.save("token_2", set_default=True)
    assert second.is_default
    assert saving.defaults() == [second.id]

    assert saving.methods.make_default("cust_asha", first.id).is_default

    assert saving.defaults() == [first.id]


def test_customers_have_defaults_of_their_own(saving: Saving) -> None:
    ashas, ravis = saving.save("token_1", ASHA), saving.save("token_2", RAVI, set_default=True)

    assert saving.defaults(ASHA) == [ashas.id]
    assert saving.defaults(RAVI) == [ravis.id]


def test_a_deleted_method_is_gone_here_and_at_the_gateway(saving: Saving) -> None:
    method = saving.save("token_1")

    saving.methods.delete("cust_asha", method.id)

    row = saving.rows.find_one({"_id": method.id}) or {}
    assert (saving.ids(), saving.gateway.tokens) == ([], {})
    assert not {"token", "fingerprint"} & row.keys()
    assert row["deleted_at"]


def test_a_deleted_default_passes_its_place_to_the_newest_other_one(saving: Saving) -> None:
    first, second, third = (saving.save(f"token_{number}").id for number in range(3))

    saving.methods.delete("cust_asha", first)
    assert saving.ids() == [third, second]
    assert saving.defaults() == [third]

    saving.methods.delete("cust_asha", second)
    assert saving.defaults() == [third]


def test_a_method_that_the_gateway_could_not_forget_is_kept_to_be_deleted_again(saving: Saving) -> None:
    method = saving.save("token_1")
    saving.gateway.is_away = True
    with pytest.raises(GatewayTimeout):
        saving.methods.delete("cust_asha", method.id)
    assert saving.methods.list("cust_asha") == [method]
    saving.gateway.is_away = False

    saving.methods.delete("cust_asha", method.id)

    assert saving.ids() == []


def test_a_token_that_the_gateway_has_forgotten_already_can_be_deleted_here(saving: Saving) -> None:
    method = saving.save("token_1")
    saving.gateway.tokens.clear()

    saving.methods.delete("cust_asha", method.id)

    assert saving.ids() == []


def test_a_deleted_token_can_be_saved_anew(saving: Saving) -> None:
    first = saving.save("token_1")
    saving.methods.delete("cust_asha", first.id)

    again = saving.save("token_1")

    assert again.id != first.id
    assert saving.defaults() == [again.id]


@pytest.mark.parametrize("ask", ["token_of", "make_default", "delete"])
def test_what_is_deleted_or_unknown_or_somebody_elses_is_not_found(saving: Saving, ask: str) -> None:
    deleted, ravis = saving.save("token_1"), saving.save("token_2", RAVI)
    saving.methods.delete("cust_asha", deleted.id)

    for id_ in (deleted.id, ravis.id, "SAVED-unknown"):
        with pytest.raises(SavedMethodNotFound):
            getattr(saving.methods, ask)("cust_asha", id_)

    assert saving.defaults(RAVI) == [ravis.id]
    assert "token_2" in saving.gateway.tokens


def test_a_failed_choice_leaves_the_default_as_it_was(saving: Saving) -> None:
    method = saving.save("token_1")

    with pytest.raises(SavedMethodNotFound):
        saving.methods.make_default("cust_asha", "SAVED-unknown")

    assert saving.defaults() == [method.id]


def test_a_token_copied_to_another_method_does_not_open_there(saving: Saving) -> None:
    ashas, ravis = saving.save("token_1", ASHA), saving.save("token_2", RAVI)
    stolen = saving.rows.find_one({"_id": ashas.id}) or {}
    saving.rows.update_one({"_id": ravis.id}, {"$set": {"token": stolen["token"]}})

    with pytest.raises(WrongRecord):
        saving.methods.token_of("cust_ravi", ravis.id)


def test_after_a_rotation_the_old_key_is_needed_no_more(saving: Saving, database: Database[Document]) -> None:
    method = saving.save("token_1")
    both = Saving(database, saving.gateway, NEW_KEY, OLD_KEY)
    both.save("token_2")  # With the new key already.

    assert [both.methods.rotate(), both.methods.rotate()] == [1, 0]

    new = Saving(database, saving.gateway, NEW_KEY).methods
    assert new.token_of("cust_asha", method.id).token == "token_1"


def test_a_rotation_goes_through_more_than_one_batch_and_past_what_no_key_opens(
    saving: Saving, database: Database[Document], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("backend.saved_method_service.ROTATED_AT_ONCE", 2)
    ids = [saving.save(f"token_{number}").id for number in range(5)]
    saving.rows.update_one({"_id": ids[2]}, {"$set": {"token": b"broken"}})
    saving.methods.delete("cust_asha", ids[4])

    assert Saving(database, saving.gateway, NEW_KEY, OLD_KEY).methods.rotate() == 3
