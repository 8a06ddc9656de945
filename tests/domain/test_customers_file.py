"""Loading customers: what is read, and that everything wrong is refused by its line."""

from __future__ import annotations

import csv
import io
from datetime import UTC, date, datetime
from time import process_time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from usagelake.domain.customers import FOR_EVER, SINCE_EVER, Assignment
from usagelake.domain.customers_file import HEADER, load_customers
from usagelake.errors import ConfigurationError

PLANS = ("growth", "payg")
HEAD = ",".join(HEADER)


def load(*rows: str) -> tuple[Assignment, ...]:
    return load_customers("\n".join([HEAD, *rows]), plans=PLANS).assignments


def faults_of(text: str) -> list[str]:
    with pytest.raises(ConfigurationError) as refused:
        load_customers(text, plans=PLANS)
    return list(refused.value.faults)


def test_a_row_is_an_assignment() -> None:
    assert load("api_key,k1,cust-03,Customer 03,growth,2015-01-01,2015-06-01") == (
        Assignment("api_key", "k1", "cust-03", "Customer 03", "growth", date(2015, 1, 1), date(2015, 6, 1), line=2),
    )


def test_empty_days_are_open_ends() -> None:
    (row,) = load("api_key,k1,cust-03,,growth,,")
    assert (row.valid_from, row.valid_to, row.customer_name) == (SINCE_EVER, FOR_EVER, "")


def test_a_header_alone_has_no_customers() -> None:
    assert load() == ()


def test_names_may_hold_commas_quotes_and_lines() -> None:
    rows = load('api_key,k1,c1,"Smith, ""Bob""\nand Sons",growth,,', "api_key,k2,c2,Zoë 株式会社,payg,,")
    assert [row.customer_name for row in rows] == ['Smith, "Bob"\nand Sons', "Zoë 株式会社"]
    assert [row.line for row in rows] == [2, 4]  # the line on which the row starts


@pytest.mark.parametrize("line_end", ["\n", "\r\n", "\r"])
def test_marks_blank_lines_and_line_ends_are_passed_over(line_end: str) -> None:
    text = line_end.join(["\ufeff", HEAD, "", "api_key,k1,c1,C,growth,,", "   ", "api_key,k2,c1,C,growth,,", ""])
    rows = load_customers(text, plans=PLANS).assignments
    assert [(row.subject_id, row.line) for row in rows] == [("k1", 4), ("k2", 6)]


GOOD = "api_key,k1,c1,Name,growth,2015-01-01,2015-06-01"


@pytest.mark.parametrize(
    ("row", "fault"),
    [
        (",k1,c1,Name,growth,,", "subject_type is ''; it must not be empty"),
        ("api_key,,c1,Name,growth,,", "subject_id is ''; it must not be empty"),
        (
            "api_key, k1,c1,Name,growth,,",
            "subject_id is ' k1'; it must not be empty or have white space around it",
        ),
        ("api_key,k1,,Name,growth,,", "customer_id '' is no safe file name"),
        ("api_key,k1,.,Name,growth,,", "customer_id '.' is no safe file name"),
        ("api_key,k1,..,Name,growth,,", "customer_id '..' is no safe file name"),
        ("api_key,k1,a/b,Name,growth,,", "customer_id 'a/b' is no safe file name"),
        ("api_key,k1,../etc/passwd,Name,growth,,", "customer_id '../etc/passwd' is no safe file name"),
        ("api_key,k1,a b,Name,growth,,", "customer_id 'a b' is no safe file name"),
        ("api_key,k1,zoë,Name,growth,,", "customer_id 'zoë' is no safe file name"),
        ("api_key,k1,٣,Name,growth,,", "customer_id '٣' is no safe file name"),
        ('api_key,k1,"c1\n",Name,growth,,', "customer_id 'c1\\n' is no safe file name"),
        (f"api_key,k1,{'c' * 129},Name,growth,,", "is no safe file name; write 1 to 128 letters"),
        ("api_key,k1,c1,Name,,,", "the price book has no plan ''; there are: growth, payg"),
        ("api_key,k1,c1,Name,scale,,", "the price book has no plan 'scale'; there are: growth, payg"),
        ("api_key,k1,c1,Name,growth,2015-13-01,", "valid_from '2015-13-01' is no date; write YYYY-MM-DD"),
        ("api_key,k1,c1,Name,growth,2015-02-30,", "valid_from '2015-02-30' is no date"),
        ("api_key,k1,c1,Name,growth,20150101,", "valid_from '20150101' is no date"),
        ("api_key,k1,c1,Name,growth,2015-W01-1,", "valid_from '2015-W01-1' is no date"),
        ("api_key,k1,c1,Name,growth,2015-01-01T00:00:00Z,", "valid_from '2015-01-01T00:00:00Z' is no date"),
        ("api_key,k1,c1,Name,growth, 2015-01-01,", "valid_from ' 2015-01-01' is no date"),
        ("api_key,k1,c1,Name,growth,,01/02/2015", "valid_to '01/02/2015' is no date"),
        (
            "api_key,k1,c1,Name,growth,2015-01-01,2015-01-01",
            "valid_to 2015-01-01 is not after valid_from 2015-01-01",
        ),
        (
            "api_key,k1,c1,Name,growth,2015-01-02,2015-01-01",
            "valid_to 2015-01-01 is not after valid_from 2015-01-02",
        ),
        ("api_key,k1,c1,Name,growth,", "6 fields where 7 belong"),
        ("api_key,k1,c1,Name,growth,,,", "8 fields where 7 belong"),
        ("api_key", "1 fields where 7 belong"),
        ('api_key,"k"1,c1,Name,growth,,', "not valid CSV from here on"),
        ('api_key,"k1,c1,Name,growth,,', "not valid CSV from here on: unexpected end of data"),
        (
            f"api_key,{'k' * 200_000},c1,Name,growth,,",
            "not valid CSV from here on: field larger than field limit",
        ),
    ],
)
def test_every_fault_is_named_with_its_line(row: str, fault: str) -> None:
    faults = faults_of(f"{HEAD}\napi_key,k0,c0,Name,growth,,\n\n{row}")
    assert len(faults) == 1, faults
    assert faults[0].startswith("customers.csv line 4: ")
    assert fault in faults[0]


@pytest.mark.parametrize(
    "header",
    [
        "",
        "api_key,k1,c1,Name,growth,,",
        HEAD.replace(",plan_id", ""),
        HEAD.replace("customer_id,customer_name", "customer_name,customer_id"),
        HEAD.replace("subject_id", "Subject_Id"),
        HEAD + ",note",
        HEAD.replace(",", ";"),
    ],
)
def test_another_header_is_refused(header: str) -> None:
    """Columns are never guessed: a swapped pair would bill the wrong customer."""
    with pytest.raises(ConfigurationError) as refused:
        load_customers(f"{header}\napi_key,k1,c1,Name,growth,,", plans=PLANS, where="x.csv")
    (fault,) = refused.value.faults
    assert fault.startswith("x.csv line ")
    assert f"write {HEAD}" in fault


def test_an_empty_file_lacks_its_header() -> None:
    assert faults_of("") == [f"customers.csv line 1: the header is ''; write {HEAD}"]


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("2015-01-01,2015-06-01", "2015-05-31,2015-07-01"),
        ("2015-01-01,", "2015-06-01,"),
        (",", "2015-06-01,2015-06-02"),
        (",2015-06-02", "2015-06-01,"),
        ("2015-01-01,2015-02-01", "2015-01-01,2015-02-01"),
        ("2015-05-31,2015-07-01", "2015-01-01,2015-06-01"),
    ],
)
def test_two_rows_of_one_subject_at_one_time_are_refused_with_both_lines(first: str, second: str) -> None:
    (fault,) = faults_of(f"{HEAD}\napi_key,k1,c1,N,growth,{first}\n\napi_key,k1,c2,N,growth,{second}\n")
    assert fault.startswith("customers.csv line 4: api_key 'k1' is on line 2 too, and both are valid on 2015-")


def test_an_overlap_with_an_earlier_longer_row_is_found() -> None:
    """The long row overlaps both short ones, though the short ones do not overlap each other."""
    faults = faults_of(
        f"{HEAD}\napi_key,k1,c1,N,growth,2015-01-01,2015-12-31\n"
        "api_key,k1,c2,N,growth,2015-02-01,2015-03-01\napi_key,k1,c3,N,growth,2015-04-01,2015-05-01\n"
    )
    assert [fault.split(",")[0] for fault in faults] == [
        "customers.csv line 3: api_key 'k1' is on line 2 too",
        "customers.csv line 4: api_key 'k1' is on line 2 too",
    ]


def test_rows_that_touch_and_rows_of_other_subjects_do_not_overlap() -> None:
    rows = load(
        "api_key,k1,c1,N,growth,,2015-06-01",
        "api_key,k1,c2,N,payg,2015-06-01,",
        "resource,k1,c1,N,growth,,",
        "api_key,K1,c1,N,growth,,",
    )
    assert len(rows) == 4


def test_customer_ids_that_differ_only_in_case_are_refused() -> None:
    faults = faults_of(
        f"{HEAD}\napi_key,k1,Acme,N,growth,,\napi_key,k2,acme,N,growth,,\napi_key,k3,acme,N,growth,,\n"
        "api_key,k4,Acme,N,growth,,\napi_key,k5,ACME,N,growth,,\n"
    )
    assert [fault.split(",")[0] for fault in faults] == [
        "customers.csv line 3: customer_id 'acme' and 'Acme' on line 2 differ only in case",
        "customers.csv line 6: customer_id 'ACME' and 'Acme' on line 2 differ only in case",
    ]


def test_all_faults_are_named_at_once() -> None:
    faults = faults_of(
        f"{HEAD}\n,k1,a/b,N,nothing,x,y\napi_key,k1\n{GOOD}\n{GOOD}\napi_key,k9,C1,N,growth,2015-01-02,2015-01-01\n"
    )
    assert [fault.split(" line ")[1][0] for fault in faults] == ["2", "2", "2", "2", "2", "3", "6", "5"]


fields = st.text(st.sampled_from('ab01-./, "\n\r\u00e9'), max_size=6)
lines = st.tuples(
    st.sampled_from(["api_key", "resource", ""]) | fields,
    st.sampled_from(["k1", "k2"]) | fields,
    st.sampled_from(["c1", "C1", "c2"]) | fields,
    fields,
    st.sampled_from(PLANS) | fields,
    st.sampled_from(["", "2015-01-01", "2015-02-01"]) | fields,
    st.sampled_from(["", "2015-03-01", "2015-02-01"]) | fields,
)


@given(st.lists(lines, max_size=5))
@settings(max_examples=200, deadline=None)
def test_any_file_is_read_or_refused(rows: list[tuple[str, ...]]) -> None:
    """What is read is what was written, with no day on which a subject has two customers."""
    out = io.StringIO()
    csv.writer(out).writerows([HEADER, *rows])
    try:
        customers = load_customers(out.getvalue(), plans=PLANS)
    except ConfigurationError as refused:
        faults = refused.faults
        assert faults
        return
    found = [(r.subject_type, r.subject_id, r.customer_id, r.customer_name, r.plan_id) for r in customers.assignments]
    assert found == [row[:5] for row in rows]
    for day in (date(2014, 12, 31), date(2015, 1, 1), date(2015, 2, 1), date(2015, 3, 1)):
        matches = [r for r in customers.assignments if r.valid_from <= day < r.valid_to]
        assert len({(r.subject_type, r.subject_id) for r in matches}) == len(matches)
        noon = datetime(day.year, day.month, day.day, 12, tzinfo=UTC)
        assert all(customers.assignment_at(r.subject_type, r.subject_id, noon) is r for r in matches)


def test_a_hundred_thousand_rows_are_no_burden() -> None:
    """Seconds of CPU time on any machine; a loader that compares rows with rows would take hours."""
    rows = [f"api_key,key-{n:06},cust-{n % 5000},Customer {n % 5000},growth,2015-01-01," for n in range(100_000)]
    started = process_time()
    customers = load_customers("\n".join([HEAD, *rows]), plans=PLANS)
    noon = datetime(2015, 5, 1, 12, tzinfo=UTC)
    assert all(customers.assignment_at("api_key", f"key-{n:06}", noon) is not None for n in range(100_000))
    assert len(customers.names) == 5000
    assert process_time() - started < 20
