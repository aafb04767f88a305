#!/usr/bin/env bats
# Backups that are killed at any point leave nothing behind that looks like a
# snapshot and is none, and the next one succeeds.
#   KILL_POINTS=200    how many points for each kind of vault (16; of chains 10)
#   KILL_SEED=N        other points
# shellcheck disable=SC2154 # lib sets $top, bats sets $stderr
# bats file_tags=slow
bats_require_minimum_version 1.5.0
load lib

setup_file() {
	export P=$BATS_FILE_TMPDIR/p
	mkdir -p "$P"
	"$top/tests/servers/s3" start "$P/s3"
	platform_keys
	server_env
	s3 make states
	s3 fill states 10 # MiB, so that the archive takes several parts
	export BACKSTAY_CONFIG=$P/backstay.yaml
}

teardown_file() {
	"$top/tests/servers/stop-all" "$P" || true
}

server_env() {
	set -a
	# shellcheck disable=SC1091 # written by the server
	. "$P/s3/env"
	set +a
}

# make BUCKET | fill BUCKET MIB | change BUCKET N | keys BUCKET | uploads BUCKET
s3() {
	PYTHONDONTWRITEBYTECODE=1 PYTHONPATH=$top/tests/data/platform BUCKET=$2 \
	    python3 - "$@" <<-'E'
	import json, os, random, sys
	from lib.s3 import Client
	c = Client(os.environ["S3_ENDPOINT"])
	what, more = sys.argv[1], sys.argv[3:]
	if what == "make":
	    c.call("PUT")
	elif what == "fill":
	    random.seed(1)
	    state = {"version": 4, "serial": 1, "lineage": "l", "outputs": {},
	             "resources": []}
	    for n in range(3):
	        c.call("PUT", "s%d.tfstate" % n, body=json.dumps(state).encode())
	    c.call("PUT", "large", body=random.randbytes(int(more[0]) << 20))
	elif what == "change":
	    state = {"version": 4, "serial": 1 + int(more[0]), "lineage": "l",
	             "outputs": {}, "resources": []}
	    c.call("PUT", "s0.tfstate", body=json.dumps(state).encode())
	elif what == "keys":
	    print("\n".join(c.keys()))
	elif what == "uploads":
	    print(c.call("GET", query=[("uploads", "")])[1].decode().count("<Upload>"))
	E
}

config() { # directory|bucket [whole|chain]
	cat <<-E
	name: killed
	state_dir: $P/state
	vaults:
	E
	case $1 in
	directory) echo "  - {name: vault, directory: $P/vault}" ;;
	bucket) cat <<-E
	  - name: vault
	    s3: {bucket: $vault, prefix: a, endpoint: $S3_ENDPOINT, region: default, addressing: path}
	E
	;;
	esac
	cat <<-E
	$(keys_config)
	$([ "${2-whole}" = whole ] || echo 'incremental: {chain_max: 4}')
	retention: {keep_last: 2, keep_min: 1}
	terraform:
	  buckets:
	    - {bucket: states, region: default, endpoint: $S3_ENDPOINT, addressing: path}
	E
}

objects() { # directory|bucket
	case $1 in
	directory) find "$P/vault" -type f -printf '%f\n' ;;
	bucket) s3 keys "$vault" ;;
	esac
}

# What is listed must verify, all of it.
verify_new() {
	local label
	restore list -o json | jq -r '.snapshots[].label' >"$P/listed"
	while read -r label; do
		grep -qx "$label" "$P/verified" && continue
		listed=$((listed + 1))
		if restore verify "$label" >"$P/out" 2>&1; then
			echo "$label" >>"$P/verified"
		else
			bad=$((bad + 1))
			cat "$P/out"
		fi
	done <"$P/listed"
}

# A chain may lose what it needs after it was verified.
verify_all_quickly() {
	local label
	for label in $(restore list -o json | jq -r '.snapshots[].label'); do
		restore verify "$label" --quick >"$P/out" 2>&1 && continue
		bad=$((bad + 1))
		cat "$P/out"
	done
}

kill_at_points() { # directory|bucket whole|chain
	local points=${KILL_POINTS:-$([ "$2" = whole ] && echo 16 || echo 10)} total point tries code killed=0 good=0 chained=0 n
	listed=0 bad=0
	server_env
	vault=vault-$BATS_TEST_NUMBER
	[ "$1" = directory ] || s3 make "$vault"
	config "$1" "$2" >"$BACKSTAY_CONFIG"
	: >"$P/verified"
	for n in 1 2 3; do
		agent backup --prune >/dev/null
		sleep 1
	done
	KILL_COUNT=$P/count LD_PRELOAD=$preload \
	    "$BACKSTAY_BUILD/backstay-agent" backup --prune >/dev/null
	total=$(<"$P/count")
	# The shell tells of each program that was killed.
	exec 2>"$P/shell"
	RANDOM=${KILL_SEED:-42}
	for ((n = 0; n < points; n++)); do
		point=$((1 + (RANDOM * 32768 + RANDOM) % total))
		s3 change states "$((2 * n))"
		# Threads share out their calls anew each time: a run that had
		# fewer than were counted is not killed, and is tried earlier.
		for ((tries = 0; tries < 5; tries++, point -= point / 10 + 1)); do
			code=0
			KILL_AT=$point LD_PRELOAD=$preload \
			    "$BACKSTAY_BUILD/backstay-agent" backup --prune >"$P/out" 2>&1 || code=$?
			[ "$code" -eq 0 ] || break
			sleep 0.5
		done
		[ "$code" -eq 137 ] && killed=$((killed + 1))
		[ "$code" -eq 137 ] || [ "$code" -eq 0 ] || { echo "point $point: status $code"; cat "$P/out"; }
		verify_new
		[ "$2" = whole ] || verify_all_quickly
		s3 change states "$((2 * n + 1))"
		agent unlock --yes >/dev/null
		if agent backup --prune >"$P/last" 2>&1; then
			good=$((good + 1))
		else
			echo "after point $point:"
			cat "$P/last"
		fi
		! grep -q 'what is unchanged since .* is named' "$P/last" || chained=$((chained + 1))
		verify_new
		[ "$2" = whole ] || verify_all_quickly
		sleep 0.5 # of more than one a second, labels lie in the future
	done
	exec 2>&1
	echo "# $1, $2, $chained of the next runs incremental: $killed of $points killed at points of $total; $listed snapshots listed, $bad of them not whole; $good of $points next runs succeeded" >&3
	[ "$killed" -eq "$points" ]
	[ "$bad" -eq 0 ]
	[ "$good" -eq "$points" ]
	[ "$2" = whole ] || [ "$chained" -gt 0 ]
	restore verify latest --quick --chain
	# And nothing else is left; a beat of a lock that was never whole stays
	# for an hour, since others may be writing theirs. What was killed between
	# signature and manifest stays too, and the run after it names it.
	sed -n "s/.*'\(killed-[^']*\)' belongs to no snapshot.*/\1/p" "$P/last" >"$P/named"
	# Of a snapshot that others need, the archive may be all that stays.
	objects "$1" >"$P/all"
	sed -n 's/.*\(killed-.*\)\.archive\.json\.minisig$/      1 \1/p' "$P/all" >"$P/rests"
	grep -v '\.lock-.*\.tmp-' "$P/all" | grep -vFf "$P/named" | grep -E '\.(tar|lock|manifest)|tmp' | sed 's/.*killed-\([0-9TZ]*\)\..*/killed-\1/' | sort | uniq -c >"$P/objects"
	cat "$P/objects"
	restore list -o json | jq -r '.snapshots[].label' | sed 's/^/      3 /' | sort -k 2 - "$P/rests" | diff - "$P/objects"
	[ -z "$(find "$P/state" -name 'scratch-*')" ]
}

setup() {
	preload=$BACKSTAY_BUILD/tests/tools/preload/kill_at.so
	rm -rf "$P/state" "$P/vault"
}

@test "SIGKILL at any point of a backup to a directory" {
	kill_at_points directory whole
}

@test "SIGKILL at any point of a backup to a bucket" {
	kill_at_points bucket whole
	[ "$(s3 uploads "$vault")" -eq 0 ]
}

# None needs what is not there, whichever run was killed.
@test "SIGKILL at any point of an incremental backup to a directory" {
	kill_at_points directory chain
}

@test "SIGKILL at any point of an incremental backup to a bucket" {
	kill_at_points bucket chain
	[ "$(s3 uploads "$vault")" -eq 0 ]
}
