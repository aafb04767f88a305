# make                    the two programs, in build/
# make install            DESTDIR= PREFIX=/usr/local
# make test               installs what is missing, then runs everything
# make check              the same without installing anything
# make check-unit         only the unit tests; T=tests/storage/base for some
# make check-e2e          only the tests that run programs and servers
# make sanitize           the unit tests under ASan and UBSan
# make lint               format, includes and calls, static analysis, shell
# make format             clang-format over the C sources
# make fuzz               the fuzzers; FUZZ_SECONDS= each, FUZZ_SEED=0 searches
# make deb                Debian's packages, in build/deb
# make simulate           timelines of vaults under attack; SEEDS= of them
#
# V=1 shows commands; CC= and BUILD= choose compiler and build directory;
# WERROR=1 makes warnings fatal, as CI does; J= says how many test files run
# side by side.

BUILD ?= build
# One spelling: what an object depends on is noted under the name it was built
# by, and scripts/demo names the directory by its whole path.
override BUILD := $(patsubst $(CURDIR)/%,%,$(abspath $(BUILD)))
PREFIX ?= /usr/local
DESTDIR ?=
FUZZ_SECONDS ?= 30
FUZZ_SEED ?= 1
VERSION := 0.1.0
Q := $(if $(V),,@)

LIBS := libgit2 libarchive libcurl libcrypto zlib yaml-0.1 json-c expat libzstd
PKG_CONFIG ?= pkg-config
PKG_CFLAGS := $(shell $(PKG_CONFIG) --cflags $(LIBS) 2>/dev/null)
PKG_LIBS := $(shell $(PKG_CONFIG) --libs $(LIBS) 2>/dev/null)
TEST_LIBS := -lcmocka -lssl # the scripted server speaks TLS

WARNINGS := -Wall -Wextra -Wshadow -Wconversion -Wformat=2 \
  -Wstrict-prototypes -Wmissing-prototypes -Wcast-qual -Wwrite-strings \
  -Wundef -Wvla $(if $(WERROR),-Werror)
HARDENING := -O2 -D_FORTIFY_SOURCE=3 -fstack-protector-strong \
  -fstack-clash-protection -fPIE
ALL_CFLAGS := -std=gnu17 -D_GNU_SOURCE -DBACKSTAY_VERSION='"$(VERSION)"' \
  -D_FILE_OFFSET_BITS=64 -I. -g -pthread $(WARNINGS) \
  $(if $(SANITIZE),$(SANITIZE),$(HARDENING)) $(PKG_CFLAGS) $(CFLAGS)
ALL_LDFLAGS := -pthread $(if $(SANITIZE),$(SANITIZE),-pie) \
  -Wl,-z,relro,-z,now $(LDFLAGS)

# The rooms. Each links only what lies below it, so that a call up or across
# does not link; scripts/check-includes says the same of includes.
sources = $(sort $(shell find $(1) -name '$(2)'))
storage_SRC := $(call sources,storage,*.c)
config_SRC := $(call sources,config,*.c)
agent_SRC := $(filter-out agent/main.c,$(call sources,agent,*.c))
restore_SRC := $(filter-out restore/main.c,$(call sources,restore,*.c))
UNIT_SRC := $(call sources,tests/agent tests/config tests/restore \
  tests/storage,*_test.c)
SUPPORT_SRC := $(sort $(wildcard tests/support/*.c))
TOOL_SRC := $(sort $(wildcard tests/tools/*.c))
PRELOAD_SRC := $(sort $(wildcard tests/tools/preload/*.c))
FUZZ_SRC := $(sort $(wildcard tests/fuzz/*_fuzz.c))
SIMULATE_SRC := $(sort $(wildcard tests/sim/vault/*.c))

objects = $(patsubst %.c,$(BUILD)/%.o,$(1))
STORAGE := $(BUILD)/libstorage.a
CONFIG := $(BUILD)/libconfig.a
AGENT := $(BUILD)/libagent.a
RESTORE := $(BUILD)/librestore.a
SUPPORT := $(BUILD)/libsupport.a
PROGRAMS := $(BUILD)/backstay-agent $(BUILD)/backstay-restore
UNIT := $(patsubst %.c,$(BUILD)/%,$(UNIT_SRC))
TOOLS := $(patsubst %.c,$(BUILD)/%,$(TOOL_SRC)) \
  $(patsubst %.c,$(BUILD)/%.so,$(PRELOAD_SRC))
FUZZ := $(patsubst %.c,$(BUILD)/%,$(FUZZ_SRC))
SIMULATE := $(BUILD)/tests/sim/vault/simulate

.PHONY: all install deb test check check-unit check-e2e sanitize lint format fuzz \
  simulate clean unit-programs test-tools fuzz-programs
.DELETE_ON_ERROR:
all: $(PROGRAMS)

$(BUILD)/backstay-agent: $(BUILD)/agent/main.o $(AGENT) $(CONFIG) $(STORAGE)
$(BUILD)/backstay-restore: $(BUILD)/restore/main.o $(RESTORE) $(CONFIG) $(STORAGE)
$(PROGRAMS):
	@echo "  LD    $@"
	$(Q)$(CC) $(ALL_LDFLAGS) -o $@ $^ $(PKG_LIBS)

# Files of two rooms may bear one name: q appends, r would replace.
$(STORAGE): $(call objects,$(storage_SRC))
$(CONFIG): $(call objects,$(config_SRC))
$(AGENT): $(call objects,$(agent_SRC))
$(RESTORE): $(call objects,$(restore_SRC))
$(SUPPORT): $(call objects,$(SUPPORT_SRC))
$(STORAGE) $(CONFIG) $(AGENT) $(RESTORE) $(SUPPORT):
	@echo "  AR    $@"
	$(Q)rm -f $@ && $(AR) qcs $@ $^

# Whatever changes the command line of the compiler rebuilds everything.
$(BUILD)/flags: FORCE
	@mkdir -p $(@D)
	@echo '$(CC) $(subst ','\'',$(ALL_CFLAGS))' | cmp -s - $@ || \
	  echo '$(CC) $(subst ','\'',$(ALL_CFLAGS))' > $@
FORCE:

$(BUILD)/%.o: %.c $(BUILD)/flags
	@mkdir -p $(@D)
	@echo "  CC    $<"
	$(Q)$(CC) $(ALL_CFLAGS) -MMD -MP -c -o $@ $<

# What the assembler reads of a file is not among what the compiler lists.
$(BUILD)/restore/pages/assets.o: restore/pages/page.css restore/pages/page.js
$(BUILD)/config/example.o: config/backstay.example.yaml

# A unit test links its own room and what lies below it.
$(BUILD)/tests/storage/%_test: $(BUILD)/tests/storage/%_test.o $(SUPPORT) $(STORAGE)
	@echo "  LD    $@"
	$(Q)$(CC) $(ALL_LDFLAGS) -o $@ $^ $(TEST_LIBS) $(PKG_LIBS)
$(BUILD)/tests/config/%_test: $(BUILD)/tests/config/%_test.o $(SUPPORT) $(CONFIG) $(STORAGE)
	@echo "  LD    $@"
	$(Q)$(CC) $(ALL_LDFLAGS) -o $@ $^ $(TEST_LIBS) $(PKG_LIBS)
$(BUILD)/tests/agent/%_test: $(BUILD)/tests/agent/%_test.o $(SUPPORT) $(AGENT) $(CONFIG) $(STORAGE)
	@echo "  LD    $@"
	$(Q)$(CC) $(ALL_LDFLAGS) -o $@ $^ $(TEST_LIBS) $(PKG_LIBS)
$(BUILD)/tests/restore/%_test: $(BUILD)/tests/restore/%_test.o $(SUPPORT) $(RESTORE) $(CONFIG) $(STORAGE)
	@echo "  LD    $@"
	$(Q)$(CC) $(ALL_LDFLAGS) -o $@ $^ $(TEST_LIBS) $(PKG_LIBS)

# What tests of real servers run besides the two programs.
$(BUILD)/tests/tools/%: $(BUILD)/tests/tools/%.o $(SUPPORT) $(AGENT) $(CONFIG) $(STORAGE)
	@echo "  LD    $@"
	$(Q)$(CC) $(ALL_LDFLAGS) -o $@ $^ $(PKG_LIBS)

# In the simulated vaults signatures are stand-ins that take no time, a text is
# parsed once, all agents are one process, and a restore gets to a store in memory.
SIMULATE_WRAP := minisign_sign minisign_verify json_parse file_write_durably \
  process_self process_is_dead settings_vault_named connect_trust \
  connect_vault log_event
$(SIMULATE): $(call objects,$(SIMULATE_SRC)) $(RESTORE) $(AGENT) $(CONFIG) $(STORAGE)
	@echo "  LD    $@"
	$(Q)$(CC) $(ALL_LDFLAGS) $(SIMULATE_WRAP:%=-Wl,--wrap=%) \
	  -o $@ $^ $(PKG_LIBS)

# What tests preload into them.
$(BUILD)/tests/tools/preload/%.so: tests/tools/preload/%.c $(BUILD)/flags
	@mkdir -p $(@D)
	@echo "  CC    $@"
	$(Q)$(CC) -std=gnu17 -D_GNU_SOURCE -O2 -fPIC -shared $(WARNINGS) -o $@ $<

# Fuzzers are built by clang, in a build directory of their own.
$(BUILD)/tests/fuzz/%_fuzz: $(BUILD)/tests/fuzz/%_fuzz.o $(SUPPORT) $(RESTORE) $(AGENT) $(CONFIG) $(STORAGE)
	@echo "  LD    $@"
	$(Q)$(CC) $(ALL_LDFLAGS) -o $@ $^ $(PKG_LIBS)

-include $(shell [ -d $(BUILD) ] && find $(BUILD) -path '*/deb' -prune -o -type f -name '*.d' -print)
.SECONDARY:

unit-programs: $(UNIT)
test-tools: $(TOOLS) $(SIMULATE)
fuzz-programs: $(FUZZ)

T ?=
export BACKSTAY_BUILD := $(abspath $(BUILD))
# A test file waits for its servers more than half of its time: with twice as many
# of them as there are processors, a fifth of the processors' time was idle.
J ?= $(shell expr $$(nproc) \* 3)
BATS = $(call sources,tests,*.bats)
select = $(if $(T),$(foreach p,$(1),$(if $(findstring $(T),$(p)),$(p))),$(1))
# Long files start first, and short ones last, so that no processor idles at the
# end of the run.
slow = $(if $(1),$(shell grep -lE '^\# bats file_tags=(.*,)?slow(,|$$)' $(1)))
others = $(filter-out $(call slow,$(1)),$(1))
slow_first = $(call slow,$(1)) $(call others,$(1))
# The summary comes when all files are done, whether or not one failed.
run_tests = tests/run begin; status=0; \
  prove -j$(J) --timer --exec tests/run $(1) || status=$$?; \
  tests/run summary || status=1; exit $$status

test:
	scripts/deps
	scripts/kube-assets
	$(MAKE) check

check: all unit-programs test-tools
	$(call run_tests,$(call slow,$(BATS)) $(UNIT) $(call others,$(BATS)))

check-unit: unit-programs
	$(call run_tests,$(call select,$(UNIT)))

check-e2e: all test-tools
	$(call run_tests,$(call slow_first,$(call select,$(BATS))))

sanitize:
	$(MAKE) BUILD=$(BUILD)/sanitize CC=$(CC) check-unit T= \
	  SANITIZE='-O1 -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer'

fuzz:
	$(MAKE) BUILD=$(BUILD)/fuzz CC=clang fuzz-programs \
	  SANITIZE='-O1 -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=all' \
	  LDFLAGS='-fsanitize=fuzzer,address,undefined'
	tests/fuzz/run $(BUILD)/fuzz/tests/fuzz $(FUZZ_SECONDS) $(FUZZ_SEED)

SEEDS ?= 20000
simulate: $(SIMULATE)
	$(SIMULATE) --seeds $(SEEDS)

C_FILES = $(sort $(shell git ls-files --cached --others --exclude-standard '*.c' '*.h'))
format:
	clang-format -i $(C_FILES)

lint: all
	clang-format --dry-run --Werror $(C_FILES)
	scripts/check-includes
	scripts/check-cleanup
	cppcheck --quiet --std=c11 --enable=warning,performance,portability \
	  --inline-suppr --error-exitcode=1 --suppress=missingIncludeSystem \
	  --suppressions-list=.cppcheck -I. -D_GNU_SOURCE -j2 \
	  storage config agent restore
	shellcheck -x $$(git ls-files -z --cached --others --exclude-standard scripts tests findings .ci | xargs -0 grep -lE '^#!.*\b(ba)?sh$$')
	@# Where bats takes no notice: "! command" in the middle of a test.
	shellcheck --include=SC2314,SC2315 tests/e2e/*.bats

# The page of the configuration has the example whole, so that it always says
# every key.
PAGE := $(BUILD)/backstay.yaml.5
$(PAGE): config/backstay.yaml.5.in config/backstay.example.yaml
	@mkdir -p $(@D)
	$(Q)sed -e 's/\\/\\e/g' -e 's/-/\\-/g' -e "s/^[.']/\\\\\&&/" \
	  config/backstay.example.yaml > $@.example
	$(Q)sed -e '/^@EXAMPLE@$$/{r $@.example' -e 'd;}' $< > $@

# Completion of command lines, as the programs themselves print it.
SHARE := $(DESTDIR)$(PREFIX)/share
install: all $(PAGE)
	install -d $(DESTDIR)$(PREFIX)/bin $(SHARE)/man/man1 $(SHARE)/man/man5 \
	  $(SHARE)/doc/backstay $(SHARE)/bash-completion/completions \
	  $(SHARE)/zsh/vendor-completions $(SHARE)/fish/vendor_completions.d
	install -m 755 $(PROGRAMS) $(DESTDIR)$(PREFIX)/bin
	install -m 644 $(PAGE) $(SHARE)/man/man5
	for p in backstay-agent backstay-restore; do \
	  $(BUILD)/$$p completion bash > $(SHARE)/bash-completion/completions/$$p && \
	  $(BUILD)/$$p completion zsh > $(SHARE)/zsh/vendor-completions/_$$p && \
	  $(BUILD)/$$p completion fish > $(SHARE)/fish/vendor_completions.d/$$p.fish || \
	  exit; done
	install -m 644 agent/backstay-agent.1 restore/backstay-restore.1 \
	  $(DESTDIR)$(PREFIX)/share/man/man1
	install -m 644 README.md config/backstay.example.yaml \
	  $(DESTDIR)$(PREFIX)/share/doc/backstay
	cp -r config/kubernetes config/systemd config/prometheus config/grafana $(DESTDIR)$(PREFIX)/share/doc/backstay
	sed -i 's|^ExecStart=/usr/bin/|ExecStart=$(PREFIX)/bin/|' \
	  $(DESTDIR)$(PREFIX)/share/doc/backstay/systemd/*.service

# Debian's packages, in build/deb, out of what is committed or about to be.
deb:
	rm -rf $(BUILD)/deb
	mkdir -p $(BUILD)/deb/backstay
	git ls-files -z --cached --others --exclude-standard | \
	  xargs -0 cp -P --parents -t $(BUILD)/deb/backstay 2>/dev/null || true
	cd $(BUILD)/deb/backstay && env -u MAKEFLAGS -u MFLAGS dpkg-buildpackage -us -uc -b -rfakeroot
	ls $(BUILD)/deb/*.deb

clean:
	rm -rf $(BUILD)
