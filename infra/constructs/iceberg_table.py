"""A table of the lake, with the columns that the domain's schema gives it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import aws_cdk as cdk
from aws_cdk import aws_glue as glue
from constructs import Construct

from usagelake.domain.schema import ColumnType

if TYPE_CHECKING:
    from collections.abc import Mapping

    from aws_cdk import aws_s3 as s3

    from usagelake.domain.schema import Table

ICEBERG_TYPES: Final[Mapping[ColumnType, str]] = {
    ColumnType.VARCHAR: "string",
    ColumnType.BIGINT: "long",
    ColumnType.INTEGER: "int",
    ColumnType.TIMESTAMP: "timestamp",
    ColumnType.DATE: "date",
    ColumnType.WHOLE_NUMBER: "decimal(38,0)",
    ColumnType.MONEY: "decimal(38,4)",
}
"""The portable types, as Iceberg's specification spells them."""

FORMAT_VERSION = "2"
"""The one that MERGE and DELETE write."""


class IcebergTable(Construct):
    """An Iceberg table: the only kind whose MERGE is atomic.

    No column is required: Athena's own DDL makes none, and what must not be NULL the audits look for. It is not
    partitioned: see `usagelake.engines.iceberg_ddl`, which makes the same table where this app has not.

    Args:
        scope: Where it belongs.
        construct_id: Its id there.
        database: The Glue database.
        bucket: The lake's bucket.
        table: The table, as the domain has it.
        removal: What happens to it when its stack goes.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        database: glue.IDatabase,
        bucket: s3.IBucket,
        table: Table,
        removal: cdk.RemovalPolicy,
    ) -> None:
        super().__init__(scope, construct_id)
        fields = [
            glue.CfnTable.IcebergStructFieldProperty(
                id=number, name=column.name, type=ICEBERG_TYPES[column.type], required=False, doc=column.doc
            )
            for number, column in enumerate(table.columns, start=1)
        ]
        self.table = glue.CfnTable(
            self,
            "Table",
            catalog_id=cdk.Aws.ACCOUNT_ID,
            database_name=database.database_name,
            name=table.name,
            open_table_format_input=glue.CfnTable.OpenTableFormatInputProperty(
                iceberg_input=glue.CfnTable.IcebergInputProperty(
                    metadata_operation="CREATE",
                    version=FORMAT_VERSION,
                    iceberg_table_input=glue.CfnTable.IcebergTableInputProperty(
                        location=f"s3://{bucket.bucket_name}/tables/{table.name}",
                        schema=glue.CfnTable.IcebergSchemaProperty(type="struct", schema_id=0, fields=fields),
                    ),
                )
            ),
        )
        self.table.apply_removal_policy(removal)
