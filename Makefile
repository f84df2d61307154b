# SPDX-License-Identifier: ISC
# One file, one graph. `make V=1` shows the commands; `make help` the targets.

VERSION := 0.1.0

PREFIX  ?= /usr/local
BINDIR  ?= $(PREFIX)/bin
LIBDIR  ?= $(PREFIX)/lib
INCDIR  ?= $(PREFIX)/include
MANDIR  ?= $(PREFIX)/share/man
SYSCONFDIR ?= /etc

CC         ?= cc
CLANG      ?= clang
LLVM_STRIP ?= llvm-strip
BPFTOOL    ?= bpftool
PKG_CONFIG ?= pkg-config
AR         ?= ar
INSTALL    ?= install

SAN    ?=
WERROR ?=
comma  := ,
O      ?= build$(if $(SAN),/san-$(subst $(comma),-,$(SAN)))

ifneq ($(V),1)
Q := @
say = @printf '  %-8s%s\n' '$(1)' '$(2)'
endif

# ---- flags -----------------------------------------------------------------

WARNINGS := -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes \
	-Wpointer-arith -Wcast-qual -Wformat=2 -Wundef -Wvla -Wwrite-strings \
	-Wold-style-definition -Wnull-dereference -Wimplicit-fallthrough \
	$(if $(WERROR),-Werror)

CFLAGS  ?= -O2 -g
HARDEN  := -fstack-protector-strong -fPIE $(if $(SAN),,-D_FORTIFY_SOURCE=2)
LDHARD  := -pie -Wl,-z,relro,-z,now -Wl,--as-needed
SANFLAGS := $(if $(SAN),-fsanitize=$(SAN) -fno-sanitize-recover=all -fno-omit-frame-pointer)

BASE_CFLAGS := -std=gnu11 -D_GNU_SOURCE -I. -DICMP_AGENT_VERSION='"$(VERSION)"' \
	$(WARNINGS) $(HARDEN) $(SANFLAGS) $(CFLAGS)

PROTO_CFLAGS := $(BASE_CFLAGS) -Wconversion -fvisibility=hidden
AGENT_CFLAGS = $(BASE_CFLAGS) -I$(BPF_OUT)
BPF_CFLAGS := -std=gnu11 -target bpf -mcpu=v3 -O2 -g -I. \
	-Wall -Wextra -Wno-unused-parameter -Wno-address-of-packed-member \
	$(if $(WERROR),-Werror) -isystem /usr/include/$(shell $(CC) -print-multiarch 2>/dev/null)

PROTO_PKGS := libcjson
AGENT_PKGS := libbpf libelf zlib libwebsockets libcap libseccomp
# asked only when a target that compiles or links wants them
PROTO_LIBS = $(shell $(PKG_CONFIG) --libs $(PROTO_PKGS))
AGENT_LIBS = $(shell $(PKG_CONFIG) --libs $(AGENT_PKGS)) -lcrypto -lssl -lpthread

# ---- sources ---------------------------------------------------------------

BPF_OUT := $(O)/bpf
SKEL    := $(BPF_OUT)/icmp_monitor.skel.h

PROTO_OBJS := $(patsubst %.c,$(O)/%.o,$(wildcard proto/*.c))
AGENT_OBJS := $(patsubst %.c,$(O)/%.o,$(filter-out agent/main.c,$(wildcard agent/*.c)))
UNIT_TESTS := $(patsubst tests/unit/%.c,$(O)/tests/unit/%,$(wildcard tests/unit/test_*.c))
UNIT_SUPPORT := $(patsubst %.c,$(O)/%.o,$(wildcard tests/support/*.c))
BPF_TESTS  := $(patsubst tests/bpf/%.c,$(O)/tests/bpf/%,$(wildcard tests/bpf/test_*.c))
FUZZERS    := $(patsubst tests/fuzz/%.c,$(O)/fuzz/%,$(wildcard tests/fuzz/fuzz_*.c))
BENCHES    := $(patsubst tests/bench/%.c,$(O)/tests/bench/%,$(wildcard tests/bench/bench_*.c))

.PHONY: all
all: $(O)/icmp-agent $(O)/libsio.a

# ---- the library and the program -------------------------------------------

$(O)/proto/%.o: proto/%.c
	$(call say,CC,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(PROTO_CFLAGS) -MMD -MP -c $< -o $@

$(O)/agent/%.o: agent/%.c | $(SKEL)
	$(call say,CC,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(AGENT_CFLAGS) -MMD -MP -c $< -o $@

$(O)/libsio.a: $(PROTO_OBJS)
	$(call say,AR,$@)
	@rm -f $@
	$(Q)$(AR) rcs $@ $^

$(O)/libagent.a: $(AGENT_OBJS)
	$(call say,AR,$@)
	@rm -f $@
	$(Q)$(AR) rcs $@ $^

$(O)/icmp-agent: $(O)/agent/main.o $(O)/libagent.a $(O)/libsio.a
	$(call say,LINK,$@)
	$(Q)$(CC) $(CFLAGS) $(SANFLAGS) $(LDHARD) $(LDFLAGS) $^ $(PROTO_LIBS) $(AGENT_LIBS) -o $@

# ---- BPF: object, then the skeleton that the program embeds -----------------

$(BPF_OUT)/%.bpf.o: bpf/%.bpf.c
	$(call say,BPF,$@)
	@mkdir -p $(@D)
	$(Q)$(CLANG) $(BPF_CFLAGS) -MMD -MP -c $< -o $@
	$(Q)$(LLVM_STRIP) -g $@

$(SKEL): $(BPF_OUT)/icmp_monitor.bpf.o
	$(call say,SKEL,$@)
	$(Q)$(BPFTOOL) gen skeleton $< name icmp_monitor_bpf > $@.tmp && mv $@.tmp $@

# ---- tests -----------------------------------------------------------------

$(O)/tests/support/%.o: tests/support/%.c
	$(call say,CC,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(AGENT_CFLAGS) -MMD -MP -c $< -o $@

$(O)/tests/unit/%: tests/unit/%.c $(UNIT_SUPPORT) $(O)/libagent.a $(O)/libsio.a
	$(call say,TEST,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(AGENT_CFLAGS) -MMD -MP -MF $@.d $< $(UNIT_SUPPORT) -o $@ $(LDHARD) $(LDFLAGS) \
		$(O)/libagent.a $(O)/libsio.a $(PROTO_LIBS) $(AGENT_LIBS) -lcmocka

$(O)/tests/bpf/%: tests/bpf/%.c $(O)/libagent.a $(SKEL)
	$(call say,TEST,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(AGENT_CFLAGS) -MMD -MP -MF $@.d $< -o $@ $(LDHARD) $(LDFLAGS) \
		$(O)/libagent.a $(O)/libsio.a $(PROTO_LIBS) $(AGENT_LIBS) -lcmocka

.PHONY: unit-tests bpf-tests
unit-tests: $(UNIT_TESTS)
bpf-tests: $(BPF_TESTS)

DEPS := $(shell find $(O) -name '*.d' -not -path '$(O)/san-*' 2>/dev/null)
-include $(DEPS)

.PHONY: clean
clean:
	rm -rf build
