#!/usr/bin/env bash
# Prepares the machine by what Packer runs. Only the places of downloads differ.
set -euo pipefail

printf '%s' "${TEST_GOLDEN_URL:?}" >/tmp/golden-url
export WAA_CHROOT=1 WAA_SOURCE=/tmp/source WAA_UV_PROGRAM=/tmp/uv WAA_GOLDEN_URL_FILE=/tmp/golden-url
# No engine runs here, so the arena's container is not in this image.
export WAA_ARENA_IMAGE=
"$WAA_SOURCE/runner-image/provision/run"
rm -rf /var/lib/apt/lists/*
