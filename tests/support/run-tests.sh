#!/bin/bash
# SPDX-License-Identifier: ISC
# Runs suites and adds up what they counted. Each argument is KIND:NAME:COMMAND.
# The kinds:
#   tap    a test program of cmocka, or any other that prints TAP
#   node   node's test runner
#   check  a command that passes or fails as one test
# A failed suite's output is shown whole; one that hangs has failed. The last line is
# "N passed, N failed, N skipped"; the exit status is 1 where any failed.
set -u

: "${SUITE_SECONDS:=1200}"
passed=0 failed=0 skipped=0
out=$(mktemp)
trap 'rm -f "$out"' EXIT

count() { grep -cE "$1" "$out"; }
summary() { sed -n "s/^# $1 \([0-9]*\)\$/\1/p" "$out" | tail -n 1; }

# Sets p, f and s from the output of a suite of that kind.
read_counts() {
  case $1 in
    tap)
      s=$(count '^ok .*# SKIP')
      p=$(($(count '^ok ') - s))
      f=$(count '^not ok ')
      ;;
    node)
      p=$(summary pass) s=$(summary skipped)
      f=$(($(summary fail) + $(summary cancelled)))
      ;;
    check) p=$(($2 == 0)) f=$(($2 != 0)) s=0 ;;
  esac
  p=${p:-0} f=${f:-0} s=${s:-0}
  # one that crashed, or ran nothing, has failed whatever it printed
  if [ "$f" -eq 0 ] && { [ "$2" -ne 0 ] || [ $((p + s)) -eq 0 ]; }; then f=1; fi
}

run_suite() {
  local kind=$1 name=$2 command=$3 status started=$SECONDS p f s
  CMOCKA_MESSAGE_OUTPUT=TAP timeout --foreground -k 10 "$SUITE_SECONDS" bash -c "$command" >"$out" 2>&1 </dev/null
  status=$?
  read_counts "$kind" "$status"
  passed=$((passed + p)) failed=$((failed + f)) skipped=$((skipped + s))
  printf '%-44s %4d passed, %d failed, %d skipped (%d s)\n' "$name" "$p" "$f" "$s" $((SECONDS - started))
  if [ "$f" -gt 0 ]; then
    sed 's/^/    /' "$out"
    echo "    exit status $status: $command"
  elif [ "$s" -gt 0 ]; then
    grep -iE '# *skip' "$out" | grep -vE '^# skipped ' | sed 's/^ */    /' | sort -u
  fi
}

for suite in "$@"; do
  kind=${suite%%:*} rest=${suite#*:}
  run_suite "$kind" "${rest%%:*}" "${rest#*:}"
done
echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" -eq 0 ]
