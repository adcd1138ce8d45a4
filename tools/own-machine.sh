#!/bin/sh
# Runs a command, as root, as if it had a machine of its own: `tools/own-machine.sh COMMAND…`.
# Network, mounts and processes are its own and end with it; the folder $MACHINE_FOLDER and a control
# group of the folder's name are made for it and removed. No setting of the kernel is changed.
set -eu
groups=$(find /sys/fs/cgroup -mindepth 1 -maxdepth 1 -type d ! -name unified)

inside() {
  hostname tandem-node
  ip link set lo up
  ip link add node type veth peer name elsewhere
  ip address add 10.80.0.1/24 dev node
  ip link set node up
  ip link set elsewhere up
  ip route add default dev node
  echo 1 > /proc/sys/net/ipv4/ip_forward
  # A kubelet wants these of its machine; here it is only shown them.
  show vm/overcommit_memory 1
  show vm/panic_on_oom 0
  show kernel/panic 10
  show kernel/panic_on_oops 1
  show kernel/keys/root_maxkeys 1000000
  show kernel/keys/root_maxbytes 25000000
  for one in /run /var/log /var/lib/cni; do
    [ ! -d "$one" ] || mount -t tmpfs tmpfs "$one"
  done
  printf 'nameserver 10.96.0.10\nsearch tandem-local.svc.cluster.local svc.cluster.local\n' \
    > "$MACHINE_FOLDER/resolv.conf"
  mount --bind "$MACHINE_FOLDER/resolv.conf" /etc/resolv.conf
}

show() {
  file=$MACHINE_FOLDER/$(basename "$1")
  echo "$2" > "$file"
  mount --bind "$file" "/proc/sys/$1"
}

make_groups() {
  for one in $groups; do
    mkdir -p "$one/$group"
    [ ! -f "$one/cpuset.cpus" ] || for what in cpus mems; do
      cat "$one/cpuset.$what" > "$one/$group/cpuset.$what"
    done
  done
  # What is started to run only when nothing else would goes on so in its pods.
  case $(chrt --pid $$) in *SCHED_IDLE*) echo 1 > "/sys/fs/cgroup/cpu/$group/cpu.idle" ;; esac
}

remove_groups() {
  for one in $groups /sys/fs/cgroup/unified; do
    find "$one/$group" -depth -type d -exec rmdir {} \; 2>/dev/null || true
  done
}

if [ "${1:-}" = --inside ]; then
  shift
  inside
  exec "$@"
fi
if [ -f /sys/fs/cgroup/cgroup.controllers ]; then
  echo "a machine with control groups of version 1 is needed" >&2
  exit 1
fi
MACHINE_FOLDER=$(mktemp -d /var/tmp/tandem-node-XXXXXX)
group=$(basename "$MACHINE_FOLDER")
export MACHINE_FOLDER
chmod 755 "$MACHINE_FOLDER"
trap 'remove_groups; rm -rf "$MACHINE_FOLDER"' EXIT
trap 'exit 1' INT TERM
make_groups
unshare --mount --net --pid --uts --ipc --fork --kill-child --mount-proc "$0" --inside "$@"
