"""The wire format of what only admins see."""

from marshmallow import Schema, fields

from backend.schemas.fields import Amount, Timestamp


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


class JobAnswer(Schema):
    """What became of a background job lately."""

    name = fields.String()
    last_run_at = Timestamp(allow_none=True)
    last_success_at = Timestamp(allow_none=True)
    last_error_at = Timestamp(allow_none=True)
    last_error = fields.String(allow_none=True)
    last_seconds = fields.Float(allow_none=True)
    last_count = fields.Integer(allow_none=True)
    interval_seconds = fields.Float()


class JobsAnswer(Schema):
    """All jobs in their envelope."""

    status = fields.String(metadata={"enum": ["success"]})
    data = fields.List(fields.Nested(JobAnswer))
