#!/usr/bin/env bash
# The place of GitHub's runner in the machine of the tests: says what it was given (never what is
# secret), waits until the witness has looked, works the job that a shard is, and waits to be told.
set -euo pipefail

work=/srv/waa/work
say() { echo "stand-in: $*"; }

say "configuration $(printf '%s' "$ACTIONS_RUNNER_INPUT_JITCONFIG" | sha256sum | cut -d ' ' -f 1)"
unset ACTIONS_RUNNER_INPUT_JITCONFIG
say "user $(id -un), groups $(id -Gn)"
touch $work/started
until [[ -e $work/witnessed ]]; do sleep 0.2; done
say "docker $(docker info --format '{{.CgroupDriver}}' 2>&1)"
cp --reflink=always /srv/waa/disk/golden/data.img /srv/waa/disk/copy && say "golden image copied by reference"

# What a shard's job does: its commit, the locked environment from the image's cache, the worker.
cp -r "$(dirname "$0")/checkout" $work/checkout
cd $work/checkout
uv sync --frozen --offline --no-dev --extra azure --quiet
say "environment ready"
status=0
(
  echo $BASHPID >/run/waa-matrix/worker.pid
  exec .venv/bin/waa-matrix worker --shard 0 --shards 1 --session "$WAA_SESSION" --scratch $work/shard-0
) || status=$?
say "worker ended with $status"

# The next worker, as far as the watcher for evictions is concerned.
trap 'say "told to stop"; exit 0' TERM
echo $$ >/run/waa-matrix/worker.pid
say "waiting"
while true; do sleep 0.2; done
