"""Workgroups, saved queries, prepared statements, Logs Insights."""

from __future__ import annotations

import json
import re
from dataclasses import replace

import pytest
import sqlglot

from infra.config import ENVIRONMENTS
from infra.constructs.access_log_format import access_log_format
from infra.constructs.saved_query_text import description, prepared_text, saved_text
from infra.settings import EVENT_TYPES, Environment
from tests.infra.assembly import Assembly
from tests.infra.environments import DIRECT, FULL
from usagelake.engines.query_library import load_queries
from usagelake.engines.sql_file import SqlFile

EVERY = (*ENVIRONMENTS, FULL, DIRECT)
each_environment = pytest.mark.parametrize("environment", EVERY, ids=lambda environment: environment.name)

NEVER_PREPARED = {
    # They need a value where Athena takes no `?`: in an aggregate's filter, and as a list.
    "analyst/cost_drivers_by_endpoint",
    "billing/metered_events",
    # Every parameter has its default written in.
    "analyst/duplicates_by_object",
    "audits/unmetered_event_types",
}


def files() -> dict[str, SqlFile]:
    return {f"{file.kind}/{file.name}": file for file in load_queries().all()}


@each_environment
def test_two_workgroups_whose_settings_nobody_overrides(assembly: Assembly, environment: Environment) -> None:
    groups = {
        each.properties["Name"]: each.properties
        for each in assembly.resources("AWS::Athena::WorkGroup", f"usage-{environment.name}-analytics")
    }
    assert groups.keys() == {f"usage-{environment.name}-analysts", f"usage-{environment.name}-pipeline"}
    for name, group in groups.items():
        own = group["WorkGroupConfiguration"]
        folder = name.rpartition("-")[2]
        assert own["EnforceWorkGroupConfiguration"] is True
        assert own["PublishCloudWatchMetricsEnabled"] is True
        assert own["EngineVersion"] == {"SelectedEngineVersion": "Athena engine version 3"}
        assert own["ResultConfiguration"]["OutputLocation"] == f"s3://{environment.results_bucket}/{folder}/"
        encryption = own["ResultConfiguration"]["EncryptionConfiguration"]
        assert encryption["EncryptionOption"] == ("SSE_KMS" if environment.customer_key else "SSE_S3")
        assert ("KmsKey" in encryption) is environment.customer_key
        limit = environment.scan_limit_bytes if folder == "analysts" else None
        assert own.get("BytesScannedCutoffPerQuery") == limit
        assert group["RecursiveDeleteOption"] is False


@each_environment
def test_every_sql_file_is_a_saved_query_with_its_header_as_description(
    assembly: Assembly, environment: Environment
) -> None:
    saved = {
        each.properties["Name"]: each.properties
        for each in assembly.resources("AWS::Athena::NamedQuery", f"usage-{environment.name}-analytics")
    }
    assert saved.keys() == files().keys()
    for name, file in files().items():
        own = saved[name]
        assert own["Database"] == f"usage_{environment.name}"
        assert own["QueryString"] == saved_text(file)
        assert len(own["QueryString"].encode()) <= 262_144
        assert own["Description"].startswith(file.title)
        assert len(own["Description"]) <= 1024
        people = file.kind in ("analyst", "audits", "billing", "meters", "views")
        assert own["WorkGroup"] == f"usage-{environment.name}-{'analysts' if people else 'pipeline'}", name


@each_environment
def test_what_people_run_reads_tables_and_views_that_are_there(assembly: Assembly, environment: Environment) -> None:
    stack = f"usage-{environment.name}-data"
    made = {each.properties.get("Name") for each in assembly.resources("AWS::Glue::Table", stack)}
    views = {file.name for file in files().values() if file.kind == "views"}
    for name, file in files().items():
        if file.kind in ("analyst", "audits", "billing", "meters", "views"):
            assert file.tables <= made | views, name


def test_a_saved_query_is_the_file_and_a_view_the_statement_that_makes_it() -> None:
    for name, file in files().items():
        if file.kind == "views":
            assert saved_text(file) == f"CREATE OR REPLACE VIEW {file.name} AS\n{file.text}"
        else:
            assert saved_text(file) == file.text, name


def test_a_description_says_which_values_are_wanted() -> None:
    file = files()["analyst/customer_usage"]
    assert file.title in description(file)
    assert file.description in description(file)
    assert ":customer, :start, :end" in description(file)
    assert description(file, ("start", "end")).endswith("Values, in order: start, end.")


def test_a_description_is_cut_where_athena_ends_it() -> None:
    text = description(replace(files()["analyst/customer_usage"], description="x" * 3000))
    assert len(text) == 1024
    assert text.endswith("…")


@each_environment
def test_prepared_statements_have_names_that_athena_takes(assembly: Assembly, environment: Environment) -> None:
    for each in assembly.resources("AWS::Athena::PreparedStatement", f"usage-{environment.name}-analytics"):
        assert re.fullmatch(r"[a-zA-Z_][a-zA-Z0-9_@:]{1,255}", each.properties["StatementName"])
        assert each.properties["WorkGroup"] == f"usage-{environment.name}-analysts"


def test_every_query_with_parameters_that_people_run_is_prepared_but_those_that_cannot_be(assembly: Assembly) -> None:
    prepared = {
        each.properties["StatementName"]
        for each in assembly.resources("AWS::Athena::PreparedStatement", "usage-prod-analytics")
    }
    wanted = {
        name
        for name, file in files().items()
        if file.params and file.kind in ("analyst", "audits", "billing", "meters") and name not in NEVER_PREPARED
    }
    assert prepared == {name.replace("/", "_") for name in wanted}


def test_a_question_mark_stands_in_where_clauses_only_and_once_for_each_value_told() -> None:
    for name, file in files().items():
        text = prepared_text(file)
        if text is None:
            continue
        tree = sqlglot.parse_one(text.sql, dialect="athena")
        marks = list(tree.find_all(sqlglot.exp.Placeholder))
        assert len(marks) == len(text.parameters) == text.sql.count("?"), name
        for mark in marks:
            assert mark.find_ancestor(sqlglot.exp.Where) is not None, name
        assert {*text.parameters} <= {*file.params}


def test_a_prepared_statement_asks_for_values_in_the_order_of_its_question_marks() -> None:
    text = prepared_text(files()["analyst/customer_usage"])
    assert text is not None
    around = [text.sql[max(0, place.start() - 24) : place.start()] for place in re.finditer(r"\?", text.sql)]
    told = dict(zip(text.parameters, around, strict=True))
    assert "customer_id" in told["customer"]
    assert "hour >=" in told["start"]
    assert "hour <" in told["end"]


def test_a_limit_has_its_default_written_in() -> None:
    text = prepared_text(files()["analyst/busiest_minutes"])
    assert text is not None
    assert text.sql.endswith("LIMIT 20")
    assert {*text.parameters} == {"start", "end"}


def test_the_configured_event_types_are_those_that_meters_read() -> None:
    metered = files()["audits/unmetered_event_types"].params["metered"].default
    assert {*EVENT_TYPES} == {*metered}


@each_environment
def test_logs_insights_asks_the_access_log_for_members_that_it_has(
    assembly: Assembly, environment: Environment
) -> None:
    found = list(assembly.resources("AWS::Logs::QueryDefinition", f"usage-{environment.name}-analytics"))
    if environment is DIRECT:
        assert found == []
        return
    assert len(found) == 6
    members = set(json.loads(access_log_format()))
    words = {"stats", "count", "as", "by", "bin", "at", "sort", "desc", "filter", "in", "like", "sum", "pct", "m", "e"}
    for query in found:
        assert query.properties["LogGroupNames"] == [f"/usage/{environment.name}/access-log"]
        assert query.properties["Name"].startswith(f"usage-{environment.name}/")
        text = re.sub(r'"[^"]*"|/[^/]*/', "", query.properties["QueryString"])
        made = set(re.findall(r"\bas (\w+)", text))
        names = set(re.findall(r"\b[a-zA-Z]\w*\b", text)) - words - made
        assert names <= members, query.properties["Name"]
        assert names
