# Each target does all its own set-up, on a Debian machine with Rust, Python and a C compiler.

# The CPython to test with: a version, such as 3.11, or a path. If it is empty, each that the machine has.
PYTHON :=
VENV := .cache/venv/bin/python
DOCS_VENV := .cache/docs-venv/bin/python
WHEEL := .cache/wheel
SOURCES := $(shell find src include packaging/libchrony -type f -not -path '*.egg-info/*') Cargo.toml Cargo.lock build.rs setup.py setup.cfg pyproject.toml MANIFEST.in .cargo/config.toml README.md LICENSE
WITH_LIBCHRONY := PYCHRONY_LIBCHRONY="$$(tools/libchrony)"

.DELETE_ON_ERROR:
.PHONY: help demo test lint rust-tests types tests docs hardening bench wheel command-files matrix clean

help:
	@echo 'make demo       the tracking report of a chronyd: the system'"'"'s, or a private one'
	@echo 'make test       every check: formats, lints, types, tests on each CPython from 3.9 on, or with PYTHON=3.11 on that'
	@echo 'make docs       the documentation, as a site in .cache/docs/index.html, and the tests of its gallery'
	@echo 'make hardening  the long tests: hostile answers, memory, allocation failures, threads'
	@echo 'make bench      what a call costs, compared with the C library, PyPI'"'"'s pychrony and chronyc;'
	@echo '                with AGAINST=REVISION, compared with another revision of this one'
	@echo 'make wheel      a manylinux wheel in dist/; with LIBCHRONY_SOURCE=..., it brings a libchrony compiled from there'
	@echo 'make command-files  the manual page and the completion of the command, in dist/share'
	@echo 'make matrix     that wheel, installed and tested in Debian bullseye to sid'

.cache/prepared: tools/prepare tools/libchrony tools/prometheus tools/requirements.txt
	@echo 'Installing what the build and the tests need, in .cache and with apt. The first time, this takes some minutes.' >&2
	tools/prepare
	@touch $@

# The wheel that the tests install: one for every Python.
$(WHEEL)/stamp: .cache/prepared $(SOURCES)
	@echo 'Building the extension. The first time, this takes a minute or two.' >&2
	rm -rf $(WHEEL)
	$(VENV) -m pip wheel --quiet --disable-pip-version-check --no-build-isolation --no-deps --wheel-dir $(WHEEL) .
	@touch $@

# The newest wheel, installed beside the tools.
.cache/installed: $(WHEEL)/stamp
	$(VENV) -m pip install --quiet --disable-pip-version-check --force-reinstall --no-deps $(WHEEL)/*.whl
	@touch $@

demo: .cache/installed
	@$(WITH_LIBCHRONY) $(VENV) -m tools.demo

test: lint rust-tests types tests docs

lint: .cache/prepared
	@cargo fmt --version && cargo clippy --version || { echo 'install rustfmt and clippy (rustup component add rustfmt clippy)'; exit 1; }
	cargo fmt --check
	CI=true cargo clippy --locked --all-targets -- --deny warnings
	$(VENV) -m ruff check . src/scripts/pychrony
	$(VENV) -m ruff format --check . src/scripts/pychrony
	$(VENV) -m pyroma --quiet --min=10 .
	tools/notices check
	tools/lint-workflows

# Of the layers that know no Python: no libpython is needed.
rust-tests: .cache/prepared
	CI=true cargo test --locked --quiet

types: .cache/installed
	$(VENV) -m mypy --strict tests/typing/user.py
	$(VENV) -m mypy --strict src/pychrony src/scripts/pychrony src/pytest_pychrony.py
	$(WITH_LIBCHRONY) $(VENV) -m mypy.stubtest --allowlist tools/stubtest.allow pychrony
	$(VENV) -m pyright --pythonpath $(VENV) tests/typing/user.py

tests: $(WHEEL)/stamp
	$(WITH_LIBCHRONY) tools/test $(WHEEL)/*.whl $(PYTHON)

# Sphinx, and what draws the pictures, in a virtual environment of their own: it is a lot to install for one target.
.cache/docs-venv/ready: docs/requirements.txt .cache/prepared
	rm -rf $(@D)
	python3 -m venv $(@D)
	$(@D)/bin/pip install --quiet --disable-pip-version-check -r docs/requirements.txt
	@touch $@

docs: $(WHEEL)/stamp .cache/docs-venv/ready
	$(DOCS_VENV) -m pip install --quiet --disable-pip-version-check --force-reinstall --no-deps $(WHEEL)/*.whl
	$(WITH_LIBCHRONY) $(DOCS_VENV) -m pytest -q -p no:cacheprovider docs
	$(WITH_LIBCHRONY) $(DOCS_VENV) -m sphinx -E -W --keep-going -q -b html docs .cache/docs
	@echo 'docs: .cache/docs/index.html'

# LENGTH is short or long; the same SEED makes the same mutants again.
hardening: $(WHEEL)/stamp
	$(WITH_LIBCHRONY) tools/hardening $(or $(LENGTH),short) $(SEED)

# With AGAINST=REVISION, the build at hand is compared with that of another commit instead, and no document is written.
bench: .cache/installed
ifdef AGAINST
	$(WITH_LIBCHRONY) $(VENV) bench/against.py --wheel $(WHEEL)/*.whl --revision "$(AGAINST)"
else
	$(WITH_LIBCHRONY) $(VENV) bench/run.py --wheel $(WHEEL)/*.whl --json .cache/bench/results.json \
		--markdown docs/performance.md --plot docs/performance.svg
	$(WITH_LIBCHRONY) $(VENV) bench/probe.py
endif

wheel: .cache/prepared
	tools/wheel

# Made from the command's own parser, and laid out as below /usr/share.
command-files: .cache/prepared
	$(VENV) tools/command_files.py dist/share

matrix: .cache/prepared
	tools/install-test
	tools/matrix

clean:
	rm -rf .cache build dist target *.egg-info src/*.egg-info
