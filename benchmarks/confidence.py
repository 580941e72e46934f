"""Whether a digit's confidence means what it says: `python benchmarks/confidence.py [--bundle FOLDER] [--scenes N]`.

Reads rendered scenes, whose truth is exact, and compares the confidence of the digits that were found with how often
they are right: a digit is right where a digit of the same value stands in its place. Prints the table of a reliability
diagram and the expected calibration error (Naeini, Cooper, Hauskrecht, 2015), with bins of confidence as they are asked
for in practice, since most digits have a confidence of 1.00.
"""

from __future__ import annotations

import argparse
import itertools
from pathlib import Path

import numpy as np

from edgedigits import Digit, Reader
from edgedigits_train.handwriting.scenes import Scene, render_scene

BINS = (0.0, 0.5, 0.7, 0.8, 0.9, 0.95, 0.98, 0.99, 0.995, 0.999, 1.0)


def is_right(found: Digit, scene: Scene) -> bool:
    return any(found.candidates[0][0] == digit.value and _overlap(found.box, digit.box) > 0.3 for digit in scene.digits)


def is_there(found: Digit, scene: Scene) -> bool:
    return any(_overlap(found.box, digit.box) > 0.3 for digit in (*scene.digits, *scene.fragments))


def _overlap(a: tuple[int, int, int, int], b: tuple[int, int, int, int]) -> float:
    """Return the shared area of two boxes over that of both together."""
    across = min(a[0] + a[2], b[0] + b[2]) - max(a[0], b[0])
    down = min(a[1] + a[3], b[1] + b[3]) - max(a[1], b[1])
    shared = max(across, 0) * max(down, 0)
    return shared / (a[2] * a[3] + b[2] * b[3] - shared)


def print_table(title: str, confidence: np.ndarray, right: np.ndarray) -> None:
    error = 0.0
    print(f"{title}: {len(right)} digits, mean confidence {confidence.mean():.4f}, right {right.mean():.4f}")
    for low, high in itertools.pairwise(BINS):
        chosen = (confidence > low) & (confidence <= high)
        if chosen.any():
            said, is_so = confidence[chosen].mean(), right[chosen].mean()
            error += chosen.sum() * abs(said - is_so)
            print(f"  {low:.3f}–{high:.3f}  {chosen.sum():5d}  {said:.4f}  {is_so:.4f}")
    print(f"  expected calibration error {error / len(right):.4f}")


def fit_logistic(score: np.ndarray, there: np.ndarray) -> tuple[float, float]:
    """Return slope and offset of the likeliest logistic curve, by Newton's method (Platt, 1999)."""
    inputs, weights = np.stack([score, np.ones(len(score))], axis=1), np.zeros(2)
    for _ in range(50):
        p = 1 / (1 + np.exp(-inputs @ weights))
        curvature = inputs.T @ (inputs * (p * (1 - p))[:, np.newaxis]) + 1e-3 * np.eye(2)
        weights += np.linalg.solve(curvature, inputs.T @ (there - p) - 1e-3 * weights)
    return float(weights[0]), float(weights[1])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--bundle", type=Path)
    parser.add_argument("--scenes", type=int, default=500)
    parser.add_argument("--seed", type=int, default=100_000)
    arguments = parser.parse_args()
    reader = Reader(arguments.bundle)
    rows: list[tuple[float, float, bool, bool]] = []
    for seed in range(arguments.seed, arguments.seed + arguments.scenes):
        scene = render_scene(seed)
        reading, page = reader.examine(scene.image, threshold=0)
        boxes = np.array([digit.hypothesis.box for digit in page.digits]).reshape(-1, 4)
        for found in reading.digits:
            score = page.digits[int(np.abs(boxes - found.box).sum(axis=1).argmin())].score
            rows.append((found.confidence, score, is_right(found, scene), is_there(found, scene)))
    confidence, score, right, there = (np.array(column) for column in zip(*rows, strict=True))
    print_table("all that was found", confidence, right)
    print_table("what is a digit", confidence[there], right[there])
    slope, offset = fit_logistic(score, there)
    print(f"that one is there has the log odds {slope:.2f} × evidence {offset:+.2f}: the constants in reader.py")


if __name__ == "__main__":
    main()
