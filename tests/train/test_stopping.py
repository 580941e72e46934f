"""Training as a whole command: however it stops, it says in one line what to do, and nothing is lost or left behind."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import keras
import numpy as np
import pytest

from tests.commands import PATIENCE, started

COMMAND = [sys.executable, Path(__file__).with_name("small_command.py"), "train"]

HOW_TO_GO_ON = "The training so far is saved; go on with: edgedigits train --resume --out {out}"

posix = pytest.mark.skipif(sys.platform == "win32", reason="signals are POSIX's")


@pytest.fixture(scope="module")
def stopped(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, int, str]:
    """The folder of a training that SIGTERM stopped after its first epoch, its exit code and what it said."""
    out = tmp_path_factory.mktemp("stopped") / "out"
    with started([*COMMAND, "--recipe", "quick", "--out", out]) as run:
        while not (out / ".checkpoint" / "model" / "state.npz").exists() and run.poll() is None:
            time.sleep(0.02)
        run.terminate()
        _, said = run.communicate(timeout=PATIENCE)
    return out, run.returncode, said


@posix
def test_sigterm_saves_the_training_and_says_how_to_go_on(stopped: tuple[Path, int, str]) -> None:
    out, code, said = stopped
    assert code == 143
    assert said == f"Stopped. {HOW_TO_GO_ON.format(out=out)}\n"
    assert [path.name for path in out.iterdir()] == [".checkpoint"]


ON_A_SMALL_DISK = """
out=$1; shift
cp -r $out/.checkpoint $out.kept
mount -t tmpfs -o size=$(($(du -k -s $out.kept | cut -f1) + 16))k tmpfs $out || exit 99
mv $out.kept $out/.checkpoint
"$@" --resume --out $out
echo "code $?"
ls -A $out
mount -o remount,size=50M $out
"$@" --resume --out $out
echo "code $?"
ls -A $out
"""


@posix
def test_a_full_disk_loses_nothing_and_the_training_goes_on_once_there_is_room(
    stopped: tuple[Path, int, str], tmp_path: Path
) -> None:
    unshare = ["unshare", "--map-root-user", "--mount"]
    allowed = shutil.which("unshare") and subprocess.run(
        [*unshare, "mount", "-t", "tmpfs", "tmpfs", tmp_path], capture_output=True, check=False
    )
    if not allowed or allowed.returncode:
        pytest.skip("a small disk takes a mount namespace of one's own, which this system does not allow")
    out = tmp_path / "out"
    shutil.copytree(stopped[0], out)
    run = subprocess.run(
        [*unshare, "bash", "-c", ON_A_SMALL_DISK, "bash", out, *COMMAND],
        capture_output=True,
        text=True,
        check=False,
    )
    (error,) = run.stderr.splitlines()
    assert "No space left on device" in error
    assert error.endswith(f"make room or mend that. {HOW_TO_GO_ON.format(out=out)}")
    first, _, second = run.stdout.partition("code 0")
    assert first.startswith("code 1\n.checkpoint\n")
    assert "test accuracy" in first
    assert {"digits.keras", "metrics.json", "calibration.npz"} < set(second.split())
    assert ".checkpoint" not in second


@pytest.mark.slow
def test_a_loss_that_is_no_number_stops_and_the_last_good_model_is_named(tmp_path: Path) -> None:
    out = tmp_path / "out"
    # one step an epoch: seven are good, and in the eighth the weights have grown too far
    options = ["--recipe", "quick", "--learning-rate", "4e5", "--batch", "1300", "--out", out]
    run = subprocess.run([*COMMAND, *options], capture_output=True, text=True, check=False)
    assert (run.returncode, run.stdout) == (1, "")
    (error,) = run.stderr.splitlines()
    assert "no longer a number in epoch 8, step 1: start anew with a lower --learning-rate" in error
    kept = out / ".checkpoint" / "model" / "best.keras"
    assert str(kept) in error
    assert keras.models.load_model(kept, compile=False).output_shape == (None, 11)


@pytest.mark.slow
@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="looks for processes in /proc")
@pytest.mark.parametrize(("seconds", "times"), [(0.2, 1), (0.8, 1), (2.5, 1), (0.5, 2)])
def test_ctrl_c_while_processes_make_glyphs_leaves_none(seconds: float, times: int, tmp_path: Path) -> None:
    out = tmp_path / "out"
    with started([*COMMAND, "--recipe", "default", "--out", out], TMPDIR=str(tmp_path)) as run:
        children = Path(f"/proc/{run.pid}/task/{run.pid}/children")
        # the first is multiprocessing's resource tracker
        while len(children.read_text().split()) < 2:
            time.sleep(0.02)
        time.sleep(seconds)
        for _ in range(times):
            os.killpg(run.pid, signal.SIGINT)
            time.sleep(0.1)
        printed, said = run.communicate(timeout=PATIENCE)
    assert (run.returncode, printed, said) == (130, "", "Stopped. Nothing was saved yet: train anew.\n")
    assert not any(out.iterdir())
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


@pytest.mark.slow
@posix
def test_a_distilled_training_interrupted_in_each_stage_comes_to_the_same_model(tmp_path: Path) -> None:
    root = Path(__file__).parent.parent.parent
    one_thread = {"TF_NUM_INTRAOP_THREADS": "1", "TF_NUM_INTEROP_THREADS": "1", "OMP_NUM_THREADS": "1"}
    script = Path(__file__).with_name("distilled.py")
    run = subprocess.run(
        [sys.executable, script, tmp_path],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONPATH": str(root), **one_thread},
    )
    assert (run.returncode, run.stderr) == (0, "")
    made = {name: int(count) for name, count in map(str.split, run.stdout.splitlines())}
    assert list(made) == ["whole", "teacher-1", "teacher-2", "answers", "model", "end"]
    # what is made anew after an interruption: batches made ahead, and the view that was not answered to its end
    assert sum(made.values()) - made["whole"] < made["whole"] + 4 * 13
    whole, parts = (json.loads((tmp_path / name / "metrics.json").read_text()) for name in ("whole", "parts"))
    for name in ("test", "validation", "temperature", "digit_score"):
        assert parts[name] == whole[name]
    models = [keras.models.load_model(tmp_path / name / "digits.keras", compile=False) for name in ("whole", "parts")]
    for mine, theirs in zip(*(model.get_weights() for model in models), strict=True):
        assert np.array_equal(mine, theirs)
