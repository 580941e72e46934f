"""One file holds the settings of the service and of `edgedigits webcam --config`; a bad line is named."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import click
import pytest

from edgedigits import InputError
from edgedigits.cli.webcam import webcam
from edgedigits.service import ServiceFile, write_template


def read(path: Path) -> ServiceFile:
    return ServiceFile.read(path, webcam, click.Context(webcam))


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "edgedigits.toml"


def run(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "edgedigits", "webcam", *arguments], capture_output=True, text=True, check=False
    )


def test_settings_are_what_the_options_would_be(file: Path) -> None:
    file.write_text(
        'source = "rtsp://camera/1"\nsize = "640x480"\nrotate = 90\nmax-fps = 2.5\nmirror = true\nlength = 4\n'
    )
    values: dict[str, Any] = dict(read(file).values)
    assert values["source"] == "rtsp://camera/1"
    assert values["size"] == (640, 480)
    assert values["rotate"] == "90"
    assert values["max_fps"] == 2.5
    assert values["mirror"] is True
    assert values["length"] == 4


@pytest.mark.parametrize(
    ("line", "complaint"),
    [
        ('rotate = "45"', "rotate: "),
        ('roi = "1,2"', "roi: .*x,y,w,h"),
        ("mirror = 1", "mirror: write true or false"),
        ("size = [640, 480]", "size: write a number or a text"),
        ('frobnicate = "yes"', "there is no setting 'frobnicate'; there are .*rotate"),
        ("window = true", "there is no setting 'window'"),
        ("threshold = 7", "threshold: "),
        ("source = 0 0", ""),
        ("source = rtsp://camera", "texts stand in quotes"),
        ("[camera]", "there is no setting 'camera'"),
        ('rotate = "90"', "Cannot overwrite"),
    ],
)
def test_a_bad_line_is_named_with_its_number(line: str, complaint: str, file: Path) -> None:
    before = 'rotate = "0"' if "Cannot" in complaint else "# a remark"
    file.write_text(f"{before}\n\nwait = true\n{line}\n")
    with pytest.raises(InputError, match=rf"edgedigits.toml, line 4: .*{complaint}") as refused:
        read(file)
    assert "\n" not in str(refused.value)


def test_a_file_that_is_none_is_refused(file: Path) -> None:
    with pytest.raises(InputError, match="cannot be read .*service template"):
        read(file)
    file.write_bytes(b"\xff\xfe")
    with pytest.raises(InputError, match="UTF-8"):
        read(file)


def test_every_line_of_the_template_is_a_setting(file: Path) -> None:
    text = write_template(webcam)
    file.write_text(text)
    assert read(file).values == {"source": "0", "wait": True}
    commented = re.findall(r"^# ([a-z-]+) = ", text, re.MULTILINE)
    assert {"rotate", "bundle", "length", "post", "threads"} <= set(commented)
    for name in commented:
        assert re.search(rf"^# \S.*\n# {name} = ", text, re.MULTILINE), f"{name} is not explained"
    # a setting whose default is known can be taken as it stands
    for line in re.findall(r"^# ([a-z-]+ = [^\"\n]+)$", text, re.MULTILINE):
        file.write_text(line)
        assert read(file).lines


def test_webcam_reads_it_and_its_own_options_come_first(file: Path) -> None:
    file.write_text('source = "test:2021"\nlength = 7\nframes = 1\n')
    refused = run("--config", file)
    assert (refused.returncode, refused.stderr.count("\n")) == (2, 1)
    assert "line 3: there is no setting 'frames'" in refused.stderr
    file.write_text('source = "test:2021"\nlength = 7\n')
    shown = run("--config", file, "--frames", "12", "--json", "--length", "4")
    assert shown.returncode == 0, shown.stderr
    assert '"expected": true' in shown.stdout, "four digits are as the command line asks, not as the file does"


def test_what_only_the_command_itself_refuses_is_named_with_its_line_too(file: Path) -> None:
    file.write_text('source = "test:2021"\n\nfourcc = "MJPEG"\n')
    refused = run("--config", file, "--frames", "1")
    assert refused.returncode == 2
    assert "edgedigits.toml, line 3: --fourcc" in refused.stderr
