#!/bin/sh
# Starts the tslab command; secrets that another container wrote come in as a file of variables.
# A key that the environment gives wins: it may be changed at every start, the file is made once.
set -eu
key=${LABEL_STUDIO_API_KEY:-}
if [ -n "${TSLAB_ENV_FILE:-}" ]; then
    . "$TSLAB_ENV_FILE"
fi
if [ -n "$key" ]; then
    export LABEL_STUDIO_API_KEY="$key"
fi
exec tslab "$@"
