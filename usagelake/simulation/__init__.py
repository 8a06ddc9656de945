"""Seeded, realistic traffic of both sources, written as landing objects; an exact account beside it."""
