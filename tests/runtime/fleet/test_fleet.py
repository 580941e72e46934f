"""A fleet at a real broker: three devices on this machine follow what is desired, and tell how they are."""

from __future__ import annotations

import functools
import http.server
import json
import shutil
import signal
import socket
import subprocess
import sys
import tarfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from edgedigits import InputError
from edgedigits.bundle import BUNDLED, MANIFEST, Bundle
from edgedigits.fleet import Desired, Health, Report, Stage
from edgedigits.models import Store
from edgedigits.models.store import digest_of
from tests.brokers import Listener, broker, free_port, needs_broker
from tests.commands import started
from tests.export.test_signing import Keys

EDGEDIGITS = (sys.executable, "-m", "edgedigits")
DEVICES = ("kitchen", "garage", "attic")
PATIENCE = 300

pytest.importorskip("model_signing", reason="needs the extra `verify`")


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Keys:
    return Keys(tmp_path_factory.mktemp("keys") / "ours")


@pytest.fixture(scope="module")
def offered(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that a web server offers."""
    return tmp_path_factory.mktemp("offered")


@pytest.fixture(scope="module")
def address(offered: Path) -> Iterator[str]:
    class Silent(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *_: Any) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Silent, directory=str(offered))) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def publish(archive: Path, key: Path | None, temperature: float, version: str) -> str:
    """Offer the bundled model as another one; return the digest of its manifest."""
    from edgedigits_export.publish.signing import sign_bundle

    folder = archive.with_suffix("") / "bundle"
    shutil.copytree(BUNDLED, folder)
    manifest = json.loads((folder / MANIFEST).read_text())
    (folder / MANIFEST).write_text(json.dumps({**manifest, "temperature": temperature, "version": version}))
    if key is not None:
        sign_bundle(folder, key)
    with tarfile.open(archive, "w:gz") as tar:
        tar.add(folder, "bundle")
    digest = digest_of(folder)
    shutil.rmtree(folder.parent)
    return digest


def fleet(port: int, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
    command = [*EDGEDIGITS, "fleet", *arguments, "--mqtt", f"mqtt://127.0.0.1:{port}"]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=PATIENCE)


@contextmanager
def device(name: str, port: int, folder: Path, *options: str | Path) -> Iterator[subprocess.Popen[str]]:
    """A device of the fleet: an agent with a store of its own."""
    command = [*EDGEDIGITS, "fleet", "follow", "--device", name, "--mqtt", f"mqtt://127.0.0.1:{port}", *options]
    with started(command, EDGEDIGITS_MODELS=str(folder / name)) as run:
        yield run
        run.send_signal(signal.SIGTERM)


def wait_for(listener: Listener, name: str, holds: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
    """Wait until a device reports what holds, and return the report."""
    topic = f"edgedigits/fleet/{name}/reported"
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until:
        for heard, content, _ in list(listener.heard):
            if heard == topic and holds(json.loads(content)):
                return dict(json.loads(content))
        time.sleep(0.05)
    pytest.fail(f"{name} never reported that: {listener.heard}")


@needs_broker
def test_three_devices_follow_a_signed_model(keys: Keys, offered: Path, address: str, tmp_path: Path) -> None:
    digest = publish(offered / "first.tar.gz", keys.private, 1.1, "1.4")
    port, url = free_port(), f"{address}/first.tar.gz"
    kept = ("persistence true", f"persistence_location {tmp_path}/", "allow_anonymous true", "autosave_interval 1")
    secured = ("--verify", keys.public, "--at-least", "1.4")
    with broker(tmp_path, port, *kept) as running:
        assert fleet(port, "list").returncode == 3, "there are none"
        wanted = fleet(port, "want", url, *DEVICES, "--verify", keys.public)
        assert wanted.returncode == 0, wanted.stderr
        assert digest[:12] in wanted.stdout
        with (
            closing(Listener(port)) as listener,
            device("kitchen", port, tmp_path, *secured) as kitchen,
            device("garage", port, tmp_path, *secured),
            device("attic", port, tmp_path, *secured) as attic,
        ):
            for name in DEVICES:
                told = wait_for(listener, name, lambda report: report["stage"] == "reached")
                assert (told["model"], told["version"], told["error"]) == (digest[:12], "1.4", "")
                assert told["health"]["reads"] is True
                in_use = Store(tmp_path / name).current()
                assert in_use is not None
                assert digest_of(in_use) == digest
            listed = fleet(port, "list", "--json")
            assert listed.returncode == 0, listed.stdout
            assert [(row["device"], row["online"], row["well"]) for row in json.loads(listed.stdout)] == [
                (name, True, True) for name in sorted(DEVICES)
            ]

            attic.send_signal(signal.SIGKILL)
            listener.wait_for("edgedigits/fleet/attic/availability", "offline")
            assert fleet(port, "list").returncode == 3, "one is away"
            kitchen.send_signal(signal.SIGTERM)
            listener.wait_for("edgedigits/fleet/kitchen/availability", "offline")
            assert kitchen.wait(PATIENCE) == 0

            # the broker goes, and knows after its return what was desired; the device comes back by itself
            time.sleep(1.5)
            running.terminate()
            running.wait()
            listener.forget()
            with broker(tmp_path, port, *kept), closing(Listener(port)) as latecomer:
                latecomer.wait_for("edgedigits/fleet/kitchen/desired")
                listener.wait_for("edgedigits/fleet/garage/availability", "online")
                wait_for(listener, "garage", lambda report: report["stage"] == "reached")


@needs_broker
def test_what_must_not_be_used_is_reported_and_the_model_in_use_stays(
    keys: Keys, offered: Path, address: str, tmp_path: Path
) -> None:
    port = free_port()
    signed = publish(offered / "signed.tar.gz", keys.private, 1.2, "1.4")
    old = publish(offered / "old.tar.gz", keys.private, 1.3, "1.3")
    foreign = publish(offered / "foreign.tar.gz", Keys(tmp_path / "theirs").private, 1.4, "1.5")
    unsigned = publish(offered / "unsigned.tar.gz", None, 1.5, "1.5")
    topic = "edgedigits/fleet/shed/desired"
    with (
        broker(tmp_path, port),
        closing(Listener(port)) as listener,
        device("shed", port, tmp_path, "--verify", keys.public, "--at-least", "1.4"),
    ):
        wait_for(listener, "shed", lambda report: report["stage"] == "unasked" and report["model"] == "bundled")
        assert fleet(port, "want", f"{address}/signed.tar.gz", "shed", "--verify", keys.public).returncode == 0
        wait_for(listener, "shed", lambda report: report["stage"] == "reached")
        for payload, says in [
            (Desired(old, f"{address}/old.tar.gz").as_json(), "has version 1.3, and 1.4 at least"),
            (Desired(foreign, f"{address}/foreign.tar.gz").as_json(), "is not the one that the owner of"),
            (Desired(unsigned, f"{address}/unsigned.tar.gz").as_json(), "is not signed"),
            (Desired("0" * 64, f"{address}/signed.tar.gz").as_json(), "is not the model that was asked for"),
            (Desired("0" * 64, f"{address}/gone.tar.gz").as_json(), "cannot be fetched"),
            ('{"sha256": 1}', "is not understood"),
            ("no JSON", "is no JSON"),
        ]:
            listener.forget()
            listener.client.publish(topic, payload, qos=1, retain=True)
            told = wait_for(listener, "shed", lambda report: report["stage"] == "failed")
            assert says in told["error"]
            assert told["model"] == signed[:12]
        assert "is no JSON" in fleet(port, "list").stdout
        listener.forget()
        assert fleet(port, "want", "bundled", "shed").returncode == 0
        wait_for(listener, "shed", lambda report: report["stage"] == "reached" and report["model"] == "bundled")
        assert Store(tmp_path / "shed").current() is None


@needs_broker
def test_two_devices_of_one_name_say_so_and_leave_each_other_connected(tmp_path: Path) -> None:
    """As a card and its copy are: the same host name, and so the same name in the fleet."""
    port, log = free_port(), tmp_path / "broker.log"
    with (
        broker(tmp_path, port, "allow_anonymous true", f"log_dest file {log}", "log_type all"),
        closing(Listener(port)) as listener,
    ):
        with device("twin", port, tmp_path / "first", "--every", "2") as first:
            alone = wait_for(listener, "twin", lambda report: not report["shared_with"])
            with device("twin", port, tmp_path / "second", "--every", "2") as second:
                wait_for(listener, "twin", lambda report: report["run"] == alone["run"] and report["shared_with"])
                told = wait_for(
                    listener, "twin", lambda report: report["run"] != alone["run"] and report["shared_with"]
                )
                assert told["shared_with"] == alone["host"] == socket.gethostname()
                listed = fleet(port, "list")
                assert listed.returncode == 3
                assert f"another on {socket.gethostname()} has the same name: give each its own" in listed.stdout
                time.sleep(5)  # some reports of each
                for run in (first, second):
                    assert run.stderr is not None
                    said = next(line for line in run.stderr if line.startswith("Another "))
                    assert f"`edgedigits fleet follow`, on {socket.gethostname()}, reports as twin too: end one" in said
            # the second one's goodbye is not the first one's
            listener.forget()
            wait_for(listener, "twin", lambda report: report["run"] == alone["run"] and not report["shared_with"])
            listed = fleet(port, "list")
            assert listed.stdout.startswith("twin  online")
            assert listed.returncode == 0
        assert log.read_text().count("as edgedigits_") == 2, "each came once and stayed"


@needs_broker
def test_what_could_not_be_had_is_tried_again(
    offered: Path, address: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from edgedigits.brokers import Broker
    from edgedigits.fleet.agent import Agent
    from edgedigits.fleet.following import Follower

    monkeypatch.setattr("edgedigits.fleet.agent._PAUSES", (0.05, 0.2))
    monkeypatch.setattr(Follower, "examine", lambda _: Health(True))
    # the web server of this test speaks plain http, which is for signed bundles
    monkeypatch.setattr("edgedigits.models.fetching.urlsplit", _https)
    port = free_port()
    store = Store(tmp_path / "models")
    lines: list[str] = []
    with broker(tmp_path, port), closing(Listener(port)) as listener:
        agent = Agent(
            Broker.parse(f"mqtt://127.0.0.1:{port}"),
            "edgedigits/fleet/late",
            Follower(store, lambda folder: Bundle.load(folder).verify()),
            log=lines.append,
        )
        thread = threading.Thread(target=agent.run)
        thread.start()
        try:
            digest = publish(tmp_path / "late.tar.gz", None, 1.6, "2")
            desired = Desired(digest, f"{address}/late.tar.gz")
            listener.wait_for("edgedigits/fleet/late/availability", "online")
            listener.client.publish("edgedigits/fleet/late/desired", desired.as_json(), qos=1, retain=True)
            wait_for(listener, "late", lambda report: "cannot be fetched" in report["error"])
            shutil.move(tmp_path / "late.tar.gz", offered / "late.tar.gz")
            wait_for(listener, "late", lambda report: report["stage"] == "reached")
        finally:
            agent.stop()
            thread.join(PATIENCE)
    assert store.current() is not None
    assert len([line for line in lines if "cannot be fetched" in line]) == 1, "not once for each try"


def _https(url: str) -> Any:
    from urllib.parse import urlsplit

    return urlsplit(url.replace("http://", "https://"))


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (["want", "README.md", "kitchen"], 2, "is no address"),
        (["want", "bundled"], 2, "Missing argument 'DEVICE...'"),
        (["want", "bundled", "kitchen/sink"], 2, "a name has no / in it"),
        (["want", "bundled", "+"], 2, "a topic has no + and #"),
        (["want", "bundled", "kitchen"], 1, "cannot be reached on port"),
        (["list"], 1, "cannot be reached on port"),
        (["list", "--topic", "#"], 2, "--topic '#': a topic has no + and #"),
        (["follow", "--verify", "gone.pub"], 2, "--verify gone.pub cannot be read"),
        (["follow", "--device", ""], 2, "is not empty"),
    ],
)
def test_wrong_inputs_end_with_a_line(arguments: list[str], code: int, says: str) -> None:
    run = fleet(free_port(), *arguments)
    assert run.returncode == code
    assert says in run.stderr
    assert run.stderr.count("\n") == 1


def test_messages_come_back_as_they_were_sent() -> None:
    report = Report(
        Stage.FAILED, "0123", None, "no room", Health(False, "crashed", 80.5, ("too hot",), 5), "0.1.0", "2026"
    )
    assert Report.parse(report.as_json().encode()) == report
    healthy = replace(report, stage=Stage.REACHED, error="", health=Health(True))
    assert Report.parse(healthy.as_json().encode()) == healthy
    for desired in (Desired(), Desired("a" * 64, "https://example.com/digits.tar.gz")):
        assert Desired.parse(desired.as_json().encode()) == desired
    assert Desired.parse(b" ") is None


@pytest.mark.parametrize(
    "payload",
    [
        b"\xff",
        b"[]",
        b"7",
        b"{}",
        b'{"sha256": "abc", "source": "https://example.com"}',
        b'{"sha256": "%s"}' % (b"a" * 64),
        b'{"sha256": "%s", "source": "/etc/passwd"}' % (b"a" * 64),
        b'{"sha256": "%s", "source": "file:///etc/passwd"}' % (b"a" * 64),
        b'{"sha256": "%s", "source": "https://[::1"}' % (b"a" * 64),
        b"[" * 100_000,
    ],
)
def test_messages_that_make_no_sense_are_refused(payload: bytes) -> None:
    with pytest.raises(InputError):
        Desired.parse(payload)
    with pytest.raises(InputError):
        Report.parse(payload)
