# SPDX-License-Identifier: ISC
# One file, one graph. `make V=1` shows the commands; `make help` the targets.

VERSION := 0.1.0

.DEFAULT_GOAL := all
# objects of one program are kept as well
.SECONDARY:

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
BPF_CFLAGS := -std=gnu11 -target bpf -mcpu=v2 -O2 -g -I. \
	-Wall -Wextra -Wno-unused-parameter -Wno-address-of-packed-member \
	$(if $(WERROR),-Werror) -isystem /usr/include/$(shell $(CC) -print-multiarch 2>/dev/null)

AGENT_PKGS := libbpf libelf zlib libwebsockets libcap libseccomp
# asked only when a target that compiles or links wants them
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

.PHONY: help
help:
	@echo 'all demo deps install uninstall image clean'
	@echo 'test: test-unit test-bpf test-kernel test-e2e test-browser lint; fuzz soak bench'
	@echo 'variables: V=1 WERROR=1 SAN=address,undefined PREFIX= DESTDIR= CFLAGS= O='

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
	$(Q)$(CC) $(CFLAGS) $(SANFLAGS) $(LDHARD) $(LDFLAGS) $^ $(AGENT_LIBS) -o $@

# what proto/README.md shows
EXAMPLE := $(O)/proto/example/example

# as for a program that has it installed
$(EXAMPLE): PROTO_CFLAGS += -Iproto
$(EXAMPLE): $(patsubst %.c,$(O)/%.o,$(wildcard proto/example/*.c)) $(O)/libsio.a
	$(call say,LINK,$@)
	$(Q)$(CC) $(CFLAGS) $(SANFLAGS) $(LDHARD) $(LDFLAGS) $^ -o $@

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
		$(O)/libagent.a $(O)/libsio.a $(AGENT_LIBS) -lcmocka

# the programs for the command line that the tests of the network run
CAT := $(O)/tests/e2e/sio_cat
libs_sio_cat := -lcjson # its commands and events
E2E_PROGRAMS := $(patsubst %.c,$(O)/%,$(wildcard tests/e2e/*.c)) $(EXAMPLE)

$(O)/tests/e2e/%: tests/e2e/%.c $(O)/libagent.a $(O)/libsio.a
	$(call say,LINK,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(AGENT_CFLAGS) -MMD -MP -MF $@.d $< -o $@ $(LDHARD) $(LDFLAGS) \
		$(O)/libagent.a $(O)/libsio.a $(AGENT_LIBS) $(libs_$(notdir $@))

$(O)/tests/bpf/%: tests/bpf/%.c $(O)/libagent.a $(O)/libsio.a $(SKEL)
	$(call say,TEST,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(AGENT_CFLAGS) -MMD -MP -MF $@.d $< -o $@ $(LDHARD) $(LDFLAGS) \
		$(O)/libagent.a $(O)/libsio.a $(AGENT_LIBS) -lcmocka

.PHONY: unit-tests bpf-tests
unit-tests: $(UNIT_TESTS)
bpf-tests: $(BPF_TESTS)

DEPS := $(shell find $(O) -name '*.d' -not -path 'build/san-*' 2>/dev/null)
ifneq ($(SAN),)
DEPS := $(shell find $(O) -name '*.d' 2>/dev/null)
endif
-include $(DEPS)

# ---- what a fresh Debian lacks ----------------------------------------------

BUILD_PACKAGES := gcc make libc6-dev libbpf-dev libelf-dev zlib1g-dev \
	libwebsockets-dev libssl-dev libcap-dev libseccomp-dev \
	clang llvm bpftool pkg-config
RUN_PACKAGES := nodejs npm iproute2 iputils-ping ca-certificates procps
TEST_PACKAGES := libcmocka-dev clang-format clang-tidy cppcheck shellcheck \
	libclang-rt-14-dev chromium fonts-dejavu-core fonts-noto-color-emoji \
	sudo libcap2-bin util-linux tshark tcpdump traceroute \
	qemu-system-x86 busybox-static dash libcjson-dev openssl \
	nginx-light haproxy squid tinyproxy python3-socketio python3-aiohttp

.PHONY: deps deps-demo
deps:
	@tests/support/deps.sh $(BUILD_PACKAGES) $(RUN_PACKAGES) $(TEST_PACKAGES)
	@tests/support/npm-ci.sh docker/backend --omit=dev
	@tests/support/npm-ci.sh tests
	@tests/support/promtool.sh >/dev/null

deps-demo:
	@tests/support/deps.sh $(BUILD_PACKAGES) $(RUN_PACKAGES)
	@tests/support/npm-ci.sh docker/backend --omit=dev

# A second make, so that what was just installed is seen.
.PHONY: demo
demo: deps-demo
	$(Q)$(MAKE) --no-print-directory all
	$(Q)docker/demo.sh

.PHONY: image
image:
	$(Q)docker/image.sh

# ---- running the tests -------------------------------------------------------

SAN_TEST  := address,undefined
SAN_BUILD := build/san-$(subst $(comma),-,$(SAN_TEST))
SAN_CAT   := $(SAN_BUILD)/tests/e2e/sio_cat
RUN_TESTS := tests/support/run-tests.sh
JOBS := $(shell nproc)
NODE_TEST := node --test --test-reporter=tap

suites_unit = $(foreach t,$(UNIT_TESTS),'tap:$(notdir $(t)):$(t)')
suites_san = $(foreach t,$(UNIT_TESTS),'tap:$(notdir $(t)) ASan,UBSan:$(SAN_BUILD)/tests/unit/$(notdir $(t))')
suites_bpf = $(foreach t,$(BPF_TESTS),'tap:$(notdir $(t)):$(t)')
suites_e2e = $(foreach t,$(sort $(wildcard tests/e2e/*.test.mjs)),'node:$(t):$(NODE_TEST) $(t)')
suites_browser = $(foreach t,$(sort $(wildcard tests/browser/*.test.mjs)),'node:$(t):$(NODE_TEST) $(t)')
suites_kernel = $(foreach k,$(KERNELS),'tap:Linux $(k):tests/kernel/run.sh $(k) $(O)')
suites_lint = $(foreach l,$(LINTS),'check:$(l):$(MAKE) -s $(l)')
suites_fuzz = $(foreach f,$(FUZZERS),'check:$(notdir $(f)) $(FUZZ_SECONDS) s:$(MAKE) -s $(f)-run')

# Debian's kernels of other kinds, see tests/kernel
KERNELS ?= cloud-amd64 rt-amd64

.PHONY: test test-all test-unit test-bpf test-kernel test-e2e test-browser
test: deps
	$(Q)$(MAKE) --no-print-directory -j$(JOBS) WERROR=1 test-programs
	$(Q)$(MAKE) --no-print-directory -j$(JOBS) WERROR=1 SAN=$(SAN_TEST) all unit-tests $(SAN_CAT)
	$(Q)$(MAKE) --no-print-directory WERROR=1 test-all

.PHONY: test-programs
test-programs: all $(E2E_PROGRAMS) unit-tests bpf-tests fuzzers configs

# Built before, so that what is measured below has the machine for itself.
test-all:
	$(Q)$(RUN_TESTS) $(suites_lint) $(suites_unit) $(suites_san) $(suites_bpf) \
		$(suites_kernel) $(suites_fuzz) $(suites_e2e) $(suites_browser)

test-unit: unit-tests
	$(Q)$(MAKE) --no-print-directory SAN=$(SAN_TEST) unit-tests
	$(Q)$(RUN_TESTS) $(suites_unit) $(suites_san)

test-bpf: bpf-tests
	$(Q)$(RUN_TESTS) $(suites_bpf)

test-kernel: all bpf-tests
	$(Q)$(RUN_TESTS) $(suites_kernel)

test-e2e: all $(E2E_PROGRAMS)
	$(Q)$(RUN_TESTS) $(suites_e2e)

test-browser:
	$(Q)$(RUN_TESTS) $(suites_browser)

# Floods and outages for SOAK_MINUTES, 60 unless it is set.
.PHONY: soak
soak: all $(E2E_PROGRAMS)
	$(Q)$(MAKE) --no-print-directory SAN=$(SAN_TEST) $(SAN_CAT)
	$(Q)SOAK=1 $(RUN_TESTS) 'node:1,000 reconnects:$(NODE_TEST) tests/e2e/transport-soak.test.mjs'
	$(Q)node tests/support/soak.mjs

# ---- fuzzing: libFuzzer, with the library compiled in ---------------------------

FUZZ_SECONDS ?= 10
FUZZ_FLAGS := -std=gnu11 -D_GNU_SOURCE -I. -g -O1 -fsanitize=fuzzer,address,undefined \
	-fno-sanitize-recover=all -DICMP_AGENT_VERSION='"$(VERSION)"'
FUZZ_SOURCES := $(wildcard proto/*.c)

.PHONY: fuzzers fuzz
fuzzers: $(FUZZERS)

$(O)/fuzz/%: tests/fuzz/%.c $(FUZZ_SOURCES) $(wildcard proto/*.h bpf/*.h tests/fuzz/*.h)
	$(call say,FUZZ,$@)
	@mkdir -p $(@D)
	$(Q)$(CLANG) $(FUZZ_FLAGS) $< $(FUZZ_SOURCES) -o $@

# What it finds new goes to build/, what is worth keeping is added by hand.
$(O)/fuzz/%-run: $(O)/fuzz/%
	@mkdir -p $(O)/fuzz/corpus/$*
	$(Q)cd $(O)/fuzz && ./$* -max_total_time=$(FUZZ_SECONDS) -timeout=10 -rss_limit_mb=2048 \
		-print_final_stats=1 corpus/$* $(wildcard $(CURDIR)/tests/fuzz/corpus/$(*:fuzz_%=%)) >$*.log 2>&1; \
		status=$$?; tail -n 20 $*.log; exit $$status

fuzz: FUZZ_SECONDS = 600
fuzz: fuzzers
	$(Q)$(foreach f,$(FUZZERS),$(MAKE) -s $(f)-run FUZZ_SECONDS=$(FUZZ_SECONDS) &&) true

# ---- measuring -----------------------------------------------------------------

.PHONY: bench
bench: all $(BENCHES)
	$(Q)$(foreach b,$(BENCHES),$(b) &&) node tests/bench/memory.mjs

$(O)/tests/bench/%: tests/bench/%.c $(O)/libagent.a $(O)/libsio.a
	$(call say,BENCH,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(AGENT_CFLAGS) -MMD -MP -MF $@.d $< -o $@ $(LDHARD) $(LDFLAGS) \
		$(O)/libagent.a $(O)/libsio.a $(AGENT_LIBS)

# ---- reading the code ------------------------------------------------------------

C_FILES := $(wildcard agent/*.c proto/*.c)
ALL_C   := $(wildcard agent/*.[ch] config/*.c proto/*.[ch] bpf/*.[ch] tests/*/*.[ch])
SCRIPTS := $(wildcard tests/*/*.sh docker/*.sh docker/*/*.sh .ci/run)
LINTS   := check-layers check-format lint-gcc lint-clang-tidy lint-cppcheck lint-scripts

.PHONY: lint $(LINTS) format
lint: $(LINTS)

check-layers:
	$(Q)tests/support/check-layers.sh

check-format:
	$(Q)clang-format --dry-run --Werror $(ALL_C)

format:
	$(Q)clang-format -i $(ALL_C)

LINT_CFLAGS := -std=gnu11 -D_GNU_SOURCE -I. -isystem $(BPF_OUT) -DICMP_AGENT_VERSION=\"$(VERSION)\"

# gcc 12's analyzer; its taint and file-descriptor checks are of use as well
lint-gcc: $(SKEL)
	$(Q)printf '%s\n' $(C_FILES) | xargs -P 2 -n 1 \
		$(CC) $(LINT_CFLAGS) -O2 -Wall -Wextra -fanalyzer -Werror -c -o /dev/null

lint-clang-tidy: $(SKEL)
	$(Q)printf '%s\n' $(C_FILES) | xargs -P 2 -n 4 sh -c \
		'clang-tidy --quiet "$$@" -- $(LINT_CFLAGS) 2>/dev/null' sh

lint-cppcheck:
	$(Q)cppcheck --quiet --std=c11 --enable=warning,performance,portability --inline-suppr \
		--suppress=missingIncludeSystem --suppress=checkersReport --error-exitcode=1 \
		'-DLIBBPF_OPTS(TYPE,NAME,...)=struct TYPE NAME' -I. agent proto

lint-scripts:
	$(Q)shellcheck $(SCRIPTS)
	$(Q)for f in $(wildcard docker/backend/*.js docker/backend/public/*.js tests/*/*.mjs); do node --check $$f || exit 1; done

# ---- what an administrator installs: made from the table of settings ---------------

CONFIGS := $(patsubst config/%.in,$(O)/config/%,$(wildcard config/*.in))

.PHONY: configs
configs: $(CONFIGS)

$(O)/config/generate: config/generate.c $(O)/libagent.a
	$(call say,CC,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(AGENT_CFLAGS) -MMD -MP -MF $@.d $< -o $@ $(LDHARD) $(LDFLAGS) \
		$(O)/libagent.a $(AGENT_LIBS)

$(CONFIGS): $(O)/config/%: config/%.in $(O)/config/generate
	$(call say,GEN,$@)
	$(Q)$(O)/config/generate <$< >$@.tmp && mv $@.tmp $@

# ---- installing -------------------------------------------------------------------

COMPLETIONDIR ?= $(PREFIX)/share/bash-completion/completions
UNITDIR ?= $(PREFIX)/lib/systemd/system
DIRS = $(BINDIR) $(MANDIR)/man8 $(COMPLETIONDIR) $(UNITDIR) $(SYSCONFDIR)/sudoers.d \
	$(LIBDIR)/pkgconfig $(INCDIR)
paths = sed 's|@BINDIR@|$(BINDIR)|;s|@SYSCONFDIR@|$(SYSCONFDIR)|'
ENV_FILE = $(DESTDIR)$(SYSCONFDIR)/icmp-agent.env

.PHONY: install uninstall
install: all configs
	$(INSTALL) -d $(addprefix $(DESTDIR),$(DIRS))
	$(INSTALL) -m 0755 $(O)/icmp-agent $(DESTDIR)$(BINDIR)/icmp-agent
	$(INSTALL) -m 0644 $(O)/config/icmp-agent.8 $(DESTDIR)$(MANDIR)/man8/icmp-agent.8
	$(INSTALL) -m 0644 $(O)/config/icmp-agent.bash $(DESTDIR)$(COMPLETIONDIR)/icmp-agent
	$(paths) $(O)/config/icmp-agent@.service | \
		$(INSTALL) -m 0644 /dev/stdin $(DESTDIR)$(UNITDIR)/icmp-agent@.service
	$(paths) $(O)/config/icmp-agent.sudoers | \
		$(INSTALL) -m 0440 /dev/stdin $(DESTDIR)$(SYSCONFDIR)/sudoers.d/icmp-agent
	$(INSTALL) -m 0644 $(O)/libsio.a $(DESTDIR)$(LIBDIR)/libsio.a
	$(INSTALL) -m 0644 proto/sio.h $(DESTDIR)$(INCDIR)/sio.h
	sed 's|@PREFIX@|$(PREFIX)|; s|@LIBDIR@|$(LIBDIR)|; s|@INCDIR@|$(INCDIR)|; s|@VERSION@|$(VERSION)|' \
		proto/sio.pc.in | $(INSTALL) -m 0644 /dev/stdin $(DESTDIR)$(LIBDIR)/pkgconfig/sio.pc
	test -e $(ENV_FILE) || $(INSTALL) -m 0600 config/icmp-agent.env $(ENV_FILE)

# an edited env file is the administrator's
uninstall:
	rm -f $(DESTDIR)$(BINDIR)/icmp-agent $(DESTDIR)$(MANDIR)/man8/icmp-agent.8 \
		$(DESTDIR)$(COMPLETIONDIR)/icmp-agent $(DESTDIR)$(UNITDIR)/icmp-agent@.service \
		$(DESTDIR)$(SYSCONFDIR)/sudoers.d/icmp-agent $(DESTDIR)$(LIBDIR)/libsio.a \
		$(DESTDIR)$(INCDIR)/sio.h $(DESTDIR)$(LIBDIR)/pkgconfig/sio.pc
	! cmp -s config/icmp-agent.env $(ENV_FILE) || rm $(ENV_FILE)

.PHONY: clean
clean:
	rm -rf build
