"""From a recipe to a fitted network: alone, or after the teachers that it learns from."""

from __future__ import annotations

from edgedigits.labelled.glyphs import LabelledGlyphs
from edgedigits_train.data.batches import AugmentedBatches
from edgedigits_train.fit.checkpoints import Checkpoints
from edgedigits_train.fit.distillation import Teacher, teach
from edgedigits_train.fit.fast_layers import fastest
from edgedigits_train.fit.fitting import Fit, fit
from edgedigits_train.fit.foreign_teacher import ForeignTeacher
from edgedigits_train.fit.model import CLASSES, with_weights
from edgedigits_train.recipes import Additions, Recipe

_MOST_VIEWS, _TEMPERATURE = 8, 2.0
"""Of what a foreign model is asked, where the recipe has no teachers of its own."""
_TEACHERS_SEED = 10_000
"""Teachers' seeds are far from those of any pupil."""


def learn(
    recipe: Recipe,
    training: LabelledGlyphs,
    digits: int,
    held_out: LabelledGlyphs,
    *,
    seed: int,
    progress: bool,
    checkpoints: Checkpoints,
    classes: int = CLASSES,
    foreign: ForeignTeacher | None = None,
) -> Fit:
    """Fit the recipe's network: to the labels, or to the answers of teachers that are fitted to them first.

    Args:
        recipe: what is fitted, and how.
        training: what it is fitted to, as `training_set.assemble` returns it.
        digits: how many of the first of these are the dataset's own; what joined them comes after.
        held_out: what epochs are scored with.
        seed: of weights, order and augmentation.
        progress: show bars on stderr.
        checkpoints: a stage for each fit, and one for the teachers' answers.
        classes: how many logits the network gives.
        foreign: a model of any origin that teaches as well; it answers for the dataset's own only.

    Raises:
        TrainingError, CheckpointError, KeyboardInterrupt: as `fit`.
    """
    batches = AugmentedBatches(training, recipe.batch, recipe.augmentation, seed)
    stage = checkpoints.stage("model")
    distillation = recipe.distillation
    if distillation is None and foreign is None:
        return fit(recipe, batches, held_out, seed=seed, classes=classes, progress=progress, stage=stage)
    teachers = []
    for number, teacher in enumerate(distillation.teachers if distillation else (), start=1):
        own_seed = _TEACHERS_SEED + 100 * seed + number
        domain = digits if teacher.additions == Additions() else len(training)
        own = AugmentedBatches(training[:domain], teacher.batch, teacher.augmentation, own_seed)
        own_stage = checkpoints.stage(f"teacher-{number}")
        fitted = fit(teacher, own, held_out, seed=own_seed, classes=classes, progress=progress, stage=own_stage)
        # the layers that a teacher was fitted with answer in half the time on some processors
        fast = with_weights(teacher, fitted.model.get_weights(), fastest(teacher))
        teachers.append(Teacher(fast, domain))
    if foreign:
        teachers.append(Teacher(foreign, digits, corrected=True))
    taught = teach(
        teachers,
        batches,
        distillation.views if distillation else min(recipe.epochs, _MOST_VIEWS),
        distillation.temperature if distillation else _TEMPERATURE,
        digits + (recipe.additions.doubtful if distillation else 0),
        seed=seed,
        stage=checkpoints.stage("answers"),
        progress=progress,
    )
    return fit(recipe, taught, held_out, seed=seed, classes=classes, progress=progress, stage=stage)
