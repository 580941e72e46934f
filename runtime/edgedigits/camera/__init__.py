"""Frames in: from a camera, a video file or a stream."""

from edgedigits.camera.sources import CameraError, Frame, FrameSource, open_source

__all__ = ["CameraError", "Frame", "FrameSource", "open_source"]
