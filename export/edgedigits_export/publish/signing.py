"""Signing a bundle, so that devices can tell whether it is the one that was published."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from edgedigits.errors import InputError
from edgedigits.signatures import SIGNATURE, signed_content

INSTALL = "pip install 'edgedigits-export[sign]'"


def check_key(key: Path) -> None:
    """Refuse a key that cannot sign, before anything is converted.

    Raises:
        InputError: it cannot be read or used, or model-signing is not installed.
    """
    _signer(key)


def sign_bundle(folder: Path, key: Path) -> None:
    """Write a signature over everything in a folder into it.

    Args:
        folder: the bundle, complete.
        key: file of the private key (PEM; elliptic, of the curves P-256, P-384 or P-521, without a password).

    Raises:
        InputError: as `check_key`.
    """
    _signer(key).sign(folder, folder / SIGNATURE)


def _signer(key: Path) -> Any:
    try:
        from model_signing import signing
    except ImportError:
        raise InputError(f"Signing needs the library model-signing; install it: {INSTALL}.") from None
    try:
        config = signing.Config().use_elliptic_key_signer(private_key=key)
    except OSError as error:
        raise InputError(f"The key {key} cannot be read ({error.strerror}); name the file of a private key.") from error
    except Exception as error:  # its loader raises errors of several kinds
        raise InputError(
            f"{key} is no private key of the curves P-256, P-384 or P-521 in PEM form without a password; make one:"
            " openssl ecparam -name prime256v1 -genkey -noout -out KEY."
        ) from error
    return config.set_hashing_config(signed_content())
