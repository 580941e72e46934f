"""Labelled images in every form that people have them in."""

from __future__ import annotations

import gzip
import struct
import tracemalloc
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt
import pytest

from edgedigits.errors import InputError
from edgedigits.labelled import NONE, load_examples, split_names
from tests.conftest import ROOT
from tests.letters import draw_letters

Array = npt.NDArray[np.uint8]


def write_idx(path: Path, array: Array) -> None:
    head = struct.pack(f">BBBB{array.ndim}I", 0, 0, 8, array.ndim, *array.shape)
    content = head + array.astype(np.uint8).tobytes()
    path.write_bytes(gzip.compress(content) if path.suffix == ".gz" else content)


@pytest.fixture
def letters() -> tuple[Array, npt.NDArray[np.str_]]:
    return draw_letters(260, seed=0)


def test_sub_folders_are_labels(tmp_path: Path, letters: tuple[Array, npt.NDArray[np.str_]]) -> None:
    for place, (image, label) in enumerate(zip(*letters, strict=True)):
        file = tmp_path / str(label) / f"{place}.png"
        file.parent.mkdir(exist_ok=True)
        cv2.imwrite(str(file), 255 - image)
    examples = load_examples(tmp_path)["all"]
    assert examples.classes == tuple("ABCDEFGHKLMNP")
    assert examples.glyphs.shape == (260, 28, 28, 1)
    assert examples.glyphs.max() == 255
    assert examples.names[0] == "A/0.png"


def test_training_and_test_folders_are_kept_apart(tmp_path: Path) -> None:
    for part, count in (("train", 4), ("test", 2)):
        for label in "AB":
            (tmp_path / part / label).mkdir(parents=True)
            for place in range(count):
                cv2.imwrite(str(tmp_path / part / label / f"{place}.png"), draw_letters(1, place, [label])[0][0])
    parts = load_examples(tmp_path)
    assert {name: len(part) for name, part in parts.items()} == {"training": 8, "test": 4}


def test_the_table_of_the_projects_images_is_read(tmp_path: Path) -> None:
    rows = ["file,text,writer"]
    for name, text in (("single-000.jpeg", "7"), ("rows-293.jpg", "27772")):
        (tmp_path / name).write_bytes((ROOT / "Images" / name).read_bytes())
        rows.append(f"{name},{text},ann")
    (tmp_path / "labels.csv").write_text("\n".join(rows))
    examples = load_examples(tmp_path)["all"]
    assert examples.labels.tolist() == ["7"]
    assert examples.skipped == 1
    assert examples.writers is not None
    assert set(examples.writers.tolist()) == {"ann"}


@pytest.mark.parametrize("names", [("X", "y"), ("images", "labels"), ("data", "target")])
@pytest.mark.parametrize("form", ["bytes", "shares", "rows", "channels", "one-hot"])
def test_npz_files_are_read_in_every_form(
    form: str, names: tuple[str, str], tmp_path: Path, letters: tuple[Array, npt.NDArray[np.str_]]
) -> None:
    images, labels = letters
    numbers = np.unique(labels, return_inverse=True)[1]
    stored = {
        "bytes": (images, numbers),
        "shares": (images / np.float32(255), numbers.astype(np.float32)),
        "rows": (images.reshape(len(images), -1), labels),
        "channels": (images[:, np.newaxis], numbers),
        "one-hot": (images, np.eye(13)[numbers]),
    }[form]
    np.savez(tmp_path / "data.npz", **dict(zip(names, stored, strict=True)))
    examples = load_examples(tmp_path / "data.npz", labels=tuple("ABCDEFGHKLMNP"))["all"]
    assert examples.labels.tolist() == labels.tolist()
    np.testing.assert_array_equal(examples.images, images)


def test_idx_files_of_emnist_are_turned_and_named(tmp_path: Path, letters: tuple[Array, npt.NDArray[np.str_]]) -> None:
    images, labels = letters
    numbers = np.array([ord(label) - ord("A") + 1 for label in labels.tolist()], np.uint8)
    for part in ("train", "test"):
        write_idx(tmp_path / f"emnist-letters-{part}-images-idx3-ubyte.gz", images.transpose(0, 2, 1))
        write_idx(tmp_path / f"emnist-letters-{part}-labels-idx1-ubyte.gz", numbers)
    parts = load_examples(tmp_path)
    assert set(parts) == {"training", "test"}
    assert parts["test"].transposed
    np.testing.assert_array_equal(parts["test"].images, images)
    assert parts["test"].labels.tolist() == labels.tolist()


def test_upright_idx_files_stay_as_they_are(tmp_path: Path, letters: tuple[Array, npt.NDArray[np.str_]]) -> None:
    images, labels = letters
    write_idx(tmp_path / "mine-images-idx3-ubyte", images)
    write_idx(tmp_path / "mine-labels-idx1-ubyte", np.unique(labels, return_inverse=True)[1])
    examples = load_examples(tmp_path / "mine-images-idx3-ubyte")["all"]
    assert not examples.transposed
    assert examples.classes == tuple(map(str, range(13)))


def test_writers_of_qmnist_are_known(tmp_path: Path) -> None:
    images, _ = draw_letters(6, 0)
    labels = np.zeros((6, 8), np.uint8)
    labels[:, 0], labels[:, 2] = range(6), [1, 1, 2, 2, 3, 3]
    write_idx(tmp_path / "qmnist-images-idx3-ubyte", images)
    write_idx(tmp_path / "qmnist-labels-idx2-int", labels)
    examples = load_examples(tmp_path)["all"]
    assert examples.labels.tolist() == list("012345")
    assert examples.writers is not None
    assert examples.writers.tolist() == list("112233")


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("nowhere", None, "does not exist; name a folder"),
        ("data.txt", b"x", "none of what can be read"),
        ("data.npz", b"x", "damaged"),
        ("data.npz", b"", "cannot be read|damaged"),
        ("a-images-idx3-ubyte", b"\0\0\x08\x03", "There is no file with the labels"),
    ],
)
def test_what_is_no_data_is_refused(name: str, content: bytes | None, message: str, tmp_path: Path) -> None:
    if content is not None:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(InputError, match=message):
        load_examples(tmp_path / name)


def test_arrays_that_are_no_images_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "data.npz"
    for arrays, message in (
        ({"a": np.zeros(3)}, "has the arrays a; call the images X"),
        ({"X": np.zeros((3, 28, 28)), "y": np.zeros(2)}, "3 images and 2 labels"),
        ({"X": np.zeros((3, 28, 28, 3)), "y": np.zeros(3)}, "images are numbers of shape"),
        ({"X": np.full((3, 28, 28), 900.0), "y": np.zeros(3)}, "pixels from 900 to 900"),
        ({"X": np.zeros((3, 28, 28)), "y": np.full(3, 0.5)}, "neither numbers nor names"),
    ):
        np.savez(path, **arrays)
        with pytest.raises(InputError, match=message):
            load_examples(path)


def test_a_truncated_idx_file_is_refused(tmp_path: Path) -> None:
    images, _ = draw_letters(5, 0)
    write_idx(tmp_path / "a-images-idx3-ubyte", images)
    write_idx(tmp_path / "a-labels-idx1-ubyte", np.zeros(5, np.uint8))
    (tmp_path / "a-images-idx3-ubyte").write_bytes((tmp_path / "a-images-idx3-ubyte").read_bytes()[:-9])
    with pytest.raises(InputError, match="cut short or damaged: it has"):
        load_examples(tmp_path)
    write_idx(tmp_path / "whole.gz", images)
    (tmp_path / "a-images-idx3-ubyte").write_bytes((tmp_path / "whole.gz").read_bytes()[:-100])
    with pytest.raises(InputError, match="does not decompress"):
        load_examples(tmp_path)


@pytest.mark.parametrize("claimed", [5, 1 << 30])
def test_a_bomb_is_named_and_not_unpacked(claimed: int, tmp_path: Path) -> None:
    write_idx(tmp_path / "a-labels-idx1-ubyte", np.zeros(5, np.uint8))
    head = struct.pack(">BBBBIII", 0, 0, 8, 3, claimed, 28, 28)
    (tmp_path / "a-images-idx3-ubyte.gz").write_bytes(gzip.compress(head) + gzip.compress(bytes(16 << 20)) * 32)
    tracemalloc.start()
    try:
        with pytest.raises(InputError, match="it has more bytes|says that it holds"):
            load_examples(tmp_path / "a-images-idx3-ubyte.gz")
        assert tracemalloc.get_traced_memory()[1] < 64 << 20, "of half a gigabyte"
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize(
    "name", ["../elsewhere.png", "a/../../elsewhere.png", "{folder}/../elsewhere.png", "/dev/null"]
)
def test_a_table_names_pictures_of_its_own_folder(name: str, tmp_path: Path) -> None:
    folder = tmp_path / "mine"
    folder.mkdir()
    cv2.imwrite(str(tmp_path / "elsewhere.png"), draw_letters(1, 0, ["A"])[0][0])
    (folder / "labels.csv").write_text(f"path,label\n{name.format(folder=folder)},A\n")
    with pytest.raises(InputError, match="line 2: .* lies outside of"):
        load_examples(folder)


def test_labels_are_named_once_each() -> None:
    assert split_names("A, B,none") == ("A", "B", NONE)
    for text in ("A", "A,,B", "A,B,A", "none,A"):
        with pytest.raises(InputError, match="--labels"):
            split_names(text)
