"""How well the project's own pages are read, beside a baseline: `make check-reading`.

    python -m benchmarks.reading_check [--bundle FOLDER] [--only NAME]... [--count N] [--update]

Prints for each set of pictures how many are read exactly, F1 over all their digits and how many digits are invented,
each beside `baseline.json`, and names what got worse; then how often each hint is given where its trouble is and where
it is not, and whether confidence means what it says, with the constants of `edgedigits.reader` that would fit best.
Exits with 3 where a set got worse by more than a slip.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from itertools import chain, groupby
from pathlib import Path

import click
import cv2

from benchmarks.reading_check.outcomes import Outcome, SetScore, fit_logistic, judge, reliability
from benchmarks.reading_check.sets import EVERYDAY_PAGES, GROUPS, SETS, ReadingSet, resized
from edgedigits import Reader

BASELINE = Path(__file__).with_name("baseline.json")
SLIP_PICTURES, SLIP_F1, SLIP_INVENTED = 1, 0.01, 1
"""What another machine's engine may change: pictures read exactly, F1, digits invented."""

_reader: Reader | None = None


def open_reader(bundle: Path | None) -> None:
    global _reader  # noqa: PLW0603 - one reader for each process of the pool
    cv2.setNumThreads(1)
    _reader = Reader(bundle)


def read(task: tuple[ReadingSet, int]) -> Outcome:
    assert _reader is not None
    one, index = task
    return judge(_reader, one.case(index))


def outcomes(sets: Sequence[ReadingSet], bundle: Path | None) -> Iterator[tuple[ReadingSet, list[Outcome]]]:
    """Yield each set with what came of its pictures, one process a core at work."""
    tasks = [(one, index) for one in sets for index in range(one.count)]
    workers = min(2, os.cpu_count() or 1)
    with (
        ProcessPoolExecutor(workers, initializer=open_reader, initargs=(bundle,)) as pool,
        click.progressbar(length=len(tasks), file=sys.stderr, hidden=not sys.stderr.isatty()) as bar,
    ):
        results = zip(tasks, pool.map(read, tasks, chunksize=4), strict=True)
        for one, group in groupby(results, key=lambda result: result[0][0]):
            outcome = [result for _, result in group]
            bar.update(len(outcome))
            yield one, outcome


def worse(now: SetScore, before: SetScore, slip: bool = False) -> bool:
    """Whether a set is read worse than before; a `slip` is forgiven, or not."""
    pictures, f1, invented = (SLIP_PICTURES, SLIP_F1, SLIP_INVENTED) if slip else (0, 0.0, 0)
    return (
        now.exact < before.exact - pictures
        or (now.f1 or 0) < (before.f1 or 0) - f1
        or now.invented > before.invented + invented
    )


def figures(score: SetScore) -> str:
    f1 = "–" if score.f1 is None else f"{100 * score.f1:.1f}"
    return f"{100 * score.exact / score.pictures:7.1f} {f1:>6} {score.invented:6d}"


def row(name: str, now: SetScore, before: SetScore | None) -> str:
    """One line of the table."""
    line = f"{name:<18} {now.pictures:8d} {figures(now)}"
    if before is None:
        return line
    verdict = "worse" if worse(now, before, slip=True) else "a little worse" if worse(now, before) else ""
    return f"{line}  {figures(before)}   {verdict}".rstrip()


def hints_table(results: Mapping[ReadingSet, Sequence[Outcome]]) -> list[str]:
    """How often each hint is given rightly, and how often where it should be."""
    asked, heard, right, given = Counter[str](), Counter[str](), Counter[str](), Counter[str]()
    for one, outcome in results.items():
        if one.asked is None:
            continue
        hints = Counter(chain.from_iterable(set(single.hints) for single in outcome))
        asked[one.asked] += sum(single.seen for single in outcome)
        heard[one.asked] += hints[one.asked]
        given += hints
        right += Counter({kind: n for kind, n in hints.items() if kind in (one.asked, *one.allowed)})
    return [
        f"{kind:<10} {right[kind] / max(given[kind], 1):9.0%} {heard[kind] / max(asked[kind], 1):7.0%}"
        for kind in filter(None, asked)
    ]


def load_baseline() -> dict[str, SetScore]:
    try:
        content = json.loads(BASELINE.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    return {name: SetScore(**score) for name, score in content.items()}


def as_json(content: object) -> str:
    return json.dumps(content, indent=1, ensure_ascii=False) + "\n"


def grouped(scores: Mapping[str, SetScore]) -> str:
    """All figures as JSON, for the documents."""
    groups = {
        title: {one.name: scores[one.name].as_dict() for one in group if one.name in scores}
        for title, group in GROUPS.items()
    }
    return as_json(groups)


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.reading_check", description=__doc__)
    parser.add_argument("--bundle", type=Path, help="a bundle folder; the bundled model where none is named")
    parser.add_argument("--only", action="append", metavar="NAME", help="only this set; may be given again")
    parser.add_argument("--count", type=int, help="so many pictures of each set, which no baseline stands beside")
    parser.add_argument("--json", type=Path, metavar="FILE", help="also write the figures here, group by group")
    parser.add_argument("--update", action="store_true", help="make what comes out the baseline")
    arguments = parser.parse_args()
    names = {one.name for one in SETS}
    for name in arguments.only or ():
        if name not in names:
            parser.error(f"no set is called {name!r}; there are: {', '.join(one.name for one in SETS)}")
    if arguments.count is not None and arguments.count < 1:
        parser.error("--count must be at least 1")
    if arguments.count and arguments.update:
        parser.error("--update takes the sets as they are, without --count")
    return arguments


def main() -> int:
    arguments = parse_arguments()
    chosen = [one for one in SETS if not arguments.only or one.name in arguments.only]
    if arguments.count:
        chosen = [resized(one, arguments.count) for one in chosen]
    baseline = {} if arguments.count else load_baseline()
    print(f"{'':<18} pictures   exact     F1 invented  before   F1 invented")
    results: dict[ReadingSet, list[Outcome]] = {}
    scores: dict[str, SetScore] = {}
    for one, outcome in outcomes(chosen, arguments.bundle):
        results[one], scores[one.name] = outcome, SetScore.of(outcome)
        print(row(one.name, scores[one.name], baseline.get(one.name)), flush=True)
    hints = hints_table(results)
    if hints:
        print("\nhint       precision  recall", *hints, sep="\n")
    digits = [
        sure for one in results if one.name == EVERYDAY_PAGES.name for each in results[one] for sure in each.sureness
    ]
    if digits:
        print(f"\nconfidence of {len(digits)} digits found on any everyday page: bin, digits, said, right")
        print(*reliability(digits), sep="\n")
        slope, offset = fit_logistic(digits)
        print(f"that one is there has the log odds {slope:.2f} × evidence {offset:+.2f}: at best 1.00 and +0.00")
    if arguments.json:
        arguments.json.write_text(grouped(scores), encoding="utf-8")
    if arguments.update:
        kept = {**(load_baseline() if arguments.only else {}), **scores}
        BASELINE.write_text(as_json({name: score.as_dict() for name, score in kept.items()}), encoding="utf-8")
        print(f"\n{BASELINE} is now the baseline.")
        return 0
    fallen = [name for name, score in scores.items() if name in baseline and worse(score, baseline[name], slip=True)]
    print(f"\nworse than the baseline: {', '.join(fallen)}" if fallen else "\nnothing got worse")
    return 3 if fallen else 0


if __name__ == "__main__":
    sys.exit(main())
