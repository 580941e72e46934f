"""What is said at the broker, as values and as JSON."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from enum import Enum
from typing import Any
from urllib.parse import urlsplit

from edgedigits.errors import InputError

TOPIC = "edgedigits/fleet"
"""Under which the devices are, each with a topic of its own."""

BUNDLED = "bundled"
"""Stands for the model inside the package."""

_LONGEST = 2_000


@dataclass(frozen=True)
class Desired:
    """What a device shall read with.

    Attributes:
        sha256: of the bundle's manifest, which holds the digests of its files; None for the bundled model.
        source: the address that the bundle is fetched from; "" for the bundled model.

    Raises:
        InputError: the digest or the address is none.

    Example:
        >>> Desired("0" * 64, "https://example.com/digits.tar.gz").name
        '000000000000'
    """

    sha256: str | None = None
    source: str = ""

    def __post_init__(self) -> None:
        if self.sha256 is None:
            return
        if not re.fullmatch("[0-9a-f]{64}", self.sha256):
            raise InputError(f"{self.sha256[:80]!r} is no SHA-256; `edgedigits fleet want` writes what is understood.")
        try:
            parts = urlsplit(self.source)
        except ValueError:
            parts = urlsplit("")
        if parts.scheme not in ("https", "http") or not parts.hostname or len(self.source) > _LONGEST:
            raise InputError(
                f"{self.source[:80]!r} is no address that a device can fetch a bundle from; write"
                " https://example.com/digits.tar.gz."
            )

    @property
    def name(self) -> str:
        """What the store of a device calls it."""
        return BUNDLED if self.sha256 is None else self.sha256[:12]

    def as_json(self) -> str:
        """Return it as it stands at the broker."""
        return json.dumps({"sha256": self.sha256, "source": self.source})

    @classmethod
    def parse(cls, payload: bytes) -> Desired | None:
        """Return what a message asks for; None for an empty one, which takes the wish back.

        Raises:
            InputError: it asks for nothing that is understood.
        """
        if not payload.strip():
            return None
        told = _table(payload)
        sha256, source = told.get("sha256"), told.get("source", "")
        if not isinstance(sha256, (str, type(None))) or not isinstance(source, str) or "sha256" not in told:
            raise InputError('What is desired is not understood; it is {"sha256": "…", "source": "https://…"}.')
        return cls(sha256, source)


class Stage(Enum):
    """How far a device is with what is desired."""

    UNASKED = "unasked"
    """Nothing is desired of it."""
    INSTALLING = "installing"
    REACHED = "reached"
    FAILED = "failed"
    """It reads with what it had."""


@dataclass(frozen=True)
class Health:
    """How a device is.

    Attributes:
        reads: whether `edgedigits predict` reads the photo that comes with the package, with the model in use.
        failure: why it does not; "" where it does.
        temperature: of the processor, in degrees Celsius; None where the system does not tell.
        slowed: what slows the board down now, such as "under-voltage".
        memory: bytes that a new program can have; None where the system does not tell.
    """

    reads: bool
    failure: str = ""
    temperature: float | None = None
    slowed: tuple[str, ...] = ()
    memory: int | None = None


@dataclass(frozen=True)
class Report:
    """What a device tells of itself.

    Attributes:
        stage: how far it is with what is desired.
        model: that it reads with, by the name in its store; "bundled" for the one inside the package.
        version: of that model, as its publisher counts; None where it has none.
        error: why what is desired was not reached; "" where it was.
        health: how it is.
        edgedigits: version of the program.
        at: when this was said, in UTC, such as "2026-11-30T21:00:00+00:00".
        host: the machine that says it; "" where it does not tell.
        run: of the agent that says it, different at each start; "" where it does not tell.
        shared_with: the machine of another agent that reports under the same name; "" where there is none.
    """

    stage: Stage
    model: str
    version: str | None
    error: str
    health: Health
    edgedigits: str
    at: str
    host: str = ""
    run: str = ""
    shared_with: str = ""

    def as_json(self) -> str:
        """Return it as it stands at the broker."""
        return json.dumps({**asdict(self), "stage": self.stage.value})

    @classmethod
    def parse(cls, payload: bytes) -> Report:
        """Return what a message tells.

        Raises:
            InputError: it is no report.
        """
        told = _table(payload)
        try:
            health = Health(**{**told["health"], "slowed": tuple(told["health"].get("slowed", ()))})
            return cls(**{**told, "stage": Stage(told["stage"]), "health": health})
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise InputError("The report is not understood; does the device run the same version?") from error


def _table(payload: bytes) -> Mapping[str, Any]:
    try:
        told = json.loads(payload.decode())
    except (ValueError, RecursionError) as error:
        raise InputError("The message is no JSON; `edgedigits fleet want` writes what is understood.") from error
    if not isinstance(told, dict):
        raise InputError("The message is no JSON object; `edgedigits fleet want` writes what is understood.")
    return told
