"""The fleet, seen from anywhere: what its devices tell, and what is desired of them."""

from __future__ import annotations

import contextlib
import os
import queue
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

import paho.mqtt.client as paho
from paho.mqtt.reasoncodes import ReasonCode

from edgedigits.brokers import Broker
from edgedigits.errors import EdgeDigitsError, InputError
from edgedigits.fleet.messages import Desired, Report, Stage

_PATIENCE = 15.0
_QUIET = 1.0
"""Seconds without a message after which a broker has told all that it keeps."""


class BrokerError(EdgeDigitsError):
    """A broker that cannot be reached, or refuses."""


@dataclass(frozen=True)
class Device:
    """One device of a fleet, as the broker knows it.

    Attributes:
        name: of the device.
        online: whether its agent is connected.
        desired: what it shall read with; None where nothing is asked of it.
        reported: what it told last; None where it has not told anything that is understood.
    """

    name: str
    online: bool = False
    desired: Desired | None = None
    reported: Report | None = None

    @property
    def well(self) -> bool:
        """Whether it is there, alone with its name, reads, and reads with what is desired."""
        told = self.reported
        if not self.online or told is None or not told.health.reads or told.stage is Stage.FAILED or told.shared_with:
            return False
        return self.desired is None or self.desired.name == told.model


def look(broker: Broker, topic: str) -> tuple[Device, ...]:
    """Return the devices that a broker knows, by name.

    Args:
        broker: that is asked.
        topic: under which the devices are.

    Raises:
        BrokerError: the broker cannot be reached, or refuses.
    """
    heard: queue.SimpleQueue[paho.MQTTMessage] = queue.SimpleQueue()
    devices: dict[str, Device] = {}
    with _connected(broker) as client:
        client.on_message = lambda _, __, message: heard.put(message)
        client.subscribe(f"{topic}/+/+", qos=1)
        end = time.monotonic() + _PATIENCE
        while time.monotonic() < end:
            try:
                message = heard.get(timeout=_QUIET)
            except queue.Empty:
                break
            name, part = message.topic[len(topic) + 1 :].split("/")
            devices[name] = _told(devices.get(name, Device(name)), part, bytes(message.payload))
    return tuple(devices[name] for name in sorted(devices))


def want(broker: Broker, topic: str, names: Iterable[str], desired: Desired) -> None:
    """Say what devices shall read with; who is away learns it when it comes back.

    Args:
        broker: that keeps it.
        topic: under which the devices are.
        names: of the devices.
        desired: what they shall read with.

    Raises:
        BrokerError: the broker cannot be reached, or refuses.
    """
    with _connected(broker) as client:
        sent = [client.publish(f"{topic}/{name}/desired", desired.as_json(), qos=1, retain=True) for name in names]
        for message in sent:
            message.wait_for_publish(_PATIENCE)
            if not message.is_published():
                raise BrokerError(f"The broker {broker.host} does not take what is published; check its log.")


def _told(device: Device, part: str, payload: bytes) -> Device:
    if part == "availability":
        return replace(device, online=payload == b"online")
    with contextlib.suppress(InputError):
        if part == "desired":
            return replace(device, desired=Desired.parse(payload))
        if part == "reported":
            return replace(device, reported=Report.parse(payload))
    return device


@contextmanager
def _connected(broker: Broker) -> Iterator[paho.Client]:
    """Be connected with a broker in a `with` block."""
    client = broker.make_client(f"edgedigits-fleet-{os.getpid()}")
    answered = threading.Event()
    refused: list[str] = []

    def on_connect(_: paho.Client, __: Any, ___: Any, reason: ReasonCode, ____: Any) -> None:
        if reason.is_failure:
            refused.append(str(reason))
        answered.set()

    def on_connect_fail(_: paho.Client, __: Any) -> None:
        refused.append("")
        answered.set()

    client.on_connect, client.on_connect_fail = on_connect, on_connect_fail
    broker.connect(client)
    try:
        if not answered.wait(_PATIENCE) or refused[:1] == [""]:
            raise BrokerError(
                f"The broker {broker.host} cannot be reached on port {broker.port}; check its name and the network."
            )
        if refused:
            raise BrokerError(f"The broker {broker.host} refuses ({refused[0]}); check name and password.")
        yield client
    finally:
        client.disconnect()
        client.loop_stop()
