#!/usr/bin/env bats
# Simulated timelines of vaults: agents that are killed or stand still, stores
# that lose sight of things or are full, and an adversary who owns the stores
# but no key. In none is a good snapshot lost that the policy keeps, is anything
# called good that is not whole, or is a backup refused because of what others
# wrote; no chain is said not to hold that nobody harmed, and each harm shows.
#   SEEDS=1000000    how many (20000)
# bats file_tags=slow

setup() {
	simulate=${BACKSTAY_BUILD:-$BATS_TEST_DIRNAME/../../build}/tests/sim/vault/simulate
}

@test "no timeline loses a good snapshot or calls a bad one good" {
	"$simulate" --seeds "${SEEDS:-20000}"
}

# A list hid a snapshot from a look, and the store refused its removal later.
@test "what Object Lock keeps after a look that missed it is no replay" {
	for seed in 274817 851198 30036998; do
		"$simulate" --from "$seed" --seeds 1
	done
}

# A state directory was lost, and then the store hid all of a snapshot on hold.
@test "what a lost state directory knew of is learned again, and loses nothing" {
	for seed in 452288 781415 831123; do
		"$simulate" --from "$seed" --seeds 1
	done
}

# An archive stayed, and then the store hid the one snapshot that needs it.
@test "an archive that stays for one that is hidden is not removed, nor is a copy that failed a replay" {
	for seed in 503232 531389 543111; do
		"$simulate" --from "$seed" --seeds 1
	done
}

@test "nor with the real thing instead of stand-ins" {
	"$simulate" --seeds 100 --from 1000000000 --real
}

@test "a seed gives the same timeline each time" {
	"$simulate" --from 7 --seeds 20 --trace >"$BATS_TEST_TMPDIR/one"
	"$simulate" --from 7 --seeds 20 --trace >"$BATS_TEST_TMPDIR/other"
	cmp "$BATS_TEST_TMPDIR/one" "$BATS_TEST_TMPDIR/other"
	[ "$(wc -l <"$BATS_TEST_TMPDIR/one")" -gt 200 ]
}

@test "with a witness: no false alarm, and each rollback below its word is named" {
	"$simulate" --seeds 3000 --witness
}
