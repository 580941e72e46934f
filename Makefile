# edgedigits: `make` lists what there is. Every target makes the environment that it needs.

PYTHON ?= python3
RECIPE ?= default
SEED ?= 0
WORKERS ?= 2
# what `make deploy` sends: the model just exported, else the one in the wheel; OPTIONS are install.sh's
BUNDLE ?= $(patsubst %/manifest.json,%,$(wildcard build/bundle/manifest.json))
SSH ?= ssh
# what `make test-pi` emulates: Bookworm and Trixie, of 64 and 32 bits, and the boards' processors
ROOTS ?= b64 t64 b32 t32
CPUS ?= cortex-a53 cortex-a72 cortex-a76 cortex-a7
IMAGES ?= 1000
# what `make results` trains as well, which takes hours: TRAININGS="tiny default best", VARIANTS="default SGD --seeds 3"

ENV := .venv/.installed
RUN := .venv/bin
# the tests of a file stay in one process, and so do the files and sessions that they share
TESTS := $(RUN)/pytest --numprocesses $(WORKERS) --dist loadscope
# tflite-runtime's last wheels end at Python 3.11: its files are checked in an environment of its own, if one can be made
TFLITE_PYTHON := $(shell for p in $(PYTHON) python3.11 python3.10; do \
	$$p -c 'import sys; sys.exit(not (3, 10) <= sys.version_info[:2] <= (3, 11))' 2>/dev/null && { echo $$p; break; }; done)
TFLITE_ENV := $(if $(TFLITE_PYTHON),.venv-tflite/.installed)

TRAINED := build/train/metrics.json
EXPORTED := build/bundle/manifest.json
MEASURED := docs/results/measured
TRAIN_CODE := $(shell find train/edgedigits_train runtime/edgedigits/stages runtime/edgedigits/finding -name '*.py') \
	runtime/edgedigits/glyphs.py
EXPORT_CODE := $(shell find export/edgedigits_export runtime/edgedigits/engines -name '*.py')

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help setup train export page bundle wheel deploy images test test-all test-pi check-reading check-budget lint format docs results release clean distclean FORCE

help: ## List these targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)
	@echo "Settings: RECIPE=quick|tiny|default|best SEED=0 PYTHON=python3 WORKERS=2; EDGEDIGITS_DATA=folder with mnist/"

setup: $(ENV) ## Make the environment in .venv (the other targets do it by themselves)

train: $(TRAINED) ## Train the model: build/train

export: $(EXPORTED) ## Export it to checked TFLite and ONNX files: build/bundle

bundle: $(EXPORTED) ## Make the exported model the one that the runtime ships, with the page network of `make page` if it is there
	@# report.html would show test digits, which are not ours to ship
	$(RUN)/edgedigits export --from build/train $(PAGE_OF) --formats onnx-int8,tflite-int8,onnx-float32 \
		--no-html --out runtime/edgedigits/bundled $(ENGINES_OF)

page: build/page/metrics.json ## Train the page network, which takes hours: build/page

wheel: ## Build the runtime's wheel, to be copied to a Raspberry Pi: dist/
	$(PYTHON) -m pip wheel --quiet --disable-pip-version-check --no-deps --wheel-dir dist ./runtime

deploy: wheel ## Install it on a Raspberry Pi over ssh, with the model just exported: PI=user@host
	@test -n "$(PI)" || { echo "Error: name the Raspberry Pi: make deploy PI=user@host" >&2; exit 2; }
	@BUNDLE="$(BUNDLE)" SSH="$(SSH)" ./deploy.sh "$(PI)" "$$(ls -t dist/edgedigits-[0-9]*.whl | head -n 1)" $(OPTIONS)

images: $(ENV) ## Render the sample images anew: Images/
	$(RUN)/python -m edgedigits_train.handwriting images Images

test: $(ENV) $(TFLITE_ENV) ## Run the tests, but for the slow ones
	$(TESTS) -m "not slow"

test-all: $(ENV) $(TFLITE_ENV) ## Run all tests
	$(TESTS)

test-pi: $(ENV) ## Install it in emulated Raspberry Pis, and test it there: ROOTS="b64 t64 b32 t32"
	PI_ROOTS="$(ROOTS)" PI_CPUS="$(CPUS)" PI_IMAGES="$(IMAGES)" $(RUN)/pytest -rsP tests/pi/test_installed.py

check-reading: $(ENV) ## Read rendered pages and Images/, and say what is read worse than before: OPTIONS="--update"
	$(RUN)/python -m benchmarks.reading_check $(OPTIONS)

check-budget: $(ENV) ## Count the instructions of an emulated Cortex-A72, and compare with the budget: OPTIONS="--update"
	$(RUN)/python -m tests.pi.instructions $(OPTIONS)

lint: $(ENV) ## Check style and types
	$(RUN)/ruff check .
	$(RUN)/ruff format --check .
	$(RUN)/mypy

format: $(ENV) ## Put the code into the house's style
	$(RUN)/ruff check --fix .
	$(RUN)/ruff format .

docs: .venv/.docs-installed ## Build the documentation (Python 3.11 or later): build/docs/index.html
	$(RUN)/sphinx-build --quiet --fail-on-warning --keep-going docs build/docs

results: $(ENV) ## Measure the bundled model, and write the figures into the documents (PHOTOS="folder folder": on photos too)
	$(RUN)/edgedigits evaluate --out build/evaluation --card docs/results/model-card.md
	cp build/evaluation/evaluation.json $(MEASURED)
	-$(RUN)/python -m benchmarks.reading_check --json $(MEASURED)/scenes.json
	$(RUN)/python benchmarks/reading.py --json $(MEASURED)/speed.json
	$(RUN)/python benchmarks/memory.py --json $(MEASURED)/memory.json
	$(RUN)/python benchmarks/foreign_models.py --json $(MEASURED)/foreign.json
	$(MAKE) wheel
	$(RUN)/python benchmarks/lean.py --json $(MEASURED)/lean.json
	$(if $(TRAININGS),$(RUN)/python benchmarks/recipes.py $(TRAININGS) --json $(MEASURED)/recipes.json)
	$(if $(VARIANTS),$(RUN)/python benchmarks/ablation.py $(VARIANTS) --json $(MEASURED)/ablation.json)
	$(if $(PHOTOS),$(RUN)/python benchmarks/changed_photos.py $(PHOTOS) --json $(MEASURED)/photos.json)
	$(RUN)/python docs/results/render.py

release: $(ENV) ## Build and check what is published, all three distributions: dist/
	rm -rf dist
	$(RUN)/pip install --quiet --disable-pip-version-check --constraint constraints/development.txt \
		--constraint constraints/tools.txt build twine
	for part in runtime train export; do $(RUN)/python -m build --outdir dist $$part || exit; done
	$(RUN)/twine check --strict dist/*

clean: ## Remove what training and export made
	rm -rf build dist

distclean: clean ## Remove the environments as well
	rm -rf .venv .venv-tflite .pytest_cache .mypy_cache .ruff_cache .hypothesis

# else the bundle's own page network stays
PAGE_OF := $(if $(wildcard build/page/metrics.json),--page build/page)
ENGINES_OF := $(if $(TFLITE_ENV),--engines-of .venv-tflite/bin/python)

$(ENV): constraints/development.txt runtime/pyproject.toml train/pyproject.toml export/pyproject.toml
	$(PYTHON) -m venv .venv
	PIP_CONSTRAINT=constraints/development.txt $(RUN)/pip install --quiet --disable-pip-version-check \
		--editable './runtime[dask,heic,mqtt,pdf,server,verify]' --editable train --editable './export[micro,sign]' \
		hypothesis mypy playwright pytest pytest-timeout pytest-xdist ruff
	@touch $@

.venv/.docs-installed: $(ENV) constraints/tools.txt
	$(RUN)/pip install --quiet --disable-pip-version-check --constraint constraints/development.txt \
		--constraint constraints/tools.txt furo myst-parser sphinx sphinx-click
	@touch $@

.venv-tflite/.installed: constraints/tflite.txt runtime/pyproject.toml
	$(TFLITE_PYTHON) -m venv .venv-tflite
	PIP_CONSTRAINT=constraints/tflite.txt .venv-tflite/bin/pip install --quiet --disable-pip-version-check \
		--editable './runtime[tflite]'
	@touch $@

$(TRAINED): $(ENV) $(TRAIN_CODE) build/.train-settings
	$(RUN)/edgedigits train --recipe $(RECIPE) --seed $(SEED) --out build/train

build/page/metrics.json: $(ENV)
	$(RUN)/edgedigits train --recipe page --out build/page

$(EXPORTED): $(TRAINED) $(TFLITE_ENV) $(EXPORT_CODE)
	$(RUN)/edgedigits export --from build/train --out build/bundle $(ENGINES_OF)

# changes only when the settings do, so that another recipe trains anew and the same one does not
build/.train-settings: FORCE
	@mkdir -p build
	@echo "$(RECIPE) $(SEED)" | cmp -s - $@ || echo "$(RECIPE) $(SEED)" > $@
