"""`edgedigits inspect`: tell what a model file or a bundle is, with no engine and no TensorFlow."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

import click

from edgedigits.bundle import BUNDLED, MANIFEST
from edgedigits.cli.options import BUNDLE_VARIABLE, ChosenBundle, at_least_option, verify_option
from edgedigits.cli.terminal import say
from edgedigits.errors import InputError
from edgedigits.inspecting import inspect_file


@click.command(short_help="Tell what a model file or a bundle is.")
@click.argument("path", type=click.Path(path_type=Path), required=False, envvar=BUNDLE_VARIABLE)
@verify_option
@at_least_option
@click.option("--json", "as_json", is_flag=True, help="Print everything as one JSON object.")
def inspect(path: Path | None, verify: Path | None, at_least: str | None, as_json: bool) -> None:
    """Tell what a model file or a bundle is and where it came from.

    PATH is an ONNX or TFLite file, or a folder that `edgedigits export` wrote.
    When left out, it is that of EDGEDIGITS_BUNDLE, else the bundled model.
    The files of a folder are checked against its manifest, and with --verify against its signature.

    \b
    Examples:
      edgedigits inspect
      edgedigits inspect build/bundle --json
      edgedigits inspect build/bundle/digits-int8.tflite
    """
    path = path or BUNDLED
    if path.is_dir() or path.name == MANIFEST:
        _inspect_bundle(ChosenBundle(path if path.is_dir() else path.parent, verify, at_least), as_json)
    elif verify is not None or at_least is not None:
        raise InputError(f"{path} is no bundle: a bundle is signed and numbered as a whole; name its folder.")
    else:
        _inspect_file(path, as_json)


def _inspect_bundle(chosen: ChosenBundle, as_json: bool) -> None:
    bundle = chosen.load()
    bundle.verify()
    if as_json:
        click.echo(json.dumps(bundle.manifest, indent=2))
        return
    signed = f", and it is as the owner of {chosen.verify} signed it" if chosen.verify else ""
    say(f"{bundle.path}: a bundle of {len(bundle.files)} files; all match their SHA-256{signed}")
    say(f"  labels: {', '.join(bundle.labels)}")
    for file in bundle.files:
        engines = ", ".join(f"{name} {version}" for name, version in file.engines.items())
        say(f"  {file.path.name}: {file.size:,} bytes, accuracy {file.accuracy:.2%}, passed in {engines}")
    if bundle.version is not None:
        say(f"  version {bundle.version}")
    _print_origin(dict(bundle.manifest["provenance"]))


def _inspect_file(path: Path, as_json: bool) -> None:
    inspection = inspect_file(path)
    if as_json:
        click.echo(json.dumps({**asdict(inspection), "path": str(path)}, indent=2))
        return
    versions = f", opset {inspection.opset}, IR {inspection.ir}" if inspection.opset is not None else ""
    say(f"{path}: {inspection.kind}, {inspection.size:,} bytes{versions}")
    say(f"  sha256 {inspection.sha256}")
    if inspection.facts is None:
        say("  It holds no facts of edgedigits: it was made by something else.")
        return
    for key in ("format", "labels", "input", "output", "temperature", "digit_score"):
        if key in inspection.facts:
            say(f"  {key}: {json.dumps(inspection.facts[key])}")
    _print_origin(dict(inspection.facts.get("provenance", {})))


def _print_origin(provenance: dict[str, object]) -> None:
    recipe = provenance.get("recipe")
    name = recipe.get("name") if isinstance(recipe, dict) else recipe
    seed = f", seed {provenance['seed']}" if provenance.get("seed") is not None else ""
    say(f"  trained on {provenance.get('training_data')}, recipe {name}{seed}")
