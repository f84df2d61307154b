#!/bin/sh
# SPDX-License-Identifier: ISC
# Inside the emulated machine: prints TAP, switches it off at the end.

seconds() { cut -d . -f 1 /proc/uptime; }

# A program that dies says "not ok" by this alone.
run() {
  from=$(seconds)
  "$@" || echo "not ok - $*: status $?"
  echo "# $* took $(($(seconds) - from)) s"
}

echo "# $(uname -srv), $(nproc) CPUs, booted in $(seconds) s"
for module in veth sch_ingress cls_bpf tun bridge; do
  modprobe "$module" || echo "not ok - no module $module"
done
ip link set lo up

# less of each than elsewhere: an emulated machine is slow
export BPF_TEST_STEP=8 BPF_TEST_RUNS=2 BPF_TEST_DIVISOR=20
# the table of packets, and once the capabilities that loading asks for: with
# the least of them the kernel's verifier works longer
case $(uname -r) in
  *-rt-*) tests='*table*' ;;
  *) tests='*ab*' ;;
esac
BPF_TEST_FILTER=$tests run test_programs
# identity under floods from 1, 1,000 and many sources, on all CPUs
BPF_TEST_FILTER='*source*' run test_flood
# a clsact and filters of others, and ours before them
BPF_TEST_FILTER='*clsact*' run test_hooks
run sh /usr/bin/capture.sh

echo '# all done'
sleep 0.5 # for the serial line
poweroff -f
