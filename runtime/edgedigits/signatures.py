"""Signed bundles: whether a bundle is the one that the owner of a key published.

The signature is one of `model-signing` (the OpenSSF's model signing specification): SHA-256 of every file of the
bundle, signed by an elliptic key. `edgedigits export --sign` makes it.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from edgedigits.errors import BundleError, InputError

SIGNATURE = "model.sig"

INSTALL = "pip install 'edgedigits[verify]'"


def signed_digests(folder: Path, key: Path) -> Mapping[str, str]:
    """Check that a bundle is as it was signed: no file changed, none missing, none added.

    A file may be changed after this, so that what is used has to be held against the digests that come out.

    Args:
        folder: the bundle.
        key: file of the public key (PEM; elliptic, of the curves P-256, P-384 or P-521).

    Returns:
        The SHA-256 digest of every file of the bundle, hexadecimal, by its path within the bundle.

    Raises:
        BundleError: the bundle is not signed, is signed with another key, or was changed.
        InputError: the key cannot be read, or model-signing is not installed.
    """
    try:
        from model_signing import verifying
    except ImportError:
        raise InputError(f"Checking signatures needs the library model-signing; install it: {INSTALL}.") from None

    try:
        verifier = verifying.Config().use_elliptic_key_verifier(public_key=key)
    except OSError as error:
        raise InputError(f"The key {key} cannot be read ({error.strerror}); name the file of a public key.") from error
    except Exception as error:  # its loader raises errors of several kinds
        raise InputError(
            f"{key} is no public key of the curves P-256, P-384 or P-521 in PEM form; name the one that"
            " `openssl ec -pubout` made of the private key."
        ) from error
    signature = folder / SIGNATURE
    if not signature.is_file():
        raise BundleError(
            f"The bundle at {folder} is not signed: it has no {SIGNATURE}; export it with --sign, or do without"
            " --verify if you trust where it comes from."
        )
    everything = signed_content()
    try:
        verifier.set_hashing_config(everything).verify(folder, signature)
    except Exception as error:  # a signature that anybody may have written can fail in any way
        raise BundleError(
            f"The bundle at {folder} is not the one that the owner of {key} signed ({_reason(error)}); do not use it,"
            " and copy it again from where it was published."
        ) from error
    return {item.identifier: item.digest.digest_hex for item in everything.hashed.resource_descriptors()}


def signed_content() -> Any:
    """Return model-signing's description of what is signed: everything in the folder but the signature itself.

    After hashing, its `hashed` has what was found in the folder.

    Raises:
        ImportError: model-signing is not installed.
    """
    from model_signing import hashing

    class Everything(hashing.Config):
        """All files, whatever a signature says: it may name paths to be ignored, and with them the manifest."""

        hashed: Any = None

        def add_ignored_paths(self, **_: Any) -> None:
            """Ignore nothing more."""

        def hash(self, *arguments: Any, **options: Any) -> Any:
            """Hash a folder, and keep the digests that are compared with the signed ones."""
            self.hashed = super().hash(*arguments, **options)
            return self.hashed

    everything: Any = Everything
    return everything().set_ignored_paths(paths=[SIGNATURE], ignore_git_paths=False)


def _reason(error: Exception) -> str:
    line = " ".join(str(error).split())
    return "".join(c if c.isprintable() else "�" for c in line)[:200] or type(error).__name__
