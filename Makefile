# One environment in .venv/ for everything: python >= 3.11 and make are all that is needed.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.ready
# uv does not read pip's find-links; a local CPU build of torch is found through it.
export UV_FIND_LINKS := $(if $(PIP_FIND_LINKS),$(PIP_FIND_LINKS),$(UV_FIND_LINKS))
# Without one, torch's own index has the build without CUDA.
TORCH := $(if $(UV_FIND_LINKS),,--torch-backend cpu)
DOMAIN ?= ecg

.PHONY: setup demo test test-fast check docs screenshots clean

setup: $(STAMP)

$(STAMP): pyproject.toml core/pyproject.toml plugins/ecg_eeg/pyproject.toml plugins/iot_maintenance/pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check uv
	$(BIN)/uv pip install --quiet --python $(BIN)/python --compile-bytecode $(TORCH) --group dev \
		-e "core[server,wfdb,edf,testing]" -e plugins/ecg_eeg -e plugins/iot_maintenance
	touch $(STAMP)

demo: setup
	$(BIN)/tslab demo --domain $(DOMAIN)

test: setup
	PYTHON=$(BIN)/python bash scripts/test.sh

test-fast: setup
	$(BIN)/python -m pytest -q -m "not server and not browser and not packaging and not slow" -n 2

check: setup
	PYTHON=$(BIN)/python bash scripts/check.sh

docs: setup
	$(BIN)/python scripts/make_reference.py
	$(BIN)/mkdocs build --strict

clean:
	rm -rf $(VENV) site dist test-output
