"""The flask-smorest blueprint that every routes file uses, with our strict parser and with types."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

from flask_smorest import Blueprint as SmorestBlueprint

from backend.wire import StrictParser

View = TypeVar("View", bound=Callable[..., Any])


class Blueprint(SmorestBlueprint):  # type: ignore[misc]  # flask-smorest has no types.
    """A blueprint that reads requests strictly."""

    ARGUMENTS_PARSER = StrictParser()

    if TYPE_CHECKING:

        def route(self, rule: str, **options: Any) -> Callable[[View], View]: ...
        def arguments(self, schema: Any, **options: Any) -> Callable[[View], View]: ...
        def response(self, status: int, schema: Any = None, **options: Any) -> Callable[[View], View]: ...
        def alt_response(self, status: int, **options: Any) -> Callable[[View], View]: ...
        def doc(self, **options: Any) -> Callable[[View], View]: ...
