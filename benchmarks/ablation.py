"""What each choice of the default recipe is worth: `python benchmarks/ablation.py [NAME...] [--seeds N]`.

Recipes are compared without the test set: every variant is fitted to 25,000 of MNIST's training images and scored on
the other 35,000, which tells differences of a tenth of a point apart; each sees equally many glyphs, whatever its
additions are. Digits as photos show them and outliers are made from those 35,000 for scoring, with seeds of their own.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from statistics import mean

import numpy as np

# beside this file, as scripts are run
from measured import put

from edgedigits.bundle import DigitScore
from edgedigits.errors import EdgeDigitsError
from edgedigits.labelled.glyphs import LabelledGlyphs, join
from edgedigits.logits import interpret_logits
from edgedigits_train.data.augmentation import Augmentation
from edgedigits_train.data.batches import AugmentedBatches
from edgedigits_train.data.datasets import HELD_OUT, Dataset, load_mnist
from edgedigits_train.data.training_set import assemble
from edgedigits_train.fit.distillation import Teacher, teach
from edgedigits_train.fit.fitting import fit, predict_logits
from edgedigits_train.recipes import RECIPES, Additions, Recipe

FITTED = 25_000
VIEWS = 300_000
"""Glyphs that each variant sees."""

DEFAULT = replace(
    RECIPES["default"],
    additions=Additions(
        **{
            kind: round(count * FITTED / (60_000 - HELD_OUT))
            for kind, count in asdict(RECIPES["default"].additions).items()
        }
    ),
)
"""The default recipe with additions in proportion to the fewer digits."""

TINY = replace(DEFAULT, widths=RECIPES["tiny"].widths)
STILL = Augmentation(rotation=0, shear=0, scale=0, shift=0, elastic=0, thinner=0, thicker=0, blur=0, contrast=0)

VARIANTS: Mapping[str, Recipe] = {
    "default": DEFAULT,
    "nothing added": replace(DEFAULT, additions=Additions()),
    "nothing soiled": replace(DEFAULT, additions=replace(DEFAULT.additions, soiled=0)),
    "no outliers": replace(DEFAULT, additions=replace(DEFAULT.additions, outliers=0)),
    "no augmentation": replace(DEFAULT, augmentation=STILL),
    "SGD": replace(DEFAULT, optimizer="sgd", learning_rate=0.2, weight_decay=2e-3),
    "no averaging": replace(DEFAULT, averaging=0.0),
    "7×7 pixels from the second convolution": replace(DEFAULT, widths=((16,), (32, 32, 32, 64))),
    "twice the weights": replace(DEFAULT, widths=((32, 48, 48), (48, 64))),
    "tiny's widths": TINY,
    "tiny's widths, 7×7 pixels from the second": replace(TINY, widths=((16,), (16, 16, 20, 24))),
}
TAUGHT = "tiny's widths, taught by the default"


@dataclass(frozen=True)
class Split:
    """Digits to fit to, and to score with."""

    fitted: LabelledGlyphs
    scored: LabelledGlyphs


@dataclass(frozen=True)
class Row:
    """How one variant did.

    Attributes:
        parameters: of the network.
        errors: on the 35,000 digits as they are.
        captured: share of errors on digits as photos show them, in percent.
        soiled: share of errors on digits in poor pictures, in percent.
        auroc: how well the digit score tells those 35,000 from outliers, 0 to 1.
    """

    parameters: int
    errors: int
    captured: float
    soiled: float
    auroc: float


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", default=[*VARIANTS, TAUGHT], help="variants")
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--json", type=Path, metavar="FILE", help="also write the figures here")
    arguments = parser.parse_args()
    if unknown := set(arguments.names) - {*VARIANTS, TAUGHT}:
        parser.error(f"There is no variant {', '.join(sorted(unknown))}: choose from {', '.join([*VARIANTS, TAUGHT])}.")
    try:
        split = divide(load_mnist())
    except EdgeDigitsError as error:
        parser.error(str(error))
    probes = {
        name: assemble(split.scored, Additions(**{name: 4_000}), seed=1_000)
        for name in ("captured", "soiled", "outliers")
    }
    probes = {name: probe[len(split.scored) :] for name, probe in probes.items()}
    print("| variant | parameters | errors of 35,000 | as photos show them | in poor pictures | AUROC |")
    print("| --- | --- | --- | --- | --- | --- |")
    for name in arguments.names:
        rows = [measure(name, split, probes, seed) for seed in range(arguments.seeds)]
        put({name: [asdict(row) for row in rows]}, arguments.json)
        errors = ", ".join(str(row.errors) for row in rows)
        shares = [f"{mean(getattr(row, kind) for row in rows):.2f} %" for kind in ("captured", "soiled")]
        auroc = mean(row.auroc for row in rows)
        print(f"| {name} | {rows[0].parameters:,} | {errors} | {' | '.join(shares)} | {auroc:.4f} |", flush=True)


def divide(dataset: Dataset) -> Split:
    """Part MNIST's 60,000 training images anew; the test images are not touched."""
    digits = join([dataset.training, dataset.held_out])
    return Split(digits[:FITTED], digits[FITTED:])


def measure(name: str, split: Split, probes: Mapping[str, LabelledGlyphs], seed: int) -> Row:
    """Fit a variant and score it."""
    recipe = VARIANTS["tiny's widths" if name == TAUGHT else name]
    training = assemble(split.fitted, recipe.additions, seed=seed)
    model = fit_views(recipe, training, split, seed, DEFAULT if name == TAUGHT else None)
    digits = predict_logits(model, split.scored.glyphs)
    scores, others = (
        interpret_logits(logits, 1.0, DigitScore("outlier-class", 0.0))[1]
        for logits in (digits, predict_logits(model, probes["outliers"].glyphs))
    )
    shares = {
        kind: 100 * float(np.mean(predict_logits(model, probes[kind].glyphs)[:, :10].argmax(1) != probes[kind].labels))
        for kind in ("captured", "soiled")
    }
    return Row(
        model.count_params(),
        int((digits[:, :10].argmax(axis=1) != split.scored.labels).sum()),
        shares["captured"],
        shares["soiled"],
        area_under_curve(scores, others),
    )


def fit_views(recipe: Recipe, training: LabelledGlyphs, split: Split, seed: int, teacher: Recipe | None):
    """Fit until `VIEWS` glyphs were seen; to a teacher's answers where there is one."""
    few = split.scored[:1_000]
    lasting = replace(recipe, epochs=max(1, round(VIEWS / len(training))))
    batches = AugmentedBatches(training, recipe.batch, recipe.augmentation, seed)
    if teacher is None:
        return fit(lasting, batches, few, seed=seed).model
    known = fit_views(teacher, training, split, seed + 1, None)
    taught = teach([Teacher(known, len(training))], batches, views=6, temperature=2.0, taught=len(training), seed=seed)
    return fit(lasting, taught, few, seed=seed).model


def area_under_curve(digits: np.ndarray, others: np.ndarray) -> float:
    """Return the chance that a digit's score is above another glyph's (Mann and Whitney 1947)."""
    order = np.sort(others)
    below = np.searchsorted(order, digits, "left"), np.searchsorted(order, digits, "right")
    return float(np.mean((below[0] + below[1]) / 2) / len(others))


if __name__ == "__main__":
    main()
