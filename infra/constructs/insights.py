"""Questions about the last minutes, which the lake does not know yet: CloudWatch Logs Insights."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from aws_cdk import aws_logs as logs
from constructs import Construct

if TYPE_CHECKING:
    from collections.abc import Mapping

QUERIES: Final[Mapping[str, str]] = {
    "requests-by-key": """\
stats count(*) as requests by apiKeyId, bin(5m) as at
| sort at desc, requests desc""",
    "refused-by-key": """\
filter status in ["401", "403", "429"]
| stats count(*) as refused by apiKeyId, status, errorType
| sort refused desc""",
    "errors-by-endpoint": """\
filter status like /^5/
| stats count(*) as errors by httpMethod, resourcePath, status
| sort errors desc""",
    "latency-by-endpoint": """\
filter responseLatency like /^[0-9]+$/
| stats pct(responseLatency, 50) as p50, pct(responseLatency, 95) as p95, pct(responseLatency, 99) as p99, \
count(*) as requests by httpMethod, resourcePath
| sort p95 desc""",
    "bytes-out-by-key": """\
filter responseLength like /^[0-9]+$/
| stats sum(responseLength) as bytes, count(*) as requests by apiKeyId
| sort bytes desc""",
    "requests-without-key": """\
filter apiKeyId = "-"
| stats count(*) as requests by apiId, stage, status, errorType
| sort requests desc""",
}
"""Saved queries by name; every value of a line is a text, and `-` is unknown."""


class InsightsQueries(Construct):
    """Saved queries over the access log's log group.

    Args:
        scope: Where it belongs.
        construct_id: Its id there.
        name: The folder that they are saved in.
        log_group: The access log.
    """

    def __init__(self, scope: Construct, construct_id: str, *, name: str, log_group: logs.ILogGroup) -> None:
        super().__init__(scope, construct_id)
        for query, text in QUERIES.items():
            logs.CfnQueryDefinition(
                self,
                f"Query-{query}",
                name=f"{name}/{query}",
                query_string=text,
                log_group_names=[log_group.log_group_name],
            )
