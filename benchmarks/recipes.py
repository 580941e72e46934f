"""What each recipe reaches: `python benchmarks/recipes.py [RECIPE...] [--seeds N] [--json FILE]`.

Trains each recipe with several seeds, exports its int8 ONNX file, and prints how many of MNIST's test images that file
answers rightly, and how long the training took on as many cores as there are. Each recipe is written when it is done.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

# beside this file, as scripts are run
from measured import put

from edgedigits.errors import EdgeDigitsError
from edgedigits.processes import usable_cores
from edgedigits_export.convert.formats import get_formats
from edgedigits_export.exporting import export_bundle
from edgedigits_export.options import ExportOptions
from edgedigits_train.data.mnist import load
from edgedigits_train.recipes import RECIPES
from edgedigits_train.training import train


@dataclass(frozen=True)
class Result:
    """What one training came to.

    Attributes:
        parameters: of the network.
        size: bytes of the int8 ONNX file.
        accuracy: share of MNIST's test images that it answers rightly, 0 to 1.
        minutes: that the training took, data included.
    """

    parameters: int
    size: int
    accuracy: float
    minutes: float


def measure(recipe: str, seed: int) -> Result:
    """Train, export and score."""
    with tempfile.TemporaryDirectory(prefix="edgedigits-") as folder:
        trained, start = Path(folder) / "train", time.perf_counter()
        metrics = train(RECIPES[recipe], trained, seed=seed, progress=sys.stderr.isatty())
        minutes = (time.perf_counter() - start) / 60
        options = ExportOptions(get_formats(["onnx-int8"]), html=False)
        file = export_bundle(trained, Path(folder) / "bundle", options).files[0]
        return Result(metrics.parameters, file.size, file.accuracy, minutes)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("recipes", nargs="*", default=["tiny", "default", "best"], help="names of recipes")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--json", type=Path, metavar="FILE", help="also write the figures here")
    arguments = parser.parse_args()
    if unknown := set(arguments.recipes) - set(RECIPES):
        parser.error(f"There is no recipe {', '.join(sorted(unknown))}: choose from {', '.join(RECIPES)}.")
    try:
        load()  # other digits than MNIST's would take its place
        for recipe in arguments.recipes:
            results = []
            for seed in range(arguments.seeds):
                results.append(measure(recipe, seed))
                print(f"{recipe:<8} seed {seed}  {results[-1].accuracy:.2%}  {results[-1].minutes:.1f} min", flush=True)
            figures = {
                "parameters": results[0].parameters,
                "bytes": results[0].size,
                "accuracy": [result.accuracy for result in results],
                "minutes": [round(result.minutes, 1) for result in results],
                "cores": usable_cores(),
            }
            put({recipe: figures}, arguments.json)
    except EdgeDigitsError as error:
        sys.exit(f"Error: {error}")


if __name__ == "__main__":
    main()
