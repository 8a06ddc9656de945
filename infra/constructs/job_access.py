"""What the jobs may do, statement by statement: what their code does, and no more."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import aws_cdk as cdk
from aws_cdk import aws_iam as iam

from infra.constructs.workgroups import PIPELINE

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from constructs import Construct

    from infra.constructs.usage_lake import UsageLake
    from usagelake.domain.environment import LakePlaces

INGEST_WRITES: Final = (
    "api_requests",
    "billing_events",
    "quarantine",
    "ingested_objects",
    "usage_hourly",
    "stale_hours",
    "rolled_meters",
)
"""The tables that ingest and roll-up change."""

DRAFTS_WRITE: Final = ("customers", "invoice_lines")
"""The tables that the drafts' job changes."""

WORK_TABLES: Final = "work_*"
"""What a run makes for itself, and drops."""

_READ = ("s3:GetObject",)
_WRITE = (
    "s3:AbortMultipartUpload",
    "s3:DeleteObject",
    "s3:GetObject",
    "s3:ListMultipartUploadParts",
    "s3:PutObject",
)


class JobAccess:
    """The statements of the jobs' roles.

    Args:
        scope: Whose stack's account and region are meant.
        lake: The lake.
        places: Where everything is.
        views: The views' names, which whoever opens the lake makes when they are missing or old.
    """

    def __init__(self, scope: Construct, *, lake: UsageLake, places: LakePlaces, views: Sequence[str]) -> None:
        self._stack = cdk.Stack.of(scope)
        self._lake = lake
        self._places = places
        self._views = views
        self._lake_bucket = _arn(places.tables.rpartition("/")[0])

    def ingest(self) -> list[iam.PolicyStatement]:
        """Take in lines and roll them up. A sweep lists every prefix there is; lines are read from the known ones."""
        landing = _arn(self._places.landing)
        return [
            *self._engine(INGEST_WRITES),
            _allow("ReadLines", _READ, [f"{landing}/{prefix}/*" for prefix in self._places.prefixes]),
            _allow("ListLines", ("s3:ListBucket",), [landing]),
        ]

    def drafts(self) -> list[iam.PolicyStatement]:
        """Price what is rolled up: read tables and prices, add invoice lines, put drafts that are not there."""
        drafts, pricing = _arn(self._places.drafts), _arn(self._places.pricing)
        return [
            *self._engine(DRAFTS_WRITE),
            _allow("ReadPrices", _READ, [f"{pricing}/*"]),
            _list("FindPrices", pricing),
            _allow("ReadDrafts", _READ, [f"{drafts}/*"]),
            _list("FindDrafts", drafts),
            _allow("PutNewDrafts", ("s3:PutObject",), [f"{drafts}/*"], {"Null": {"s3:if-none-match": "false"}}),
        ]

    def _engine(self, written: Sequence[str]) -> list[iam.PolicyStatement]:
        """Run statements in the pipeline's workgroup on tables of this database, one run at a time."""
        tables, work = _arn(self._places.tables), _arn(self._places.work)
        statements = [
            self._statements(),
            *self._catalogue(written),
            _allow("ReadTables", _READ, [f"{tables}/*"]),
            _allow("WriteTables", _WRITE, [f"{tables}/{name}/*" for name in written]),
            _list("ListTables", tables),
            _allow("UseWork", _WRITE, [f"{work}/*"]),
            _list("ListWork", work),
            _allow("FindLake", ("s3:GetBucketLocation",), [self._lake_bucket]),
            *self._lake.results_statements(PIPELINE),
            *_lease_is_put_once(f"{work}/leases/*"),
        ]
        if self._lake.key is not None:
            statements.append(_allow("Decrypt", ("kms:Decrypt",), [self._lake.key.key_arn]))
        return statements

    def _statements(self) -> iam.PolicyStatement:
        """Start, wait for and stop statements; those too that a killed run has left running."""
        group = self._stack.format_arn(service="athena", resource="workgroup", resource_name=self._places.workgroup)
        return _allow(
            "RunStatements",
            (
                "athena:BatchGetQueryExecution",
                "athena:GetQueryExecution",
                "athena:GetQueryResults",
                "athena:GetWorkGroup",
                "athena:ListQueryExecutions",
                "athena:StartQueryExecution",
                "athena:StopQueryExecution",
            ),
            [group],
        )

    def _catalogue(self, written: Iterable[str]) -> list[iam.PolicyStatement]:
        """Read the catalogue, commit to the tables that are written, make views, make and drop tables of one's own."""
        return [
            _allow(
                "ReadCatalogue",
                ("glue:GetDatabase", "glue:GetPartition", "glue:GetPartitions", "glue:GetTable", "glue:GetTables"),
                self._tables("*"),
            ),
            _allow("Commit", ("glue:UpdateTable",), self._tables(*written)),
            _allow("MakeViews", ("glue:CreateTable", "glue:UpdateTable"), self._tables(*self._views)),
            _allow(
                "MakeAndDropOwnTables",
                ("glue:BatchDeleteTable", "glue:CreateTable", "glue:DeleteTable", "glue:UpdateTable"),
                self._tables(WORK_TABLES),
            ),
        ]

    def _tables(self, *names: str) -> list[str]:
        """The ARNs that Glue asks for: the catalogue, the database, and tables of it."""
        database = self._places.database
        return [
            self._stack.format_arn(service="glue", resource="catalog"),
            self._stack.format_arn(service="glue", resource="database", resource_name=database),
            *(
                self._stack.format_arn(service="glue", resource="table", resource_name=f"{database}/{name}")
                for name in names
            ),
        ]


def _lease_is_put_once(objects: str) -> list[iam.PolicyStatement]:
    """Nobody takes a lease over somebody else's, or away."""
    unconditional = {"Null": {"s3:if-none-match": "true"}}
    return [
        _deny("LeaseIsPutOnce", ("s3:PutObject",), [objects], unconditional),
        _deny("LeaseStays", ("s3:DeleteObject",), [objects]),
    ]


def _arn(place: str) -> str:
    """`s3://bucket/folder` as an ARN, by the bucket's name: a policy that can be read."""
    return f"arn:{cdk.Aws.PARTITION}:s3:::{place.removeprefix('s3://')}"


def _allow(
    sid: str, actions: Iterable[str], resources: Iterable[str], conditions: Mapping[str, object] | None = None
) -> iam.PolicyStatement:
    return iam.PolicyStatement(sid=sid, actions=[*actions], resources=[*resources], conditions=conditions)


def _deny(
    sid: str, actions: Iterable[str], resources: Iterable[str], conditions: Mapping[str, object] | None = None
) -> iam.PolicyStatement:
    return iam.PolicyStatement(
        sid=sid, effect=iam.Effect.DENY, actions=[*actions], resources=[*resources], conditions=conditions
    )


def _list(sid: str, folder: str) -> iam.PolicyStatement:
    """List below one folder."""
    bucket, _, prefix = folder.partition("/")
    return _allow(sid, ("s3:ListBucket",), [bucket], {"StringLike": {"s3:prefix": [f"{prefix}/*"]}})
