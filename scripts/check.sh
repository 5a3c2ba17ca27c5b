#!/usr/bin/env bash
# Format, lint, layers, types: what needs no test run.
set -euo pipefail
cd "$(dirname "$0")/.."
PYTHON=${PYTHON:-.venv/bin/python}
BIN=$(dirname "$PYTHON")
step() { local began=$SECONDS; echo "== $1"; shift; "$@"; echo "   $((SECONDS - began)) s"; }
step "format" "$BIN/ruff" format --check --quiet .
step "lint" "$BIN/ruff" check --quiet .
step "layers" "$BIN/lint-imports" --no-cache
step "types" "$BIN/mypy" core/src plugins/ecg_eeg/src plugins/iot_maintenance/src
