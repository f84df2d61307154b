#!/bin/bash
# SPDX-License-Identifier: ISC
# npm-ci.sh FOLDER [OPTION]...: installs what its lock file names, if that has
# not been done since the lock file changed.
set -eu
folder=$1
shift
stamp=$folder/node_modules/.package-lock.json
if [ -e "$stamp" ] && [ ! "$folder/package-lock.json" -nt "$stamp" ]; then
  exit 0
fi
cd "$folder"
npm ci --no-audit --no-fund --loglevel=error "$@" >/dev/null
touch node_modules/.package-lock.json
