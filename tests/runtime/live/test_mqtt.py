"""MQTT with a real broker that is killed and comes again, and Home Assistant's discovery."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from edgedigits import InputError, Reading
from edgedigits.live.capture import CameraState, State
from edgedigits.live.publishing import Status
from edgedigits.live.settings import OutputSettings
from edgedigits.live.watching import Moment
from tests.brokers import Listener, broker, free_port, needs_broker
from tests.commands import started

SEEN = Moment(None, Reading((), (640, 480)), "2021", Status.STEADY, CameraState(State.LIVE))


@needs_broker
def test_a_number_reaches_home_assistant(tmp_path: Path) -> None:
    from edgedigits.live.outputs.mqtt import Mqtt

    port, resets, problems = free_port(), [], []
    settings = OutputSettings(mqtt=f"mqtt://127.0.0.1:{port}", mqtt_topic="house/meter", name="Kitchen meter")
    with broker(tmp_path, port) as running:
        output = Mqtt(settings, lambda: resets.append(1), problems.append)
        with closing(output), closing(Listener(port)) as listener:
            output.deliver(output.prepare(SEEN) or {})
            assert output.prepare(SEEN) is None
            assert listener.wait_for("house/meter/published") == "2021"
            assert listener.wait_for("house/meter/availability") == "online"
            assert json.loads(listener.wait_for("house/meter/state"))["status"] == "steady"
            topic = next(t for t, _, _ in listener.heard if t.endswith("/number/config"))
            assert topic.startswith("homeassistant/sensor/edgedigits_")
            told = json.loads(listener.wait_for(topic))
            assert told["state_topic"] == "house/meter/published"
            assert told["device"]["name"] == "Kitchen meter"
            assert {"topic": "house/meter/availability"} in told["availability"]

            listener.forget()
            listener.client.publish("homeassistant/status", "online")
            assert json.loads(listener.wait_for(topic)) == told
            listener.wait_for("house/meter/published", "2021")
            listener.client.publish("house/meter/reset", "PRESS")
            for _ in range(100):
                if resets:
                    break
                time.sleep(0.05)
            assert resets == [1]

            running.kill()
            running.wait()
            output.deliver(output.prepare(replace(SEEN, published="2022")) or {})
            listener.forget()
            with broker(tmp_path, port):
                listener.wait_for("house/meter/published", "2022")
                listener.wait_for("house/meter/availability", "online")
                listener.wait_for(topic)
                with closing(Listener(port)) as latecomer:
                    latecomer.wait_for("house/meter/published", "2022")
                    assert all(retained for _, _, retained in latecomer.heard)
                listener.forget()
                output.close()
                listener.wait_for("house/meter/availability", "offline")
    assert len(problems) == len(set(problems)) > 0


@needs_broker
def test_the_last_will_speaks_for_a_process_that_was_killed(tmp_path: Path) -> None:
    port = free_port()
    with broker(tmp_path, port), closing(Listener(port)) as listener:
        command = [sys.executable, "-m", "edgedigits", "webcam", "test:2021", "--mqtt", f"mqtt://127.0.0.1:{port}"]
        with started(command) as run:
            listener.wait_for("edgedigits/availability", "online")
            listener.wait_for("edgedigits/camera", "live")
            run.send_signal(signal.SIGKILL)
            listener.wait_for("edgedigits/availability", "offline")
        listener.forget()
        with started(command) as run:
            listener.wait_for("edgedigits/availability", "online")
            run.send_signal(signal.SIGTERM)
            listener.wait_for("edgedigits/availability", "offline")
            assert run.wait(20) == 0


@needs_broker
def test_name_and_password_of_a_file_and_tls(tmp_path: Path) -> None:
    from edgedigits.live.outputs.mqtt import Mqtt

    passwords, own = tmp_path / "passwords", tmp_path / "own"
    subprocess.run(["mosquitto_passwd", "-c", "-b", passwords, "me", "secret"], check=True, capture_output=True)
    own.write_text("secret\n")
    certificate = make_certificate(tmp_path)
    port = free_port()
    secured = (
        "allow_anonymous false",
        f"password_file {passwords}",
        f"certfile {certificate}",
        f"keyfile {tmp_path / 'key.pem'}",
    )
    settings = OutputSettings(mqtt=f"mqtts://me@localhost:{port}", mqtt_password_file=own, mqtt_ca=certificate)
    with broker(tmp_path, port, *secured):
        output = Mqtt(settings)
        with closing(output):
            output.deliver(output.prepare(SEEN) or {})
            wait_until(output._client.is_connected)
        problems: list[str] = []
        own.write_text("wrong")
        with closing(Mqtt(settings, on_problem=problems.append)) as refused:
            wait_until(lambda: bool(problems))
            assert not refused._client.is_connected()
        assert "refuses" in problems[0]
        problems.clear()
        with closing(Mqtt(replace(settings, mqtt_ca=None), on_problem=problems.append)):
            wait_until(lambda: bool(problems))


def wait_until(holds: object) -> None:
    for _ in range(600):
        if holds():  # type: ignore[operator]
            return
        time.sleep(0.05)
    pytest.fail("it never came to that")


def make_certificate(folder: Path) -> Path:
    """Write a certificate for localhost that signs itself, and its key."""
    x509 = pytest.importorskip("cryptography.x509", reason="needs cryptography to make a certificate")
    from datetime import datetime, timedelta, timezone

    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(timezone.utc)
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), True)
        .sign(key, hashes.SHA256())
    )
    (folder / "key.pem").write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    path = folder / "certificate.pem"
    path.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    return path


def test_a_broker_that_is_not_there_delays_nothing() -> None:
    from edgedigits.live.outputs.mqtt import Mqtt

    output = Mqtt(OutputSettings(mqtt=f"mqtt://127.0.0.1:{free_port()}"))
    begun = time.monotonic()
    prepared = [output.prepare(replace(SEEN, published=str(number))) or {} for number in range(1000)]
    ready = time.monotonic()
    for message in prepared:
        output.deliver(message)
    delivered = time.monotonic()
    output.close()
    assert delivered - ready < 100 * (ready - begun), "as many attempts to connect would take seconds each"
    assert output._newest["published"] == "999"


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        (OutputSettings(mqtt="http://broker"), "mqtt://HOST"),
        (OutputSettings(mqtt="mqtt://"), "mqtt://HOST"),
        (OutputSettings(mqtt="mqtt://broker:port"), "[Pp]ort"),
        (OutputSettings(mqtt="mqtt://:secret@broker"), "needs a name"),
        (OutputSettings(mqtt="mqtt://broker", mqtt_topic="a/#"), "no \\+ and #"),
        (OutputSettings(mqtt="mqtt://me@broker", mqtt_password_file=Path("gone")), "cannot be read"),
        (OutputSettings(mqtt="mqtts://broker", mqtt_ca=Path("gone")), "no certificate"),
    ],
)
def test_settings_that_make_no_sense_are_said(settings: OutputSettings, says: str) -> None:
    from edgedigits.live.outputs.mqtt import Mqtt

    with pytest.raises(InputError, match=says) as raised:
        Mqtt(settings)
    assert "secret" not in str(raised.value)
