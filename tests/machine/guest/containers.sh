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
  ip link add to-azure type veth peer name up netns azure
  ip address add 10.99.0.1/24 dev to-azure
  ip link set to-azure up
  ip netns exec azure sh -euc '
    ip link set lo up
    ip address add 10.99.0.2/24 dev up
    ip address add 169.254.169.254/32 dev up
    ip address add 168.63.129.16/32 dev up
    ip link set up up
    ip route add default via 10.99.0.1'
  ip route add 169.254.169.254/32 via 10.99.0.2
  ip route add 168.63.129.16/32 via 10.99.0.2
  ip netns exec azure python3 "$here/azure_addresses.py" serve >/dev/null &
  python3 -m http.server --directory "$here/empty" 22 >/dev/null 2>&1 &
}

image() {
  local root=$here/root
  install -D /bin/busybox "$root/bin/busybox"
  for name in sh wget nslookup; do ln -sf busybox "$root/bin/$name"; done
  install -d "$here/empty" "$root/tmp"
  tar -C "$root" -c . | docker import - probe >/dev/null
}

# Runs a command in a container: answered or nothing.
inside() {
  if docker run --rm --dns 168.63.129.16 probe "$@" >/dev/null 2>&1; then echo answered; else echo nothing; fi
}

from_container() {
  say "container $1 metadata: $(inside wget -q -T 20 -O - http://169.254.169.254/)"
  say "container $1 agent: $(inside wget -q -T 20 -O - http://168.63.129.16/)"
  say "container $1 plug-in: $(inside wget -q -T 20 -O - http://168.63.129.16:32526/)"
  say "container $1 machine: $(inside wget -q -T 20 -O - http://172.17.0.1:22/)"
  say "container $1 dns by tcp: $(inside wget -q -T 20 -O - http://168.63.129.16:53/)"
  say "container $1 names: $(inside nslookup waa.example)"
}

install -d "$here/empty"
neighbour
systemctl start docker
image
from_container first
systemctl restart docker
from_container again
say "machine metadata: $(python3 "$here/azure_addresses.py" ask 169.254.169.254 80)"
say "machine agent: $(python3 "$here/azure_addresses.py" ask 168.63.129.16 80)"
