"""A service that stays: a hardened systemd unit, its settings in one file, and a watchdog fed by the reading loop."""

from edgedigits.service.notify import Notifier
from edgedigits.service.settings_file import ServiceFile, write_template
from edgedigits.service.unit import allowed_addresses, render_unit

__all__ = ["Notifier", "ServiceFile", "allowed_addresses", "render_unit", "write_template"]
