#!/usr/bin/env bash
# Everything that has to be true before a change lands. Prints the seconds of each step.
set -euo pipefail
cd "$(dirname "$0")/.."
PYTHON=${PYTHON:-.venv/bin/python}
BIN=$(dirname "$PYTHON")
export PYTHON
step() { local began=$SECONDS; echo "== $1"; shift; "$@"; echo "   $((SECONDS - began)) s"; }

bash scripts/check.sh
if [ ! -x /usr/bin/chromium ]; then
    step "chromium from Debian's packages" bash -c \
        'apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq chromium >/dev/null'
fi
step "fast tests" "$PYTHON" -m pytest -q -rs -n 2 -m "not server and not browser and not packaging"
step "tests with a real Label Studio and Chromium" "$PYTHON" -m pytest -q -rs -m "server or browser"
step "packaging" "$PYTHON" -m pytest -q -rs -m packaging
step "reference pages are up to date" "$PYTHON" scripts/make_reference.py --check
step "docs" "$BIN/mkdocs" build --strict
