#!/usr/bin/env bash
# Debian becomes a machine that boots: systemd, cloud-init, a kernel, and what stands for Azure's parts.
# Then the packages of every machine, so that they are here when only the rest has changed.
set -euo pipefail

export DEBIAN_FRONTEND=noninteractive
printf '%s\n' force-unsafe-io 'path-exclude=/usr/share/'{doc,man,locale}'/*' >/etc/dpkg/dpkg.cfg.d/small
printf '#!/bin/sh\nexit 101\n' >/usr/sbin/policy-rc.d
chmod 0755 /usr/sbin/policy-rc.d
trap 'rm -f /usr/sbin/policy-rc.d' EXIT

echo 'Acquire::Languages "none";' >/etc/apt/apt.conf.d/small
apt-get update --quiet=2
apt-get install --quiet=2 --yes --no-install-recommends \
  bsdextrautils busybox-static dbus initramfs-tools iproute2 kmod systemd systemd-sysv udev >/dev/null
# The initial file system holds what this machine's disk needs, so that it is small.
echo MODULES=list >/etc/initramfs-tools/conf.d/small
printf '%s\n' virtio_pci virtio_blk ext4 >>/etc/initramfs-tools/modules
apt-get install --quiet=2 --yes --no-install-recommends cloud-init linux-image-cloud-amd64 >/dev/null

printf '[Match]\nName=en* eth*\n[Network]\nDHCP=yes\n' >/etc/systemd/network/20-wired.network
systemctl enable --quiet systemd-networkd.service systemd-networkd-wait-online.service
echo 'network: {config: disabled}' >/etc/cloud/cloud.cfg.d/90-network.cfg
echo 'datasource_list: [NoCloud]' >/etc/cloud/cloud.cfg.d/90-source.cfg
# Of cloud-init's modules those that custom data asks for: emulation is slow.
cat >/etc/cloud/cloud.cfg.d/90-modules.cfg <<'MODULES'
cloud_init_modules: [bootcmd, write-files]
cloud_config_modules: [runcmd]
cloud_final_modules: [scripts-user]
MODULES
# The second serial port has the journal; the console has what the machine says itself.
install -d /etc/systemd/journald.conf.d
printf '[Journal]\nForwardToConsole=yes\nTTYPath=/dev/ttyS1\n' >/etc/systemd/journald.conf.d/tests.conf
systemctl mask --quiet serial-getty@ttyS0.service

WAA_CHROOT=1 /tmp/source/runner-image/provision/10-packages.sh
# Not started by itself: waa-arena.service asks for it.
systemctl disable --quiet docker.service docker.socket containerd.service
apt-get clean
rm -rf /var/lib/apt/lists/*
