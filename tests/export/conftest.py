"""The quick training and its export are shared with the parity tests."""

from tests.parity.conftest import bundle, trained

__all__ = ["bundle", "trained"]
