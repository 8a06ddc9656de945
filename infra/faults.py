"""What is wrong with an environment's configuration: one line per fault, which says what to change."""

from __future__ import annotations

import re
from collections import Counter
from datetime import datetime
from typing import TYPE_CHECKING

from infra.roll_up_faults import roll_up_faults
from infra.settings import Producer
from usagelake.domain.landing import ACCESS_LOG_FOLDER

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from infra.settings import Api, AttachedStage, Environment, Plan, Writer

LOG_RETENTION_DAYS = (
    *(1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653),
)
"""The figures that CloudWatch Logs takes (API reference, PutRetentionPolicy)."""

LEAST_SCAN_LIMIT = 10_000_000
"""What Athena takes at least (API reference, WorkGroupConfiguration)."""

_ENVIRONMENT = re.compile(r"[a-z][a-z0-9]{0,15}")
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9-]{0,31}")
_PREFIX = re.compile(r"[a-z][a-z0-9_-]{0,99}")
_BUCKET = re.compile(r"[a-z0-9][a-z0-9-]*[a-z0-9]")
_RESERVED_STARTS = ("xn--", "sthree-", "amzn-s3-demo-")
_RESERVED_ENDS = ("-s3alias", "--ol-s3", "--x-s3", "--table-s3")
_LEAST_BUCKET_NAME = 3
_LONGEST_BUCKET_NAME = 63 - len("-access-logs")
_API_ID = re.compile(r"[a-z0-9]{5,20}")
_STAGE = re.compile(r"[A-Za-z0-9_-]{1,128}")
_ROUTE = re.compile(r"(GET|POST|PUT|PATCH|DELETE|HEAD|OPTIONS|ANY) (/|(/([A-Za-z0-9._-]+|\{[A-Za-z0-9_]+\+?\}))+)")
_ISSUER = re.compile(r"[a-z0-9.-]+\.[a-z]+(/[A-Za-z0-9._/-]*)?")
_ROLE_ARN = re.compile(r"arn:aws[a-z-]*:iam::[0-9]{12}:role/.+")
_LONGEST_SILENCE = 720  # minutes: an alarm looks at two such spans, and at a day at most
_CONTEXT_VARIABLE = re.compile(r"\$context\.authorizer\.[A-Za-z0-9_]+")


def faults_of(environment: Environment) -> list[str]:
    """Judge an environment.

    Args:
        environment: What is judged; nothing is asked of AWS.

    Returns:
        Every fault, beginning with the environment's name; none when it can be deployed.
    """
    found = [
        *_names(environment),
        *_bucket_name(environment.landing_bucket),
        *_retention(environment),
        *_landing(environment),
        *(_api(environment.api) if environment.api is not None else ()),
        *(fault for stage in environment.attached for fault in _attached(stage)),
        *(fault for writer in environment.writers for fault in _writer(writer, environment)),
        *_limits(environment),
        *roll_up_faults(environment),
    ]
    return [f"{environment.name}: {fault}" for fault in found]


def _names(environment: Environment) -> Iterator[str]:
    if not _ENVIRONMENT.fullmatch(environment.name):
        yield f"an environment's name is up to 16 lower-case letters and digits, not {environment.name!r}"
    yield from _twice("writer", (writer.name for writer in environment.writers))
    yield from _twice("attached stage", (f"{each.api_id}/{each.stage}" for each in environment.attached))


def _bucket_name(name: str) -> Iterator[str]:
    if "." in name:
        yield f"landing_bucket {name!r}: S3's certificate does not cover names with a dot; use a hyphen"
    elif not _BUCKET.fullmatch(name):
        yield f"landing_bucket {name!r}: a bucket's name is lower-case letters, digits and hyphens between them"
    if not _LEAST_BUCKET_NAME <= len(name) <= _LONGEST_BUCKET_NAME:
        yield (
            f"landing_bucket {name!r} has {len(name)} characters: give it {_LEAST_BUCKET_NAME} to "
            f"{_LONGEST_BUCKET_NAME}, for S3 takes 63 and the other buckets' names are this one's and -access-logs"
        )
    if name.startswith(_RESERVED_STARTS) or name.endswith(_RESERVED_ENDS):
        yield f"landing_bucket {name!r}: S3 keeps such names for itself; choose another"


def _retention(environment: Environment) -> Iterator[str]:
    kept = environment.retention
    window = kept.invoice_window
    if window < 1:
        yield f"retention.invoice_window is {window} days: give it at least 1"
    for name in ("landing", "logs", "errors"):
        days = getattr(kept, name)
        if days < window:
            yield f"retention.{name} is {days} days, shorter than the invoice window of {window}: raise it"
    if kept.logs not in LOG_RETENTION_DAYS:
        yield f"retention.logs is {kept.logs} days, which CloudWatch does not offer: take one of {LOG_RETENTION_DAYS}"
    if kept.archive_after is not None and not window <= kept.archive_after < kept.landing:
        yield (
            f"retention.archive_after is {kept.archive_after} days: it must lie between the invoice window ({window}), "
            f"while which objects are read, and the end of the landing ({kept.landing})"
        )
    for name in ("results", "access_logs"):
        if getattr(kept, name) < 1:
            yield f"retention.{name} is {getattr(kept, name)} days: give it at least 1"
    lock = environment.object_lock_days
    if lock is not None and not 1 <= lock <= kept.landing:
        yield f"object_lock_days is {lock}: a lock lasts 1 day to retention.landing ({kept.landing})"


def _landing(environment: Environment) -> Iterator[str]:
    for prefix in environment.billing_prefixes:
        if prefix == ACCESS_LOG_FOLDER:
            yield f"billing_prefixes: {prefix} is Firehose's own; leave it out"
        elif not _PREFIX.fullmatch(prefix):
            yield f"billing_prefixes: {prefix!r} is no prefix: lower-case letters, digits, _ and -, a letter first"
    yield from _twice("the table of prefix", (prefix.replace("-", "_") for prefix in environment.billing_prefixes))
    try:
        sound = datetime.strptime(environment.first_hour, "%Y/%m/%d/%H").strftime("%Y/%m/%d/%H")  # noqa: DTZ007 — a text that is compared, not an instant
    except ValueError:
        sound = None
    if sound != environment.first_hour:
        yield f"first_hour {environment.first_hour!r} is no hour: write yyyy/MM/dd/HH, such as 2026/01/01/00"
    variable = environment.request_bytes_from
    if variable and not _CONTEXT_VARIABLE.fullmatch(variable):
        yield f"request_bytes_from {variable!r} is no authorizer's variable, such as $context.authorizer.requestBytes"


def _api(api: Api) -> Iterator[str]:
    if not re.fullmatch(r"https://[^\s/]+(/[^\s]*[^\s/])?", api.backend_url):
        yield f"api.backend_url {api.backend_url!r}: write https://host or https://host/path, with no slash at its end"
    if not _STAGE.fullmatch(api.stage):
        yield f"api.stage {api.stage!r}: a stage's name is letters, digits, _ and -"
    if not api.routes:
        yield "api.routes is empty: an API needs at least one"
    yield from (f"api.routes: {route!r} is no `METHOD /path`" for route in api.routes if not _ROUTE.fullmatch(route))
    yield from _twice("api.routes:", api.routes)
    yield from _twice("plan", (plan.name for plan in api.plans))
    yield from _twice("API key", (key for plan in api.plans for key in plan.keys))
    for plan in api.plans:
        yield from _plan(plan)


def _plan(plan: Plan) -> Iterator[str]:
    if not _NAME.fullmatch(plan.name):
        yield f"plan {plan.name!r}: a name is letters, digits and hyphens"
    for name in ("requests_per_second", "burst", "monthly_quota"):
        value = getattr(plan, name)
        if value is not None and value < 1:
            yield f"plan {plan.name}: {name} is {value}: give it at least 1"


def _attached(stage: AttachedStage) -> Iterator[str]:
    if not stage.api_id:
        yield f"attached stage {stage.stage!r} has no api_id: name the REST API it belongs to"
    elif not _API_ID.fullmatch(stage.api_id):
        yield f"attached stage {stage.stage!r}: {stage.api_id!r} is no id of a REST API"
    if not _STAGE.fullmatch(stage.stage):
        yield f"attached API {stage.api_id}: {stage.stage!r} is no stage's name"
    if not stage.api_name:
        yield f"attached API {stage.api_id} has no api_name: CloudWatch counts its requests under it"


def _writer(writer: Writer, environment: Environment) -> Iterator[str]:
    if not _NAME.fullmatch(writer.name):
        yield f"writer {writer.name!r}: a name is letters, digits and hyphens"
    if not writer.subject:
        yield f"writer {writer.name} has no subject: anybody of that issuer could write; name who may"
    elif "*" in writer.subject or "?" in writer.subject:
        yield f"writer {writer.name}: subject {writer.subject!r} is a pattern; name one"
    yield from _writer_proof(writer)
    if not writer.prefixes:
        yield f"writer {writer.name} has no prefixes: name what it writes"
    for prefix in writer.prefixes:
        if prefix == ACCESS_LOG_FOLDER:
            yield f"writer {writer.name}: prefix {prefix} is Firehose's own; write elsewhere"
        elif prefix not in environment.billing_prefixes:
            yield f"writer {writer.name}: prefix {prefix!r} stands not in billing_prefixes; add it there"


def _writer_proof(writer: Writer) -> Iterator[str]:
    if writer.producer is Producer.ACCOUNT:
        if writer.subject and not _ROLE_ARN.fullmatch(writer.subject):
            yield f"writer {writer.name}: subject {writer.subject!r} is not the ARN of a role"
    elif not writer.audience:
        yield f"writer {writer.name} has no audience: a token made for another service could write; name whom it is for"
    if writer.producer in (Producer.EKS, Producer.AZURE) and not _ISSUER.fullmatch(writer.issuer):
        yield f"writer {writer.name}: issuer {writer.issuer!r} is no OIDC issuer: write host/path without https://"


def _limits(environment: Environment) -> Iterator[str]:
    if environment.scan_limit_bytes < LEAST_SCAN_LIMIT:
        yield f"scan_limit_bytes is {environment.scan_limit_bytes}: Athena takes no less than {LEAST_SCAN_LIMIT}"
    watch = environment.watch
    for name in ("freshness_seconds", "silent_minutes", "spool_bytes", "monthly_budget_usd"):
        if getattr(watch, name) < 1:
            yield f"watch.{name} is {getattr(watch, name)}: give it at least 1"
    if watch.silent_minutes % 5 or watch.silent_minutes > _LONGEST_SILENCE:
        yield f"watch.silent_minutes is {watch.silent_minutes}: give it a multiple of 5, at most {_LONGEST_SILENCE}"


def _twice(what: str, names: Iterable[str]) -> Iterator[str]:
    yield from (f"{what} {name} stands twice: keep one" for name, times in Counter(names).items() if times > 1)
