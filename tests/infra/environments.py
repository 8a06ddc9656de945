"""Environments that have everything: beside those of `infra.config`, what no team would have at once."""

from __future__ import annotations

from infra.roll_up_settings import RollUp
from infra.settings import Api, AttachedStage, Delivery, Environment, Plan, Producer, Retention, Writer
from infra.watch_settings import Watch

EKS_ISSUER = "oidc.eks.eu-west-1.amazonaws.com/id/0123456789ABCDEF0123456789ABCDEF"
AZURE_ISSUER = "sts.windows.net/00000000-1111-2222-3333-444444444444/"

WRITERS = (
    Writer(
        name="eks",
        producer=Producer.EKS,
        issuer=EKS_ISSUER,
        subject="system:serviceaccount:data-api:billing",
        audience="sts.amazonaws.com",
        prefixes=("data-api", "internal_model_total_tokens"),
    ),
    Writer(
        name="google",
        producer=Producer.GOOGLE,
        subject="112233445566778899000",
        audience="usagelake",
        prefixes=("external_model_total_tokens",),
    ),
    Writer(
        name="azure",
        producer=Producer.AZURE,
        issuer=AZURE_ISSUER,
        subject="55555555-6666-7777-8888-999999999999",
        audience="api://usagelake",
        prefixes=("external_embedding_total_tokens",),
    ),
    Writer(
        name="near",
        producer=Producer.ACCOUNT,
        subject="arn:aws:iam::111122223333:role/billing-task",
        prefixes=("internal_embedding_total_tokens", "custom-events"),
    ),
)

FULL = Environment(
    name="full",
    landing_bucket="serverless-usage-full",
    first_hour="2025/07/01/00",
    customer_key=True,
    object_lock_days=30,
    billing_prefixes=(
        "data-api",
        "internal_model_total_tokens",
        "external_model_total_tokens",
        "external_embedding_total_tokens",
        "internal_embedding_total_tokens",
        "custom-events",
    ),
    log_source_ip=True,
    request_bytes_from="$context.authorizer.requestBytes",
    api=Api(
        backend_url="https://backend.example.com/base",
        routes=("GET /", "GET /items/{id}", "ANY /files/{path+}"),
        plans=(
            Plan(name="small", requests_per_second=5, burst=7, monthly_quota=1000, keys=("one", "two")),
            Plan(name="large", requests_per_second=500, burst=900),
        ),
    ),
    attached=(AttachedStage(api_id="abc123def4", api_name="orders", stage="live"),),
    gateway_account_role=True,
    writers=WRITERS,
    roll_up=RollUp(
        hourly="cron(5 * * * ? *)",
        sweep="cron(35 1 ? * SUN *)",
        drafts="rate(12 hours)",
        memory_mb=2048,
        reserve_concurrency=False,
        pandas_layer_version=9,
        pandas_layer_account="111122223333",
    ),
    pricing_location="s3://prices-of-ours/usage/full",
    crawler_schedule="cron(0 4 * * ? *)",
    retention=Retention(invoice_window=80, landing=900, archive_after=100, logs=90, errors=95, results=11),
    watch=Watch(
        email="billing@example.com",
        freshness_seconds=700,
        silent_minutes=45,
        roll_up_late_hours=4,
        drafts_late_hours=20,
        shippers=("data-api-1",),
        spool_bytes=12345678,
        monthly_budget_usd=77,
    ),
    scan_limit_bytes=20_000_000,
)
"""Every option, through CloudWatch Logs."""

DIRECT = Environment(
    name="direct",
    landing_bucket="serverless-usage-direct",
    protected=False,
    delivery=Delivery.DIRECT,
    billing_prefixes=("data-api",),
    api=Api(backend_url="https://backend.example.com", measure_requests=True),
    attached=(AttachedStage(api_id="zzz999yyy8", api_name="stock", stage="prod"),),
    roll_up=None,
)
"""Access logs straight to Firehose, no jobs, and data that may be destroyed."""
