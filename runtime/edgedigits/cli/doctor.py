"""`edgedigits doctor`: prove that this machine reads, and tell what would mend what it lacks."""

from __future__ import annotations

import json
import sys

import click

from edgedigits.cli.options import ChosenBundle, bundle_options
from edgedigits.cli.terminal import say
from edgedigits.diagnosis import Diagnosis, Grade, diagnose

_MARKS = {Grade.OK: "ok", Grade.NOTE: "-", Grade.WARNING: "!", Grade.FAULT: "FAULT"}


@click.command()
@bundle_options
@click.option("--json", "as_json", is_flag=True, help="Print everything as one JSON object.")
def doctor(bundle: ChosenBundle, as_json: bool) -> int:
    """Prove that this machine reads digits, and tell how to mend what it lacks.

    It looks at the machine, packages and cameras, replays known digits through every engine and reads a photo with
    `edgedigits predict`. Nothing is changed, and nothing is sent.

    Exit codes: 0 it reads, 1 it does not.

    \b
    Examples:
      edgedigits doctor
      edgedigits doctor --bundle build/bundle --json
    """
    with bundle.lasting() as folder:
        diagnosis = diagnose(folder, _progress)
    if sys.stderr.isatty():
        click.echo("\r\033[K", nl=False, err=True)
    if as_json:
        click.echo(json.dumps(diagnosis.as_dict(), indent=2, ensure_ascii=False))
    else:
        _print(diagnosis)
    return 0 if diagnosis.reads else 1


def _progress(what: str) -> None:
    if sys.stderr.isatty():
        click.echo(f"\r\033[KExamining {what} …", nl=False, err=True)


def _print(diagnosis: Diagnosis) -> None:
    click.echo(f"edgedigits {diagnosis.version}")
    for finding in diagnosis.findings:
        say(f"  {_MARKS[finding.grade]:<6}{finding.topic:<15} {finding.text}")
        if finding.mend:
            say(f"  {'':<6}{'':<15}   → {finding.mend}")
    best = diagnosis.recommended
    if diagnosis.reads and best is not None:
        click.echo(f"It reads. Fastest here: --engine {best.replay.engine} --model {best.replay.format}")
    else:
        click.echo("It does not read: mend what is marked FAULT, and run `edgedigits doctor` again.")
