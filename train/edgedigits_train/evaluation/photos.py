"""Scoring a reader on folders of real photos with a `truth.json` beside them.

`truth.json` is a list with one object per photo. `file` is the path relative to the folder. `digits` lists the
digits in reading order; a photo without the field holds none. Optional: `layout` ("line", "rows" and "single" have an
order, any other layout is compared as a multiset), `tier`, `tags`, `dup_group` (photos of the same sheet or writer),
`optional_digits` (may be found or not).
"""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from edgedigits.errors import InputError
from edgedigits.reading import Reading

TRUTH = "truth.json"
ORDERED_LAYOUTS = frozenset({"line", "rows", "single"})


@dataclass(frozen=True)
class Photo:
    """One photo and what a person reads in it.

    Attributes:
        path: the image file.
        digits: 0 to 9, in reading order; empty where the photo holds none.
        ordered: whether the order counts.
        tier: "core", "hard", "special", or "none" for photos without digits.
        tags: conditions, such as "shadow".
        group: photos of one group count as one.
        optional: digits that may be found or not.
    """

    path: Path
    digits: tuple[int, ...]
    ordered: bool
    tier: str
    tags: tuple[str, ...]
    group: str
    optional: tuple[int, ...] = ()


@dataclass(frozen=True)
class PhotoScore:
    """How well one photo, or on average several, was read; every value is a share of 1 but `invented`.

    Attributes:
        exact: everything right, and nothing else.
        similarity: 1 − edit distance / number of digits, at least 0; None where the order does not count.
        precision: share of the found digits that are there.
        recall: share of the digits that were found.
        f1: harmonic mean of both.
        invented: how many digits were found that are not there.
    """

    exact: float
    similarity: float | None
    precision: float
    recall: float
    f1: float
    invented: float


@dataclass(frozen=True)
class PhotoResult:
    """A photo, its reading and its score."""

    photo: Photo
    reading: Reading
    score: PhotoScore


def load_photos(folder: Path) -> list[Photo]:
    """Return the photos that a folder's truth.json lists.

    Raises:
        InputError: there is no truth.json, it is damaged, or a photo that it lists is missing.
    """
    path = folder / TRUTH
    try:
        entries = json.loads(path.read_text(encoding="utf-8"))
        photos = [_photo(folder, entry) for entry in entries]
    except OSError as error:
        raise InputError(f"{path} cannot be read ({error.strerror}); name a folder that holds one.") from error
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise InputError(f"{path} is damaged ({error!r}); see the documentation of evaluate-photos.") from error
    missing = [photo.path for photo in photos if not photo.path.is_file()]
    if missing:
        raise InputError(f"{path} lists {missing[0]}, which does not exist ({len(missing)} such in all).")
    return photos


def _photo(folder: Path, entry: Mapping[str, Any]) -> Photo:
    digits = tuple(int(digit) for digit in entry.get("digits", ()))
    return Photo(
        path=folder / entry["file"],
        digits=digits,
        ordered=entry.get("layout", "line") in ORDERED_LAYOUTS,
        tier=entry.get("tier", "none" if not digits else "core"),
        tags=tuple(entry.get("tags", ())) or ((entry["kind"],) if "kind" in entry else ()),
        group=entry.get("dup_group", entry["file"]),
        optional=tuple(int(digit) for digit in entry.get("optional_digits", ())),
    )


def score_digits(found: Sequence[int], photo: Photo) -> PhotoScore:
    """Compare the digits that were found, in reading order, with the truth.

    Example:
        >>> photo = Photo(Path("a.jpg"), (1, 2, 3, 4), True, "core", (), "a")
        >>> score = score_digits([1, 2, 4], photo)
        >>> score.exact, score.similarity, score.precision, score.recall
        (0.0, 0.75, 1.0, 0.75)
    """
    truth, spare = Counter(photo.digits), Counter(photo.optional)
    there = Counter(found)
    hits = sum((there & truth).values())
    extra = (there - truth) - spare
    counted = hits + sum(extra.values())
    precision = hits / counted if counted else float(not photo.digits)
    recall = hits / len(photo.digits) if photo.digits else 1.0
    complete = not extra and hits == len(photo.digits)
    similarity = None
    if photo.ordered and photo.digits:
        distance = edit_distance(found, photo.digits)
        similarity = max(0.0, 1 - distance / len(photo.digits))
        complete = complete and (distance == 0 or bool(spare))
    f1 = 2 * precision * recall / (precision + recall) if precision + recall else 0.0
    return PhotoScore(float(complete), similarity, precision, recall, f1, float(sum(extra.values())))


def edit_distance(a: Sequence[int], b: Sequence[int]) -> int:
    """Return the least number of insertions, deletions and replacements that turn `a` into `b` (Levenshtein)."""
    row = list(range(len(b) + 1))
    for i, left in enumerate(a, 1):
        diagonal, row[0] = row[0], i
        for j, right in enumerate(b, 1):
            diagonal, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, diagonal + (left != right))
    return row[-1]


def read_photos(
    photos: Iterable[Photo], read: Callable[[Path], Reading], advance: Callable[[], None] = lambda: None
) -> list[PhotoResult]:
    """Read every photo and score it; `advance` is called after each."""
    results = []
    for photo in photos:
        reading = read(photo.path)
        found = [digit.value for digit in reading.digits if digit.value is not None]
        results.append(PhotoResult(photo, reading, score_digits(found, photo)))
        advance()
    return results


def summarise(results: Iterable[PhotoResult]) -> dict[str, tuple[int, PhotoScore]]:
    """Return, by tier and then by tag, how many groups there are and their mean score.

    The photos of one `dup_group` are averaged first, so that a writer who sent ten photos does not count ten times.
    """
    columns: dict[str, list[PhotoResult]] = defaultdict(list)
    tiers: set[str] = set()
    tags: set[str] = set()
    for result in results:
        tiers.add(result.photo.tier)
        tags.update(result.photo.tags)
        for name in {result.photo.tier, *result.photo.tags}:
            columns[name].append(result)
    return {name: _mean_by_group(columns[name]) for name in [*sorted(tiers), *sorted(tags - tiers)]}


def _mean_by_group(results: Iterable[PhotoResult]) -> tuple[int, PhotoScore]:
    groups: dict[str, list[PhotoScore]] = defaultdict(list)
    for result in results:
        groups[result.photo.group].append(result.score)
    return len(groups), _mean([_mean(scores) for scores in groups.values()])


def _mean(scores: Sequence[PhotoScore]) -> PhotoScore:
    means: dict[str, Any] = {}
    for field in fields(PhotoScore):
        values = [value for score in scores if (value := getattr(score, field.name)) is not None]
        means[field.name] = sum(values) / len(values) if values else None
    return PhotoScore(**means)
