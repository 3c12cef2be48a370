# SPDX-License-Identifier: LGPL-2.1-or-later
#
# One file, no recursion; everything built goes to $(B). `make help` lists the targets.
#
#   V=1                  show the commands            WERROR=1   warnings are errors
#   SAN=address,undefined   sanitizers, in a tree of their own     CC=clang B=build-clang   another compiler
#
# Sources are found by wildcard, folder by folder. Which folder may use which is the order below: each links to what
# stands above it.

MAKEFLAGS += -r
.SUFFIXES:
.DELETE_ON_ERROR:
.DEFAULT_GOAL := all

comma      := ,
B          ?= build$(SAN:%=-$(subst $(comma),-,$(SAN)))
PREFIX     ?= /usr/local
DESTDIR    ?=
PKG_CONFIG ?= pkg-config
INSTALL    ?= install
CFLAGS     ?= -O2 -g
FUZZ_TIME  ?= 60
VERSION    := 0.1.0

WARN    := -Wall -Wextra -Wshadow -Wvla -Wformat=2 -Wstrict-prototypes -Wmissing-prototypes -Wundef
SANFLAGS = $(SAN:%=-fsanitize=%) $(if $(SAN),-fno-omit-frame-pointer -fno-sanitize-recover=all)
VARIANT  = $(WERROR:%=-Werror) $(SANFLAGS)
BASE     = $(CC) -std=c11 -D_GNU_SOURCE -DNOMMU_VERSION='"$(VERSION)"' -Icore/include -Icore -Ifs -fPIC -pthread $(WARN)
CC_ALL   = $(BASE) $(VARIANT) $(OWN) $(CPPFLAGS) $(CFLAGS)
DEFS    := -Wl,-z,defs

# Asked once, and not before something needs it: `make deps check` may have to install pkg-config first.
FUSE_CFLAGS  = $(eval FUSE_CFLAGS := $$(shell $$(PKG_CONFIG) --cflags fuse3))$(FUSE_CFLAGS)
FUSE_LIBS    = $(eval FUSE_LIBS := $$(shell $$(PKG_CONFIG) --libs fuse3))$(FUSE_LIBS)
INIH_CFLAGS  = $(eval INIH_CFLAGS := $$(shell $$(PKG_CONFIG) --cflags inih))$(INIH_CFLAGS)
INIH_LIBS    = $(eval INIH_LIBS := $$(shell $$(PKG_CONFIG) --libs inih))$(INIH_LIBS)
ZLIB_CFLAGS  = $(eval ZLIB_CFLAGS := $$(shell $$(PKG_CONFIG) --cflags zlib))$(ZLIB_CFLAGS)
ZLIB_LIBS    = $(eval ZLIB_LIBS := $$(shell $$(PKG_CONFIG) --libs zlib))$(ZLIB_LIBS)
CHECK_CFLAGS = $(eval CHECK_CFLAGS := $$(shell $$(PKG_CONFIG) --cflags check))$(CHECK_CFLAGS)
CHECK_LIBS   = $(eval CHECK_LIBS := $$(shell $$(PKG_CONFIG) --libs check))$(CHECK_LIBS)

quiet = $(findstring s,$(firstword -$(MAKEFLAGS)))
say   = $(if $V,,@$(if $(quiet),,printf '  %-4s %s\n' $1 $@;))
objs  = $(patsubst %.c,$(B)/%.o,$(wildcard $1))
# $(call have,FOLDER,TARGET): the target, if the folder has sources yet
have  = $(if $(wildcard $1/*.c),$2)

# ---- what there is ---------------------------------------------------------------------------------------------------

ENGINE := $(call objs,core/engine/*.c)
ATTACH := $(call objs,core/attach/*.c)
SHIMO  := $(call objs,core/shim/*.c)
RUNO   := $(call objs,core/run/*.c)
FSO    := $(call objs,fs/daemon/*.c fs/board/*.c fs/proc/*.c fs/image/*.c)
UNITO  := $(call objs,tests/unit/*.c)

LIB    := $(B)/libnommu.a
LINK   := $(B)/libattach.a
SHIM   := $(B)/libnommu-preload.so
RUN    := $(B)/nommu-run
FSD    := $(B)/nommufs
PC     := $(B)/nommu.pc
UNIT   := $(B)/tests/unit/run

HELPERS  := $(patsubst tests/cases/helpers/%.c,$(B)/tests/cases/%,$(wildcard tests/cases/helpers/*.c))
TORTURE  := $(patsubst %.c,$(B)/%,$(wildcard tests/torture/*.c))
BENCH    := $(patsubst %.c,$(B)/%,$(wildcard tests/bench/*.c))
EXAMPLES := $(patsubst %.c,$(B)/%,$(wildcard examples/*.c))
FUZZ     := $(patsubst tests/fuzz/%.c,%,$(wildcard tests/fuzz/*.c))
CASES    := $(filter-out tests/cases/lib.sh,$(wildcard tests/cases/*.sh))

PARTS := $(call have,core/engine,$(LIB)) $(call have,core/shim,$(SHIM)) $(call have,core/run,$(RUN)) \
         $(call have,fs/daemon,$(FSD))
TESTS := $(if $(wildcard tests/unit/test_*.c),$(UNIT)) $(HELPERS) $(TORTURE)

## Build the library, the shim, the daemon, the launcher and the examples
all: $(PARTS) $(EXAMPLES) $(PC)

## Build all tests, run none
tests: all $(TESTS) $(BENCH)

# ---- objects ---------------------------------------------------------------------------------------------------------

$(B)/fs/%.o:    OWN = $(FUSE_CFLAGS)
$(B)/fs/image/%.o: OWN = $(ZLIB_CFLAGS)
$(B)/fs/board/%.o: OWN = $(INIH_CFLAGS)
$(B)/tests/%.o: OWN = $(FUSE_CFLAGS) $(INIH_CFLAGS) $(CHECK_CFLAGS)
# Examples and helpers are the programs that are put on the board: nobody's sanitizer is in them.
$(B)/examples/%.o $(B)/tests/cases/helpers/%.o: SANFLAGS =
$(B)/tests/cases/helpers/%.o: OWN = -Itests/cases/helpers

# With `deps` among the goals nothing is compiled before it is through.
$(B)/%.o: %.c | $(filter deps,$(MAKECMDGOALS))
	@mkdir -p $(@D)
	$(call say,CC)$(CC_ALL) -MMD -MP -c -o $@ $<

# ---- parts -----------------------------------------------------------------------------------------------------------

$(LIB):  $(ENGINE)
$(LINK): $(ATTACH)
$(LIB) $(LINK):
	@mkdir -p $(@D)
	$(call say,AR)rm -f $@ && $(AR) rcs $@ $^

# No -z defs with sanitizers: their runtime is found when the program starts.
$(SHIM): $(SHIMO) $(LINK) $(LIB) core/shim/shim.map
	$(call say,LD)$(CC_ALL) -shared $(if $(SAN),,$(DEFS)) $(LDFLAGS) -o $@ \
	  -Wl,-soname,$(@F) -Wl,--version-script=core/shim/shim.map $(filter-out %.map,$^)

$(RUN):  $(RUNO) $(LINK) $(LIB)
$(FSD):  $(FSO) $(LINK) $(LIB)
# Not the shim's objects: the names that they define are libc's.
$(UNIT): $(UNITO) $(filter-out %/main.o,$(RUNO) $(FSO)) $(LINK) $(LIB)
$(FSD):  LIBS = $(FUSE_LIBS) $(INIH_LIBS) $(ZLIB_LIBS)
$(UNIT): LIBS = $(FUSE_LIBS) $(INIH_LIBS) $(ZLIB_LIBS) $(CHECK_LIBS)

$(TORTURE) $(BENCH): $(B)/%: $(B)/%.o $(LINK) $(LIB)
$(EXAMPLES): $(B)/%: $(B)/%.o
$(HELPERS): $(B)/tests/cases/%: $(B)/tests/cases/helpers/%.o
$(EXAMPLES) $(HELPERS): SANFLAGS =
# A helper's further files are in a folder of its name.
$(B)/tests/cases/fscall: $(call objs,tests/cases/helpers/fscall/*.c)
$(B)/tests/cases/mapcall: $(call objs,tests/cases/helpers/mapcall/*.c)
# A helper whose name ends in "static" is a static program.
$(filter %static,$(HELPERS)): LIBS = -static
$(RUN) $(FSD) $(UNIT) $(TORTURE) $(BENCH) $(EXAMPLES) $(HELPERS):
	@mkdir -p $(@D)
	$(call say,LD)$(CC_ALL) $(LDFLAGS) -o $@ $^ $(LIBS)

$(PC): nommu.pc.in
	@mkdir -p $(@D)
	$(call say,GEN)sed -e 's|@PREFIX@|$(PREFIX)|' -e 's|@VERSION@|$(VERSION)|' $< >$@

# ---- what to do with it ----------------------------------------------------------------------------------------------

## Unit tests, cases and torture; the last line is the total
check: tests
	@tests/run.sh $(B) $(if $(wildcard tests/unit/test_*.c),$(UNIT)) $(CASES) $(TORTURE)

## Install what is missing to build and test (apt-get, by sudo unless root)
deps:
	@tests/deps.sh

## Show it: a board, a ROM image, programs on it, beside what an MMU does
demo: all
	@examples/demo.sh $(B)

## Measure it, beside the host's own calls
bench: all $(BENCH)
	@tests/bench/bench.sh $(B)

## Static analysis; and that includes point downwards only
lint:
	@tests/lint.sh

## Run each fuzz target for FUZZ_TIME seconds (clang)
fuzz:
	@$(MAKE) --no-print-directory CC=clang SAN=fuzzer-no-link,address,undefined B=build-fuzz fuzz-all

.PHONY: fuzz-all
fuzz-all: $(FUZZ:%=fuzz-run-%)
$(B)/tests/fuzz/%: $(B)/tests/fuzz/%.o $(call objs,fs/image/*.c fs/board/*.c) $(LINK) $(LIB)
	$(call say,LD)$(CC_ALL) -fsanitize=fuzzer $(LDFLAGS) -o $@ $^ $(INIH_LIBS) $(ZLIB_LIBS)
fuzz-run-%: $(B)/tests/fuzz/%
	@mkdir -p $(B)/corpus/$*
	@echo "fuzz $* for $(FUZZ_TIME) s"
	@cd $(B) && if tests/fuzz/$* -max_total_time=$(FUZZ_TIME) -timeout=10 -print_final_stats=1 corpus/$* \
	  $(addprefix $(CURDIR)/,$(wildcard tests/fuzz/corpus/$*)) >fuzz-$*.log 2>&1; \
	  then sed -n 's/^stat::/  /p' fuzz-$*.log; else tail -n 60 fuzz-$*.log; exit 1; fi

## Install under DESTDIR and PREFIX
install: all
	$(INSTALL) -Dm755 -t $(DESTDIR)$(PREFIX)/bin $(RUN) $(FSD)
	$(INSTALL) -Dm755 -t $(DESTDIR)$(PREFIX)/lib $(SHIM)
	$(INSTALL) -Dm644 -t $(DESTDIR)$(PREFIX)/lib $(LIB)
	$(INSTALL) -Dm644 -t $(DESTDIR)$(PREFIX)/include $(wildcard core/include/*.h)
	@mkdir -p $(DESTDIR)$(PREFIX)/lib/pkgconfig
	sed -e 's|@PREFIX@|$(PREFIX)|' -e 's|@VERSION@|$(VERSION)|' nommu.pc.in >$(DESTDIR)$(PREFIX)/lib/pkgconfig/nommu.pc

## Remove what install put there
uninstall:
	rm -f $(addprefix $(DESTDIR)$(PREFIX)/,bin/$(notdir $(RUN)) bin/$(notdir $(FSD)) lib/$(notdir $(SHIM)) \
	  lib/$(notdir $(LIB)) $(patsubst core/%,%,$(wildcard core/include/*.h)) lib/pkgconfig/nommu.pc)

## Remove everything that was built
clean:
	rm -rf build build-*

## Show this help
help:
	@awk '/^## /{h=substr($$0,4);getline;sub(/:.*/,"");printf "  %-9s %s\n",$$0,h}' $(firstword $(MAKEFILE_LIST))

.PHONY: all tests check deps demo bench lint fuzz install uninstall clean help
.SECONDARY:

-include $(wildcard $(B)/*/*.d $(B)/*/*/*.d $(B)/*/*/*/*.d)
