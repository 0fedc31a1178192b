"""The commands that set an installation up."""

from typing import Any

from flask import Flask
from pymongo.database import Database

from backend import demo
from tests.api.conftest import MakeApp
from tests.conftest import services_of

Document = dict[str, Any]


def run(app: Flask, *arguments: str) -> Any:
    return app.test_cli_runner().invoke(args=list(arguments))


def test_the_database_can_be_set_up_again_and_again(app: Flask) -> None:
    results = [run(app, "init-db") for _ in range(2)]

    assert [result.exit_code for result in results] == [0, 0]
    assert "ready" in results[1].output


def test_the_demo_has_an_admin_customers_with_credit_and_products(
    app: Flask, database: Database[Document]
) -> None:
    result = run(app, "seed-demo")

    assert result.exit_code == 0
    assert all(login.password in result.output for login in (demo.ADMIN, *demo.CUSTOMERS))
    assert database["products"].count_documents({}) == len(demo.PRODUCTS)
    assert services_of(app).users.log_in(email=demo.ADMIN.email, password=demo.ADMIN.password)


def test_seeding_the_demo_again_gives_nothing_twice(app: Flask, database: Database[Document]) -> None:
    run(app, "seed-demo")

    result = run(app, "seed-demo")

    assert result.exit_code == 0
    assert database["customers_v2"].count_documents({}) == 1 + len(demo.CUSTOMERS)
    assert database["wallet_transactions"].count_documents({}) == len(demo.CUSTOMERS)


def test_the_demo_keeps_out_of_production(make_app: MakeApp, database: Database[Document]) -> None:
    app = make_app(environment="production")

    result = run(app, "seed-demo")

    assert result.exit_code == 1
    assert database["customers_v2"].count_documents({}) == 0


def test_an_admin_needs_an_email_that_is_one(app: Flask, database: Database[Document]) -> None:
    result = app.test_cli_runner(env={"ADMIN_PASSWORD": "a long password"}).invoke(
        args=["create-admin", "not an e-mail"]
    )

    assert result.exit_code == 1
    assert database["customers_v2"].count_documents({}) == 0
