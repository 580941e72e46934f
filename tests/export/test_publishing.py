"""A bundle appears whole or not at all."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from edgedigits.bundle import Bundle
from edgedigits.errors import InputError
from edgedigits_export.publishing import check_destination, staged


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def interrupted_export(out: Path) -> None:
    with staged(out) as folder:
        (folder / "bad").write_text("bad")
        raise KeyboardInterrupt


def test_a_folder_is_replaced_whole(tmp_path: Path) -> None:
    out = tmp_path / "deep" / "bundle"
    for name in ("first", "second"):
        with staged(out) as folder:
            (folder / name).write_text(name)
            assert not (out / name).exists()
        assert contents(out) == {name: name.encode()}
    assert [path.name for path in out.parent.iterdir()] == ["bundle"]


def test_a_failure_leaves_what_was_there(tmp_path: Path) -> None:
    out = tmp_path / "bundle"
    with staged(out) as folder:
        (folder / "good").write_text("good")
    with pytest.raises(KeyboardInterrupt):
        interrupted_export(out)
    assert contents(out) == {"good": b"good"}
    assert [path.name for path in tmp_path.iterdir()] == ["bundle"]


def test_a_published_folder_can_be_read_by_others(tmp_path: Path) -> None:
    out, plain = tmp_path / "bundle", tmp_path / "plain"
    plain.mkdir()
    with staged(out):
        pass
    assert out.stat().st_mode == plain.stat().st_mode


def test_a_folder_that_is_no_bundle_is_never_replaced(tmp_path: Path) -> None:
    (tmp_path / "thesis.tex").write_text("years of work")
    with pytest.raises(InputError, match="holds files but no bundle.*--out"):
        check_destination(tmp_path)
    with pytest.raises(InputError, match="no folder"):
        check_destination(tmp_path / "thesis.tex")
    (tmp_path / "empty").mkdir()
    check_destination(tmp_path / "empty")
    check_destination(tmp_path / "nowhere")


def test_a_place_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="cannot be written"), staged(tmp_path / "file" / "bundle"):
        pass


def test_the_sums_are_those_that_sha256sum_checks(bundle: Bundle) -> None:
    checked = subprocess.run(
        ["sha256sum", "--check", "--strict", "SHA256SUMS"], cwd=bundle.path, capture_output=True, text=True, check=True
    )
    named = {line.split(":")[0] for line in checked.stdout.splitlines()}
    assert named == {path.name for path in bundle.path.iterdir()} - {"SHA256SUMS"}
