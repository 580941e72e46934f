"""The agent: on the device, between the broker and the store."""

from __future__ import annotations

import contextlib
import queue
import secrets
import socket
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timezone
from importlib.metadata import version
from typing import Any

import paho.mqtt.client as paho
from paho.mqtt.reasoncodes import ReasonCode

from edgedigits.brokers import Availability, Broker, identifier_of
from edgedigits.errors import BundleError, EdgeDigitsError, InputError
from edgedigits.fleet.following import Follower
from edgedigits.fleet.messages import Desired, Health, Report, Stage

_PAUSES = (30.0, 3600.0)
"""Seconds after which what could not be had is tried again, at first and in the end."""
_GOODBYE = 1.0


@dataclass(frozen=True)
class _Stop:
    """The agent is to end."""


@dataclass(frozen=True)
class _Connected:
    """The broker is there."""


@dataclass(frozen=True)
class _Namesake:
    """Another agent reports under the same name.

    Attributes:
        host: its machine, such as one that was started from a copy of this one's card.
        run: which of its starts it is.
    """

    host: str
    run: str


@dataclass(frozen=True)
class _Gone:
    """An agent of the same name has ended, or an earlier connection of this one."""


class Agent:
    """Follows what is desired of a device, and reports.

    Args:
        broker: that is asked.
        topic: of the device, such as "edgedigits/fleet/kitchen".
        follower: brings the device to what is desired.
        every: seconds after which the device is examined and reports again, at the latest.
        log: called with a sentence for people when something happens.

    Raises:
        InputError: the certificate of the broker's authority cannot be read.
    """

    def __init__(
        self,
        broker: Broker,
        topic: str,
        follower: Follower,
        *,
        every: float = 600.0,
        log: Callable[[str], None] = lambda line: None,
    ) -> None:
        self._broker, self._topic, self._follower = broker, topic, follower
        self._every, self._log = every, log
        # its `put` may be called by signal handlers
        self._events: queue.SimpleQueue[bytes | _Stop | _Connected | _Namesake | _Gone] = queue.SimpleQueue()
        self._desired: Desired | None = None
        self._stage, self._error = Stage.UNASKED, ""
        self._retry_at, self._pause = float("inf"), _PAUSES[0]
        self._health: Health | None = None
        self._told = ""
        self._host, self._run = socket.gethostname(), secrets.token_hex(4)
        self._namesakes: list[_Namesake] = []
        # an identifier that another agent has as well would let the broker end either's connection for the other's
        client = broker.make_client(f"{identifier_of(topic)}-{self._run}")
        self._availability = Availability(client, topic)
        self._availability.leave_will()
        client.on_connect, client.on_connect_fail = self._on_connect, self._on_connect_fail
        client.on_disconnect = self._on_disconnect
        client.message_callback_add(f"{topic}/desired", self._on_desired)
        client.message_callback_add(f"{topic}/reported", self._on_reported)
        client.message_callback_add(self._availability.where, self._on_availability)
        self._client = client

    def stop(self) -> None:
        """Let `run` come to its end; may be called from anywhere, also by a signal handler."""
        self._events.put(_Stop())

    def run(self) -> None:
        """Follow until `stop` is called."""
        self._broker.connect(self._client)
        try:
            report_at = time.monotonic()
            while True:
                try:
                    patience = max(0.0, min(report_at, self._retry_at) - time.monotonic())
                    event = self._events.get(timeout=patience)
                except queue.Empty:
                    event = None
                if isinstance(event, _Stop):
                    return
                if isinstance(event, _Namesake):
                    # one answer to each, so that it learns of this one; more would be answered in turn
                    if event in self._namesakes:
                        continue
                    self._meet(event)
                elif isinstance(event, _Gone):
                    if not self._namesakes:
                        continue
                    self._namesakes.clear()
                    self._tell(f"{self._name} is this device's name alone again.")
                elif isinstance(event, bytes):
                    self._take(event)
                elif self._retry_at <= time.monotonic():
                    self._follow()
                self._health = self._follower.examine()
                self._report(self._health)
                report_at = time.monotonic() + self._every
        finally:
            self._client.message_callback_remove(self._availability.where)
            self._availability.say_goodbye(_GOODBYE)

    @property
    def _name(self) -> str:
        return self._topic.rpartition("/")[2]

    def _meet(self, namesake: _Namesake) -> None:
        self._namesakes.append(namesake)
        self._tell(
            f"Another `edgedigits fleet follow`, on {namesake.host}, reports as {self._name} too: end one of them, or"
            " give each device a name of its own with --device NAME."
        )

    def _take(self, payload: bytes) -> None:
        """Take what is desired, as the broker tells it."""
        self._pause, self._retry_at = _PAUSES[0], float("inf")
        try:
            self._desired = Desired.parse(payload)
        except InputError as error:
            self._desired = None
            self._settle(Stage.FAILED, str(error))
        else:
            self._follow()

    def _follow(self) -> None:
        """Reach what is desired; what cannot be had is tried again later, what does not do is not."""
        self._retry_at = float("inf")
        if self._desired is None:
            self._settle(Stage.UNASKED)
            return
        if self._desired.name != self._follower.model:
            self._log(f"Installing the model {self._desired.name} from {self._desired.source or 'the package'} …")
            self._stage, self._error = Stage.INSTALLING, ""
            self._report(self._health or self._follower.examine())
        try:
            self._follower.follow(self._desired)
        except BundleError as error:
            self._settle(Stage.FAILED, str(error))
        except EdgeDigitsError as error:
            self._retry_at = time.monotonic() + self._pause
            self._pause = min(2 * self._pause, _PAUSES[1])
            self._settle(Stage.FAILED, str(error))
        else:
            self._pause = _PAUSES[0]
            self._settle(Stage.REACHED)

    def _settle(self, stage: Stage, error: str = "") -> None:
        self._stage, self._error = stage, error
        self._tell(error or f"In use: the model {self._follower.model} ({stage.value}).")

    def _report(self, health: Health) -> None:
        report = Report(
            self._stage,
            self._follower.model,
            self._follower.version(),
            self._error,
            health,
            version("edgedigits"),
            datetime.now(timezone.utc).isoformat(timespec="seconds"),
            self._host,
            self._run,
            self._namesakes[0].host if self._namesakes else "",
        )
        if self._client.is_connected():
            self._client.publish(f"{self._topic}/reported", report.as_json(), qos=1, retain=True)

    def _tell(self, line: str) -> None:
        if line != self._told:
            self._told = line
            self._log(line)

    # What follows is called by the client's own thread.

    def _on_connect(self, client: paho.Client, _: Any, __: Any, reason: ReasonCode, ___: Any) -> None:
        if reason.is_failure:
            self._tell(f"The broker {self._broker.host} refuses ({reason}); check name and password.")
            return
        self._tell(f"Following {self._topic}/desired at {self._broker.host}.")
        self._availability.tell()
        client.subscribe([(f"{self._topic}/{part}", 1) for part in ("desired", "reported", "availability")])
        self._events.put(_Connected())

    def _on_connect_fail(self, _: paho.Client, __: Any) -> None:
        self._tell(f"The broker {self._broker.host} cannot be reached; it is tried again.")

    def _on_disconnect(self, _: paho.Client, __: Any, ___: Any, reason: ReasonCode, ____: Any) -> None:
        if reason.is_failure:
            self._tell(f"The broker {self._broker.host} is lost ({reason}); it is tried again.")

    def _on_desired(self, _: paho.Client, __: Any, message: paho.MQTTMessage) -> None:
        self._events.put(bytes(message.payload))

    def _on_reported(self, _: paho.Client, __: Any, message: paho.MQTTMessage) -> None:
        if message.retain:  # from whom it was may have ended
            return
        with contextlib.suppress(InputError):
            told = Report.parse(bytes(message.payload))
            if told.run not in ("", self._run):
                self._events.put(_Namesake(str(told.host), str(told.run)))

    def _on_availability(self, _: paho.Client, __: Any, message: paho.MQTTMessage) -> None:
        if not message.retain and message.payload == b"offline":
            self._availability.tell()
            self._events.put(_Gone())
