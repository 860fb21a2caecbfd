# Each target does all its own set-up, on a Debian machine with Rust, Python and a C compiler.

# The CPython to test with: a version, such as 3.11, or a path. If it is empty, each that the machine has.
PYTHON :=
VENV := .cache/venv/bin/python
DOCS_VENV := .cache/docs-venv/bin/python
WHEEL := .cache/wheel
SOURCES := $(shell find src include packaging/libchrony examples/prometheus -type f -not -path '*.egg-info/*' -not -name '*.so') Cargo.toml Cargo.lock build.rs setup.py setup.cfg pyproject.toml MANIFEST.in .cargo/config.toml README.md LICENSE
# Expanded when a recipe needs it.
WITH_LIBCHRONY = PYCHRONY_LIBCHRONY="$$(tools/libchrony)"
PIP := -m pip --quiet --disable-pip-version-check
# A step prints one line, and its output if it fails; with VERBOSE=1, all of it.
STEP := @tools/step
CLIPPY := env CI=true cargo clippy --locked --all-targets -- --deny warnings

export VERBOSE

.DELETE_ON_ERROR:
.PHONY: help demo test lint format rust-tests types tests docs pictures browser hardening coverage bench wheel command-files matrix newcomer clean

help:
	@echo 'make demo       the tracking report of a chronyd: the system'"'"'s, or a private one'
	@echo 'make test       every check: formats, lints, types, tests on each CPython from 3.9 on, or with PYTHON=3.11 on that'
	@echo 'make lint       only formats and lints; make format puts formats right'
	@echo 'make docs       the documentation, as a site in .cache/docs/index.html, and the tests of its recipes'
	@echo 'make pictures   the pictures of the documentation, anew'
	@echo 'make browser    the page of the exporter and the site, in Chromium, with pictures in .cache/browser'
	@echo 'make coverage   which lines of the Rust and the Python code the tests reach, in .cache/coverage'
	@echo 'make hardening  the long tests: hostile responses, memory, allocation failures, threads'
	@echo 'make bench      what a call costs, compared with the C library, PyPI'"'"'s pychrony and chronyc;'
	@echo '                with AGAINST=REVISION, compared with another revision of this one'
	@echo 'make wheel      a manylinux wheel in dist/; with LIBCHRONY_SOURCE=..., it brings a libchrony compiled from there'
	@echo 'make command-files  the manual page and the completion of the command, in dist/share'
	@echo 'make newcomer   make demo and make test on fresh Debian systems, as README has them'
	@echo 'make matrix     the wheel, installed and tested in Debian bullseye to sid; and make newcomer'
	@echo 'With VERBOSE=1, each step prints all it does.'

# What is installed for the build, for the demo and for the checks. The first time, this takes a minute or two.
.cache/prepared-build: tools/requirements-build.txt
.cache/prepared-demo: .cache/prepared-build tools/libchrony
.cache/prepared-all: .cache/prepared-demo tools/prometheus tools/requirements.txt
.cache/prepared-%: tools/prepare
	@mkdir -p $(@D)
	$(STEP) 'Install what is needed ($*)' tools/prepare $*
	@touch $@

# The wheel that the tests install: one for every Python.
$(WHEEL)/stamp: .cache/prepared-build $(SOURCES)
	@rm -rf $(WHEEL)
	$(STEP) 'Build the extension' $(VENV) $(PIP) wheel --no-build-isolation --no-deps --wheel-dir $(WHEEL) .
	@touch $@

# The newest wheel, installed beside the tools.
.cache/installed: $(WHEEL)/stamp
	@$(VENV) $(PIP) install --force-reinstall --no-deps $(WHEEL)/*.whl
	@touch $@

demo: .cache/prepared-demo .cache/installed
	@$(WITH_LIBCHRONY) $(VENV) -m tools.demo

# The short steps several at a time, because most of them use one processor; then the tests, which use all.
SEVERAL = @$(MAKE) --no-print-directory $(if $(VERBOSE),,--jobs=3)
test: .cache/prepared-all
	$(SEVERAL) $(WHEEL)/stamp rust-tests
	$(SEVERAL) lint types docs
	@$(MAKE) --no-print-directory tests

lint: .cache/prepared-all
	$(STEP) 'Format of the Rust code' --hint "make format puts it right; if there is no cargo fmt, install rustfmt (rustup component add rustfmt)." cargo fmt --check
	$(STEP) 'Lint of the Rust code (clippy)' --hint 'If there is no cargo clippy, install it (rustup component add clippy).' $(CLIPPY)
	$(STEP) 'Format of the Python code (ruff)' --hint 'make format puts it right.' $(VENV) -m ruff format --check . src/scripts/pychrony
	$(STEP) 'Lint of the Python code (ruff)' $(VENV) -m ruff check . src/scripts/pychrony
	$(STEP) 'Spelling (codespell)' --hint 'A word that is right goes into ignore-words-list of pyproject.toml.' $(VENV) -m codespell_lib
	$(STEP) 'Metadata of the package (pyroma)' $(VENV) -m pyroma --min=10 .
	$(STEP) 'Licences of the crates' tools/notices check
	$(STEP) 'Lint of the workflows (zizmor, actionlint)' tools/lint-workflows

format: .cache/prepared-all
	cargo fmt
	$(VENV) -m ruff check --fix . src/scripts/pychrony
	$(VENV) -m ruff format . src/scripts/pychrony

# Of the layers that know no Python: no libpython is needed.
rust-tests: .cache/prepared-all
	$(STEP) 'Tests of the Rust code' env CI=true cargo test --locked --quiet

types: .cache/prepared-all .cache/installed
	$(STEP) 'Types, as a user sees them (mypy)' $(VENV) -m mypy --strict tests/typing/user.py
	$(STEP) 'Types of the Python code (mypy)' $(VENV) -m mypy --strict src/pychrony src/scripts/pychrony src/pytest_pychrony.py
	$(STEP) 'The stub, for a later CPython (mypy)' $(VENV) -m mypy --strict --python-version 3.14 src/pychrony/__init__.pyi
	$(STEP) 'The stub against the module (stubtest)' env $(WITH_LIBCHRONY) $(VENV) -m mypy.stubtest --allowlist tools/stubtest.allow pychrony
	$(STEP) 'Types, as a user sees them (pyright)' $(VENV) -m pyright --pythonpath $(VENV) tests/typing/user.py

tests: .cache/prepared-all $(WHEEL)/stamp
	@$(WITH_LIBCHRONY) tools/test $(WHEEL)/*.whl $(PYTHON)

# Sphinx, and what draws the pictures, in a virtual environment of their own: it is a lot to install for one target.
.cache/docs-venv/ready: docs/requirements.txt .cache/prepared-all
	@rm -rf $(@D) && python3 -m venv $(@D)
	$(STEP) 'Install what the documentation needs' $(DOCS_VENV) $(PIP) install -r docs/requirements.txt
	@touch $@

docs: $(WHEEL)/stamp .cache/docs-venv/ready
	@$(DOCS_VENV) $(PIP) install --force-reinstall --no-deps $(WHEEL)/*.whl
	$(STEP) 'Documentation (Sphinx)' env $(WITH_LIBCHRONY) $(DOCS_VENV) -m sphinx -E -W --keep-going -q -b html docs .cache/docs
	$(STEP) 'Tests of the site and the recipes' env $(WITH_LIBCHRONY) $(DOCS_VENV) -m pytest -q -p no:cacheprovider docs
	@echo 'The documentation is in .cache/docs/index.html'

# From real daemons, which it watches for five and for eleven minutes.
pictures: docs
	tools/panels
	PATH="$$(tools/prometheus):$$PATH" PYTHONPATH=. $(WITH_LIBCHRONY) $(DOCS_VENV) tools/pictures.py
	PYTHONPATH=. $(WITH_LIBCHRONY) $(DOCS_VENV) tools/gallery.py 11

browser: docs
	@tools/browser $(WHEEL)/*.whl

# LENGTH is short or long; the same SEED makes the same mutants again.
hardening: .cache/prepared-all .cache/installed
	$(WITH_LIBCHRONY) tools/hardening $(or $(LENGTH),short) $(SEED)

coverage: .cache/prepared-all .cache/installed
	@$(WITH_LIBCHRONY) tools/coverage

# With AGAINST=REVISION, the build at hand is compared with that of another commit instead, and no document is written.
bench: .cache/prepared-all .cache/installed
ifdef AGAINST
	$(WITH_LIBCHRONY) $(VENV) bench/against.py --wheel $(WHEEL)/*.whl --revision "$(AGAINST)"
else
	$(WITH_LIBCHRONY) $(VENV) bench/run.py --wheel $(WHEEL)/*.whl --json .cache/bench/results.json \
		--markdown docs/performance.md --plot docs/performance.svg
	$(WITH_LIBCHRONY) $(VENV) bench/probe.py
endif

wheel: .cache/prepared-all
	tools/wheel

# Made from the command's own parser, and laid out as below /usr/share.
command-files: .cache/prepared-all
	$(VENV) tools/command_files.py dist/share

newcomer:
	tools/newcomer trixie bookworm sid

matrix: .cache/prepared-all newcomer
	tools/matrix

clean:
	rm -rf .cache build dist target *.egg-info src/*.egg-info
