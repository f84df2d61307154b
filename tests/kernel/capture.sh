#!/bin/sh
# SPDX-License-Identifier: ISC
# The agent on a kernel without tcx: packets both ways, what is left after
# `kill -9`, a qdisc that is not the agent's, and time across a suspend. Prints
# TAP.
export TERM=dumb
dir=$(mktemp -d)
n=0
agents=0

# NAME COMMAND...: one line of TAP
check() {
  name=$1
  shift
  n=$((n + 1))
  if "$@"; then
    echo "ok $n - $name"
  else
    echo "not ok $n - $name"
    tail -n 20 "$err" "$out" | sed 's/^/# /'
    tc filter show dev a0 ingress | sed 's/^/# /'
  fi
}

# COMMAND...: until it succeeds, for 30 s
within() {
  for _ in $(seq 150); do
    "$@" && return
    sleep 0.2
  done
  return 1
}

# Sets agent, out and err: the process, what it prints and what it logs.
agent_start() {
  agents=$((agents + 1)) out=$dir/agent.$agents.out err=$dir/agent.$agents.err
  icmp-agent --output json --user root a0 >"$out" 2>"$err" &
  agent=$!
  within grep -q 'a0: in ' "$err"
}

# SIGNAL PID
agent_end() {
  kill -s "$1" "$2"
  wait "$2" 2>/dev/null
}

lines() { grep -c "$1" "$out"; }

at_least() { [ "$(lines "$1")" -ge "$2" ]; }

# PATTERN COUNT: so many lines, and no more a while later
exactly() {
  within at_least "$1" "$2"
  sleep 0.5
  [ "$(lines "$1")" -eq "$2" ]
}

filters() { tc filter show dev a0 "$1" | grep -c 'icmp_tc'; }
both_filters() { [ "$(filters ingress)/$(filters egress)" = "$1/$1" ]; }
clsact() { tc qdisc show dev a0 | grep -q clsact; }

# Three each way: from the neighbour by IPv4, to it by IPv6.
pings() {
  ip netns exec b ping -q -c 3 -i 0.2 198.18.0.1 >/dev/null
  ping -q -c 3 -i 0.2 fd00:18::2 >/dev/null
}

# Ten pings: how much later ping's own times are, at the least, in ms. They are
# taken when its process was woken, so never before the packet's.
clock_difference() {
  seen=$(($(lines '"icmp_type":0,') + 10))
  ping -D -c 10 -i 0.1 198.18.0.2 >"$dir/ping"
  within at_least '"icmp_type":0,' $seen
  sed -n 's/^\[\([0-9]*\)\.\([0-9]\{3\}\).*/\1\2/p' "$dir/ping" >"$dir/theirs"
  sed -n 's/.*"icmp_type":0,.*"timestamp":\([0-9]*\).*/\1/p' "$out" |
    tail -n 10 | paste "$dir/theirs" - | while read -r theirs ours; do
    echo $((theirs - ours))
  done | sort -n | head -n 1
}

right() { [ "$1" -ge 0 ] && [ "$1" -le 2 ]; }

# For some 6 s, until the alarm of the hardware's clock.
fall_asleep() {
  echo +6 >/sys/class/rtc/rtc0/wakealarm
  echo mem >/sys/power/state
}

ip netns add b
ip link add a0 type veth peer name b0 netns b
for dev in a0 b0; do
  ns=$([ $dev = b0 ] && echo '-n b')
  # shellcheck disable=SC2086 # two words or none
  ip $ns link set $dev addrgenmode none up
done
ip addr add 198.18.0.1/24 dev a0
ip -n b addr add 198.18.0.2/24 dev b0
ip addr add fd00:18::1/64 dev a0 nodad
ip -n b addr add fd00:18::2/64 dev b0 nodad

echos='"icmp_type":\(0\|8\|128\|129\),'

agent_start
first=$agent
check 'attached by clsact' grep -q 'in tc (clsact), out tc (clsact)' "$err"
check 'one filter each way' both_filters 1
pings
check 'requests that came in' exactly '"icmp_type":8,.*"direction":"in"' 3
check 'replies that went out' exactly '"icmp_type":0,.*"direction":"out"' 3
check 'requests that went out' exactly '"icmp_type":128,.*"direction":"out"' 3
check 'replies that came in' exactly '"icmp_type":129,.*"direction":"in"' 3
check 'nothing twice' exactly "$echos" 12

tc qdisc del dev a0 clsact
check 'filters that somebody removes come back' within both_filters 1
pings
check 'and nothing is missing' exactly "$echos" 24

agent_end KILL "$first"
check 'what is killed leaves its filters' both_filters 1
agent_start
first=$agent
check 'the next one replaces them' both_filters 1
pings
check 'and sees each packet once' exactly "$echos" 12

agent_start
check 'a second one has filters of its own' both_filters 2
pings
check 'and sees each packet once too' exactly "$echos" 12
agent_end TERM "$agent"
check 'which go with it, alone' both_filters 1
agent_end TERM "$first"
check 'the last filters go' both_filters 0
check 'the qdisc stays, others may use it' clsact

agent_start
ms=$(clock_difference)
check "times are right, within $ms ms" right "$ms"
slept=$(cut -d . -f 1 /proc/uptime)
fall_asleep
slept=$(($(cut -d . -f 1 /proc/uptime) - slept))
check "the machine was suspended for $slept s" [ "$slept" -ge 3 ]
ms=$(clock_difference)
check "times are right afterwards, within $ms ms" right "$ms"
check 'and nothing is missing' exactly "$echos" 40
agent_end TERM "$agent"
echo "1..$n"
