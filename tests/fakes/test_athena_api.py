"""The local Athena's API: executions, tokens, pages, workgroups, and each fault."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from tests.fakes.athena import Fault

if TYPE_CHECKING:
    from tests.fakes.conftest import Client

TOKEN = "usagelake-hourly-2026-01-01T00-attempt-1"  # noqa: S105 - it names a request, and opens nothing
OTHER = "usagelake-hourly-2026-01-01T01-attempt-1"


def code(error: pytest.ExceptionInfo[ClientError]) -> str:
    return error.value.response["Error"]["Code"]


def make_table(client: Client, name: str = "t") -> None:
    client.run(
        f"CREATE TABLE IF NOT EXISTS `usage_test`.`{name}` (`id` string COMMENT 'it''s', `n` bigint) "
        f"LOCATION 's3://lake/tables/{name}/' TBLPROPERTIES ('table_type' = 'ICEBERG', 'format' = 'parquet')"
    )


def test_execution_tells_what_athena_tells(client: Client) -> None:
    """State, times, statistics, place of the result, workgroup and engine are where clients look for them."""
    execution = client.end(client.start("SELECT 1 AS one"))
    assert execution["Status"]["State"] == "SUCCEEDED"
    assert execution["Status"]["SubmissionDateTime"] <= execution["Status"]["CompletionDateTime"]
    assert execution["StatementType"] == "DML"
    assert execution["WorkGroup"] == "usage-test-pipeline"
    assert execution["Statistics"]["DataScannedInBytes"] == 0
    assert execution["EngineVersion"]["EffectiveEngineVersion"] == "Athena engine version 3"
    assert execution["ResultConfiguration"]["OutputLocation"] == (
        f"s3://lake/results/{execution['QueryExecutionId']}.csv"
    )
    body = client.s3.get_object(Bucket="lake", Key=f"results/{execution['QueryExecutionId']}.csv")["Body"].read()
    assert body == b'"one"\n"1"\n'


def test_failed_execution_tells_why(client: Client) -> None:
    """A statement that Athena does not run is FAILED with a reason, and its results are refused."""
    execution = client.start("SELECT nope FROM (SELECT 1 AS one) AS t")
    status = client.end(execution)["Status"]
    assert status["StateChangeReason"].startswith("COLUMN_NOT_FOUND: line 1:")
    assert status["AthenaError"]["ErrorCategory"] == 2
    assert status["AthenaError"]["Retryable"] is False
    with pytest.raises(ClientError, match="did not finish successfully") as error:
        client.athena.get_query_results(QueryExecutionId=execution)
    assert code(error) == "InvalidRequestException"


def test_same_token_joins(client: Client) -> None:
    """The same token and text give the same execution, also from another client and after it has ended."""
    make_table(client)
    first = client.start("INSERT INTO t VALUES ('a', 1)", ClientRequestToken=TOKEN)
    again = boto3.client("athena").start_query_execution(
        QueryString="INSERT INTO t VALUES ('a', 1)",
        ClientRequestToken=TOKEN,
        WorkGroup="usage-test-pipeline",
        QueryExecutionContext={"Database": "usage_test"},
    )["QueryExecutionId"]
    client.end(first)
    assert first == again == client.start("INSERT INTO t VALUES ('a', 1)", ClientRequestToken=TOKEN)
    assert client.run("SELECT count(*) AS k FROM t") == [["1"]]
    assert client.start("INSERT INTO t VALUES ('a', 1)", ClientRequestToken=OTHER) != first


def test_token_of_failed_execution_gives_the_failed_one(client: Client) -> None:
    """A token is spent, whatever came of it."""
    client.local.fail_with(Fault("fail", reason="GENERIC_INTERNAL_ERROR: lost a worker", category=1))
    first = client.start("SELECT 1 AS one", ClientRequestToken=TOKEN)
    assert client.end(first)["Status"]["State"] == "FAILED"
    assert client.start("SELECT 1 AS one", ClientRequestToken=TOKEN) == first


def test_token_with_other_text_is_refused(client: Client) -> None:
    """A token stands for one request: another text or other parameters do not join it."""
    client.start("SELECT 1 AS one", ClientRequestToken=TOKEN)
    with pytest.raises(ClientError, match="Idempotent parameters do not match") as error:
        client.start("SELECT 2 AS two", ClientRequestToken=TOKEN)
    assert code(error) == "InvalidRequestException"


def test_token_has_32_to_128_characters(client: Client) -> None:
    """Both ends are taken, what is beyond them is refused."""
    for length in (32, 128):
        client.end(client.start("SELECT 1 AS one", ClientRequestToken="t" * length))
    with pytest.raises(ClientError, match="less than or equal to 128"):
        client.start("SELECT 1 AS one", ClientRequestToken="t" * 129)
    raw = boto3.client("athena", config=Config(parameter_validation=False))
    with pytest.raises(ClientError, match="greater than or equal to 32"):
        raw.start_query_execution(QueryString="SELECT 1 AS one", ClientRequestToken="t" * 31)


def test_text_has_at_most_262144_bytes(client: Client) -> None:
    """The longest text runs, one byte more is refused."""
    text = "SELECT 1 AS one -- "
    client.run(text + "x" * (262_144 - len(text)))
    with pytest.raises(ClientError, match="262144"):
        client.start(text + "x" * (262_145 - len(text)))


def test_results_come_in_pages(client: Client) -> None:
    """2,500 rows are three pages: the header counts as a row of the first, and no row is lost between two."""
    execution = client.start("SELECT n FROM UNNEST(sequence(1, 2500)) AS t (n) ORDER BY n")
    client.end(execution)
    pages, token = [], None
    while True:
        told = {"NextToken": token} if token else {}
        page = client.athena.get_query_results(QueryExecutionId=execution, MaxResults=1000, **told)
        pages.append([row["Data"][0]["VarCharValue"] for row in page["ResultSet"]["Rows"]])
        token = page.get("NextToken")
        if token is None:
            break
    assert [len(page) for page in pages] == [1000, 1000, 501]
    assert [value for page in pages for value in page] == ["n", *map(str, range(1, 2501))]
    with pytest.raises(ClientError, match="MaxResults"):
        client.athena.get_query_results(QueryExecutionId=execution, MaxResults=1001)
    with pytest.raises(ClientError, match="Invalid NextToken"):
        client.athena.get_query_results(QueryExecutionId=execution, NextToken="bm90aGluZw==")


@pytest.mark.parametrize(("rows", "pages"), [(998, 1), (999, 1), (1000, 2)])
def test_a_page_more_only_where_a_row_is_left(client: Client, rows: int, pages: int) -> None:
    """Around a full page, the token is there exactly when something follows."""
    execution = client.start(f"SELECT n FROM UNNEST(sequence(1, {rows})) AS t (n)")
    client.end(execution)
    found = list(client.athena.get_paginator("get_query_results").paginate(QueryExecutionId=execution))
    assert len(found) == pages
    assert sum(len(page["ResultSet"]["Rows"]) for page in found) == rows + 1


def test_workgroup_decides_where_results_go(client: Client) -> None:
    """One that enforces overrides the client; without any place the call is refused, as with an unknown one."""
    elsewhere = {"OutputLocation": "s3://lake/elsewhere/"}
    enforced = client.end(client.start("SELECT 1 AS one", ResultConfiguration=elsewhere))
    assert enforced["ResultConfiguration"]["OutputLocation"].startswith("s3://lake/results/")
    free = client.end(client.start("SELECT 1 AS one", ResultConfiguration=elsewhere, WorkGroup="primary"))
    assert free["ResultConfiguration"]["OutputLocation"].startswith("s3://lake/elsewhere/")
    with pytest.raises(ClientError, match="No output location provided"):
        client.start("SELECT 1 AS one", WorkGroup="primary")
    with pytest.raises(ClientError, match="WorkGroup nowhere is not found"):
        client.start("SELECT 1 AS one", WorkGroup="nowhere")
    with pytest.raises(ClientError, match="Unable to verify/create output bucket"):
        client.start("SELECT 1 AS one", WorkGroup="primary", ResultConfiguration={"OutputLocation": "s3://gone/"})
    names = [group["Name"] for group in client.athena.list_work_groups()["WorkGroups"]]
    assert names == ["primary", "usage-test-pipeline"]
    told = client.athena.get_work_group(WorkGroup="usage-test-pipeline")["WorkGroup"]["Configuration"]
    assert (told["EnforceWorkGroupConfiguration"], told["BytesScannedCutoffPerQuery"]) == (True, 10_000_000)


def test_cutoff_cancels_and_changes_nothing(client: Client) -> None:
    """A statement that would scan more than its workgroup allows is CANCELLED."""
    make_table(client)
    client.run("INSERT INTO t SELECT lpad('x', 100, 'x'), n FROM UNNEST(sequence(1, 10000)) AS s (n)")
    for _ in range(3):
        client.run("INSERT INTO t SELECT * FROM t")
    assert client.run("SELECT sum(n) AS s FROM t") == [[str(8 * 10000 * 10001 // 2)]]
    ended = client.end(client.start("INSERT INTO t SELECT id || id, n FROM t"))
    assert ended["Status"]["State"] == "SUCCEEDED"
    ended = client.end(client.start("DELETE FROM t WHERE id = 'x' OR n > 0"))
    assert (ended["Status"]["State"], ended["Status"]["StateChangeReason"]) == (
        "CANCELLED",
        "Bytes scanned limit was exceeded",
    )
    assert ended["Statistics"]["DataScannedInBytes"] > 10_000_000
    assert client.run("SELECT count(*) AS k FROM t") == [["160000"]]


def test_throttled_calls_are_retried_by_the_sdk(client: Client) -> None:
    """TooManyRequestsException names its reason; botocore asks again, and one statement runs."""
    client.local.fail_with(Fault("throttle", times=2))
    client.run("SELECT 1 AS one")
    assert len(client.local.journal()) == 1
    client.local.fail_with(Fault("throttle"))
    impatient = boto3.client("athena", config=Config(retries={"total_max_attempts": 1}))
    with pytest.raises(ClientError) as error:
        impatient.start_query_execution(QueryString="SELECT 1 AS one", WorkGroup="usage-test-pipeline")
    assert code(error) == "TooManyRequestsException"
    assert error.value.response["Reason"] == "CONCURRENT_QUERY_LIMIT_EXCEEDED"


def test_lost_response_is_joined_by_token(client: Client) -> None:
    """The statement was taken on, its answer was lost: the retry has the same token and starts nothing new."""
    make_table(client)
    client.local.fail_with(Fault("lost_response"))
    client.run("INSERT INTO t VALUES ('a', 1)")
    assert client.run("SELECT count(*) AS k FROM t") == [["1"]]
    [insert] = [each for each in client.local.journal() if each["text"].startswith("INSERT")]
    assert insert["starts"] == 2


def test_chosen_statements_fail_or_are_cancelled(client: Client) -> None:
    """A fault strikes the statement that it names, after those it lets pass, and nothing is changed then."""
    make_table(client)
    reason = "ICEBERG_COMMIT_ERROR: Failed to commit Iceberg update to table: usage_test.t"
    client.local.fail_with(
        Fault("fail", match=r"^insert", skip=1, reason=reason, category=3, retryable=True),
        Fault("cancel", match="DELETE", reason="Query cancelled by an operator"),
    )
    client.run("INSERT INTO t VALUES ('a', 1)")
    failed = client.end(client.start("INSERT INTO t VALUES ('b', 2)"))["Status"]
    assert failed["StateChangeReason"] == reason
    assert (failed["AthenaError"]["ErrorCategory"], failed["AthenaError"]["Retryable"]) == (3, True)
    cancelled = client.end(client.start("DELETE FROM t WHERE n = 1"))["Status"]
    assert (cancelled["State"], cancelled["StateChangeReason"]) == ("CANCELLED", "Query cancelled by an operator")
    assert client.run("SELECT id, n FROM t") == [["a", "1"]]


def test_statement_that_never_ends_can_be_stopped(client: Client) -> None:
    """It is RUNNING whenever it is asked, gives no results, and stopping it changes nothing in the table."""
    make_table(client)
    client.local.fail_with(Fault("hang", match="INSERT"))
    execution = client.start("INSERT INTO t VALUES ('a', 1)")
    states = {
        client.athena.get_query_execution(QueryExecutionId=execution)["QueryExecution"]["Status"]["State"]
        for _ in range(5)
    }
    assert states == {"RUNNING"}
    with pytest.raises(ClientError, match="not yet finished"):
        client.athena.get_query_results(QueryExecutionId=execution)
    client.athena.stop_query_execution(QueryExecutionId=execution)
    assert client.end(execution)["Status"]["State"] == "CANCELLED"
    client.athena.stop_query_execution(QueryExecutionId=execution)
    assert client.run("SELECT count(*) AS k FROM t") == [["0"]]


def test_running_statement_can_be_stopped(client: Client) -> None:
    """A statement that really works is interrupted."""
    pairs = "UNNEST(sequence(1, 100000)) AS a (x) CROSS JOIN UNNEST(sequence(1, 100000)) AS b (y)"
    execution = client.start(f"SELECT count_if(x * y % 7 = 3) AS k FROM {pairs}")
    time.sleep(0.1)
    client.athena.stop_query_execution(QueryExecutionId=execution)
    status = client.end(execution)["Status"]
    assert status["State"] == "CANCELLED", status


def test_delayed_statement_runs_after_so_many_polls(client: Client) -> None:
    """A poller sees RUNNING exactly as often as it was told to."""
    client.local.fail_with(Fault("delay", polls=3))
    execution = client.start("SELECT 1 AS one")
    states = [
        client.athena.get_query_execution(QueryExecutionId=execution)["QueryExecution"]["Status"]["State"]
        for _ in range(4)
    ]
    assert states == ["RUNNING", "RUNNING", "RUNNING", "SUCCEEDED"]


def test_page_token_expires_once(client: Client) -> None:
    """The page after the first is refused; a reader who begins again gets all."""
    client.local.fail_with(Fault("page_token_expires", pages=2))
    execution = client.start("SELECT n FROM UNNEST(sequence(1, 2500)) AS t (n)")
    client.end(execution)
    paginator = client.athena.get_paginator("get_query_results")
    with pytest.raises(ClientError, match="NextToken has expired") as error:
        list(paginator.paginate(QueryExecutionId=execution))
    assert code(error) == "InvalidRequestException"
    pages = list(paginator.paginate(QueryExecutionId=execution))
    assert sum(len(page["ResultSet"]["Rows"]) for page in pages) == 2501


def test_expired_credentials_strike_in_mid_poll(client: Client) -> None:
    """ExpiredTokenException comes from the call it is for, and the statement goes on."""
    client.local.fail_with(Fault("error", operation="GetQueryExecution", code="ExpiredTokenException", skip=1))
    execution = client.start("SELECT 1 AS one")
    client.athena.get_query_execution(QueryExecutionId=execution)
    with pytest.raises(ClientError) as error:
        client.athena.get_query_execution(QueryExecutionId=execution)
    assert code(error) == "ExpiredTokenException"
    assert client.end(execution)["Status"]["State"] == "SUCCEEDED"


def test_writers_at_once_lose_nothing(client: Client) -> None:
    """Statements on one table are carried out one after another, from as many clients as there are."""
    make_table(client)
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda n: client.run(f"INSERT INTO t SELECT 'a', {n}"), range(16)))
        merge = (
            "MERGE INTO t USING (SELECT 'b' AS id) AS s ON t.id = s.id "
            "WHEN NOT MATCHED THEN INSERT (id, n) VALUES (s.id, 1)"
        )
        list(pool.map(lambda _: client.run(merge), range(8)))
    assert client.run("SELECT id, count(*) AS k FROM t GROUP BY id ORDER BY id") == [["a", "16"], ["b", "1"]]


def test_many_executions_are_asked_for_at_once(client: Client) -> None:
    """BatchGetQueryExecution gives those it knows and names those it does not."""
    execution = client.start("SELECT 1 AS one")
    found = client.athena.batch_get_query_execution(QueryExecutionIds=[execution, "nothing"])
    assert [each["QueryExecutionId"] for each in found["QueryExecutions"]] == [execution]
    assert [each["QueryExecutionId"] for each in found["UnprocessedQueryExecutionIds"]] == ["nothing"]
    with pytest.raises(ClientError, match="was not found"):
        client.athena.get_query_execution(QueryExecutionId="nothing")


def test_journal_and_reset(client: Client) -> None:
    """The journal tells executions in order; after a reset nothing is left, in Athena, Glue or S3."""
    make_table(client)
    client.run("SELECT id FROM t", ClientRequestToken=TOKEN)
    create, select = client.local.journal()
    assert create["text"].startswith("CREATE TABLE")
    assert (select["text"], select["token"], select["state"]) == ("SELECT id FROM t", TOKEN, "SUCCEEDED")
    assert (select["workgroup"], select["database"]) == ("usage-test-pipeline", "usage_test")
    client.local.reset()
    assert client.local.journal() == []
    assert client.glue.get_databases()["DatabaseList"] == []
    assert client.s3.list_buckets()["Buckets"] == []
    assert [each["Name"] for each in client.athena.list_work_groups()["WorkGroups"]] == ["primary"]
