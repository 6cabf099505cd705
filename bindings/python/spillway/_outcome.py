"""How a call ended."""

from enum import StrEnum


class Outcome(StrEnum):
    """How a call ended, as told to the policy that admitted it."""

    SUCCESS = "success"
    """The callee did its work."""
    FAILURE = "failure"
    """The callee failed."""
    IGNORED = "ignored"
    """Says nothing of the callee: counts nothing and gives the permit back."""
