"""How many instructions of a Cortex-A72 reading takes: a budget without the noise of a clock.

    python -m tests.pi.instructions             # counts, and compares with the budget
    python -m tests.pi.instructions --update    # counts, and writes the budget anew

Counted by a plugin of qemu's user mode, in the packages of constraints/development.txt.
"""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.pi.emulation import BUILT, MACHINES, UnavailableError, path_of, require

BUDGET = Path(__file__).with_name("instructions.json")
TOLERANCE = 0.02
_SOURCE, _LAPS = Path(__file__).with_name("instructions.c"), Path(__file__).with_name("laps.py")
_INTERFACES = (1, 2, 3, 4)
"""Of qemu's plugins: Debian 12 has the first, Debian 13 asks for a later one."""


@dataclass(frozen=True)
class Count:
    """What was counted.

    Attributes:
        instructions: of one digit and of one page, by their names.
        spread: share by which the laps of one kind differ, at most.
        surroundings: with which packages.
    """

    instructions: dict[str, int]
    spread: float
    surroundings: dict[str, str]


def count_instructions() -> Count:
    """Read on an emulated Raspberry Pi 4, and count.

    Raises:
        UnavailableError: that cannot be done here; the message says why.
    """
    require({"qemu-aarch64": "qemu-user", "gcc": "gcc"} if not path_of("cc") else {"qemu-aarch64": "qemu-user"})
    interpreter = MACHINES["cortex-a72"]()
    folder = BUILT / "instructions"
    folder.mkdir(parents=True, exist_ok=True)
    for version in _INTERFACES:
        plugin = _compile(folder / f"plugin-{version}.so", version)
        counts = folder / "counts.txt"
        script = _with_plugin(interpreter, folder / "python", plugin, counts)
        done = subprocess.run([script, _LAPS], capture_output=True, text=True, check=False, timeout=1800)
        if "plugin" not in done.stderr.lower() or done.returncode == 0:
            break
    if done.returncode:
        raise UnavailableError(f"counting failed: {(done.stderr.strip().splitlines() or ['no reason given'])[-1]}")
    told = json.loads(done.stdout.splitlines()[-1])
    marks = [int(line) for line in counts.read_text().split()]
    laps = [after - before for before, after in zip(marks[::2], marks[1::2], strict=True)]
    by_name = {
        name: [lap // times for lap in laps[i * told["laps"] : (i + 1) * told["laps"]]]
        for i, (name, times) in enumerate(told["times"].items())
    }
    return Count(
        {name: sorted(each)[len(each) // 2] for name, each in by_name.items()},
        max(max(each) / min(each) - 1 for each in by_name.values()),
        {name: told[name] for name in ("engine", "format", "python", "numpy", "opencv", "text")},
    )


def _compile(plugin: Path, version: int) -> Path:
    command = [
        path_of("cc") or path_of("gcc"),
        "-O2",
        "-shared",
        "-fPIC",
        f"-DVERSION={version}",
        "-o",
        plugin,
        _SOURCE,
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise UnavailableError(f"the plugin cannot be compiled: {done.stderr.strip().splitlines()[-1]}")
    return plugin


def _with_plugin(interpreter: Path, path: Path, plugin: Path, counts: Path) -> Path:
    """Write an interpreter like another one, whose instructions are counted: the static qemu loads no plugins."""
    settings = {
        "INSTRUCTIONS_OUT": counts,
        "PYTHONHASHSEED": 0,
        "OPENBLAS_NUM_THREADS": 1,
        "EDGEDIGITS_MODELS": os.devnull,
    }
    words = shlex.split(interpreter.read_text().splitlines()[-1])
    emulator = next(place for place, word in enumerate(words) if word.endswith("/qemu-aarch64-static"))
    given = [f"{name}={value}" for name, value in settings.items()]
    command = [*words[:emulator], *given, path_of("qemu-aarch64"), "-plugin", str(plugin), *words[emulator + 1 : -1]]
    path.write_text(f'#!/bin/sh\n{shlex.join(command)} "$@"\n')
    path.chmod(0o755)
    return path


def compare(count: Count, budget: Mapping[str, Any]) -> list[str]:
    """Return what differs from a budget, in words: counts by more than the tolerance, or what was counted with."""
    wrong = [
        f"{name}: {number:,} instructions, {number / budget['instructions'][name] - 1:+.1%} of its budget"
        for name, number in count.instructions.items()
        if abs(number / budget["instructions"][name] - 1) > TOLERANCE
    ]
    return wrong + [
        f"{name}: {value!r}, the budget is for {budget[name]!r}"
        for name, value in count.surroundings.items()
        if value != budget[name]
    ]


def main() -> None:
    """Count, and compare with the budget or write it anew."""
    update = "--update" in sys.argv[1:]
    try:
        count = count_instructions()
    except UnavailableError as error:
        print(f"{'Failed' if update else 'Skipped'}: instructions cannot be counted here: {error}")
        sys.exit(int(update))
    for name, number in count.instructions.items():
        print(f"{name:<8}{number:>15,} instructions of a Cortex-A72, laps within {count.spread:.2%}")
    if update:
        BUDGET.write_text(json.dumps({"instructions": count.instructions, **count.surroundings}, indent=2) + "\n")
        print(f"Wrote {BUDGET}")
        return
    wrong = compare(count, json.loads(BUDGET.read_text()))
    if wrong:
        sys.exit("\n".join([*wrong, 'If this is meant, write the budget anew: make check-budget OPTIONS="--update"']))


if __name__ == "__main__":
    main()
