"""An interrupted training loses nothing: it goes on where it stopped, and comes to the same result."""

from __future__ import annotations

import os
import signal
from dataclasses import replace
from pathlib import Path
from unittest import mock

import numpy as np
import pytest
from click.testing import CliRunner

from edgedigits.errors import InputError
from edgedigits_train import training
from edgedigits_train.cli import train
from edgedigits_train.data.batches import AugmentedBatches
from edgedigits_train.data.datasets import Dataset
from edgedigits_train.data.own_digits import load_own_digits
from edgedigits_train.fit import fitting
from edgedigits_train.fit.checkpoints import CheckpointError, Checkpoints, Run, State, write_whole
from edgedigits_train.fit.interruption import Interrupted, Interruption
from edgedigits_train.recipes import RECIPES, Additions

SHORT = replace(RECIPES["quick"], epochs=2, batch=64)


class Stopping(AugmentedBatches):
    """Batches during which a signal comes."""

    def _make(self, order, epoch, number):  # type: ignore[no-untyped-def]
        if (epoch, number) == (1, 12):
            os.kill(os.getpid(), signal.SIGINT)
        return super()._make(order, epoch, number)


def test_a_fit_that_was_interrupted_within_an_epoch_comes_to_the_same_weights(small: Dataset, tmp_path: Path) -> None:
    arguments = (small.training, SHORT.batch, SHORT.augmentation, 1)
    whole = fitting.fit(SHORT, AugmentedBatches(*arguments), small.held_out, seed=1)
    interruption = Interruption()
    stage = Checkpoints(tmp_path, interruption).stage("model")
    with interruption, pytest.raises(KeyboardInterrupt):
        fitting.fit(SHORT, Stopping(*arguments), small.held_out, seed=1, stage=stage)
    stage = Checkpoints(tmp_path, Interruption()).stage("model")
    state = stage.load()
    assert state.epoch == 1
    assert state.step > 0
    resumed = fitting.fit(SHORT, AugmentedBatches(*arguments), small.held_out, seed=1, stage=stage)
    assert resumed.history["loss"] == pytest.approx(whole.history["loss"], rel=0.02)
    for a, b in zip(whole.model.get_weights(), resumed.model.get_weights(), strict=True):
        assert np.allclose(a, b, atol=0.05)


def test_a_state_that_cannot_be_written_leaves_the_last_one(tmp_path: Path) -> None:
    stage = Checkpoints(tmp_path, Interruption()).stage("model")
    stage.save(State(epoch=3))
    part = tmp_path / ".checkpoint" / "model" / "state.part"
    part.mkdir()
    with pytest.raises((CheckpointError, OSError)):
        write_whole(part.with_suffix(".npz"), b"new")
    part.rmdir()
    assert stage.load().epoch == 3


def test_a_damaged_state_is_named(tmp_path: Path) -> None:
    stage = Checkpoints(tmp_path, Interruption()).stage("model")
    stage.save(State(epoch=3, arrays={"best": [np.arange(1000.0)]}))
    file = tmp_path / ".checkpoint" / "model" / "state.npz"
    content = file.read_bytes()
    for damaged in (content[: len(content) // 2], b"", content[:600] + b"?" + content[601:]):
        file.write_bytes(damaged)
        with pytest.raises(InputError, match=r"state\.npz is damaged .*--restart"):
            stage.load()


def test_another_seed_does_not_go_on(tmp_path: Path) -> None:
    checkpoints = Checkpoints(tmp_path, Interruption())
    checkpoints.begin(Run.of(SHORT, 0, {}))
    checkpoints.stage("model").save(State(epoch=1))
    checkpoints.go_on(Run.of(SHORT, 0, {}))
    with pytest.raises(InputError, match="seed"):
        checkpoints.go_on(Run.of(SHORT, 1, {}))


def test_other_drawings_do_not_go_on(small: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EDGEDIGITS_DATA", str(tmp_path))
    file = tmp_path / "nondigits" / "quickdraw3.npz"
    file.parent.mkdir()

    def draw(ink: int) -> None:
        np.savez(file, X=np.full((5, 28, 28), ink, np.uint8), y=np.zeros(5, np.uint8), classes=["cats"])

    def stop(*_: object, checkpoints: Checkpoints, **__: object) -> None:
        checkpoints.stage("model").save(State(epoch=1))
        raise KeyboardInterrupt

    recipe = replace(SHORT, additions=Additions(outliers=5))
    with mock.patch.object(training, "load_dataset", return_value=small), mock.patch.object(training, "learn", stop):
        draw(ink=255)
        with pytest.raises(Interrupted):
            training.train(recipe, tmp_path / "out")
        with pytest.raises(Interrupted):
            training.resume(recipe, tmp_path / "out")
        draw(ink=254)
        with pytest.raises(InputError, match=r"\(quickdraw3\.npz\).*--restart"):
            training.resume(recipe, tmp_path / "out")


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        (["--resume"], "nothing to resume"),
        (["--resume", "--restart"], "one of them"),
        (["--from", "x"], "--extra"),
        (["--from", "x", "--extra", "y", "--resume"], "--resume"),
        (["--from", "x", "--extra", "y", "--epochs", "3"], "--epochs"),
    ],
)
def test_options_that_do_not_go_together_say_what_to_do(wrong: list[str], said: str, tmp_path: Path) -> None:
    run = CliRunner().invoke(train, [*wrong, "--out", str(tmp_path / "out")])
    assert run.exit_code != 0
    assert said in run.output + str(run.exception)


def test_a_folder_without_pictures_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="holds no pictures"):
        load_own_digits(tmp_path)
    (tmp_path / "seven").mkdir()
    (tmp_path / "seven" / "a.png").write_bytes(b"")
    with pytest.raises(InputError, match="no label"):
        load_own_digits(tmp_path)
