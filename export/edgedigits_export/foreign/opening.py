"""Opening a model file of any kind that holds a Keras or TensorFlow model, without running code that came with it."""

from __future__ import annotations

import io
import json
import os
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from edgedigits.errors import InputError
from edgedigits_export.foreign.graph import FrozenGraph, freeze
from edgedigits_export.silence import silenced

_OTHERS = {
    ".tflite": "a TFLite file, whose weights are in their final form already: the runtime reads bundles, so export the"
    " Keras model that it came from",
    ".onnx": "an ONNX file, whose graph is in its final form already: the runtime reads bundles, so export the Keras"
    " model that it came from",
    ".pt": "a PyTorch file: convert it to Keras first, or train anew with `edgedigits train --data`",
    ".pth": "a PyTorch file: convert it to Keras first, or train anew with `edgedigits train --data`",
    ".weights.h5": "a file of weights without their model: save the whole model with model.save('my.keras')",
}
_TAKEN = "name a .keras or .h5 file, or the folder of a SavedModel"


def open_model(path: Path, *, run_code: bool = False) -> FrozenGraph:
    """Return the model in a .keras or .h5 file, or in the folder of a SavedModel, as it answers when it is used.

    Dropout and augmentation layers do nothing then.

    Args:
        path: the file or folder.
        run_code: load Lambda layers, which are Python code inside the file.

    Raises:
        InputError: there is no such model, it needs code, or its form cannot be used; says what to do.
    """
    _check_kind(path)
    try:
        with silenced():
            graph = freeze(_from_saved_model(path) if path.is_dir() else _from_keras(path, run_code))
        graph.check()
    except InputError as error:
        raise InputError(f"{path} cannot be exported: {error}.") from None
    return graph


def _check_kind(path: Path) -> None:
    if path.is_dir():
        if not (path / "saved_model.pb").is_file():
            raise InputError(f"{path} is no SavedModel: it holds no saved_model.pb; {_TAKEN}.")
        return
    if not path.exists():
        raise InputError(f"{path} does not exist; {_TAKEN}.")
    for ending, what in _OTHERS.items():
        if path.name.lower().endswith(ending):
            raise InputError(f"{path} is {what}.")
    try:
        start = path.read_bytes()[:8]
    except OSError as error:
        raise InputError(f"{path} cannot be read ({error.strerror}); {_TAKEN}.") from error
    if start[4:8] == b"TFL3":
        raise InputError(f"{path} is {_OTHERS['.tflite']}.")
    if start[:2] != b"PK" and start != b"\x89HDF\r\n\x1a\n":
        what = "is empty" if not start else "is no Keras file (neither zip nor HDF5), or an encrypted one"
        raise InputError(f"{path} {what}: {_TAKEN}.")


def _from_keras(path: Path, run_code: bool) -> Any:
    """Return the concrete function of a Keras file.

    Raises:
        InputError: it cannot be loaded, said as the end of a sentence.
    """
    import keras
    import tensorflow as tf

    config = _read_config(path)
    if config is not None and not run_code:
        _refuse_code(config)
    try:
        model = keras.saving.load_model(path, compile=False, safe_mode=not run_code)
    except Exception as error:  # Keras and h5py raise many kinds
        raise InputError(_why(error)) from error
    inputs = getattr(model, "inputs", None)
    if not isinstance(model, keras.Model) or not inputs:
        raise InputError("it has never been called, so that its input is not known: call it once and save it again")
    if len(inputs) != 1 or len(model.outputs) != 1:
        raise InputError(
            f"it has {len(inputs)} inputs and {len(model.outputs)} outputs; export takes models from one image to one"
            " list of logits"
        )
    signature = [tf.TensorSpec((None, *inputs[0].shape[1:]), inputs[0].dtype, name="images")]
    function = tf.function(lambda images: model(images, training=False), input_signature=signature, autograph=False)
    try:
        return function.get_concrete_function()
    except Exception as error:
        raise InputError(f"it cannot be run ({_first_line(error)})") from error


def _from_saved_model(folder: Path) -> Any:
    import tensorflow as tf

    try:
        loaded = tf.saved_model.load(os.fspath(folder))
    except Exception as error:
        raise InputError(f"it cannot be loaded ({_first_line(error)}): copy the whole folder again") from error
    signatures = dict(loaded.signatures)
    if not signatures:
        raise InputError("it has no signature to call: write it with model.export('FOLDER')")
    function = signatures.get("serving_default") or next(iter(signatures.values()))
    function._keep_alive = loaded
    return function


def _read_config(path: Path) -> Any:
    """Return the description of a Keras file's layers; None where there is none to be found.

    Raises:
        InputError: the file is cut short or damaged.
    """
    content = path.read_bytes()
    if content[:2] == b"PK":
        try:
            with zipfile.ZipFile(io.BytesIO(content)) as archive:
                if any(entry.flag_bits & 1 for entry in archive.infolist()):
                    raise InputError("it is encrypted: decrypt it first")
                return json.loads(archive.read("config.json"))
        except KeyError:
            raise InputError("it is a zip file without a Keras model") from None
        except (zipfile.BadZipFile, ValueError) as error:
            raise InputError(f"it is cut short or damaged ({error}): copy it again") from error
    import h5py

    try:
        with h5py.File(io.BytesIO(content), "r") as file:
            config = file.attrs.get("model_config")
    except OSError as error:
        raise InputError(f"it is cut short or damaged ({_first_line(error)}): copy it again") from error
    if config is None:
        raise InputError("it holds weights without their model: save the whole model with model.save('my.keras')")
    return json.loads(config if isinstance(config, str) else config.decode())


def _refuse_code(config: Any) -> None:
    for kind, module, name in _layers(config):
        if kind == "Lambda":
            raise InputError(
                f"its layer {name} is a Lambda, Python code inside the file: replace it by a layer of Keras (such as"
                " Rescaling or Reshape), or, if you trust the file, run the code with `edgedigits export --run-code`"
            )
        if module is not None and module.split(".")[0] not in ("keras", "tensorflow", "tf_keras", "builtins"):
            raise InputError(
                f"its layer {name} is of the class {kind}, which is in {module}: write the model as a SavedModel, which"
                " needs no Python, with model.export('FOLDER'), and name the folder"
            )


def _layers(config: Any) -> Iterator[tuple[str, str | None, str]]:
    """Yield class, module and name of everything that a description makes, the outermost first."""
    if isinstance(config, dict):
        if "class_name" in config and isinstance(config.get("config"), dict):
            module = config.get("module")
            if config.get("registered_name") and not str(config.get("module") or "keras").startswith("keras"):
                module = config["module"] or config["registered_name"]
            yield config["class_name"], module, str(config["config"].get("name", config["class_name"]))
        for value in config.values():
            yield from _layers(value)
    elif isinstance(config, list):
        for value in config:
            yield from _layers(value)


def _why(error: Exception) -> str:
    text = _first_line(error)
    if "custom object" in str(error).lower() or "Unknown layer" in str(error) or "Could not locate" in str(error):
        return (
            f"it has a layer of your own ({text}): write the model as a SavedModel, which needs no Python, with"
            " model.export('FOLDER'), and name the folder"
        )
    return f"Keras cannot load it ({text})"


def _first_line(error: Exception) -> str:
    text = str(error).strip().split("\n", 1)[0].rstrip(".:")
    return text[:200] or type(error).__name__
