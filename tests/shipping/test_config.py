"""What a shipper is told, and how it refuses what makes no sense."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path

import pytest

from usagelake.errors import ConfigurationError
from usagelake.shipping.config import ShippingConfig, SpoolStrength
from usagelake.shipping.environment import PREFIX, options_from


def test_texts_become_what_they_mean() -> None:
    """The environment has nothing but texts."""
    config = ShippingConfig.of(
        {"to": "s3://usage", "max_events": "20", "max_age": "1.5", "spool": "/spool", "spool_strength": "every-event"}
    )
    assert (config.max_events, config.max_age) == (20, 1.5)
    assert config.spool == Path("/spool")
    assert config.spool_strength is SpoolStrength.EVERY_EVENT


@pytest.mark.parametrize(
    ("options", "word"),
    [
        ({}, "to is missing"),
        ({"to": ""}, "to is empty"),
        ({"to": "x", "max_event": 5}, "max_event: there is no such option"),
        ({"to": "x", "max_events": 0}, "max_events is 0"),
        ({"to": "x", "max_events": "many"}, "max_events is 'many'"),
        ({"to": "x", "max_events": 2.5}, "max_events is 2.5"),
        ({"to": "x", "max_events": True}, "max_events is True"),
        ({"to": "x", "max_age": 0}, "max_age is 0"),
        ({"to": "x", "max_age": "nan"}, "max_age is nan"),
        ({"to": "x", "shutdown_deadline": -1}, "shutdown_deadline is -1"),
        ({"to": "x", "spool": ""}, "spool is ''"),
        ({"to": "x", "spool_strength": "strong"}, "sealed or every-event"),
        ({"to": "x", "client": "curl"}, "boto3 or obstore"),
        ({"to": "x", "credentials": "mine"}, "default, google, azure"),
        ({"to": "x", "prefix": "../up"}, "prefix is '../up'"),
        ({"to": "x", "prefix": "a/apigw_access"}, "apigw_access"),
        ({"to": "x", "prefix": "x" * 101}, "100 characters"),
        ({"to": 7}, "to is 7"),
    ],
)
def test_a_wrong_option_is_named(options: dict[str, object], word: str) -> None:
    """Each with its value and what to give instead."""
    with pytest.raises(ConfigurationError, match=word.replace("(", r"\(")):
        ShippingConfig.of(options)


def test_every_fault_is_named_at_once() -> None:
    """Nobody mends one after the other."""
    with pytest.raises(ConfigurationError) as raised:
        ShippingConfig(to="x", uploads=0, max_age=-1, client="curl")  # type: ignore[arg-type]
    assert len(raised.value.faults) == 3


def test_what_is_not_given_has_its_default() -> None:
    """None is not a value."""
    given: dict[str, object] = {field.name: None for field in fields(ShippingConfig)}
    assert ShippingConfig.of({**given, "to": "x"}) == ShippingConfig(to="x")


def test_both_switches_are_off_by_default() -> None:
    """Nothing is delivered because something was forgotten."""
    given = options_from({"to": "x"}, {})
    assert (given.emission, given.delivery) == (False, False)


def test_the_environment_gives_what_arguments_do_not() -> None:
    """An argument goes first, a switch that is off included."""
    environment = {
        PREFIX + "EMISSION": "on",
        PREFIX + "DELIVERY": "TRUE",
        PREFIX + "TO": "s3://theirs",
        PREFIX + "MAX_AGE": "5",
        PREFIX + "SPOOL": "",
    }
    given = options_from({"to": "s3://mine", "delivery": False, "max_age": None}, environment)
    assert (given.emission, given.delivery) == (True, False)
    assert given.options == {"to": "s3://mine", "max_age": "5"}


@pytest.mark.parametrize("name", ["emission", "delivery"])
def test_a_switch_is_on_or_off(name: str) -> None:
    """A switch that is neither does not count as off."""
    with pytest.raises(ConfigurationError, match="set it to on or off"):
        options_from({}, {PREFIX + name.upper(): "maybe"})
