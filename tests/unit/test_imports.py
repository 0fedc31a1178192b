"""Imports run one way: routes, services, ledger and gateways, values."""

import ast
import sys
from fnmatch import fnmatchcase

import pytest

from tests.unit.source import Module, modules

PRODUCT = modules("backend")

# Who knows HTTP. Everything else is a service, an adapter, the ledger or a value.
HTTP = (
    *("backend", "backend.routes_*", "backend.schemas*", "backend.access", "backend.blueprint"),
    *(
        "backend.cli",
        "backend.reconcile_command",
        "backend.error_handlers",
        "backend.extensions",
        "backend.idempotency",
    ),
    *("backend.openapi", "backend.rate_limits", "backend.request_context", "backend.services"),
    *("backend.wire", "backend.worker", "backend.request_guards", "backend.*wiring"),
    *("backend.jobs", "backend.job_runner"),
)
SANDBOX = "backend.sandbox*"
WEB_LIBRARIES = ("flask", "flask_*", "werkzeug*", "webargs*", "marshmallow*", "limits*")
LEDGER = ("backend.ledger*",)
MAY_IMPORT_OF_OURS = {
    "backend.money": (),
    "backend.errors": (),
    "backend.metrics": (),
    "backend.logs": (),
    "backend.embedded_mongo": (),
    "backend.db": ("backend.indexes",),
    "backend.indexes": (),
    "backend.config": ("backend.money", "backend.*_config", "backend.*.settings"),
    "backend.gateway_config": ("backend.money", "backend.gateways.settings"),
    "backend.notification_config": ("backend.gateway_config", "backend.notifications.settings"),
    "backend.telephony_config": ("backend.gateway_config", "backend.telephony.settings"),
    SANDBOX: (SANDBOX,),
    "backend.ledger*": ("backend.ledger*", "backend.money", "backend.errors", "backend.metrics"),
    "backend.gateways*": ("backend.gateways*", "backend.money", "backend.errors", "backend.metrics"),
    "backend.notifications*": (
        *("backend.notifications*", "backend.money", "backend.errors", "backend.metrics"),
        *("backend.gateways.outgoing", "backend.gateways.errors"),
    ),
    "backend.telephony.*": (
        *("backend.telephony*", "backend.money", "backend.errors", "backend.metrics"),
        *("backend.gateways.outgoing", "backend.gateways.errors", "backend.gateways.resilience"),
    ),
}
PURE = ("core", "chain", "values", "submission", "documents")
IMPURE = ("pymongo*", "bson*", "flask*", "time", "random", "os", "threading", "logging", "requests*")
HOME_OF_SDK = {
    "razorpay": "backend.gateways.razorpay_gateway",
    "paypalrestsdk": "backend.gateways.paypal_api",
}
OUTGOING = ("requests*", "http.client", "urllib.request", "httpx*", "aiohttp*")
MAY_CALL_OUT = ("backend.gateways*", "backend.telephony*", "backend.notifications*", "backend.sandbox*")


def ids(module: Module) -> str:
    return module.place


def matches(name: str, patterns: tuple[str, ...]) -> bool:
    return any(fnmatchcase(name, pattern) for pattern in patterns)


def is_of(name: str, library: str) -> bool:
    return name == library or name.startswith(f"{library}.")


@pytest.mark.parametrize("module", PRODUCT, ids=ids)
def test_only_the_edge_knows_http(module: Module) -> None:
    web = {name for name in module.imports() if matches(name, WEB_LIBRARIES)}

    assert not web or matches(module.name, (SANDBOX,)) or matches(module.name, HTTP) or web == {"limits"}


@pytest.mark.parametrize("module", [m for m in PRODUCT if not matches(m.name, HTTP)], ids=ids)
def test_nothing_below_the_edge_imports_the_edge(module: Module) -> None:
    upwards = {name for name in module.imports() if name != "backend" and matches(name, HTTP)}

    assert not upwards


@pytest.mark.parametrize("module", PRODUCT, ids=ids)
def test_only_routes_and_the_factory_import_routes(module: Module) -> None:
    routes = {name for name in module.imports() if fnmatchcase(name, "backend.routes_*")}

    assert not routes or module.name == "backend"


@pytest.mark.parametrize("module", PRODUCT, ids=ids)
def test_the_lower_layers_import_only_what_is_below_them(module: Module) -> None:
    for layer, allowed in MAY_IMPORT_OF_OURS.items():
        if fnmatchcase(module.name, layer):
            ours = {name for name in module.imports() if is_of(name, "backend")}

            assert not {name for name in ours if not matches(name, allowed)}


@pytest.mark.parametrize("module", [m for m in PRODUCT if not matches(m.name, (SANDBOX,))], ids=ids)
def test_nothing_that_serves_a_shop_knows_the_sandbox(module: Module) -> None:
    assert not {name for name in module.imports() if matches(name, (SANDBOX,))}


@pytest.mark.parametrize("module", [m for m in PRODUCT if matches(m.name, LEDGER)], ids=ids)
def test_the_ledger_knows_only_pymongo_and_the_standard_library(module: Module) -> None:
    foreign = {
        name
        for name in module.imports()
        if not is_of(name, "backend") and not is_standard(name) and not is_of(name, "pymongo")
    }

    assert foreign <= {"orjson"}


def is_standard(name: str) -> bool:
    return name.split(".")[0] in sys.stdlib_module_names


@pytest.mark.parametrize("name", PURE)
def test_the_rules_of_money_know_no_database_no_web_and_no_clock(name: str) -> None:
    [module] = [m for m in PRODUCT if m.name == f"backend.ledger.{name}"]
    clocks = {"now", "utcnow", "today", "time", "monotonic", "uuid4", "random"}

    called = {call.func.attr for call in module.calls() if isinstance(call.func, ast.Attribute)}

    assert not {imported for imported in module.imports() if matches(imported, IMPURE)}
    assert not called & clocks


@pytest.mark.parametrize("module", PRODUCT, ids=ids)
def test_an_sdk_is_imported_only_in_its_adapter(module: Module) -> None:
    for sdk, home in HOME_OF_SDK.items():
        found = {name for name in module.imports() if is_of(name, sdk)}

        assert not found or module.name == home


@pytest.mark.parametrize("module", PRODUCT, ids=ids)
def test_calls_to_the_outside_happen_only_at_the_outer_walls(module: Module) -> None:
    outgoing = {name for name in module.imports() if matches(name, OUTGOING)}

    assert not outgoing or matches(module.name, MAY_CALL_OUT)
