"""Machines that are not here, emulated by qemu's user mode: no virtual machine, no daemon, no mount.

Each is a Python interpreter, a small script that anything can call which takes the path of one: these tests, and
`edgedigits export --engines-of` for evidence in a bundle. From the root of the project:

    python -m tests.pi.emulation cortex-a72      # prints the interpreter's path, made in build/emulated
    python -m tests.pi.emulation haswell

The interpreters see this machine's files: qemu's -L lays the guest's tree over them, where a file is there.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

ROOT = Path(__file__).parents[2]
BUILT = ROOT / "build" / "emulated"

_PACKAGES = ("base-files", "libstdc++6", "python3-minimal", "python3")
_WHEELS = ("click", "numpy", "opencv-python-headless", "onnxruntime", "ai-edge-litert")
_PLATFORMS = ("manylinux2014", "manylinux_2_17", "manylinux_2_27", "manylinux_2_28", "manylinux_2_31", "manylinux_2_34")

_ARM_CPU = """\
processor\t: {number}
model name\t: Cortex-A72 (emulated)
Features\t: fp asimd evtstrm crc32 cpuid
CPU implementer\t: 0x41
CPU architecture: 8
CPU variant\t: 0x0
CPU part\t: 0xd08
CPU revision\t: 3

"""

_X86_CPU = """\
processor\t: {number}
vendor_id\t: GenuineIntel
cpu family\t: 6
model\t\t: 60
model name\t: Haswell (emulated)
stepping\t: 4
flags\t\t: fpu sse sse2 ssse3 sse4_1 sse4_2 avx f16c fma avx2 bmi1 bmi2

"""


_HASWELL = "Haswell-noTSX,-pcid,-x2apic,-tsc-deadline,-invpcid"
"""Without what qemu would warn that it cannot emulate, and user programs cannot use."""


class UnavailableError(Exception):
    """A machine that cannot be emulated here; the message says why."""


def make_cortex_a72() -> Path:
    """Return the Python of an emulated Raspberry Pi 4: Debian bookworm on arm64, with the wheels that a user gets.

    The CPU model matters: qemu's default has instructions that no Pi has, and hides what dies without them.

    Raises:
        UnavailableError: it cannot be made here.
    """
    require({"mmdebstrap": "mmdebstrap", "qemu-aarch64-static": "qemu-user-static"})
    folder = BUILT / "cortex-a72"
    tree = folder / "tree"
    if not (folder / ".made").exists():
        remove_tree(folder)
        tree.mkdir(parents=True)
        # unpacked only: no package's script runs
        run_or_skip(
            *("mmdebstrap", "--mode=root", "--arch=arm64", "--variant=extract", f"--include={','.join(_PACKAGES)}"),
            *("bookworm", str(tree), f"deb {mirror()} bookworm main"),
        )
        write_cpus(tree, _ARM_CPU)
        _install(tree / "opt" / "site", *_WHEELS, machine="aarch64")
        (folder / ".made").touch()
    _install_runtime(tree / "opt" / "edgedigits")
    return _write_interpreter(
        folder / "python",
        {
            "PYTHONPATH": f"{tree}/opt/edgedigits:{tree}/opt/site",
            # the guest's own libraries, where the loader would take this machine's of the same path
            "LD_LIBRARY_PATH": f"{tree}/usr/lib/aarch64-linux-gnu",
        },
        [path_of("qemu-aarch64-static"), "-cpu", "cortex-a72", "-L", str(tree), f"{tree}/usr/bin/python3.11"],
    )


def make_haswell() -> Path:
    """Return the Python of these tests on an emulated x86 CPU that has AVX2 and no 8-bit dot products (VNNI).

    Raises:
        UnavailableError: it cannot be made here.
    """
    if os.uname().machine != "x86_64":
        raise UnavailableError(f"the packages of this {os.uname().machine} machine do not run on x86")
    require({"qemu-x86_64-static": "qemu-user-static"})
    folder = BUILT / "haswell"
    write_cpus(folder / "tree", _X86_CPU)
    paths = [path for path in sys.path if path and Path(path).exists()]
    return _write_interpreter(
        folder / "python",
        {"PYTHONPATH": ":".join([str(ROOT / "runtime"), *paths])},
        [path_of("qemu-x86_64-static"), "-cpu", _HASWELL, "-L", f"{folder}/tree", str(Path(sys.executable).resolve())],
    )


MACHINES: dict[str, Callable[[], Path]] = {"cortex-a72": make_cortex_a72, "haswell": make_haswell}
"""What makes the interpreters, by name."""


def require(programs: dict[str, str]) -> None:
    """See to it that programs are here, given with the Debian packages that have them."""
    missing = sorted({package for program, package in programs.items() if path_of(program) == ""})
    if not missing:
        return
    if os.geteuid() != 0 or not path_of("apt-get"):
        raise UnavailableError(f"{' and '.join(missing)} are not installed: sudo apt-get install {' '.join(missing)}")
    run_or_skip("apt-get", "update", "-qq")
    run_or_skip("apt-get", "install", "-y", "-qq", "--no-install-recommends", "debian-archive-keyring", *missing)


def remove_tree(folder: Path) -> None:
    """Remove a folder that was made here, if it is there.

    Raises:
        UnavailableError: something is mounted below it, as by an mmdebstrap that was killed: it is not ours to remove.
    """
    below = f"{folder.resolve()}/"
    with Path("/proc/self/mountinfo").open(encoding="utf-8", errors="replace") as mounts:
        mounted = [place for place in (line.split()[4] for line in mounts) if place.startswith(below)]
    if mounted:
        raise UnavailableError(f"something is mounted in {folder}: umount {' '.join(sorted(mounted, reverse=True))}")
    shutil.rmtree(folder, ignore_errors=True)


def path_of(program: str) -> str:
    """Return where a program is; "" where it is not."""
    return shutil.which(program) or ""


def run_or_skip(*command: str, **environment: str) -> None:
    """Run a command.

    Raises:
        UnavailableError: it fails.
    """
    done = subprocess.run(
        command, capture_output=True, text=True, errors="replace", env={**os.environ, **environment}, check=False
    )
    if done.returncode:
        lines = done.stderr.strip().splitlines() or [f"exit code {done.returncode}"]
        raise UnavailableError(f"{' '.join(command[:2])} failed: {lines[-1]}")


def mirror() -> str:
    """Return where this machine takes its Debian packages from, or Debian's own address."""
    for path in [*Path("/etc/apt/sources.list.d").glob("*"), Path("/etc/apt/sources.list")]:
        if path.is_file():
            found = re.search(r"^(?:URIs:|deb(?:\s+\[.*?\])?)\s+(\S+/debian/?)\s", path.read_text(), re.MULTILINE)
            if found:
                return found[1]
    return "http://deb.debian.org/debian"


def _install(folder: Path, *wheels: str, machine: str) -> None:
    """Install wheels for Python 3.11 on another machine, in the versions that this one is tested with."""
    platforms = [f"--platform={platform}_{machine}" for platform in _PLATFORMS]
    run_or_skip(
        *(sys.executable, "-m", "pip", "install", "--quiet", "--no-compile", "--only-binary=:all:", "--no-deps"),
        *platforms,
        *("--python-version=3.11", "--implementation=cp", f"--target={folder}"),
        *wheels,
        *_DEPENDENCIES,
        PIP_CONSTRAINT=str(ROOT / "constraints" / "development.txt"),
    )


_DEPENDENCIES = ("flatbuffers", "protobuf", "packaging", "typing-extensions", "tqdm")
"""What engines import; what else their wheels ask for is for other uses than ours."""


def _install_runtime(folder: Path) -> None:
    """Install the runtime from its wheel, as it is now."""
    shutil.rmtree(folder, ignore_errors=True)
    wheels = BUILT / "wheels"
    shutil.rmtree(wheels, ignore_errors=True)
    pip = (sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check")
    run_or_skip(*pip, "wheel", "--no-deps", f"--wheel-dir={wheels}", str(ROOT / "runtime"))
    (wheel,) = wheels.glob("*.whl")
    run_or_skip(*pip, "install", "--no-deps", "--no-compile", f"--target={folder}", str(wheel))


def write_cpus(tree: Path, cpu: str = _ARM_CPU) -> None:
    """Write what engines read of the CPUs, which would else be this machine's."""
    count = os.cpu_count() or 1
    system = tree / "sys" / "devices" / "system" / "cpu"
    for folder in (tree / "proc", system):
        folder.mkdir(parents=True, exist_ok=True)
    (tree / "proc" / "cpuinfo").write_text("".join(cpu.format(number=number) for number in range(count)))
    for name in ("possible", "present", "online"):
        (system / name).write_text(f"0-{count - 1}\n" if count > 1 else "0\n")


def _write_interpreter(path: Path, environment: dict[str, str], command: Sequence[str]) -> Path:
    settings = " ".join(f"'{name}={value}'" for name, value in environment.items())
    emulator = " ".join(f"'{part}'" for part in command)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f'#!/bin/sh\nexec env -i PATH=/usr/bin:/bin HOME=/tmp LC_ALL=C.UTF-8 {settings} {emulator} "$@"\n')
    path.chmod(0o755)
    return path


if __name__ == "__main__":
    print(MACHINES[sys.argv[1]]())
