#!/bin/bash
# SPDX-License-Identifier: ISC
# Prints where promtool is. Debian has it in the package of the Prometheus
# server alone, which is not installed for it: that would start a server. It is
# taken out of the package instead, into build/.
set -eu

if command -v promtool; then exit 0; fi
dir=$(cd "$(dirname "$0")/../.." && pwd)/build/promtool
if [ ! -x "$dir/promtool" ]; then
  mkdir -p "$dir/package"
  cd "$dir/package"
  # the lists of a fresh machine are empty or old
  fetch() { apt-get -q download prometheus >/dev/null 2>&1; }
  fetch || { apt-get update >/dev/null 2>&1 && fetch; } || {
    echo "promtool: apt-get cannot download the package prometheus" >&2
    exit 1
  }
  dpkg-deb -x prometheus_*.deb .
  mv usr/bin/promtool ..
  cd .. && rm -r package
fi
echo "$dir/promtool"
