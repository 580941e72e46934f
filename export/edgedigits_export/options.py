"""What is chosen about an export."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from edgedigits.errors import InputError
from edgedigits.manifest import parse_version
from edgedigits_export.check.targets import Target
from edgedigits_export.check.trial import CheckedFile
from edgedigits_export.convert.formats import FORMATS, USUAL, Format
from edgedigits_export.convert.mixing import AUTO, Mixture, check_layers, keep_layers, keep_worst
from edgedigits_export.publish.layouts import Layout
from edgedigits_export.publish.signing import check_key


@dataclass(frozen=True)
class ExportOptions:
    """What an export makes of a model, and how.

    Attributes:
        formats: what to make, the preferred ones first.
        interpreters: Python interpreters of other environments with edgedigits, whose engines are to be tried too.
        layouts: in which other forms files are to be laid into the bundle.
        allowed: formats that are published even if the gate holds something against them, which the manifest records.
        target: the device that the bundle is for; what cannot run there is refused, as far as possible before
            anything is converted. None for any device.
        compare_draws: make the 8-bit formats twice more, from halves of the calibration images, to tell how much they
            hang on these; what is published stays the same.
        keep_float: names of layers that stay in float in the 8-bit formats which can mix; or "auto" alone, for the
            worst layers of each file that is not good without (`mixing.keep_worst`).
        force: convert and score everything anew, though nothing has changed since an earlier export.
        key: file of a private key (PEM) that the bundle is signed with; None to leave it unsigned.
        version: of the bundle, such as "1.4", by which devices refuse older ones; None for none.
        page: folder of a trained page network that joins the bundle; None for none.
        keep_page: without `page`, let the page network of the bundle that is replaced join it, or else the runtime's,
            where the model tells the ten digits.
        html: write report.html, which shows the evaluation images whose answers changed.

    Example:
        >>> ExportOptions(version="1.4").formats[0].name
        'onnx-int8'
    """

    formats: Sequence[Format] = USUAL
    interpreters: Sequence[Path] = ()
    layouts: Sequence[Layout] = ()
    allowed: Sequence[Format] = ()
    target: Target | None = None
    compare_draws: bool = False
    keep_float: Sequence[str] = ()
    force: bool = False
    key: Path | None = None
    version: str | None = None
    page: Path | None = None
    keep_page: bool = False
    html: bool = True

    def check(self) -> None:
        """Refuse what cannot be made of any model, before anything is converted.

        Raises:
            InputError: the version is none, a layout needs a format that is not made, a format cannot run on the
                target, or the key cannot sign.
        """
        if self.version is not None and parse_version(self.version) is None:
            raise InputError(
                f"{self.version!r} is no version of a bundle; write numbers with dots between them, such as 1.4."
            )
        made = {format.name for format in self.formats}
        for layout in self.layouts:
            if layout.format not in made:
                raise InputError(f"The layout {layout.name} needs the format {layout.format}; add it to --formats.")
        if self.target:
            self.target.check_formats(self.formats)
        if self.key:
            check_key(self.key)

    def check_kept(self, layers: Sequence[str]) -> None:
        """Refuse layers to be kept in float that a model does not have, or that no format can keep.

        Args:
            layers: names of the model's layers with weights.

        Raises:
            InputError: says which.
        """
        if not self.keep_float:
            return
        if not any(format.with_float_layers for format in self.formats):
            able = ", ".join(format.name for format in FORMATS.values() if format.with_float_layers)
            raise InputError(f"--keep-float is for {able}, and none of them is made; add one to --formats.")
        if not self.keeps_worst:
            check_layers(self.keep_float, layers)

    @property
    def keeps_worst(self) -> bool:
        """Whether the worst layers of each file stay in float, where it is not good without."""
        return tuple(self.keep_float) == (AUTO,)

    def mixture_of(self, format: Format) -> Mixture[CheckedFile]:
        """Return what makes a file of a format, with the layers in float that are to be."""
        if not format.with_float_layers:
            return keep_layers(())
        return keep_worst if self.keeps_worst else keep_layers(self.keep_float)
