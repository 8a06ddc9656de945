"""Names that stand in the CDK app and in the library too: when one changes, the other must."""

from __future__ import annotations

from sqlglot import exp

from infra.config import ENVIRONMENTS
from infra.constructs.job_access import DRAFTS_WRITE, INGEST_WRITES, WORK_TABLES
from infra.constructs.landing_table import landing_table_name
from infra.constructs.workgroups import PIPELINE
from lambdas.settings import FunctionSettings
from lambdas.telemetry import UNITS
from tests.infra.assembly import Assembly
from tests.infra.environments import DIRECT, FULL
from usagelake.domain.estimate.running import ALARMS, METRICS
from usagelake.domain.schema import TABLES
from usagelake.engines.athena import work_area
from usagelake.engines.query_library import load_queries
from usagelake.services.schedules import IngestJob

EVERY = (*ENVIRONMENTS, FULL, DIRECT)


def changed(*kinds: str) -> set[str]:
    """The tables that the SQL files of some kinds change."""
    trees = (file.tree for file in load_queries().all(*kinds))
    changes = (tree for tree in trees if isinstance(tree, (exp.Merge, exp.Insert, exp.Delete, exp.Update)))
    return {change.this.find(exp.Table).name for change in changes}


def test_the_tables_that_ingest_may_change_are_those_that_its_sql_changes() -> None:
    assert changed("events", "rollup") == set(INGEST_WRITES)
    assert not changed("landing", "views", "meters", "billing", "analyst", "audits")


def test_every_table_of_the_domain_is_written_by_a_job() -> None:
    assert {*INGEST_WRITES, *DRAFTS_WRITE} == TABLES.keys()


def test_the_tables_that_a_run_may_make_and_drop_are_those_that_it_names_so() -> None:
    assert f"{work_area._PREFIX}*" == WORK_TABLES
    assert not [name for name in TABLES if name.startswith(work_area._PREFIX)]


def test_no_two_tables_or_views_of_a_database_have_one_name() -> None:
    views = [view.name for view in load_queries().views()]
    for environment in EVERY:
        names = [*TABLES, *views, *(landing_table_name(prefix) for prefix in environment.landing_prefixes)]
        assert len({*names}) == len(names)


def test_the_workgroup_that_the_database_names_is_the_pipeline_s() -> None:
    for environment in EVERY:
        assert environment.places.workgroup == f"usage-{environment.name}-{PIPELINE}"


def test_the_functions_read_the_variables_that_they_are_given(assembly: Assembly) -> None:
    """What a template sets is what the functions' own settings come to."""
    for environment in EVERY:
        for own in assembly.resources("AWS::Lambda::Function", f"usage-{environment.name}-roll-up"):
            read = FunctionSettings.read(own.properties["Environment"]["Variables"])
            assert read.environment == environment.name
            assert read.library.keep_source_ip is environment.log_source_ip
            assert read.sweep.days == environment.retention.invoice_window


def test_the_schedules_name_jobs_that_there_are(assembly: Assembly) -> None:
    named = {
        part.split('"')[0]
        for each in assembly.resources("AWS::Scheduler::Schedule")
        for part in each.properties["Target"]["Input"].split('"job": "')[1:]
    }
    assert named == set(IngestJob)


def test_the_dashboard_and_the_alarms_ask_for_figures_that_functions_tell(assembly: Assembly) -> None:
    asked = {
        each.properties["MetricName"]
        for each in assembly.resources("AWS::CloudWatch::Alarm")
        if each.properties.get("Namespace") == "usagelake"
    }
    assert asked
    assert asked <= UNITS.keys()


def test_the_estimate_counts_the_alarms_and_figures_that_there_are(assembly: Assembly) -> None:
    """Of an environment with one API: `dev`. The ingest's figures and the drafts' are told apart by their function."""
    alarms = [*assembly.resources("AWS::CloudWatch::Alarm", "usage-dev-watch")]
    assert len(alarms) == ALARMS
    drafts = {"DraftsWritten", "Unassigned", "Unpriced"}
    of_both = {"BytesScanned"}
    assert len(UNITS.keys() - drafts) + len(drafts | of_both) == METRICS
