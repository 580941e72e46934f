"""Encoded images: read from a file, a pipe or bytes, held against the limits, and decoded."""

from __future__ import annotations

import ctypes
import os
import re
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import numpy.typing as npt

from edgedigits.errors import InputError
from edgedigits.heic import decode_heic
from edgedigits.image_headers import Header, read_header
from edgedigits.image_kinds import identify
from edgedigits.native_output import catch_stderr

MAX_PIXELS = 100_000_000
"""Pixels: larger encoded images are refused before they are decoded; no phone's usual photo is as large."""

MAX_MEMORY = 140_000_000
"""Bytes that an encoded image and its decoding may take: with Python, OpenCV, an engine and what reading took before,
the process stays below 300 MB, which a Raspberry Pi Zero 2 has to spare."""

_BYTES_OF_PIXEL = 8
"""What an honest pixel takes at the most: 16 bits of red, green, blue and alpha."""
_MOST_SCANS = 100
"""Progressive scans of a JPEG: encoders write about ten, each costs as much time as a whole image."""
_WORTH_TRIMMING = 50_000_000
"""Bytes that are about to be taken, for which freed memory is given back first, which takes milliseconds."""
_SMALL = 2_000_000
"""Pixels: what OpenCV returns of a larger image is worth not being copied once more."""


@dataclass(frozen=True)
class EncodedImage:
    """An image as it lay in a file or came through a pipe.

    Attributes:
        content: the whole file.
        name: what error messages call it.
    """

    content: bytes | bytearray
    name: str


Encoded = str | os.PathLike[str] | bytes | bytearray | memoryview | EncodedImage
"""A path, or an encoded image."""


@dataclass(frozen=True)
class Limits:
    """How large an encoded image may be; it is refused before anything is decoded.

    Attributes:
        pixels: width × height.
        memory: bytes that the file and its decoding may take together.
    """

    pixels: int = MAX_PIXELS
    memory: int = MAX_MEMORY

    @classmethod
    def of(cls, pixels: int, memory: int | None) -> Limits:
        """Return these limits; None for `MAX_MEMORY`, or, where more pixels than usual are allowed, what they take."""
        if memory is None:
            memory = MAX_MEMORY if pixels <= MAX_PIXELS else _BYTES_OF_PIXEL * pixels
        return cls(pixels, memory)


@dataclass(frozen=True)
class Demand:
    """What is wanted of an encoded image.

    Attributes:
        colour: BGR instead of grey levels.
        enough: pixels of the longer side below which a JPEG is not decoded at a part of its size; None for any.
    """

    colour: bool
    enough: int | None = None

    def shrink(self, header: Header) -> int:
        """Return by how much the sides are divided while the image is decoded."""
        if header.format != "JPEG" or self.enough is None:
            return 1
        return next((by for by in (8, 4, 2) if max(header.width, header.height) >= by * self.enough), 1)


class OpenImage:
    """An encoded image that is within the limits, ready to be decoded.

    Attributes:
        name: what error messages call it.
        header: what it says of itself.
    """

    def __init__(self, name: str, header: Header, demand: Demand, read: Callable[[int], Any], needs: int) -> None:
        self.name, self.header, self._demand, self._read, self._needs = name, header, demand, read, needs

    def decode(self) -> tuple[npt.NDArray[Any], bool]:
        """Decode the image.

        Returns:
            The pixels, (H, W), or (H, W, C) in BGR or BGRA, of any type, turned as the file says; and whether the
            decoder complained of missing or wrong data.

        Raises:
            InputError: it is damaged beyond decoding.
        """
        import cv2

        warnings = ""
        try:
            for mode in self._modes():
                # native code calls nothing back: only the descriptor of the file is needed
                pixels, text = catch_stderr(partial(self._read, mode), self._needs)
                warnings += text
                if pixels is not None and (mode != cv2.IMREAD_UNCHANGED or _only_so(pixels)):
                    break
                pixels = None
        except (cv2.error, MemoryError):
            pixels = None
        if pixels is None or pixels.size == 0:
            raise InputError(
                f"{self.name}: not an image that can be read: this {self.header.format} is damaged, or of a kind that"
                " OpenCV does not decode; copy it again, or save it anew as PNG or JPEG."
            )
        return pixels, _tells_of_damage(warnings)

    def _modes(self) -> Iterator[int]:
        import cv2

        if self.header.transparent or self.header.real:
            # the other modes turn the image as EXIF says, and palettes and CMYK into BGR, but drop transparency
            yield cv2.IMREAD_UNCHANGED
        if self.header.format == "HEIC":
            yield cv2.IMREAD_COLOR
        elif self.header.format != "JPEG":
            yield (cv2.IMREAD_COLOR if self._demand.colour else cv2.IMREAD_GRAYSCALE) | cv2.IMREAD_ANYDEPTH
        elif self._demand.colour:
            yield cv2.IMREAD_COLOR
        else:
            yield {
                8: cv2.IMREAD_REDUCED_GRAYSCALE_8,
                4: cv2.IMREAD_REDUCED_GRAYSCALE_4,
                2: cv2.IMREAD_REDUCED_GRAYSCALE_2,
                1: cv2.IMREAD_GRAYSCALE,
            }[self._demand.shrink(self.header)]


@contextmanager
def open_image(source: Encoded, limits: Limits, demand: Demand) -> Iterator[OpenImage]:
    """Open an encoded image, for the length of a `with` block, if reading it takes no more than it may.

    What is decoded is what was checked: a file is read once, and of a PNG only the chunks that its pixels need.

    Raises:
        InputError: it cannot be read, is no image, not whole, or too large.
    """
    with ExitStack() as stack:
        yield _opened(source, limits, demand, stack)


def _opened(source: Encoded, limits: Limits, demand: Demand, stack: ExitStack) -> OpenImage:
    image = _encoded(source, limits)
    name, content = image.name, image.content
    header = _checked_header(image, limits)
    parts = header.parts or (slice(0, len(content)),)
    kept = sum(part.stop - part.start for part in parts)
    large = header.pixels > _SMALL and header.format != "HEIC"
    held = isinstance(source, EncodedImage | bytes | bytearray)
    file = len(content) + (kept if held or (kept < len(content) and not large) else 0)
    descriptor = _memory_file() if large else None
    needed = _decoding_takes(header, demand, copied=descriptor is None and header.format != "HEIC") + file
    if needed > limits.memory:
        if descriptor is not None:
            os.close(descriptor)
        raise InputError(
            f"{name}: reading its {header.width} × {header.height} pixels takes {_megabytes(needed)}, more than the"
            f" {_megabytes(limits.memory)} allowed; shrink the image, or raise the limit (--max-megapixels above"
            f" {MAX_PIXELS / 1e6:.0f}) if you trust it."
        )
    if needed > _WORTH_TRIMMING:
        _give_back_free_memory()
    if header.format == "HEIC":
        return OpenImage(name, header, demand, lambda _: decode_heic(content), needs=2)
    if descriptor is None:
        whole = content if kept == len(content) else b"".join(content[part] for part in parts)
        return OpenImage(name, header, demand, _from_memory(whole), needs=2)
    stack.callback(os.close, descriptor)
    view = memoryview(content)
    for part in parts:
        _write(descriptor, view[part])
    return OpenImage(name, header, demand, partial(_decode_file, f"{_OWN_FILES}/{descriptor}"), needs=descriptor)


def _decoding_takes(header: Header, demand: Demand, copied: bool) -> int:
    """Return the bytes that the decoder and its result take, and what is made of the result."""
    if header.transparent or header.real or header.format == "HEIC":
        each = max(header.samples, 4 if header.transparent else 1) * header.depth
    else:
        each = (3 if demand.colour else 1) * header.depth
    returned = header.pixels * each // demand.shrink(header) ** 2
    converted = 3 * header.pixels if demand.colour and each != 3 else 0
    return header.room + returned * max(1 + header.turned, 1 + copied) + converted


_OWN_FILES = "/proc/thread-self/fd"


def _memory_file() -> int | None:
    """Return the descriptor of a file that lies in memory and that can be opened by name; None where there is none.

    OpenCV copies what it decodes from bytes, but not what it decodes from a file, into an array of its own.
    """
    if not hasattr(os, "memfd_create") or not Path(_OWN_FILES).is_dir():
        return None
    return os.memfd_create("edgedigits")


def _give_back_free_memory() -> None:
    """Let the system have what earlier readings freed and the C library kept, where that is glibc."""
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None) if sys.platform.startswith("linux") else None
    if trim is not None:
        trim(0)


def _write(descriptor: int, view: memoryview) -> None:
    while view:
        view = view[os.write(descriptor, view) :]


def _from_memory(content: bytes | bytearray) -> Callable[[int], Any]:
    import cv2

    return partial(cv2.imdecode, np.frombuffer(content, np.uint8))


def _decode_file(path: str, mode: int) -> npt.NDArray[Any] | None:
    """Decode a file into an array of its own: what OpenCV returns otherwise has been copied once more."""
    import cv2

    try:
        pixels = cv2.imread(path, None, mode)
    except cv2.error:  # OpenCV before 4.11 cannot, or the file is damaged
        pixels = None
    return cv2.imread(path, mode) if pixels is None or pixels.size == 0 else pixels


def _only_so(pixels: npt.NDArray[Any]) -> bool:
    """Tell whether pixels are such as are given only when they are asked for unchanged."""
    return pixels.dtype.kind == "f" or pixels.shape[2:] == (4,)


_DAMAGE = re.compile(r"premature end|bad Huffman code|bad arithmetic code|instead of RST|TIFF_Error", re.IGNORECASE)
_EXTRANEOUS = re.compile(r"(\d+) extraneous bytes before marker")
_FEW = 16
"""Bytes too many in a JPEG: some cameras write a few before the end, which mean nothing."""


def _tells_of_damage(warnings: str) -> bool:
    """Tell whether what a decoder wrote to stderr says that data are missing or wrong."""
    return bool(_DAMAGE.search(warnings)) or any(int(many) > _FEW for many in _EXTRANEOUS.findall(warnings))


def _encoded(source: Encoded, limits: Limits) -> EncodedImage:
    if isinstance(source, EncodedImage):
        return source
    if isinstance(source, bytes | bytearray):
        return EncodedImage(source, "the bytes")
    if isinstance(source, memoryview):
        return EncodedImage(source.tobytes(), "the bytes")
    path = Path(source)
    try:
        with path.open("rb") as file:
            return read_encoded(file, str(path), limits.pixels, limits.memory)
    except FileNotFoundError:
        raise InputError(f"{path} does not exist; check the spelling.") from None
    except IsADirectoryError:
        raise InputError(f"{path} is a folder; name an image in it.") from None
    except OSError as error:
        raise InputError(f"{path} cannot be read ({error.strerror}); check its permissions.") from error
    except ValueError as error:  # a null byte in the path
        raise InputError(f"{str(path)!r} is no path ({error}).") from None


def read_encoded(
    file: BinaryIO, name: str, max_pixels: int = MAX_PIXELS, max_memory: int | None = None
) -> EncodedImage:
    """Read an encoded image from an open file, and no more than may be kept of it.

    What does not begin like an image is not read any further, so that devices and endless streams are refused at once.

    Raises:
        InputError: it is empty, no image, or too long.
    """
    most = min(Limits.of(max_pixels, max_memory).memory, max(_BYTES_OF_PIXEL * max_pixels, 1 << 20))
    content = bytearray(file.read(64))
    if content and not _may_be_image(content):
        raise _no_image(name, content)
    while piece := file.read(1 << 20):
        content += piece
        if len(content) > most:
            raise InputError(
                f"{name}: the file is too large (more than {_megabytes(most)}); shrink the image, or raise the limit"
                " (--max-megapixels) if you trust it."
            )
    return EncodedImage(content, name)


def _may_be_image(start: bytes | bytearray) -> bool:
    kind = identify(start)
    return kind is not None and kind.readable


def _checked_header(image: EncodedImage, limits: Limits) -> Header:
    name = image.name
    if not image.content:
        raise InputError(f"{name}: the file is empty (0 bytes); save or copy it again.")
    header = read_header(image.content)
    if header is None:
        raise _no_image(name, image.content[:64])
    if not header.whole:
        raise InputError(f"{name}: the image is cut short, its end is missing; copy or save it again.")
    if header.pixels > limits.pixels:
        raise InputError(
            f"{name}: {header.width} × {header.height} pixels need room for {_mega(header.pixels)}, more than the"
            f" {_mega(limits.pixels)} allowed; shrink the image, or raise the limit (--max-megapixels) if you trust it."
        )
    if header.scans > _MOST_SCANS:
        raise InputError(f"{name}: a JPEG in {header.scans} scans, made to take time; save the image anew.")
    return header


def _mega(pixels: int) -> str:
    return f"{pixels / 1e6:,.6g} megapixel{'' if pixels == 1_000_000 else 's'}"


def _megabytes(size: int) -> str:
    return f"{size / 1e6:,.3g} MB" if size < 999_500_000 else f"{size / 1e6:,.0f} MB"


def _no_image(name: str, start: bytes | bytearray) -> InputError:
    kind = identify(start)
    if kind is not None and not kind.readable:
        return InputError(f"{name}: not an image that can be read but {kind.name}; {kind.advice}.")
    if kind is not None:
        return InputError(
            f"{name}: not an image that can be read: it begins like {kind.name} and is damaged, or of an unusual build;"
            " copy it again, or save it anew as PNG or JPEG."
        )
    return InputError(f"{name}: not an image that can be read; use a PNG, JPEG, BMP, TIFF, WebP, AVIF or HEIC file.")
