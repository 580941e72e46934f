"""`edgedigits bench`: measure every file in every engine on this machine, and say which to take."""

from __future__ import annotations

import json

import click

from edgedigits.cli.options import ChosenBundle, bundle_options
from edgedigits.cli.terminal import say, show_step
from edgedigits.engines import ENGINES
from edgedigits.timing import BATCH_SIZES, Benchmark, Measurement, run_benchmark


@click.command(short_help="Measure every model in every engine here.")
@bundle_options
@click.option("--engine", metavar="NAME", help="Measure in this engine only. [default: all that are here]")
@click.option("--model", metavar="FORMAT", help="Measure this format only, such as onnx-int8. [default: all]")
@click.option(
    "--seconds",
    type=click.FloatRange(0, 60, min_open=True),
    default=0.5,
    show_default=True,
    help="For each figure; more seconds, less noise.",
)
@click.option("--json", "as_json", is_flag=True, help="Print everything as one JSON object.")
def bench(bundle: ChosenBundle, engine: str | None, model: str | None, seconds: float, as_json: bool) -> None:
    """Measure how fast and how small each model file is in each engine on this machine, and recommend one.

    Latency is that of one digit, as median and 95th percentile, in one thread and in all; throughput is in digits a
    second, in one thread; start is the time from starting a process to its first answer, and memory the most that it
    has used by then; installed is the size of the packages that it loads. Accuracy is the one that export measured.

    \b
    Examples:
      edgedigits bench
      edgedigits bench --bundle build/bundle --seconds 2
    """
    try:
        benchmark = run_benchmark(bundle.load(), engine=engine, format=model, seconds=seconds, progress=show_step)
    finally:
        show_step("")
    if as_json:
        click.echo(json.dumps(benchmark.as_dict(), indent=2))
        return
    _print(benchmark)


def _print(benchmark: Benchmark) -> None:
    say(benchmark.machine)
    many = benchmark.measurements[0].timings[-1].threads
    head = ["file", "engine", "1 thread p50 / p95"]
    head += [f"{many} threads p50 / p95"] if many > 1 else []
    head += [f"digits/s by {' / '.join(map(str, BATCH_SIZES))}", "start", "memory", "file", "installed", "accuracy"]
    rows = [_row(measurement) for measurement in benchmark.measurements]
    widths = [max(len(row[column]) for row in (head, *rows)) for column in range(len(head))]
    for row in (head, *rows):
        say("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())
    for failure in benchmark.failures:
        say(f"{failure.file} does not run in {ENGINES[failure.engine].title} here: {failure.reason}")
    best = benchmark.recommended
    say(
        f"Recommended here: {best.file} in {ENGINES[best.engine].title}"
        f" (--engine {best.engine} --model {best.format}): {best.latency_us:.0f} µs a digit in one thread."
    )
    for remark in benchmark.remarks:
        say(remark)


def _row(measurement: Measurement) -> list[str]:
    throughput = measurement.timings[0].throughput
    return [
        measurement.file,
        f"{ENGINES[measurement.engine].title} {measurement.version}",
        *(f"{timing.p50_us:.0f} / {timing.p95_us:.0f} µs" for timing in measurement.timings),
        " / ".join(f"{throughput[size]:,.0f}" for size in BATCH_SIZES),
        f"{measurement.cold_start_s:.2f} s",
        _megabytes(measurement.peak_memory),
        f"{measurement.file_bytes / 1000:.0f} KB",
        _megabytes(measurement.installed_bytes),
        f"{measurement.accuracy:.2%}",
    ]


def _megabytes(size: int | None) -> str:
    return "–" if size is None else f"{size / 1e6:.0f} MB"
