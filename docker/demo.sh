#!/bin/bash
# SPDX-License-Identifier: ISC
#
# Shows the whole system on one machine: backend and dashboard, a network
# namespace that pings, the agent. `sudo make demo` builds first and calls
# this. Whatever it makes goes away with it.
#
#   PORT=5000       of the dashboard, on 127.0.0.1
#   IFACE=          watch this interface instead of the namespace's
#   CLIENTNAME=ICMP the room
#   PASSWORD=       of the backend; made anew where it is not set
set -eu

PORT=${PORT:-5000}
IFACE=${IFACE:-}
CLIENTNAME=${CLIENTNAME:-ICMP}
ROOT=$(cd "$(dirname "$0")/.." && pwd)
BACKEND=$ROOT/docker/backend
AGENT=$ROOT/build/icmp-agent
NS=icmp-demo-$$
LINK=icmpdemo$$
LOG=
children=()

fail() {
	echo "demo: $*" >&2
	exit 1
}

# Everything below may have been made or not; each step forgives.
clean_up() {
	local status=$? pid
	trap - EXIT
	trap '' INT TERM HUP
	# the backend, the first, goes last: the agent has something to say to it
	for pid in $(printf '%s\n' "${children[@]}" | tac); do
		kill "$pid" 2>/dev/null || :
		wait "$pid" 2>/dev/null || :
	done
	ip link del "$LINK" 2>/dev/null || :
	ip netns del "$NS" 2>/dev/null || :
	rm -f "$LOG"
	[ ${#children[@]} = 0 ] || printf '\ndemo: everything it made is removed\n'
	exit "$status"
}

# In a session of its own: Ctrl-C reaches the script alone, which then ends
# them in order.
start() {
	setsid "$@" &
	children+=($!)
}

# Nobody needs root for the web server: it runs as whoever called sudo.
as_caller=(env)
if [ -n "${SUDO_UID:-}" ]; then
	as_caller=(setpriv --reuid "$SUDO_UID" --regid "${SUDO_GID:-$SUDO_UID}"
		--clear-groups)
fi

random_hex() {
	od -An -N "$1" -tx1 /dev/urandom | tr -d ' \n'
}

interfaces() {
	ip -brief link | sed 's/[@ ].*//' | paste -sd ' '
}

check() {
	[ "$(id -u)" = 0 ] ||
		fail "needs root for the namespace and the BPF programs: sudo make demo"
	[ -x "$AGENT" ] || fail "$AGENT is not built: sudo make demo does it"
	[ -d "$BACKEND/node_modules/socket.io" ] ||
		fail "$BACKEND has no packages of npm's: sudo make demo installs them"
	case $PORT in
	''|*[!0-9]*) fail "PORT=$PORT is no port: sudo make demo PORT=5001" ;;
	esac
	local holder
	holder=$(ss -Hltnp "sport = :$PORT" | sed -n 's/.*users:(("\([^"]*\)",pid=\([0-9]*\).*/ by \1 (pid \2)/p' | sort -u | head -n 1)
	[ -z "$(ss -Hltn "sport = :$PORT")" ] ||
		fail "port $PORT is in use$holder: choose another with sudo make demo PORT=$((PORT + 1))"
	[ -z "$IFACE" ] || ip link show dev "$IFACE" >/dev/null 2>&1 ||
		fail "IFACE=$IFACE does not exist; there are: $(interfaces)"
}

start_backend() {
	LOG=$(mktemp)
	PORT=$PORT HOST=127.0.0.1 PASSWORD=$PASSWORD \
		start "${as_caller[@]}" node "$BACKEND/server.js" >"$LOG" 2>&1
	local _
	for _ in $(seq 100); do
		[ -z "$(ss -Hltn "sport = :$PORT")" ] || return 0
		kill -0 "${children[0]}" 2>/dev/null || break
		sleep 0.1
	done
	cat "$LOG" >&2
	fail "the backend did not start, see above"
}

# 198.18.0.0/15 is for tests of networks (RFC 2544) and fd00::/8 for networks
# of one's own (RFC 4193): neither is the Internet's. The first free of each.
choose_addresses() {
	local n
	for n in $(seq 0 255); do
		HOST4=198.18.$n.1
		PEER4=198.18.$n.2
		[ -n "$(ip -4 route show exact "198.18.$n.0/24")" ] || break
	done
	local id
	id=$(random_hex 5)
	id=fd${id:0:2}:${id:2:4}:${id:6:4}
	HOST6=$id::1
	PEER6=$id::2
}

make_neighbour() {
	choose_addresses
	ip netns add "$NS"
	ip link add "$LINK" type veth peer name eth0 netns "$NS"
	ip addr add "$HOST4/24" dev "$LINK"
	ip addr add "$HOST6/64" dev "$LINK" nodad
	ip link set "$LINK" up
	ip -n "$NS" addr add "$PEER4/24" dev eth0
	ip -n "$NS" addr add "$PEER6/64" dev eth0 nodad
	ip -n "$NS" link set lo up
	ip -n "$NS" link set eth0 up
}

start_pings() {
	start ip netns exec "$NS" ping -q -i 2 "$HOST4" >/dev/null
	sleep 1
	start ip netns exec "$NS" ping -q -i 2 "$HOST6" >/dev/null
}

trap clean_up EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
trap 'exit 129' HUP

check
PASSWORD=${PASSWORD:-$(random_hex 6)}
start_backend
[ -n "$IFACE" ] || make_neighbour

cat <<TEXT

  Dashboard   http://127.0.0.1:$PORT/
  Room        $CLIENTNAME
  Password    $PASSWORD   (what the agent shows the backend; viewing needs none)
TEXT
if [ -n "$IFACE" ]; then
	echo "  Watching    $IFACE"
else
	cat <<TEXT
  Watching    $LINK, where a network namespace pings this host:
              $PEER4 -> $HOST4
              $PEER6 -> $HOST6
TEXT
fi
cat <<TEXT

  The agent on another interface of this host, as root:
      CLIENTNAME=$CLIENTNAME URL=http://127.0.0.1:$PORT PASSWORD=$PASSWORD $AGENT eth0

  Ctrl-C ends it all and removes what was made.

TEXT

CLIENTNAME=$CLIENTNAME URL=http://127.0.0.1:$PORT PASSWORD=$PASSWORD \
	start "$AGENT" "${IFACE:-$LINK}"
agent=$!
[ -n "$IFACE" ] || start_pings
wait "$agent" || fail "the agent ended with status $?"
