"""The errors of edgedigits. Every message says what is wrong and what to do about it."""

from __future__ import annotations


class EdgeDigitsError(Exception):
    """Root of all errors that edgedigits raises on purpose.

    `exit_code` is what the command line ends with when the error reaches it.
    """

    exit_code = 1


class InputError(EdgeDigitsError):
    """An image, a path or an option that cannot be used as it is."""

    exit_code = 2


class BundleError(EdgeDigitsError):
    """A bundle that is missing, incomplete, changed, or made for another version."""

    exit_code = 2


class EngineError(EdgeDigitsError):
    """An inference engine that is unknown, not installed, or cannot run any file of the bundle."""

    exit_code = 2
