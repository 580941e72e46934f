"""Telemetry: none. What libraries would send home, or keep to send it, is switched off before they are imported."""

from __future__ import annotations

import os


def switch_telemetry_off() -> None:
    """Let ONNX Runtime neither keep a device's identity nor look up its maker's collector.

    From 1.29 on it does both as soon as it is imported, unless this variable says otherwise. One that the user has set
    stays as it is.
    """
    os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")
