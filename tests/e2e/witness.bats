#!/usr/bin/env bats
# A witness co-signs the log of a vault: what the vault's owner, and whoever has
# the signing key as well, does to the history is named to somebody who
# remembers nothing. The witness is tests/tools/witness, which has no line of
# ours.
# shellcheck disable=SC2154,SC2030,SC2031 # lib sets $top, bats runs each test apart
# bats file_tags=slow
bats_require_minimum_version 1.5.0
load lib
load small

setup_file() { small_start; }
teardown_file() { small_stop; }

setup() {
	rm -rf "$P/vault" "$P/state" "$P/witness"
	key=$("$top/tests/tools/witness" make "$P/witness" witness.example.org/w1)
	witness_start
	witness_config
}

teardown() {
	[ -s "$P/witness/pid" ] || return 0
	kill "$(<"$P/witness/pid")" 2>/dev/null || true
	wait "$(<"$P/witness/pid")" 2>/dev/null || true
}

witness_start() {
	"$top/tests/tools/witness" serve "$P/witness" 3>&- &
	echo $! >"$P/witness/pid"
	until [ -s "$P/witness/url" ]; do
		kill -0 "$(<"$P/witness/pid")"
		sleep 0.1
	done
}

# It keeps its port, which another test's server could have otherwise.
witness_down() { touch "$P/witness/down"; }
witness_up() { rm "$P/witness/down"; }

witness_config() { # [KEY [MORE [VAULTS]]]
	{
		small_config "${3-$(small_directory)}" | sed 's/keep_last: 2/keep_last: 20/'
		echo "witness: {url: \"$(<"$P/witness/url")\", key: \"${1-$key}\"${2-}}"
	} >"$BACKSTAY_CONFIG"
}

# The operator of the witness adds the log, as the warning of a first backup
# says it.
adopt() {
	run --separate-stderr agent backup
	echo "$stderr"
	[ "$status" -eq 0 ]
	grep -q 'it does not know the log' <<<"$stderr"
	grep -o 'with the key backstay/small/[^ ]*' <<<"$stderr" | sed 's/with the key //' >>"$P/witness/logs"
	backups 1
}

backups() { # COUNT
	local _
	for _ in $(seq "$1"); do
		past "$(labels | tail -1)"
		run --separate-stderr agent backup
		echo "$stderr"
		[ "$status" -eq 0 ]
		! grep -q 'not co-signed' <<<"$stderr" || false
	done
	mapfile -t label < <(labels)
}

# As somebody who remembers nothing.
look() {
	rm -rf "$P/state/chain"
	run --separate-stderr restore verify latest --quick --chain "$@"
	echo "$status: $stderr"
}

found() { # KIND TEXT: by each way in
	look
	[ "$status" -eq 5 ]
	grep -q "$1: $2" <<<"$stderr"
	grep -q -- "--accept $1" <<<"$stderr"
	run --separate-stderr restore extract latest --to "$BATS_TEST_TMPDIR/x"
	[ "$status" -eq 5 ]
	grep -q "$1: $2" <<<"$stderr"
	[ ! -e "$BATS_TEST_TMPDIR/x" ]
	run --separate-stderr restore head
	[ "$status" -eq 5 ]
}

good() {
	look
	[ "$status" -eq 0 ]
	! grep -q 'not co-signed\|could not be asked' <<<"$stderr" || false
}

@test "each snapshot is in the log that the witness co-signs, also what it did not know before" {
	adopt
	good
	backups 2
	good
	grep -q "the witness 'witness.example.org/w1' co-signed the log of 4 snapshots on 20" <<<"$stderr"
	# One log and one note; the latter is what the witness publishes.
	[ "$(cd "$P/vault" && ls -- *.witness*)" = "${label[3]}.witness-log
${label[3]}.witnessed" ]
	diff "$P/vault/${label[3]}.witnessed" "$P"/witness/state/*
	head -4 "$P/vault/${label[3]}.witness-log" | cut -d' ' -f1 | diff - <(printf '%s\n' "${label[@]}")
	[ "$(sed -n 4p "$P/vault/${label[3]}.witness-log")" = "${label[3]} $(sha256sum <"$P/vault/${label[3]}.manifest.json" | cut -d' ' -f1)" ]
	# Not foreign, nor are they pruned with a snapshot, nor is one missed that was.
	restore list | grep -q foreign && false
	sed -i 's/keep_last: 20/keep_last: 1/' "$BACKSTAY_CONFIG"
	agent prune
	[ "$(labels | wc -l)" -eq 1 ]
	good
	backups 1
	good
	[ "$(grep -c '^small-' "$P/vault/${label[1]}.witness-log")" -eq 5 ]
}

@test "a vault that was rolled back is named, with its log or without it, also after it went on" {
	adopt
	cp -a "$P/vault" "$P/kept"
	backups 2
	cp -a "$P/vault" "$P/whole"
	rm -rf "$P/vault"
	mv "$P/kept" "$P/vault"
	found truncate 'the vault was rolled back, or its log removed: the witness co-signed a log of 4 snapshots'
	# With the newest log and note put beside it.
	cp "$P/whole/${label[3]}".witness* "$P/vault"
	found truncate "the log of the vault names '${label[3]}', which is gone"
	# The agent remembers the log, and goes on with it.
	rm "$P/vault/${label[3]}".witness*
	rm -rf "$P/whole"
	past "${label[3]}"
	agent backup
	found fork "the log of the vault names '${label[3]}', which is gone"
	look --accept fork
	[ "$status" -eq 0 ]
	run restore verify latest --quick --chain
	[ "$status" -eq 0 ]
}

@test "an agent that lost its memory too says what to do, and a new origin begins a new log" {
	adopt
	cp -a "$P/vault" "$P/kept"
	backups 2
	rm -rf "$P/vault" "$P/state/witness"
	mv "$P/kept" "$P/vault"
	past "${label[3]}"
	run --separate-stderr agent backup
	[ "$status" -eq 0 ]
	grep -q "it has co-signed a log of 4 snapshots, and what is left of it here and in the vault has 3" <<<"$stderr"
	grep -q 'configure another witness.origin' <<<"$stderr"
	found truncate 'the vault was rolled back, or its log removed'
	witness_config "$key" ', origin: example.org/second'
	past "$(labels | tail -1)"
	run --separate-stderr agent backup
	grep -o 'with the key example.org/second/[^ ]*' <<<"$stderr" | sed 's/with the key //' >>"$P/witness/logs"
	backups 1
	good
}

@test "what an agent remembers of the log, and cannot use, is named" {
	adopt
	kept=$(echo "$P"/state/witness/*.log)
	echo damaged >"$kept"
	past "$(labels | tail -1)"
	run --separate-stderr agent backup
	[ "$status" -eq 0 ]
	grep -q "'$kept', in which this machine remembers the log of the vault, does not hold" <<<"$stderr"
	! grep -q 'not co-signed' <<<"$stderr" || false
	grep -q "^${label[0]} " "$kept"
	# What it cannot read, it does not write over.
	rm "$kept"
	mkdir "$kept"
	past "$(labels | tail -1)"
	run --separate-stderr agent backup
	[ "$status" -eq 0 ]
	grep -q "is not co-signed by the witness .*: what this machine remembers of its log: .*'$kept'" <<<"$stderr"
	rmdir "$kept"
	backups 1
	good
}

@test "a vault that refuses the log is what the warning names" {
	"$top/tests/sim/s3" start "$P/s3" --bucket vault
	set -a
	# shellcheck disable=SC1091 # written by the server
	. "$P/s3/env"
	set +a
	witness_config "$key" '' "$(small_bucket vault)"
	make_vaults
	curl -sf -o /dev/null -X POST "$S3_ENDPOINT/_sim/faults" -d '[{"method": "PUT", "path": "witness-log", "kind": "reply",
	    "status": 403, "body": "<Error><Code>AccessDenied</Code><Message>Access Denied</Message></Error>"}]'
	run --separate-stderr agent backup
	"$top/tests/sim/s3" stop "$P/s3"
	echo "$stderr"
	[ "$status" -eq 0 ]
	grep -q "is not co-signed by the witness .*AccessDenied" <<<"$stderr"
	! grep -q 'have its operator add' <<<"$stderr" || false
}

@test "a history that whoever has the signing key wrote anew is a fork" {
	adopt
	backups 1
	log=$P/vault/${label[2]}.witness-log
	# The agent's own, on the same vault, of other snapshots.
	witness_down
	rm -rf "$P/state/witness" "$P/vault"/*.witness* "$P/vault/${label[1]}".* "$P/vault/${label[2]}".*
	past "${label[2]}"
	for _ in 1 2 3; do
		past "$(labels | tail -1)"
		run --separate-stderr agent backup
		[ "$status" -eq 0 ]
		grep -q "is not co-signed by the witness" <<<"$stderr"
	done
	[ ! -e "$log" ]
	# Neither the vault nor the witness shows a word.
	found truncate "the vault has no checkpoint that the witness 'witness.example.org/w1' co-signed, and the witness cannot be asked"
	witness_up
	found fork 'the history was written anew: the log of the vault does not begin with the 3 snapshots'
	past "$(labels | tail -1)"
	run --separate-stderr agent backup
	[ "$status" -eq 0 ]
	grep -q 'what it co-signed before is not the beginning of the log' <<<"$stderr"
}

@test "a witness that is down fails nothing, and catches up; what it did not sign is said" {
	adopt
	witness_down
	for _ in 1 2; do
		past "$(labels | tail -1)"
		run --separate-stderr agent backup
		[ "$status" -eq 0 ]
		grep -q "is not co-signed by the witness .* which the next backup asks again" <<<"$stderr"
	done
	look
	[ "$status" -eq 0 ]
	grep -q 'could not be asked: what is in the vault, co-signed on 20' <<<"$stderr"
	grep -q "2 of the newest snapshots are not co-signed: the newest checkpoint that the witness 'witness.example.org/w1' co-signed is of 20" <<<"$stderr"
	witness_up
	look
	[ "$status" -eq 0 ]
	grep -q '2 of the newest snapshots are not co-signed' <<<"$stderr"
	backups 1
	good
	grep -q 'POST /add-checkpoint 409' "$P/witness/requests"
	[ "$(tail -2 "$P/witness/requests" | head -1)" = 'POST /add-checkpoint 200' ]
}

@test "a forged word, and that of another witness, count for nothing" {
	adopt
	backups 1
	witness_down
	note=$P/vault/${label[2]}.witnessed
	cp "$note" "$P/note"
	# The right name and id, another time.
	python3 - "$note" <<-'X'
		import base64, sys
		lines = open(sys.argv[1], encoding="utf-8").read().splitlines()
		dash, name, raw = lines[-1].split(" ")
		raw = bytearray(base64.b64decode(raw))
		raw[11] ^= 1
		lines[-1] = f"{dash} {name} {base64.b64encode(raw).decode()}"
		open(sys.argv[1], "w", encoding="utf-8").write("\n".join(lines) + "\n")
	X
	found truncate 'the vault has no checkpoint that the witness'
	# Another key under the same name.
	"$top/tests/tools/witness" make "$P/other" witness.example.org/w1 >"$P/other.key"
	grep -v '^— witness' "$P/note" >"$note"
	"$top/tests/tools/witness" cosign "$P/other" "$note"
	found truncate 'the vault has no checkpoint that the witness'
	cp "$P/note" "$note"
	look
	[ "$status" -eq 0 ]
	# The wrong key here: neither is believed, and what it signs now is not kept.
	witness_up
	witness_config "$(<"$P/other.key")"
	found truncate 'the vault has no checkpoint that the witness'
	past "$(labels | tail -1)"
	run --separate-stderr agent backup
	[ "$status" -eq 0 ]
	grep -q "what it answered: the key of 'witness.example.org/w1' that is trusted did not sign it" <<<"$stderr"
	rm -rf "$P/other" "$P/other.key" "$P/note"
}

@test "a log that somebody without the key wrote counts for nothing" {
	adopt
	backups 1
	log=${label[2]}.witness-log
	sed 's/^\(small-[^ ]*\) ./\1 0/' "$P/vault/$log" >"$P/vault/small-29991231T235959Z.witness-log"
	echo nothing >"$P/vault/small-29991231T235958Z.witnessed"
	good
	backups 1
	good
	# A log that was removed is no log of length 0.
	rm "$P/vault"/*.witness-log
	found truncate 'the vault was rolled back, or its log removed'
}

@test "what a store kept of older logs goes with a prune, and never the newest" {
	adopt
	# As after backups by credentials that may not delete.
	for _ in 1 2 3; do
		mkdir -p "$P/older"
		cp "$P/vault"/*.witness* "$P/older"
		backups 1
	done
	cp "$P/older"/* "$P/vault"
	echo nothing >"$P/vault/small-20200101T000000Z.witness-log"
	good
	run --separate-stderr agent prune --dry-run
	[ "$(ls "$P/vault"/*.witness* | wc -l)" -eq 9 ]
	run --separate-stderr agent prune
	echo "$stderr"
	[ "$status" -eq 0 ]
	grep -q 'removed 3 older logs for the witness and 3 older checkpoints that it co-signed' <<<"$stderr"
	[ "$(cd "$P/vault" && ls -- *.witness*)" = "small-20200101T000000Z.witness-log
${label[4]}.witness-log
${label[4]}.witnessed" ]
	good
	rm -r "$P/older"
}

check() { # PROGRAM STATUS [ok|FAILED TEXT]
	run --separate-stderr "$1" check
	echo "$output"
	[ "$status" -eq "$2" ]
	[ $# -eq 2 ] || grep "^$3  *witness of vault '.*'  " <<<"$output" | grep -qF -- "$4"
}

unchanged() { # the witness signed nothing since the state was copied to $P/before
	diff -r "$P/witness/state" "$P/before"
	! grep -q 'POST /add-checkpoint 200' "$P/witness/requests"
}

@test "check asks the witness for what a run needs, and changes nothing there" {
	agent backup
	cp -r "$P/witness/state" "$P/before"
	: >"$P/witness/requests"
	check agent 1 FAILED 'it does not know the log (404 Not Found: unknown log'
	vkey=$(grep -o 'add the log .backstay/small/.* with the key backstay/small/[^ ]*' <<<"$output" | sed 's/.*with the key //')
	check restore 0 ok "answers; it was not shown the log 'backstay/small/"
	# The log under the key of somebody else.
	"$top/tests/tools/witness" make "$P/other" "${vkey%%+*}" >/dev/null
	python3 - "$vkey" <<-'X' >"$P/witness/logs"
		import base64, hashlib, sys
		name, public = sys.argv[1].split("+")[0], bytes(32)
		number = hashlib.sha256(name.encode() + b"\n\x01" + public).digest()[:4].hex()
		print(f"{name}+{number}+{base64.b64encode(bytes([1]) + public).decode()}")
	X
	check agent 1 FAILED 'it knows the log under another key (403'
	echo "$vkey" >"$P/witness/logs"
	check agent 0 ok "knows the log 'backstay/small/"
	grep -q 'there is none yet, or it publishes none' <<<"$output"
	unchanged
	backups 1
	rm -rf "$P/before"
	cp -r "$P/witness/state" "$P/before"
	: >"$P/witness/requests"
	check agent 0 ok 'it co-signed 2 snapshots, last on 20'
	check restore 0 ok 'it co-signed 2 snapshots, last on 20'
	unchanged
	# What it signs with is not what the configuration says.
	witness_config "$("$top/tests/tools/witness" make "$P/third" witness.example.org/w1)"
	for who in agent restore; do
		check "$who" 1 FAILED "the key of 'witness.example.org/w1' that is trusted did not sign it"
	done
	witness_config
	witness_down
	for who in agent restore; do
		check "$who" 1 FAILED "$(<"$P/witness/url")"
	done
	witness_up
	rm -rf "$P/before" "$P/other" "$P/third"
}
