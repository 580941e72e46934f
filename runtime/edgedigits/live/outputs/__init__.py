"""Outputs: where moments go. One protocol, one file each; none of them can stop or delay the reading.

What an output needs of a moment is prepared in the watching thread, which is quick, and delivered in a thread of its
own. Between them is a short queue: where it is full, the oldest is dropped, since a late reading is worth nothing.
"""

from edgedigits.live.outputs.delivery import Delivery, Output
from edgedigits.live.outputs.json_lines import JsonLines
from edgedigits.live.outputs.snapshots import Snapshots
from edgedigits.live.outputs.terminal import Terminal
from edgedigits.live.outputs.webhook import Webhook

__all__ = ["Delivery", "JsonLines", "Output", "Snapshots", "Terminal", "Webhook"]
