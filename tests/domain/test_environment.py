"""What a Glue database says of an environment's lake: read back as written, and refused with every fault named."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from usagelake.domain.environment import FIRST_HOUR, LANDING, PREFIXES, WORK, LakePlaces, database_of
from usagelake.errors import ConfigurationError

PROD = LakePlaces(
    database="usage_prod",
    tables="s3://lake-prod/tables",
    landing="s3://serverless-usage-prod",
    prefixes=("apigw_access", "internal_model_total_tokens"),
    first_hour="2026/01/01/00",
    workgroup="usage-prod-pipeline",
    work="s3://lake-prod/work",
    pricing="s3://lake-prod/pricing",
    drafts="s3://lake-prod/drafts",
)

names = st.from_regex(r"[a-z0-9]{3,20}", fullmatch=True)
places = st.builds("s3://{}/{}".format, names, names)


def test_the_parameters_are_those_that_the_contract_names() -> None:
    """Others write and read them too: a name here is a promise."""
    assert PROD.to_parameters() == {
        "usagelake.landing": "s3://serverless-usage-prod",
        "usagelake.prefixes": "apigw_access,internal_model_total_tokens",
        "usagelake.first_hour": "2026/01/01/00",
        "usagelake.workgroup": "usage-prod-pipeline",
        "usagelake.work": "s3://lake-prod/work",
        "usagelake.pricing": "s3://lake-prod/pricing",
        "usagelake.drafts": "s3://lake-prod/drafts",
    }


@given(
    st.builds(
        LakePlaces,
        database=st.just("usage_prod"),
        tables=places,
        landing=names.map("s3://{}".format),
        prefixes=st.lists(names, min_size=1, unique=True).map(tuple),
        first_hour=st.datetimes().map(lambda at: f"{at.year:04}/{at:%m/%d/%H}"),
        workgroup=names,
        work=places,
        pricing=places,
        drafts=places,
    )
)
def test_what_was_written_is_read_back(lake: LakePlaces) -> None:
    assert LakePlaces.from_parameters("usage_prod", lake.tables, lake.to_parameters()) == lake


def test_a_slash_at_an_end_and_other_parameters_are_let_be() -> None:
    """Consoles add the one, and other tools the others."""
    parameters = {**PROD.to_parameters(), LANDING: f"{PROD.landing}/", WORK: f"{PROD.work}/", "owner": "billing"}
    assert LakePlaces.from_parameters("usage_prod", f"{PROD.tables}/", parameters) == PROD


def test_every_fault_is_named() -> None:
    """One run tells all that must be mended."""
    parameters = {**PROD.to_parameters(), LANDING: "serverless-usage-prod", FIRST_HOUR: "2026-01-01", PREFIXES: "a,,b"}
    del parameters[WORK]
    with pytest.raises(ConfigurationError) as raised:
        LakePlaces.from_parameters("usage_prod", None, parameters)
    assert [fault.removeprefix("the Glue database usage_prod: ") for fault in raised.value.faults] == [
        "its location is missing; give one such as s3://bucket/tables",
        "usagelake.landing is 'serverless-usage-prod'; give one such as s3://bucket",
        "usagelake.prefixes is 'a,,b'; list folders of the landing, such as apigw_access,tokens",
        "usagelake.first_hour is '2026-01-01'; give one such as 2026/01/01/00",
        "usagelake.work is missing; give one such as s3://bucket/work",
    ]


@pytest.mark.parametrize("prefixes", ["", ",", "a,a", "/a", "a//b"])
def test_prefixes_are_folders_each_once(prefixes: str) -> None:
    with pytest.raises(ConfigurationError, match=r"usagelake\.prefixes is"):
        LakePlaces.from_parameters("usage_prod", PROD.tables, {**PROD.to_parameters(), PREFIXES: prefixes})


def test_a_database_of_something_else_is_told_apart() -> None:
    with pytest.raises(ConfigurationError, match="says nothing of usagelake"):
        LakePlaces.from_parameters("default", "s3://somewhere/else", {"owner": "sales"})


def test_an_environment_has_its_database() -> None:
    assert database_of("prod") == "usage_prod"
    for name in ("", "Prod", "a-b", "x" * 17, "prod\n"):
        with pytest.raises(ConfigurationError, match="is no environment"):
            database_of(name)
