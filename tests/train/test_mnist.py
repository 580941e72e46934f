"""MNIST is found, downloaded and verified: a file that is not the published one is never used."""

from __future__ import annotations

import gzip
import hashlib
import os
import socket
import threading
import tracemalloc
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest

from edgedigits.errors import InputError
from edgedigits_train.data import mnist
from tests.conftest import mnist_folder

IMAGES = {mnist.TRAIN_IMAGES: 60, mnist.TEST_IMAGES: 10}
LABELS = {mnist.TRAIN_LABELS: 60, mnist.TEST_LABELS: 10}


@dataclass
class Site:
    """A folder with four small files in MNIST's format, served on this machine."""

    folder: Path
    url: str
    requests: list[str] = field(default_factory=list)


@pytest.fixture
def contents(monkeypatch: pytest.MonkeyPatch) -> dict[str, bytes]:
    """Four small idx files, made known as the published ones."""
    rng = np.random.default_rng(0)
    files = {}
    for name, count in IMAGES.items():
        pixels = rng.integers(0, 256, (count, 28, 28), np.uint8)
        files[name] = b"\0\0\x08\x03" + np.array(pixels.shape, ">i4").tobytes() + pixels.tobytes()
    for name, count in LABELS.items():
        files[name] = b"\0\0\x08\x01" + np.array([count], ">i4").tobytes() + bytes(range(10)) * (count // 10)
    monkeypatch.setattr(mnist, "SHA256", {name: hashlib.sha256(file).hexdigest() for name, file in files.items()})
    return files


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.delenv("EDGEDIGITS_DATA", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache" / "edgedigits" / "mnist"


@pytest.fixture
def site(contents: dict[str, bytes], tmp_path: Path) -> Iterator[Site]:
    folder = tmp_path / "site"
    write(folder, contents)
    requests: list[str] = []

    class Handler(SimpleHTTPRequestHandler):
        def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
            requests.append(self.path)

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Handler, directory=str(folder)))
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield Site(folder, f"http://127.0.0.1:{server.server_port}/", requests)
    server.shutdown()
    server.server_close()
    thread.join()


def write(folder: Path, contents: dict[str, bytes]) -> None:
    folder.mkdir(parents=True)
    for name, content in contents.items():
        (folder / f"{name}.gz").write_bytes(gzip.compress(content))


def unused_url() -> str:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{probe.getsockname()[1]}/"


def test_files_of_the_data_folder_are_taken_and_nothing_is_downloaded(
    contents: dict[str, bytes], cache: Path, site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path / "data" / "mnist", contents)
    monkeypatch.setenv("EDGEDIGITS_DATA", str(tmp_path / "data"))
    loaded = mnist.load(mirrors=[site.url])
    assert loaded.train_images.shape == (60, 28, 28)
    assert loaded.test_images.tobytes() == contents[mnist.TEST_IMAGES][16:]
    assert loaded.train_labels.tolist() == list(range(10)) * 6
    assert site.requests == []
    assert not cache.exists()


def test_a_download_goes_on_to_the_next_mirror_and_is_kept(contents: dict[str, bytes], cache: Path, site: Site) -> None:
    loaded = mnist.load(mirrors=[unused_url(), site.url + "nothing-here/", site.url])
    assert loaded.train_images.tobytes() == contents[mnist.TRAIN_IMAGES][16:]
    assert sorted(path.name for path in cache.iterdir()) == sorted(f"{name}.gz" for name in contents)
    again = mnist.load(mirrors=[unused_url()])
    assert np.array_equal(again.train_images, loaded.train_images)


@pytest.mark.parametrize("damage", ["half", "changed", "empty", "text"])
def test_a_damaged_file_of_the_data_folder_is_named_and_not_used(
    damage: str, contents: dict[str, bytes], cache: Path, site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path / "data" / "mnist", contents)
    monkeypatch.setenv("EDGEDIGITS_DATA", str(tmp_path / "data"))
    path = tmp_path / "data" / "mnist" / f"{mnist.TRAIN_IMAGES}.gz"
    spoil(path, damage)
    with pytest.raises(InputError) as raised:
        mnist.load(mirrors=[site.url])
    message = str(raised.value)
    assert str(path) in message
    assert "replace it" in message
    assert "\n" not in message
    assert raised.value.exit_code == 2


def test_a_bomb_in_the_data_folder_is_named_and_not_unpacked(
    contents: dict[str, bytes], cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path / "data" / "mnist", contents)
    monkeypatch.setenv("EDGEDIGITS_DATA", str(tmp_path / "data"))
    path = tmp_path / "data" / "mnist" / f"{mnist.TRAIN_IMAGES}.gz"
    path.write_bytes(gzip.compress(bytes(16 << 20)) * 64)
    tracemalloc.start()
    try:
        with pytest.raises(InputError, match="decompresses to more than 48 MB"):
            mnist.load()
        assert tracemalloc.get_traced_memory()[1] < 200 << 20, "of a gigabyte"
    finally:
        tracemalloc.stop()


def test_a_mirror_that_never_ends_is_given_up(cache: Path, site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mnist, "_MOST_BYTES", 50_000)
    (site.folder / f"{mnist.TRAIN_IMAGES}.gz").write_bytes(bytes(100_000))
    with pytest.raises(mnist.DataError, match="sent a file that is not the published one"):
        mnist.load(mirrors=[site.url])
    assert list(cache.iterdir()) == []


@pytest.mark.parametrize("damage", ["half", "changed", "empty", "text"])
def test_a_damaged_file_of_the_cache_is_downloaded_anew(
    damage: str, contents: dict[str, bytes], cache: Path, site: Site
) -> None:
    write(cache, contents)
    path = cache / f"{mnist.TEST_IMAGES}.gz"
    spoil(path, damage)
    loaded = mnist.load(mirrors=[site.url])
    assert loaded.test_images.tobytes() == contents[mnist.TEST_IMAGES][16:]
    assert site.requests == [f"/{path.name}"]
    assert gzip.decompress(path.read_bytes()) == contents[mnist.TEST_IMAGES]


def test_a_damaged_file_of_the_cache_is_named_where_it_cannot_be_downloaded(
    contents: dict[str, bytes], cache: Path
) -> None:
    write(cache, contents)
    path = cache / f"{mnist.TEST_LABELS}.gz"
    spoil(path, "half")
    with pytest.raises(mnist.DataError) as raised:
        mnist.load(mirrors=[unused_url()])
    assert str(path) in str(raised.value)


@pytest.mark.parametrize("damage", ["half", "changed", "empty", "text"])
def test_a_mirror_that_sends_something_else_leaves_nothing_behind(damage: str, cache: Path, site: Site) -> None:
    spoil(site.folder / f"{mnist.TRAIN_IMAGES}.gz", damage)
    with pytest.raises(mnist.DataError, match="sent a file that"):
        mnist.load(mirrors=[site.url])
    assert list(cache.iterdir()) == []


def test_a_connection_that_breaks_leaves_nothing_behind(cache: Path, contents: dict[str, bytes]) -> None:
    def break_off(server: socket.socket) -> None:
        connection, _ = server.accept()
        with connection:
            connection.recv(4096)
            connection.sendall(b"HTTP/1.0 200 OK\r\nContent-Length: 100000\r\n\r\n" + bytes(1000))

    with socket.create_server(("127.0.0.1", 0)) as server:
        thread = threading.Thread(target=break_off, args=[server], daemon=True)
        thread.start()
        with pytest.raises(mnist.DataError):
            mnist.load(mirrors=[f"http://127.0.0.1:{server.getsockname()[1]}/"])
        thread.join()
    assert list(cache.iterdir()) == []


def test_without_network_one_line_says_how_to_point_to_files(contents: dict[str, bytes], cache: Path) -> None:
    with pytest.raises(mnist.DataError) as raised:
        mnist.load(mirrors=[unused_url(), unused_url()])
    message = str(raised.value)
    assert "EDGEDIGITS_DATA" in message
    assert f"{mnist.TRAIN_IMAGES}.gz" in message
    assert "\n" not in message


def test_a_cache_that_cannot_be_written_is_one_line(
    contents: dict[str, bytes], tmp_path: Path, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    blocked = tmp_path / "a-file"
    blocked.touch()
    monkeypatch.delenv("EDGEDIGITS_DATA", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(blocked))
    with pytest.raises(mnist.DataError, match="a-file"):
        mnist.load(mirrors=[site.url])


def test_the_published_files_are_those_that_are_here() -> None:
    folder = mnist_folder()
    if folder is None:
        pytest.skip("MNIST is not here: set EDGEDIGITS_DATA to a folder that holds mnist/, or run `make train` once")
    loaded = mnist.load(mirrors=[])
    assert loaded.train_images.shape == (60_000, 28, 28)
    assert loaded.test_images.shape == (10_000, 28, 28)
    assert np.bincount(loaded.test_labels).tolist() == [980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009]


def spoil(path: Path, damage: str) -> None:
    content = path.read_bytes()
    if damage == "half":
        path.write_bytes(content[: len(content) // 2])
    elif damage == "changed":
        path.write_bytes(gzip.compress(gzip.decompress(content)[:-1] + b"\x7f"))
    elif damage == "empty":
        os.truncate(path, 0)
    else:
        path.write_text("<html>This page has moved.</html>")
