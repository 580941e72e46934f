"""What the package index offers this Python on this machine, and what is to be installed therefore.

A package without a wheel is built from source, which on a small board takes an hour and fails. Nothing here imports
more than the standard library, so that `install.sh` can ask before anything is installed:

    PYTHONPATH=edgedigits-0.1.0-py3-none-any.whl python3 -m edgedigits.offers
"""

from __future__ import annotations

import argparse
import os
import platform
import struct
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version

_64_BIT = frozenset({"x86_64", "amd64", "aarch64", "arm64"})
_32_BIT_ARM = frozenset({"armv7l", "armv6l"})
_EXTRAS = {"onnxruntime": "onnx", "ai-edge-litert": "litert", "tflite-runtime": "tflite"}

BESIDE = {"server": ("starlette", "uvicorn", "python-multipart"), "mqtt": ("paho-mqtt",)}
"""Extras that a device gets: its page is looked at from a phone, its numbers go to a broker. All are pure Python."""

_FROM_APT = {
    "numpy": "python3-numpy",
    "opencv-python-headless": "python3-opencv",
    "onnxruntime": "python3-onnxruntime",
}
"""What Debian has for 32-bit ARM, where the index has no wheels."""

_TITLES = {
    "onnxruntime": "ONNX Runtime",
    "ai-edge-litert": "LiteRT",
    "tflite-runtime": "tflite-runtime",
    "python3-onnxruntime": "Debian's ONNX Runtime",
    "": "OpenCV's own engine",
}


@dataclass(frozen=True)
class Machine:
    """What decides which wheels fit.

    Attributes:
        architecture: of the running Python, in Linux' words: "aarch64", "armv7l", "x86_64".
        python: its version, such as (3, 11).
    """

    architecture: str
    python: tuple[int, int]

    @classmethod
    def here(cls) -> Machine:
        """Return the running Python's.

        A 32-bit system often runs on a 64-bit kernel, which then tells its own architecture.
        """
        machine = platform.machine()
        if struct.calcsize("P") == 4 and machine in ("aarch64", "armv8l"):
            machine = "armv7l"
        return cls(machine, sys.version_info[:2])

    def __str__(self) -> str:
        return f"Python {self.python[0]}.{self.python[1]} on {self.architecture}"

    def has_wheel(self, package: str) -> bool:
        """Return whether the index has a wheel of a package that fits.

        Args:
            package: one that this project uses; what is not known here is taken to be pure Python.
        """
        architecture = self.architecture.lower()
        if package == "tflite-runtime":
            return architecture in ("x86_64", "aarch64", "armv7l") and self.python <= (3, 11)
        if package in ("numpy", "onnxruntime", "ai-edge-litert") or package.startswith("opencv-"):
            return architecture in _64_BIT
        return True


@dataclass(frozen=True)
class Plan:
    """What an installation consists of.

    Attributes:
        engine: what runs the model, in words.
        pip: what pip installs beside edgedigits, where it does not install that as a whole.
        apt: Debian packages that come first, as the index has no wheels of them.
        apt_engine: the Debian package of the engine; where there is none, OpenCV's own engine reads. "" for none.
        system_packages: whether the environment sees what apt installed.
        whole: whether pip installs what edgedigits asks for by itself; not where that has no wheels.
        constraints: versions that pip must keep to.
    """

    engine: str
    pip: tuple[str, ...]
    apt: tuple[str, ...]
    system_packages: bool
    whole: bool
    constraints: tuple[str, ...] = ()
    apt_engine: str = ""


def plan_installation(machine: Machine, *, picamera2: bool = False, system_numpy: str | None = None) -> Plan:
    """Choose engine and OpenCV by what has wheels.

    Args:
        machine: where it is installed.
        picamera2: whether apt's picamera2 is to be used, which needs the system's packages.
        system_numpy: version of the system's numpy, which picamera2 was built with.

    Example:
        >>> plan_installation(Machine("armv7l", (3, 11))).apt
        ('python3-numpy', 'python3-opencv')
    """
    camera = ("python3-picamera2",) if picamera2 else ()
    if machine.has_wheel("numpy"):
        kept = (f"numpy=={system_numpy}",) if picamera2 and system_numpy else ()
        return Plan(_TITLES["onnxruntime"], (), camera, picamera2, True, kept)
    from_apt = (*camera, "python3-numpy", "python3-opencv")
    pure = ("click", *(package for packages in BESIDE.values() for package in packages))
    if machine.has_wheel("tflite-runtime"):
        return Plan(_TITLES["tflite-runtime"], (*pure, "tflite-runtime"), from_apt, True, False)
    if machine.architecture in _32_BIT_ARM and _debian_has_onnxruntime(machine):
        engine = "python3-onnxruntime"
        return Plan(_TITLES[engine], pure, from_apt, True, False, apt_engine=engine)
    return Plan(_TITLES[""], pure, from_apt, True, False)


def install_command(package: str, machine: Machine | None = None) -> str:
    """Return the command that installs a package on a machine (this one, by default); "" where none does.

    Example:
        >>> install_command("opencv-python-headless", Machine("aarch64", (3, 13)))
        'pip install opencv-python-headless'
    """
    machine = machine or Machine.here()
    if machine.has_wheel(package):
        return f'pip install "edgedigits[{_EXTRAS[package]}]"' if package in _EXTRAS else f"pip install {package}"
    from_apt = _FROM_APT.get(package)
    if machine.architecture not in _32_BIT_ARM or from_apt is None:
        return ""
    if package == "onnxruntime" and not _debian_has_onnxruntime(machine):
        return ""
    return f"sudo apt install {from_apt}  # and an environment made with --system-site-packages"


def advise(package: str, machine: Machine | None = None) -> str:
    """Return what to do about a missing package: the command that installs it, or why none does.

    Example:
        >>> advise("tflite-runtime", Machine("aarch64", (3, 13)))
        'tflite-runtime has no wheel for Python 3.13 on aarch64'
    """
    machine = machine or Machine.here()
    return install_command(package, machine) or f"{package} has no wheel for {machine}"


def explain_missing(error: Exception) -> str | None:
    """Return a line for users about numpy or OpenCV that cannot be imported; None where that is not what happened.

    Example:
        >>> explain_missing(ModuleNotFoundError("No module named 'cv2'", name="cv2")) is None
        False
    """
    if not isinstance(error, ImportError):
        return None
    packages = {"cv2": ("OpenCV", "opencv-python-headless"), "numpy": ("numpy", "numpy")}
    title, package = packages.get((error.name or "").split(".")[0], ("", ""))
    if not title:
        return None
    reason = "" if isinstance(error, ModuleNotFoundError) else f" ({' '.join(str(error).split())})"
    return f"{title} cannot be imported{reason}, and nothing is read without it: {advise(package)}"


def _debian_has_onnxruntime(machine: Machine) -> bool:
    """Return whether this Python is that of a Debian which has a package of ONNX Runtime (13 and later)."""
    return machine.python >= (3, 13)


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the plan for this Python, a field a line, for `install.sh`."""
    parser = argparse.ArgumentParser(prog="python3 -m edgedigits.offers", description=__doc__)
    parser.add_argument("--picamera2", action="store_true", help="use apt's picamera2")
    chosen = parser.parse_args(arguments)
    try:
        numpy = version("numpy")
    except PackageNotFoundError:
        numpy = None
    machine = Machine.here()
    plan = plan_installation(machine, picamera2=chosen.picamera2, system_numpy=numpy)
    rows = {
        "machine": str(machine),
        "engine": plan.engine,
        "pip": " ".join(plan.pip),
        "apt": " ".join(plan.apt),
        "apt-engine": plan.apt_engine,
        "system-packages": "yes" if plan.system_packages else "no",
        "extras": ",".join(BESIDE),
        "whole": "yes" if plan.whole else "no",
        "constraints": " ".join(plan.constraints),
    }
    sys.stdout.write("".join(f"{name}: {value}{os.linesep}" for name, value in rows.items()))


if __name__ == "__main__":
    main()
