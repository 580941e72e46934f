"""A real broker of MQTT on a port of this machine, and who listens there."""

from __future__ import annotations

import shutil
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

paho = pytest.importorskip("paho.mqtt.client", reason="needs the extra `mqtt`")
MOSQUITTO = shutil.which("mosquitto") or shutil.which("mosquitto", path="/usr/sbin")
needs_broker = pytest.mark.skipif(MOSQUITTO is None, reason="needs Debian's mosquitto: apt install mosquitto")


def free_port() -> int:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        return int(unused.getsockname()[1])


@contextmanager
def broker(folder: Path, port: int, *settings: str) -> Iterator[subprocess.Popen[bytes]]:
    """A broker on a port of this machine."""
    file = folder / f"mosquitto-{port}.conf"
    anonymous = [] if settings else ["allow_anonymous true"]
    file.write_text("\n".join(["user root", f"listener {port} 127.0.0.1", "persistence false", *anonymous, *settings]))
    assert MOSQUITTO is not None
    run = subprocess.Popen([MOSQUITTO, "-c", file], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        for _ in range(200):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
            time.sleep(0.05)
        yield run
    finally:
        run.kill()
        run.wait()


class Listener:
    """Hears everything at a broker, and waits for what it is told to."""

    def __init__(self, port: int, user: str | None = None, password: str | None = None) -> None:
        self.heard: list[tuple[str, str, bool]] = []
        self._news = threading.Condition()
        self.client = paho.Client(paho.CallbackAPIVersion.VERSION2)
        if user:
            self.client.username_pw_set(user, password)
        self.client.on_connect = lambda client, *_: client.subscribe("#", qos=1)
        self.client.on_message = self._hear
        self.client.reconnect_delay_set(1, 1)
        self.client.connect("127.0.0.1", port)
        self.client.loop_start()

    def _hear(self, _: object, __: object, message: paho.MQTTMessage) -> None:
        with self._news:
            self.heard.append((message.topic, message.payload.decode(), message.retain))
            self._news.notify_all()

    def wait_for(self, topic: str, content: str | None = None) -> str:
        """Wait until a topic says something since the listener forgot, and return it."""

        def said() -> str | None:
            return next((c for t, c, _ in self.heard if t == topic and content in (None, c)), None)

        with self._news:
            assert self._news.wait_for(lambda: said() is not None, 60), (topic, content, self.heard)
            return said() or ""

    def forget(self) -> None:
        with self._news:
            self.heard.clear()

    def close(self) -> None:
        self.client.disconnect()
        self.client.loop_stop()
