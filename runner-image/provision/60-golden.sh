#!/usr/bin/env bash
# The golden Windows image on a disk of its own: XFS with reflinks, so that a copy costs nothing.
#
# WAA_GOLDEN_LUN and _GB say which data disk of the build machine is for it, WAA_GOLDEN_DEVICE names
# a device in their place (none of them: no disk is made). WAA_GOLDEN_URL_FILE names a file with
# the address of golden.tar (a SAS is part of it, so it is in no argument); golden.tar holds data.img
# and the windows.* files, and WAA_GOLDEN_SHA256 is its digest.
set -euo pipefail

device=${WAA_GOLDEN_DEVICE:-}
[[ -n $device || -n ${WAA_GOLDEN_LUN:-} ]] || exit 0
[[ -n $device ]] || device=$("${0%/*}/data-disk" "$WAA_GOLDEN_LUN" "${WAA_GOLDEN_GB:?}")
disk=/srv/waa/disk

if [[ -n $(blkid --output value --match-tag TYPE "$device" || true) ]]; then
  echo "$device is not empty: it is not formatted" >&2
  exit 1
fi
mkfs.xfs -q -m reflink=1 -L waa-golden "$device"
mount -o noatime "$device" "$disk"
work=$(mktemp -d)
trap 'rm -rf "$work"; umount "$disk"' EXIT
install -d "$disk/golden"
# One pass over the network: the digest is made of what goes by.
mkfifo "$work/pipe"
sha256sum <"$work/pipe" >"$work/sum" &
summing=$!
printf 'url = "%s"\nfail\nsilent\nshow-error\nretry = 5\n' "$(<"${WAA_GOLDEN_URL_FILE:?}")" |
  curl --disable --config - | tee "$work/pipe" | tar -x --sparse -C "$disk/golden"
wait "$summing"
read -r found _ <"$work/sum"
rm -f "$WAA_GOLDEN_URL_FILE"
if [[ $found != "${WAA_GOLDEN_SHA256:?}" || ! -f $disk/golden/data.img ]]; then
  echo "golden.tar has digest $found, $WAA_GOLDEN_SHA256 was expected, with a data.img in it" >&2
  exit 1
fi
# What a score's fingerprint names (golden.sha256), beside the disk it names.
sha256sum "$disk/golden/data.img" | cut -d ' ' -f 1 >"$disk/golden/golden.sha256"
chown -R runner:runner "$disk"
