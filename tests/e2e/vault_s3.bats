#!/usr/bin/env bats
# Snapshots in a bucket of a real S3 server: written once, streamed, locked
# where the store locks, beside those of other agents.
# shellcheck disable=SC2154 # lib sets $top, bats sets $stderr
# bats file_tags=slow
bats_require_minimum_version 1.5.0
load lib

setup_file() {
	export P=$BATS_FILE_TMPDIR/p KUBE=sim
	mkdir -p "$P"
	"$top/tests/servers/s3" start "$P/s3"
	kube_server sim start "$P/kube"
	platform_keys
	"$top/tests/data/platform/load" kube "$P/kube/kubeconfig" >/dev/null
}

teardown_file() {
	"$top/tests/servers/stop-all" "$P" || true
	kube_server sim stop "$P/kube"
}

setup() {
	set -a
	# shellcheck disable=SC1091 # written by the server
	. "$P/s3/env"
	set +a
	export BACKSTAY_CONFIG=$P/backstay.yaml
	bucket=vault-$BATS_TEST_NUMBER
	rm -rf "$P/state"
}

s3() { "$top/tests/tools/bucket" "$bucket" "$@"; }

config() { # MORE-OF-THE-VAULT
	cat <<-E
	name: ${NAME-platform}
	state_dir: $P/state
	vaults:
	  - name: bucket
	    s3:
	      bucket: $bucket
	      prefix: team/prod
	      endpoint: $S3_ENDPOINT
	      region: ${AWS_REGION:-us-east-1}
	      addressing: path
	$1
	$(keys_config)
	retention: {keep_last: 1, keep_min: 1}
	kubernetes:
	  clusters:
	    - name: production
	      kubeconfig: $P/kube/kubeconfig
	      namespaces: [production, staging]
	E
}

labels() { restore list -o json | jq -r '.snapshots[].label'; }

@test "a snapshot in a bucket: written, listed, verified, extracted, pruned" {
	s3 make
	config "" >"$BACKSTAY_CONFIG"
	run --separate-stderr agent check
	echo "$output$stderr"
	[ "$status" -eq 0 ]
	agent backup
	label=$(labels)
	s3 keys >"$BATS_TEST_TMPDIR/keys"
	cat "$BATS_TEST_TMPDIR/keys"
	# Archive, signature and manifest, the mark of the vault with its
	# signature, and no lock any more.
	[ "$(wc -l <"$BATS_TEST_TMPDIR/keys")" -eq 5 ]
	grep -qx "team/prod/$label.manifest.json" "$BATS_TEST_TMPDIR/keys"
	restore verify latest
	restore extract latest --to "$BATS_TEST_TMPDIR/tree"
	[ -d "$BATS_TEST_TMPDIR/tree/kubernetes/production" ]
	sleep 1.1
	agent backup
	restore verify latest # the newest verified one is always kept
	sleep 1.1
	agent prune
	[ "$(labels | wc -l)" -eq 1 ]
	run ! grep -q "$label" <<<"$(labels)"
	restore verify latest --chain
}

@test "what others put into the bucket is not part of a snapshot, and costs none" {
	local at=team/prod l first stamp good
	s3 make
	config "" | sed 's/^retention:.*/retention: {keep_last: 10, keep_min: 5}/' >"$BACKSTAY_CONFIG"
	for _ in 1 2 3; do
		agent backup -q >/dev/null
		sleep 1.1
	done
	first=$(labels | head -1)
	good=$(labels)
	cd "$BATS_TEST_TMPDIR"
	: >empty
	echo '{}' >braces
	s3 put "$at/$first.tar.zst.age.sha256" <braces
	s3 put "$at/$first.note"$'\n'x <empty
	s3 put "$at/$first.tar.dir/" <empty
	for l in $good; do s3 put "$at/$l.verified-20260101T000000Z-full-failed.json" <empty; done
	s3 put "$at/$first.verified-20361128T000000Z-full-good.json" <empty
	for stamp in 99991231T235959Z 22620411T234716Z; do
		s3 put "$at/platform-$stamp.manifest.json" <braces
	done
	restore list -o json >list || [ $? -eq 5 ]
	[ "$(jq -r '.snapshots[] | select(.status == "complete") | .label' list)" = "$good" ]
	[ "$(jq '[.snapshots[] | select(.status == "complete" and .verified)] | length' list)" -eq 0 ]
	for l in $good; do restore verify "$l" --quick; done
	agent prune
	agent backup
	# One archive is out of sight while it is pruned, and back before a backup.
	s3 get "$at/$first.tar.zst.age" >archive
	s3 delete "$at/$first.tar.zst.age"
	agent prune
	s3 put "$at/$first.tar.zst.age" <archive
	sleep 1.1
	agent backup
	restore list -o json >list || [ $? -eq 5 ]
	[ "$(jq '[.snapshots[] | select(.status == "complete")] | length' list)" -eq 5 ]
	[ "$(jq -r '.snapshots[] | select(.status == "complete") | .label' list | head -3)" = "$good" ]
	for l in $good latest; do restore verify "$l"; done
	# None of what is not ours was touched.
	s3 keys >keys
	grep -qx "$at/$first.tar.zst.age.sha256" keys
	grep -qx "$at/platform-99991231T235959Z.manifest.json" keys
}

@test "other agents in the same bucket are neither seen nor touched" {
	s3 make
	config "" >"$BACKSTAY_CONFIG"
	agent backup
	first=$(labels)
	NAME=other config "" >"$P/other.yaml"
	agent --config "$P/other.yaml" backup
	[ "$(labels)" = "$first" ]
	[ "$(restore list --all-names -o json | jq '.snapshots | length')" -eq 2 ]
	sleep 1.1
	agent backup
	sleep 1.1
	agent prune
	[ "$(BACKSTAY_CONFIG=$P/other.yaml labels | wc -l)" -eq 1 ]
}

@test "Object Lock: each part of a snapshot is kept by the store, and prune says so" {
	s3 make lock
	config "      object_lock: {mode: governance, days: 2}" >"$BACKSTAY_CONFIG"
	agent check
	agent backup
	first=$(labels)
	sleep 1.1
	agent backup
	sleep 1.1
	run --separate-stderr agent prune
	echo "$output$stderr"
	grep -q "$first *kept by the store" <<<"$output"
	# Still there, whole, and with its lock from deletion.
	[ "$(labels | wc -l)" -eq 2 ]
	restore verify "$first"
}

archives() { s3 get "team/prod/$1.manifest.json" | jq '.archives | length'; }

until_of() { # OBJECT; as a number that can be compared
	date -d "$(s3 until "team/prod/$1" | cut -d' ' -f2)" +%s
}

@test "Object Lock: what a snapshot needs is kept as long as itself, or the snapshot is full" {
	s3 make lock
	lock() { config "      object_lock: {mode: $1, days: 2}"; echo 'incremental: {}'; }
	lock compliance >"$BACKSTAY_CONFIG"
	agent backup
	first=$(labels)
	before=$(until_of "$first.tar.zst.age")
	sleep 3
	agent backup
	second=$(labels | tail -1)
	[ "$(archives "$second")" -eq 2 ]
	after=$(until_of "$first.tar.zst.age")
	[ "$((after - before))" -ge 3 ]
	[ "$((after - $(until_of "$second.manifest.json")))" -ge -1 ]
	restore verify latest
	# A lock that nobody can take off does not become one that somebody can.
	sleep 1.1
	lock governance >"$BACKSTAY_CONFIG"
	run --separate-stderr agent backup
	echo "$output$stderr"
	[ "$status" -eq 0 ]
	grep -q 'the snapshot is full: .*the store has to keep .* longer' <<<"$stderr"
	[ "$(archives "$(labels | tail -1)")" -eq 1 ]
	s3 until "team/prod/$first.tar.zst.age" | grep -q COMPLIANCE
	# From there on it is a chain again.
	sleep 1.1
	agent backup
	[ "$(archives "$(labels | tail -1)")" -eq 2 ]
	restore verify latest
}

@test "of a pruned snapshot that another needs the archive stays, until nobody needs it" {
	s3 make
	{ config ""; echo 'incremental: {}'; } >"$BACKSTAY_CONFIG"
	agent backup
	first=$(labels)
	sleep 1.1
	agent backup
	second=$(labels | tail -1)
	[ "$(archives "$second")" -eq 2 ]
	sleep 1.1
	run -0 agent prune
	[[ $output == *"its archive stays for '$second'"* ]]
	[ "$(labels)" = "$second" ]
	s3 keys | grep "$first" | sed "s/.*$first//" | sort | diff - <(printf '%s\n' .archive.json .archive.json.minisig .tar.zst.age)
	restore verify latest --chain
	restore extract latest --to "$P/stays"
	# What does not need it lets it go.
	rm -r "$P/state/incremental"
	agent backup
	sleep 1.1
	restore verify latest
	agent prune
	[ "$(s3 keys | grep -c -e "$first" -e "$second")" -eq 0 ]
	restore verify latest --chain
}

@test "Object Lock: a snapshot that another needs stays whole while the store keeps it" {
	s3 make lock
	{ config "      object_lock: {mode: governance, days: 2}"; echo 'incremental: {}'; } >"$BACKSTAY_CONFIG"
	agent backup
	first=$(labels)
	sleep 1.1
	agent backup
	sleep 1.1
	run -0 agent prune
	grep -q "$first *kept by the store" <<<"$output"
	[ "$(labels | wc -l)" -eq 2 ]
	run ! grep -F archive.json <(s3 keys)
	restore verify "$first"
	restore verify latest --chain
}

# As rclone's and restic's append-only, and roles without s3:DeleteObject.
@test "credentials that may not delete make one snapshot after another" {
	s3 make
	s3 policy <<-X
	{"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Principal": "*",
	    "Action": ["s3:DeleteObject", "s3:DeleteObjectVersion"], "Resource": ["arn:aws:s3:::$bucket/*"]}]}
	X
	config "" >"$BACKSTAY_CONFIG"
	agent check | grep -q 'append-only'
	agent backup
	sleep 1.1
	agent backup
	[ "$(labels | wc -l)" -eq 2 ]
	agent unlock | grep -q 'no run holds'
	sleep 1.1
	run --separate-stderr agent prune
	echo "$output$stderr"
	grep -q 'kept by the store' <<<"$output"
	restore verify latest
	# Other credentials put it in order.
	s3 keys | grep -q '[.]check[.]lock-'
	s3 policy </dev/null
	agent prune
	[ "$(labels | wc -l)" -eq 1 ]
	s3 keys | grep lock- && false
	true
}

@test "check finds a bucket without the Object Lock that is asked of it" {
	s3 make
	config "" >"$BACKSTAY_CONFIG"
	make_vaults
	config "      object_lock: {mode: governance, days: 2}" >"$BACKSTAY_CONFIG"
	run --separate-stderr agent check
	echo "$output$stderr"
	[ "$status" -ne 0 ]
	[[ $output == *"the bucket has no Object Lock; enable it there"* ]]
}

@test "a bucket that is not there, or refuses us: named, nothing is written" {
	config "" >"$BACKSTAY_CONFIG"
	run --separate-stderr agent backup
	echo "$stderr"
	[ "$status" -eq 3 ]
	grep -q "vault 'bucket'" <<<"$stderr"
	s3 make
	AWS_SECRET_ACCESS_KEY=wrong run --separate-stderr agent backup
	echo "$stderr"
	[ "$status" -eq 3 ]
	[[ $stderr != *"$AWS_SECRET_ACCESS_KEY"* ]]
	[ -z "$(s3 keys)" ]
}

@test "a directory and a bucket get the same snapshot" {
	s3 make
	config "" | sed "s#^  - name: bucket#  - {name: local, directory: $P/vault}\n&#" >"$BACKSTAY_CONFIG"
	agent backup
	[ "$(labels)" = "$(restore list --vault bucket -o json | jq -r '.snapshots[].label')" ]
	restore verify latest --vault local
	restore verify latest --vault bucket
}

# Retention keeps what is whole here, whatever became of the copy there.
@test "that the bucket refuses for some runs costs the directory none of its snapshots" {
	s3 make
	rm -rf "$P/vault"
	config "" | sed "s#^  - name: bucket#  - {name: local, directory: $P/vault}\n&#; \
	    s/^retention.*/retention: {keep_last: 20, keep_daily: 14, keep_min: 20}/" >"$BACKSTAY_CONFIG"
	make_vaults
	for _ in 1 2 3; do
		AWS_SECRET_ACCESS_KEY=wrong run --separate-stderr agent backup --prune
		echo "$output$stderr"
		[ "$status" -eq 1 ]
		grep -q '  complete  .*, ONLY 1 of 2 vaults, ' <<<"$output"
		sleep 1.1
	done
	agent backup --prune
	[ "$(restore list -o json | jq -r '.snapshots[].status' | uniq -c | xargs)" = '4 complete' ]
	[ "$(restore list --vault bucket -o json | jq -r '.snapshots[].status')" = complete ]
	restore verify latest --vault bucket
}

@test "a dead lock in the bucket leaves the directory, and the other way round" {
	s3 make
	rm -rf "$P/vault"
	config "" | sed "s#^  - name: bucket#  - {name: local, directory: $P/vault}\n&#" >"$BACKSTAY_CONFIG"
	make_vaults
	: >"$P/lock"
	s3 put team/prod/platform.lock-000001-00000000 <"$P/lock"
	run --separate-stderr agent backup
	echo "$output$stderr"
	[ "$status" -eq 1 ]
	grep -q 'ONLY 1 of 2 vaults' <<<"$output"
	grep -q "vault 'bucket': .* is locked by somebody" <<<"$stderr"
	restore verify latest --vault local
	agent unlock --vault bucket --yes
	: >"$P/vault/platform.lock-000001-00000000"
	sleep 1.1
	run --separate-stderr agent backup
	echo "$output$stderr"
	[ "$status" -eq 1 ]
	grep -q "vault 'local': .* is locked by somebody" <<<"$stderr"
	restore verify latest --vault bucket
}

@test "copy takes a snapshot from one vault to another, once" {
	s3 make
	rm -rf "$P/vault"
	config "" | sed "s#^  - name: bucket#  - {name: local, directory: $P/vault}\n&#" >"$BACKSTAY_CONFIG"
	sed '/name: local/d' "$BACKSTAY_CONFIG" >"$P/one.yaml"
	agent --config "$P/one.yaml" backup
	[ ! -e "$P/vault" ]
	make_vaults
	label=$(restore --config "$P/one.yaml" list -o json | jq -r '.snapshots[].label')
	restore copy latest --vault bucket --to local 2>/dev/null
	[ "$(labels)" = "$label" ]
	restore verify latest --vault local
	# And the records of the copy and of its verification, signed.
	[ "$(find "$P/vault" -name 'platform-*' | wc -l)" -eq 7 ]
	# To a bucket and to a directory, as often as one likes.
	for there in local bucket; do
		run --separate-stderr restore copy latest --vault bucket --to "$there" -o json
		echo "$output$stderr"
		[ "$status" -eq 0 ]
		[ "$(jq -r '"\(.snapshot) \(.vault) \(.already_there)"' <<<"$output")" = "$label $there true" ]
	done
	[ "$(restore copy latest --vault bucket --to local)" = "$label is in vault 'local' already" ]
	[ "$(find "$P/vault" -name 'platform-*' | wc -l)" -eq 7 ]
	run --separate-stderr restore copy latest --to nowhere
	[ "$status" -eq 2 ]
}

@test "a flipped byte in the bucket is found before anything is unpacked" {
	s3 make
	config "" >"$BACKSTAY_CONFIG"
	agent backup
	label=$(labels)
	s3 flip "team/prod/$label.tar.zst.age"
	for command in "verify latest" "plan latest" "extract latest --to $BATS_TEST_TMPDIR/x"; do
		# shellcheck disable=SC2086
		run --separate-stderr restore $command
		echo "$stderr"
		[ "$status" -eq 5 ]
	done
	[ ! -e "$BATS_TEST_TMPDIR/x/CONTENTS.json" ]
}

# The vault as MANNER of s3_proxy shows it, for COMMANDs.
shown_as() { # MANNER COMMAND...
	local proxy status=0
	rm -f "$BATS_TEST_TMPDIR/port"
	"$top/tests/e2e/s3_proxy" "$BATS_TEST_TMPDIR/port" "$BATS_TEST_TMPDIR/asked" "$S3_ENDPOINT" --manner "$1" 3>&- &
	proxy=$!
	await [ -e "$BATS_TEST_TMPDIR/port" ]
	sed "s#endpoint: .*#endpoint: http://127.0.0.1:$(<"$BATS_TEST_TMPDIR/port")#" "$P/direct.yaml" >"$BACKSTAY_CONFIG"
	"${@:2}" || status=$?
	cp "$P/direct.yaml" "$BACKSTAY_CONFIG"
	kill "$proxy"
	wait "$proxy" || true
	return "$status"
}

three_whole() { # KEEP; the newest is verified
	s3 make
	config "" | sed "s/^retention:.*/retention: {keep_last: $1, keep_min: 1}/" >"$BACKSTAY_CONFIG"
	cp "$BACKSTAY_CONFIG" "$P/direct.yaml"
	for _ in 1 2 3; do
		agent backup -q >/dev/null
		sleep 1.1
	done
	restore verify latest >/dev/null
}

all_are_good() { # COUNT
	[ "$(restore list -o json | jq -r '.snapshots[].status' | sort | uniq -c | xargs)" = "$1 complete" ]
	for label in $(labels); do restore verify "$label" >/dev/null; done
	# An archive, a manifest and its signature for each.
	[ "$(s3 keys | grep -c '\.tar\.zst\.age$')" -eq "$1" ]
	[ "$(s3 keys | grep -c '\.manifest\.json$')" -eq "$1" ]
	[ "$(s3 keys | grep -c '\.manifest\.json\.minisig$')" -eq "$1" ]
}

run_behind() { # what an agent does every day, and a look at it
	agent backup -q >/dev/null
	[ "$(restore list -o json | jq -r '.snapshots[].status' | sort | uniq -c | xargs)" = "4 complete" ]
	agent prune
	restore verify latest
}

@test "a list that names each key twice, or a store that packs its answers, costs no snapshot" {
	for manner in double:. gzip; do
		bucket=vault-twice-${manner%%:*}
		rm -rf "$P/state"
		three_whole 2
		shown_as "$manner" run_behind
		all_are_good 2
	done
}

pruned_to() { # COUNT
	[ "$(restore list -o json | jq -r '.snapshots[].status' | sort | uniq -c | xargs)" = "3 complete" ]
	agent prune
	[ "$(labels | wc -l)" -eq "$1" ]
}

@test "one key that a list names twice makes no snapshot bad, and takes none along" {
	local what
	for what in manifest.json tar.zst.age verified; do
		bucket=vault-one-${what%%.*}
		rm -rf "$P/state"
		three_whole 2
		shown_as "double:$(labels | tail -1)\\.$what" pruned_to 2
		all_are_good 2
	done
}

left_alone() { # LABEL
	[ "$(labels | wc -l)" -eq 3 ]
	agent prune
	restore verify "$1"
}

@test "an archive that a list leaves out, and the store has, is there" {
	local middle
	three_whole 3
	middle=$(labels | sed -n 2p)
	shown_as "omit:$middle\\.tar" left_alone "$middle"
	all_are_good 3
}
