"""Windows: showing pictures on a screen, where there is one."""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path

import numpy as np
import numpy.typing as npt

from edgedigits.errors import InputError


def opencv_has_windows() -> bool:
    """Tell whether this OpenCV was built with windows; opencv-python-headless is not."""
    import cv2

    return any(
        line.strip().startswith(("GTK", "QT", "Win32 UI", "Cocoa", "Wayland")) and "YES" in line
        for line in cv2.getBuildInformation().splitlines()
    )


def require_screen(advice: str) -> None:
    """Raise an InputError where no picture can be shown, as over ssh.

    Args:
        advice: what to do then.
    """
    if sys.platform.startswith("linux") and not (os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")):
        raise InputError(f"There is no screen to show pictures on (DISPLAY is not set); {advice}.")


def show_picture(picture: npt.NDArray[np.uint8], title: str) -> None:
    """Show a picture: in a window that waits for a key, or, with an OpenCV without windows, in the system's viewer.

    Args:
        picture: uint8, (H, W, 3) in BGR.
        title: of the window.

    Raises:
        InputError: there is no viewer.
    """
    import click
    import cv2

    if opencv_has_windows():
        cv2.imshow(title, picture)
        cv2.waitKey(0)
        cv2.destroyAllWindows()
        return
    folder = Path(tempfile.mkdtemp(prefix="edgedigits-"))
    path = folder / f"{Path(title).stem or 'reading'}.png"
    cv2.imwrite(str(path), picture)
    if click.launch(str(path)) != 0:
        raise InputError(f"No picture viewer was found; the picture lies at {path}. --save-dir chooses the folder.")
