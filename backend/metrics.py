"""What the process counts about itself, in one place and under stable names."""

from prometheus_client import Counter, Gauge, Histogram

HTTP_SECONDS = Histogram(
    "batua_http_request_seconds", "Time to answer a request.", ["method", "route", "status"]
)
LEDGER_BATCH_SIZE = Histogram(
    "batua_ledger_batch_size", "Postings committed together.", buckets=(1, 2, 4, 8, 16, 32, 64, 128, 256)
)
LEDGER_COMMIT_SECONDS = Histogram("batua_ledger_commit_seconds", "Time to commit one batch.")
LEDGER_QUEUE_DEPTH = Gauge(
    "batua_ledger_queue_depth", "Postings waiting for the committer.", multiprocess_mode="livesum"
)
LEDGER_CONFLICTS = Counter("batua_ledger_conflicts_total", "Batches tried again after a conflict.")
LEDGER_POSTINGS = Counter(
    "batua_ledger_postings_total", "Postings by what became of them.", ["verb", "outcome"]
)
GATEWAY_SECONDS = Histogram(
    "batua_gateway_call_seconds", "Time of one call to a gateway.", ["gateway", "call", "outcome"]
)
PAYMENT_EXCEPTIONS = Counter(
    "batua_payment_exceptions_total", "Captured money that fitted no payment.", ["reason"]
)
TOPUP_SHORTFALLS = Counter(
    "batua_topup_shortfalls_total", "Top-ups taken back that the wallet could not make good.", ["gateway"]
)
DISPUTES = Counter("batua_disputes_total", "Disputes by gateway and state.", ["gateway", "state"])
WEBHOOKS = Counter(
    "batua_webhooks_total", "Webhooks by gateway and what became of them.", ["gateway", "outcome"]
)
OUTBOX_EVENTS = Counter("batua_outbox_events_total", "Events by what became of them.", ["outcome"])
OUTBOX_DEPTH = Gauge(
    "batua_outbox_depth", "Events that nobody was told of yet.", multiprocess_mode="mostrecent"
)
OUTBOX_AGE_SECONDS = Gauge(
    "batua_outbox_age_seconds",
    "For how long the next event in line has waited.",
    multiprocess_mode="mostrecent",
)
MESSAGES = Counter(
    "batua_messages_total",
    "Messages to customers by channel and what became of them.",
    ["channel", "outcome"],
)
JOBS_RUN = Counter("batua_jobs_total", "Runs of background jobs by what became of them.", ["job", "outcome"])
JOB_SECONDS = Histogram(
    "batua_job_seconds", "Time of one run of a job.", ["job"], buckets=(0.01, 0.1, 1, 10, 60, 600, 3600)
)
REFUNDS_OVERDUE = Counter("batua_refunds_overdue_total", "Refunds that have not ended in time.", ["gateway"])
MERCHANT_WEBHOOKS = Counter(
    "batua_merchant_webhooks_total", "Tries to tell a shop's own systems, by what came of them.", ["outcome"]
)
