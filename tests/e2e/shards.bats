#!/usr/bin/env bats
# A snapshot in parts: several processes capture one each, and meet in the vault
# alone. Until all of it is sealed there is no snapshot; then it is read like any
# other.
#   KILL_POINTS=200    how many points SIGKILL comes at (12)
# shellcheck disable=SC2154 # lib sets $top, bats sets $stderr
# bats file_tags=slow
bats_require_minimum_version 1.5.0

setup() {
	load lib
	load small
	small_repositories
	for i in 1 2 3 4 5 6; do
		git init -q -b main "$P/src/repo$i"
		echo "content $i" >"$P/src/repo$i/file"
		git -C "$P/src/repo$i" add -A
		git -C "$P/src/repo$i" commit -q -m "$i"
	done
	configure
	make_vaults
}

configure() { # [LINE...]
	{
		cat <<-E
		name: shared
		state_dir: $P/state
		vaults: [{name: local, directory: $P/vault}]
		$(keys_config)
		retention: {keep_last: 1, keep_min: 1}
		git:
		  repositories:
		E
		for i in 1 2 3 4 5 6; do
			[ "$i" -gt "${repos:-6}" ] || echo "    - {url: $P/src/repo$i}"
		done
		printf '%s\n' "$@"
	} >"$BACKSTAY_CONFIG"
}

# One of the shards, on a machine of its own: its state is its own.
shard() { # INDEX/COUNT RUN [ARGUMENT...]
	local config=$P/shard-${1%/*}.yaml part=$1 run=$2
	shift 2
	sed "s|^state_dir: .*|state_dir: $P/${state:-state}-${part%/*}|" "$BACKSTAY_CONFIG" >"$config"
	BACKSTAY_CONFIG=$config "$BACKSTAY_BUILD/backstay-agent" \
	    backup --shard "$part" --run "$run" "$@"
}

shards() { # COUNT RUN [ARGUMENT...]
	local count=$1 run=$2 i pids=() failed=0
	shift 2
	for ((i = 0; i < count; i++)); do
		shard "$i/$count" "$run" "$@" >"$P/out-$i" 2>"$P/err-$i" &
		pids+=($!)
	done
	for i in "${pids[@]}"; do wait "$i" || failed=$?; done
	[ "$failed" = 0 ] || cat "$P"/err-*
	return "$failed"
}

seal() { # RUN [ARGUMENT...]
	"$BACKSTAY_BUILD/backstay-agent" backup --seal --run "$@"
}

snapshots() { restore list -o json | jq '.snapshots | length'; }
objects() { find "$P/vault" -type f -printf '%f\n' | sort; }
parts() { objects | grep -c 'part-.*tar' || true; }

whole() {
	restore verify latest
	restore verify --quick latest
	rm -rf "$P/tree"
	restore extract latest --to "$P/tree"
	for i in 1 2 3 4 5 6; do
		rm -rf "$P/clone"
		git clone -q "$P/tree/git/"*"repo$i.git" "$P/clone"
		[ "$(cat "$P/clone/file")" = "content $i" ]
	done
}

@test "n processes and a seal make one snapshot, which everything reads" {
	shards 4 run-1
	[ "$(snapshots)" -eq 0 ]
	[ "$(parts)" -eq 4 ]
	run -0 --separate-stderr seal run-1
	[[ $output == *"complete"*"in 4 parts"* ]]
	[ "$(snapshots)" -eq 1 ]
	whole
	restore ls latest >"$P/ls"
	[ "$(grep -c 'repo.*HEAD' "$P/ls")" -eq 6 ]
	restore show latest
	restore list >"$P/list"
	run -1 grep foreign "$P/list"
	# Again, it is the same.
	run -0 seal run-1
	[[ $output == *"sealed already"* ]]
	[ "$(snapshots)" -eq 1 ]
	# What only the making needed is gone.
	run -1 grep 'contents\|closure' <(objects)
}

@test "a tag of the configuration and of the shards is in the snapshot once" {
	configure 'tags: [nightly]'
	shards 2 run-1 --tag first --tag first
	seal run-1 --tag first
	[ "$(jq -c '.tags | sort' "$P"/vault/*.manifest.json)" = '["first","nightly"]' ]
}

@test "the shard that is last seals: n processes, and nothing else" {
	shards 3 run-1 --seal
	[ "$(snapshots)" -eq 1 ]
	[ "$(cat "$P"/out-* | grep -c 'in 3 parts\|sealed already')" -ge 1 ]
	whole
	# Each again, as after a pod was started twice.
	shards 3 run-1 --seal
	[ "$(snapshots)" -eq 1 ]
	[ "$(parts)" -eq 3 ]
}

@test "a shard that seals waits for the one that is sealing; one that does not is kept out" {
	: >"$P/vault/shared.lock-000001-00000000"
	run -4 shard 0/1 run-1
	[[ $output == *"'shared' is locked by somebody"* ]]
	shard 0/1 run-1 --seal >"$P/out" 2>"$P/err" &
	pid=$!
	await grep -q 'info  waiting for the lock: .*locked by somebody' "$P/err"
	rm "$P/vault/shared.lock-000001-00000000"
	wait "$pid"
	[ "$(snapshots)" -eq 1 ]
	grep -q '1 part' "$P/out"
	# It waits for what is sealed as well.
	: >"$P/vault/shared.lock-000001-00000000"
	shard 0/1 run-1 --seal >"$P/out" 2>"$P/err" &
	pid=$!
	await grep -q 'info  waiting for the lock' "$P/err"
	rm "$P/vault/shared.lock-000001-00000000"
	wait "$pid"
	grep -q 'sealed already' "$P/out"
	[ "$(snapshots)" -eq 1 ]
}

@test "the next run deals out by size, and prune removes what the first had" {
	head -c 400000 /dev/urandom >"$P/src/repo1/large"
	head -c 300000 /dev/urandom >"$P/src/repo2/large"
	for i in 1 2; do
		git -C "$P/src/repo$i" add -A
		git -C "$P/src/repo$i" commit -q -m large
	done
	shards 2 run-1 --seal
	first=$(labels)
	past "$first"
	shards 2 run-2
	# The two large ones are in two parts.
	for i in 1 2; do
		grep -l "repo$i\"" "$P"/vault/*.part-?-of-2.json
	done >"$P/where"
	[ "$(sort -u "$P/where" | wc -l)" -eq 2 ]
	run -0 seal run-2 --prune
	[ "$(snapshots)" -eq 1 ]
	[ "$(parts)" -eq 2 ]
	run -1 grep "$first" <(objects)
	whole
}

@test "a part that is missing: no snapshot, or one that names what it lacks" {
	for i in 0 1 3; do shard "$i/4" run-1; done
	run -3 --separate-stderr seal run-1
	[[ $stderr == *"these parts are missing: 2/4"* ]]
	[ "$(snapshots)" -eq 0 ]
	run -1 --separate-stderr seal run-1 --allow-partial
	[[ $output == *" partial "* ]]
	restore show latest >"$P/show"
	grep -F "part 2/4" "$P/show"
	# What would be in it is named; what is there is there.
	lacking=$(jq -r '.missing[].what' "$P"/vault/*.manifest.json | grep -c repository)
	[ $((lacking + $(jq '[.sources[].items] | add' "$P"/vault/*.manifest.json))) -eq 6 ]
	[ "$lacking" -gt 0 ]
	restore verify latest
	# It is too late for the part.
	run -3 --separate-stderr shard 2/4 run-1
	[[ $stderr == *"too late"* ]]
	[ "$(parts)" -eq 3 ]
	run -1 seal run-1
	[[ $output == *"sealed already"* ]]
}

@test "what is of another run, number, configuration or hand is refused by name" {
	shards 2 run-1
	run -2 --separate-stderr shard 0/3 run-1
	[[ $stderr == *"was begun with 2 shards"* ]]
	repos=5 configure
	run -2 --separate-stderr shard 0/2 run-1
	[[ $stderr == *"another configuration"* ]]
	run -2 --separate-stderr seal run-1
	[[ $stderr == *"another configuration"* ]]
	configure
	run -3 --separate-stderr seal run-2
	[[ $stderr == *"no shard of run 'run-2'"* ]]
	cp -a "$P/vault" "$P/kept"
	part() { echo "$P"/vault/*.part-"$1"-of-2.json; }
	refused() { # WORDS
		run -5 --separate-stderr seal run-1
		[[ $stderr == *"$1"* ]]
		[ "$(snapshots)" -eq 0 ]
		rm -rf "$P/vault"
		cp -a "$P/kept" "$P/vault"
	}
	# Unsigned.
	tail -n +5 "$(part 0)" >"$P/text"
	cp "$P/text" "$(part 0)"
	refused "part-0-of-2.json"
	# Changed by a letter.
	sed -i 's/repo/repp/' "$(part 0)"
	refused "part-0-of-2.json"
	# The other one, under its name.
	cp "$(part 1)" "$(part 0)"
	refused "signed as something else"
	# An archive that was cut off, or is not there.
	archive=$(echo "$P"/vault/*.part-0-of-2-*.tar.zst.age)
	truncate -s -1 "$archive"
	refused "cut off or replaced"
	rm "$archive"
	refused "is not there"
	# Another list of entries.
	cp "$P"/vault/*.part-1-of-2-*.contents.age "$P"/vault/*.part-0-of-2-*.contents.age
	refused "contents.age"
	rm "$P"/vault/*.part-0-of-2-*.contents.age
	refused "contents.age"
	# And of what it points to: cut off, another list, none.
	truncate -s -1 "$P"/vault/*.part-0-of-2-*.closure.age
	refused "closure.age"
	cp "$P"/vault/*.part-1-of-2-*.contents.age "$P"/vault/*.part-0-of-2-*.closure.age
	refused "closure.age"
	rm "$P"/vault/*.part-0-of-2-*.closure.age
	refused "closure.age"
	# Replaced by another of the same length: whoever reads it notices.
	seal run-1
	archive=$(echo "$P"/vault/*.part-0-of-2-*.tar.zst.age)
	flip_bit "$archive" 300
	run -5 --separate-stderr restore verify latest
	[[ $stderr$output == *"damaged, cut off or replaced"* ]]
}

@test "options that do not go together, and configurations that do not" {
	run -2 --separate-stderr "$BACKSTAY_BUILD/backstay-agent" backup --shard 0/2
	[[ $stderr == *"need --run"* ]]
	for bad in 2/2 0/0 a/2 0/2000 /2 0; do
		run -2 shard "$bad" run-1
	done
	run -2 shard 0/2 run-1 --allow-partial
	run -2 shard 0/2 run-1 --prune
	run -2 "$BACKSTAY_BUILD/backstay-agent" backup --run a
	configure 'incremental: {}'
	run -2 --separate-stderr shard 0/2 run-1
	[[ $stderr == *"'incremental' does not go with --shard"* ]]
	run -1 grep run- <(objects)
}

@test "a snapshot that was made meanwhile makes the parts late" {
	shards 2 run-1
	past "$(objects | sed -n 's/\(shared-[0-9TZ]*\)\.part-0.*json/\1/p')"
	agent backup
	run -3 --separate-stderr seal run-1
	[[ $stderr == *"newer snapshot"* ]]
	[ "$(snapshots)" -eq 1 ]
	# The next run is not held up.
	past "$(labels)"
	shards 2 run-2 --seal
	[ "$(snapshots)" -eq 2 ]
}

@test "copy brings the parts along, and by hand they open with the standard tools" {
	shards 3 run-1 --seal
	sed -i "s|^vaults: .*|vaults: [{name: local, directory: $P/vault}, {name: other, directory: $P/other}]|" "$BACKSTAY_CONFIG"
	make_vaults
	restore copy latest --to other
	rm -rf "$P/vault"
	restore verify latest --vault other
	rm -rf "$P/out"
	restore extract latest --vault other --to "$P/out"
	mkdir "$P/hand"
	cd "$P/other"
	for file in $(jq -r '.archives[].file' ./*.manifest.json); do
		age -d -i "$P/keys/identity.txt" "$file" | tar -x --zstd -C "$P/hand" 2>/dev/null
	done
	diff -r "$P/hand" "$P/out"
}

# What is killed anywhere is made up for by the same shard, run again, as a Job
# does it; before that, nothing looks like a snapshot.
kill_shards() { # POINTS
	local preload=$BACKSTAY_BUILD/tests/tools/preload/kill_at.so total n code
	local killed=0 point
	KILL_COUNT=$P/count LD_PRELOAD=$preload shard 1/2 count >/dev/null
	total=$(<"$P/count")
	# The shell tells of each program that was killed.
	exec 2>"$P/shell"
	for ((n = 1; n <= $1; n++)); do
		point=$((1 + (total - 1) * n / ($1 + 1)))
		code=0
		rm -rf "$P/state-1" # so that each run does as much as the first
		KILL_AT=$point LD_PRELOAD=$preload shard 1/2 "run-$n" >"$P/out" 2>&1 || code=$?
		[ "$code" -ne 137 ] || killed=$((killed + 1))
		shard 0/2 "run-$n" >"$P/out" 2>&1 || { cat "$P/out"; return 1; }
		if [ "$code" -eq 137 ] && seal "run-$n" >"$P/out" 2>&1; then
			# It may be killed when all is written.
			grep -q complete "$P/out"
		fi
		shard 1/2 "run-$n" --seal >"$P/out" 2>&1 || { cat "$P/out"; return 1; }
		grep -v 'kept' "$P/out" | grep -q 'in 2 parts\|sealed already' || { cat "$P/out"; return 1; }
		whole >"$P/out" 2>&1 || { cat "$P/out"; return 1; }
		past "$(labels | tail -n 1)"
	done
	exec 2>&1
	echo "# $killed of $1 killed, at points of $total" >&3
	[ "$killed" -gt $(($1 / 3)) ]
	[ "$(snapshots)" -eq "$1" ]
}

kill_seals() { # POINTS
	local preload=$BACKSTAY_BUILD/tests/tools/preload/kill_at.so total n code
	local killed=0 before=0 after
	shards 2 count
	KILL_COUNT=$P/count LD_PRELOAD=$preload seal count >/dev/null
	total=$(<"$P/count")
	before=$(snapshots)
	exec 2>"$P/shell"
	for ((n = 1; n <= $1; n++)); do
		past "$(labels | tail -n 1)"
		shards 2 "seal-$n"
		code=0
		KILL_AT=$((1 + (total - 1) * n / ($1 + 1))) LD_PRELOAD=$preload \
		    seal "seal-$n" >"$P/out" 2>&1 || code=$?
		[ "$code" -ne 137 ] || killed=$((killed + 1))
		# What is listed is whole.
		after=$(snapshots)
		[ "$after" -eq "$before" ] || restore verify latest >"$P/out" 2>&1
		seal "seal-$n" >"$P/out" 2>&1 || { cat "$P/out"; return 1; }
		whole >"$P/out" 2>&1 || { cat "$P/out"; return 1; }
		before=$(snapshots)
	done
	exec 2>&1
	echo "# $killed of $1 killed, at points of $total" >&3
	[ "$killed" -gt $(($1 / 2)) ]
	[ "$(snapshots)" -eq $(($1 + 1)) ]
	run -1 grep contents <(objects)
}

# The cluster is held for the first that asks for its Secrets.
with_cluster() {
	kube_server sim start "$P/kube"
	"$top/tests/data/platform/load" kube "$P/kube/kubeconfig" >/dev/null
	configure 'kubernetes:' "  clusters: [{name: production, kubeconfig: $P/kube/kubeconfig, namespaces: [production]}]"
	kube_faults POST '[{"method": "GET", "path": "secrets", "kind": "hold", "count": 1}]'
}

teardown() {
	[ -z "${held-}" ] || kill -9 "$held" 2>/dev/null || true
	[ ! -d "$P/kube" ] || kube_server sim stop "$P/kube"
	"$top/tests/servers/stop-all" "$P" || true
}

# Starts a shard, which waits for an answer: its shell is $pid.
hold_shard() {
	with_cluster
	state=held shard 0/1 run-1 >"$P/held" 2>&1 &
	pid=$!
	await is_held || { cat "$P/held"; false; }
}

is_held() {
	curl -sf "$(server_of "$P/kube/kubeconfig")/_sim/faults" | jq -e '.[0].fired == 1' >/dev/null
}

@test "shards of a run go side by side; another run, and a backup, are kept out" {
	hold_shard
	# However long the rest takes.
	held=$(pgrep -P "$pid")
	kill -STOP "$held"
	kube_faults DELETE
	run -4 --separate-stderr agent backup
	[[ $stderr == *"shard 0/1 of run 'run-1'"* ]]
	run -4 --separate-stderr shard 0/1 run-2
	[[ $stderr == *"shard 0/1 of run 'run-1'"* ]]
	run -4 agent unlock
	[[ $output == *"shard 0/1 of run 'run-1'"* ]]
	# Of two of the same index, the first to end counts.
	shard 0/1 run-1
	kill -CONT "$held"
	code=0
	wait "$pid" || code=$?
	[ "$code" -eq 3 ]
	grep -F "another shard of the same index" "$P/held"
	[ "$(parts)" -eq 1 ]
	seal run-1
	restore verify latest
	[ "$(jq '.sources | length' "$P"/vault/*.manifest.json)" -eq 2 ]
}

@test "a lock that cannot be read ends a shard before its part counts" {
	hold_shard
	held=$(pgrep -P "$pid")
	# No beat of a lock is that long.
	lock=$(find "$P/vault" -name '*.lock-*' ! -name '*.tmp-*' | sort | tail -n 1)
	head -c 5000 /dev/zero >"${lock%-*}-99999999"
	kube_faults DELETE
	code=0
	wait "$pid" || code=$?
	held=
	cat "$P/held"
	[ "$code" -eq 3 ]
	grep -F 'no vault is left to commit to' "$P/held"
	[ "$(parts)" -eq 0 ]
}

s3() { "$top/tests/tools/bucket" vault "$@"; }

with_bucket() { # [LINE-OF-THE-VAULT]
	"$top/tests/servers/s3" start "$P/s3"
	set -a
	# shellcheck disable=SC1091 # written by the server
	. "$P/s3/env"
	set +a
	s3 make ${1:+lock}
	sed -i "s|^vaults: .*|vaults: [{name: local, s3: {bucket: vault, prefix: team, endpoint: \"$S3_ENDPOINT\", region: default, addressing: path${1:+, $1}}}]|" "$BACKSTAY_CONFIG"
	make_vaults
}

# What only the making of snapshots needs.
passing() { s3 keys | grep -E 'contents|closure|part-.-of-.[.]json|lock-' || true; }

@test "a bucket is as good a meeting place" {
	with_bucket
	shards 4 run-1 --seal
	[ "$(snapshots)" -eq 1 ]
	restore ls latest >"$P/ls"
	[ "$(grep -c 'repo.*HEAD' "$P/ls")" -eq 6 ]
	past "$(labels)"
	shards 3 run-2
	[ "$(snapshots)" -eq 1 ]
	seal run-2 --prune
	[ "$(snapshots)" -eq 1 ]
	whole
	[ "$(s3 keys | grep -c 'part-.*tar')" -eq 3 ]
	[ -z "$(passing)" ]
}

# The store keeps what is part of the snapshot, and lets go of all else. A seal
# that is killed is done again beside what the store keeps of the first.
@test "Object Lock: a seal that is killed, and what the store keeps" {
	local preload=$BACKSTAY_BUILD/tests/tools/preload/kill_at.so total n code killed=0
	with_bucket "object_lock: {mode: governance, days: 2}"
	one_by_one() { for part in 0 1; do shard "$part/2" "$1" >"$P/out" 2>&1 || { cat "$P/out"; return 1; }; done; }
	one_by_one run-0
	KILL_COUNT=$P/count LD_PRELOAD=$preload seal run-0 >/dev/null
	total=$(<"$P/count")
	exec 2>"$P/shell"
	for n in 1 2 3 4; do
		past "$(labels | tail -n 1)"
		one_by_one "run-$n"
		code=0
		KILL_AT=$((total * n / 5)) LD_PRELOAD=$preload \
		    seal "run-$n" >"$P/out" 2>&1 || code=$?
		[ "$code" -ne 137 ] || killed=$((killed + 1))
		[ "$(snapshots)" -eq "$n" ] || restore verify latest >"$P/out" 2>&1
		seal "run-$n" >"$P/out" 2>&1 || { cat "$P/out"; return 1; }
		[ "$(snapshots)" -eq $((n + 1)) ] || { restore list; return 1; }
		whole >"$P/out" 2>&1 || { cat "$P/out"; return 1; }
	done
	exec 2>&1
	echo "# $killed of 4 killed" >&3
	[ "$killed" -gt 1 ]
	[ -z "$(passing)" ]
	last=$(labels | tail -n 1)
	s3 keys | grep "/$last" >"$P/of-it"
	while read -r key; do
		[ $(($(date -d "$(s3 until "$key" | cut -d' ' -f2)" +%s) - $(date +%s))) -gt $((86400 + 43200)) ]
	done < <(grep -E '[.]tar[.]|[.]manifest' "$P/of-it")
	[ "$(grep -c 'part-.*[.]tar' "$P/of-it")" -eq 2 ]
	# None is removed, whatever the policy says, and each stays whole.
	past "$last"
	agent prune >"$P/out"
	grep -q 'kept by the store' "$P/out"
	[ "$(snapshots)" -eq 5 ]
	for label in $(labels); do restore verify "$label"; done
}

@test "a list of entries that may not be read is no harm to the vault" {
	"$top/tests/sim/s3" start "$P/s3" --bucket vault
	set -a
	# shellcheck disable=SC1091 # written by the server
	. "$P/s3/env"
	set +a
	sed -i "s|^vaults: .*|vaults: [{name: local, s3: {bucket: vault, endpoint: \"$S3_ENDPOINT\", region: us-east-1, addressing: path}}]|" "$BACKSTAY_CONFIG"
	make_vaults
	shards 2 run-1
	curl -sf -o /dev/null -X POST "$S3_ENDPOINT/_sim/faults" -d '[{"method": "GET", "path": "contents", "kind": "reply",
	    "status": 403, "body": "<Error><Code>AccessDenied</Code><Message>Access Denied</Message></Error>"}]'
	run -3 --separate-stderr seal run-1
	grep -F AccessDenied <<<"$stderr"
	curl -sf -o /dev/null -X DELETE "$S3_ENDPOINT/_sim/faults"
	seal run-1
	whole
	"$top/tests/sim/s3" stop "$P/s3"
}

@test "SIGKILL of one of the shards at any point" {
	kill_shards "${KILL_POINTS:-12}"
}

@test "SIGKILL of the seal at any point" {
	kill_seals "${KILL_POINTS:-12}"
}
