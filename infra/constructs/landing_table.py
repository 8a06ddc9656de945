"""A table over the raw lines of one landing prefix."""

from __future__ import annotations

from typing import TYPE_CHECKING

import aws_cdk as cdk
from aws_cdk import aws_glue as glue
from constructs import Construct

if TYPE_CHECKING:
    from aws_cdk import aws_s3 as s3

PARTITION = "dt_hour"
"""The hour of arrival, by the object's folders: a text such as `2026/01/31/23`, compared as a text."""

_TEXT_INPUT = "org.apache.hadoop.mapred.TextInputFormat"
_TEXT_OUTPUT = "org.apache.hadoop.hive.ql.io.HiveIgnoreKeyTextOutputFormat"
_LAZY_SIMPLE = "org.apache.hadoop.hive.serde2.lazy.LazySimpleSerDe"


def landing_table_name(prefix: str) -> str:
    """Name the table of a prefix.

    Example:
        >>> landing_table_name("data-api")
        'landing_data_api'
    """
    return f"landing_{prefix.replace('-', '_')}"


class LandingTable(Construct):
    """Raw lines, one column `line`, and partitions that are computed, never registered.

    A JSON SerDe would turn a bad line into NULLs or fail the whole query, so SQL parses the line. LazySimpleSerDe
    ends a column at ^A, which cannot stand in a JSON text. Partitions are hours: by the minute there would be
    44,640 a month, most of them empty. Outside the range there are no rows and no error.

    Args:
        scope: Where it belongs.
        construct_id: Its id there.
        database: The Glue database.
        bucket: The landing bucket.
        prefix: The prefix, without slashes.
        first_hour: The first hour that there can be, `yyyy/MM/dd/HH`.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        database: glue.IDatabase,
        bucket: s3.IBucket,
        prefix: str,
        first_hour: str,
    ) -> None:
        super().__init__(scope, construct_id)
        location = f"s3://{bucket.bucket_name}/{prefix}/"
        self.table = glue.CfnTable(
            self,
            "Table",
            catalog_id=cdk.Aws.ACCOUNT_ID,
            database_name=database.database_name,
            table_input=glue.CfnTable.TableInputProperty(
                name=landing_table_name(prefix),
                description=f"The lines that landed under {prefix}/, as they came. Compare {PARTITION} as a text.",
                table_type="EXTERNAL_TABLE",
                partition_keys=[glue.CfnTable.ColumnProperty(name=PARTITION, type="string")],
                parameters={
                    "EXTERNAL": "TRUE",
                    "projection.enabled": "true",
                    f"projection.{PARTITION}.type": "date",
                    f"projection.{PARTITION}.format": "yyyy/MM/dd/HH",
                    f"projection.{PARTITION}.range": f"{first_hour},NOW+1HOURS",
                    f"projection.{PARTITION}.interval": "1",
                    f"projection.{PARTITION}.interval.unit": "HOURS",
                    "storage.location.template": f"{location}${{{PARTITION}}}/",
                },
                storage_descriptor=glue.CfnTable.StorageDescriptorProperty(
                    location=location,
                    columns=[glue.CfnTable.ColumnProperty(name="line", type="string", comment="One line, whole.")],
                    input_format=_TEXT_INPUT,
                    output_format=_TEXT_OUTPUT,
                    serde_info=glue.CfnTable.SerdeInfoProperty(serialization_library=_LAZY_SIMPLE),
                ),
            ),
        )
