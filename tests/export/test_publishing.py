"""A bundle appears whole or not at all."""

from __future__ import annotations

import errno
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from edgedigits.bundle import MANIFEST, Bundle
from edgedigits.errors import InputError
from edgedigits_export.errors import ExportError
from edgedigits_export.publish.staging import check_destination, staged


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


def test_a_link_stays_and_what_it_leads_to_is_replaced(tmp_path: Path) -> None:
    real, out = tmp_path / "disk" / "bundle", tmp_path / "bundle"
    out.symlink_to(real)
    for name in ("first", "second"):
        check_destination(out)
        with staged(out) as folder:
            (folder / name).write_text(name)
            (folder / MANIFEST).touch()
        assert out.is_symlink()
        assert set(contents(real)) == {name, MANIFEST}
    assert [path.name for path in (tmp_path / "disk").iterdir()] == ["bundle"]


def test_a_link_to_what_is_no_bundle_is_refused(tmp_path: Path) -> None:
    (tmp_path / "thesis.tex").write_text("years of work")
    for target in (tmp_path, tmp_path / "thesis.tex"):
        link = tmp_path / f"to-{target.name}"
        link.symlink_to(target)
        with pytest.raises(InputError, match="--out"):
            check_destination(link)


KILLED = """
import os, signal, sys
from pathlib import Path
from edgedigits_export.publish import staging
def die(*_): os.kill(os.getpid(), signal.SIGKILL)
if sys.argv[2] == "between the renames":
    rename = Path.rename
    Path.rename = lambda path, target: die() if path.name == "new" else rename(path, target)
with staging.staged(Path(sys.argv[1])) as folder:
    (folder / "half").write_text("half")
    if sys.argv[2] == "at work":
        die()
"""


@pytest.mark.skipif(sys.platform == "win32", reason="signals are POSIX's")
@pytest.mark.parametrize("when", ["at work", "between the renames"])
def test_what_a_killed_export_left_is_removed_by_the_next(when: str, tmp_path: Path) -> None:
    out = tmp_path / "bundle"
    with staged(out) as folder:
        (folder / "good").write_text("good")
    killed = subprocess.run([sys.executable, "-c", KILLED, out, when], check=False)
    assert killed.returncode == -signal.SIGKILL
    assert len(list(tmp_path.glob(".bundle-*"))) == 1
    with staged(out) as at_work:
        # one that is at work is left alone, and what was there before is there again
        with pytest.raises(KeyboardInterrupt):
            interrupted_export(out)
        assert at_work.exists()
        assert contents(out) == {"good": b"good"}
        (at_work / "new").write_text("new")
    assert contents(out) == {"new": b"new"}
    assert [path.name for path in tmp_path.iterdir()] == ["bundle"]


def test_folders_of_like_names_are_not_leftovers(tmp_path: Path) -> None:
    (tmp_path / ".bundle-notes").mkdir()
    with staged(tmp_path / "bundle"):
        pass
    assert (tmp_path / ".bundle-notes").exists()


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EIO])
def test_a_full_disk_is_one_line_and_leaves_what_was_there(tmp_path: Path, number: int) -> None:
    out = tmp_path / "bundle"
    with staged(out) as folder:
        (folder / "good").write_text("good")
    says = f"was not published: {os.strerror(number)}.*make room.*untouched"
    with pytest.raises(ExportError, match=says), staged(out):
        raise OSError(number, os.strerror(number), str(out / "digits.onnx"))
    assert contents(out) == {"good": b"good"}


ON_A_SMALL_DISK = """
mount -t tmpfs -o size=64k tmpfs "$1" || exit 99
shift
exec "$@"
"""


def test_the_command_on_a_full_disk(small_training: Path, tmp_path: Path) -> None:
    unshare = ["unshare", "--map-root-user", "--mount"]
    allowed = shutil.which("unshare") and subprocess.run(
        [*unshare, "mount", "-t", "tmpfs", "tmpfs", tmp_path], capture_output=True, check=False
    )
    if not allowed or allowed.returncode:
        pytest.skip("a small disk takes a mount namespace of one's own, which this system does not allow")
    disk = tmp_path / "disk"
    disk.mkdir()
    command = [Path(sys.executable).parent / "edgedigits", "export", "--out", disk / "bundle", "--from", small_training]
    run = subprocess.run(
        [*unshare, "bash", "-c", ON_A_SMALL_DISK, "bash", disk, *command, "--formats", "onnx-float32"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 1
    (line,) = run.stderr.splitlines()
    assert "was not published: No space left on device" in line


def test_the_sums_are_those_that_sha256sum_checks(bundle: Bundle) -> None:
    checked = subprocess.run(
        ["sha256sum", "--check", "--strict", "SHA256SUMS"], cwd=bundle.path, capture_output=True, text=True, check=True
    )
    named = {line.split(":")[0] for line in checked.stdout.splitlines()}
    assert named == {path.name for path in bundle.path.iterdir()} - {"SHA256SUMS"}
