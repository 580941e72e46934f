"""`models install --verify` takes what the owner of a key signed, as it was signed, and nothing else."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from edgedigits.bundle import BUNDLED, MANIFEST
from edgedigits.models import Store
from edgedigits.signatures import SIGNATURE
from tests.export.test_signing import Keys
from tests.runtime.models.test_store import edgedigits, pack

pytest.importorskip("model_signing", reason="needs the extra `verify`")


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Keys:
    return Keys(tmp_path_factory.mktemp("keys") / "ours")


@pytest.fixture(scope="module")
def signed(keys: Keys, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The bundled model, signed as version 1.4."""
    from edgedigits_export.publish.signing import sign_bundle

    folder = Path(shutil.copytree(BUNDLED, tmp_path_factory.mktemp("signed") / "bundle"))
    manifest = json.loads((folder / MANIFEST).read_text())
    (folder / MANIFEST).write_text(json.dumps({**manifest, "version": "1.4"}))
    sign_bundle(folder, keys.private)
    return folder


@pytest.fixture
def copy(signed: Path, tmp_path: Path) -> Path:
    """A signed bundle that a test may change."""
    return Path(shutil.copytree(signed, tmp_path / "bundle"))


def refusal(source: Path, *options: str | Path, root: Path) -> str:
    """Return the line with which a model is refused; the model in use stays."""
    refused = edgedigits("install", str(source), *map(str, options), root=root)
    assert refused.returncode == 2
    assert refused.stdout == ""
    assert refused.stderr.startswith("Error: ")
    assert refused.stderr.count("\n") == 1
    store = Store(root)
    assert store.current() is None
    assert not store.list(), "nothing of it is left"
    return refused.stderr


@pytest.mark.parametrize("packed", [False, True])
def test_what_the_key_signed_is_installed(packed: bool, signed: Path, keys: Keys, tmp_path: Path) -> None:
    source = pack("tar", signed, tmp_path / "signed.tar.gz") if packed else signed
    root = tmp_path / "models"
    installed = edgedigits("install", str(source), "--verify", str(keys.public), "--at-least", "1.4", root=root)
    assert (installed.returncode, installed.stderr) == (0, "")
    assert "version 1.4" in installed.stdout
    assert [(model.version, model.current) for model in Store(root).list()] == [("1.4", True)]


def test_the_key_may_stand_in_the_environment(
    signed: Path, keys: Keys, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EDGEDIGITS_KEY", str(Keys(tmp_path / "other").public))
    assert "signed" in refusal(signed, root=tmp_path / "models")


def test_another_key_refuses_it(signed: Path, tmp_path: Path) -> None:
    other = Keys(tmp_path / "other").public
    line = refusal(signed, "--verify", other, root=tmp_path / "models")
    assert f"is not the one that the owner of {other} signed" in line
    assert str(signed) in line


def test_what_nobody_signed_is_refused(keys: Keys, tmp_path: Path) -> None:
    line = refusal(BUNDLED, "--verify", keys.public, root=tmp_path / "models")
    assert f"is not signed: it has no {SIGNATURE}" in line
    assert str(BUNDLED) in line


def lengthen(path: Path) -> None:
    path.write_bytes(path.read_bytes() + b"\n")


def settle(folder: Path) -> None:
    """Change the manifest, and the sums with it, as somebody would who may write both."""
    import hashlib

    lengthen(folder / MANIFEST)
    digest = hashlib.sha256((folder / MANIFEST).read_bytes()).hexdigest()
    lines = (folder / "SHA256SUMS").read_text().splitlines()
    (folder / "SHA256SUMS").write_text(
        "\n".join(f"{digest}  {MANIFEST}" if line.endswith(MANIFEST) else line for line in lines) + "\n"
    )


CHANGES: dict[str, Callable[[Path], object]] = {
    "the manifest": lambda folder: lengthen(folder / MANIFEST),
    "the manifest and its sum": settle,
    "a model": lambda folder: lengthen(folder / "digits-int8.onnx"),
    "the report": lambda folder: lengthen(folder / "report.md"),
    "a file more": lambda folder: (folder / "more.txt").write_text("more"),
    "a file less": lambda folder: (folder / "report.md").unlink(),
    "the signature": lambda folder: (folder / SIGNATURE).write_text("{}"),
}


@pytest.mark.parametrize("what", CHANGES)
def test_what_was_changed_after_signing_is_refused(what: str, copy: Path, keys: Keys, tmp_path: Path) -> None:
    CHANGES[what](copy)
    line = refusal(copy, "--verify", keys.public, root=tmp_path / "models")
    assert f"The bundle at {copy} is not the one that the owner of {keys.public} signed" in line


@pytest.mark.parametrize(("floor", "said"), [("1.5", "has version 1.4, and 1.5 at least"), ("new", "is no version")])
def test_an_old_version_is_refused_though_it_is_signed(
    floor: str, said: str, signed: Path, keys: Keys, tmp_path: Path
) -> None:
    assert said in refusal(signed, "--verify", keys.public, "--at-least", floor, root=tmp_path / "models")


@pytest.mark.parametrize("key", ["missing", "private", "text"])
def test_what_is_no_public_key_is_refused(key: str, signed: Path, keys: Keys, tmp_path: Path) -> None:
    named = {"missing": tmp_path / "none.pub", "private": keys.private, "text": signed / "report.md"}[key]
    line = refusal(signed, "--verify", named, root=tmp_path / "models")
    assert str(named) in line
    assert "public key" in line
