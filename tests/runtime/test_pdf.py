"""PDF documents: their pages are read as pictures, where the extra is installed."""

from __future__ import annotations

import io
import json
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

from edgedigits.cli import run
from edgedigits.errors import InputError
from edgedigits.pdf import pdf_pages
from tests.runtime.samples import draw_text


@pytest.fixture(scope="module")
def document(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A document of two pages, which say 7 and 42."""
    path = tmp_path_factory.mktemp("documents") / "two pages.pdf"
    first, second = (Image.fromarray(draw_text(text)).convert("RGB") for text in ("7", "42"))
    first.save(path, save_all=True, append_images=[second])
    return path


def test_every_page_is_read(document: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("pypdfium2", reason="the extra pdf is not installed")
    assert run(["predict", str(document), "--save-dir", str(tmp_path)]) == 0
    assert capfd.readouterr().out == f"{document}#page=1: 7\n{document}#page=2: 42\n"
    assert {path.name for path in tmp_path.iterdir()} == {"two-pages-page-1.png", "two-pages-page-2.png"}
    assert run(["predict", str(document.parent)]) == 0


def test_a_document_comes_on_standard_input_as_well(document: Path) -> None:
    pytest.importorskip("pypdfium2", reason="the extra pdf is not installed")
    command = [sys.executable, "-m", "edgedigits", "predict", "-", "--format", "json"]
    done = subprocess.run(command, input=document.read_bytes(), capture_output=True, check=False)
    rows = [(row["path"], row["text"]) for row in json.loads(done.stdout)]
    assert rows == [("standard input#page=1", "7"), ("standard input#page=2", "42")]


def test_without_the_extra_its_command_is_told(
    document: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "pypdfium2", None)
    assert run(["predict", str(document)]) == 2
    assert (
        capfd.readouterr().err
        == f'Error: {document} is a PDF; its pages are read with pip install "edgedigits[pdf]".\n'
    )


@pytest.mark.parametrize(
    ("content", "says"),
    [(b"%PDF-1.7\n", "is no whole PDF"), (b"%PDF-1.4 \x00\xff" * 99, "is no whole PDF")],
)
def test_a_damaged_document_is_told(tmp_path: Path, content: bytes, says: str) -> None:
    pytest.importorskip("pypdfium2", reason="the extra pdf is not installed")
    with pytest.raises(InputError, match=says):
        pdf_pages(content, "damaged.pdf")


def test_a_locked_document_is_told() -> None:
    pytest.importorskip("pypdfium2", reason="the extra pdf is not installed")
    with pytest.raises(InputError, match="is locked by a password; save it without one"):
        pdf_pages(_locked(), "locked.pdf")


def _locked() -> bytes:
    """Return the beginnings of a document that only a password opens (RC4, 40 bits)."""
    parts = [
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 9 9]>>",
        b"<</Filter/Standard/V 1/R 2/P -4/O<" + b"41" * 32 + b">/U<" + b"42" * 32 + b">>>",
    ]
    content, places = b"%PDF-1.4\n", []
    for number, part in enumerate(parts, 1):
        places.append(len(content))
        content += b"%d 0 obj%sendobj\n" % (number, part)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    tail = b"trailer<</Size 5/Root 1 0 R/Encrypt 4 0 R/ID[<41><41>]>>\nstartxref\n%d\n%%%%EOF" % len(content)
    return content + b"xref\n0 5\n0000000000 65535 f \n" + table + tail


def test_no_page_is_too_large_to_draw(document: Path) -> None:
    pdfium = pytest.importorskip("pypdfium2", reason="the extra pdf is not installed")
    huge = pdfium.PdfDocument.new()
    for size in ((14_000, 14_000), (14_000, 1), (20, 20)):
        huge.new_page(*size)
    buffer = io.BytesIO()
    huge.save(buffer)
    shapes = [page.render().shape for page in pdf_pages(buffer.getvalue(), "huge.pdf")]
    assert shapes[0] == (2000, 2000, 3)
    assert all(max(shape) <= 2001 for shape in shapes)
    assert shapes[2][:2] == (84, 84)
