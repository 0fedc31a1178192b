"""The wire format of accounts."""

from marshmallow import Schema, fields, validate

from backend.schemas.fields import Amount, Text
from backend.user_service import LONGEST_PASSWORD, SHORTEST_PASSWORD, Role


class SignupRequest(Schema):
    """What somebody tells us to get an account."""

    name = Text(longest=120, required=True)
    email = fields.Email(required=True, validate=validate.Length(max=254))
    password = fields.String(
        required=True, load_only=True, validate=validate.Length(SHORTEST_PASSWORD, LONGEST_PASSWORD)
    )
    phone = fields.String(load_default=None, validate=validate.Regexp(r"\+?[0-9][0-9 -]{6,18}[0-9]\Z"))


class LoginRequest(Schema):
    """Who somebody says they are."""

    email = fields.String(required=True, validate=validate.Length(min=1, max=254))
    password = fields.String(required=True, load_only=True, validate=validate.Length(1, LONGEST_PASSWORD))


class LogoutRequest(Schema):
    """Another login of the caller's that is to end too."""

    refresh_token = fields.String(load_default=None, validate=validate.Length(max=4096))


class LogoutAnswer(Schema):
    """That it is done."""

    success = fields.Boolean(required=True)


class UserAnswer(Schema):
    """A user, as the user sees it."""

    customer_id = fields.String(attribute="id")
    name = fields.String()
    email = fields.String()
    phone = fields.String(allow_none=True)
    role = fields.Enum(Role, by_value=True)


class TokensAnswer(Schema):
    """The two tokens of a login."""

    access_token = fields.String()
    refresh_token = fields.String()


class LoginAnswer(TokensAnswer):
    """A login, and whose it is."""

    user = fields.Nested(UserAnswer)


class MeAnswer(UserAnswer):
    """The caller, with what they have."""

    wallet_balance = Amount()
    currency = fields.String()
    low_balance = fields.Boolean()
