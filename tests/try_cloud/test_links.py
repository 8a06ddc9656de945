"""The trial fails when a link that should work does not, and not for what the emulator lacks."""

from __future__ import annotations

from tests.try_cloud.links import Links


def test_what_the_emulator_lacks_is_no_failure() -> None:
    links = Links()
    links.works("a → b", "seen")
    links.not_carried("b → c", "Unrecognized resource types")
    assert links.exit_code == 0


def test_one_failed_link_fails_the_trial() -> None:
    links = Links()
    links.works("a → b", "seen")
    links.equal("b → c", {"lines": 1}, {"lines": 2})
    assert links.exit_code == 1
    assert links.found[-1].detail == "{'lines': 1}, and not {'lines': 2}"


def test_no_link_at_all_is_a_failure() -> None:
    assert Links().exit_code == 1


def test_the_table_has_one_line_per_link() -> None:
    links = Links()
    links.equal("a → b", 2, 2)
    links.not_carried("longer → c", "why")
    assert links.table() == "a → b       works        2\nlonger → c  not carried  why"
