#!/usr/bin/env bash
# The units and their programs, the runner's user, the directories and what the container needs.
set -euo pipefail

image=${WAA_SOURCE:?}/runner-image
getent group docker >/dev/null || groupadd --system docker
getent group kvm >/dev/null || groupadd --system kvm
# No sudo; the docker group is what a worker needs, and on a machine of one job it is accepted.
id runner >/dev/null 2>&1 || useradd --create-home --shell /bin/bash --groups docker,kvm runner

install -d /opt/waa-matrix/bin /etc/waa-matrix /etc/docker /etc/modules-load.d /etc/tmpfiles.d
install -m 0755 "$image"/bin/* /opt/waa-matrix/bin/
install -m 0644 "$image"/systemd/*.{service,slice,target} /etc/systemd/system/
install -m 0644 "$image"/systemd/tmpfiles.conf /etc/tmpfiles.d/waa-matrix.conf
install -D -m 0644 "$image"/systemd/docker.conf /etc/systemd/system/docker.service.d/waa-matrix.conf

# Every container is in the slice that a core is kept from, one that a worker starts too.
printf '{"cgroup-parent": "waa-arena.slice", "exec-opts": ["native.cgroupdriver=systemd"]}\n' \
  >/etc/docker/daemon.json
# Without these the container's network falls back to one that never gets ready.
loaded=(ip_tables iptable_nat tun vhost_net)
printf '%s\n' "${loaded[@]}" >/etc/modules-load.d/waa-matrix.conf
"$image"/provision/kernel-modules "${loaded[@]}"

install -d -o runner -g runner /srv/waa /srv/waa/work /srv/waa/client /srv/waa/disk
# The golden image's disk: by label, since the controller (SCSI, NVMe) depends on the size. A drain
# machine has none.
grep -q 'LABEL=waa-golden' /etc/fstab 2>/dev/null ||
  echo 'LABEL=waa-golden /srv/waa/disk xfs noatime,nofail,x-systemd.device-timeout=60s 0 0' >>/etc/fstab
