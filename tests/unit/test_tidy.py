"""The house rules that a machine can check, checked in the source itself."""

import ast
import re
from collections.abc import Iterator

import pytest

from tests.unit.source import Function, Module, is_public, modules

EVERYTHING = modules("backend", "tests")
PRODUCT = modules("backend")

LONGEST_FUNCTION, LONGEST_MODULE = 40, 250
BANNED_NAMES = {"utils", "helpers", "common", "misc", "models"}
BARE_MONEY = {"amount", "balance", "price"}
# Here an amount is what came over the wire, before it is minor units.
OTHER_AMOUNTS = {"backend/money.py": {"amount"}}
# Written by nothing but the store: a balance changes by the rules or not at all.
BOOKS = {"wallets", "wallet_transactions", "wallet_holds"}
BOOK_NAMES = BOOKS | {"WALLETS", "ENTRIES", "HOLDS"}
WRITES = re.compile(r"(insert|update|replace|delete)_(one|many)|bulk_write|find_one_and_\w+|drop|rename")
MONEY_MODULES = re.compile(
    r"backend/(money|ledger/|.*(wallet|payment|order|call|campaign|transaction|reconcil))"
)


def ids(module: Module) -> str:
    return module.place


def docstring(node: ast.Module | ast.ClassDef | Function) -> str:
    return ast.get_docstring(node) or ""


def length(node: Function) -> int:
    return (node.end_lineno or node.lineno) - node.lineno + 1


def string_constants(node: ast.AST) -> set[str]:
    return {n.value for n in ast.walk(node) if isinstance(n, ast.Constant) and isinstance(n.value, str)}


@pytest.mark.parametrize("module", EVERYTHING, ids=ids)
def test_a_module_is_short(module: Module) -> None:
    assert module.lines <= LONGEST_MODULE


@pytest.mark.parametrize("module", EVERYTHING, ids=ids)
def test_a_function_fits_on_a_screen(module: Module) -> None:
    too_long = {node.name: length(node) for node in module.functions() if length(node) > LONGEST_FUNCTION}

    assert not too_long


@pytest.mark.parametrize("module", EVERYTHING, ids=ids)
def test_a_module_has_a_telling_name(module: Module) -> None:
    assert not BANNED_NAMES & set(module.name.split("."))


@pytest.mark.parametrize("module", [module for module in EVERYTHING if module.text], ids=ids)
def test_a_module_opens_with_one_sentence_about_itself(module: Module) -> None:
    first_paragraph = docstring(module.tree).split("\n\n")[0]

    assert first_paragraph.endswith(".")
    assert first_paragraph[0].isupper() or first_paragraph[0] == "`"


@pytest.mark.parametrize("module", PRODUCT, ids=ids)
def test_what_is_public_says_what_it_is_for(module: Module) -> None:
    silent = [name for name, node in public_definitions(module.tree) if not docstring(node)]

    assert not silent


def public_definitions(node: ast.AST, prefix: str = "") -> Iterator[tuple[str, Function | ast.ClassDef]]:
    """Find public classes, functions and methods; what is inside a private class is private."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, Function | ast.ClassDef) and is_public(child.name):
            yield prefix + child.name, child
            if isinstance(child, ast.ClassDef):
                yield from public_definitions(child, f"{child.name}.")


@pytest.mark.parametrize("module", EVERYTHING, ids=ids)
def test_every_parameter_and_result_is_typed(module: Module) -> None:
    untyped = [
        f"{node.name}({argument.arg})"
        for node in module.functions()
        for argument in [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs]
        if argument.annotation is None and argument.arg not in ("self", "cls")
    ]

    assert not untyped
    assert not [node.name for node in module.functions() if node.returns is None]


@pytest.mark.parametrize("module", PRODUCT, ids=ids)
def test_nothing_only_looks_done(module: Module) -> None:
    markers = ["TO" + "DO", "FIX" + "ME", "XX" + "X", "NotImplemented" + "Error"]

    assert not [marker for marker in markers if marker in module.text]


@pytest.mark.parametrize("module", PRODUCT, ids=ids)
def test_the_product_logs_and_never_prints(module: Module) -> None:
    assert not [c.lineno for c in module.calls() if isinstance(c.func, ast.Name) and c.func.id == "print"]


@pytest.mark.parametrize("module", [m for m in PRODUCT if MONEY_MODULES.match(m.place)], ids=ids)
def test_no_float_touches_money(module: Module) -> None:
    conversions = [c.lineno for c in module.calls() if isinstance(c.func, ast.Name) and c.func.id == "float"]

    assert not conversions


@pytest.mark.parametrize("module", [m for m in PRODUCT if "/schemas/" not in m.place], ids=ids)
def test_an_amount_of_money_names_its_unit(module: Module) -> None:
    parameters = {
        argument.arg
        for node in module.functions()
        for argument in [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs]
    }
    class_fields = {
        statement.target.id
        for node in ast.walk(module.tree)
        if isinstance(node, ast.ClassDef)
        for statement in node.body
        if isinstance(statement, ast.AnnAssign) and isinstance(statement.target, ast.Name)
    }
    amounts = {name for name in parameters | class_fields if set(name.split("_")) & BARE_MONEY}
    bare = {name for name in amounts if not name.endswith("_minor")}

    assert bare <= OTHER_AMOUNTS.get(module.place, set())


@pytest.mark.parametrize("module", [m for m in PRODUCT if m.place != "backend/ledger/store.py"], ids=ids)
def test_only_the_store_writes_the_books(module: Module) -> None:
    written = [ast.unparse(call) for call in module.calls() if writes_books(call, module.tree)]

    assert not written


def writes_books(call: ast.Call, tree: ast.Module) -> bool:
    """Tell a write to wallets, entries or holds, be it named here or through an attribute."""
    if not isinstance(call.func, ast.Attribute) or not WRITES.fullmatch(call.func.attr):
        return False
    target = call.func.value
    text = ast.unparse(target)
    return names_books(target) or any(
        alias == text and names_books(value) for alias, value in assignments(tree)
    )


def names_books(node: ast.AST) -> bool:
    names = {n.id for n in ast.walk(node) if isinstance(n, ast.Name)}
    attributes = {n.attr for n in ast.walk(node) if isinstance(n, ast.Attribute)}
    return bool(BOOK_NAMES & (string_constants(node) | names | attributes))


def assignments(tree: ast.AST) -> Iterator[tuple[str, ast.AST]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign):
            yield from ((ast.unparse(target), node.value) for target in node.targets)
        if isinstance(node, ast.AnnAssign) and node.value:
            yield ast.unparse(node.target), node.value


@pytest.mark.parametrize(
    "code",
    [
        "database['wallets'].update_one({}, {})",
        "self._database[ENTRIES].insert_many([], session=session)",
        "self._holds = database.get_collection(store.HOLDS)\nself._holds.find_one_and_delete({})",
    ],
)
def test_the_rule_about_the_books_sees_a_write(code: str) -> None:
    tree = ast.parse(code)

    assert [node for node in ast.walk(tree) if isinstance(node, ast.Call) and writes_books(node, tree)]
