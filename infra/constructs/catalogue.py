"""The Glue database of one environment: a table per landing prefix, and the tables of the domain."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aws_cdk import aws_glue as glue
from constructs import Construct

from infra.constructs.iceberg_table import IcebergTable
from infra.constructs.landing_table import LandingTable
from usagelake.domain.schema import TABLES

if TYPE_CHECKING:
    import aws_cdk as cdk
    from aws_cdk import aws_s3 as s3

    from usagelake.domain.environment import LakePlaces


class Catalogue(Construct):
    """Database and tables. The database says where everything is: whoever works on the lake asks it, and nobody else.

    Args:
        scope: Where it belongs.
        construct_id: Its id there.
        places: What the database says of itself.
        landing: The bucket of raw lines.
        lake: The bucket of the tables.
        removal: What happens to the domain's tables when the stack goes; the others hold nothing.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        places: LakePlaces,
        landing: s3.IBucket,
        lake: s3.IBucket,
        removal: cdk.RemovalPolicy,
    ) -> None:
        super().__init__(scope, construct_id)
        self.database = glue.Database(self, "Database", database_name=places.database, location_uri=places.tables)
        # The L2 has no parameters; the resource has.
        self.database.node.default_child.add_property_override("DatabaseInput.Parameters", places.to_parameters())
        for prefix in places.prefixes:
            LandingTable(
                self,
                f"Lines-{prefix}",
                database=self.database,
                bucket=landing,
                prefix=prefix,
                first_hour=places.first_hour,
            )
        for table in TABLES.values():
            IcebergTable(self, f"Table-{table.name}", database=self.database, bucket=lake, table=table, removal=removal)
