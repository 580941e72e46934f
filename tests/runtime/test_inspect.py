"""`edgedigits inspect`: what a file is, said without any engine."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from edgedigits import InputError
from edgedigits.bundle import BUNDLED, Bundle
from edgedigits.cli import commands


def inspect(*arguments: str | Path) -> Result:
    return CliRunner().invoke(commands, ["inspect", *map(str, arguments)])


def test_the_bundled_model_is_told_by_default() -> None:
    shown = inspect()
    assert shown.exit_code == 0
    for file in Bundle.load().files:
        assert f"{file.path.name}: {file.size:,} bytes" in shown.output
    assert "trained on" in shown.output


@pytest.mark.parametrize("file", Bundle.load().files, ids=lambda file: file.format)
def test_each_file_tells_what_it_is(file) -> None:
    shown = inspect(file.path)
    assert shown.exit_code == 0
    assert file.sha256 in shown.output
    assert f'format: "{file.format}"' in shown.output
    assert json.loads(inspect(file.path, "--json").output)["facts"]["format"] == file.format


def test_json_of_a_bundle_is_its_manifest() -> None:
    manifest = json.loads((BUNDLED / "manifest.json").read_text())
    assert json.loads(inspect(BUNDLED, "--json").output) == manifest


def test_what_is_no_model_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "x.onnx"
    path.write_text("a shopping list")
    for wrong in (path, tmp_path / "gone.tflite"):
        result = inspect(wrong)
        assert isinstance(result.exception, InputError)
        assert wrong.name in str(result.exception)


WHOLE = (BUNDLED / "digits-int8.tflite").read_bytes()
BARE = WHOLE[: WHOLE.index(b"PK\x03\x04")]


def with_zip(change: Callable[[bytearray], None] = lambda _: None, content: bytes = b"{}", **how: int) -> bytes:
    """A TFLite file with a zip at its end that holds facts, changed somehow."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", **how) as archive:
        archive.writestr("edgedigits.json", content)
    zipped = bytearray(file.getvalue())
    change(zipped)
    return BARE + bytes(zipped)


def encrypted(zipped: bytearray) -> None:
    for mark, at in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        zipped[zipped.index(mark) + at] |= 1


def unknown_method(zipped: bytearray) -> None:
    for mark, at in ((b"PK\x03\x04", 8), (b"PK\x01\x02", 10)):
        zipped[zipped.index(mark) + at] = 99


def damaged(zipped: bytearray) -> None:
    at = zipped.index(b"edgedigits.json") + len("edgedigits.json")
    zipped[at : at + 20] = bytes(20)


def of_many_files() -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for number in range(5000):
            archive.writestr(f"{number}", b"")
    return BARE + file.getvalue()


DEFLATED = zipfile.ZIP_DEFLATED
HOSTILE: dict[str, Callable[[], bytes]] = {
    "bomb": lambda: with_zip(content=bytes(100_000_000), compression=DEFLATED),
    "encrypted": lambda: with_zip(encrypted),
    "unknown method": lambda: with_zip(unknown_method),
    "damaged": lambda: with_zip(damaged, b"{}" * 500, compression=DEFLATED),
    "of lzma, damaged": lambda: with_zip(damaged, b"{}" * 500, compression=zipfile.ZIP_LZMA),
    "of bzip2, damaged": lambda: with_zip(damaged, b"{}" * 500, compression=zipfile.ZIP_BZIP2),
    "nested": lambda: with_zip(content=b"[" * 400_000 + b"]" * 400_000, compression=DEFLATED),
    "a number of a million digits": lambda: with_zip(content=b'{"a": ' + b"9" * 900_000 + b"}", compression=DEFLATED),
    "a list": lambda: with_zip(content=b"[]"),
    "no text": lambda: with_zip(content=b"\xff\xfe\x00"),
    "provenance is a list": lambda: with_zip(content=b'{"provenance": [1]}'),
    "many files": of_many_files,
    "many fields": lambda: b"\x08\x07" * 5_000_000,
    "a length beyond": lambda: b"\x08\x07\x3a\xff\xff\xff\xff\x0f",
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_files_are_refused(name: str, tmp_path: Path) -> None:
    path = tmp_path / "model.tflite"
    path.write_bytes(HOSTILE[name]())
    result = inspect(path)
    assert isinstance(result.exception, InputError), result.exception
    assert result.exception.exit_code == 2
    assert str(path) in str(result.exception)
    assert len(str(result.exception)) < 300 + len(str(path))


def test_a_file_without_facts_is_told_so(tmp_path: Path) -> None:
    path = tmp_path / "other.tflite"
    path.write_bytes(BARE)
    assert "made by something else" in inspect(path).output
