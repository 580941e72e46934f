"""Making a file: a format is converted, and the file is tried."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from edgedigits.errors import EdgeDigitsError
from edgedigits_export.cache import NO_CACHE, digest
from edgedigits_export.check.evidence import InstalledEngine
from edgedigits_export.check.gate import Reference
from edgedigits_export.check.targets import Target
from edgedigits_export.check.trial import CheckedFile, check_file
from edgedigits_export.convert.formats import FORMATS, Format
from edgedigits_export.convert.layers import COMPARED_IMAGES, LayerOutputs, read_onnx_layers
from edgedigits_export.errors import DISK_FULL, ExportError
from edgedigits_export.silence import silenced
from edgedigits_export.source import TrainedModel

Progress = Callable[[str], None]
"""Is told what is being done, in a few words."""


@dataclass(frozen=True)
class FileMaker:
    """All that is needed to make a file of a format and to try it.

    Attributes:
        trained: the model.
        facts: its `model_facts`.
        reference: what the files are compared with.
        installed_engines: the engines that there are.
        exact_layers: what the model's layers answer in float; None where no format needs them.
        target: the device that files are for; None for any.
        folder: where files are written.
        progress: is told what is being done.
    """

    trained: TrainedModel
    facts: Mapping[str, Any]
    reference: Reference
    installed_engines: Sequence[InstalledEngine]
    exact_layers: LayerOutputs | None
    target: Target | None
    folder: Path
    progress: Progress

    def make(self, format: Format, kept_float: Sequence[str]) -> CheckedFile:
        """Convert a format with some layers in float, and try the file.

        Raises:
            ExportError: it cannot be converted, or not be run where it is to run.
        """
        names = list(self.exact_layers or ())
        mixed = format
        if (kept_float or self.trained.partly_float) and format.with_float_layers:
            mixed = format.with_float_layers([names.index(name) for name in kept_float])
        layers = f", {', '.join(kept_float)} in float" if kept_float else ""
        self.progress(f"converting to {format.name}{layers}")
        path = self.folder / format.file_name
        # what a format from outside of the registry does, its name does not tell
        cache = self.trained.cache if FORMATS.get(format.name) is format else NO_CACHE
        name = f"{format.name}-{digest(json.dumps(list(kept_float)).encode())[:16]}"
        with _conversion():
            content = cache.remember(name, lambda: make_content(mixed, self.trained, self.facts, kept_float))
            path.write_bytes(content)
            facts = mixed.read_facts(content)
        if self.target:
            self.target.check_file(format, facts)
        self.progress(f"scoring {path.name}{layers}")
        return check_file(
            mixed,
            path,
            facts,
            self.installed_engines,
            self.trained.evaluation.glyphs,
            self.reference,
            self._weight_bytes(format, kept_float),
            exact_layers=self.exact_layers,
            kept_float=tuple(kept_float),
        )

    def _weight_bytes(self, format: Format, kept_float: Sequence[str]) -> int:
        """Return how many bytes the weights of a file take."""
        wide = sum(layer.parameters for layer in self.trained.layers if layer.name in kept_float)
        return (int(self.trained.metrics["parameters"]) - wide) * format.weight_bytes + wide * 4


def make_content(
    format: Format, trained: TrainedModel, facts: Mapping[str, Any], kept_float: Sequence[str] = ()
) -> bytes:
    """Return the content of a format's file: the converted model with the `model_facts` inside.

    The same model and tool versions give the same bytes.
    """
    identity = {
        "name": format.file_name,
        "format": format.name,
        "precision": format.precision,
        "kept_float": list(kept_float),
    }
    return format.embed(format.convert(trained), {**facts, **identity})


def read_exact_layers(trained: TrainedModel) -> LayerOutputs | None:
    """Return what the layers answer in float, by their names in the Keras model.

    None if the model does not get as far, which its formats will tell.
    """
    try:
        with silenced():
            outputs = read_onnx_layers(trained.float_onnx, trained.evaluation.glyphs[:COMPARED_IMAGES])
    except Exception:
        return None
    names = [layer.name for layer in trained.layers if layer.multiplies]
    return dict(zip(names, outputs.values(), strict=True)) if len(names) == len(outputs) else outputs


@contextlib.contextmanager
def _conversion() -> Iterator[None]:
    """Silence the converter, and tell what it raises, which may be anything, as the cause of a failed export."""
    try:
        with silenced():
            yield
    except EdgeDigitsError:
        raise
    except Exception as error:
        if isinstance(error, OSError) and error.errno in DISK_FULL:
            raise  # no fault of the format
        raise ExportError(f"the conversion broke off: {_last_line(error)}") from error


def _last_line(error: Exception) -> str:
    lines = str(error).strip().splitlines()
    return f"{type(error).__name__}: {lines[-1]}" if lines else type(error).__name__
