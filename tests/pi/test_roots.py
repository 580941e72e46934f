"""What is made for emulation is removed only where nothing else is mounted in it."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from tests.pi.emulation import UnavailableError, remove_tree


def test_a_folder_with_something_mounted_in_it_stays(tmp_path: Path) -> None:
    root, other = tmp_path / "root", tmp_path / "other"
    (root / "dev" / "shm").mkdir(parents=True)
    other.mkdir()
    (other / "precious").touch()
    place = root / "dev" / "shm"
    if (
        os.geteuid() != 0
        or subprocess.run(["mount", "--bind", other, place], capture_output=True, check=False).returncode
    ):
        pytest.skip("only root can mount")
    try:
        with pytest.raises(UnavailableError, match="something is mounted"):
            remove_tree(root)
    finally:
        subprocess.run(["umount", place], check=True)
    assert (other / "precious").exists()
    remove_tree(root)
    assert not root.exists()
    remove_tree(root)
