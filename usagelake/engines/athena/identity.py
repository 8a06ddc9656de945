"""Who a run is, and the tokens that its statements are started under.

Athena gives the same token its first execution again: a run that is repeated joins the statement that its predecessor
has left running, and does not start a second one beside it.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class RunIdentity:
    """Who a run is; a repeated attempt at the same work has the same identity.

    Attributes:
        job: What it does: `hourly`.
        window: What of: `2026-11-01T10:00:00Z`.
        attempt: Which try of somebody who wants a new one; a retry by a scheduler is the same try.
    """

    job: str
    window: str
    attempt: str


@dataclass(frozen=True, slots=True)
class Run:
    """One opening of an engine.

    Attributes:
        identity: Who it is.
        nonce: Tells this opening from every other, letters and digits: what a run reads, and what it puts into the
            work area, is never shared with another.
    """

    identity: RunIdentity
    nonce: str


def token(run: Run, lake: str, number: int, text: str, *, reading: bool, again: int = 0) -> str:
    """Derive a statement's ClientRequestToken.

    Args:
        run: The run.
        lake: Its database: the same job of another environment is another one.
        number: Which time it is that the run starts this very text.
        text: Its text: the same token with another text is refused.
        reading: Whether it reads: a read is never answered by the result of an earlier run.
        again: How often it has been started before, and was over.

    Returns:
        64 characters; Athena takes 32 to 128.

    Example:
        >>> run = Run(RunIdentity("hourly", "2026-11-01T10:00:00Z", "1"), "5d1f")
        >>> len(token(run, "usage_prod", 1, "DELETE FROM stale_hours", reading=False))
        64
    """
    who = run.identity
    said = [who.job, who.window, who.attempt, run.nonce if reading else None, lake, number, text, again]
    return hashlib.sha256(json.dumps(said).encode()).hexdigest()
