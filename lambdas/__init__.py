"""Functions that a scheduler calls: each parses its event, calls one service, and maps the result."""
