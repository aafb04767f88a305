#!/usr/bin/env bats
# A vault that is not there is not made, but by command; and the one that is
# there is to be the one that was.

# shellcheck disable=SC2154,SC2030,SC2031 # lib sets $top, bats sets $stderr,
# and runs each test in a shell of its own
# bats file_tags=disk
bats_require_minimum_version 1.5.0
load lib
load small
# The program itself: lib's makes the vaults first.
agent() { "$BACKSTAY_BUILD/backstay-agent" "$@"; }

setup_file() {
	small_start
	"$top/tests/sim/s3" start "$P/sim" --bucket made
}

setup() {
	set -a
	# shellcheck disable=SC1091 # written by the server
	. "$P/sim/env"
	set +a
	umount "$P/vault" 2>/dev/null || true
	rm -rf "$P/vault" "$P/other" "$P/state"
	small_config "$(small_directory)" >"$BACKSTAY_CONFIG"
}

teardown() { umount "$P/vault" 2>/dev/null || true; }

teardown_file() {
	"$top/tests/sim/s3" stop "$P/sim" || true
	small_stop
}

refused() { # STATUS TEXT COMMAND...
	run --separate-stderr "${@:3}"
	echo "$output$stderr"
	[ "$status" -eq "$1" ]
	grep -qF -- "$2" <<<"$output$stderr"
}

mark() { jq -r .vault "$1/backstay-vault.json"; }

mounted() { # an empty file system at the vault's place
	mount -t tmpfs none "$P/vault" 2>/dev/null || skip 'may not mount here'
}

@test "nothing is written to a directory that is none, or to one without a mark" {
	refused 3 "is not there. Mount it, or" agent backup
	[ ! -e "$P/vault" ]
	refused 1 "is not there. Mount it, or" agent check
	[ ! -e "$P/vault" ]
	mkdir "$P/vault"
	refused 3 "run 'backstay-agent vault init' once" agent backup
	refused 1 "run 'backstay-agent vault init' once" agent check
	refused 3 "run 'backstay-agent vault init' once" agent prune
	[ -z "$(ls -A "$P/vault")" ]
	agent vault init
	[ "$(stat -c %a "$P/vault")" = 700 ] || [ "$(stat -c %a "$P/vault")" = 755 ]
	agent backup
	restore verify latest
}

@test "the mark is signed, opens with minisign, and a second init leaves it" {
	agent vault init -o json >"$P/made"
	[ "$(jq -r '.vaults[0] | "\(.vault) \(.made) \(.id)"' "$P/made")" = \
	    "local true $(mark "$P/vault")" ]
	minisign -V -p "$P/keys/signing.pub" -m "$P/vault/backstay-vault.json" |
	    grep -qx 'Trusted comment: vault:backstay-vault.json'
	cp -a "$P/vault" "$P/other"
	agent vault init | grep -q "is there already, $(mark "$P/other")"
	diff -r "$P/vault" "$P/other"
	agent backup
	# It is not a snapshot's, and nothing foreign.
	[ "$(restore list -o json | jq '.snapshots | length')" -eq 1 ]
	agent prune
	diff "$P/vault/backstay-vault.json" "$P/other/backstay-vault.json"
}

@test "a mark that nobody trusted has signed is refused, and names what to do" {
	agent vault init
	id=$(mark "$P/vault")
	sed -i 's/"by".*/"by": "somebody"/' "$P/vault/backstay-vault.json"
	# This machine has seen it: a change of the signing key stops nothing.
	agent backup
	rm -r "$P/state"
	refused 5 'add their key to signing.trusted' agent backup
	refused 5 'add --adopt' agent vault init
	rm "$P/vault/backstay-vault.json.minisig"
	refused 5 'add their key to signing.trusted' agent backup
	[ "$(find "$P/vault" -name '*.manifest.json' | wc -l)" -eq 1 ]
	agent vault init --adopt
	[ "$(mark "$P/vault")" = "$id" ]
	sleep 1
	agent backup
}

@test "a disk that is not mounted is not made anew below its mount point" {
	mkdir "$P/vault"
	mounted
	agent vault init
	agent backup
	id=$(mark "$P/vault")
	umount "$P/vault"
	for command in backup check "vault init" prune; do
		status=3
		[ "$command" != check ] || status=1
		# shellcheck disable=SC2086
		refused "$status" \
		    "the vault $id that was here is not there" agent $command
		[ -z "$(ls -A "$P/vault")" ]
	done
	rmdir "$P/vault"
	refused 3 "the vault $id that was here is not there" agent backup
	refused 3 "the vault $id that was here is not there" agent vault init
	[ ! -e "$P/vault" ]
	# The way out that the message names.
	rm "$(grep -o "$P/state/vaults/[0-9a-f]*.json" <<<"$stderr" | head -1)"
	agent vault init
	[ "$(mark "$P/vault")" != "$id" ]
	agent backup
}

@test "a copy below the mount point, and another vault in the place, are refused" {
	agent vault init
	agent backup
	cp -a "$P/vault" "$P/copy"
	id=$(mark "$P/vault")
	mounted
	cp -a "$P/copy/." "$P/vault/"
	rm -rf "$P/copy"
	refused 3 'it lies on another file system' agent backup
	refused 3 'it lies on another file system' agent vault init
	umount "$P/vault"
	agent backup
	rm -rf "$P/vault"
	small_config "$(small_directory "$P/other")" >"$BACKSTAY_CONFIG"
	agent vault init
	mv "$P/other" "$P/vault"
	small_config "$(small_directory)" >"$BACKSTAY_CONFIG"
	refused 3 "the vault here is $(mark "$P/vault"), and was $id" agent backup
	rm "$(grep -o "$P/state/vaults/[0-9a-f]*.json" <<<"$stderr" | head -1)"
	agent backup
}

@test "a vault of an earlier version is adopted once, by command" {
	agent vault init
	agent backup
	rm "$P"/vault/backstay-vault.json*
	rm -r "$P/state/vaults"
	refused 3 "or one of an earlier version, run 'backstay-agent vault init'" agent backup
	refused 2 'holds 1 snapshot and no mark' agent vault init
	restore list
	restore verify latest
	agent vault init --adopt
	sleep 1
	agent backup
	[ "$(restore list -o json | jq '.snapshots | length')" -eq 2 ]
}

@test "who has nothing but the vault and the keys reads it without a mark" {
	agent vault init
	agent backup
	rm "$P"/vault/backstay-vault.json*
	rm -r "$P/state"
	restore list
	restore verify latest
	restore plan latest --same-cluster
	restore extract latest --to "$P/tree"
	agent list
	agent prune --dry-run
	rm -r "$P/tree"
}

@test "two ways to one vault are refused, links and copies too" {
	ln -sfn vault "$P/link"
	small_config "$(small_directory)
  - {name: twice, directory: $P/link}" >"$BACKSTAY_CONFIG"
	refused 2 "vault 'twice': it is the same as vault 'local', or a copy of it" agent vault init
	refused 1 "it is the same as vault 'local', or a copy of it" agent check
	refused 1 "it is the same as vault 'local', or a copy of it" agent backup
	[ "$(restore list -o json | jq -r '.snapshots[].status')" = complete ]
	# The lock is given back: the next run finds none.
	agent unlock | grep -q "vault 'local': no run holds the lock"
	# A copy becomes a vault of its own, as the message says.
	rm "$P/link"
	cp -a "$P/vault" "$P/link"
	refused 1 "remove its backstay-vault.json and backstay-vault.json.minisig and run 'backstay-agent vault init --adopt'" agent backup
	rm "$P/link/backstay-vault.json" "$P/link/backstay-vault.json.minisig"
	agent vault init --adopt
	sleep 1
	agent backup
	restore verify latest --chain --vault local
	# What it was a copy of was not written to it, and nobody said so yet.
	refused 5 'was not written to this vault' restore verify latest --chain --vault twice
	restore verify latest --chain --vault twice --accept mix
	restore verify latest --chain --vault twice
	rm -r "$P/link"
}

@test "a bucket and a prefix of it are vaults of their own, each made by command" {
	small_config "$(small_bucket made)" >"$BACKSTAY_CONFIG"
	refused 3 "run 'backstay-agent vault init' once" agent backup
	agent vault init
	agent backup
	restore verify latest
	sed -i 's/prefix: team/prefix: taem/' "$BACKSTAY_CONFIG"
	refused 3 'or the name is mistyped' agent backup
}

@test "a copy goes to a vault that is made, and to no other" {
	agent vault init
	agent backup
	small_config "$(small_directory)
  - {name: second, directory: $P/other}" >"$BACKSTAY_CONFIG"
	refused 3 "is not there. Mount it, or" restore copy latest --to second
	[ ! -e "$P/other" ]
	agent vault init --vault second
	restore copy latest --to second
	restore verify latest --vault second
}
