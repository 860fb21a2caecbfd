"""The exceptions under the name of a module, for code that was written for PyPI's pychrony 2.x. New code has no need of it."""

from __future__ import annotations

from pychrony import (
    ChronyConnectionError,
    ChronyDataError,
    ChronyError,
    ChronyLibraryError,
    ChronyPermissionError,
    ChronyTimeoutError,
    ChronyVersionError,
)

__all__ = [
    "ChronyConnectionError",
    "ChronyDataError",
    "ChronyError",
    "ChronyLibraryError",
    "ChronyPermissionError",
    "ChronyTimeoutError",
    "ChronyVersionError",
]
