#!/bin/bash
# SPDX-License-Identifier: ISC
# Boots one of Debian's kernels (cloud-amd64, rt-amd64) in an emulator, with
# the programs of BUILD, and runs guest.sh in it. Prints TAP. Nothing is
# installed: the kernel is unpacked below build/kernel, and kept.
set -eu

flavour=$1 build=$2
timeout_s=${KERNEL_TEST_SECONDS:-300}
here=$(dirname "$0")
cache=build/kernel
modules=(veth sch_ingress cls_bpf tun bridge stp llc)
members=("${modules[@]/#/*/}")
members=("${members[@]/%/.ko*}")
programs=("$build/icmp-agent" "$build"/tests/bpf/test_{programs,flood,hooks}
  "$(command -v ip)" "$(command -v tc)" "$(command -v ping)" "$(command -v dash)")

skip() {
  echo "1..1"
  echo "ok 1 - Linux $flavour # SKIP $1"
  exit 0
}

# What the flavour's newest package is called today.
newest() {
  apt-cache depends "linux-image-$flavour" 2>/dev/null |
    sed -n 's/^ *Depends: \(linux-image-[0-9].*\)/\1/p' | head -n 1
}

# Leaves vmlinuz and the modules in $cache/PACKAGE; sets `kernel` to that.
fetch() {
  local package
  package=$(newest)
  [ -n "$package" ] || skip "apt knows no linux-image-$flavour"
  kernel=$cache/$package release=${package#linux-image-}
  [ -e "$kernel/complete" ] && return
  rm -rf "$kernel" && mkdir -p "$kernel"
  (cd "$kernel" && apt-get download "$package" >apt.log 2>&1) ||
    skip "apt cannot download $package: $(tail -n 1 "$kernel/apt.log")"
  dpkg-deb --fsys-tarfile "$kernel"/*.deb | tar -C "$kernel" -x --wildcards \
    "./boot/vmlinuz-$release" "${members[@]}" 2>/dev/null || true
  rm "$kernel"/*.deb
  [ -e "$kernel/boot/vmlinuz-$release" ]
  touch "$kernel/complete"
}

copy() { mkdir -p "$root$(dirname "$2")" && cp -L "$1" "$root$2"; }

# A root file system of what the tests run, with the libraries they need.
fill() {
  local module program
  mkdir -p "$root"/{bin,dev,etc,proc,run,sys,tmp,usr/sbin}
  copy "$(command -v busybox)" /bin/busybox
  ln -s ../usr/bin/dash "$root/bin/sh" # in busybox's own, `ip` would be its own
  for program in "${programs[@]}"; do
    copy "$program" "/usr/bin/$(basename "$program")"
  done
  ldd "${programs[@]}" | grep -oE '/[^ ]+ \(' | tr -d ' (' | sort -u |
    while read -r program; do copy "$program" "$program"; done
  for module in "${modules[@]}"; do
    find "$kernel/lib" -name "$module.ko*" -exec cp {} "$root/lib/modules/$release" \;
  done
  copy "$here/guest.sh" /init
  copy "$here/tests.sh" /usr/bin/tests.sh
  copy "$here/capture.sh" /usr/bin/capture.sh
  printf 'root:x:0:0::/:/bin/sh\nnobody:x:65534:65534::/:/bin/sh\n' >"$root/etc/passwd"
  busybox depmod -b "$root" "$release"
}

boot() {
  # a program run as XDP waits for RCU twice
  local append='console=ttyS0 quiet panic=-1 rcupdate.rcu_expedited=1'
  # the first serial line is the console, on the second come the results
  timeout -k 5 "$timeout_s" qemu-system-x86_64 -accel tcg,thread=multi -cpu max -smp 2 -m 512 \
    -nodefaults -display none -no-reboot -serial "file:$work/console" -serial "file:$work/tap" \
    -kernel "$kernel/boot/vmlinuz-$release" -initrd "$work/initramfs" \
    -append "$append" >"$work/qemu.log" 2>&1
}

fetch
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
root=$work/root
mkdir -p "$root/lib/modules/$release"
fill
(cd "$root" && find . | busybox cpio -o -H newc 2>/dev/null) | gzip -1 >"$work/initramfs"
status=0
boot || status=$?
tr -d '\r' <"$work/tap"
if ! grep -q '^# all done' "$work/tap"; then
  echo "not ok - Linux $release did not come to the end (status $status, bound $timeout_s s)"
  tail -n 50 "$work/qemu.log" "$work/console"
fi
grep -q '^# all done' "$work/tap" && ! grep -q '^not ok' "$work/tap"
