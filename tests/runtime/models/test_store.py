"""Models change on a running device: whatever happens, the old or the new one works, never neither."""

from __future__ import annotations

import functools
import http.server
import json
import os
import resource
import shutil
import signal
import subprocess
import sys
import tarfile
import threading
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from edgedigits import BundleError, InputError
from edgedigits.bundle import BUNDLED, MANIFEST, Bundle
from edgedigits.models import Store

CANDIDATE = "the new model"


def make_bundle(folder: Path, temperature: float = 1.3) -> Path:
    """Copy the bundled model as another one: its manifest differs."""
    shutil.copytree(BUNDLED, folder)
    manifest = json.loads((folder / MANIFEST).read_text())
    manifest["temperature"] = temperature
    (folder / MANIFEST).write_text(json.dumps(manifest))
    return folder


def no_doubt(folder: Path) -> None:
    """Take any whole bundle: what is tested is how one gets into use."""
    Bundle.load(folder).verify()


@pytest.fixture
def store(tmp_path: Path) -> Store:
    """A store whose first model is in use."""
    store = Store(tmp_path / "models")
    store.install(str(make_bundle(tmp_path / "first", 1.1)), no_doubt)
    return store


def temperature_in_use(store: Store) -> float | None:
    """Which model is in use; it has to be whole."""
    folder = store.current()
    if folder is None:
        return None
    bundle = Bundle.load(folder)
    bundle.verify()
    return bundle.temperature


def test_installing_and_going_back(store: Store, tmp_path: Path) -> None:
    assert temperature_in_use(store) == 1.1
    store.install(str(make_bundle(tmp_path / "second", 1.2)), no_doubt)
    assert temperature_in_use(store) == 1.2
    back = store.roll_back()
    assert back is not None
    assert back.current
    assert temperature_in_use(store) == 1.1
    store.roll_back()
    assert temperature_in_use(store) == 1.2
    store.install(str(make_bundle(tmp_path / "third", 1.3)), no_doubt)
    assert [(model.current, model.previous) for model in store.list()].count((True, False)) == 1
    assert len(store.list()) == 2, "the last good one is kept, and no more"
    assert temperature_in_use(store) == 1.3


def test_going_back_from_the_first_is_to_the_bundled_one(store: Store) -> None:
    assert store.roll_back() is None
    assert store.current() is None
    with pytest.raises(InputError, match="bundled model is in use"):
        store.roll_back()


def test_installing_the_same_again_changes_nothing(store: Store, tmp_path: Path) -> None:
    before = store.current()
    store.install(str(tmp_path / "first"), no_doubt)
    assert store.current() == before
    assert len(store.list()) == 1


@pytest.mark.parametrize("harm", ["a file changed", "another normalisation", "not proved", "no manifest", "no folder"])
def test_what_must_not_be_used_is_not_switched_to(harm: str, store: Store, tmp_path: Path) -> None:
    source = make_bundle(tmp_path / "second", 1.2)
    prove: Callable[[Path], None] = no_doubt
    if harm == "a file changed":
        model = source / "digits-int8.onnx"
        model.write_bytes(model.read_bytes()[:-1] + b"x")
    elif harm == "another normalisation":
        manifest = json.loads((source / MANIFEST).read_text())
        (source / MANIFEST).write_text(json.dumps({**manifest, "normalisation": "0" * 64}))
    elif harm == "no manifest":
        (source / MANIFEST).unlink()
    elif harm == "no folder":
        shutil.rmtree(source)
    else:

        def prove(folder: Path) -> None:
            raise BundleError("it does not read")

    with pytest.raises((BundleError, InputError)):
        store.install(str(source), prove)
    assert temperature_in_use(store) == 1.1
    assert [path.name for path in (store.root / "versions").iterdir()] == [model.name for model in store.list()]


def pack(kind: str, folder: Path, archive: Path) -> Path:
    if kind == "zip":
        with zipfile.ZipFile(archive, "w") as zipped:
            for path in folder.iterdir():
                zipped.write(path, f"bundle/{path.name}")
    else:
        with tarfile.open(archive, "w:gz") as tar:
            tar.add(folder, "." if kind == "flat tar" else "build/bundle")
    return archive


@pytest.mark.parametrize("kind", ["zip", "tar", "flat tar"])
def test_archives_are_taken(kind: str, store: Store, tmp_path: Path) -> None:
    archive = pack(kind, make_bundle(tmp_path / "second", 1.2), tmp_path / "archive")
    store.install(str(archive), no_doubt)
    assert temperature_in_use(store) == 1.2


def hostile_archive(kind: str, archive: Path) -> None:
    if kind == "no archive":
        archive.write_bytes(b"digits")
        return
    if kind == "bomb":
        with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as zipped:
            zipped.writestr(MANIFEST, b"0" * 70_000_000)
        return
    if kind == "damaged":
        pack("tar", BUNDLED, archive)
        archive.write_bytes(archive.read_bytes()[:100_000])
        return
    with tarfile.open(archive, "w") as tar:
        member = tarfile.TarInfo("../outside" if kind == "outside" else MANIFEST)
        if kind == "link":
            member.type, member.linkname = tarfile.SYMTYPE, "/etc/passwd"
        tar.addfile(member)


@pytest.mark.parametrize("kind", ["no archive", "bomb", "damaged", "outside", "link"])
def test_hostile_archives_are_refused_in_a_line(kind: str, store: Store, tmp_path: Path) -> None:
    archive = tmp_path / "archive"
    hostile_archive(kind, archive)
    with pytest.raises((BundleError, InputError)) as refused:
        store.install(str(archive), no_doubt)
    assert "\n" not in str(refused.value)
    assert temperature_in_use(store) == 1.1
    assert not (store.root / "outside").exists()


@pytest.fixture
def address(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Where a web server offers the folder `offered`."""
    (tmp_path / "offered").mkdir()
    handler = functools.partial(http.server.SimpleHTTPRequestHandler, directory=str(tmp_path / "offered"))
    monkeypatch.setattr(http.server.SimpleHTTPRequestHandler, "log_message", lambda *_: None)
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def test_a_plain_address_is_taken_only_with_a_signature(store: Store, address: str, tmp_path: Path) -> None:
    pack("tar", make_bundle(tmp_path / "second", 1.2), tmp_path / "offered" / "digits.tar.gz")
    with pytest.raises(InputError, match="use https, or --verify"):
        store.install(f"{address}/digits.tar.gz", no_doubt)
    with pytest.raises(InputError, match="cannot be fetched"):
        store.install(f"{address}/other.tar.gz", no_doubt)
    assert temperature_in_use(store) == 1.1


def kill_at(step: int) -> None:
    """End this process, as a power cut would, before its file operation of this number."""
    seen = 0

    def hook(event: str, _: tuple[object, ...]) -> None:
        nonlocal seen
        changes = ("open", "os.mkdir", "os.rename", "os.remove", "os.rmdir", "os.symlink", "os.chmod", "shutil.rmtree")
        if event in changes:
            seen += 1
            if seen == step:
                os.kill(os.getpid(), signal.SIGKILL)

    sys.addaudithook(hook)


def in_a_process(step: int, work: Callable[[], object]) -> bool:
    """Work in a process that is killed at a step; return whether it came to its end before."""
    child = os.fork()
    if child == 0:
        try:
            kill_at(step)
            work()
        finally:
            os._exit(0)
    _, status = os.waitpid(child, 0)
    return os.WIFEXITED(status)


@pytest.mark.parametrize("change", ["install", "rollback"])
def test_killed_at_any_step_the_old_or_the_new_model_works(
    change: str, tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    first, second = make_bundle(tmp_path / "first", 1.1), make_bundle(tmp_path / "second", 1.2)
    made = Store(tmp_path / "made")
    made.install(str(first), no_doubt)
    if change == "rollback":
        made.install(str(second), no_doubt)
    found: list[float | None] = []
    for step in range(1, 1000):
        root = tmp_path / "models"
        shutil.rmtree(root, ignore_errors=True)
        shutil.copytree(made.root, root, symlinks=True)
        store = Store(root)
        work = functools.partial(store.install, str(second), no_doubt) if change == "install" else store.roll_back
        ended = in_a_process(step, work)
        found.append(temperature_in_use(store))
        assert found[-1] in (1.1, 1.2), f"killed at step {step}, no model is in use"
        if ended:
            break
        # and nothing stands in the way of doing it again
        store.install(str(second), no_doubt)
        assert temperature_in_use(store) == 1.2
        left = {path.name for path in (root / "versions").iterdir()} | {path.name for path in root.iterdir()}
        assert not [name for name in left if name.startswith((".new", ".current", ".previous"))]
    old = 1.1 if change == "install" else 1.2
    record_property("steps", len(found))
    print(f"{change}: killed at {len(found) - 1} steps; {found.count(old)} times the old model, else the new one")
    assert len(found) > (20 if change == "install" else 3)
    assert set(found) == {1.1, 1.2}


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9])
def test_on_a_full_disk_the_old_model_works(share: float, store: Store, tmp_path: Path) -> None:
    """Where a file system cannot be mounted, a limit to the size of files stands in for the full disk."""
    second = make_bundle(tmp_path / "second", 1.2)
    root = tmp_path / "disk"
    root.mkdir()
    pages = sum(-(-path.stat().st_size // 4096) for path in (tmp_path / "first").iterdir())
    size = 4096 * round(pages * (1 + share) + 4)
    mounted = os.geteuid() == 0 and (
        subprocess.run(
            ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", root],
            capture_output=True,
            check=False,
        ).returncode
        == 0
    )
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    try:
        shutil.copytree(store.root, root, symlinks=True, dirs_exist_ok=True)
        full = Store(root)
        if not mounted:
            resource.setrlimit(resource.RLIMIT_FSIZE, (round(share * 50_000), limits[1]))
        with pytest.raises(InputError, match="cannot be written .*, and the model in use stays"):
            full.install(str(second), no_doubt)
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        assert temperature_in_use(full) == 1.1
        assert len(full.list()) == 1
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        if mounted:
            subprocess.run(["umount", root], check=True)


def edgedigits(*arguments: str, root: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "edgedigits", "models", *arguments],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "EDGEDIGITS_MODELS": str(root)},
    )


def test_the_commands_prove_a_model_before_it_is_used(tmp_path: Path) -> None:
    root = tmp_path / "models"
    assert "* bundled" in edgedigits("list", root=root).stdout
    installed = edgedigits("install", str(make_bundle(tmp_path / "second", 1.2)), root=root)
    assert (installed.returncode, installed.stderr) == (0, "")
    assert "In use now: " in installed.stdout
    rows = json.loads(edgedigits("list", "--json", root=root).stdout)
    assert [row["name"] for row in rows if row["current"]] == [Path(rows[0]["path"]).name]

    # hashes that match, and yet it reads nothing: it is sure of no digit
    wrong = make_bundle(tmp_path / "wrong", 10.0)
    refused = edgedigits("install", str(wrong), root=root)
    assert refused.returncode == 2
    assert refused.stderr.startswith("Error: The new model does not read")
    assert refused.stderr.count("\n") == 1
    assert edgedigits("rollback", root=root).stdout == "In use now: the bundled model\n"
    assert edgedigits("rollback", root=root).returncode == 2
