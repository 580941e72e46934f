"""Models of other people: from the file that they saved to photos that are read."""

from __future__ import annotations

import csv
import json
import zipfile
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner

from edgedigits import Reader
from edgedigits.cli import run as run_command
from edgedigits.errors import EdgeDigitsError, InputError
from edgedigits_export.cli import default_out, export
from edgedigits_export.convert.formats import get_formats
from edgedigits_export.exporting import export_bundle
from edgedigits_export.foreign import adopt
from edgedigits_export.foreign.opening import open_model
from edgedigits_export.options import ExportOptions
from tests.conftest import ROOT, mnist_folder
from tests.export.foreign_models import KINDS, Images, dense, load_images, save

Saved = Callable[[str], Path]


@pytest.fixture(scope="module")
def images() -> Images:
    folder = mnist_folder()
    if folder is None:
        pytest.skip("MNIST is not here: set EDGEDIGITS_DATA to a folder that holds mnist/, or run `make train` once")
    return load_images(folder)


@pytest.fixture(scope="module")
def saved(images: Images, tmp_path_factory: pytest.TempPathFactory) -> Saved:
    """Makes the model of a kind when it is first asked for, and returns where it lies."""
    folder = tmp_path_factory.mktemp("foreign")
    fitted = lru_cache(lambda make: make(images))
    return lru_cache(lambda kind: save(fitted(KINDS[kind].make), folder / KINDS[kind].file))


@pytest.fixture(scope="module")
def evaluation(images: Images, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """2,000 of the test images, and 1,500 training images, as Keras' own mnist.npz has them."""
    path = tmp_path_factory.mktemp("evaluation") / "mnist.npz"
    np.savez(
        path,
        x_train=images.train[:1500],
        y_train=images.train_labels[:1500],
        x_test=images.test[:2000],
        y_test=images.test_labels[:2000],
    )
    return path


def singles(count: int) -> list[tuple[Path, str]]:
    with (ROOT / "Images" / "labels.csv").open() as file:
        rows = [row for row in csv.DictReader(file) if len(row["text"]) == 1]
    return [(ROOT / "Images" / row["file"], row["text"]) for row in rows[:count]]


@pytest.mark.parametrize("kind", KINDS)
def test_a_model_of_any_kind_is_exported_and_reads_photos(
    kind: str, saved: Saved, evaluation: Path, tmp_path: Path
) -> None:
    adopted = adopt(saved(kind), evaluation=evaluation)
    told = dict(line.split(maxsplit=1) for line in adopted.lines)
    assert told["takes"].startswith(KINDS[kind].takes)
    assert told["answers"].startswith(KINDS[kind].answers)
    bundle = export_bundle(
        adopted.model,
        tmp_path / "bundle",
        ExportOptions(get_formats(["onnx-int8", "tflite-int8"]), keep_float=("auto",)),
    )
    assert bundle.labels == tuple("0123456789") + (("none",) if kind == "eleven classes" else ())
    assert bundle.manifest["reference"]["accuracy"] > 0.85
    for file in bundle.files:
        assert file.accuracy > bundle.manifest["reference"]["accuracy"] - 0.01
        for engine in file.engines:
            reader = Reader(bundle.path, engine=engine, format=file.format)
            right = sum(reader.read(path).text == text for path, text in singles(20))
            assert right >= 8, f"{file.path.name} in {engine} reads {right} of 20 photos"


def test_all_ranges_that_were_tried_are_told(saved: Saved, evaluation: Path) -> None:
    lines = adopt(saved("flat"), evaluation=evaluation).lines
    tried = next(line for line in lines if line.startswith("tried"))
    assert tried.count("%") == 5
    assert "-1 to 1 8" in tried or "-1 to 1 9" in tried


def test_the_scale_can_be_given(saved: Saved, evaluation: Path) -> None:
    adopted = adopt(saved("dense"), evaluation=evaluation, scale="0-1")
    assert adopted.lines[1].startswith("tried    0 to 1 ")
    assert adopted.lines[1].count("%") == 1


def test_dark_ink_is_noticed(images: Images, evaluation: Path, tmp_path: Path) -> None:
    inverted = dense(images._replace(train=255 - images.train))
    adopted = adopt(save(inverted, tmp_path / "inverted.keras"), evaluation=evaluation)
    assert "dark ink on bright paper" in adopted.lines[0]


def test_the_command_tells_what_it_found_and_what_comes_next(
    saved: Saved, evaluation: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    photos = tmp_path / "photos"
    photos.mkdir()
    rows = ["file,text"]
    for path, text in singles(5):
        (photos / path.name).write_bytes(path.read_bytes())
        rows.append(f"{path.name},{text}")
    (photos / "labels.csv").write_text("\n".join(rows))
    monkeypatch.chdir(tmp_path)
    arguments = ["--model", str(saved("dense")), "--evaluation", str(evaluation), "--formats", "onnx-int8"]
    run = CliRunner().invoke(export, [*arguments, "--images", "photos"], catch_exceptions=False)
    assert run.exit_code == 0
    assert "takes    28×28 float32, 0 to 1, bright ink on dark paper" in run.stdout
    assert "of 5 photos of one digit read right" in run.stdout
    assert "no class for what is no digit" in run.stdout
    assert f"edgedigits train --from {saved('dense')} adds one" in run.stdout
    out = Path("build/bundle-improved_handwritten")
    assert f"edgedigits predict --bundle {out}" in run.stderr
    recipe = json.loads((out / "manifest.json").read_text())["provenance"]["recipe"]
    assert recipe["detected"]["scale"] == "0-1"
    assert not Path("build/bundle").exists()


@pytest.mark.parametrize(
    ("source", "out"),
    [
        ("build/train", "build/bundle"),
        ("build/train/", "build/bundle"),
        ("build/own", "build/bundle-own"),
        ("models/my.keras", "build/bundle-my"),
        ("my.h5", "build/bundle-my"),
        ("saved/", "build/bundle-saved"),
    ],
)
def test_a_bundle_replaces_no_other_models(source: str, out: str) -> None:
    assert default_out(Path(source)) == Path(out)


def keras_model(output: int = 10, shape: tuple[int, ...] = (28, 28), **options: Any) -> Any:
    import keras

    return keras.Sequential([keras.Input(shape), keras.layers.Flatten(), keras.layers.Dense(output, **options)])


def with_nan() -> Any:
    model = keras_model()
    model.set_weights([np.full_like(weights, np.nan) for weights in model.get_weights()])
    return model


def with_lambda() -> Any:
    import keras

    return keras.Sequential(
        [keras.Input((28, 28)), keras.layers.Lambda(lambda x: x / 255), keras.layers.Flatten(), keras.layers.Dense(10)]
    )


def with_own_layer() -> Any:
    import keras

    class Half(keras.layers.Layer):  # type: ignore[misc] # the library's base has no types
        def call(self, images: Any) -> Any:
            return images / 2

    return keras.Sequential([keras.Input((28, 28)), Half(), keras.layers.Flatten(), keras.layers.Dense(10)])


def without_answers() -> Any:
    import keras

    inputs = keras.Input((28, 28))
    return keras.Model(inputs, keras.layers.Flatten()(inputs)[:, :0])


def with_two_outputs() -> Any:
    import keras

    inputs = keras.Input((28, 28))
    x = keras.layers.Flatten()(inputs)
    return keras.Model(inputs, [keras.layers.Dense(10)(x), keras.layers.Dense(2)(x)])


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: keras_model(shape=(224, 224, 3)), "takes 224×224×3, images with three channels"),
        (lambda: keras_model(shape=(28, 28, 3)), "takes 28×28×3, images with three channels.*grey"),
        (lambda: keras_model(shape=(64, 64)), "takes 64×64; digits are 28×28"),
        (lambda: keras_model(1), "answers with 1 number"),
        (without_answers, "answers with 0 numbers"),
        (lambda: keras_model(7), "label .7., which is none of 0, 1, 2, 3, 4, 5, 6: name all labels with --labels"),
        (with_nan, "weights .* are not numbers"),
        (keras_model, "of the evaluation images right at best.*--labels"),
        (with_lambda, "Lambda, Python code inside the file.*Rescaling.*export --run-code"),
        (with_own_layer, r"Half.*model\.export"),
        (with_two_outputs, "1 inputs and 2 outputs"),
    ],
)
def test_a_model_of_another_kind_is_refused_in_a_line(
    make: Callable[[], Any], message: str, evaluation: Path, tmp_path: Path
) -> None:
    path = save(make(), tmp_path / "other.keras")
    with pytest.raises(InputError, match=message) as refused:
        adopt(path, evaluation=evaluation)
    assert "\n" not in str(refused.value)
    assert [file.name for file in tmp_path.iterdir()] == ["other.keras"]


def test_a_lambda_runs_only_when_asked_for(tmp_path: Path) -> None:
    for ending in (".keras", ".h5"):
        path = save(with_lambda(), tmp_path / f"lambda{ending}")
        with pytest.raises(InputError, match="Lambda"):
            open_model(path)
        assert open_model(path, run_code=True).classes == 10


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("my.keras", None, "does not exist; name a .keras"),
        ("my.keras", b"", "is empty"),
        ("my.keras", b"Salted__" + bytes(64), "no Keras file.*encrypted"),
        ("my.keras", b"PK\x03\x04" + bytes(64), "cut short or damaged"),
        ("my.h5", b"\x89HDF\r\n\x1a\n" + bytes(64), "cut short or damaged"),
        ("my.tflite", b"\x1c\0\0\0TFL3", "a TFLite file.*export the Keras model that it came from"),
        ("my.keras", b"\x1c\0\0\0TFL3", "a TFLite file"),
        ("my.onnx", b"\x08\x07", "an ONNX file.*export the Keras model"),
        ("my.pth", b"PK\x03\x04", "a PyTorch file"),
        ("my.weights.h5", b"\x89HDF", r"weights without their model.*model\.save"),
    ],
)
def test_a_file_that_holds_no_model_is_refused_in_a_line(
    name: str, content: bytes | None, message: str, tmp_path: Path
) -> None:
    path = tmp_path / name
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(InputError, match=message) as refused:
        open_model(path)
    assert "\n" not in str(refused.value)


def test_a_truncated_keras_file_and_a_folder_without_a_model_are_refused(tmp_path: Path) -> None:
    path = save(keras_model(), tmp_path / "cut.keras")
    path.write_bytes(path.read_bytes()[:-400])
    with pytest.raises(InputError, match="cut short or damaged"):
        open_model(path)
    with zipfile.ZipFile(tmp_path / "other.keras", "w") as archive:
        archive.writestr("readme.txt", "hello")
    with pytest.raises(InputError, match="zip file without a Keras model"):
        open_model(tmp_path / "other.keras")
    with pytest.raises(InputError, match=r"no SavedModel: it holds no saved_model\.pb"):
        open_model(tmp_path)


def test_a_saved_model_that_still_augments_is_refused(tmp_path: Path) -> None:
    import keras

    layers = keras.layers
    model = keras.Sequential([keras.Input((28, 28, 1)), layers.RandomRotation(0.1), layers.Flatten(), layers.Dense(10)])
    with pytest.raises(InputError, match=r"at random whenever it is used \(in random_rotation.*save it as \.keras"):
        open_model(save(model, tmp_path / "saved"))
    assert open_model(save(model, tmp_path / "kept.keras")).classes == 10


def test_images_that_cannot_judge_it_are_refused(saved: Saved, images: Images, tmp_path: Path) -> None:
    one = tmp_path / "one.npz"
    np.savez(one, X=images.test[:100], y=np.zeros(100, np.uint8))
    with pytest.raises(InputError, match="1 labels to judge the model by"):
        adopt(saved("dense"), evaluation=one)
    letters = tmp_path / "letters.npz"
    np.savez(letters, X=images.test[:100], y=np.array(list("AB") * 50))
    with pytest.raises(InputError, match="answers with 10 numbers, and there are 2 labels.*--labels"):
        adopt(saved("dense"), evaluation=letters)
    with pytest.raises(InputError, match="label '0', which is none of A, B, C"):
        adopt(saved("dense"), evaluation=_digits(images, tmp_path), labels=tuple("ABCDEFGHIJ"))


def _digits(images: Images, folder: Path) -> Path:
    path = folder / "digits.npz"
    np.savez(path, X=images.test[:100], y=images.test_labels[:100].astype(str))
    return path


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--model", "my.keras", "--from", "build/train"], "give one"),
        (["--labels", "A,B"], "--labels goes with --model"),
        (["--evaluation", "x"], "--evaluation goes with --model"),
        (["--model", "my.keras", "--labels", "A"], "at least two labels"),
        (["--model", "my.keras", "--labels", "A,B,A"], "'A' is there twice"),
        (["--model", "my.keras", "--labels", "none,A"], "must come last"),
    ],
)
def test_options_that_make_no_sense_are_refused(arguments: list[str], message: str, tmp_path: Path) -> None:
    run = CliRunner().invoke(export, [*arguments, "--out", str(tmp_path / "bundle")])
    told = str(run.exception) if isinstance(run.exception, EdgeDigitsError) else run.stderr
    assert message in told
    assert not (tmp_path / "bundle").exists()


@pytest.mark.parametrize(
    ("command", "message"),
    [
        ("export --model photos.keras --evaluation digits.npz", "images with three channels"),
        ("export --model digits.keras --evaluation nowhere", "nowhere does not exist; name a folder with"),
        ("export --model digits.keras --evaluation digits.npz --calibration nowhere", "nowhere does not exist"),
        ("export --model digits.keras --evaluation one.npz", "1 labels to judge the model by"),
        ("export --model digits.keras --evaluation digits.npz --labels A,B", "has the label 9, and there are 2 names"),
        (
            "export --model digits.keras --evaluation digits.npz --labels A,B,C,D,E,F,G,H,I,J",
            "of the evaluation images right at best",
        ),
        ("export --model nowhere.keras", "nowhere.keras does not exist; name a .keras"),
        ("export --model empty", "is no SavedModel"),
        ("export --model digits.npz", "is a zip file without a Keras model"),
        ("export --from empty", "There is no digits.keras in empty"),
        ("export --from digits.keras", "There is no digits.keras in digits.keras"),
        ("export --from nowhere --model digits.keras", "give one"),
        ("train --from nowhere.keras", "nowhere.keras does not exist: name a model's .keras or .h5 file"),
        ("train --from digits.keras --teacher digits.keras", "leave --teacher away"),
        ("train --from empty --extra empty", "empty/digits.keras does not exist"),
        ("train --teacher nowhere.keras", "The teacher nowhere.keras does not exist"),
    ],
)
def test_what_a_person_may_type_ends_in_a_line_and_writes_nothing(
    command: str, message: str, images: Images, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("empty").mkdir()
    keras_model(shape=(224, 224, 3)).save("photos.keras")
    keras_model().save("digits.keras")
    np.savez("digits.npz", X=images.test[:200], y=images.test_labels[:200])
    np.savez("one.npz", X=images.test[:100], y=np.zeros(100, np.uint8))
    before = sorted(tmp_path.rglob("*"))
    capsys.readouterr()
    assert run_command(command.split()) == 2
    told = capsys.readouterr().err
    assert message in told
    assert [line for line in told.splitlines() if line.startswith("Error: ")]
    assert "Traceback" not in told
    assert sorted(tmp_path.rglob("*")) == before
