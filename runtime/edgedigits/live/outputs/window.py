"""Window: the frames on a screen, with the reading drawn in. OpenCV wants that in the main thread."""

from __future__ import annotations

from dataclasses import replace

from edgedigits.errors import InputError
from edgedigits.live.watching import Moment

_TITLE = "edgedigits"
_ESCAPE = 27


class Window:
    """A window that shows each frame.

    Raises:
        InputError: there is no screen, or this OpenCV was built without windows.
    """

    def __init__(self) -> None:
        from edgedigits.windows import opencv_has_windows, require_screen

        require_screen("leave --window out")
        if not opencv_has_windows():
            raise InputError(
                "This OpenCV has no windows: leave --window out, or replace opencv-python-headless by opencv-python"
                " (pip uninstall opencv-python-headless && pip install opencv-python)."
            )
        self._shown = False

    def show(self, moment: Moment) -> bool:
        """Show a moment's frame; tell whether the user has closed the window, or pressed q or Esc."""
        import cv2

        from edgedigits.drawing import draw_reading

        if moment.frame is not None:
            picture = draw_reading(moment.frame.pixels, replace(moment.reading))
            status = (
                f"{moment.published.replace(chr(10), ' | ') or '-'}  {moment.status.value}  {moment.camera.state.value}"
            )
            cv2.setWindowTitle(_TITLE, f"{_TITLE}: {status}") if self._shown else None
            cv2.imshow(_TITLE, picture)
            self._shown = True
        key = cv2.waitKey(1) & 0xFF
        return (self._shown and not _is_there()) or key in (ord("q"), _ESCAPE)

    def close(self) -> None:
        """Take the window away."""
        import cv2

        if self._shown:
            cv2.destroyAllWindows()


def _is_there() -> bool:
    import cv2

    try:
        return bool(cv2.getWindowProperty(_TITLE, cv2.WND_PROP_VISIBLE) >= 1)
    except cv2.error:  # Qt's has nothing to ask any more once its last window was closed
        return False
