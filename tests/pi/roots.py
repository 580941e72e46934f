"""Whole systems of a Raspberry Pi, unpacked from Debian's packages: `install.sh` itself runs in them, under qemu.

Programs of the other processor are run by the kernel through binfmt_misc, so that shells, environments and pip work as
they do on a board. From the root of the project:

    python -m tests.pi.roots b64                # makes build/emulated/roots/b64
    python -m tests.pi.roots b64 edgedigits doctor
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from tests.pi.emulation import (
    BUILT,
    ROOT,
    UnavailableError,
    mirror,
    path_of,
    remove_tree,
    require,
    run_or_skip,
    write_cpus,
)

_BINFMT = Path("/proc/sys/fs/binfmt_misc")
_TOOLS = "base-files,base-passwd,bash,ca-certificates,coreutils,dash,dpkg,findutils,grep,libc-bin,libstdc++6,sed,tar"
_PYTHON = "python3,python3-pip,python3-venv"
_CERTIFICATES = "/etc/ssl/certs/ca-certificates.crt"
_TELL_DPKG = """\
for package in "$1"/var/cache/apt/archives/*.deb; do
    dpkg-deb --field "$package" | sed '/^Package:/a Status: install ok installed'; echo
done >> "$1/var/lib/dpkg/status"
"""
"""Lets dpkg know of what was unpacked, which install.sh asks for."""


@dataclass(frozen=True)
class System:
    """A Raspberry Pi OS, as far as Debian has it.

    Attributes:
        name: b for Bookworm, t for Trixie, and the bits.
        suite: Debian's name of it.
        architecture: Debian's name of it.
        emulator: qemu's program.
        packages: from apt, beside Python.
        cpus: of the boards that it runs on; qemu's default has instructions that no board has.
    """

    name: str
    suite: str
    architecture: str
    emulator: str
    packages: str
    cpus: tuple[str, ...]


_64 = ("cortex-a72", "cortex-a53", "cortex-a76")
SYSTEMS = {
    system.name: system
    for system in (
        System("b64", "bookworm", "arm64", "aarch64", "", _64),
        System("t64", "trixie", "arm64", "aarch64", "", _64),
        System("b32", "bookworm", "armhf", "arm", "python3-numpy,python3-opencv", ("cortex-a7",)),
        System("t32", "trixie", "armhf", "arm", "python3-numpy,python3-opencv,python3-onnxruntime", ("cortex-a7",)),
    )
}


@dataclass(frozen=True)
class Root:
    """The unpacked system.

    Attributes:
        system: which it is.
        path: its root folder.
    """

    system: System
    path: Path

    def run(
        self, *command: str, cpu: str = "", timeout: float = 3000, settings: Mapping[str, str] | None = None
    ) -> subprocess.CompletedProcess[str]:
        """Run a command in it, as root, on one of its boards' processors."""
        environment = {
            "PATH": "/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
            "HOME": "/root",
            "LC_ALL": "C.UTF-8",
            "PIP_DEFAULT_TIMEOUT": "180",
            "QEMU_CPU": cpu or self.system.cpus[0],
            # what update-alternatives sets up, whose script has not run
            "LD_LIBRARY_PATH": ":".join(f"/usr/lib/arm-linux-gnueabihf/{part}" for part in ("blas", "lapack")),
            **({"PIP_CERT": _CERTIFICATES} if (self.path / _CERTIFICATES[1:]).exists() else {}),
            **(settings or {}),
        }
        return subprocess.run(
            ["chroot", self.path, *command],
            capture_output=True,
            text=True,
            errors="replace",
            check=False,
            env=environment,
            timeout=timeout,
        )

    def copy(self, *files: Path) -> None:
        """Put files into its folder /work."""
        folder = self.path / "work"
        folder.mkdir(exist_ok=True)
        for file in files:
            shutil.copy(file, folder)


def make_root(name: str) -> Root:
    """Return a system, made where it is not there yet.

    Raises:
        UnavailableError: it cannot be made here; the message says why.
    """
    system = SYSTEMS[name]
    if os.geteuid() != 0:
        raise UnavailableError("another system's root is made and entered by root only")
    require({"mmdebstrap": "mmdebstrap", f"qemu-{system.emulator}-static": "qemu-user-static"})
    _register(system.emulator)
    path = BUILT / "roots" / name
    made = path.with_suffix(".made")
    if not made.exists():
        remove_tree(path)
        path.parent.mkdir(parents=True, exist_ok=True)
        wanted = ",".join(filter(None, (_TOOLS, _PYTHON, system.packages)))
        # unpacked only: some hundred packages' scripts would take an hour here, and nothing of theirs is needed
        run_or_skip(
            *("mmdebstrap", "--mode=root", f"--arch={system.architecture}", "--variant=extract"),
            *(f"--include={wanted}", f"--extract-hook={_TELL_DPKG}"),
            *(system.suite, str(path), f"deb {mirror()} {system.suite} main"),
        )
        # no mirror's name stays in it
        for source in [path / "etc/apt/sources.list", *(path / "etc/apt/sources.list.d").glob("*")]:
            source.unlink(missing_ok=True)
        made.touch()
    for folder in ("proc", "tmp", "work", "root", "etc/ssl/certs"):
        (path / folder).mkdir(parents=True, exist_ok=True)
    (path / "tmp").chmod(0o1777)
    write_cpus(path)
    _connect(path)
    return Root(system, path)


def _register(emulator: str) -> None:
    """Let the kernel run the other processor's programs, also below a chroot."""
    name = f"qemu-{emulator}"
    description = Path(f"/usr/lib/binfmt.d/{name}.conf")
    try:
        if not (_BINFMT / "register").exists():
            subprocess.run(["mount", "-t", "binfmt_misc", "binfmt_misc", _BINFMT], check=True, capture_output=True)
        # in a container it may be known from outside
        if not (_BINFMT / name).exists():
            (_BINFMT / "register").write_bytes(description.read_bytes())
    except (OSError, subprocess.CalledProcessError) as error:
        raise UnavailableError(
            f"the kernel cannot be told to run {emulator} programs (binfmt_misc: {error})"
        ) from error


def _connect(path: Path) -> None:
    """Give it this machine's names of hosts, and the certificates that pip trusts here."""
    for name in ("etc/resolv.conf", "etc/hosts"):
        if Path("/", name).exists():
            (path / name).unlink(missing_ok=True)
            shutil.copy(Path("/", name), path / name)
    own = os.environ.get("PIP_CERT") or "/etc/ssl/certs/ca-certificates.crt"
    if Path(own).exists():
        shutil.copy(own, path / _CERTIFICATES[1:])


def build_wheel(folder: Path) -> Path:
    """Build the runtime's wheel, as it is now."""
    shutil.rmtree(folder, ignore_errors=True)
    pip = (sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check")
    run_or_skip(*pip, "wheel", "--no-deps", f"--wheel-dir={folder}", str(ROOT / "runtime"))
    (wheel,) = folder.glob("*.whl")
    return wheel


def main() -> None:
    """Make a system, and run a command in it."""
    name, *command = sys.argv[1:]
    try:
        root = make_root(name)
    except UnavailableError as error:
        sys.exit(f"{name} cannot be made here: {error}")
    print(root.path)
    if command:
        done = root.run(*command)
        print(done.stdout, end="")
        print(done.stderr, end="", file=sys.stderr)
        sys.exit(done.returncode)


if __name__ == "__main__":
    if not path_of("chroot"):
        sys.exit("chroot is not here: add /usr/sbin to PATH")
    main()
