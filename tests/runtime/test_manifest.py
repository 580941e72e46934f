"""The manifest: whatever somebody wrote into it, a bundle is either usable as it is or refused in one line."""

from __future__ import annotations

import contextlib
import copy
import json
import math
import os
import shutil
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from edgedigits import BundleError, InputError, Reader
from edgedigits.bundle import BUNDLED, MANIFEST, TEMPERATURES, Bundle
from edgedigits.cli import main
from edgedigits.manifest import parse_version
from tests.runtime.samples import draw_text

REAL = json.loads((BUNDLED / MANIFEST).read_text(encoding="utf-8"))
HUGE = "7" * 400
PLACE = '"the value goes here"'


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of the bundled model that a test may spoil."""
    return Path(shutil.copytree(BUNDLED, tmp_path / "bundle"))


def spoiled(place: str, value: str) -> str:
    """Return a manifest whose field at this place has another value, given as JSON; "" removes it."""
    manifest = copy.deepcopy(REAL)
    *path, name = [int(key) if key.isdigit() else key for key in place.split(".")]
    table: Any = manifest
    for key in path:
        table = table[key]
    if value:
        table[name] = json.loads(PLACE)
    else:
        del table[name]
    return json.dumps(manifest).replace(PLACE, value)


BAD = [
    *(("temperature", value) for value in ("-1", "0", "50", "NaN", "Infinity", "1e999", HUGE, '"1.2"', "true", "null")),
    *(("files.0.bytes", value) for value in ("1e999", "-Infinity", HUGE, "94331", "-1", "0", "94330.0", "true")),
    *(("files.0.engines", value) for value in ('["onnxruntime"]', '"onnxruntime"', '{"onnxruntime": 1}', "null")),
    *(("files.0.name", value) for value in (r'"a\u0000b"', r'"\u001b[2J"', '".."', '""', '"manifest.json"', '"c:x"')),
    *(("files.0.accuracy", value) for value in ("2", "-0.1", "NaN", '"0.99"')),
    *(("files.0.sha256", value) for value in ('""', "7", '"' + "g" * 64 + '"')),
    *(("files.0.format", value) for value in ("7", r'"\u001b]0;x\u0007"', r'"\ud800"')),
    *(("files.0", value) for value in ("7", "null", "[]")),
    *(("files", value) for value in ("{}", "[]", "7", json.dumps(REAL["files"][:1] * 2))),
    *(("labels", value) for value in ('"0123456789"', '["0"]', json.dumps([*"0023456789", "none"]), "null")),
    ("labels", json.dumps(["none", *"0123456789"])),
    *(("digit_score", value) for value in ("[]", '{"method": "x", "threshold": 0.5}', "7")),
    *(("digit_score.threshold", value) for value in ("NaN", "2", '"0.5"')),
    ("confidence_threshold", "1.1"),
    ("version", '"newest"'),
    ("version", "2"),
    ("schema", "true"),
    ("schema", HUGE),
    ("normalisation", "null"),
    ("output.classes", "10"),
    ("provenance", ""),
    ("provenance", "[]"),
    ("provenance.training_data", r'"\u001b[31m"'),
    ("provenance.recipe", "[" * 100_000 + "]" * 100_000),
    ("provenance.recipe", "[" * 200 + "]" * 200),
    ("provenance.seed", "7" * 5000),
]


def run(*arguments: str | Path) -> int:
    with pytest.raises(SystemExit) as ended:
        main([str(argument) for argument in arguments])
    return int(ended.value.code or 0)


@pytest.mark.parametrize(("place", "value"), BAD, ids=lambda text: text[:30])
def test_what_makes_no_sense_is_refused_in_one_line(
    place: str, value: str, folder: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    (folder / MANIFEST).write_text(spoiled(place, value), encoding="utf-8")
    with pytest.raises(BundleError) as raised:
        Bundle.load(folder).verify()
    assert str(raised.value).isprintable()
    for command in (["inspect", folder], ["predict", "nothing.png", "--bundle", folder]):
        # what a file has to be is found out when it is read, and `predict` reads one of them
        if command[0] == "predict" and place.endswith("bytes") and value == "94331":
            continue
        assert run(*command) == 2
        shown = capfd.readouterr()
        assert shown.out == ""
        assert shown.err.count("\n") == 1
        assert shown.err.strip().isprintable()
        assert "report" not in shown.err, "an error that was not expected"


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"\xff\xfe{}", "damaged"),
        (b"", "damaged"),
        (b"{}", "schema"),
        (b'{"schema": 1, "schema": 1}', "twice"),
        (b" " * (17 << 20), "more than 16 MB"),
    ],
    ids=["not UTF-8", "empty", "no fields", "a field twice", "17 MB"],
)
def test_what_is_no_manifest_is_named(content: bytes, says: str, folder: Path) -> None:
    (folder / MANIFEST).write_bytes(content)
    with pytest.raises(BundleError, match=says):
        Bundle.load(folder)


def test_pipes_and_folders_in_the_place_of_files_are_named(folder: Path) -> None:
    model = folder / REAL["files"][0]["name"]
    model.unlink()
    if hasattr(os, "mkfifo"):
        os.mkfifo(model)
    else:
        model.mkdir()
    with pytest.raises(BundleError, match="does not match"):
        Reader(folder)
    (folder / MANIFEST).unlink()
    (folder / MANIFEST).mkdir()
    with pytest.raises(BundleError, match="not a manifest"):
        Bundle.load(folder)


def test_a_name_that_no_folder_can_have_is_no_bundle() -> None:
    with pytest.raises(BundleError, match="No bundle"):
        Bundle.load("a\0b")


def test_doctor_tells_the_same(folder: Path, capfd: pytest.CaptureFixture[str]) -> None:
    (folder / MANIFEST).write_text(spoiled("temperature", "-1"))
    run("doctor", "--bundle", folder)
    assert "temperature is -1, not a number from 0.1 to 10" in capfd.readouterr().out


def test_fields_that_nobody_knows_are_left_alone(folder: Path) -> None:
    manifest = copy.deepcopy(REAL)
    manifest["files"][0]["role"] = {"new": [1, None]}
    manifest["later"] = "\x1b[2J"
    (folder / MANIFEST).write_text(json.dumps(manifest))
    assert Bundle.load(folder).manifest == manifest


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path, *(place for key, item in items for place in places(item, (*path, key)))]


# what the runtime knows is drawn as often as all the rest
KNOWN = [place for place in places(REAL) if place and len(place) <= 4 and place[0] not in ("provenance", "calibration")]
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.sampled_from([10**400, -1, 0, 50, "\0"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=4,
)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(place=st.sampled_from(KNOWN) | st.sampled_from(places(REAL)[1:]), value=VALUES | st.just(...), data=st.data())
def test_a_manifest_with_anything_in_it_is_used_or_refused(
    place: tuple[Any, ...], value: Any, data: st.DataObject, folder: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    manifest = copy.deepcopy(REAL)
    table: Any = manifest
    for key in place[:-1]:
        table = table[key]
    if value is ...:
        del table[place[-1]]
    else:
        table[place[-1]] = value
    content = json.dumps(manifest).encode()
    if data.draw(st.booleans()):
        at = data.draw(st.integers(0, len(content) - 1))
        content = content[:at] + data.draw(st.binary(max_size=3)) + content[at + 1 :]
    (folder / MANIFEST).write_bytes(content)
    with contextlib.suppress(BundleError):
        bundle = Bundle.load(folder)
        assert TEMPERATURES[0] <= bundle.temperature <= TEMPERATURES[1]
        assert 0 <= bundle.digit_score.threshold <= 1
        assert all(file.path.parent == folder and file.size > 0 for file in bundle.files)
        assert all(math.isfinite(file.accuracy) for file in bundle.files)
    assert run("inspect", folder) in (0, 2)
    shown = capfd.readouterr()
    assert all(line.isprintable() for line in (shown.out + shown.err).splitlines())


@pytest.mark.parametrize(
    ("version", "at_least", "taken"),
    [
        ("1.4", "1.4", True),
        ("1.10", "1.9", True),
        ("2", "2.0", True),
        ("2026.11.30", "2026.11.29", True),
        ("1.3.9", "1.4", False),
        ("1.9", "1.10", False),
        (None, "0", False),
    ],
)
def test_an_older_version_is_refused(version: str | None, at_least: str, taken: bool, folder: Path) -> None:
    manifest = {**REAL, "version": version}
    (folder / MANIFEST).write_text(json.dumps(manifest))
    if taken:
        assert Reader(folder, at_least=at_least).bundle.version == version
    else:
        with pytest.raises(BundleError, match=f"{at_least} at least is asked for"):
            Bundle.load(folder, at_least=at_least)


def test_what_is_no_version_is_named() -> None:
    with pytest.raises(InputError, match="is no version"):
        Bundle.load(at_least="newest")
    assert parse_version("1..2") is None


def test_a_bundle_that_was_read_stays_as_it_was(folder: Path) -> None:
    bundle = Bundle.load(folder)
    (folder / MANIFEST).write_text(spoiled("temperature", "-1"))
    reader = Reader(bundle)
    assert reader.bundle.temperature == REAL["temperature"]
    assert reader.read(draw_text("7")).text == "7"


def test_commands_take_a_version(folder: Path) -> None:
    (folder / MANIFEST).write_text(json.dumps({**REAL, "version": "1.2"}))
    for command in (["inspect", folder], ["predict", "x.png", "--bundle", folder], ["doctor", "--bundle", folder]):
        assert run(*command, "--at-least", "1.3") == 2
