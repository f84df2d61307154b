#!/bin/bash
# SPDX-License-Identifier: ISC
# The direction of dependencies: which part may include what. Prints each
# #include that breaks a rule; exit status 1 if there is one.
set -u
cd "$(dirname "$0")/../.." || exit 1
bad=0

# lines FILE...: FILE:LINE:HEADER of each #include
includes() { grep -HnE '^[[:space:]]*#[[:space:]]*include' "$@" | sed -E 's/#[[:space:]]*include[[:space:]]*[<"]([^>"]*)[>"].*/\1/'; }

# deny WHY REGEX FILE...: none of the files may include what matches
deny() {
  local why=$1 regex=$2 found
  shift 2
  [ $# -eq 0 ] && return
  found=$(includes "$@" | grep -E ":[[:space:]]*($regex)\$") || return
  printf '%s\n' "$found" | sed "s|\$|: $why|"
  bad=1
}

except() { # except PATTERN FILE...: the files whose name does not match
  local pattern=$1
  shift
  printf '%s\n' "$@" | grep -vE "$pattern"
}

mapfile -t agent < <(ls agent/*.c agent/*.h)
mapfile -t proto < <(ls proto/*.c proto/*.h)
lws='libwebsockets\.h|agent/(loop_lws|channel)\.h'
bpf='bpf/(bpf|libbpf|btf|bpf_helpers|bpf_endian)\.h|.*\.skel\.h'
edges='agent/(capture|attach|links|transport|trust|resolve|metrics|sandbox|loop|sink|agent|channel|log)[a-z_]*\.h|agent/(proxy|room|room_internal|rooms|backend|printer|report|report_internal)\.h'

deny 'proto/ stands on libc alone' '.*cJSON.*|agent/.*|bpf/.*|openssl/.*|libwebsockets\.h|sys/socket\.h|netinet/.*|arpa/.*|netdb\.h|poll\.h|sys/epoll\.h|pthread\.h|time\.h|sys/time\.h|unistd\.h|fcntl\.h' "${proto[@]}"

mapfile -t f < <(except '^agent/(loop|loop_lws|transport|channel|channel_io|channel_failure|metrics)\.[ch]$' "${agent[@]}")
deny 'only the libwebsockets edge sees libwebsockets' "$lws" "${f[@]}"

mapfile -t f < <(except '^agent/(capture|attach|links)[a-z_]*\.[ch]$' "${agent[@]}")
deny 'only the capture edge sees libbpf' "$bpf" "${f[@]}"

mapfile -t f < <(ls agent/{event,limit,fold,format,format_names,queue,rtt,account,options,url,proxy_url,utf8,env_file,settings,siphash,echo,outbox,exposition,tally,address}*.[ch] 2>/dev/null)
deny 'a pure step includes no edge' "$edges|$lws|$bpf|sys/socket\.h|poll\.h|pthread\.h|time\.h|sys/time\.h" "${f[@]}"
deny 'the agent uses the public header of proto/' 'proto/([^s].*|s[^i].*|si[^o].*|sio_.*)\.h' "${agent[@]}"

# shared with the kernel: no header of user space or of the agent
deny 'bpf/ includes bpf/, <linux/...> and the BPF helpers' 'agent/.*|proto/.*|std(io|lib)\.h|string\.h|netinet/.*|arpa/.*' bpf/*.c bpf/*.h

# no pure step reads a clock or a random source
if grep -nE '\b(clock_gettime|gettimeofday|time|getrandom|random|rand|getenv)\(' "${f[@]}" | grep -vE '^[^:]*:[0-9]+:[[:space:]]*\*'; then
  echo 'a pure step reads no clock, random source or environment'
  bad=1
fi
[ "$bad" -eq 0 ] && echo 'layers: as designed'
exit "$bad"
