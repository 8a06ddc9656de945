"""What goes wrong on Athena: it is ridden out, or said in one clear error that leaves nothing half-done."""

from __future__ import annotations

import threading
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.cli.main_job import invoke
from tests.engines.athena.conftest import Clock, Environment, client, elsewhere, run_called
from tests.fakes.athena.faults import Fault
from usagelake.bootstrap import open_engine, open_storage
from usagelake.domain.schema import TABLES
from usagelake.engines import ad_hoc
from usagelake.engines.athena import AthenaEngine, Pace, read_places
from usagelake.engines.athena.pace import CALL_ATTEMPTS
from usagelake.engines.sql_file import parse_sql_file
from usagelake.errors import ConfigurationError, EngineError
from usagelake.services.ingest import ingest
from usagelake.services.progress import Silent
from usagelake.services.roll_up import roll_up
from usagelake.settings import Settings

if TYPE_CHECKING:
    from usagelake.engines import QueryLibrary, SqlFile

ROOT = Path(__file__).parents[3]
NOW = datetime(2026, 1, 1, tzinfo=UTC)
ROWS = "SELECT n FROM UNNEST(sequence(1, 2500)) AS t (n) ORDER BY n"
NO_ROWS: list[tuple[Any, ...]] = []


def forget(meter: str = "gone") -> SqlFile:
    """A statement that changes a table."""
    header = "-- name: forget\n-- title: t\n-- grain: g\n-- owner: o\n"
    return parse_sql_file(
        f"{header}DELETE FROM rolled_meters WHERE meter = '{meter}'", name="forget", kind="rollup", origin="forget.sql"
    )


@pytest.mark.parametrize(
    "fault",
    [
        Fault("throttle", times=3),
        Fault("throttle", times=3, operation="GetQueryExecution"),
        Fault("throttle", times=3, operation="GetQueryResults"),
        Fault("error", times=2, operation="StartQueryExecution"),
        Fault("error", times=2, operation="GetQueryExecution"),
        Fault("error", times=2, operation="GetQueryResults"),
        Fault("lost_response", operation="StartQueryExecution"),
        Fault("lost_response", operation="GetQueryExecution"),
        Fault("lost_response", operation="GetQueryResults"),
    ],
    ids=lambda fault: f"{fault.kind}-{fault.operation}",
)
def test_what_passes_is_waited_out(environment: Environment, fault: Fault) -> None:
    """Throttled, a fault of AWS's own, or an answer that is lost: the statement runs once, each row comes once."""
    clock = Clock()
    with environment.open(clock=clock) as engine:
        environment.fail_with(fault)
        slept = len(clock.slept)
        assert [n for (n,) in engine.fetch(ad_hoc(ROWS)).rows] == list(range(1, 2501))
        assert len(clock.slept) - slept >= fault.times
    assert len(environment.journal("2500")) == 1


def test_throttling_without_end_is_told(environment: Environment) -> None:
    """After some tries, whose pauses grow."""
    clock = Clock()
    with environment.open(clock=clock) as engine:
        environment.fail_with(Fault("throttle", times=CALL_ATTEMPTS))
        clock.slept.clear()
        with pytest.raises(EngineError, match="--sql: starting it on Athena: AWS cannot serve now, tried 8 times"):
            engine.fetch(ad_hoc("SELECT 1 AS n"))
    assert len(clock.slept) == CALL_ATTEMPTS - 1
    assert clock.slept == sorted(clock.slept)


def test_a_statement_that_fails_says_why(environment: Environment) -> None:
    """Athena's own reason, the SQL file's name and the execution's id; a real one, and one that was injected."""
    with environment.open() as engine:
        with pytest.raises(EngineError) as raised:
            engine.fetch(ad_hoc("SELECT no_such_column FROM customers"))
        (failed,) = environment.journal("no_such_column")
        assert "COLUMN_NOT_FOUND" in str(raised.value)
        assert failed["id"] in str(raised.value)
        environment.fail_with(Fault("fail", match="DELETE FROM", reason="EXCEEDED_LIMIT: too much"))
        with pytest.raises(EngineError, match=r"^forget: EXCEEDED_LIMIT: too much \(Athena execution [0-9a-f-]{36}"):
            engine.execute(forget())
        engine.execute(forget())
    assert [each["state"] for each in environment.journal("DELETE FROM")] == ["FAILED", "SUCCEEDED"]


def test_a_failure_of_athena_s_own_is_tried_again(environment: Environment) -> None:
    """Under another token, and not for ever."""
    fault = Fault("fail", match="DELETE FROM", reason="INTERNAL_ERROR", category=1, retryable=True)
    with environment.open() as engine:
        environment.fail_with(fault)
        engine.execute(forget())
        first, second = environment.journal("DELETE FROM")
        assert (first["state"], second["state"]) == ("FAILED", "SUCCEEDED")
        assert first["token"] != second["token"]
        environment.fail_with(Fault("fail", times=9, match="DELETE FROM", reason="INTERNAL_ERROR", retryable=True))
        with pytest.raises(EngineError, match="INTERNAL_ERROR"):
            engine.execute(forget())
    assert len(environment.journal("DELETE FROM")) == 5


def test_a_statement_that_somebody_cancels_is_told(environment: Environment) -> None:
    """It is no success."""
    with environment.open() as engine:
        environment.fail_with(Fault("cancel", match="DELETE FROM"))
        with pytest.raises(EngineError, match=r"forget: somebody cancelled it .* run again"):
            engine.execute(forget())


def test_polling_pauses_grow(environment: Environment) -> None:
    """From a fifth of a second on, by the injected clock."""
    clock = Clock()
    with environment.open(clock=clock) as engine:
        environment.fail_with(Fault("delay", polls=4, match="DELETE FROM"))
        clock.slept.clear()
        engine.execute(forget())
    assert clock.slept[0] == pytest.approx(0.2)
    assert len(clock.slept) >= 3
    assert all(later > earlier for earlier, later in zip(clock.slept, clock.slept[1:], strict=False))


def test_a_deadline_stops_the_statement(environment: Environment) -> None:
    """In mid-poll: Athena does not go on, and the error says so."""
    clock = Clock()
    pace = Pace(clock=clock, sleep=clock.sleep, deadline=clock() + 60)
    with AthenaEngine(environment.config, run_called(), pace=pace) as engine:
        environment.fail_with(Fault("hang", match="DELETE FROM"))
        with pytest.raises(EngineError, match=r"forget: Athena execution .* by the deadline and was stopped"):
            engine.execute(forget())
        assert clock() == pytest.approx(1_060)
    assert [each["state"] for each in environment.journal("DELETE FROM")] == ["CANCELLED"]


def test_an_interrupt_stops_the_statement(environment: Environment) -> None:
    """Ctrl-C leaves nothing running that costs."""

    def interrupted(_: float) -> None:
        raise KeyboardInterrupt

    with AthenaEngine(environment.config, run_called(), pace=Pace(sleep=interrupted)) as engine:
        environment.fail_with(Fault("hang", match="DELETE FROM"))
        with pytest.raises(KeyboardInterrupt):
            engine.execute(forget())
    assert [each["state"] for each in environment.journal("DELETE FROM")] == ["CANCELLED"]


class KilledError(Exception):
    """Stands for the end of a process."""


def killed(_: float) -> None:
    """End the process in mid-poll."""
    raise KilledError


def test_a_repeated_run_joins_the_statement_that_still_runs(environment: Environment) -> None:
    """A Lambda function is killed in mid-poll and tried again: the statement is started once."""
    run = run_called("hourly")
    with environment.open():
        pass
    environment.fail_with(Fault("delay", polls=3, match="DELETE FROM"))
    with (
        AthenaEngine(environment.config, run, pace=Pace(sleep=killed)) as engine,
        pytest.raises(KilledError),
    ):
        engine.execute(forget())
    with environment.open(run=run_called("hourly")) as engine:
        engine.execute(forget())
    (joined,) = environment.journal("DELETE FROM")
    assert (joined["state"], joined["starts"]) == ("SUCCEEDED", 2)


@pytest.mark.parametrize("fault", [None, Fault("fail", match="DELETE FROM"), Fault("cancel", match="DELETE FROM")])
def test_a_predecessor_s_execution_that_is_over_is_not_taken_for_ours(
    environment: Environment, fault: Fault | None
) -> None:
    """Whether it succeeded, failed or was cancelled: the statement runs again, under another token."""
    with environment.open():
        pass
    with environment.open(run=run_called("hourly")) as engine:
        if fault is None:
            engine.execute(forget())
        else:
            environment.fail_with(fault)
            with pytest.raises(EngineError):
                engine.execute(forget())
    with environment.open(run=run_called("hourly")) as engine:
        engine.execute(forget())
    first, second = environment.journal("DELETE FROM")
    assert (first["starts"], second["starts"], second["state"]) == (2, 1, "SUCCEEDED")
    assert first["token"] != second["token"]


def test_a_repeated_run_waits_for_another_statement_that_still_runs(environment: Environment) -> None:
    """Two MERGEs of the same events at once would each find none of them: the second begins when the first is over."""
    clock = Clock()
    with environment.open():
        pass
    environment.fail_with(Fault("delay", polls=4, match="gone"))
    with (
        AthenaEngine(environment.config, run_called("hourly"), pace=Pace(sleep=killed)) as engine,
        pytest.raises(KilledError),
    ):
        engine.execute(forget("gone"))
    with environment.open(run=run_called("hourly"), clock=clock) as engine:
        assert clock.slept == []
        engine.execute(forget("other"))
        assert clock.slept
    first, second = environment.journal("DELETE FROM")
    assert (first["starts"], first["state"], second["state"]) == (1, "SUCCEEDED", "SUCCEEDED")


def test_a_statement_of_another_that_does_not_end_is_told(environment: Environment) -> None:
    """At the deadline, with its id; it is not ours to stop."""
    clock = Clock()
    with environment.open():
        pass
    environment.fail_with(Fault("hang", match="gone"))
    with (
        AthenaEngine(environment.config, run_called(), pace=Pace(sleep=killed)) as engine,
        pytest.raises(KilledError),
    ):
        engine.execute(forget("gone"))
    with (
        environment.open(clock=clock) as engine,
        pytest.raises(EngineError, match=r"forget: Athena execution .* of an earlier run, was not over"),
    ):
        engine.execute(forget("other"))
    (other,) = environment.journal("DELETE FROM")
    assert other["state"] in {"QUEUED", "RUNNING"}


def test_a_read_is_never_answered_by_an_earlier_run(environment: Environment) -> None:
    """Same identity, same text: a new execution each, and Athena's own reuse is off."""
    for _ in range(2):
        with environment.open(run=run_called("hourly")) as engine:
            engine.fetch(ad_hoc("SELECT 1 AS n"))
    first, second = environment.journal("SELECT 1 AS n")
    assert first["token"] != second["token"]


@pytest.mark.parametrize("times", [1, 3])
def test_a_page_token_that_expires_doubles_nothing(environment: Environment, times: int) -> None:
    """The result is read again from its first page, as often as need be."""
    with environment.open() as engine:
        environment.fail_with(Fault("page_token_expires", times=times))
        assert [n for (n,) in engine.fetch(ad_hoc(ROWS)).rows] == list(range(1, 2501))
    assert len(environment.journal("2500")) == 1


def test_a_page_token_that_always_expires_is_told(environment: Environment) -> None:
    """It does not go on for ever."""
    with environment.open() as engine:
        environment.fail_with(Fault("page_token_expires", times=CALL_ATTEMPTS + 1))
        with pytest.raises(EngineError, match="--sql: reading the result of Athena execution"):
            engine.fetch(ad_hoc(ROWS))


def test_credentials_that_expire_in_mid_run_are_told(environment: Environment) -> None:
    """While it polls, and while it reads: what to do stands there, too."""
    with environment.open() as engine:
        for operation in ("StartQueryExecution", "GetQueryExecution", "GetQueryResults"):
            environment.fail_with(Fault("error", operation=operation, code="ExpiredTokenException"))
            with pytest.raises(EngineError, match="the AWS credentials have expired; renew them"):
                engine.fetch(ad_hoc("SELECT 1 AS n"))


def test_denied_is_told(environment: Environment) -> None:
    """With AWS's own words, which name the action."""
    with environment.open() as engine:
        environment.fail_with(Fault("error", code="AccessDeniedException", reason="not athena:StartQueryExecution"))
        with pytest.raises(EngineError, match="AWS denies it: not athena:StartQueryExecution; grant it"):
            engine.fetch(ad_hoc("SELECT 1 AS n"))


def test_no_credentials_are_told(environment: Environment, monkeypatch: pytest.MonkeyPatch) -> None:
    """Before anything is done."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    with pytest.raises(ConfigurationError, match="credentials cannot be had"):
        environment.open()


def test_no_region_is_told(environment: Environment, monkeypatch: pytest.MonkeyPatch) -> None:
    """The SDK has no word for what to do."""
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION"):
        monkeypatch.delenv(name)
    with pytest.raises(ConfigurationError, match="set AWS_REGION"):
        environment.open()


def test_an_engine_that_is_down_is_told(environment: Environment, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing listens on port 1."""
    monkeypatch.setenv("AWS_ENDPOINT_URL_ATHENA", "http://127.0.0.1:1")
    with pytest.raises(EngineError, match=r"the Athena workgroup .*: AWS cannot be reached"):
        environment.open()


def test_a_workgroup_that_is_missing_or_open_is_refused(environment: Environment) -> None:
    """Results go where the workgroup says, or nowhere."""
    with pytest.raises(ConfigurationError, match=r"workgroup nowhere cannot be used: .*name another"):
        elsewhere(environment, workgroup="nowhere").open()
    client("athena").create_work_group(
        Name=f"open-{environment.name}", Configuration={"EnforceWorkGroupConfiguration": False}
    )
    with pytest.raises(ConfigurationError) as raised:
        elsewhere(environment, workgroup=f"open-{environment.name}").open()
    assert ["does not enforce" in fault for fault in raised.value.faults] == [True, False]
    assert "set its OutputLocation" in raised.value.faults[1]


def test_a_database_that_is_missing_or_silent_is_refused(environment: Environment) -> None:
    """By the engine, and by who asks where an environment is."""
    with pytest.raises(ConfigurationError, match="usage_gone is not in us-east-1"):
        elsewhere(environment, database="usage_gone").open()
    with pytest.raises(ConfigurationError, match="usage_gone is not in us-east-1"):
        read_places("gone")
    client("glue").create_database(DatabaseInput={"Name": f"usage_{environment.name}s"})
    with pytest.raises(ConfigurationError, match="says nothing of usagelake"):
        read_places(f"{environment.name}s")
    assert read_places(environment.name) == environment.places


def test_a_table_that_has_drifted_is_refused(environment: Environment) -> None:
    """By the columns that differ; one that was dropped once and is there again does not count."""
    with environment.open():
        pass
    glue, database = client("glue"), environment.places.database
    table = glue.get_table(DatabaseName=database, Name="customers")["Table"]
    descriptor = table["StorageDescriptor"]
    for column in descriptor["Columns"]:
        if column["Name"] == "plan_id":
            column["Type"] = "bigint"
    descriptor["Columns"] = [column for column in descriptor["Columns"] if column["Name"] != "valid_to"]
    descriptor["Columns"] += [
        {"Name": "note", "Type": "string"},
        {"Name": "old", "Type": "string", "Parameters": {"iceberg.field.current": "false"}},
    ]
    changed = {key: table[key] for key in ("Name", "TableType", "Parameters", "StorageDescriptor")}
    glue.update_table(DatabaseName=database, TableInput=changed)
    for read_only in (False, True):
        with pytest.raises(EngineError, match=r"columns that differ: .*customers: note, plan_id, valid_to$"):
            environment.open(read_only=read_only)


def test_a_table_dropped_under_a_running_job_is_told_and_made_again(environment: Environment) -> None:
    """The next run heals it."""
    with environment.open() as engine, environment.open() as other:
        other._executions.change("somebody", "DROP TABLE rolled_meters")
        with pytest.raises(EngineError, match=r"forget: TABLE_NOT_FOUND: .*rolled_meters"):
            engine.execute(forget())
    with environment.open() as engine:
        engine.execute(forget())
        assert engine.fetch(ad_hoc("SELECT * FROM rolled_meters")).rows == NO_ROWS


@pytest.mark.parametrize("table", ["billing_events", "usage_hourly", "stale_hours"])
def test_a_table_that_was_lost_is_never_made_anew_over_objects_that_were_taken(
    environment: Environment, queries: QueryLibrary, tmp_path: Path, table: str
) -> None:
    """Empty, it would pass for usage that there never was. Without the list of objects too, all of it comes back."""
    usage = ad_hoc("SELECT meter, subject_id, hour, dimension, quantity FROM usage_hourly ORDER BY 1, 2, 3, 4")
    landing = landed(tmp_path)
    with environment.open() as engine:
        for view in queries.views():
            engine.define_view(view)
        work_on(engine, queries, landing)
        roll_up(engine, queries, clock=lambda: NOW, progress=Silent())
        before = engine.fetch(usage).rows
        engine._executions.change("somebody", f"DROP TABLE {table}")
    with pytest.raises(EngineError, match=f"{table} is gone, and ingested_objects says .* drop ingested_objects too"):
        environment.open()
    with environment.open(read_only=True) as reader:
        reader._executions.change("somebody", "DROP TABLE ingested_objects")
    with environment.open() as engine:
        for view in queries.views():
            engine.define_view(view)
        work_on(engine, queries, landing)
        roll_up(engine, queries, clock=lambda: NOW, progress=Silent())
        assert engine.fetch(usage).rows == before != []


def test_a_lake_that_an_older_version_made_can_be_read(environment: Environment, queries: QueryLibrary) -> None:
    """But for what needs the table that it lacks: that is refused, with what to do; and `bill` adds the table."""
    with environment.open() as engine:
        engine._executions.change("somebody", "DROP TABLE invoice_lines")
    with environment.open(read_only=True) as engine:
        for view in queries.views():
            engine.define_view(view)
        assert engine.fetch(ad_hoc("SELECT * FROM rolled_meters")).rows == NO_ROWS
        for relation in ("invoice_lines", "latest_invoice_lines"):
            with pytest.raises(EngineError, match=r"no table invoice_lines yet.*usagelake bill --engine athena"):
                engine.fetch(ad_hoc(f"SELECT * FROM {relation}"))
    with environment.open() as engine:
        assert engine.fetch(ad_hoc("SELECT * FROM invoice_lines")).rows == NO_ROWS


def test_a_table_that_is_gone_from_glue_alone_is_told(environment: Environment) -> None:
    """Its rows are still there: nothing is made over them."""
    with environment.open():
        pass
    client("glue").delete_table(DatabaseName=environment.places.database, Name="rolled_meters")
    with pytest.raises(EngineError, match=r"the table rolled_meters: .*\n.*register it there again"):
        environment.open()


def landed(folder: Path) -> str:
    """Simulate some traffic."""
    made = invoke("simulate", "--out", folder, "--period", "2025-10", "--api-requests", 60, "--billing-events", 60)
    assert made.exit_code == 0, made.stderr
    return str(folder / "landing")


def work_on(engine: Any, queries: QueryLibrary, landing: str) -> None:
    """Ingest and roll up."""
    ingest(engine, queries, open_storage(landing), clock=lambda: NOW, progress=Silent())
    roll_up(engine, queries, clock=lambda: NOW, progress=Silent())


def contents(environment: Environment) -> dict[str, list[tuple[Any, ...]]]:
    """All rows of all tables."""
    with environment.open(read_only=True) as engine:
        return {name: sorted(engine.fetch(ad_hoc(f"SELECT * FROM {name}")).rows, key=repr) for name in TABLES}


def test_two_engines_at_once_come_to_the_same(environment: Environment, queries: QueryLibrary, tmp_path: Path) -> None:
    """A Lambda function invoked twice: each has a work area of its own, and no event is taken twice."""
    landing = landed(tmp_path)
    failures: list[BaseException] = []

    def once() -> None:
        try:
            with open_engine(
                queries, Settings(), None, engine="athena", places=environment.places, run=run_called("hourly"),
                pace=Clock().pace,
            ) as engine:  # fmt: skip
                work_on(engine, queries, landing)
        except BaseException as error:  # noqa: BLE001 (it is looked at below)
            failures.append(error)

    with environment.open():
        pass
    threads = [threading.Thread(target=once) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    twice = contents(environment)
    assert len(twice["api_requests"]) > 0
    with open_engine(queries, Settings(), None) as embedded:
        work_on(embedded, queries, landing)
        for name in TABLES:
            rows = embedded.fetch(ad_hoc(f"SELECT * FROM {name}")).rows
            assert twice[name] == sorted(rows, key=repr), name
    assert [name for name in environment.tables() if name.startswith("work_")] == []


@pytest.mark.parametrize("statement", ["MERGE INTO api_requests", "MERGE INTO ingested_objects", "INTO usage_hourly"])
def test_a_run_that_fails_anywhere_is_healed_by_the_next(
    environment: Environment, queries: QueryLibrary, tmp_path: Path, statement: str
) -> None:
    """What it has done is kept, what it has not is made up, nothing stands twice."""
    landing = landed(tmp_path)
    environment.fail_with(Fault("fail", match=statement, reason="INJECTED"))
    for failing in (True, False):
        with open_engine(
            queries, Settings(), None, engine="athena", places=environment.places, pace=Clock().pace
        ) as engine:
            if failing:
                with pytest.raises(EngineError, match="INJECTED"):
                    work_on(engine, queries, landing)
            else:
                work_on(engine, queries, landing)
    healed = contents(environment)
    with open_engine(queries, Settings(), None) as embedded:
        work_on(embedded, queries, landing)
        for name in TABLES:
            rows = embedded.fetch(ad_hoc(f"SELECT * FROM {name}")).rows
            assert healed[name] == sorted(rows, key=repr), name
