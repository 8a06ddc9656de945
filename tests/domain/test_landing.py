"""Landing keys: both layouts, and what a key does and does not tell."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from usagelake.domain.landing import LandingKey, Source, arrival_minute, is_landing_object, source_of

MINUTE = datetime(2015, 5, 17, 23, 5, tzinfo=UTC)


@pytest.mark.parametrize(
    ("key", "parsed"),
    [
        (
            "internal_model_total_tokens/2015/05/17/23/05/45a5a751-239f-463f-b2ee-e68d599ecc6d.jsonl",
            LandingKey("internal_model_total_tokens", MINUTE, "45a5a751-239f-463f-b2ee-e68d599ecc6d.jsonl"),
        ),
        (
            "apigw_access/2015/05/17/23/05/usage-prod-1-2015-05-17-23-10-00-ab.jsonl.gz",
            LandingKey("apigw_access", MINUTE, "usage-prod-1-2015-05-17-23-10-00-ab.jsonl.gz"),
        ),
        ("a/b c/2015/05/17/23/05/x", LandingKey("a/b c", MINUTE, "x")),
        ("2015/05/17/23/05/x", LandingKey("", MINUTE, "x")),
        ("2014/01/01/00/00/2015/05/17/23/05/x", LandingKey("2014/01/01/00/00", MINUTE, "x")),
        ("a\n/2015/05/17/23/05/x\ny", LandingKey("a\n", MINUTE, "x\ny")),
    ],
)
def test_both_layouts_are_read_by_their_folders(key: str, parsed: LandingKey) -> None:
    """A prefix, a minute, a name that says nothing; and the key comes back."""
    assert LandingKey.parse(key) == parsed
    assert parsed.render() == key
    assert arrival_minute(key) == MINUTE


@pytest.mark.parametrize(
    "key",
    [
        "",
        "x.jsonl",
        "a/x.jsonl",
        "a/2015/05/17/23/x.jsonl",
        "a/2015/05/17/23/05/",
        "a/2015/05/17/23/05/more/x.jsonl",
        "a/2015/5/17/23/05/x.jsonl",
        "a/2015/13/17/23/05/x.jsonl",
        "a/2015/02/29/23/05/x.jsonl",
        "a/2015/05/17/24/05/x.jsonl",
        "a/2015/05/17/23/60/x.jsonl",
        "a/0000/05/17/23/05/x.jsonl",
        "a/\u0662\u0660\u0661\u0665/05/17/23/05/x.jsonl",
        "a2015/05/17/23/05/x.jsonl",
    ],
)
def test_other_keys_tell_no_minute(key: str) -> None:
    """A key that follows no layout is no error: it only tells less."""
    assert LandingKey.parse(key) is None
    assert arrival_minute(key) is None


@pytest.mark.parametrize(
    ("key", "source"),
    [
        ("apigw_access/2015/05/17/23/05/x.jsonl", Source.API_REQUESTS),
        ("team/apigw_access/x.jsonl", Source.API_REQUESTS),
        ("data-api/apigw_access/2015/05/17/23/05/x.jsonl", Source.API_REQUESTS),
        ("apigw_access", Source.BILLING_EVENTS),
        ("data-api/apigw_access", Source.BILLING_EVENTS),
        ("my_apigw_access/x.jsonl", Source.BILLING_EVENTS),
        ("apigw_access2/x.jsonl", Source.BILLING_EVENTS),
        ("APIGW_ACCESS/x.jsonl", Source.BILLING_EVENTS),
        ("internal_model_total_tokens/2015/05/17/23/05/x.jsonl", Source.BILLING_EVENTS),
        ("x.jsonl", Source.BILLING_EVENTS),
    ],
)
def test_a_folder_tells_the_source(key: str, source: Source) -> None:
    """Access logs lie in a folder of one name; everything else is billing events."""
    assert source_of(key) is source


@pytest.mark.parametrize(
    ("key", "is_read"),
    [
        ("a/2015/05/17/23/05/x.jsonl", True),
        ("a/2015/05/17/23/05/x.jsonl.gz", True),
        ("x.y_z.jsonl", True),
        ("a_b/x.jsonl", True),
        ("a/x.json", False),
        ("a/x.gz", False),
        ("a/x.JSONL", False),
        ("a/x.jsonl.bz2", False),
        ("a/x.jsonl/y", False),
        ("a/jsonl", False),
        ("a/.x.jsonl", False),
        ("a/.jsonl", False),
        ("a/_x.jsonl", False),
        ("_tmp/x.jsonl", False),
        ("a/.spool/b/x.jsonl", False),
        ("", False),
    ],
)
def test_what_is_read_of_a_landing(key: str, is_read: bool) -> None:
    """NDJSON by its name; what writers and engines hide stays hidden."""
    assert is_landing_object(key) is is_read


PARTS = st.text(alphabet=st.characters(exclude_characters="/"), min_size=1, max_size=5)


@settings(deadline=None)
@given(
    st.lists(PARTS, max_size=3).map("/".join),
    st.datetimes(timezones=st.just(UTC)).map(lambda time: time.replace(second=0, microsecond=0)),
    PARTS,
)
def test_what_is_rendered_is_parsed_back(prefix: str, minute: datetime, name: str) -> None:
    """A key survives being written."""
    key = LandingKey(prefix, minute, name)
    assert LandingKey.parse(key.render()) == key
