#!/usr/bin/env bash
# Debian and Ubuntu alike. apt's timers are masked: an upgrade in mid-run would disturb a measurement.
set -euo pipefail

export DEBIAN_FRONTEND=noninteractive
# Nothing is started while packages are put in: in a chroot nothing can be.
if [[ -n ${WAA_CHROOT:-} ]]; then
  printf '#!/bin/sh\nexit 101\n' >/usr/sbin/policy-rc.d
  chmod 0755 /usr/sbin/policy-rc.d
  trap 'rm -f /usr/sbin/policy-rc.d' EXIT
fi
if [[ -z ${WAA_SKIP_PACKAGES:-} ]]; then
  apt-get update --quiet
  apt-get install --quiet --yes --no-install-recommends \
    ca-certificates curl docker.io eject git iptables jq kmod python3 python3-venv xfsprogs
  # Azure's names for data disks, /dev/disk/azure/data/by-lun. Debian 12 does not have the package,
  # and 60-golden.sh finds the disk without it.
  if apt-cache show azure-vm-utils >/dev/null 2>&1; then
    apt-get install --quiet --yes --no-install-recommends azure-vm-utils
  fi
fi
systemctl mask apt-daily.timer apt-daily-upgrade.timer apt-daily.service apt-daily-upgrade.service \
  unattended-upgrades.service
