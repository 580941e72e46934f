"""Sharing: one reader in many threads, in forked processes and through pickle, in every engine."""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from edgedigits import Reader
from edgedigits.engines import ENGINES
from tests.runtime.samples import draw_text

HERE = [name for name, engine in ENGINES.items() if engine.probe().available]
PICTURES = [draw_text(text, size=(200, 120), height=60) for text in ("27", "301", "4", "58", "96")]


@pytest.mark.parametrize("engine", HERE)
def test_sixteen_threads_read_with_one_reader_as_one_does(engine: str) -> None:
    reader = Reader(engine=engine)
    expected = [reader.read(picture).text for picture in PICTURES]
    assert any(expected)
    with ThreadPoolExecutor(16) as threads:
        found = list(threads.map(lambda i: reader.read(PICTURES[i % len(PICTURES)]).text, range(60)))
    assert found == [expected[i % len(PICTURES)] for i in range(60)]


@pytest.mark.parametrize("engine", HERE)
def test_sixteen_threads_classify_batches_of_all_sizes(engine: str) -> None:
    """The inference alone, without the reading that keeps threads apart."""
    reader = Reader(engine=engine)
    crops = np.random.default_rng(3).integers(0, 256, (4, 28, 28), np.uint8)
    # one by one and in batches, int8 kernels round differently: each size is compared with itself
    expected = {size: reader.classify(crops[:size]).probabilities for size in range(1, 5)}
    with ThreadPoolExecutor(16) as threads:
        sizes = [1 + i // 10 % 4 for i in range(400)]
        for size, found in zip(sizes, threads.map(lambda n: reader.classify(crops[:n]), sizes), strict=True):
            np.testing.assert_allclose(found.probabilities, expected[size], atol=1e-6)


@pytest.mark.parametrize("engine", HERE)
def test_a_pickled_reader_reads_the_same(engine: str) -> None:
    reader = Reader(engine=engine, max_pixels=50_000)
    again = pickle.loads(pickle.dumps(reader))
    for picture in PICTURES:
        assert again.read(picture) == reader.read(picture)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")
@pytest.mark.parametrize("engine", HERE)
def test_a_forked_process_reads_the_same_while_threads_read_on(engine: str) -> None:
    code = f"""
import os, threading, numpy, warnings
warnings.simplefilter("ignore")  # Python 3.12 warns of a fork beside threads
from edgedigits import Reader
reader = Reader(engine={engine!r}, threads=2)
crops = numpy.random.default_rng(0).integers(0, 256, (8, 28, 28), numpy.uint8)
expected = reader.classify(crops).probabilities
stop = threading.Event()
def work():
    while not stop.is_set():
        reader.classify(crops)
threads = [threading.Thread(target=work) for _ in range(4)]
for thread in threads: thread.start()
codes = []
for _ in range(5):
    child = os.fork()
    if not child:
        same = numpy.allclose(reader.classify(crops).probabilities, expected, atol=1e-6)
        os._exit(0 if same else 1)
    codes.append(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
stop.set()
for thread in threads: thread.join()
print(codes)
"""
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=120)
    assert (run.stdout, run.stderr) == ("[0, 0, 0, 0, 0]\n", "")


@pytest.mark.parametrize("engine", HERE)
def test_engines_announce_nothing(engine: str) -> None:
    code = (
        f"import numpy; from edgedigits import Reader; print(Reader(engine={engine!r}).read(numpy.zeros((9, 9), 'u1')))"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=120)
    assert run.stderr == ""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only Linux gives a thread descriptors of its own")
def test_other_threads_lose_nothing_that_they_write_while_native_code_is_listened_to() -> None:
    code = """
import os, sys, threading
from edgedigits.native_output import catch_stderr
def host():
    for number in range(400):
        os.write(2, f"line {number}\\n".encode())
threads = [threading.Thread(target=host) for _ in range(4)]
for thread in threads: thread.start()
caught = [catch_stderr(lambda: os.write(2, b"warning"))[1] for _ in range(200)]
for thread in threads: thread.join()
print(set(caught))
"""
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=120)
    assert run.stdout == "{'warning'}\n"
    assert sorted(run.stderr.splitlines()) == sorted(f"line {number}" for number in range(400) for _ in range(4))


def test_a_program_of_one_thread_is_listened_to_on_every_system() -> None:
    code = """
import os, sys, threading
sys.platform = "another"
from edgedigits.native_output import catch_stderr
print(catch_stderr(lambda: os.write(2, b"warning")))
os.write(2, b"own")
waiting = threading.Event()
threading.Thread(target=waiting.wait).start()
print(catch_stderr(lambda: os.write(2, b" not caught")))
waiting.set()
"""
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=120)
    assert run.stdout == "(7, 'warning')\n(11, '')\n"
    assert run.stderr == "own not caught"
