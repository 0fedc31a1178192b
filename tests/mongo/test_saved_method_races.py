"""What several requests do to saved methods at once comes out as if one had come after the other."""

from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
from pymongo.database import Database

from backend.errors import SavedMethodNotFound
from backend.gateway_customers import GatewayCustomerTaken
from backend.gateways.port import Payer
from tests.mongo.saving import ASHA, NEW_KEY, OLD_KEY, RAVI, FakeGateway, Saving, at_once, failures

Document = dict[str, Any]
ROUNDS = 15


@pytest.fixture
def saving(database: Database[Document]) -> Saving:
    return Saving(database)


def test_one_token_saved_many_times_at_once_is_saved_once(saving: Saving) -> None:
    for number in range(ROUNDS):
        saved = at_once(*[partial(saving.save, f"token_{number}")] * 6)

        assert not failures(saved)
        assert len({method.id for method in saved}) == 1
    assert len(saving.ids()) == ROUNDS


def test_one_token_saved_by_two_customers_at_once_belongs_to_one_of_them(saving: Saving) -> None:
    for number in range(ROUNDS):
        at_once(*(partial(saving.save, f"token_{number}", payer) for payer in (ASHA, RAVI)))

        assert len(saving.ids(ASHA)) + len(saving.ids(RAVI)) <= number + 1


def test_many_methods_made_the_default_at_once_leave_exactly_one(saving: Saving) -> None:
    ids = [saving.save(f"token_{number}").id for number in range(6)]

    for _ in range(ROUNDS):
        chosen = at_once(*(partial(saving.methods.make_default, "cust_asha", id_) for id_ in ids))

        assert not failures(chosen)
        assert len(saving.defaults()) == 1


def test_first_methods_saved_at_once_leave_exactly_one_default(saving: Saving) -> None:
    for number in range(ROUNDS):
        payer = Payer(customer_id=f"cust_{number}", name=f"Payer{number}", email=f"{number}@shop.example")
        wishes = [partial(saving.save, f"t{number}_{way}", payer, set_default=way > 2) for way in range(5)]

        assert not failures(at_once(*wishes))
        assert len(saving.ids(payer)) == 5
        assert len(saving.defaults(payer)) == 1


def test_a_default_deleted_while_others_are_saved_and_chosen_leaves_exactly_one(saving: Saving) -> None:
    saving.save("token_0")
    for number in range(1, ROUNDS):
        [default] = saving.defaults()
        other = saving.save(f"other_{number}").id
        actions: list[Callable[[], Any]] = [
            partial(saving.methods.delete, "cust_asha", default),
            partial(saving.methods.make_default, "cust_asha", other),
            partial(saving.save, f"token_{number}"),
        ]

        assert not failures(at_once(*actions))
        assert default not in saving.ids()
        assert len(saving.defaults()) == 1


def test_all_methods_deleted_at_once_with_a_new_one_saved_leave_the_new_one_as_default(
    saving: Saving,
) -> None:
    for number in range(ROUNDS):
        old = [*saving.ids(), saving.save(f"one_{number}").id, saving.save(f"two_{number}").id]
        deletions = [partial(saving.methods.delete, "cust_asha", id_) for id_ in old]

        assert not failures(at_once(partial(saving.save, f"new_{number}"), *deletions))
        assert len(saving.ids()) == 1
        assert saving.defaults() == saving.ids()


def test_one_method_deleted_twice_at_once_is_deleted(saving: Saving) -> None:
    for number in range(ROUNDS):
        id_ = saving.save(f"token_{number}").id
        deleted = at_once(*[partial(saving.methods.delete, "cust_asha", id_)] * 3)

        assert all(isinstance(error, SavedMethodNotFound) for error in failures(deleted))
        assert saving.ids() == []


def test_a_rotation_meets_traffic_without_losing_a_token(
    saving: Saving, database: Database[Document]
) -> None:
    ids = [saving.save(f"token_{number}").id for number in range(20)]
    rotating = Saving(database, saving.gateway, NEW_KEY, OLD_KEY)

    done = at_once(
        *[rotating.methods.rotate] * 3,
        *(partial(rotating.methods.delete, "cust_asha", id_) for id_ in ids[:4]),
        partial(rotating.save, "token_new"),
    )

    assert not failures(done)
    new = Saving(database, saving.gateway, NEW_KEY).methods
    tokens = {new.token_of("cust_asha", method.id).token for method in new.list("cust_asha")}
    assert tokens == {"token_new", *(f"token_{number}" for number in range(4, 20))}


def test_a_customer_is_introduced_to_a_gateway_once(saving: Saving) -> None:
    assert saving.customers.known("razorpay", "cust_asha") is None

    ids = [saving.customers.ensure(saving.gateway, ASHA) for _ in range(3)]

    assert ids == ["gw_Asha"] * 3
    assert saving.gateway.introductions == 1
    assert saving.customers.known("razorpay", "cust_asha") == "gw_Asha"
    assert saving.customers.known("paypal", "cust_asha") is None


class ForgetfulGateway(FakeGateway):
    """Gives a customer a new id each time."""

    def ensure_customer(self, payer: Payer) -> str:
        self.introductions += 1
        return f"gw_{payer.name}_{self.introductions}"


def test_introductions_at_once_end_with_one_id_for_all(database: Database[Document]) -> None:
    saving = Saving(database, ForgetfulGateway())

    ids = at_once(*[partial(saving.customers.ensure, saving.gateway, ASHA)] * 8)

    assert not failures(ids)
    assert set(ids) == {saving.customers.known("razorpay", "cust_asha")}
    assert database["gateway_customers"].count_documents({}) == 1


def test_a_gateway_that_takes_two_customers_for_one_is_not_believed(saving: Saving) -> None:
    saving.customers.ensure(saving.gateway, ASHA)
    ravi_under_her_name = Payer(customer_id="cust_ravi", name="Asha", email="ravi@shop.example")

    with pytest.raises(GatewayCustomerTaken):
        saving.customers.ensure(saving.gateway, ravi_under_her_name)

    assert saving.customers.known("razorpay", "cust_ravi") is None
