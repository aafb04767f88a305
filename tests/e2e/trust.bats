#!/usr/bin/env bats
# What is written opens with age and minisign, what they write opens here, and
# what somebody forged, swapped, rolled back or planted is found.
# shellcheck disable=SC2154,SC2030,SC2031 # lib sets $top, bats sets $stderr,
# and runs each test in a shell of its own
# bats file_tags=slow
bats_require_minimum_version 1.5.0
load lib
load small

setup_file() {
	small_start
	small_config "$(small_directory)" >"$BACKSTAY_CONFIG"
	agent backup
	sleep 1.1
	agent backup
	cp -a "$P/vault" "$P/kept"
}

teardown_file() { small_stop; }

setup() {
	rm -rf "$P/vault" "$P/state"
	cp -a "$P/kept" "$P/vault"
	small_config "$(small_directory)" >"$BACKSTAY_CONFIG"
	first=$P/vault/$(labels | head -1)
	second=$P/vault/$(labels | tail -1)
	manifest=$second.manifest.json
	archive=$second.tar.zst.age
}

# Every way in refuses it, names it, and unpacks nothing.
refused() { # PATTERN [SNAPSHOT]
	local command snapshot=${2:-latest}
	for command in "verify $snapshot" "verify --quick $snapshot" "plan $snapshot" \
	    "extract $snapshot --to $BATS_TEST_TMPDIR/x" "apply $snapshot --yes"; do
		rm -rf "$BATS_TEST_TMPDIR/x"
		# shellcheck disable=SC2086
		run --separate-stderr restore $command
		echo "$command: $status: $stderr"
		[ "$status" -eq 5 ]
		grep -qE "$1" <<<"$stderr"
		grep -q "$(basename "$second")" <<<"$stderr"
		[ -z "$(find "$BATS_TEST_TMPDIR/x" "$P"/state/scratch* -type f 2>/dev/null)" ]
	done
}

# As the manifest would say it of another archive.
describe_archive() {
	jq --arg sha "$(sha256sum <"$archive" | cut -d' ' -f1)" \
	    --argjson bytes "$(stat -c %s "$archive")" \
	    '.archive.sha256 = $sha | .archive.bytes = $bytes' "$manifest" >"$P/m"
	mv "$P/m" "$manifest"
}

repack() { # age arguments: the same content, sealed by age
	age -d -i "$P/keys/identity.txt" "$archive" >"$P/plain"
	age "$@" -o "$P/sealed" "$P/plain"
	mv "$P/sealed" "$archive"
	describe_archive
}

@test "keygen: files of mode 0600 in a directory of 0700, and nothing is replaced" {
	restore keygen --to "$BATS_TEST_TMPDIR/k" >/dev/null
	[ "$(stat -c %a "$BATS_TEST_TMPDIR/k"/* | sort -u)" = 600 ]
	[ "$(stat -c %a "$BATS_TEST_TMPDIR/k")" = 700 ]
	run restore keygen --to "$BATS_TEST_TMPDIR/k"
	[ "$status" -ne 0 ]
	# What others have laid there gets nothing of a key.
	mkdir "$BATS_TEST_TMPDIR/laid"
	: >"$BATS_TEST_TMPDIR/laid/identity.txt.tmp"
	chmod 666 "$BATS_TEST_TMPDIR/laid/identity.txt.tmp"
	ln -s "$BATS_TEST_TMPDIR/stolen" "$BATS_TEST_TMPDIR/laid/signing.key.tmp"
	restore keygen --to "$BATS_TEST_TMPDIR/laid" >/dev/null
	[ "$(stat -c '%a %F' "$BATS_TEST_TMPDIR/laid"/*.{txt,key,pub} | sort -u)" = "600 regular file" ]
	[ ! -s "$BATS_TEST_TMPDIR/laid/identity.txt.tmp" ]
	[ ! -e "$BATS_TEST_TMPDIR/stolen" ]
	[ "$(age-keygen -y "$P/keys/identity.txt")" = "$(recipient)" ]
}

@test "age and minisign take what we write, without us" {
	minisign -qVm "$manifest" -p "$P/keys/signing.pub"
	cd "$P/vault"
	jq -r '"\(.archive.sha256)  \(.archive.file)"' "$manifest" | sha256sum -c
	age -d -i "$P/keys/identity.txt" "$archive" | tar --zstd -tf - | grep -qx CONTENTS.json
}

@test "we take what age and minisign write" {
	repack -r "$(recipient)"
	minisign -S -s "$P/keys/signing.key" -m "$manifest" </dev/null
	restore verify latest
}

@test "keys of age-keygen and minisign, one with a password" {
	age-keygen -o "$P/age.txt" 2>/dev/null
	printf 'pass word\npass word\n' | minisign -G -f -p "$P/mini.pub" -s "$P/mini.key" >/dev/null
	printf 'pass word\n' >"$P/password"
	chmod 600 "$P/age.txt" "$P/mini.key" "$P/password"
	sed -i -e "s#recipients: .*#recipients: [$(age-keygen -y "$P/age.txt")]#" \
	    -e "s#$P/keys/identity.txt#$P/age.txt#; s#$P/keys/signing.key#$P/mini.key#; s#$P/keys/signing.pub#$P/mini.pub#" \
	    -e "s#^signing:#&\n  password_file: $P/password#" "$BACKSTAY_CONFIG"
	rm -rf "$P/vault" "$P/state/vaults"
	agent backup
	restore verify latest
	minisign -qVm "$P"/vault/*.manifest.json -p "$P/mini.pub"
	age -d -i "$P/age.txt" "$P"/vault/*.age | tar --zstd -tf - | grep -qx CONTENTS.json
	echo wrong >"$P/password"
	run --separate-stderr agent backup
	echo "$stderr"
	[ "$status" -ne 0 ]
	[ "$(labels | wc -l)" -eq 1 ]
}

@test "several recipients: each opens it alone" {
	local n keys=()
	for n in 1 2 3; do
		rm -f "$P/r$n"
		age-keygen -o "$P/r$n" 2>/dev/null
		keys+=("$(age-keygen -y "$P/r$n")")
	done
	sed -i "s#recipients: .*#recipients: [$(IFS=,; echo "${keys[*]}")]#" "$BACKSTAY_CONFIG"
	rm -rf "$P/vault" "$P/state/vaults"
	agent backup
	for n in 1 2 3; do
		sed -i "s#identity_files: .*#identity_files: [$P/r$n]#" "$BACKSTAY_CONFIG"
		restore verify latest
		age -d -i "$P/r$n" "$P"/vault/*.age >/dev/null
	done
	sed -i "s#identity_files: .*#identity_files: [$P/keys/identity.txt]#" "$BACKSTAY_CONFIG"
	run --separate-stderr restore verify latest
	echo "$stderr"
	[ "$status" -eq 3 ]
}

# age asks for its passphrase on a terminal only.
age_with_passphrase() { # ARGUMENT...
	python3 - "$@" <<-'E'
	import os, pty, sys, time
	pid, fd = pty.fork()
	if pid == 0:
	    os.execvp("age", ["age"] + sys.argv[1:])
	seen = b""
	while True:
	    try:
	        got = os.read(fd, 1024)
	    except OSError:
	        break
	    seen += got
	    if seen.rstrip().endswith(b":"):
	        os.write(fd, b"correct horse\n")
	        seen = b""
	sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
	E
}

@test "a passphrase, both ways" {
	echo 'correct horse' >"$P/passphrase"
	chmod 600 "$P/passphrase"
	sed -i "s#^  recipients: .*#  passphrase_file: $P/passphrase#; /identity_files/d" "$BACKSTAY_CONFIG"
	rm -rf "$P/vault" "$P/state/vaults"
	agent backup
	restore verify latest
	second=$P/vault/$(labels) archive=$P/vault/$(labels).tar.zst.age manifest=$P/vault/$(labels).manifest.json
	age_with_passphrase -d -o "$P/plain" "$archive"
	tar --zstd -tf "$P/plain" | grep -qx CONTENTS.json
	age_with_passphrase -p -o "$P/sealed" "$P/plain"
	mv "$P/sealed" "$archive"
	describe_archive
	minisign -S -s "$P/keys/signing.key" -m "$manifest" </dev/null
	restore verify latest
	echo 'wrong horse' >"$P/passphrase"
	run --separate-stderr restore verify latest
	echo "$stderr"
	[ "$status" -eq 3 ]
}

@test "an archive forged to the public recipient" {
	mkdir -p "$P/forged"
	echo evil >"$P/forged/x"
	tar -C "$P/forged" --zstd -cf "$P/plain" x
	age -r "$(recipient)" -o "$P/sealed" "$P/plain"
	mv "$P/sealed" "$archive"
	refused 'not the one its manifest was signed for'
	describe_archive
	# Whoever may write there can do that to any name: it is not the latest.
	local label
	label=$(basename "$second")
	refused 'has changed|does not hold|was changed|not match' "$label"
	minisign -G -W -f -p "$P/evil.pub" -s "$P/evil.key" >/dev/null
	minisign -S -s "$P/evil.key" -m "$manifest" </dev/null
	refused 'key' "$label"
	rm "$manifest.minisig"
	refused 'no signature' "$label"
}

@test "manifests and archives that were swapped" {
	cp "$first.manifest.json" "$manifest"
	cp "$first.manifest.json.minisig" "$manifest.minisig"
	refused 'manifest of another snapshot' "$(basename "$second")"
	rm -r "$P/vault"
	cp -a "$P/kept" "$P/vault"
	cp "$first.tar.zst.age" "$archive"
	refused 'not the one its manifest was signed for'
}

@test "a vault that was rolled back, or whose newest was replaced" {
	restore verify --quick --chain latest
	rm "$second".*
	run --separate-stderr restore verify --quick --chain latest
	echo "$stderr"
	[ "$status" -eq 5 ]
	grep -q 'the vault was rolled back' <<<"$stderr"
	grep -q "$(basename "$second")" <<<"$stderr"
	cp -a "$P/kept/." "$P/vault"
	jq '.tags = ["evil"]' "$manifest" >"$P/m"
	mv "$P/m" "$manifest"
	minisign -S -s "$P/keys/signing.key" -m "$manifest" </dev/null
	run --separate-stderr restore verify --quick --chain latest
	echo "$stderr"
	[ "$status" -eq 5 ]
	grep -q 'was replaced since it was last seen' <<<"$stderr"
}

@test "the chain holds in each of several vaults, and in one that got copies" {
	sed -i "s#^  - .*#&\n  - {name: second, directory: $P/second}\n  - {name: third, directory: $P/third}#" "$BACKSTAY_CONFIG"
	rm -rf "$P/second" "$P/third"
	agent backup
	sleep 1.1
	agent backup
	restore verify latest --quick --chain
	restore verify latest --quick --chain --vault second
	restore copy "$(basename "$first")" --to third
	run --separate-stderr restore verify latest --quick --chain --vault third
	echo "$stderr"
	[ "$status" -eq 0 ]
	grep -q '1 of 3 snapshots were not written' <<<"$stderr"
	rm -rf "$P/second" "$P/third"
}

@test "an unsigned vault only where the configuration says so" {
	rm "$P"/vault/*.minisig
	run --separate-stderr restore verify latest
	[ "$status" -eq 5 ]
	sed -i '/^signing:/,/public_key_files/d' "$BACKSTAY_CONFIG"
	run --separate-stderr agent backup
	echo "$stderr"
	[ "$status" -eq 2 ]
	sed -i '/^encryption:/,/identity_files/d' "$BACKSTAY_CONFIG"
	echo 'signing: none' >>"$BACKSTAY_CONFIG"
	run --separate-stderr agent backup
	echo "$stderr"
	[ "$status" -eq 2 ]
}

# Everything that must not be seen, as it is and in base64; where it lies by
# right is not searched.
planted() {
	local text
	for text in s3cret AGE-SECRET-KEY- "$(sed -n 2p "$P/keys/signing.key")"; do
		echo "$text"
		[ "$text" = s3cret ] && printf %s "$text" | base64 | cut -c1-8
	done
}

@test "planted secrets are in no archive, log, scratch or core" {
	local places=0 found=0 text code=0 control cores place
	rm -rf "$P/vault" "$P/state/vaults"
	kube_faults DELETE
	agent backup -v >"$P/log-whole" 2>&1
	# A core is asked for; another program here leaves one.
	cd "$BATS_TEST_TMPDIR"
	ulimit -c unlimited
	sleep 100 &
	pid=$!
	kill -ABRT "$pid"
	wait "$pid" || true
	control=$(find . -name 'core*' | wc -l)
	rm -f core*
	small_held_backup -v
	kill -STOP "$pid" # so that nothing goes while it is copied
	cp "$P/held-err" "$P/log-killed"
	grep -q '^Max core file size *0 *0 ' "/proc/$pid/limits"
	cp -r "$P/state" "$P/scratch-of-the-killed"
	kill -ABRT "$pid"
	kill -CONT "$pid"
	wait "$pid" || code=$?
	[ "$code" -eq 134 ]
	cores=$(find . "$P" "$top" -maxdepth 1 -name 'core*' -type f | wc -l)
	kube_faults DELETE
	while read -r text; do
		for place in "$P/vault" "$P/state" "$P/scratch-of-the-killed" \
		    "$P/log-whole" "$P/log-killed" "$P/held-err" "$P/held-out" "$BATS_TEST_TMPDIR"; do
			places=$((places + 1))
			grep -rqF -- "$text" "$place" && { echo "$text in $place"; found=$((found + 1)); }
		done
	done < <(planted)
	echo "# $places searches for planted secrets, $found found; $cores cores (of another program: $control)" >&3
	[ "$found" -eq 0 ]
	[ "$cores" -eq 0 ]
	agent unlock --yes
}
