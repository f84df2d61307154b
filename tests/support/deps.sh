#!/bin/bash
# SPDX-License-Identifier: ISC
# Installs the Debian packages named as arguments where they are missing, and
# Node.js and npm where there is no `node`. Says nothing when all is there.
set -eu

missing() {
  local state
  state=$(dpkg-query -W -f='${db:Status-Status}' "$1" 2>/dev/null) || return 0
  [ "$state" != installed ]
}

want=()
if ! command -v dpkg-query >/dev/null; then
  echo "deps: this is no Debian; install what these packages hold: $*" >&2
  exit 1
fi
for package in "$@"; do
  case $package in
    nodejs | npm) command -v "${package/nodejs/node}" >/dev/null || want+=("$package") ;;
    *) if missing "$package"; then want+=("$package"); fi ;;
  esac
done
[ ${#want[@]} -eq 0 ] && exit 0

if [ "$(id -u)" -ne 0 ]; then
  echo "deps: missing packages; run: sudo apt-get install ${want[*]}" >&2
  exit 1
fi
echo "deps: installing ${want[*]}"
export DEBIAN_FRONTEND=noninteractive
log=$(mktemp)
# servers that the tests start themselves shall not run before that
policy=/usr/sbin/policy-rc.d
if [ -e $policy ]; then
  trap 'rm -f "$log"' EXIT
else
  trap 'rm -f "$log" $policy' EXIT
  printf '#!/bin/sh\nexit 101\n' >$policy
  chmod 0755 $policy
fi
install_them() {
  apt-get -o DPkg::Lock::Timeout=300 install -y --no-install-recommends "${want[@]}" >"$log" 2>&1
}
# the lists of a fresh machine are empty or old
if ! install_them; then
  apt-get -o DPkg::Lock::Timeout=300 update >"$log" 2>&1 || true
  if ! install_them; then
    cat "$log" >&2
    echo "deps: apt-get could not install: ${want[*]}" >&2
    exit 1
  fi
fi
