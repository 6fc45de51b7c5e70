#!/usr/bin/env bash
# uv, and the locked environment of a worker in its cache. A job checks out its own commit and runs
# `uv sync --frozen`: what the lock did not change is linked from here.
set -euo pipefail

releases=${WAA_UV_RELEASES:-https://github.com/astral-sh/uv/releases/latest/download}
cache=/opt/uv-cache
name=uv-x86_64-unknown-linux-gnu.tar.gz
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

if [[ -n ${WAA_UV_PROGRAM:-} ]]; then
  install -m 0755 "$WAA_UV_PROGRAM" /usr/local/bin/uv
else
  for file in "$name" "$name.sha256"; do
    curl --disable --fail --silent --show-error --location --retry 5 --output "$work/$file" "$releases/$file"
  done
  (cd "$work" && sha256sum --check --quiet "$name.sha256" && tar -xzf "$name" --strip-components 1)
  install -m 0755 "$work/uv" /usr/local/bin/uv
fi
install -d -o runner -g runner "$cache"
printf 'UV_CACHE_DIR=%s\nUV_PYTHON_DOWNLOADS=never\n' "$cache" >/etc/waa-matrix/runner.env
if [[ -z ${WAA_SKIP_ENVIRONMENT:-} ]]; then
  cp -r "${WAA_SOURCE:?}"/{pyproject.toml,uv.lock,README.md,LICENSE,orchestrator} "$work"
  install -D -m 0644 "$WAA_SOURCE/runner-image/cloud-init.yaml" "$work/runner-image/cloud-init.yaml" # part of the wheel
  # The project too: so that what builds it is in the cache.
  UV_CACHE_DIR=$cache UV_PYTHON_DOWNLOADS=never /usr/local/bin/uv sync --frozen --no-dev --extra azure \
    --project "$work" --quiet
  chown -R runner:runner "$cache"
fi
