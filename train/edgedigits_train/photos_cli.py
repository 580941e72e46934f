"""`edgedigits evaluate-photos`: a thin shell over `edgedigits_train.evaluation.photos`."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from pathlib import Path

import click

from edgedigits.cli.options import ChosenBundle, model_options
from edgedigits.reader import Reader
from edgedigits_train.evaluation.photos import PhotoResult, PhotoScore, load_photos, read_photos, summarise


@click.command("evaluate-photos")
@click.argument(
    "folders", nargs=-1, required=True, type=click.Path(file_okay=False, path_type=Path), metavar="FOLDER..."
)
@model_options
@click.option(
    "--failures",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write a picture of every failure, with the stages of its reading, to this PNG (and -2, -3, …).",
)
@click.option("--json", "json_path", type=click.Path(dir_okay=False, path_type=Path), help="Write every result here.")
@click.option("--verbose", is_flag=True, help="Also print each photo that was not read exactly.")
def evaluate_photos(
    folders: tuple[Path, ...],
    bundle: ChosenBundle,
    engine: str | None,
    model: str | None,
    threads: int,
    failures: Path | None,
    json_path: Path | None,
    verbose: bool,
) -> None:
    """Score the reader on folders of photos with a truth.json.

    Prints, by tier and by tag: the number of groups (photos with the same dup_group count as one), exact match,
    1 − edit distance / length where the order counts, precision, recall, F1, and digits invented per photo.

    \b
    Examples:
      edgedigits evaluate-photos my-photos --verbose
      edgedigits evaluate-photos my-photos --failures build/failures.png
    """
    photos = [photo for folder in folders for photo in load_photos(folder)]
    reader = Reader(bundle.load(), engine=engine, format=model, threads=threads)
    with click.progressbar(length=len(photos), label="Reading", file=sys.stderr, hidden=not sys.stderr.isatty()) as bar:
        results = read_photos(photos, reader.read, lambda: bar.update(1))

    click.echo(f"{'':<20} groups  exact  similar  precision  recall     F1  invented")
    for name, (groups, score) in summarise(results).items():
        click.echo(f"{name:<20} {groups:6d} {_columns(score)}")
    wrong = [result for result in results if not result.score.exact]
    click.echo(f"{len(wrong)} of {len(results)} photos not read exactly.")
    if verbose:
        for result in wrong:
            truth = "".join(map(str, result.photo.digits))
            click.echo(f"{result.photo.tier:<8} {result.photo.path.name}: {truth} read as {_one_line(result)}")
    if json_path:
        json_path.write_text(json.dumps([_entry(result) for result in results], indent=1) + "\n", encoding="utf-8")
    if failures and wrong:
        from edgedigits_train.evaluation.photo_sheets import write_sheets

        for path in write_sheets(wrong, reader, failures):
            click.echo(f"Failures: {path}")


def _columns(score: PhotoScore) -> str:
    similar = "      -" if score.similarity is None else f"{score.similarity:7.1%}"
    shares = f"{score.precision:6.1%}  {score.recall:6.1%} {score.f1:6.1%}"
    return f"{score.exact:6.1%}  {similar}     {shares}  {score.invented:8.3f}"


def _one_line(result: PhotoResult) -> str:
    return result.reading.text.replace("\n", "|") or "nothing"


def _entry(result: PhotoResult) -> dict[str, object]:
    return {
        "file": str(result.photo.path),
        "tier": result.photo.tier,
        "digits": list(result.photo.digits),
        **result.reading.as_dict(),
        "score": asdict(result.score),
    }
