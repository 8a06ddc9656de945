"""What the jobs may do, statement by statement: what their code does, and no more."""

from __future__ import annotations

from typing import TYPE_CHECKING

import aws_cdk as cdk
from aws_cdk import aws_iam as iam

from infra.constructs.landing_table import landing_table_name
from infra.constructs.workgroups import PIPELINE
from usagelake.domain.schema import TABLES

if TYPE_CHECKING:
    from collections.abc import Iterable

    from constructs import Construct

    from infra.constructs.usage_lake import UsageLake
    from usagelake.domain.environment import LakePlaces

LEASES = "leases"
"""The folder of the lake's bucket that says which run works on the lake."""

INVOICE_LINES = "invoice_lines"
"""The one table that the drafts' job writes."""

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
    """

    def __init__(self, scope: Construct, *, lake: UsageLake, places: LakePlaces) -> None:
        self._stack = cdk.Stack.of(scope)
        self._lake = lake
        self._places = places
        self._lake_bucket = self._arn(places.tables.rpartition("/")[0])

    def ingest(self) -> list[iam.PolicyStatement]:
        """Take in lines and roll them up: read the landing, change tables, hold the lease."""
        landing = self._arn(self._places.landing)
        prefixes = self._places.prefixes
        return [
            *self._engine(written=TABLES, folders=[self._places.tables]),
            _allow("ReadLines", _READ, [f"{landing}/{prefix}/*" for prefix in prefixes]),
            _list("ListLines", landing, [f"{prefix}/*" for prefix in prefixes]),
            *self._lease(),
        ]

    def drafts(self) -> list[iam.PolicyStatement]:
        """Price what is rolled up: read tables and prices, add invoice lines, put drafts that are not there."""
        drafts = self._arn(self._places.drafts)
        pricing = self._arn(self._places.pricing)
        bucket, _, folder = pricing.partition("/")
        return [
            *self._engine(written=(INVOICE_LINES,), folders=[f"{self._places.tables}/{INVOICE_LINES}"]),
            _allow("ReadPrices", _READ, [f"{pricing}/*"]),
            _list("FindPrices", bucket, [f"{folder}/*"]),
            _allow("ReadDrafts", _READ, [f"{drafts}/*"]),
            _list("FindDrafts", self._lake_bucket, [f"{drafts.partition('/')[2]}/*"]),
            _allow("PutNewDrafts", ("s3:PutObject",), [f"{drafts}/*"], {"Null": {"s3:if-none-match": "false"}}),
        ]

    def _engine(self, *, written: Iterable[str], folders: Iterable[str]) -> list[iam.PolicyStatement]:
        """Run statements in the pipeline's workgroup on tables of this database."""
        tables, work = self._arn(self._places.tables), self._arn(self._places.work)
        group = self._stack.format_arn(service="athena", resource="workgroup", resource_name=self._places.workgroup)
        statements = [
            _allow(
                "RunStatements",
                (
                    "athena:GetQueryExecution",
                    "athena:GetQueryResults",
                    "athena:GetWorkGroup",
                    "athena:StartQueryExecution",
                    "athena:StopQueryExecution",
                ),
                [group],
            ),
            *self._catalogue(set(written)),
            _allow("ReadTables", _READ, [f"{tables}/*"]),
            _allow("WriteTables", _WRITE, [f"{self._arn(folder)}/*" for folder in folders]),
            _allow("UseWork", _WRITE, [f"{work}/*"]),
            _list("ListTablesAndWork", self._lake_bucket, [f"{each.partition('/')[2]}/*" for each in (tables, work)]),
            _allow("FindLake", ("s3:GetBucketLocation",), [self._lake_bucket]),
            *self._lake.results_statements(PIPELINE),
        ]
        if self._lake.key is not None:
            statements.append(_allow("Decrypt", ("kms:Decrypt",), [self._lake.key.key_arn]))
        return statements

    def _catalogue(self, written: set[str]) -> list[iam.PolicyStatement]:
        """Read the catalogue, commit to the tables that are written, and make and drop what a run works with."""
        lines = landing_table_name("*")
        return [
            _allow(
                "ReadCatalogue",
                ("glue:GetDatabase", "glue:GetPartition", "glue:GetPartitions", "glue:GetTable", "glue:GetTables"),
                self._tables("*"),
            ),
            _allow("WorkWithTables", ("glue:CreateTable", "glue:DeleteTable", "glue:UpdateTable"), self._tables("*")),
            _deny("DropNoTable", ("glue:DeleteTable",), self._tables(*TABLES, INVOICE_LINES, lines)[2:]),
            _deny(
                "ChangeNoOtherTable",
                ("glue:UpdateTable",),
                self._tables(*(name for name in (*TABLES, lines) if name not in written))[2:],
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
                for name in dict.fromkeys(names)
            ),
        ]

    def _lease(self) -> list[iam.PolicyStatement]:
        """Take and renew the lease, never over somebody else's: a put without a condition is not allowed."""
        leases = [f"{self._lake_bucket}/{LEASES}/*"]
        return [
            _allow("ReadLease", _READ, leases),
            _list("FindLease", self._lake_bucket, [f"{LEASES}/*"]),
            _allow("TakeLease", ("s3:PutObject",), leases, {"Null": {"s3:if-none-match": "false"}}),
            _allow("RenewLease", ("s3:PutObject",), leases, {"Null": {"s3:if-match": "false"}}),
        ]

    @staticmethod
    def _arn(place: str) -> str:
        """`s3://bucket/folder` as an ARN, by the bucket's name: a policy that can be read."""
        return f"arn:{cdk.Aws.PARTITION}:s3:::{place.removeprefix('s3://')}"


def _allow(
    sid: str, actions: Iterable[str], resources: Iterable[str], conditions: dict[str, object] | None = None
) -> iam.PolicyStatement:
    return iam.PolicyStatement(sid=sid, actions=[*actions], resources=[*resources], conditions=conditions)


def _deny(sid: str, actions: Iterable[str], resources: Iterable[str]) -> iam.PolicyStatement:
    return iam.PolicyStatement(sid=sid, effect=iam.Effect.DENY, actions=[*actions], resources=[*resources])


def _list(sid: str, bucket: str, prefixes: Iterable[str]) -> iam.PolicyStatement:
    return _allow(sid, ("s3:ListBucket",), [bucket], {"StringLike": {"s3:prefix": [*prefixes]}})
