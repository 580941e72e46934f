"""What came out of an evaluation: as plain values for evaluation.json, and as Markdown made from those values."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, TypeAlias

from edgedigits import __version__
from edgedigits.glyphs import CONTRACT
from edgedigits_train.evaluation.benchmark import Benchmark
from edgedigits_train.evaluation.corruptions import CORRUPTIONS
from edgedigits_train.evaluation.evaluating import SURE, Evaluation
from edgedigits_train.evaluation.measures import BINS, mcnemar, spread

Record: TypeAlias = Mapping[str, Any]
"""The content of evaluation.json, or a part of it."""

SCHEMA = 1


def make_record(
    evaluations: Sequence[Evaluation], benchmark: Benchmark, against: Evaluation | None = None
) -> dict[str, Any]:
    """Return all figures as plain values.

    Args:
        evaluations: of one model or several, such as those of several seeds.
        benchmark: what they were measured with.
        against: of a model that each of them is compared with, image by image.
    """
    record: dict[str, Any] = {
        "schema": SCHEMA,
        "edgedigits": __version__,
        "normalisation": CONTRACT.digest,
        "seed": benchmark.seed,
        "images": len(benchmark.labels),
        "missing": list(benchmark.missing),
        "models": [_model_record(evaluation) for evaluation in evaluations],
    }
    record["summary"] = {row.key: asdict(spread([row.value(model) for model in record["models"]])) for row in _SUMMARY}
    if against is not None:
        record["against"] = {
            **_model_record(against),
            "paired": [asdict(mcnemar(evaluation.right, against.right)) for evaluation in evaluations],
        }
    return record


def _model_record(evaluation: Evaluation) -> dict[str, Any]:
    model = evaluation.model
    return {
        "name": model.name,
        "format": model.format,
        "runs_in": model.runs_in,
        "bytes": model.size,
        "sha256": model.sha256,
        "temperature": model.temperature,
        "digit_score": asdict(model.digit_score),
        "test": asdict(evaluation.test),
        "robustness": asdict(evaluation.robustness),
        "outliers": asdict(evaluation.outliers),
        "calibration": asdict(evaluation.calibration),
        "sure_mistakes": [asdict(mistake) for mistake in evaluation.sure_mistakes],
    }


@dataclass(frozen=True)
class _Row:
    """One line of the summary.

    Attributes:
        key: what evaluation.json calls it.
        title: what the report calls it.
        value: finds it in a model's record.
        digits: behind the point of the percentage; 0 for a count.
        aim: what we want of it, in words.
    """

    key: str
    title: str
    value: Callable[[Record], float]
    digits: int
    aim: str


_SUMMARY = (
    _Row("test_accuracy", "MNIST test accuracy", lambda m: m["test"]["accuracy"], 2, ""),
    _Row("refused", "MNIST test digits refused", lambda m: m["outliers"]["refused"], 2, "≤ 0.5 %"),
    _Row("accepted_accuracy", "accuracy on those accepted", lambda m: m["outliers"]["accepted_accuracy"], 2, ""),
    _Row("robustness_mean", "corruptions: mean accuracy", lambda m: m["robustness"]["mean"], 1, "≥ 96 %"),
    _Row("robustness_worst", "corruptions: worst kind", lambda m: m["robustness"]["worst"], 1, "≥ 85 %"),
    _Row("auroc_mean", "not a digit: mean AUROC, held-out kinds", lambda m: m["outliers"]["mean"], 2, "≥ 99 %"),
    _Row("auroc_worst", "not a digit: worst held-out kind", lambda m: m["outliers"]["worst"], 2, "≥ 97 %"),
    _Row("ece", "expected calibration error", lambda m: m["calibration"]["ece"], 2, "≤ 0.5 %"),
    _Row("sure_mistakes", f"wrong at more than {100 * SURE:.0f} %", lambda m: len(m["sure_mistakes"]), 0, ""),
)


def render_report(record: Record) -> str:
    """Return report.md."""
    blocks = [
        "# Evaluation",
        _part_text(record),
        models_table(record),
        "## Summary",
        summary_table(record),
        _paired_text(record),
        "## Robust: corrupted digits",
        "Accuracy on corrupted copies of the test images after the runtime's glyph normalisation; the corruptions are "
        "those of MNIST-C and are not trained with. *Refused*: share that the digit score would drop.",
        robustness_table(record),
        "![accuracy by corruption](robustness.png)",
        "![corrupted digits, before and after normalisation](corruptions.png)",
        "## Not a digit",
        "Test digits against things that are none. *FPR95*: share that passes a threshold that 95 % of the digits "
        "pass. *Accepted*: share that passes the model's own threshold and would be read as a digit. The last two "
        "columns are rival scores from the ten digit logits of the same model.",
        _missing_text(record),
        outliers_table(record),
        "![AUROC by kind](outliers.png)",
        "![the kinds, after normalisation](outlier-kinds.png)",
        "## Calibrated",
        calibration_table(record),
        "![reliability diagram](reliability.png)",
        f"### Wrong at more than {100 * SURE:.0f} % confidence",
        mistakes_table(record),
        "![the sure mistakes](sure-mistakes.png)" if any(model["sure_mistakes"] for model in record["models"]) else "",
    ]
    return "\n\n".join(block for block in blocks if block) + "\n"


def render_summary(record: Record) -> str:
    """Return the headline figures as lines for a terminal."""
    names = ", ".join(
        f"{model['name']} ({model['format']}, {model['bytes'] / 1000:,.1f} kB)" for model in record["models"]
    )
    lines = [names]
    for row in _SUMMARY:
        value = _spread([row.value(model) for model in record["models"]], row.digits)
        lines.append(f"{row.title:<42} {value:>16}  {row.aim and f'aim {row.aim}'}".rstrip())
    worst = {CORRUPTIONS[model["robustness"]["worst_kind"]].title for model in record["models"]}
    kinds = {model["outliers"]["worst_kind"] for model in record["models"]}
    lines.append(
        f"{'worst corruption; worst held-out outliers':<42} {'/'.join(sorted(worst))}; {'/'.join(sorted(kinds))}"
    )
    return "\n".join(lines)


def models_table(record: Record) -> str:
    """Return what was measured: each model's file, and how its logits are read."""
    rows = [
        [
            model["name"],
            model["format"],
            f"{model['bytes'] / 1000:,.1f} kB",
            model["sha256"][:12],
            model["runs_in"],
            f"{model['temperature']:.3f}",
            f"{model['digit_score']['method']} ≥ {model['digit_score']['threshold']:.4f}",
        ]
        for model in record["models"]
    ]
    return _table(["model", "format", "file", "SHA-256", "runs in", "temperature", "accepts"], rows)


def summary_table(record: Record) -> str:
    """Return the headline figures, over all models."""
    several = len(record["models"]) > 1
    head = ["", "mean ± standard deviation" if several else "", "95 % interval", "aim"]
    rows = []
    for row in _SUMMARY:
        values = [row.value(model) for model in record["models"]]
        rows.append([row.title, _spread(values, row.digits), _interval(row, record), row.aim])
    return _table(head, rows)


def robustness_table(record: Record) -> str:
    """Return accuracy and refusals by corruption, the worst first."""
    models = record["models"]
    kinds = sorted(models[0]["robustness"]["kinds"], key=lambda kind: _mean(_kind(m, kind)["accuracy"] for m in models))
    rows = []
    for kind in kinds:
        found = [_kind(model, kind) for model in models]
        corruption = CORRUPTIONS[kind]
        rows.append([corruption.title, corruption.severity, *_accuracy_cells(found)])
    rows.append(["**mean of the 15**", "", f"**{_spread([m['robustness']['mean'] for m in models], 2)}**", "", ""])
    rows.append(["none", "the test images as they are", *_accuracy_cells([m["test"] for m in models])])
    rows.append(
        ["inverted", "the negatives, not in the mean", *_accuracy_cells([m["robustness"]["inverted"] for m in models])]
    )
    return _table(["corruption", "severity", "accuracy", "95 % interval", "refused"], rows)


def outliers_table(record: Record) -> str:
    """Return how well each kind of outlier is told from digits, the worst held-out kind first."""
    models = record["models"]

    def place(title: str) -> tuple[bool, float]:
        kinds = [model["outliers"]["kinds"][title] for model in models]
        return not kinds[0]["held_out"], _mean(kind["score"]["auroc"] for kind in kinds)

    rows = []
    for title in sorted(models[0]["outliers"]["kinds"], key=place):
        kinds = [model["outliers"]["kinds"][title] for model in models]
        low, high = kinds[0]["score"]["interval"]
        rows.append(
            [
                title,
                "held out" if kinds[0]["held_out"] else "trained on",
                str(kinds[0]["count"]),
                _spread([kind["score"]["auroc"] for kind in kinds], 2),
                f"{100 * low:.2f}–{100 * high:.2f}" if len(kinds) == 1 else "",
                _spread([kind["score"]["fpr95"] for kind in kinds], 1),
                _spread([kind["accepted"] for kind in kinds], 1),
                _spread([kind["largest"]["auroc"] for kind in kinds], 2),
                _spread([kind["energy"]["auroc"] for kind in kinds], 2),
            ]
        )
    means = [
        f"**{_spread([model['outliers'][key] for model in models], digits)}**"
        for key, digits in (
            ("mean", 2),
            ("mean_fpr95", 1),
            ("mean_accepted", 1),
            ("mean_largest", 2),
            ("mean_energy", 2),
        )
    ]
    rows.append(["**mean of the held-out kinds**", "", "", means[0], "", *means[1:]])
    head = ["kind", "", "n", "AUROC", "95 % interval", "FPR95", "accepted", "max. softmax", "energy"]
    return _table(head, rows)


def calibration_table(record: Record) -> str:
    """Return the calibration error of each model."""
    rows = [
        [
            model["name"],
            f"{100 * model['calibration']['ece']:.2f} %",
            f"{100 * model['calibration']['ece_equal_mass']:.2f} %",
            f"{100 * model['calibration']['mean_confidence']:.2f} %",
            f"{100 * model['test']['accuracy']:.2f} %",
        ]
        for model in record["models"]
    ]
    head = [
        "model",
        f"ECE, {BINS} bins of equal width",
        f"ECE, {BINS} bins of equal mass",
        "mean confidence",
        "accuracy",
    ]
    return _table(head, rows)


def mistakes_table(record: Record) -> str:
    """Return every sure mistake of every model."""
    rows = [
        [
            model["name"],
            str(mistake["index"]),
            str(mistake["truth"]),
            str(mistake["answer"]),
            f"{100 * mistake['confidence']:.2f} %",
            f"{mistake['digit_score']:.3f}",
        ]
        for model in record["models"]
        for mistake in model["sure_mistakes"]
    ]
    if not rows:
        return "None."
    return _table(["model", "test image", "truth", "answer", "confidence", "digit score"], rows)


def _part_text(record: Record) -> str:
    text = f"{record['images']:,} test images of MNIST, seed {record['seed']}, edgedigits {record['edgedigits']}."
    if record["images"] < 10_000:
        text += " **Only a part of the test images: no figures to compare or to publish.**"
    return text


def _paired_text(record: Record) -> str:
    if "against" not in record:
        return ""
    against = record["against"]
    rows = [
        [
            model["name"],
            f"{100 * model['test']['accuracy']:.2f} %",
            f"{100 * against['test']['accuracy']:.2f} %",
            str(paired["only_first"]),
            str(paired["only_second"]),
            f"{paired['p']:.2g}",
        ]
        for model, paired in zip(record["models"], against["paired"], strict=True)
    ]
    name = against["name"]
    head = ["model", "accuracy", f"{name} has", "only it is right", f"only {name} is right", "p (McNemar, exact)"]
    return f"Against {name} ({against['format']}), image by image:\n\n{_table(head, rows)}"


def _missing_text(record: Record) -> str:
    if not record["missing"]:
        return ""
    return f"**Left out, because it was not there: {', '.join(record['missing'])}.**"


def _accuracy_cells(found: Sequence[Record]) -> list[str]:
    """Return accuracy, interval and refusals: Wilson's interval of one model, Student's of several."""
    accuracies = [part["accuracy"] for part in found]
    low, high = found[0]["interval"] if len(found) == 1 else spread(accuracies).interval or (0, 0)
    return [
        _spread(accuracies, 2),
        f"{100 * low:.2f}–{100 * min(1, high):.2f}",
        _spread([part["refused"] for part in found], 1),
    ]


def _interval(row: _Row, record: Record) -> str:
    models = record["models"]
    if row.key == "sure_mistakes":
        return ""
    if len(models) == 1:
        return (
            "{:.2f}–{:.2f}".format(*(100 * bound for bound in models[0]["test"]["interval"]))
            if row.key == "test_accuracy"
            else ""
        )
    low, high = record["summary"][row.key]["interval"]
    return f"{100 * max(0, low):.2f}–{100 * min(1, high):.2f}"


def _spread(values: Sequence[float], digits: int) -> str:
    """Write shares as percentages, and counts, which have no digits behind the point, as they are."""
    scale, unit = (100, " %") if digits else (1, "")
    over = spread(values)
    text = f"{scale * over.mean:.{digits or (1 if len(values) > 1 else 0)}f}"
    if over.deviation is not None:
        text += f" ± {scale * over.deviation:.{digits or 1}f}"
    return text + unit


def _kind(model: Record, kind: str) -> Record:
    return dict(model["robustness"]["kinds"][kind])


def _mean(values: Iterable[float]) -> float:
    return spread(list(values)).mean


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
