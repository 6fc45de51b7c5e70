#!/usr/bin/env bash
# Looks at the machine from inside as root, once the runner has started, and says what it finds on the
# journal. When the runner is over it sets the clock to the machine's deadline.
# Needles are kept reversed, so that no copy of this file is found for one.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
work=/srv/waa/work
say() { echo "witness: $*"; }
needles() { rev "$here/needles-$1"; }

# Every file that was written since boot, on any file system.
written() {
  find / \( -path /proc -o -path /sys -o -path /dev -o -path /run/waa-witness \) -prune -o \
    -type f -newer /run/waa-witness/began -print0
}
holding() {
  local found
  # In a file that is not looked at: xargs may start more than one grep.
  needles "$1" >"$here/looked-for"
  found=$(written | xargs -0 -r grep -slaFf "$here/looked-for" | sort | tr '\n' ' ' || true)
  rm "$here/looked-for"
  printf '%s' "${found:-nowhere}"
}
command_lines() { cat /proc/[0-9]*/cmdline 2>/dev/null | tr '\0' '\n'; }

until [[ -e $work/started ]]; do sleep 1; done
say "configuration in files: $(holding jit)"
say "key in files: $(holding sas)"
say "on command lines: $(command_lines | grep -caFf <(cat <(needles jit) <(needles sas)) || true)"
say "key $(stat -c '%U %a' /run/waa-matrix/store-sas) on $(findmnt -no FSTYPE --target /run/waa-matrix/store-sas)"
say "medium $(blkid -p -o value -s LABEL /dev/sr0 2>/dev/null || echo gone)"
say "arena cores $(systemctl show -P AllowedCPUs waa-arena.slice)"
say "apt $(systemctl is-enabled apt-daily.timer apt-daily-upgrade.timer | tr '\n' ' ')"
say "disk $(findmnt -no FSTYPE,LABEL /srv/waa/disk | tr -s " ")"
bash "$here/containers.sh" || say "containers: could not be looked at"
touch $work/witnessed

until [[ $(systemctl is-active waa-runner.service) =~ ^(inactive|failed)$ ]]; do sleep 1; done
# shellcheck disable=SC1091 # written at boot
. /run/waa-matrix/machine.env
date --set "@$WAA_DEADLINE" >/dev/null
say "the clock is at the deadline"
