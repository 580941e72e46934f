"""The systemd unit: a user of its own, a system that it cannot write to, and no connections but those configured."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

NAME = "edgedigits"
CAMERA_GROUP = "video"
"""Whose members may open cameras; the service is one, and reads its settings as such."""

_HOME_NETWORKS = ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "169.254.0.0/16", "fe80::/10", "fc00::/7")
_MULTICAST = ("224.0.0.0/4", "ff00::/8")
"""Where names that end in .local are asked for."""

_TEMPLATE = """\
# Written by `edgedigits service install`; settings are in {config}.
[Unit]
Description=edgedigits reads handwritten digits from a camera
Wants=network-online.target
After=network-online.target
StartLimitIntervalSec=0

[Service]
Type=notify
NotifyAccess=main
ExecStart={command} webcam --config {config}
# a reading loop that hangs is ended and started anew; one that waits for its camera goes on waiting
WatchdogSec=60
TimeoutStartSec=180
Restart=always
RestartSec=5

# a user of its own, who may open cameras and nothing else
DynamicUser=yes
User={name}
SupplementaryGroups={group}
CapabilityBoundingSet=
AmbientCapabilities=
NoNewPrivileges=yes
UMask=0077

# a system that is read only; what it keeps is in /var/lib/{name}, what it needs for a while in /var/cache/{name}
ProtectSystem=strict
ProtectHome=tmpfs
{visible}PrivateTmp=yes
StateDirectory={name}
CacheDirectory={name}
WorkingDirectory=%S/{name}
Environment=XDG_CACHE_HOME=%C/{name} HOME=%S/{name} ORT_DISABLE_TELEMETRY=1 PYTHONDONTWRITEBYTECODE=1
Environment=EDGEDIGITS_MODELS={models}

DevicePolicy=closed
DeviceAllow=char-video4linux rw
DeviceAllow=char-media rw
DeviceAllow=char-dma_heap rw
ProtectKernelTunables=yes
ProtectKernelModules=yes
ProtectKernelLogs=yes
ProtectControlGroups=yes
ProtectClock=yes
ProtectHostname=yes
ProtectProc=invisible
RemoveIPC=yes

# what it may ask of the kernel
RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6 AF_NETLINK
RestrictNamespaces=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
LockPersonality=yes
MemoryDenyWriteExecute=yes
SystemCallArchitectures=native
SystemCallFilter=@system-service
SystemCallFilter=~@privileged @obsolete
SystemCallErrorNumber=EPERM

# no connections but those that the settings ask for
{addresses}
[Install]
WantedBy=multi-user.target
"""


def render_unit(command: Path, config: Path, settings: Mapping[str, Any], *, prefix: Path, models: Path) -> str:
    """Return the unit's text.

    Args:
        command: the path of `edgedigits`.
        config: the settings file.
        settings: what it says, by the names that options have in Python.
        prefix: the folder that holds the environment, which the service has to see.
        models: the store of models, which it has to see as well.
    """
    in_homes = [path for path in dict.fromkeys((prefix, models)) if _in_home(path)]
    bind = "".join(f"BindReadOnlyPaths=-{path}\n" for path in in_homes)
    allowed = allowed_addresses(settings)
    addresses = "" if allowed is None else f"IPAddressDeny=any\nIPAddressAllow={' '.join(allowed)}\n"
    return _TEMPLATE.format(
        name=NAME,
        group=CAMERA_GROUP,
        command=command,
        config=config,
        visible=bind,
        models=models,
        addresses=addresses,
    )


def allowed_addresses(settings: Mapping[str, Any]) -> tuple[str, ...] | None:
    """Return the addresses that the service may speak with: those of what is configured.

    Args:
        settings: by the names that options have in Python.

    Returns:
        Addresses and networks as systemd takes them; None where anything may be asked, since a host of the internet is
        named whose address may change.

    Example:
        >>> allowed_addresses({"source": "0"})
        ('localhost',)
        >>> allowed_addresses({"source": "rtsp://192.168.0.9/stream"})
        ('localhost', '192.168.0.9')
    """
    allowed = ["localhost"]
    if settings.get("serve"):
        allowed += _HOME_NETWORKS
    for host in _hosts(settings):
        try:
            allowed.append(str(ipaddress.ip_address(host)))
        except ValueError:
            if "." in host and not host.endswith(".local"):
                return None
            allowed += (*_HOME_NETWORKS, *_MULTICAST)
    return tuple(dict.fromkeys(allowed))


def _hosts(settings: Mapping[str, Any]) -> Iterable[str]:
    for value in settings.values():
        if isinstance(value, str) and "://" in value:
            host = urlsplit(value).hostname
            if host and host != "localhost":
                yield host


def _in_home(path: Path) -> bool:
    return path.is_relative_to("/home") or path.is_relative_to("/root")
