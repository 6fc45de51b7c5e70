#!/usr/bin/env bash
# The arena's container image, already here when a machine boots, and the client tree that is in it.
# WAA_ARENA_IMAGE is empty for an image without; WAA_ARENA_ARCHIVE is what `docker save` wrote, for
# where no engine runs (a chroot): it is loaded at the first boot.
set -euo pipefail

image=${WAA_ARENA_IMAGE-windowsarena/winarena:latest}
[[ -n $image ]] || exit 0
if [[ -n ${WAA_ARENA_ARCHIVE:-} ]]; then
  install -m 0644 "$WAA_ARENA_ARCHIVE" /opt/waa-matrix/arena-image.tar
  exit 0
fi
docker pull --quiet "$image"
container=$(docker create "$image")
trap 'docker rm --force "$container" >/dev/null' EXIT
rm -rf /srv/waa/client-stock
docker cp --quiet "$container:/client" /srv/waa/client-stock
chown -R runner:runner /srv/waa/client-stock
docker image inspect --format 'arena_image={{index .RepoDigests 0}}' "$image" >>/etc/waa-matrix/image.txt
