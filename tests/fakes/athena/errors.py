"""How the local Athena says no: to a call, or to a statement that it has taken on."""

from __future__ import annotations

SYSTEM, USER, OTHER = 1, 2, 3
"""The categories of AthenaError."""


class ApiError(Exception):
    """A call that is refused.

    Args:
        code: The exception's name, such as `InvalidRequestException`.
        message: What Athena says.
        fields: What else its body holds, such as `AthenaErrorCode`.
    """

    def __init__(self, code: str, message: str, **fields: str) -> None:
        super().__init__(f"{code}: {message}")
        self.code, self.message, self.fields = code, message, fields


class StatementError(Exception):
    """A statement that ends as FAILED.

    Args:
        reason: The StateChangeReason, with Athena's code in front.
        category: One of SYSTEM, USER, OTHER.
        kind: The ErrorType.
        retryable: Whether Athena says that the same may work later.
    """

    def __init__(self, reason: str, *, category: int = USER, kind: int = 1000, retryable: bool = False) -> None:
        super().__init__(reason)
        self.reason, self.category, self.kind, self.retryable = reason, category, kind, retryable


class StatementCancelledError(Exception):
    """A statement that ends as CANCELLED."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def invalid(message: str, code: str = "INVALID_INPUT") -> ApiError:
    """Make an InvalidRequestException."""
    return ApiError("InvalidRequestException", message, AthenaErrorCode=code)
