#!/usr/bin/env bats
# Vaults that are full, read-only, over their quota, or answer with errors; and
# two agents at one vault. A clear error, exit status 3, older snapshots whole.
# shellcheck disable=SC2154,SC2030,SC2031 # lib sets $top, bats sets $stderr,
# and runs each test in a shell of its own
# bats file_tags=slow
bats_require_minimum_version 1.5.0
load lib
load small

setup_file() {
	small_start
	"$top/tests/servers/s3" start "$P/s3"
	"$top/tests/sim/s3" start "$P/sim" --bucket vault
}

teardown_file() {
	umount "$P/brim" 2>/dev/null || true
	"$top/tests/sim/s3" stop "$P/sim" || true
	small_stop
}

setup() {
	s3_env s3
	rm -rf "$P/vault" "$P/state"
	kube_faults DELETE
	small_config "$(small_directory)" >"$BACKSTAY_CONFIG"
}

s3_env() { # s3|sim
	set -a
	# shellcheck disable=SC1090 # written by the server
	. "$P/$1/env"
	set +a
}

make_bucket() { # BUCKET
	PYTHONDONTWRITEBYTECODE=1 PYTHONPATH=$top/tests/data/platform BUCKET=$1 \
	    python3 -c 'import os; from lib.s3 import Client; Client(os.environ["S3_ENDPOINT"]).call("PUT")'
}

# The run fails, says why in a line, and what was there verifies.
fails_with() { # PATTERN
	run --separate-stderr agent backup
	echo "$stderr"
	[ "$status" -eq 3 ]
	grep -qE "$1" <<<"$stderr"
	[ "$(grep -c ' error ' <<<"$stderr")" -le 2 ]
}

intact() { # LABEL...
	[ "$(labels | xargs)" = "$*" ]
	local label
	for label; do restore verify "$label" >/dev/null; done
	echo "# $BATS_TEST_DESCRIPTION: exit status 3, $# older whole" >&3
}

@test "a full disk" {
	mkdir -p "$P/small"
	mount -t tmpfs -o size=256k none "$P/small" || skip "cannot mount"
	small_config "$(small_directory "$P/small")" >"$BACKSTAY_CONFIG"
	agent backup
	first=$(labels)
	local room failed=0
	# Full at any point: from nothing left to all but room for the end.
	for room in 0 4 8 16 20 24; do
		rm -f "$P/small/other"
		dd if=/dev/zero of="$P/small/other" bs=1k 2>/dev/null || true
		truncate -s "-${room}k" "$P/small/other"
		run --separate-stderr agent backup
		echo "$room: $status: $stderr"
		[ "$status" -eq 0 ] && break
		[ "$status" -eq 3 ]
		failed=$((failed + 1))
		grep -q 'No space left' <<<"$stderr"
		[ "$(labels)" = "$first" ]
	done
	rm -f "$P/small/other"
	agent unlock --yes
	[ "$(find "$P/small" -name '*.tmp-*' | wc -l)" -eq 0 ]
	restore verify "$first" >/dev/null
	echo "# a full disk: $failed runs with exit status 3, 1 older whole" >&3
	[ "$failed" -ge 3 ]
	umount "$P/small"
}

# A label ahead of the clock would be kept: a second for each.
backups_until() { # COUNT
	while [ "$(labels | wc -l)" -lt "$1" ]; do
		agent backup -q >/dev/null
		sleep 1
	done
}

# What is not to be kept goes, though nothing can be written before; the dry run
# and `unlock` write nothing. Then a backup has room.
emptied() { # COUNT: of the snapshots that are there
	local newest
	newest=$(labels | tail -1)
	run --separate-stderr agent prune --dry-run
	echo "$output$stderr"
	[[ $output == *"$(($1 - 1)) of $1 snapshots would be pruned"* ]]
	agent unlock --yes
	run --separate-stderr agent prune
	echo "$output$stderr"
	[ "$status" -eq 0 ]
	[[ $output == *"$(($1 - 1)) of $1 snapshots pruned"* ]]
	[ "$(labels)" = "$newest" ]
}

@test "a disk that is full to the last byte can be emptied" {
	local n
	mkdir -p "$P/brim"
	mount -t tmpfs -o size=400k none "$P/brim" || skip "cannot mount"
	small_config "$(small_directory "$P/brim")" |
		sed 's/^retention:.*/retention: {keep_last: 1, keep_min: 1}/' >"$BACKSTAY_CONFIG"
	# One that goes has hardly a page for what has to be written.
	for n in 2 3; do
		backups_until $n
		dd if=/dev/zero of="$P/brim/other" bs=4k 2>/dev/null || true
		emptied $n
		rm "$P/brim/other"
	done
	restore verify latest --chain >/dev/null
	umount "$P/brim"
}

@test "a read-only vault" {
	agent backup
	first=$(labels)
	mount --bind "$P/vault" "$P/vault" && mount -o remount,ro,bind "$P/vault" || skip "cannot mount"
	fails_with 'Read-only file system'
	intact "$first"
	restore verify latest 2>"$BATS_TEST_TMPDIR/err"
	grep -q 'could not be recorded' "$BATS_TEST_TMPDIR/err"
	umount "$P/vault"
}

@test "a quota of the store" {
	make_bucket quota
	small_config "$(small_bucket quota)" >"$BACKSTAY_CONFIG"
	agent backup
	first=$(labels)
	export CEPH_CONF=$P/s3/ceph.conf
	radosgw-admin -n client.rgw quota set --quota-scope=user --uid=test --max-objects=3 >/dev/null 2>&1
	radosgw-admin -n client.rgw quota enable --quota-scope=user --uid=test >/dev/null 2>&1
	fails_with 'QuotaExceeded'
	radosgw-admin -n client.rgw quota disable --quota-scope=user --uid=test >/dev/null 2>&1
	intact "$first"
	agent backup
}

quota() { # SETTING...: of each bucket
	radosgw-admin -n client.rgw quota set --quota-scope=bucket --uid=test "$@" >/dev/null 2>&1
	radosgw-admin -n client.rgw quota enable --quota-scope=bucket --uid=test >/dev/null 2>&1
}

@test "a bucket that is over its quota can be emptied" {
	local n
	make_bucket brim
	small_config "$(small_bucket brim)" |
		sed 's/^retention:.*/retention: {keep_last: 1, keep_min: 1}/' >"$BACKSTAY_CONFIG"
	export CEPH_CONF=$P/s3/ceph.conf
	for n in 2 3; do
		backups_until $n
		quota --max-objects=1 --max-size=-1
		fails_with 'QuotaExceeded.*make room there, or raise the quota'
		# Between what is there and what one archive less makes of it.
		quota --max-objects=$((n * 3 + 2))
		emptied $n
		radosgw-admin -n client.rgw quota disable --quota-scope=bucket --uid=test >/dev/null 2>&1
	done
	restore verify latest --chain >/dev/null
}

@test "a store that answers every fifth request with an error" {
	s3_env sim
	local n failed=0 good=0
	small_config "$(small_bucket vault)" >"$BACKSTAY_CONFIG"
	for n in 1 2 3 4 5 6; do
		curl -sf -X POST "$S3_SIM_URL/faults" -d "[
			{\"rate\": 0.05, \"seed\": $n, \"kind\": \"500\"},
			{\"rate\": 0.05, \"seed\": $((n + 10)), \"kind\": \"503\"},
			{\"rate\": 0.05, \"seed\": $((n + 20)), \"kind\": \"reset\"},
			{\"rate\": 0.05, \"seed\": $((n + 30)), \"kind\": \"lost\"}]" >/dev/null
		run --separate-stderr agent backup
		echo "$n: $status: $stderr"
		case $status in
		0) good=$((good + 1)) ;;
		3) failed=$((failed + 1)); [ -n "$stderr" ] ;;
		*) false ;;
		esac
		curl -sf -X DELETE "$S3_SIM_URL/faults" >/dev/null
		agent unlock --yes >/dev/null
		[ "$(labels | wc -l)" -eq "$good" ]
		sleep 1
	done
	for label in $(labels); do restore verify "$label" >/dev/null; done
	restore verify latest --quick --chain
	echo "# every fifth request failed: $good of 6 runs succeeded, $failed failed with status 3, $good of $good snapshots whole" >&3
}

@test "a store that answers nothing but errors" {
	s3_env sim
	small_config "$(small_bucket vault)" >"$BACKSTAY_CONFIG"
	curl -sf -X POST "$S3_SIM_URL/faults" -d '[{"method": "PUT|POST", "kind": "500"}]' >/dev/null
	before=$(labels | wc -l)
	fails_with '500|InternalError'
	curl -sf -X DELETE "$S3_SIM_URL/faults" >/dev/null
	[ "$(labels | wc -l)" -eq "$before" ]
}

@test "pruning that fails after a backup leaves the snapshot, and says that it was pruning" {
	s3_env sim
	small_config "$(small_bucket vault)" >"$BACKSTAY_CONFIG"
	agent backup
	sleep 1
	agent backup
	sleep 1
	curl -sf -X POST "$S3_SIM_URL/faults" -d '[{"method": "DELETE", "path": "manifest\\.json", "kind": "reply", "status": 400}]' >/dev/null
	run --separate-stderr agent backup --prune
	curl -sf -X DELETE "$S3_SIM_URL/faults" >/dev/null
	echo "$output$stderr"
	[ "$status" -eq 1 ]
	grep -qF "the snapshot was committed, but pruning failed: prune: vault 'bucket': " <<<"$stderr"
	restore verify latest >/dev/null
}

@test "a bucket that cannot be asked for its lock at the end costs the directory beside it nothing" {
	s3_env sim
	small_config "$(small_directory)"$'\n'"$(small_bucket vault)" >"$BACKSTAY_CONFIG"
	small_held_backup
	curl -sf -X POST "$S3_SIM_URL/faults" -d '[{"method": "GET", "path": "prefix=[^&]*lock", "kind": "500"}]' >/dev/null
	kube_faults DELETE
	code=0
	wait "$pid" || code=$?
	curl -sf -X DELETE "$S3_SIM_URL/faults" >/dev/null
	cat "$P/held-out" "$P/held-err"
	[ "$code" -eq 1 ]
	grep -q "vault 'bucket': lock of 'small': " "$P/held-err"
	[ "$(labels | wc -l)" -eq 1 ]
	restore verify latest >/dev/null
	[ "$(restore list --vault bucket -o json | jq --arg l "$(labels)" '[.snapshots[] | select(.label == $l)] | length')" -eq 0 ]
	agent unlock --yes >/dev/null
}

@test "two agents at once: one works, the other is told who does" {
	local pids=() codes=() pid code n
	for n in 1 2 3 4 5 6; do
		agent backup >"$P/out-$n" 2>&1 &
		pids+=($!)
	done
	for pid in "${pids[@]}"; do
		code=0
		wait "$pid" || code=$?
		codes+=("$code")
	done
	echo "${codes[@]}"
	good=$(printf '%s\n' "${codes[@]}" | grep -cx 0)
	locked=$(printf '%s\n' "${codes[@]}" | grep -cx 4)
	[ $((good + locked)) -eq 6 ]
	[ "$good" -ge 1 ]
	[ "$(labels | wc -l)" -eq "$good" ]
	for label in $(labels); do restore verify "$label" >/dev/null; done
	restore verify latest --quick --chain
	echo "# 6 agents at once: $good committed, $locked were told of the lock, $good of $good snapshots whole" >&3
}

@test "an agent that stood still for 45 minutes of the store's time" {
	small_held_backup
	kill -STOP "$pid"
	# Its last sign of life is then 45 minutes old, by both clocks.
	for lock in "$P"/vault/*.lock-*; do
		jq -c '.renewed -= 2700 | .taken -= 2700' "$lock" >"$P/lock"
		cat "$P/lock" >"$lock"
		touch -d '45 minutes ago' "$lock"
	done
	kube_faults DELETE
	began=$(date +%s%N)
	agent backup
	took=$((($(date +%s%N) - began) / 1000000))
	second=$(labels)
	kill -CONT "$pid"
	code=0
	wait "$pid" || code=$?
	cat "$P/held-err"
	[ "$code" -eq 4 ]
	grep -q 'taken over by another run' "$P/held-err"
	[ "$(labels)" = "$second" ]
	restore verify "$second" >/dev/null
	[ "$(find "$P/vault" -type f ! -name 'backstay-vault*' ! -name '*verified*' | wc -l)" -eq 3 ]
	agent backup
	restore verify latest --chain >/dev/null
	echo "# stood still for 45 minutes: taken over and committed in $took ms, 0 corruptions, the one that woke: exit status 4" >&3
}
