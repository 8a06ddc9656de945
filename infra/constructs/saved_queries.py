"""Every SQL file as a saved query, and those with parameters as prepared statements too."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aws_cdk import aws_athena as athena
from constructs import Construct

from infra.constructs.saved_query_text import PREPARED_KINDS, description, prepared_text, saved_text

if TYPE_CHECKING:
    from usagelake.engines.query_library import QueryLibrary


class SavedQueries(Construct):
    """The query library in Athena: what people run in the analysts' workgroup, the rest in the pipeline's.

    Args:
        scope: Where it belongs.
        construct_id: Its id there.
        queries: The library.
        database: The database that queries run in.
        analysts: The workgroup of people.
        pipeline: The workgroup of the pipeline.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        queries: QueryLibrary,
        database: str,
        analysts: athena.CfnWorkGroup,
        pipeline: athena.CfnWorkGroup,
    ) -> None:
        super().__init__(scope, construct_id)
        for file in queries.all():
            group = analysts if file.kind in PREPARED_KINDS or file.kind == "views" else pipeline
            named = athena.CfnNamedQuery(
                self,
                f"Query-{file.kind}-{file.name}",
                name=f"{file.kind}/{file.name}",
                description=description(file),
                database=database,
                work_group=group.name,
                query_string=saved_text(file),
            )
            named.add_resource_dependency(group)
            prepared = prepared_text(file)
            if prepared is not None:
                statement = athena.CfnPreparedStatement(
                    self,
                    f"Statement-{file.kind}-{file.name}",
                    statement_name=f"{file.kind}_{file.name}",
                    description=description(file, prepared.parameters),
                    work_group=group.name,
                    query_statement=prepared.sql,
                )
                statement.add_resource_dependency(group)
