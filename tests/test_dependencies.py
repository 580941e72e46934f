"""No release with a published hole is pinned, or admitted by what a distribution asks for.

The holes are those of constraints/known-bad.csv: which releases are bad, some that are out there, and the advisory. Who
hears of another one adds a line; nothing is looked up on the network.
"""

from __future__ import annotations

import csv
import re
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

from tests.conftest import ROOT

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

PARTS = ("runtime", "train", "export")


@dataclass(frozen=True)
class Hole:
    """Releases of a package that must not be used.

    Attributes:
        package: its canonical name.
        bad: which releases are; each set holds those that match all of its clauses.
        releases: some of them, the last ones.
        advisory: where it is written.
    """

    package: str
    bad: tuple[SpecifierSet, ...]
    releases: tuple[str, ...]
    advisory: str

    def holds(self, release: str) -> bool:
        return any(each.contains(release, prereleases=True) for each in self.bad)


def read_holes() -> list[Hole]:
    with (ROOT / "constraints" / "known-bad.csv").open(newline="", encoding="utf-8") as file:
        return [
            Hole(row["package"], tuple(_ranges(row["bad"])), tuple(row["releases"].split()), row["advisory"])
            for row in csv.DictReader(file)
        ]


def _ranges(text: str) -> Iterator[SpecifierSet]:
    """Yield the ranges of "<3.12.1,>=3.13.0,<3.13.2": each ends with an upper bound."""
    clauses: list[str] = []
    for clause in text.split(","):
        clauses.append(clause)
        if clause.startswith("<"):
            yield SpecifierSet(",".join(clauses))
            clauses = []
    assert clauses == [], f"{text} has no upper bound"


HOLES = read_holes()


def pins(path: Path) -> Iterator[tuple[str, str]]:
    for line in path.read_text().splitlines():
        if line and not line.startswith("#"):
            name, release = line.split(";")[0].strip().split("==")
            yield canonicalize_name(name), release


def sets_of_requirements(part: str) -> Iterator[list[Requirement]]:
    """Yield what a distribution asks for: as it is, and with each extra."""
    project = tomllib.loads((ROOT / part / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    base = [Requirement(each) for each in project["dependencies"]]
    yield base
    for extra in project.get("optional-dependencies", {}).values():
        yield base + [Requirement(each) for each in extra]


def admitted(requirements: Iterable[Requirement], holes: Iterable[Hole]) -> list[str]:
    """Return the bad releases that these requirements let in."""
    wanted: dict[str, SpecifierSet] = {}
    for requirement in requirements:
        name = canonicalize_name(requirement.name)
        wanted[name] = wanted.get(name, SpecifierSet()) & requirement.specifier
    return [
        f"{hole.package} {release}: {hole.advisory}"
        for hole in holes
        for release in hole.releases
        if hole.package in wanted and wanted[hole.package].contains(release)
    ]


def test_the_table_is_sound() -> None:
    for hole in HOLES:
        assert hole.package == canonicalize_name(hole.package)
        assert re.fullmatch(r"CVE-\d{4}-\d+|GHSA(-\w{4}){3}", hole.advisory), hole
        assert hole.releases, hole
        assert all(hole.holds(release) for release in hole.releases), hole


@pytest.mark.parametrize("path", sorted((ROOT / "constraints").glob("*.txt")), ids=lambda path: path.name)
def test_no_pin_has_a_hole(path: Path) -> None:
    pinned = list(pins(path))
    assert len(pinned) > 5
    assert [(each, hole) for each in pinned for hole in HOLES if hole.package == each[0] and hole.holds(each[1])] == []


@pytest.mark.parametrize("part", PARTS)
def test_no_distribution_asks_for_what_has_a_hole(part: str) -> None:
    sets = list(sets_of_requirements(part))
    assert len(sets[0]) > 2
    assert [line for requirements in sets for line in admitted(requirements, HOLES)] == []


def test_a_low_floor_is_found() -> None:
    low = [Requirement("keras>=3.10"), Requirement("opencv-python-headless>=4.5.4")]
    found = admitted(low, HOLES)
    assert "keras 3.11.2: CVE-2025-9905" in found
    assert "opencv-python-headless 4.8.0.76: CVE-2023-4863" in found
    assert admitted([Requirement("keras>=3.13.2")], HOLES) == []
