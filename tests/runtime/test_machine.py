"""What Linux tells of a processor is read on PCs and on boards."""

from __future__ import annotations

import platform
from pathlib import Path

import pytest

from edgedigits.machine import cpu_flags, cpu_model

XEON = "processor\t: 0\nmodel\t\t: 207\nmodel name\t: Intel(R) Xeon(R) Processor\nflags\t\t: fpu avx2 amx_bf16\n"
PI = "processor\t: 0\nBogoMIPS\t: 108.00\nFeatures\t: fp asimd crc32\n\nModel\t\t: Raspberry Pi 5 Model B Rev 1.0\n"


@pytest.mark.parametrize(
    ("told", "model", "flags"),
    [
        (XEON, "Intel(R) Xeon(R) Processor", {"fpu", "avx2", "amx_bf16"}),
        (PI, "Raspberry Pi 5 Model B Rev 1.0", {"fp", "asimd", "crc32"}),
    ],
    ids=["Xeon", "Raspberry Pi"],
)
def test_model_and_flags(told: str, model: str, flags: set[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Path, "read_text", lambda path, **_: told)
    assert (cpu_model(), cpu_flags()) == (model, flags)


def test_where_there_is_no_such_file(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(path: Path, **_: str) -> str:
        raise FileNotFoundError(path)

    monkeypatch.setattr(Path, "read_text", missing)
    assert cpu_model() == (platform.processor() or platform.machine())
    assert cpu_flags() == frozenset()
