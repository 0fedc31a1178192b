"""The product's own source as syntax trees, for the tests that keep it tidy."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

ROOT = Path(__file__).parents[2]

Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True)
class Module:
    """One Python file."""

    path: Path

    @property
    def place(self) -> str:
        """The path as a person writes it, such as "backend/money.py"."""
        return self.path.relative_to(ROOT).as_posix()

    @property
    def name(self) -> str:
        """The name as an import writes it, such as "backend.money"."""
        return ".".join(self.path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")

    @property
    def text(self) -> str:
        return self.path.read_text()

    @cached_property
    def tree(self) -> ast.Module:
        return ast.parse(self.text)

    @property
    def lines(self) -> int:
        return len(self.text.splitlines())

    def imports(self) -> set[str]:
        """Name every module imported anywhere, and what is imported from packages of ours."""
        found: set[str] = set()
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Import):
                found |= {alias.name for alias in node.names}
            if isinstance(node, ast.ImportFrom) and node.module:
                found |= {resolve(node.module, alias.name) for alias in node.names}
        return found

    def functions(self) -> Iterator[Function]:
        return (node for node in ast.walk(self.tree) if isinstance(node, Function))

    def calls(self) -> Iterator[ast.Call]:
        return (node for node in ast.walk(self.tree) if isinstance(node, ast.Call))


def resolve(module: str, name: str) -> str:
    """Tell `from backend import db`, which imports a module, from `from backend.db import connect`."""
    candidate = f"{module}.{name}"
    path = ROOT.joinpath(*candidate.split("."))
    return candidate if path.with_suffix(".py").exists() or (path / "__init__.py").exists() else module


def modules(*folders: str) -> list[Module]:
    """List the Python files of some folders of the repository."""
    return [Module(path) for folder in folders for path in sorted((ROOT / folder).rglob("*.py"))]


def is_public(name: str) -> bool:
    return not name.startswith("_")
