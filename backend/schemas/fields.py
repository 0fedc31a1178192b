"""The marshmallow fields that know how money, moments and ids look on the wire."""

from datetime import UTC, datetime, time, timedelta
from typing import Any

from flask import current_app
from marshmallow import Schema, ValidationError, fields, validate

from backend.config import CURRENCY
from backend.money import BadAmount, to_major, to_minor, to_text


def wire_time(moment: datetime) -> str:
    """Write a moment in UTC, to the millisecond, ending in Z."""
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


class Amount(fields.Field[int]):
    """Rupees on the wire, paise inside."""

    def __init__(self, **kwargs: Any) -> None:
        metadata = {"example": 99.5} | kwargs.pop("metadata", {})
        super().__init__(metadata=metadata, **kwargs)

    def _serialize(self, value: Any, attr: str | None, obj: Any, **kwargs: Any) -> int | float | None:
        return None if value is None else to_major(value, currency=CURRENCY)

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> int:
        try:
            minor = to_minor(value, currency=CURRENCY)
        except BadAmount as error:
            raise ValidationError(f"The amount {error}.") from error
        largest: int = current_app.config["MAX_AMOUNT_MINOR"]
        if minor <= 0:
            raise ValidationError("The amount must be more than zero.")
        if minor > largest:
            raise ValidationError(f"The amount must be at most {to_text(largest, currency=CURRENCY)}.")
        return minor


class ForeignAmount(fields.Field[int | float]):
    """An amount in a currency that stands beside it, in major units already."""

    def _serialize(self, value: Any, attr: str | None, obj: Any, **kwargs: Any) -> int | float | None:
        number: int | float | None = value
        return number


class GivenAmount(Amount):
    """Rupees in a request: a number, or the same as a decimal string."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(metadata={"type": ["number", "string"]}, **kwargs)


class Timestamp(fields.Field[datetime]):
    """A moment, as `wire_time` writes it."""

    def _serialize(self, value: Any, attr: str | None, obj: Any, **kwargs: Any) -> str | None:
        return None if value is None else wire_time(value)


class Moment(fields.Field[datetime]):
    """A date or a time to filter by; a date as an end means the whole of that day."""

    def __init__(self, *, is_end: bool = False, **kwargs: Any) -> None:
        super().__init__(metadata={"example": "2026-11-01"}, **kwargs)
        self.is_end = is_end

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> datetime:
        try:
            moment = datetime.fromisoformat(value)
            moment = (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
            is_date = len(value) == len("2026-11-01") and moment.time() == time()
            return moment + timedelta(days=1) if self.is_end and is_date else moment
        except (TypeError, ValueError, OverflowError) as error:
            raise ValidationError("Must be a date or an ISO-8601 time.") from error


class Text(fields.String):
    """A trimmed line of text of a sensible length."""

    def __init__(self, *, longest: int, **kwargs: Any) -> None:
        super().__init__(validate=validate.Length(min=1, max=longest), **kwargs)

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:
        return super()._deserialize(value, attr, data, **kwargs).strip()


class PageArguments(Schema):
    """How much of a list is wanted."""

    limit = fields.Integer(load_default=50, validate=validate.Range(min=1, max=200))
    skip = fields.Integer(load_default=0, validate=validate.Range(min=0, max=2**31 - 1))
