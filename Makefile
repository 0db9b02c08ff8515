# What can be made here; `make` or `make help` lists it.
#
# Nothing is needed beforehand but the tools that .ci/check-tools asks for. What is built goes to target/ (Rust), .venv/ (Python)
# and build/ (results, reports, tools), none of which is committed.

SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DELETE_ON_ERROR:
.NOTPARALLEL:
MAKEFLAGS += --no-builtin-rules

# --- Rust -------------------------------------------------------------------------------------------------------------------

# In a HOME without a .rustup, rustup's proxies know no toolchain. The toolchains that came with them lie beside them:
# ~/.cargo/bin/cargo and ~/.rustup, or cargo/bin/cargo and rustup in container images.
ifndef RUSTUP_HOME
  CARGO_AT := $(dir $(shell command -v cargo))
  ifeq ($(shell cargo --version 2>/dev/null),)
    BESIDE := $(firstword $(wildcard $(CARGO_AT)../../.rustup/toolchains $(CARGO_AT)../../rustup/toolchains))
    ifneq ($(BESIDE),)
      export RUSTUP_HOME := $(abspath $(BESIDE)/..)
    endif
  endif
endif

TARGET := $(abspath $(or $(CARGO_TARGET_DIR),target))
export CARGO_TARGET_DIR := $(TARGET)
# Tests run at release speed with the checks of a debug build; lints use the same profile, so that they share its build scripts.
PROFILE := testrelease
TOOLS := build/tools
CARGO_DENY := 0.20.2
CARGO_C := 0.10.24+cargo-0.98.0
CARGO_FUZZ := 0.13.2
FUZZ_SECONDS ?= 30

# --- Python -----------------------------------------------------------------------------------------------------------------

PYTHON ?= $(shell for p in python3 python3.14 python3.13 python3.12 python3.11 python; do \
	if "$$p" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then command -v "$$p"; break; fi; done)
VENV := .venv
PY := $(VENV)/bin/python
REQUIREMENTS := cam-py/requirements
PIP := $(PY) -m pip --quiet --disable-pip-version-check --no-input
export PYO3_PYTHON := $(abspath $(PY))
# No display, and no cache outside this folder.
export MPLBACKEND := Agg
export MPLCONFIGDIR := $(abspath build/matplotlib)

WHEEL_SOURCES := Cargo.toml Cargo.lock cam-core/Cargo.toml \
	$(shell find cam-core/src cam-py -type f -not -path '*/tests/*' -not -path '*/examples/*' -not -path '*/requirements/*' \
		-not -name '*.pyc' -not -name '*.so')
STEP := .ci/step

.PHONY: help
help: ## list what can be made
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## (.*)/  make \1\t\2/' | expand -t 24

# --- fits of every model ----------------------------------------------------------------------------------------------------

COVERAGE_REPLICATIONS ?= 1000

.PHONY: coverage
coverage: ## simulate, fit and count how often 95 % intervals hold the truth, for every model; writes docs/coverage.md
	@mkdir -p build
	@cargo run --quiet --release -p cam-core --example coverage -- $(COVERAGE_REPLICATIONS) $$(date -u +%Y-%m-%d) | tee build/coverage.md
	@mv build/coverage.md docs/coverage.md

.PHONY: million
million: ## every model fitted to a million customers: time and peak memory; writes docs/million.md
	@mkdir -p build
	@cargo run --quiet --release --locked -p cam-core --example million -- $$(date -u +%Y-%m-%d) | tee build/million.md
	@mv build/million.md docs/million.md

# --- the main job -----------------------------------------------------------------------------------------------------------

.PHONY: demo
demo: tools-demo $(VENV)/wheel ## the main job on a real log: fit, compare, look ahead, save pictures in build/demo
	@$(PY) cam-py/examples/demo.py --out build/demo

.PHONY: tools-demo tools-test tools-docs tools-cinstall tools-fuzz
tools-demo tools-test tools-docs tools-cinstall tools-fuzz: tools-%:
	@.ci/check-tools $* '$(PYTHON)'

$(PY):
	@echo "a Python environment in $(VENV)"
	@'$(PYTHON)' -m venv $(VENV)

# Each list of requirements has its stamp in the environment, so that a second run is quick.
$(VENV)/demo $(VENV)/test $(VENV)/docs: $(VENV)/%: $(REQUIREMENTS)/%.txt $(REQUIREMENTS)/constraints.txt | $(PY)
	@echo "Python packages of $<"
	@$(PIP) install -r $< -c $(REQUIREMENTS)/constraints.txt
	@touch $@

$(VENV)/test $(VENV)/docs: $(VENV)/demo

# What is installed is what is tested: the wheel, as it would be published.
$(VENV)/wheel: $(WHEEL_SOURCES) $(VENV)/demo
	@echo "the wheel of cam (some minutes the first time)"
	@rm -rf build/wheel
	@CARGO_TERM_QUIET=true $(VENV)/bin/maturin build --quiet --release --locked --manifest-path cam-py/Cargo.toml --interpreter $(PY) --out build/wheel
	@$(PIP) install --force-reinstall --no-deps build/wheel/*.whl
	@touch $@

# --- tests ------------------------------------------------------------------------------------------------------------------

TESTS := fmt clippy rust rustdoc c java arrow python documents lint-python blocks

.PHONY: test
test: test-begin $(TESTS:%=test-%) ## every test and lint
	@.ci/report

.PHONY: test-begin $(TESTS:%=test-%)
test-begin: tools-test
	@mkdir -p build/test
	@rm -f build/test/*.log build/test/steps
	@date +%s >build/test/began

# benches/ and cam-core/fuzz are workspaces of their own.
test-fmt:
	@$(STEP) fmt bash -c 'cargo fmt --all --check && rustfmt --edition 2024 --check cam-core/src/clv/*.rs && \
		cargo fmt --manifest-path benches/Cargo.toml --check && cargo fmt --manifest-path cam-core/fuzz/Cargo.toml --check'

# Missing documentation is an error by the lints of the workspace.
test-clippy: $(PY)
	@$(STEP) clippy cargo clippy --workspace --all-targets --profile $(PROFILE) --locked --quiet -- -D warnings

# Unit tests, integration tests, the code in documentation comments, and the Rust code of the pages. The Python door is tested from Python.
# Properties are tried on the same cases every time; `make properties` looks for new ones.
test-rust: $(PY)
	@PROPTEST_RNG_SEED=1 $(STEP) rust cargo test --workspace --exclude cam-py --profile $(PROFILE) --locked --quiet --no-fail-fast

test-rustdoc: $(PY)
	@RUSTDOCFLAGS='-D warnings' $(STEP) rustdoc \
		cargo doc --workspace --exclude cam-py --no-deps --profile $(PROFILE) --locked --quiet

# The library that C and Java programs link.
LIBRARY := $(if $(filter Darwin,$(shell uname)),libcam_ffi.dylib,libcam_ffi.so)
.PHONY: libcam
libcam: $(PY)
	@cargo build -p cam-ffi --profile $(PROFILE) --locked --quiet

test-c: libcam
	@$(STEP) c cam-ffi/tests/run_c.sh $(TARGET) $(PROFILE)

test-java: libcam
	@$(STEP) java bash -c 'cam-ffi/tests/run_java.sh $(TARGET) $(PROFILE) && cat $(TARGET)/java/target/surefire-reports/*.txt'

# Arrow streams go into the C library as pyarrow exports them.
test-arrow: libcam $(VENV)/test
	@CAM_FFI_LIBRARY=$(TARGET)/$(PROFILE)/$(LIBRARY) $(STEP) arrow $(PY) -m pytest -q cam-ffi/tests/test_arrow.py

test-python: $(VENV)/wheel $(VENV)/test
	@$(STEP) python $(PY) -m pytest cam-py/tests

# One log, four languages, one document.
test-documents: libcam $(VENV)/wheel
	@$(STEP) documents $(PY) .ci/documents $(TARGET)/$(PROFILE)/$(LIBRARY) $(TARGET)/tmp/cdnow-json $(TARGET)/c/json $(TARGET)/java-json

# Python outside the Python door: the peers, the generators of reference values, and what the checks call.
SCRIPTS := benches/compare cam-core/testdata cam-ffi/tests .ci/accuracy .ci/documents .ci/layout

# And the stub of the extension against the extension that was compiled.
test-lint-python: $(VENV)/wheel $(VENV)/test
	@$(STEP) ruff bash -c '$(VENV)/bin/ruff check cam-py docs && $(VENV)/bin/ruff check --config .ci/ruff.toml $(SCRIPTS)'
	@$(STEP) ruff-format $(VENV)/bin/ruff format --check cam-py docs
	@$(STEP) mypy $(VENV)/bin/mypy --strict --config-file cam-py/pyproject.toml cam-py/python/cam
	@$(STEP) stubtest $(PY) -m mypy.stubtest cam._core

# The code blocks of the READMEs and of docs/ that are not Rust.
test-blocks: test-java libcam $(VENV)/wheel $(VENV)/test
	@$(STEP) blocks env CAM_LIBRARY_PATH=$(TARGET)/$(PROFILE) $(PY) -m pytest -q docs/tests

.PHONY: lint
lint: tools-test ## formatting and lints only
	@rm -f build/test/steps
	@$(MAKE) --no-print-directory test-fmt test-clippy test-lint-python

# --- documentation ----------------------------------------------------------------------------------------------------------

.PHONY: docs
docs: tools-docs $(VENV)/wheel $(VENV)/docs ## the documentation, warnings as errors, in build/docs
	@RUSTDOCFLAGS='-D warnings' cargo doc --workspace --exclude cam-py --no-deps --locked --quiet
	@rm -rf build/docs/rust && mkdir -p build/docs && cp -r $(TARGET)/doc build/docs/rust
	@$(PY) -m sphinx -W --keep-going -q -b html -d build/docs/.doctrees docs build/docs/html
	@rm -rf build/docs/html/rust && mv build/docs/rust build/docs/html/rust
	@echo "documentation: build/docs/html/index.html"

# --- measurements -----------------------------------------------------------------------------------------------------------

COMPARE := build/venv-compare

.PHONY: bench
bench: tools-demo $(VENV)/wheel $(COMPARE)/made ## speed: the core, and beside its peers in one run
	@cargo bench --manifest-path benches/Cargo.toml --locked
	@$(PIP:$(PY)%=$(COMPARE)/bin/python%) install --force-reinstall --no-deps build/wheel/*.whl
	@$(COMPARE)/bin/python benches/compare/compare.py $(COMPARE_FLAGS)

STREAM_ROWS ?= 100000000

.PHONY: stream
stream: tools-demo ## a summary of 100 million rows in batches, by time and in no order (STREAM_ROWS=…)
	@cargo build -p cam-core --release --example stream_100m --locked --quiet
	@for order in time none; do nice '$(TARGET)/release/examples/stream_100m' $$order $(STREAM_ROWS); done

$(COMPARE)/made: benches/compare/requirements.txt
	@'$(PYTHON)' -m venv $(COMPARE)
	@$(PIP:$(PY)%=$(COMPARE)/bin/python%) install -r $<
	@touch $@

.PHONY: accuracy
accuracy: tools-demo $(PY) ## errors against 50-digit values (WRITE=--write: also into docs/accuracy.md)
	@$(PY) .ci/accuracy $(WRITE) cargo test -p cam-core --profile $(PROFILE) --locked --quiet --test it -- \
		--nocapture --test-threads=1 accuracy_table every_golden_value accuracy_of_every_quantity

.PHONY: bad-input
bad-input: test-begin test-c test-java $(VENV)/wheel $(VENV)/test ## what bad input gives at every door (WRITE=--write: also into docs/reference/bad-input.md)
	@$(PY) -m pytest -q -s cam-py/tests/test_bad_input.py >build/test/bad-input.log
	@cargo test -p cam-core --profile $(PROFILE) --locked --quiet --test it -- --nocapture --test-threads=1 bad_input:: >build/test/rust-bad-input.log
	@$(PY) .ci/bad-input $(WRITE) Rust=build/test/rust-bad-input.log C=build/test/c.log Java=build/test/java.log Python=build/test/bad-input.log

.PHONY: published
published: tools-demo ## every published value beside ours, into docs/reference/published.md
	@mkdir -p build
	@cargo run --quiet --release --locked -p cam-core --example published >build/published.md
	@mv build/published.md docs/reference/published.md

.PHONY: accuracy-peers
accuracy-peers: tools-demo $(VENV)/wheel $(COMPARE)/made ## the 50-digit cases against each peer (WRITE=--write: also into docs/accuracy.md)
	@$(PIP:$(PY)%=$(COMPARE)/bin/python%) install --force-reinstall --no-deps build/wheel/*.whl
	@$(COMPARE)/bin/python benches/compare/accuracy_peers.py $(if $(WRITE),--write docs/accuracy.md)

# --- checks with tools that take minutes to build ----------------------------------------------------------------------------

.PHONY: deny
deny: $(TOOLS)/bin/cargo-deny ## licences, bans and sources of all dependencies
	@$(TOOLS)/bin/cargo-deny --config .cargo/deny.toml --all-features --locked check licenses bans sources

.PHONY: cinstall-check
cinstall-check: tools-cinstall $(TOOLS)/bin/cargo-cinstall ## install the C library with pkg-config and SONAME; build an outside program against it
	@PATH="$(abspath $(TOOLS)/bin):$$PATH" cam-ffi/tests/cinstall.sh

PROPERTY_ROUNDS ?= 20

.PHONY: properties
properties: ## the laws that tests hold for any input, tried on new cases each time (PROPERTY_ROUNDS=…)
	@for round in $$(seq $(PROPERTY_ROUNDS)); do \
		echo "== round $$round"; \
		cargo test -p cam-core --profile $(PROFILE) --locked --quiet --test it -- quantities:: discrete:: summary_order:: || exit 1; \
	done

.PHONY: fuzz
fuzz: tools-fuzz $(TOOLS)/bin/cargo-fuzz ## fuzz documents, dates and summaries (needs a nightly toolchain); FUZZ_SECONDS each
	@for target in document date summary; do \
		echo "== fuzz $$target"; \
		(cd cam-core/fuzz && PATH="$(abspath $(TOOLS)/bin):$$PATH" CARGO_TARGET_DIR=$(TARGET)/fuzz \
			rustup run nightly cargo fuzz run --fuzz-dir . $$target -- -max_total_time=$(FUZZ_SECONDS) -print_final_stats=1); \
	done

$(TOOLS)/bin/cargo-deny:
	@cargo install --quiet --locked --root $(TOOLS) cargo-deny@$(CARGO_DENY)

$(TOOLS)/bin/cargo-cinstall:
	@cargo install --quiet --locked --root $(TOOLS) cargo-c@$(CARGO_C)

$(TOOLS)/bin/cargo-fuzz:
	@cargo install --quiet --locked --root $(TOOLS) cargo-fuzz@$(CARGO_FUZZ)

# --- leaving ----------------------------------------------------------------------------------------------------------------

.PHONY: clean
clean: ## remove everything that was built
	@cargo clean --quiet
	@rm -rf $(VENV) build cam-ffi/java/target benches/target cam-core/fuzz/target
