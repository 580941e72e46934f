"""Families of options that several commands share."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

Command = TypeVar("Command", bound=Callable[..., Any])


def model_options(command: Command) -> Command:
    """Add --bundle, --engine, --model and --threads: which model runs, and on what."""
    for option in reversed(
        [
            click.option(
                "--bundle",
                type=click.Path(path_type=Path),
                help="A folder that `edgedigits export` wrote. [default: the bundled model]",
            ),
            click.option(
                "--engine",
                metavar="NAME",
                help="onnxruntime, litert, tflite_runtime or opencv. [default: the best one here]",
            ),
            click.option(
                "--model",
                metavar="FORMAT",
                help="A format of the bundle, such as onnx-int8. [default: the one it prefers]",
            ),
            click.option(
                "--threads", type=click.IntRange(1, 256), default=1, show_default=True, help="For the engine."
            ),
        ]
    ):
        command = option(command)
    return command
