#!/usr/bin/env bash
# The newest release of the actions runner (or WAA_RUNNER_VERSION), checked against the digest that
# GitHub publishes. GitHub sends no jobs to a runner older than 30 days: the image is built each month.
set -euo pipefail

api=${WAA_GITHUB_API:-https://api.github.com}
home=${WAA_RUNNER_HOME:-/opt/actions-runner}
etc=${WAA_ETC:-/etc/waa-matrix}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

fetch() { curl --disable --fail --silent --show-error --location --retry 5 --output "$2" "$1"; }

release=${WAA_RUNNER_VERSION:+tags/v$WAA_RUNNER_VERSION}
fetch "$api/repos/actions/runner/releases/${release:-latest}" "$work/release.json"
version=$(jq -er '.tag_name | ltrimstr("v") | select(test("^[0-9]+\\.[0-9]+\\.[0-9]+$"))' "$work/release.json")
name=actions-runner-linux-x64-$version.tar.gz
url=$(jq -er --arg name "$name" '.assets[] | select(.name == $name) | .browser_download_url' "$work/release.json")
# The asset's own digest; older releases have it in their notes alone.
digest=$(jq -er --arg name "$name" '
  (.assets[] | select(.name == $name) | .digest // "" | ltrimstr("sha256:")) as $own
  | if $own != "" then $own else
      (.body | capture("BEGIN SHA linux-x64 -->(?<sha>[0-9a-f]{64})").sha) end
  | select(test("^[0-9a-f]{64}$"))' "$work/release.json") || {
  echo "release $version publishes no sha256 of $name: it is not taken" >&2
  exit 1
}
fetch "$url" "$work/$name"
echo "$digest  $work/$name" | sha256sum --check --quiet
rm -rf "$home"
install -d "$home"
tar -xzf "$work/$name" -C "$home" --no-same-owner
[[ -n ${WAA_SKIP_PACKAGES:-} || ! -x $home/bin/installdependencies.sh ]] || "$home/bin/installdependencies.sh"
chown -R runner:runner "$home"
install -d "$etc"
{
  echo "runner_version=$version"
  echo "built=$(date +%s)"
} >"$etc/image.txt"
