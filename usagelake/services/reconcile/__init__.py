"""Reconciliation: what was said on one side, found again on the other."""
