#!/usr/bin/env bats
# What is done to a snapshot afterwards: tags and hold changed by a signed
# record, and one snapshot forgotten.
# shellcheck disable=SC2154,SC2030,SC2031 # lib sets $top, bats runs each test apart
bats_require_minimum_version 1.5.0
load lib
load small

setup_file() {
	small_start
}

teardown_file() {
	small_stop
}

setup() {
	rm -rf "$P/vault" "$P/second" "$P/state"
	{
		small_config "$(small_directory)
$(small_directory "$P/second" | sed 's/local/second/')" | sed 's/^retention:.*/retention: {keep_last: 1, keep_min: 1, keep_tags: [audited]}/'
	} >"$BACKSTAY_CONFIG"
}

backups() { # COUNT
	local i
	for ((i = 0; i < $1; i++)); do
		[ "$i" -eq 0 ] || sleep 1
		agent backup >/dev/null
	done
	mapfile -t label < <(labels)
}

refused() { # STATUS TEXT COMMAND...
	local status_wanted=$1 text=$2
	shift 2
	find "$P/vault" "$P/second" -type f ! -name '*lock*' -exec sha256sum {} + | sort >"$BATS_TEST_TMPDIR/before"
	run --separate-stderr "$@"
	echo "$output$stderr"
	[ "$status" -eq "$status_wanted" ]
	grep -qF -- "$text" <<<"$stderr"
	find "$P/vault" "$P/second" -type f ! -name '*lock*' -exec sha256sum {} + | sort | diff "$BATS_TEST_TMPDIR/before" -
}

@test "a hold and a tag that were given later keep a snapshot, until they are taken" {
	backups 3
	agent mark "${label[0]}" --hold | grep -qx "vault 'local': on hold, no tags"
	agent mark "${label[1]}" --tag audited --tag second | grep -qx "vault 'second': not on hold, tags audited, second"
	restore list -o json | jq -e '.snapshots[0].hold and .snapshots[1].tags == ["audited", "second"]'
	restore list | grep -F "${label[0]}" | grep -q '(hold)'
	[ "$(restore list --tag audited -o json | jq -r '.snapshots[].label')" = "${label[1]}" ]
	restore show "${label[0]}" | grep -q '^hold '
	# The record opens with the standard tool, and so does the manifest still.
	record=$(find "$P/vault" -name "${label[0]}.marked-*.json")
	minisign -V -p "$P/keys/signing.pub" -m "$record" | grep -qx "Trusted comment: marked:$(basename "$record")"
	minisign -V -p "$P/keys/signing.pub" -m "$P/vault/${label[0]}.manifest.json"
	restore verify latest --chain
	agent prune
	[ "$(labels | wc -l)" -eq 3 ]
	agent mark "${label[0]}" --no-hold >/dev/null
	agent mark "${label[1]}" --untag audited >/dev/null
	# Without an option it only shows, and writes nothing.
	refused 0 '' agent mark "${label[1]}"
	agent prune
	[ "$(labels)" = "${label[2]}" ]
	[ -z "$(find "$P/vault" -name "*marked*")" ]
	restore list | grep -q "foreign" && false
	restore verify latest --chain
}

@test "a record that no trusted key signed changes nothing" {
	backups 2
	agent mark "${label[0]}" --hold
	record=$(find "$P/vault" -name "${label[0]}.marked-*.json")
	sed -i 's/"hold": *true/"hold": false/' "$record"
	restore list -o json | jq -e '.snapshots[0].hold | not'
	agent prune
	[ "$(BACKSTAY_CONFIG=$BACKSTAY_CONFIG restore list -o json | jq '.snapshots | length')" -eq 1 ]
	# In the other vault it is as it was.
	[ "$(restore list --vault second -o json | jq '.snapshots | length')" -eq 2 ]
}

@test "what cannot be marked is refused, and nothing is written" {
	backups 1
	refused 2 '--hold and --no-hold exclude each other' agent mark "${label[0]}" --hold --no-hold
	refused 2 "'a' is given to --tag and to --untag" agent mark "${label[0]}" --tag a --untag a
	refused 3 "no vault has 'small-'" agent mark small- --hold
	# A record that would count for nothing, of a key that may not prune.
	sed -i "s#public_key_files: .*#trusted: [{public_key_file: $P/keys/signing.pub, may: [snapshots]}]#" "$BACKSTAY_CONFIG"
	refused 2 'the key that signs here may not prune (signing.trusted), so its record would count for nothing' agent mark "${label[0]}" --hold
	# Who only asks needs no key.
	sed -i '/secret_key_file/d' "$BACKSTAY_CONFIG"
	refused 0 '' agent mark "${label[0]}"
	[ "$output" = "vault 'local': not on hold, no tags
vault 'second': not on hold, no tags" ]
}

@test "a vault that fails leaves the others marked, and the run partial" {
	backups 1
	mv "$P/second" "$P/unmounted"
	run --separate-stderr agent mark "${label[0]}" --hold
	mv "$P/unmounted" "$P/second"
	[ "$status" -eq 1 ]
	[ "$output" = "vault 'local': on hold, no tags" ]
	grep -qF "mark: vault 'second': " <<<"$stderr"
	[ "$(restore list --vault local -o json | jq '.snapshots[0].hold')" = true ]
	[ "$(restore list --vault second -o json | jq '.snapshots[0].hold')" = false ]
}

@test "one snapshot is forgotten, in each vault, and the chain says so" {
	backups 3
	agent forget "${label[1]}" --dry-run | grep -q 'would prune'
	[ "$(labels | wc -l)" -eq 3 ]
	agent forget "${label[1]}"
	[ "$(labels | xargs)" = "${label[0]} ${label[2]}" ]
	[ "$(restore list --vault second -o json | jq -r '.snapshots[].label' | xargs)" = "${label[0]} ${label[2]}" ]
	[ -z "$(find "$P/vault" "$P/second" -name "${label[1]}*")" ]
	restore verify latest --chain
	# Only one vault, and then in the one that still has it.
	agent forget "${label[0]}" --vault second
	[ "$(labels | wc -l)" -eq 2 ]
	agent forget "${label[0]}"
	[ "$(labels)" = "${label[2]}" ]
}

@test "a vault that is out of reach is not one that lacks the snapshot" {
	backups 2
	mv "$P/second" "$P/unmounted"
	run --separate-stderr agent forget "${label[0]}"
	mv "$P/unmounted" "$P/second"
	[ "$status" -eq 1 ]
	grep -qF "vault 'second'" <<<"$stderr"
	# What it still has can be forgotten there, once it is back.
	[ "$(restore list --vault local -o json | jq -r '.snapshots[].label')" = "${label[1]}" ]
	[ "$(restore list --vault second -o json | jq '.snapshots | length')" -eq 2 ]
	agent forget "${label[0]}"
	[ "$(restore list --vault second -o json | jq -r '.snapshots[].label')" = "${label[1]}" ]
}

@test "the last good one, one on hold and one that is not there stay" {
	backups 2
	agent mark "${label[1]}" --hold
	refused 2 "is on hold; end that first with \`mark ${label[1]} --no-hold\`" agent forget "${label[1]}"
	agent forget "${label[0]}"
	agent mark "${label[1]}" --no-hold
	refused 2 "'${label[1]}' is the last good snapshot" agent forget "${label[1]}"
	# Nor does it say that anything was pruned.
	[ "$(grep -c pruned <<<"$stderr")" -eq 0 ]
	refused 3 "'${label[0]}' is not there; \`list\` shows the labels" agent forget "${label[0]}"
	refused 3 "'small-' is not there" agent forget small-
	refused 3 "'latest' may be another one by now; name it by its label" agent forget latest
	refused 3 "'latest' may be another one by now; name it by its label" agent mark latest --hold
	# Whoever has no private key is told where it belongs.
	sed -i '/identity_files/d; s/, *identity_files: [[][^]]*[]]//' "$BACKSTAY_CONFIG"
	refused 3 'name the private key in encryption.identity_files' restore ls latest
}
