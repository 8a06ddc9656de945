"""Hypothesis strategies: small random lakes with all that can stand in one."""

from tests.strategies.dice import Dice
from tests.strategies.lakes import Conflicts, LakeSpec, Written, build_lake, lake

__all__ = ["Conflicts", "Dice", "LakeSpec", "Written", "build_lake", "lake"]
