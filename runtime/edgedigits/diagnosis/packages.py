"""The packages that reading needs: numpy, OpenCV, and what breaks them."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, version

from edgedigits.diagnosis.finding import Finding, Grade
from edgedigits.offers import install_command
from edgedigits.proof.child import ask

_OPENCV_BUILDS = (
    "opencv-python",
    "opencv-python-headless",
    "opencv-contrib-python",
    "opencv-contrib-python-headless",
)
_WITHOUT_WINDOWS = "opencv-python-headless"


def examine_packages() -> Iterator[Finding]:
    """Tell whether numpy and OpenCV can be imported, each in a process of its own."""
    for module, title, package in (("numpy", "numpy", "numpy"), ("cv2", "OpenCV", _WITHOUT_WINDOWS)):
        answer = ask(["-c", f"import {module}; print({module}.__version__)"])
        if answer.failure:
            yield Finding(Grade.FAULT, title, f"cannot be imported: {answer.failure}", install_command(package))
        else:
            yield Finding(Grade.OK, title, answer.output.strip())
    builds = [name for name in _OPENCV_BUILDS if version_of(name)]
    if len(builds) > 1:
        yield Finding(
            Grade.WARNING,
            "OpenCV",
            f"{' and '.join(builds)} overwrite each other's files; keep one",
            f"pip uninstall -y {' '.join(builds)} && {install_command(_WITHOUT_WINDOWS)}",
        )


def version_of(distribution: str) -> str | None:
    """Return the version of an installed distribution; None where it is not installed."""
    try:
        return version(distribution)
    except PackageNotFoundError:
        return None
