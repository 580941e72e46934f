"""MQTT brokers: where one is, as whom it is asked, and a client that comes back to it. Needs the extra `mqtt`."""

from __future__ import annotations

import os
import re
import socket
import ssl
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote, urlsplit

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion

from edgedigits.addresses import masked
from edgedigits.errors import InputError

PASSWORD_VARIABLE = "EDGEDIGITS_MQTT_PASSWORD"
_PORTS = {"mqtt": 1883, "mqtts": 8883}
_QUEUE = 20
_LONGEST_PAUSE = 30
_KEEPALIVE = 20
_CONNECT_TIMEOUT = 5


@dataclass(frozen=True)
class Broker:
    """Where a broker is, and as whom it is asked.

    Attributes:
        host, port: of the broker.
        tls: whether the connection is encrypted.
        user, password: None where none is needed.
        authority: file with the certificate of the authority that signed the broker's; None for the system's.
    """

    host: str
    port: int
    tls: bool
    user: str | None = None
    password: str | None = None
    authority: Path | None = None

    @classmethod
    def parse(cls, url: str, password_file: Path | None = None, authority: Path | None = None) -> Broker:
        """Return what "mqtt://NAME@HOST:PORT" or "mqtts://…" says.

        Args:
            url: of the broker.
            password_file: its content is the password; else that of the environment, or the URL's.
            authority: file with the certificate of the authority that signed the broker's; None for the system's.

        Raises:
            InputError: it is no such URL, or the file cannot be read.

        Example:
            >>> Broker.parse("mqtt://homeassistant.local").port
            1883
        """
        try:
            parts = urlsplit(url)
            port = parts.port
        except ValueError as error:
            raise InputError(f"--mqtt {masked(url)}: {error}.") from error
        if parts.scheme not in _PORTS or not parts.hostname or parts.path not in ("", "/"):
            raise InputError(f"--mqtt {masked(url)}: write mqtt://HOST, mqtt://NAME@HOST:PORT, or mqtts:// for TLS.")
        password = os.environ.get(PASSWORD_VARIABLE) or (unquote(parts.password) if parts.password else None)
        if password_file is not None:
            try:
                password = password_file.read_text().strip()
            except (OSError, UnicodeDecodeError) as error:
                raise InputError(f"--mqtt-password-file {password_file} cannot be read ({error}).") from error
        user = unquote(parts.username) if parts.username else None
        if password and not user:
            raise InputError("A password for the broker needs a name: mqtt://NAME@HOST.")
        return cls(parts.hostname, port or _PORTS[parts.scheme], parts.scheme == "mqtts", user, password, authority)

    def make_client(self, identifier: str) -> paho.Client:
        """Return a client for this broker that is not yet connected, and that connects anew whenever it is lost.

        Args:
            identifier: by which the broker tells clients apart; a second one of the same name ends the first.

        Raises:
            InputError: the authority's certificate cannot be read.
        """
        client = paho.Client(CallbackAPIVersion.VERSION2, identifier)
        if self.user is not None:
            client.username_pw_set(self.user, self.password)
        if self.tls:
            try:
                client.tls_set(str(self.authority) if self.authority else None, cert_reqs=ssl.CERT_REQUIRED)
            except (OSError, ssl.SSLError, ValueError) as error:
                raise InputError(f"--mqtt-ca {self.authority}: it holds no certificate ({error}).") from error
        client.max_queued_messages_set(_QUEUE)
        client.reconnect_delay_set(1, _LONGEST_PAUSE)
        client.connect_timeout = _CONNECT_TIMEOUT
        return client

    def connect(self, client: paho.Client) -> None:
        """Let a client connect, and stay so, in a thread of its own; does not wait for it."""
        client.connect_async(self.host, self.port, keepalive=_KEEPALIVE)
        client.loop_start()


@dataclass(frozen=True)
class Availability:
    """Whether what publishes under a topic is there: "online" or "offline", retained, as Home Assistant reads it.

    Attributes:
        client: publishes it.
        topic: below which it stands, as "availability".
    """

    client: paho.Client
    topic: str

    @property
    def where(self) -> str:
        """The topic that tells it."""
        return f"{self.topic}/availability"

    def leave_will(self) -> None:
        """Let the broker say so when the client is lost; before it connects."""
        self.client.will_set(self.where, "offline", qos=1, retain=True)

    def tell(self) -> None:
        """Say that it is there."""
        self.client.publish(self.where, "online", qos=1, retain=True)

    def say_goodbye(self, seconds: float) -> None:
        """Say that it is not there any more, in so many seconds, and end the connection, if there is one."""
        if self.client.is_connected():
            farewell = self.client.publish(self.where, "offline", qos=1, retain=True)
            try:
                farewell.wait_for_publish(seconds)
            except (RuntimeError, ValueError):
                return
            self.client.disconnect()
            self.client.loop_stop()


def check_topic(topic: str, option: str) -> str:
    """Return a topic to publish under, without slashes around it.

    Raises:
        InputError: it is empty, or stands for many topics; the message names the option that it came from.

    Example:
        >>> check_topic("/house/meter", "--mqtt-topic")
        'house/meter'
    """
    stripped = topic.strip("/")
    if not stripped or re.search(r"[+#\0]", stripped):
        raise InputError(f"{option} {topic!r}: a topic has no + and #, and is not empty.")
    return stripped


def identifier_of(topic: str) -> str:
    """Return a name of what publishes under a topic that is the same at each start, and another on another machine."""
    return re.sub(r"[^A-Za-z0-9_-]", "_", f"edgedigits_{socket.gethostname()}_{topic}")
