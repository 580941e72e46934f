"""The same work in several processes: in order, each item once, no matter what becomes of one of them."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from functools import partial
from pathlib import Path

import cv2
import pytest

from edgedigits.processes import usable_cores, work_in_order
from tests.commands import PATIENCE, started
from tests.runtime.samples import draw_text

COMMAND = [sys.executable, "-m", "edgedigits"]


def test_a_little_work_stays_in_this_process() -> None:
    done = list(work_in_order(lambda: lambda item: (item, os.getpid()), range(10), jobs=4))
    assert done == [(i, (i, os.getpid())) for i in range(10)]


def make_slow() -> object:
    return slow


def slow(item: int) -> tuple[int, int, int]:
    """Later items are faster: out of order they would overtake."""
    if item == 7 and os.environ.get("DIE_AT_SEVEN"):
        os._exit(1)
    time.sleep(0.4 if item < 6 else 0.1)
    return item, os.getpid(), cv2.getNumThreads()


SCRIPT = """
import sys
sys.path.insert(0, {folder!r})
from test_processes import make_slow
from edgedigits.processes import work_in_order
if __name__ == "__main__":
    for item, result in work_in_order(make_slow, range(40), jobs=3):
        print(item, *(result or ["died"]), flush=True)
"""


def run_slow(tmp_path: Path, **environment: str) -> list[list[str]]:
    # spawned processes import what they run, which pytest's own modules do not allow
    script = tmp_path / "script.py"
    script.write_text(SCRIPT.format(folder=str(Path(__file__).parent)))
    root = str(Path(__file__).parent.parent.parent)
    run = subprocess.run(
        [sys.executable, script],
        capture_output=True,
        text=True,
        check=True,
        timeout=PATIENCE,
        env={**os.environ, "PYTHONPATH": root, **environment},
    )
    return [line.split() for line in run.stdout.splitlines()]


def test_much_work_is_shared_and_comes_back_in_order(tmp_path: Path) -> None:
    rows = run_slow(tmp_path)
    assert [int(row[0]) for row in rows] == list(range(40))
    assert all(row[1] == row[0] for row in rows)
    processes = {row[2] for row in rows[3:]}
    assert 2 <= len(processes) <= 3
    assert rows[0][2] not in processes
    assert {row[3] for row in rows[3:]} == {"1"}


def test_a_process_that_dies_costs_one_item(tmp_path: Path) -> None:
    rows = run_slow(tmp_path, DIE_AT_SEVEN="1")
    assert [row[0] for row in rows] == [str(i) for i in range(40)]
    assert [row[0] for row in rows if row[1] == "died"] == ["7"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of 250 pictures that show a number each, seconds of work, and one broken file."""
    folder = tmp_path_factory.mktemp("many")
    for number in range(250):
        picture = draw_text(f"{number:04d}", size=(1200, 900))
        (folder / f"{number:04d}.jpg").write_bytes(cv2.imencode(".jpg", picture)[1].tobytes())
    (folder / "0100-broken.png").write_bytes(b"no picture")
    return folder


def test_a_folder_reads_the_same_in_one_process_and_in_several(folder: Path) -> None:
    runs = [
        subprocess.run(
            [*COMMAND, "predict", folder, "--format", "jsonl", "--jobs", jobs],
            capture_output=True,
            text=True,
            check=False,
        )
        for jobs in ("1", "2")
    ]
    assert [run.returncode for run in runs] == [2, 2]
    assert runs[0].stdout == runs[1].stdout
    assert runs[0].stdout.count("\n") == 250
    assert runs[0].stderr == runs[1].stderr
    assert "0100-broken.png: not an image" in runs[0].stderr


@pytest.mark.skipif(sys.platform == "win32", reason="signals are POSIX's")
@pytest.mark.parametrize("lines", [5, 60])
def test_interrupting_leaves_cleanly(folder: Path, lines: int) -> None:
    with started([*COMMAND, "predict", folder, "--jobs", "2"]) as run:
        read(run, lines)
        os.killpg(run.pid, signal.SIGINT)
        _, errors = run.communicate(timeout=PATIENCE)
    assert run.returncode == 130
    assert errors.replace("Error: " + str(folder / "0100-broken.png"), "").strip().endswith("Stopped.")
    assert "Traceback" not in errors


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="a process ends with its parent")
def test_nothing_is_left_behind_when_the_command_is_killed(folder: Path) -> None:
    with started([*COMMAND, "predict", folder, "--jobs", "2"]) as run:
        read(run, 60)
        run.kill()


def read(run: subprocess.Popen[str], lines: int) -> None:
    assert run.stdout
    for _ in range(lines):
        run.stdout.readline()


INTERRUPTED = """
import multiprocessing, os, signal, threading, time
from edgedigits.processes import work_in_order

class Work:
    ballast = b""
    def __init__(self, size): self.ballast = bytes(size)
    def __call__(self): return self.do
    def do(self, item):
        if PROCESS == "SpawnProcess-1" and {when!r} == "at work":
            os.kill(os.getppid(), signal.SIGINT)
            time.sleep(1)
            os.kill(os.getppid(), signal.SIGINT)
        time.sleep(2 if PROCESS == "SpawnProcess-1" else 0.1)

PROCESS = multiprocessing.current_process().name
if PROCESS == "SpawnProcess-2" and {when!r} == "starting":
    os.kill(os.getppid(), signal.SIGINT)

if __name__ == "__main__":
    # a thread that hears signals while the main one does not
    threading.Thread(target=time.sleep, args=(60,), daemon=True).start()
    try:
        for _ in work_in_order(Work({ballast}), range(40), jobs=2):
            pass
    except KeyboardInterrupt:
        print("stopped")
"""


@pytest.mark.skipif(sys.platform == "win32", reason="signals are POSIX's")
@pytest.mark.parametrize(("when", "ballast"), [("starting", 1_000_000), ("at work", 0)])
def test_interrupting_while_processes_start_or_end_leaves_none(when: str, ballast: int, tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text(INTERRUPTED.format(when=when, ballast=ballast))
    with started([sys.executable, script]) as run:
        output, errors = run.communicate(timeout=PATIENCE)
    assert (run.returncode, output, errors) == (0, "stopped\n", "")


def test_there_are_cores() -> None:
    assert 1 <= usable_cores() <= (os.cpu_count() or 1)


def test_errors_of_the_work_reach_the_caller() -> None:
    with pytest.raises(ValueError, match="invalid literal"):
        list(work_in_order(partial(partial, int), ["1", "x"], jobs=1))
