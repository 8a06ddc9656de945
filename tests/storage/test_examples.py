"""The examples in the docstrings of storage run, and show what they say."""

from __future__ import annotations

import doctest
import importlib
import pkgutil

import pytest

import usagelake.storage

MODULES = [module.name for module in pkgutil.walk_packages(usagelake.storage.__path__, "usagelake.storage.")]


@pytest.mark.parametrize("name", MODULES)
def test_the_examples_of_a_module_run(name: str) -> None:
    assert doctest.testmod(importlib.import_module(name), raise_on_error=False).failed == 0
