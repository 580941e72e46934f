"""A foreign Keras model learns what is no digit, and what photos show, from its file to the files for export."""

from __future__ import annotations

import time
from dataclasses import asdict, dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from tqdm import tqdm

from edgedigits.errors import InputError
from edgedigits.labelled.glyphs import LabelledGlyphs
from edgedigits.labelled.photos import PhotosRead, read_singles
from edgedigits_train.backend import JIT, keras
from edgedigits_train.data.augmentation import Augmentation
from edgedigits_train.data.batches import AugmentedBatches, makers
from edgedigits_train.data.datasets import load_dataset
from edgedigits_train.data.own_digits import load_own_digits
from edgedigits_train.data.training_set import assemble, hash_sources, with_own
from edgedigits_train.evaluation.metrics import ForeignRecord, Metrics, Score
from edgedigits_train.fit.exported import export_training
from edgedigits_train.fit.feeding import feed
from edgedigits_train.fit.fine_tuning import MODEL
from edgedigits_train.fit.fitting import Fit, TrainingError, accuracy, cross_entropy, predict_logits
from edgedigits_train.fit.foreign_base import ForeignBase, check_foreign_base, load_foreign_base
from edgedigits_train.recipes import RECIPES, Additions
from edgedigits_train.results import publishing, write_results

_WARM_UP, _AVERAGING = 0.1, 0.99
_SAMPLES = Path("Images")


@dataclass(frozen=True)
class Extension:
    """All choices of the training that extends a model.

    Attributes:
        epochs: passes over the training glyphs.
        batch: glyphs a step.
        learning_rate: Adam's highest, reached after a tenth of all steps; it then falls along a cosine to zero.
        additions: what joins the dataset's digits.
    """

    epochs: int = 8
    batch: int = 128
    learning_rate: float = 1e-3
    additions: Additions = RECIPES["default"].additions


@dataclass(frozen=True)
class Extended:
    """What came of it.

    Attributes:
        metrics: of the training.
        photos: how the model read the project's sample images before, and how it does now; None where there are none.
    """

    metrics: Metrics
    photos: tuple[PhotosRead, PhotosRead] | None


def extend(
    path: Path,
    out: Path,
    *,
    chosen: Extension = Extension(),
    extra: Path | None = None,
    seed: int = 0,
    progress: bool = False,
) -> Extended:
    """Fine-tune a foreign model so that it knows what is no digit, and leave it in `out` as `training.train` does.

    Its layers and what they know stay; a class for what is no digit joins the ten, where there is none. It learns on
    MNIST, or on synthetic digits where MNIST cannot be had, and on what a recipe adds: digits as photos show them,
    other letterforms, and no digits.

    Args:
        path: a .keras or .h5 file.
        out: a folder, another than the model's; it is made where it is missing.
        chosen: how it is trained.
        extra: the user's own digits, to be learnt as well.
        seed: of order, augmentation and additions.
        progress: show bars on stderr.

    Raises:
        InputError: the model or a folder cannot be used; says what to do.
        TrainingError: the loss is no longer a number, or the disk is full.
        Interrupted: by Ctrl-C or SIGTERM.

    Example:
        >>> extend(Path("my.h5"), Path("build/my"))
        Traceback (most recent call last):
        edgedigits.errors.InputError: my.h5 does not exist: name a model's .keras or .h5 file, or a training's folder.
    """
    wall, cpu = time.perf_counter(), time.process_time()
    check_foreign_base(path)
    if (out / MODEL).resolve() == path.resolve():
        raise InputError(f"The result would replace {path}: choose another folder with --out.")
    own = load_own_digits(extra, progress=progress) if extra else None
    with publishing(out) as folder, TemporaryDirectory(prefix="edgedigits-") as temporary:
        plain = Path(temporary) / "plain"
        dataset = load_dataset(progress=progress)
        base = load_foreign_base(path, plain, dataset, progress=progress)
        training = assemble(dataset.training, chosen.additions, seed=seed, progress=progress)
        if own:
            training = with_own(training, own.training)
        before = Score.of(predict_logits(base.model, dataset.test.glyphs), dataset.test.labels)
        fitted = _fit(base, training, dataset.held_out, chosen, seed, progress)
        metrics = write_results(
            folder,
            fitted,
            dataset,
            training,
            recipe={"name": f"fine-tuned {path.name}", **asdict(chosen), "detected": base.detected},
            seed=seed,
            data={**dataset.hashes, **hash_sources(chosen.additions), path.name: base.digest},
            spent=lambda: (time.perf_counter() - wall, time.process_time() - cpu),
            own=own,
            foreign=ForeignRecord(path.name, base.digest, base.knows_none, before),
        )
        photos = _compare_photos(plain, folder, Path(temporary) / "extended", progress)
    return Extended(metrics, photos)


def _fit(
    base: ForeignBase,
    training: LabelledGlyphs,
    held_out: LabelledGlyphs,
    chosen: Extension,
    seed: int,
    progress: bool,
) -> Fit:
    """Return the model, fitted; the moving average of its weights is kept."""
    keras.utils.set_random_seed(seed)
    model = base.model
    batches = AugmentedBatches(training, chosen.batch, Augmentation(), seed)
    steps = chosen.epochs * len(batches)
    warm_up = max(1, round(_WARM_UP * steps))
    schedule = keras.optimizers.schedules.CosineDecay(
        chosen.learning_rate / warm_up,
        decay_steps=max(1, steps - warm_up),
        warmup_target=chosen.learning_rate,
        warmup_steps=warm_up,
    )
    optimizer = keras.optimizers.Adam(schedule, use_ema=True, ema_momentum=_AVERAGING)
    model.compile(optimizer, cross_entropy, metrics=[accuracy], jit_compile=JIT)
    history: dict[str, list[float]] = {}
    with makers() as pool, tqdm(total=steps, desc="fine-tune", unit="step", disable=not progress) as bar:
        step = keras.callbacks.LambdaCallback(on_train_batch_end=lambda batch, logs: bar.update())
        for epoch in range(chosen.epochs):
            values = model.fit(
                feed(batches.stream(epoch, 0, pool)),
                steps_per_epoch=len(batches),
                shuffle=False,
                callbacks=[step, keras.callbacks.TerminateOnNaN()],
                verbose=0,
            ).history
            logits = predict_logits(model, held_out.glyphs)
            score = Score.of(logits, held_out.labels)
            values |= {"val_loss": [score.loss], "val_accuracy": [score.accuracy]}
            if not np.isfinite([values["loss"][-1], score.loss]).all():
                raise TrainingError(
                    f"The loss is no longer a number in epoch {epoch + 1}: start anew with a lower --learning-rate (it"
                    f" was {chosen.learning_rate:g})."
                )
            for name, value in values.items():
                history.setdefault(name, []).append(float(value[-1]))
    # uncompiled: a model that was would carry the optimizer into its file
    return Fit(keras.Model(model.input, model.output, name=model.name), history)


def _compare_photos(plain: Path, trained: Path, bundle: Path, progress: bool) -> tuple[PhotosRead, PhotosRead] | None:
    if not (_SAMPLES / "labels.csv").is_file():
        return None
    export_training(trained, bundle)
    with tqdm(total=2, desc="reading photos", unit="model", disable=not progress) as bar:
        read = []
        for each in (plain, bundle):
            read.append(read_singles(each, _SAMPLES))
            bar.update()
    return (read[0], read[1]) if read[0] and read[1] else None
