#!/usr/bin/env bash
# What must not be in an image: this machine's identity, its logs, its first boot.
set -euo pipefail

[[ -n ${WAA_SKIP_PACKAGES:-} ]] || apt-get clean
rm -f /etc/ssh/ssh_host_*
truncate -s 0 /etc/machine-id
! command -v cloud-init >/dev/null || cloud-init clean --logs
# Azure's agent forgets the build machine and its user; the build ends right after.
! command -v waagent >/dev/null || waagent -force -deprovision+user
sync
