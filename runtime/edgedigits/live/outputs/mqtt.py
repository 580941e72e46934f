"""MQTT: what is published, for Home Assistant and whoever else listens to a broker. Needs the extra `mqtt`."""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Callable
from importlib.metadata import version
from typing import Any

import paho.mqtt.client as paho
from paho.mqtt.reasoncodes import ReasonCode

from edgedigits.addresses import masked
from edgedigits.brokers import Availability, Broker, check_topic, identifier_of
from edgedigits.live.settings import OutputSettings
from edgedigits.live.watching import Moment

_GOODBYE = 0.3
"""Seconds that saying goodbye may take."""


class Mqtt:
    """Publishes the number, its state and the camera's to a broker, and tells Home Assistant of them.

    All of it is retained, so that who comes later knows it at once; while the broker is away nothing is queued: what
    holds then is published when it is back.

    Args:
        settings: the broker and the topics.
        on_reset: called when the command to start over comes.
        on_problem: called with a sentence when the broker is lost, or refuses.

    Raises:
        InputError: the settings make no sense.
    """

    def __init__(
        self,
        settings: OutputSettings,
        on_reset: Callable[[], None] = lambda: None,
        on_problem: Callable[[str], None] = lambda problem: None,
    ) -> None:
        assert settings.mqtt is not None
        self._settings, self._on_reset, self._on_problem = settings, on_reset, on_problem
        self._broker = Broker.parse(settings.mqtt, settings.mqtt_password_file, settings.mqtt_ca)
        self._topic = check_topic(settings.mqtt_topic, "--mqtt-topic")
        self._before: tuple[str, ...] | None = None
        self._newest: dict[str, str] = {}
        self._lock = threading.Lock()
        self._told = ""
        self._client = self._broker.make_client(f"{identifier_of(self._topic)}-{os.getpid()}")
        self._availability = Availability(self._client, self._topic)
        self._connect()

    @property
    def name(self) -> str:
        """The broker without its password."""
        return f"--mqtt {masked(self._settings.mqtt or '')}"

    def prepare(self, moment: Moment) -> dict[str, str] | None:
        """Return what is to be published, by topic, where it differs from before."""
        now = (moment.published, moment.status.value, moment.camera.state.value)
        if now == self._before:
            return None
        self._before = now
        return {
            "published": moment.published,
            "status": moment.status.value,
            "camera": moment.camera.state.value,
            "state": json.dumps(moment.as_dict()),
        }

    def deliver(self, prepared: dict[str, str]) -> None:
        """Publish it, or keep it until the broker is there."""
        with self._lock:
            self._newest.update(prepared)
        if self._client.is_connected():
            self._publish(prepared)

    def close(self) -> None:
        """Say goodbye, so that nobody waits for the last will."""
        self._availability.say_goodbye(_GOODBYE)

    def _connect(self) -> None:
        client = self._client
        self._availability.leave_will()
        client.on_connect = self._on_connect
        client.on_connect_fail = self._on_connect_fail
        client.on_disconnect = self._on_disconnect
        client.on_message = self._on_message
        self._broker.connect(client)

    def _on_connect(self, client: paho.Client, _: Any, __: Any, reason: ReasonCode, ___: Any) -> None:
        if reason.is_failure:
            self._tell(f"{self.name}: the broker refuses ({reason}); check name and password.")
            return
        self._told = ""
        client.subscribe(f"{self._topic}/reset", qos=1)
        if self._settings.discovery:
            client.subscribe(f"{self._settings.discovery}/status", qos=1)
        self._introduce()

    def _on_connect_fail(self, _: paho.Client, __: Any) -> None:
        self._tell(f"{self.name}: the broker cannot be reached; it is tried again.")

    def _on_disconnect(self, _: paho.Client, __: Any, ___: Any, reason: ReasonCode, ____: Any) -> None:
        if reason.is_failure:
            self._tell(f"{self.name}: the broker is lost ({reason}); it is tried again.")

    def _on_message(self, _: paho.Client, __: Any, message: paho.MQTTMessage) -> None:
        if message.topic == f"{self._topic}/reset":
            # one that was retained has been obeyed before
            if not message.retain:
                self._on_reset()
        elif message.payload == b"online":
            self._introduce()

    def _introduce(self) -> None:
        """Publish all that holds: to a broker that is new, or a Home Assistant that has forgotten."""
        for topic, content in self._discovery().items():
            self._client.publish(topic, json.dumps(content), qos=1, retain=True)
        self._availability.tell()
        with self._lock:
            newest = dict(self._newest)
        self._publish(newest)

    def _publish(self, contents: dict[str, str]) -> None:
        for part, content in contents.items():
            self._client.publish(f"{self._topic}/{part}", content, qos=1, retain=True)

    def _discovery(self) -> dict[str, dict[str, Any]]:
        """Return Home Assistant's descriptions of what is published, by their topics."""
        prefix = self._settings.discovery
        if not prefix:
            return {}
        identifier = identifier_of(self._topic)
        online = {"topic": self._availability.where}
        seeing = {
            "topic": f"{self._topic}/camera",
            "value_template": "{{ 'online' if value == 'live' else 'offline' }}",
        }
        device = {
            "identifiers": [identifier],
            "name": self._settings.name,
            "manufacturer": "edgedigits",
            "model": "handwritten digits",
            "sw_version": version("edgedigits"),
        }

        def entity(kind: str, part: str, name: str, **more: Any) -> tuple[str, dict[str, Any]]:
            return f"{prefix}/{kind}/{identifier}/{part}/config", {
                "name": name,
                "unique_id": f"{identifier}_{part}",
                "device": device,
                "availability": [online],
                **more,
            }

        topic = self._topic
        return dict(
            (
                entity(
                    "sensor",
                    "number",
                    "Number",
                    state_topic=f"{topic}/published",
                    json_attributes_topic=f"{topic}/state",
                    availability=[online, seeing],
                    availability_mode="all",
                    icon="mdi:counter",
                ),
                entity("sensor", "status", "Status", state_topic=f"{topic}/status", entity_category="diagnostic"),
                entity("sensor", "camera", "Camera", state_topic=f"{topic}/camera", entity_category="diagnostic"),
                entity("button", "reset", "Start over", command_topic=f"{topic}/reset", entity_category="config"),
            )
        )

    def _tell(self, problem: str) -> None:
        if problem != self._told:
            self._told = problem
            self._on_problem(problem)
