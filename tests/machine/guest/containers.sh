#!/usr/bin/env bash
# What a container on this machine reaches, said line by line: Azure's two addresses, which answer
# from a network beside this machine, and this machine's own port 22. Then again once Docker was
# started anew, and from the machine itself, which has to reach them.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
say() { echo "witness: $*"; }

# Beyond this machine, so that a container's packets are forwarded as they are on Azure.
neighbour() {
  ip netns add azure
  ip link add to-azure type veth peer name eth0 netns azure
  ip address add 10.99.0.1/24 dev to-azure
  ip link set to-azure up
  ip netns exec azure sh -euc '
    ip link set lo up
    ip address add 10.99.0.2/24 dev eth0
    ip address add 169.254.169.254/32 dev eth0
    ip address add 168.63.129.16/32 dev eth0
    ip link set eth0 up
    ip route add default via 10.99.0.1'
  ip route add 169.254.169.254/32 via 10.99.0.2
  ip route add 168.63.129.16/32 via 10.99.0.2
  ip netns exec azure python3 "$here/azure_addresses.py" serve >/dev/null &
  python3 "$here/azure_addresses.py" serve 22 >/dev/null &
}

image() {
  local root=$here/root
  install -D /bin/busybox "$root/bin/busybox"
  for name in sh chroot nslookup; do ln -sf busybox "$root/bin/$name"; done
  tar -C "$root" -c . | docker import - probe >/dev/null
}

# One container asks for everything: in emulation each costs a minute. It asks by the machine's own
# Python, over the container's network.
# shellcheck disable=SC2016 # the container's shell expands it
asked='
try() { echo "$1: $(chroot /machine python3 "$HERE/azure_addresses.py" ask "$2" "$3" "${4:-tcp}")"; }
try metadata 169.254.169.254 80
try agent 168.63.129.16 80
try plug-in 168.63.129.16 32526
try machine 172.17.0.1 22
try "dns by tcp" 168.63.129.16 53
try "dns by udp" 168.63.129.16 53 udp
if nslookup waa.example >/dev/null 2>&1; then echo "names: answered"; else echo "names: nothing"; fi'

from_container() {
  docker run --rm --dns 168.63.129.16 --env HERE="$here" --mount type=bind,source=/,target=/machine,readonly \
    probe sh -c "$asked" | while read -r line; do
    say "container $1 $line"
  done
}

neighbour
systemctl start docker
image
from_container first
systemctl restart docker
from_container again
say "machine metadata: $(python3 "$here/azure_addresses.py" ask 169.254.169.254 80)"
say "machine agent: $(python3 "$here/azure_addresses.py" ask 168.63.129.16 80)"
