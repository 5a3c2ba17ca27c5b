#!/bin/sh
# Starts the tslab command; secrets that another container wrote come in as a file of variables.
set -eu
if [ -n "${TSLAB_ENV_FILE:-}" ]; then
    . "$TSLAB_ENV_FILE"
fi
exec tslab "$@"
