"""What the documents promise: short sentences, links that lead somewhere, figures as measured, commands that run."""

from __future__ import annotations

import ast
import importlib.util
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import click
import pytest
from PIL import Image

from edgedigits.bundle import Bundle
from edgedigits.cli import commands
from tests.conftest import ROOT
from tests.test_docstrings import lay_out_own_digits

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

DOCUMENTS = sorted(
    path.relative_to(ROOT)
    for path in (
        *ROOT.glob("*.md"),
        *(ROOT / "docs").rglob("*.md"),
        *(ROOT / part / "README.md" for part in ("runtime", "train", "export", "Images")),
    )
)
HEDGES = ("asked for", "bundled before", "slow day", "as far as can be told", "used to", "no longer", "now and then")
"""Words of a diary, not of a manual."""

LONGEST_MEAN = 20
"""Words a sentence, on average over a document."""


@dataclass(frozen=True)
class Block:
    """A fenced block of a document."""

    document: Path
    line: int
    language: str
    text: str

    @property
    def name(self) -> str:
        return f"{self.document}:{self.line}"


def blocks(*languages: str) -> Iterator[Block]:
    for document in DOCUMENTS:
        text = (ROOT / document).read_text(encoding="utf-8")
        for found in re.finditer(r"^```(\w*)\n(.*?)^```$", text, re.MULTILINE | re.DOTALL):
            if found[1] in languages:
                yield Block(document, text[: found.start()].count("\n") + 2, found[1], found[2])


def prose(text: str) -> str:
    """Return a document without code, tables, marks and addresses; each item of a list is a sentence."""
    text = re.sub(r"^```.*?^```$|<!--.*?-->", "", text, flags=re.MULTILINE | re.DOTALL)
    text = re.sub(r"^(\||#|:::).*$", "\n", text, flags=re.MULTILINE)
    text = re.sub(r"!?\[([^\]]*)\]\([^)]*\)", r"\1", text)
    return re.sub(r"^\s*([-*]|\d+\.) ", ".\n\n", text, flags=re.MULTILINE)


def sentences(text: str) -> list[str]:
    parts = re.split(r"(?<=[.?!])\*{0,2}\s+|\n\s*\n", prose(text))
    return [part for part in parts if re.search(r"[A-Za-z]{2}", part)]


@pytest.mark.parametrize("document", DOCUMENTS, ids=str)
def test_sentences_are_short(document: Path) -> None:
    found = sentences((ROOT / document).read_text(encoding="utf-8"))
    words = sum(len(sentence.split()) for sentence in found)
    assert words <= LONGEST_MEAN * max(len(found), 1), max(found, key=lambda sentence: len(sentence.split()))


@pytest.mark.parametrize("document", DOCUMENTS, ids=str)
def test_no_history_and_no_hedges(document: Path) -> None:
    text = " ".join((ROOT / document).read_text(encoding="utf-8").split())
    assert [phrase for phrase in HEDGES if phrase in text] == []


def test_the_readme_is_a_page() -> None:
    lines = (ROOT / "README.md").read_text(encoding="utf-8").splitlines()
    assert len(lines) <= 100


def test_nothing_unpublished_is_installed_by_its_name() -> None:
    for document in DOCUMENTS:
        if document.name == "RELEASING.md":
            continue
        text = (ROOT / document).read_text(encoding="utf-8")
        assert not re.search(r"pip install [^\n`]*?(?<![\w./-])['\"]?edgedigits(?!-\*|-\d)", text), document


def anchors(document: Path) -> set[str]:
    headings = re.findall(r"^#+ (.+)$", document.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("document", DOCUMENTS, ids=str)
def test_links_lead_somewhere(document: Path) -> None:
    text = re.sub(r"^```.*?^```$", "", (ROOT / document).read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)
    dead = []
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        if target.startswith(("http://", "https://", "mailto:")):
            continue
        path, _, anchor = target.partition("#")
        file = (ROOT / document).parent / path if path else ROOT / document
        if not file.exists() or (anchor and anchor not in anchors(file)):
            dead.append(target)
    assert dead == []


def test_every_page_of_the_manual_can_be_reached() -> None:
    listed = set()
    for document in DOCUMENTS:
        text = (ROOT / document).read_text(encoding="utf-8")
        for tree in re.findall(r"^```\{toctree\}\n(.*?)^```$", text, re.MULTILINE | re.DOTALL):
            names = [line for line in tree.splitlines() if line and not line.startswith(":")]
            listed |= {(ROOT / document).parent / f"{name}.md" for name in names}
    pages = set((ROOT / "docs").rglob("*.md")) - {ROOT / "docs" / "index.md"}
    assert pages == listed


# figures


def renderer() -> ModuleType:
    spec = importlib.util.spec_from_file_location("render", ROOT / "docs" / "results" / "render.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_figures_are_as_measured(tmp_path: Path) -> None:
    render = renderer()
    stale = [path.name for path in render.documents() if render.render(path.read_text()) != path.read_text()]
    card = Path(shutil.copy(render.CARD, tmp_path))
    render.update_card(card, render.measured("evaluation"))
    if card.read_text() != render.CARD.read_text():
        stale.append(card.name)
    assert stale == [], "python docs/results/render.py writes them anew"


def test_accuracies_stand_with_the_results_only() -> None:
    for document in DOCUMENTS:
        if document.parts[:2] in {("docs", "results"), ("docs", "research")}:
            continue
        text = (ROOT / document).read_text(encoding="utf-8")
        text = re.sub(r"<!-- figures:.*?<!-- end -->|```.*?```", "", text, flags=re.DOTALL)
        if document.name == "gate.md":
            continue  # bounds, not measurements
        assert not re.findall(r"\d\d\.\d+ ?%", text), document


# Python


@pytest.fixture
def user_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder as the documents assume it: the sample images that they name, and a photo of one's own."""
    (tmp_path / "Images").mkdir()
    everything = "".join((ROOT / document).read_text(encoding="utf-8") for document in DOCUMENTS)
    for name in set(re.findall(r"Images/([\w-]+\.\w+)", everything)):
        if (ROOT / "Images" / name).exists():
            (tmp_path / "Images" / name).symlink_to(ROOT / "Images" / name)
    shutil.copy(ROOT / "Images" / "rows-293.jpg", tmp_path / "photo.jpg")
    with Image.open(tmp_path / "photo.jpg") as page:
        page.save(tmp_path / "letter.pdf")
    monkeypatch.chdir(tmp_path)
    return tmp_path


SLOW_PYTHON = ("train(", "personalise(", "build_benchmark(", "60_000", "export_bundle(")


def python_blocks() -> Iterator[object]:
    for block in blocks("python"):
        slow = any(call in block.text for call in SLOW_PYTHON)
        yield pytest.param(block, id=block.name, marks=[pytest.mark.slow] * slow)


@pytest.mark.parametrize("block", list(python_blocks()))
def test_python_runs_as_it_stands(block: Block, user_folder: Path) -> None:
    if "edgedigits.bulk" in block.text:
        pytest.importorskip("distributed", reason="needs the extra `dask`")
    run = subprocess.run([sys.executable, "-c", block.text], capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr


def test_the_readme_has_five_lines_of_python() -> None:
    (block,) = [block for block in blocks("python") if block.document == Path("README.md")]
    assert len(ast.parse(block.text).body) <= 5


# commands


@dataclass(frozen=True)
class Line:
    """A command of a document, with what the document says that it prints."""

    block: Block
    command: str
    output: str

    @property
    def name(self) -> str:
        return f"{self.block.document}: {self.command}"

    @property
    def words(self) -> list[str]:
        return shlex.split(self.command, comments=True)


def lines() -> Iterator[Line]:
    for block in blocks("console"):
        for part in re.split(r"^\$ ", block.text, flags=re.MULTILINE)[1:]:
            command, _, output = part.partition("\n")
            yield Line(block, command.strip(), output)
    for block in blocks("", "sh", "bash"):
        for command in block.text.splitlines():
            if re.match(r"(\S*/)?(edgedigits|make) ", command) and not command.endswith("\\"):
                yield Line(block, command.strip(), "")


LINES = list(lines())
PROGRAM = re.compile(r"^(.*/)?edgedigits$")


def some(chosen: Callable[[Line], bool]) -> pytest.MarkDecorator:
    """Give a test each line of the documents that is chosen, once."""
    found = {" ".join(line.words).rpartition("/bin/")[2]: line for line in LINES if chosen(line)}
    return pytest.mark.parametrize("line", [pytest.param(line, id=line.name) for line in found.values()])


def arguments_of(line: Line) -> Iterator[list[str]]:
    """Yield the arguments of each call of `edgedigits` in a line."""
    simple: list[list[str]] = [[]]
    for word in line.words:
        if word in {"|", "&&", ";", ">", ">>", "2>"}:
            simple.append([])
        else:
            simple[-1].append(word)
    for words in simple:
        named = [place for place, word in enumerate(words[:4]) if PROGRAM.match(word)]
        if named:
            yield words[named[0] + 1 :]


@some(lambda line: any(arguments_of(line)))
def test_commands_have_the_options_that_documents_name(line: Line) -> None:
    for arguments in arguments_of(line):
        if arguments[0].startswith("-"):
            continue
        command: click.Command | None = commands
        while isinstance(command, click.Group):
            assert arguments, line.command
            command = command.get_command(click.Context(command), arguments.pop(0))
        assert command is not None, line.command
        given, _, _ = command.make_parser(click.Context(command)).parse_args(arguments)
        for option in command.params:
            if isinstance(option, click.Option) and isinstance(option.type, click.Choice) and given.get(option.name):
                assert given[option.name] in option.type.choices


@some(lambda line: line.command.startswith("make "))
def test_targets_are_in_the_makefile(line: Line) -> None:
    known = set(re.findall(r"^([a-z-]+):.*## ", (ROOT / "Makefile").read_text(), re.MULTILINE))
    assert {word for word in line.words[1:] if "=" not in word} <= known


@some(lambda line: "benchmarks/" in line.command)
def test_benchmarks_have_the_arguments_that_documents_name(line: Line) -> None:
    place = next(place for place, word in enumerate(line.words) if word.startswith("benchmarks/"))
    script = (ROOT / line.words[place]).read_text(encoding="utf-8")
    variants = [word for word in line.words[place + 1 :] if "ablation" in line.command and not word.isdigit()]
    assert [word for word in variants if f'"{word}"' not in script] == []


def run_in_shell(command: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """Run a line as users of the documents do, for whom `.venv/bin/edgedigits` is the one of this environment."""
    command = re.sub(r"\S+/bin/edgedigits", "edgedigits", command)
    environment = {**os.environ, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
    return subprocess.run(
        ["bash", "-c", command], capture_output=True, text=True, check=False, env=environment, cwd=folder
    )


def needs_a_training(line: Line) -> bool:
    first = next(arguments_of(line), [""])[0]
    return first in {"train", "evaluate", "evaluate-photos", "export", "bench"} or "build/" in line.command


def needs_nothing(line: Line) -> bool:
    return (
        next(arguments_of(line), [""])[0] in {"predict", "inspect", "doctor", "recipes"}
        and "build/" not in line.command
    )


def is_for_another_machine(line: Line) -> bool:
    return any(word in line.command for word in ("~/", "ssh ", "pi@", "sudo ", "KERAS_BACKEND", "https:"))


@some(lambda line: needs_nothing(line) and not is_for_another_machine(line))
def test_commands_print_what_documents_show(line: Line, user_folder: Path) -> None:
    run = run_in_shell(line.command, user_folder)
    assert run.returncode in {0, 3}, run.stderr
    if line.output.strip():
        assert run.stdout == line.output


SMALL = {
    "train": "--epochs 1 --restart",
    "evaluate": "--images 200",
    "bench": "--seconds 0.02",
}


def lay_out_a_model(folder: Path) -> None:
    """Put a model there that plain Keras trained on a few digits, as a file and as a SavedModel."""
    import keras

    from edgedigits_train.handwriting import render_glyphs

    layers = keras.layers
    keras.utils.set_random_seed(0)
    model = keras.Sequential(
        [keras.Input((28, 28)), layers.Flatten(), layers.Dense(32, "relu"), layers.Dense(10, "softmax")]
    )
    model.compile("adam", "sparse_categorical_crossentropy")
    glyphs, labels = render_glyphs(4_000, 1)
    model.fit(glyphs[..., 0] / 255, labels, epochs=3, verbose=0)
    model.save(folder / "my.keras")
    model.export(folder / "saved-model", verbose=False)


def made_small(line: Line) -> str:
    """Return a command that takes less time: the quick recipe for one epoch, 200 test images, one format."""
    command = line.command
    if "edgedigits train" in command:
        if "--from" in command:
            return command.replace("--from my.keras", "--epochs 1 --from my.keras")  # fine-tuning is short
        command = re.sub(r" --epochs \S+", "", command)
        command = re.sub(r" --recipe (?!my)\S+", "", command)
        if "--recipe" not in command:
            command = command.replace("edgedigits train", "edgedigits train --recipe quick")
    if "edgedigits export" in command and "--list" not in command and "--formats" not in command:
        command += " --formats onnx-float32"
    for program, options in SMALL.items():
        command = re.sub(rf"edgedigits {program}(?![\w-])", rf"\g<0> {options}", command)
    return command


@pytest.mark.slow
@some(lambda line: any(arguments_of(line)) and needs_a_training(line) and not is_for_another_machine(line))
def test_commands_that_need_a_training_run(line: Line, user_folder: Path, trained: Path, bundle: Bundle) -> None:
    if "--resume" in line.command:
        pytest.skip("nothing is interrupted here; tests/train/test_stopping.py does that")
    if "--verify" in line.command:
        pytest.skip("nothing is signed here; tests/export/test_signing.py does that")
    lay_out_a_project(user_folder, trained, bundle.path)
    if "my.keras" in line.command or "saved-model" in line.command:
        lay_out_a_model(user_folder)
    run = run_in_shell(made_small(line), user_folder)
    assert run.returncode in {0, 3}, run.stderr


def lay_out_a_project(folder: Path, trained: Path, bundle: Path) -> None:
    """Put there what the documents name: trainings, bundles, keys, one's own digits and photos."""
    for name in ("train", "train-my", "own", "taught", "thirty"):
        shutil.copytree(trained, folder / "build" / name)
    for name in ("bundle", "bundle-own", "bundle-my"):
        shutil.copytree(bundle, folder / "build" / name)
    (folder / "my.toml").write_text('like = "quick"\n')
    for name in ("my-digits", "corrections"):
        lay_out_own_digits(folder / name)
    (folder / "my-photos").mkdir()
    shutil.copy(ROOT / "Images" / "rows-293.jpg", folder / "my-photos")
    truth = [{"file": "rows-293.jpg", "digits": [2, 7, 7, 7, 2], "layout": "rows"}]
    (folder / "my-photos" / "truth.json").write_text(json.dumps(truth))
    make_key = ["openssl", "ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", "key.pem"]
    subprocess.run(make_key, cwd=folder, check=True)
    subprocess.run(["openssl", "ec", "-in", "key.pem", "-pubout", "-out", "key.pub"], cwd=folder, check=True)


def project_of(part: str) -> dict[str, Any]:
    project: dict[str, Any] = tomllib.loads((ROOT / part / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return project


@pytest.mark.parametrize("part", ["train", "export"])
def test_the_commands_of_a_part_stand_in_its_readme(part: str) -> None:
    readme = (ROOT / part / "README.md").read_text(encoding="utf-8")
    commands_of = project_of(part)["entry-points"]["edgedigits.commands"]
    assert [name for name in commands_of if f"`edgedigits {name}`" not in readme] == []


def test_every_extra_of_the_runtime_is_explained() -> None:
    explained = re.findall(r"^\| `(\w+)` \|", (ROOT / "docs" / "install.md").read_text(encoding="utf-8"), re.MULTILINE)
    assert sorted(explained) == sorted(project_of("runtime")["optional-dependencies"])


@pytest.mark.slow
def test_the_manual_builds_without_a_warning(tmp_path: Path) -> None:
    pytest.importorskip("sphinx", reason="Sphinx is not here: `make docs` installs it")
    command = [sys.executable, "-m", "sphinx", "--quiet", "--fail-on-warning", "--keep-going", ROOT / "docs", tmp_path]
    built = subprocess.run(command, capture_output=True, text=True, check=False)
    assert built.returncode == 0, built.stderr
    assert (tmp_path / "reference" / "command-line.html").exists()
