"""What waiting costs: the CPU that `edgedigits webcam` takes while nothing changes: `python benchmarks/idle.py`.

A camera of this machine's own sends the same picture again and again, now and then or ten times a second.
"""

from __future__ import annotations

import http.server
import os
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

from edgedigits.proof.photo import PHOTO

SECONDS, SETTLING = 30.0, 8.0
MOST = 0.02
"""Share of a core, between frames."""
CAMERAS = {"a frame every 1.5 s": 1.5, "10 frames a second": 0.1}


class Camera(http.server.BaseHTTPRequestHandler):
    """Sends one picture, again and again."""

    gap = 1.0

    def log_message(self, *_: Any) -> None:
        """Say nothing."""

    def do_GET(self) -> None:
        content = PHOTO.read_bytes()
        self.send_response(200)
        self.send_header("Content-Type", "multipart/x-mixed-replace; boundary=part")
        self.end_headers()
        head = f"--part\r\nContent-Type: image/jpeg\r\nContent-Length: {len(content)}\r\n\r\n".encode()
        try:
            while True:
                self.wfile.write(head + content + b"\r\n")
                time.sleep(self.gap)
        except OSError:
            return


def seconds_of(process: int) -> float:
    """Return the CPU seconds that a process has taken."""
    fields = Path(f"/proc/{process}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def share(gap: float) -> tuple[float, float]:
    """Return which share of a core watching takes, and how many moments it tells in a second."""
    handler = type("GapCamera", (Camera,), {"gap": gap})
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, daemon=True).start()
        address = f"http://127.0.0.1:{server.server_port}/stream"
        command = [sys.executable, "-m", "edgedigits", "webcam", address, "--json"]
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as run:
            assert run.stdout is not None
            heard: list[bytes] = []
            threading.Thread(target=lambda lines=run.stdout: heard.extend(lines), daemon=True).start()
            while not heard:
                time.sleep(0.1)
            time.sleep(SETTLING)
            before, start, told = seconds_of(run.pid), time.monotonic(), len(heard)
            time.sleep(SECONDS)
            wall = time.monotonic() - start
            result = (seconds_of(run.pid) - before) / wall, (len(heard) - told) / wall
            run.terminate()
        server.shutdown()
    return result


def main() -> None:
    for name, gap in CAMERAS.items():
        taken, told = share(gap)
        bound = "" if gap < 1 else f"   <= {MOST:.0%}   {'yes' if taken <= MOST else 'NO'}"
        print(f"{name:<22} {taken:>7.2%} of a core, {told:.1f} moments a second{bound}")


if __name__ == "__main__":
    main()
