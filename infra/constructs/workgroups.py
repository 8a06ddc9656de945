"""Where queries run: a workgroup for people, and one for the pipeline."""

from __future__ import annotations

from typing import TYPE_CHECKING

import aws_cdk as cdk
from aws_cdk import aws_athena as athena
from aws_cdk import aws_iam as iam
from constructs import Construct

from infra.constructs.acknowledge import acknowledge_stars

if TYPE_CHECKING:
    from infra.constructs.usage_lake import UsageLake

ENGINE = "Athena engine version 3"
"""The one whose dialect the queries are written in."""

ANALYSTS = "analysts"
PIPELINE = "pipeline"


class Workgroups(Construct):
    """Two workgroups whose settings no client overrides.

    Args:
        scope: Where it belongs.
        construct_id: Its id there.
        name: `usage-<env>`: the workgroups are `<name>-analysts` and `<name>-pipeline`.
        lake: What is queried.
        scan_limit_bytes: What one query of an analyst may read.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        name: str,
        lake: UsageLake,
        scan_limit_bytes: int,
    ) -> None:
        super().__init__(scope, construct_id)
        self._lake = lake
        self.analysts = self._workgroup(
            ANALYSTS, name, "People: what a query may read is limited.", scan_limit_bytes=scan_limit_bytes
        )
        self.pipeline = self._workgroup(PIPELINE, name, "Ingest and roll-up: nobody runs queries by hand here.")

    def analyst_policy(self, *, name: str, prefixes: tuple[str, ...]) -> iam.ManagedPolicy:
        """Make the policy that lets people query in their workgroup, and nothing else.

        Args:
            name: The policy's name.
            prefixes: The landing prefixes whose raw lines they may read.
        """
        place = cdk.Stack.of(self)
        group = place.format_arn(service="athena", resource="workgroup", resource_name=self.analysts.name)
        catalogue = place.format_arn(service="athena", resource="datacatalog", resource_name="AwsDataCatalog")
        statements = [
            iam.PolicyStatement(
                sid="Query",
                actions=[
                    "athena:BatchGetNamedQuery",
                    "athena:BatchGetQueryExecution",
                    "athena:GetNamedQuery",
                    "athena:GetPreparedStatement",
                    "athena:GetQueryExecution",
                    "athena:GetQueryResults",
                    "athena:GetWorkGroup",
                    "athena:ListNamedQueries",
                    "athena:ListPreparedStatements",
                    "athena:ListQueryExecutions",
                    "athena:StartQueryExecution",
                    "athena:StopQueryExecution",
                ],
                resources=[group],
            ),
            iam.PolicyStatement(
                sid="Browse",
                actions=[
                    "athena:GetDatabase",
                    "athena:GetDataCatalog",
                    "athena:GetTableMetadata",
                    "athena:ListDatabases",
                    "athena:ListTableMetadata",
                ],
                resources=[catalogue],
            ),
            *self._lake.results_statements(ANALYSTS),
            *self._lake.read_statements(prefixes=prefixes),
        ]
        policy = iam.ManagedPolicy(
            self,
            "AnalystPolicy",
            managed_policy_name=name,
            description="Query the usage tables in the analysts' workgroup",
            statements=statements,
        )
        acknowledge_stars(
            policy,
            "The stars are below one database, one folder of results, and prefixes of lines.",
            [resource for statement in statements for resource in statement.resources],
        )
        return policy

    def _workgroup(
        self, who: str, name: str, description: str, *, scan_limit_bytes: int | None = None
    ) -> athena.CfnWorkGroup:
        key = self._lake.key
        encryption = athena.CfnWorkGroup.EncryptionConfigurationProperty(
            encryption_option="SSE_S3" if key is None else "SSE_KMS", kms_key=None if key is None else key.key_arn
        )
        return athena.CfnWorkGroup(
            self,
            who.capitalize(),
            name=f"{name}-{who}",
            description=description,
            recursive_delete_option=False,
            work_group_configuration=athena.CfnWorkGroup.WorkGroupConfigurationProperty(
                enforce_work_group_configuration=True,
                publish_cloud_watch_metrics_enabled=True,
                requester_pays_enabled=False,
                bytes_scanned_cutoff_per_query=scan_limit_bytes,
                engine_version=athena.CfnWorkGroup.EngineVersionProperty(selected_engine_version=ENGINE),
                result_configuration=athena.CfnWorkGroup.ResultConfigurationProperty(
                    output_location=f"s3://{self._lake.results.bucket_name}/{who}/",
                    encryption_configuration=encryption,
                    expected_bucket_owner=cdk.Stack.of(self).account,
                ),
            ),
        )
