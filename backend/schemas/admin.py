"""The wire format of what only admins see."""

from marshmallow import Schema, fields

from backend.schemas.fields import Amount


class ProblemAnswer(Schema):
    """One thing that does not add up."""

    customer_id = fields.String()
    entry_id = fields.String(allow_none=True)
    seq = fields.Integer(allow_none=True)
    what = fields.String()


class LedgerReport(Schema):
    """Whether the books balance."""

    balanced = fields.Boolean(attribute="is_whole")
    wallets = fields.Integer()
    entries = fields.Integer()
    accounts = fields.Dict(keys=fields.String(), values=fields.Dict(keys=fields.String(), values=Amount()))
    problems = fields.List(fields.Nested(ProblemAnswer))
    seconds = fields.Float()


class LedgerReportAnswer(Schema):
    """The report in its envelope."""

    status = fields.String(metadata={"enum": ["success"]})
    data = fields.Nested(LedgerReport)
