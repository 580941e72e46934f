"""A signed bundle is used only as it was signed, by whom it was signed; real keys, real files."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import cv2
import pytest

from edgedigits import Reader
from edgedigits import bundle as bundle_module
from edgedigits.bundle import BUNDLED, MANIFEST, Bundle
from edgedigits.cli import main
from edgedigits.errors import BundleError, InputError
from edgedigits.signatures import signed_digests
from edgedigits_export.convert.formats import FORMATS
from edgedigits_export.exporting import export_bundle
from edgedigits_export.options import ExportOptions
from edgedigits_export.publish.signing import sign_bundle
from tests.runtime.samples import draw_text

EDGEDIGITS = str(Path(sys.executable).parent / "edgedigits")


class Keys:
    """A pair of keys as files."""

    def __init__(self, folder: Path, curve: str = "secp256r1") -> None:
        from cryptography.hazmat.primitives import serialization
        from cryptography.hazmat.primitives.asymmetric import ec

        folder.mkdir()
        self.private, self.public = folder / "key.pem", folder / "key.pub"
        key = ec.generate_private_key({"secp256r1": ec.SECP256R1, "secp256k1": ec.SECP256K1}[curve]())
        pem = serialization.Encoding.PEM
        self.private.write_bytes(
            key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        )
        self.public.write_bytes(key.public_key().public_bytes(pem, serialization.PublicFormat.SubjectPublicKeyInfo))


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Keys:
    return Keys(tmp_path_factory.mktemp("keys") / "ours")


@pytest.fixture(scope="module")
def signed(small_training: Path, keys: Keys, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A signed bundle of version 1.4."""
    out = tmp_path_factory.mktemp("signed") / "bundle"
    export_bundle(small_training, out, ExportOptions([FORMATS["onnx-int8"]], key=keys.private, version="1.4"))
    return out


@pytest.fixture
def published(keys: Keys, tmp_path: Path) -> Path:
    """A signed copy of the model in the package, which takes no training."""
    folder = Path(shutil.copytree(BUNDLED, tmp_path / "published"))
    sign_bundle(folder, keys.private)
    return folder


@pytest.fixture
def copy(signed: Path, tmp_path: Path) -> Path:
    """A copy of it that a test may change."""
    return Path(shutil.copytree(signed, tmp_path / "bundle"))


def test_a_signed_bundle_is_used(signed: Path, keys: Keys) -> None:
    assert Bundle.load(signed, verify=keys.public).files[0].format == "onnx-int8"
    assert Reader(signed, verify=str(keys.public)).bundle.path == signed
    assert Bundle.load(signed).files[0].format == "onnx-int8", "who does not ask for it needs no key"
    assert Bundle.load(signed, verify=keys.public, at_least="1.4").version == "1.4"
    with pytest.raises(BundleError, match="has version 1.4, and 1.5 at least is asked for"):
        Bundle.load(signed, verify=keys.public, at_least="1.5")


def change_a_weight(bundle: Path) -> None:
    """Change the model, and the manifest along with it: only the signature can tell."""
    from hashlib import sha256

    path, manifest = bundle / "digits-int8.onnx", bundle / "manifest.json"
    before = path.read_bytes()
    path.write_bytes(before[:-1] + bytes([before[-1] ^ 1]))
    text = manifest.read_text()
    manifest.write_text(text.replace(sha256(before).hexdigest(), sha256(path.read_bytes()).hexdigest()))


CHANGES: dict[str, Callable[[Path], object]] = {
    "a changed model": change_a_weight,
    "a changed manifest": lambda bundle: (bundle / "manifest.json").write_text(
        (bundle / "manifest.json").read_text().replace('"temperature": 1.2', '"temperature": 9.9')
    ),
    "a missing report": lambda bundle: (bundle / "report.html").unlink(),
    "a file more": lambda bundle: (bundle / "more.onnx").write_bytes(b""),
    "a file more that git would ignore": lambda bundle: (bundle / ".gitignore").write_bytes(b"*"),
    "a link in place of a file": lambda bundle: (
        (bundle / "report.md").unlink(),
        (bundle / "report.md").symlink_to(bundle / "report.html"),
    ),
    "a damaged signature": lambda bundle: (bundle / "model.sig").write_text("{}"),
    "no signature": lambda bundle: (bundle / "model.sig").unlink(),
}


@pytest.mark.parametrize("change", CHANGES)
def test_what_was_changed_is_refused(change: str, copy: Path, keys: Keys) -> None:
    CHANGES[change](copy)
    with pytest.raises(BundleError, match="not signed" if change == "no signature" else "not the one that the owner"):
        Bundle.load(copy, verify=keys.public)


MANIFESTS_OF_OTHERS = re.compile(rb'"temperature": [0-9.]+')


def altered(folder: Path) -> bytes:
    """Return the manifest as somebody else would want it."""
    return MANIFESTS_OF_OTHERS.sub(b'"temperature": 9.9', (folder / MANIFEST).read_bytes(), count=1)


@pytest.mark.parametrize("ignored", [MANIFEST, "digits-int8.onnx", "report.md", "."])
def test_a_signature_cannot_leave_files_out(ignored: str, published: Path, keys: Keys) -> None:
    from model_signing import hashing, signing

    (published / "model.sig").unlink()
    content = hashing.Config().set_ignored_paths(paths=["model.sig", ignored])
    signer = signing.Config().use_elliptic_key_signer(private_key=keys.private).set_hashing_config(content)
    signer.sign(published, published / "model.sig")
    (published / MANIFEST).write_bytes(altered(published))
    with pytest.raises(BundleError, match="not the one that the owner of"):
        Bundle.load(published, verify=keys.public)


def swap_around(
    check: Callable[..., object], folder: Path, during: bytes | None = None, after: bytes | None = None
) -> Callable[..., object]:
    """Return the check of a signature, with another manifest in the folder while it runs or once it has run."""

    def checked(*arguments: object) -> object:
        if during is not None:
            (folder / MANIFEST).write_bytes(during)
        try:
            return check(*arguments)
        finally:
            if after is not None:
                (folder / MANIFEST).write_bytes(after)

    return checked


def test_what_is_verified_is_what_is_read(published: Path, keys: Keys, monkeypatch: pytest.MonkeyPatch) -> None:
    ours, theirs = (published / MANIFEST).read_bytes(), altered(published)
    (published / MANIFEST).write_bytes(theirs)
    with monkeypatch.context() as patch:
        # theirs when it is read, and ours for as long as the signature is checked
        patch.setattr(bundle_module, "signed_digests", swap_around(signed_digests, published, ours, theirs))
        with pytest.raises(BundleError, match=rf"its signature is not for this {MANIFEST}"):
            Bundle.load(published, verify=keys.public)


def test_commands_use_what_was_verified(
    published: Path, keys: Keys, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    cv2.imwrite(str(tmp_path / "seven.png"), draw_text("7"))
    manifest = json.loads((published / MANIFEST).read_bytes())
    refusing = json.dumps({**manifest, "confidence_threshold": 1.0}).encode()
    monkeypatch.setattr(bundle_module, "signed_digests", swap_around(signed_digests, published, after=refusing))
    with pytest.raises(SystemExit) as ended:
        main(["predict", str(tmp_path / "seven.png"), "--bundle", str(published), "--verify", str(keys.public)])
    assert (ended.value.code or 0) == 0
    assert capfd.readouterr().out.strip().endswith("7")


def test_a_model_that_was_swapped_after_the_check_is_refused(published: Path, keys: Keys) -> None:
    bundle = Bundle.load(published, verify=keys.public)
    for file in bundle.files:
        file.path.write_bytes(file.path.read_bytes()[::-1])
    with pytest.raises(BundleError, match="does not match its SHA-256"):
        Reader(bundle)


def test_another_key_is_refused(signed: Path, tmp_path: Path) -> None:
    with pytest.raises(BundleError, match="not the one that the owner of .*key.pub signed"):
        Bundle.load(signed, verify=Keys(tmp_path / "theirs").public)


def test_the_bundle_of_the_package_is_not_signed(keys: Keys) -> None:
    with pytest.raises(BundleError, match="is not signed"):
        Reader(BUNDLED, verify=keys.public)


@pytest.mark.parametrize("problem", ["missing", "no key", "private", "another curve"])
def test_a_key_that_cannot_be_used_is_named(problem: str, signed: Path, keys: Keys, tmp_path: Path) -> None:
    key = tmp_path / "key"
    if problem == "no key":
        key.write_text("no key")
    elif problem == "private":
        key = keys.private
    elif problem == "another curve":
        key = Keys(tmp_path / "bitcoin", "secp256k1").public
    with pytest.raises(InputError, match=f"{key}.*(cannot be read|no public key)"):
        Bundle.load(signed, verify=key)


def test_a_key_that_cannot_sign_is_told_before_anything_is_converted(
    small_training: Path, keys: Keys, tmp_path: Path
) -> None:
    for key in (keys.public, tmp_path / "nowhere"):
        with pytest.raises(InputError, match="no private key|cannot be read"):
            export_bundle(small_training, tmp_path / "bundle", ExportOptions([FORMATS["onnx-int8"]], key=key))
    assert not (tmp_path / "bundle").exists()


@pytest.mark.parametrize(
    "command", [["doctor", "--bundle"], ["inspect"], ["predict", "Images", "--bundle"], ["webcam", "9", "--bundle"]]
)
def test_commands_verify(command: list[str], copy: Path, keys: Keys) -> None:
    (copy / "report.md").write_text("changed")
    done = subprocess.run(
        [EDGEDIGITS, *command, str(copy), "--verify", str(keys.public)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 2
    assert "is not the one that the owner of" in done.stderr
    assert done.stderr.count("\n") == 1


def test_inspect_says_whose_it_is(signed: Path, keys: Keys) -> None:
    done = subprocess.run(
        [EDGEDIGITS, "inspect", str(signed), "--verify", str(keys.public)], capture_output=True, text=True, check=True
    )
    assert f"it is as the owner of {keys.public} signed it" in done.stdout


def test_without_the_library_a_line_says_how_to_get_it(
    signed: Path, small_training: Path, keys: Keys, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "model_signing", None)
    with pytest.raises(InputError, match=r"pip install 'edgedigits-export\[sign\]'"):
        export_bundle(small_training, tmp_path / "bundle", ExportOptions([FORMATS["onnx-int8"]], key=keys.private))
    with pytest.raises(InputError, match=r"pip install 'edgedigits\[verify\]'"):
        Bundle.load(signed, verify=keys.public)
