"""Addresses as they may be shown."""

from __future__ import annotations

import re


def masked(text: str) -> str:
    """Return a URL without its password, for people and logs.

    Example:
        >>> masked("rtsp://me:secret@camera/live?token=abc")
        'rtsp://me:***@camera/live?token=***'
    """
    # up to the last @ of the authority: passwords may hold one themselves
    text = re.sub(r"(\w+://[^:/?#@\s]*):[^/?#\s]*@", r"\1:***@", text)
    return re.sub(r"([?&](?:pass(?:word|wd)?|pwd|token|auth|key|secret)=)[^&#\s]*", r"\1***", text, flags=re.IGNORECASE)
