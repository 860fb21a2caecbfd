# Each target does all its own set-up, on a Debian machine with Rust, Python and a C compiler.

PYTHON := .cache/venv/bin/python
WHEEL := .cache/wheel
SOURCES := $(shell find src include -type f) Cargo.toml Cargo.lock build.rs setup.py setup.cfg pyproject.toml MANIFEST.in .cargo/config.toml README.md LICENSE
WITH_LIBCHRONY := PYCHRONY_LIBCHRONY="$$(tools/libchrony)"

.DELETE_ON_ERROR:
.PHONY: help demo test lint rust-tests types tests hardening bench wheel matrix clean

help:
	@echo 'make demo       the tracking report of a chronyd: the system'"'"'s, or a private one'
	@echo 'make test       every check: formats, lints, types, tests on each CPython from 3.9 on'
	@echo 'make hardening  the long tests: hostile answers, memory, allocation failures, threads'
	@echo 'make bench      what a call costs, against the C library, PyPI'"'"'s pychrony and chronyc'
	@echo 'make wheel      a manylinux wheel in dist/'
	@echo 'make matrix     that wheel, tested in Debian bullseye to sid'

.cache/prepared: tools/prepare tools/libchrony tools/requirements.txt
	tools/prepare
	@touch $@

# The wheel that the tests install: one for every Python.
$(WHEEL)/stamp: .cache/prepared $(SOURCES)
	rm -rf $(WHEEL)
	$(PYTHON) -m pip wheel --quiet --disable-pip-version-check --no-build-isolation --no-deps --wheel-dir $(WHEEL) .
	@touch $@

# The newest wheel, installed beside the tools.
.cache/installed: $(WHEEL)/stamp
	$(PYTHON) -m pip install --quiet --disable-pip-version-check --force-reinstall --no-deps $(WHEEL)/*.whl
	@touch $@

demo: .cache/installed
	@$(WITH_LIBCHRONY) $(PYTHON) -m tools.demo

test: lint rust-tests types tests

lint: .cache/prepared
	@cargo fmt --version && cargo clippy --version || { echo 'install rustfmt and clippy (rustup component add rustfmt clippy)'; exit 1; }
	cargo fmt --check
	CI=true cargo clippy --locked --all-targets -- --deny warnings
	$(PYTHON) -m ruff check .
	$(PYTHON) -m ruff format --check .

# Of the rooms that know no Python: no libpython is needed.
rust-tests: .cache/prepared
	CI=true cargo test --locked --quiet

types: .cache/installed
	$(PYTHON) -m mypy --strict tests/typing/user.py
	$(PYTHON) -m mypy --strict src/pychrony/*.py src/pytest_pychrony.py
	$(WITH_LIBCHRONY) $(PYTHON) -m mypy.stubtest pychrony
	$(PYTHON) -m pyright --pythonpath $(PYTHON) tests/typing/user.py

tests: $(WHEEL)/stamp
	$(WITH_LIBCHRONY) tools/test $(WHEEL)/*.whl

# LENGTH is short or long; SEED makes the same mutants again.
hardening: $(WHEEL)/stamp
	$(WITH_LIBCHRONY) tools/hardening $(or $(LENGTH),short) $(SEED)

bench: .cache/installed
	$(WITH_LIBCHRONY) $(PYTHON) bench/run.py --python $(PYTHON) --wheel $(WHEEL)/*.whl --json .cache/bench/results.json \
		--markdown docs/performance.md --plot docs/performance.svg

wheel: .cache/prepared
	tools/wheel

matrix: .cache/prepared
	tools/matrix

clean:
	rm -rf .cache build dist target *.egg-info src/*.egg-info
