"""What an environment may be told, as types; which values are right is `faults`, which stand is `config`."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from infra.roll_up_settings import RollUp
from infra.watch_settings import Watch
from usagelake.domain.environment import LakePlaces, database_of
from usagelake.domain.landing import ACCESS_LOG_FOLDER

EVENT_TYPES = tuple(
    f"{place}_{what}_{unit}"
    for place in ("internal", "external")
    for what in ("model", "embedding", "reranking")
    for unit in ("total_tokens", "egress_bytes", "ingress_bytes")
)
"""Both generations of the Data API's event types; a type of your own is one more text in `billing_prefixes`."""


class Delivery(StrEnum):
    """How access logs come to Firehose."""

    LOGS = "logs"
    """Through CloudWatch Logs and a subscription: searchable, and kept for replay."""
    DIRECT = "direct"
    """API Gateway puts them to the stream itself: cheaper, and nothing to replay from."""


class Producer(StrEnum):
    """Where a writer runs, which decides how it proves who it is."""

    EKS = "eks"
    GOOGLE = "google"
    AZURE = "azure"
    ACCOUNT = "account"


@dataclass(frozen=True, kw_only=True)
class Retention:
    """How long what is kept, in days.

    Args:
        invoice_window: How long after an event its invoice may still change; nothing below may be shorter.
        landing: The raw objects.
        archive_after: When raw objects move to Glacier Instant Retrieval; None: never.
        logs: The access log in CloudWatch Logs, which deliveries are replayed from; one of CloudWatch's figures.
        errors: What Firehose could not deliver as it should.
        results: Results of queries.
        access_logs: Who touched the buckets.
    """

    invoice_window: int = 62
    landing: int = 400
    archive_after: int | None = 120
    logs: int = 90
    errors: int = 90
    results: int = 30
    access_logs: int = 365


@dataclass(frozen=True, kw_only=True)
class Plan:
    """A usage plan: who is throttled how, and which keys have it.

    Args:
        name: Its name.
        requests_per_second: The steady rate.
        burst: How many requests may come at once.
        monthly_quota: Requests a month; None: as many as come.
        keys: Names of the API keys; API Gateway makes their values, and no template or log holds one.
    """

    name: str
    requests_per_second: int
    burst: int
    monthly_quota: int | None = None
    keys: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Api:
    """The metered API in front of a backend.

    Args:
        backend_url: Where requests go, `https://…`, without a slash at the end.
        stage: The stage's name.
        routes: `METHOD /path/{parameter}`, each.
        plans: The usage plans.
        measure_requests: Put a function before every call that tells the access log the request's size, which API
            Gateway does not know. A call waits for it, and fails when it cannot run.
    """

    backend_url: str
    stage: str = "v1"
    routes: tuple[str, ...] = ("GET /items", "GET /items/{id}", "POST /items")
    plans: tuple[Plan, ...] = (Plan(name="standard", requests_per_second=50, burst=100),)
    measure_requests: bool = False


@dataclass(frozen=True, kw_only=True)
class AttachedStage:
    """A stage of an API that exists already, and that gets the usage access log.

    Args:
        api_id: The REST API's id.
        api_name: Its name, which CloudWatch counts its requests under.
        stage: The stage's name.
    """

    api_id: str
    api_name: str
    stage: str


@dataclass(frozen=True, kw_only=True)
class Writer:
    """A producer of billing events, in this account or elsewhere.

    Args:
        name: The role's name ends with it.
        producer: Where it runs.
        prefixes: The landing prefixes it may write.
        issuer: The OIDC issuer without `https://`; not for `google`, which AWS knows, nor for `account`.
        subject: Who it is: the token's `sub`, or for `account` the ARN of its role.
        audience: Whom the token is for; not for `account`.
        authorized_party: Google's `azp`, when it is not the subject itself.
    """

    name: str
    producer: Producer
    prefixes: tuple[str, ...]
    issuer: str = ""
    subject: str = ""
    audience: str = ""
    authorized_party: str = ""


@dataclass(frozen=True, kw_only=True)
class Environment:
    """One environment, whole.

    Args:
        name: `dev`, `test`, `prod`: part of every name.
        landing_bucket: S3's names are the world's: add your company's name when this one is taken.
        first_hour: The first hour that landing tables know, `yyyy/MM/dd/HH` in UTC.
        protected: RETAIN on all data, termination protection on all stacks.
        customer_key: Encrypt with a KMS key of one's own (1 USD a month) instead of S3's.
        object_lock_days: Nobody can delete a raw object for so long (governance mode); None: no lock.
        billing_prefixes: The landing prefixes of billing events.
        delivery: How access logs come to Firehose.
        log_source_ip: Whether the caller's address is logged: personal data.
        request_bytes_from: The variable that an authorizer of yours puts the request's size into, such as
            `$context.authorizer.requestBytes`; empty: unknown, since API Gateway does not know it. For `api`,
            `measure_requests` sets it.
        api: The metered API; None: this environment has only attached ones.
        attached: Stages that exist already.
        gateway_account_role: Set the account's and region's one API Gateway role for CloudWatch. Opt-in, since
            it is everybody's.
        writers: Producers of billing events.
        roll_up: The jobs that ingest, roll up and write drafts; None: nothing runs on a schedule.
        pricing_location: Where `price_book.toml` and `customers.csv` lie, `s3://bucket/prefix`; empty: `pricing/` in
            the lake's bucket.
        crawler_schedule: When a Glue crawler looks at the landing; empty: there is none, and none is needed.
        retention: How long what is kept.
        watch: When somebody is told.
        scan_limit_bytes: What one query of an analyst may read.
        account: The AWS account; empty: that of the credentials.
        region: The region; empty: that of the credentials.
    """

    name: str
    landing_bucket: str
    first_hour: str = "2026/01/01/00"
    protected: bool = True
    customer_key: bool = False
    object_lock_days: int | None = None
    billing_prefixes: tuple[str, ...] = (*EVENT_TYPES, "data-api")
    delivery: Delivery = Delivery.LOGS
    log_source_ip: bool = False
    request_bytes_from: str = ""
    api: Api | None = None
    attached: tuple[AttachedStage, ...] = ()
    gateway_account_role: bool = False
    writers: tuple[Writer, ...] = ()
    roll_up: RollUp | None = field(default_factory=RollUp)
    pricing_location: str = ""
    crawler_schedule: str = ""
    retention: Retention = field(default_factory=Retention)
    watch: Watch = field(default_factory=Watch)
    scan_limit_bytes: int = 10_000_000_000
    account: str = ""
    region: str = ""

    @property
    def lake_bucket(self) -> str:
        """Where the Iceberg tables lie."""
        return f"{self.landing_bucket}-lake"

    @property
    def results_bucket(self) -> str:
        """Where results of queries lie."""
        return f"{self.landing_bucket}-results"

    @property
    def access_logs_bucket(self) -> str:
        """Where S3 writes who touched the buckets."""
        return f"{self.landing_bucket}-access-logs"

    @property
    def landing_prefixes(self) -> tuple[str, ...]:
        """Every prefix of the landing bucket that holds lines."""
        return (ACCESS_LOG_FOLDER, *self.billing_prefixes)

    @property
    def places(self) -> LakePlaces:
        """Where everything is, as the Glue database says it to those who work on the lake."""
        lake = f"s3://{self.lake_bucket}"
        return LakePlaces(
            database=database_of(self.name),
            tables=f"{lake}/tables",
            landing=f"s3://{self.landing_bucket}",
            prefixes=self.landing_prefixes,
            first_hour=self.first_hour,
            workgroup=f"usage-{self.name}-pipeline",
            work=f"{lake}/work",
            pricing=self.pricing_location or f"{lake}/pricing",
            drafts=f"{lake}/drafts",
        )
