# Two commands: `make demo` and `make test`. Both create .venv first and do only what is missing.
PYTHON ?= python3.11
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
# Another build of torch (CUDA, ROCm, CPU only): make demo TORCH_INDEX=<url of that build's wheel index>. See docs/install.md.
TORCH_INDEX ?=

.PHONY: demo test lint bench bench-study validity install clean
.DEFAULT_GOAL := demo

install: $(STAMP)

$(STAMP): pyproject.toml constraints.txt
	@command -v $(PYTHON) >/dev/null || { echo "$(PYTHON) is not on the PATH: install Python 3.11, or name yours with make PYTHON=..." >&2; exit 1; }
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check $(if $(TORCH_INDEX),--index-url $(TORCH_INDEX) -c constraints.txt torch torchvision,-c constraints.txt torch)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev]'
	touch $@

demo: $(STAMP)
	PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/dvc repro
	@echo "Report: $(CURDIR)/out/report/index.html"

test: $(STAMP)
	$(BIN)/python -m pytest -n auto --dist loadfile --no-loadscope-reorder

lint: $(STAMP)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

# Few clips, one round of each; without --quick and --simulations it is what docs/ was written from, and takes thrice as long.
bench: $(STAMP)
	$(BIN)/python -m bench.benchmarks --quick
	$(BIN)/python -m bench.benchmark_space
	$(BIN)/python -m bench.benchmark_data
	$(BIN)/python -m bench.benchmark_statistics --simulations 100
	$(BIN)/python -m bench.benchmark_report
	$(BIN)/python -m bench.benchmarks.baselines --quick

# 200 raters at a time for minutes, and thousands of simulated studies: apart.
bench-study: $(STAMP)
	$(BIN)/python -m bench.benchmark_study_design
	$(BIN)/python -m bench.benchmark_study_server
	$(BIN)/python -m bench.benchmark_study

validity: $(STAMP)
	$(BIN)/space-bench validity

clean:
	rm -rf out
