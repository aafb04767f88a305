#!/usr/bin/env bats
# What others may do to a vault without the keys, what a clock or a list may say
# wrongly, and that nothing good is lost by it and nothing bad called good. This
# file runs on a directory; under the name vault_trust_s3.bats, on a bucket.
# shellcheck disable=SC2154 # lib sets $top, bats sets $stderr
# bats file_tags=slow
bats_require_minimum_version 1.5.0
load lib
load small
load vault_kinds

setup_file() { vault_kinds_start; }
teardown_file() { small_stop; }

setup() {
	vault_fresh
	small_config "$(vault_entry)" |
	    sed 's/^retention.*/retention: {keep_last: 10, keep_min: 10}/' >"$BACKSTAY_CONFIG"
}

backups() { # COUNT; one a second: of more, the label would lie in the future
	for _ in $(seq "$1"); do
		agent backup >/dev/null
		sleep 1.1
	done
}

labels() { restore list -o json 2>/dev/null | jq -r '.snapshots[].label'; }
count() { vault_names | grep -c -- "${1//./\\.}\$" || true; }
statuses() { restore list -o json | jq -r '.snapshots[].status' | sort | uniq -c | xargs; }

@test "a checksum beside an archive is not part of the snapshot" {
	backups 3
	first=$(labels | head -1)
	vault_get "$first.tar.zst.age" | sha256sum | vault_put "$first.tar.zst.age.sha256"
	[ "$(statuses)" = '3 complete' ]
	agent prune
	[ "$(count .tar.zst.age)" -eq 3 ]
	sed -i 's/keep_last: 10, keep_min: 10/keep_last: 1, keep_min: 1/' "$BACKSTAY_CONFIG"
	agent prune
	[ "$(count .tar.zst.age)" -eq 1 ]
	vault_has "$first.tar.zst.age.sha256"
	agent backup >/dev/null
	vault_has "$first.tar.zst.age.sha256"
}

@test "records that nobody signed are shown as hearsay and weigh nothing" {
	backups 3
	for l in $(labels); do
		vault_put "$l.verified-20260101T000000Z-full-failed.json" </dev/null
		echo '{"good": false}' | vault_put "$l.verified-20260102T000000Z-full-failed.json"
	done
	restore list | tee /dev/stderr | grep -q 'never (hearsay: 2 records of no trusted key, 2 of them FAILED)'
	restore show latest | grep -q '^hearsay  *2 verification records of no trusted key, 2 FAILED$'
	restore list -o json | jq -c '.snapshots[-1] | {verified, drill, hearsay}' >"$BATS_TEST_TMPDIR/listed"
	restore show latest -o json | jq -c '{verified, drill, hearsay}' |
	    diff "$BATS_TEST_TMPDIR/listed" -
	[ "$(jq -c .hearsay "$BATS_TEST_TMPDIR/listed")" = '{"records":2,"failed":2}' ]
	agent prune
	[ "$(count .manifest.json)" -eq 3 ]
}

@test "a record stamped ten years ahead hides no later verification" {
	backups 1
	l=$(labels)
	vault_put "$l.verified-20361128T000000Z-full-good.json" </dev/null
	restore verify latest
	vault_flip "$l.tar.zst.age" 9000
	run restore verify latest
	[ "$status" -eq 5 ]
	[ "$(restore list -o json | jq -r '.snapshots[0].verified.good')" = false ]
}

@test "the newest record, once it was read, is not silenced by its removal" {
	backups 1
	l=$(labels)
	restore verify latest
	vault_flip "$l.tar.zst.age" 9000
	run restore verify latest
	echo "$output"
	[ "$status" -eq 5 ]
	restore list | grep -q 'FAILED full'
	vault_rm_all '-full-failed'
	restore list | tee /dev/stderr | grep -q 'FAILED full.*(1 record of it removed or changed in the vault)'
	[ "$(restore list -o json | jq -r '.snapshots[0].records_removed')" = 1 ]
	restore show latest | grep -q '^removed.*1 verification records'
	# Who has not read it cannot know.
	rm -r "$P/state/records"
	restore list | grep -q 'good full '
}

@test "a record is checked by minisign, and names the manifest it speaks of" {
	backups 1
	restore verify latest
	l=$(labels)
	name=$(vault_names | grep -- '-full-good.json$')
	record=$BATS_TEST_TMPDIR/$name
	vault_get "$name" >"$record"
	vault_get "$name.minisig" >"$record.minisig"
	minisign -Vm "$record" -p "$P/keys/record.pub" | grep -q "Trusted comment: verified:$name"
	[ "$(jq -r .manifest_sha256 "$record")" = "$(vault_get "$l.manifest.json" | sha256sum | cut -d' ' -f1)" ]
	# Who signs snapshots may not say what was verified.
	sed -i "s#record_key_file: .*#trusted: [{public_key_file: $P/keys/signing.pub, may: [verify]}]#" "$BACKSTAY_CONFIG"
	restore list | grep -q 'never (hearsay: 1 record '
	sed -i "s#keys/signing.pub, may#keys/record.pub, may#" "$BACKSTAY_CONFIG"
	restore list | grep -q 'good full '
}

@test "without a record key verify prints its result and says what its record weighs" {
	backups 1
	sed -i '/record_key_file/d' "$BACKSTAY_CONFIG"
	run --separate-stderr restore verify latest
	[ "$status" -eq 0 ]
	grep -q ': good: ' <<<"$output"
	grep -q 'is not signed, so that .* ignore it.*signing.record_key_file' <<<"$stderr"
	restore list | grep -q 'never (hearsay: 1 record '
}

@test "what a verification finds wrong everywhere is not pruned for one it has not reached" {
	backups 3
	for l in $(labels); do
		vault_flip "$l.tar.zst.age" 9000
		run restore verify "$l"
		[ "$status" -eq 5 ]
		vault_flip "$l.tar.zst.age" 9000
	done
	agent backup --prune | tee /dev/stderr | grep -q 'no newer one was verified and found good'
	[ "$(count .manifest.json)" -eq 4 ]
	restore verify latest
	# One good one is fewer than keep_min: who calls the others bad may err.
	agent prune | tee /dev/stderr | grep -q 'fewer good ones than the minimum (keep_min)'
	[ "$(count .manifest.json)" -eq 4 ]
	sed -i 's/keep_min: 10/keep_min: 1/' "$BACKSTAY_CONFIG"
	agent prune
	[ "$(count .manifest.json)" -eq 1 ]
}

@test "archives that are out of sight for a while are not lost" {
	backups 3
	for l in $(labels | head -2); do vault_hide "$l.*age$"; done
	agent prune | tee /dev/stderr | grep -q 'its archive is missing or incomplete: it may come back'
	vault_show
	agent backup >/dev/null
	[ "$(statuses)" = '4 complete' ]
	# The manifests, too.
	vault_hide 'manifest.json$'
	backups 1 2>&1
	vault_show
	[ "$(statuses)" = '5 complete' ]
}

@test "an archive that was replaced by a link is not there, and its manifest stays" {
	! in_bucket || skip "a bucket has no links"
	backups 2
	f=$(find "$P/vault" -name '*.age' | sort | head -1)
	mv "$f" "$P/moved"
	ln -s "$P/moved" "$f"
	agent prune
	[ "$(count .manifest.json)" -eq 2 ]
	run restore verify "$(labels | head -1)" --quick
	[ "$status" -eq 5 ]
	grep -q 'symbolic link' <<<"$output"
}

@test "a forged manifest of any stamp stops no backup, and pulls no label" {
	local stamp
	backups 1
	for stamp in 99991231T235959Z 99991231T235958Z 22620411T234716Z; do
		echo '{}' | vault_put "small-$stamp.manifest.json"
		agent backup >/dev/null
		sleep 1.1
	done
	[ "$(labels | grep -c "small-$(date -u +%Y)")" -eq 4 ]
	run --separate-stderr restore verify latest
	[ "$status" -eq 0 ]
	grep -q "'small-99991231T235959Z' is ignored: .* find out who wrote it" <<<"$stderr"
	agent prune
	[ "$(count .manifest.json)" -eq 7 ]
	agent check | grep -q "^ok  vault 'local'"
}

@test "a manifest that nobody signed and that has no archive is not the latest" {
	local forged
	backups 2
	newest=$(labels | tail -1)
	sleep 1.1
	forged=small-$(date -u +%Y%m%dT%H%M%SZ)
	echo '{}' | vault_put "$forged.manifest.json"
	for command in "verify --quick --chain" "verify --chain" verify show; do
		run --separate-stderr restore $command latest
		echo "$command: $status $stderr" >&2
		[ "$status" -eq 0 ]
		grep -q "'$forged' is ignored: it has no archive" <<<"$stderr"
		grep -q "$newest" <<<"$output"
	done
	# With a signature that does not hold, too.
	vault_get "$newest.manifest.json.minisig" | vault_put "$forged.manifest.json.minisig"
	restore verify --quick --chain latest
	# With an archive it may be the newest, damaged. It stops no restore, since
	# it could not be restored in any case; verify checks the one before it, and
	# names it.
	vault_get "$newest.tar.zst.age" | vault_put "$forged.tar.zst.age"
	for command in "verify --quick" verify; do
		run --separate-stderr restore $command latest
		echo "$command: $status $output $stderr" >&2
		[ "$status" -eq 5 ]
		grep -q "^$newest: good" <<<"$output"
		grep -q "'$forged' is newer, and its manifest does not hold" <<<"$stderr"
	done
	for signature in kept none; do
		[ "$signature" = kept ] || vault_rm "$forged.manifest.json.minisig"
		rm -rf "$BATS_TEST_TMPDIR/out"
		run --separate-stderr restore extract latest --to "$BATS_TEST_TMPDIR/out"
		[ "$status" -eq 0 ]
		grep -q "'$forged' is ignored: it is newer than what is used" <<<"$stderr"
		[ -e "$BATS_TEST_TMPDIR/out/CONTENTS.json" ]
		restore show latest | grep -q "$newest"
		restore plan latest --offline >/dev/null
	done
	run restore verify --quick "$forged"
	[ "$status" -eq 5 ]
	vault_rm_all "^$forged"
	# What holds is the latest, whole or not.
	vault_rm "$newest.tar.zst.age"
	run restore verify --quick latest
	[ "$status" -eq 5 ]
	grep -q "$newest" <<<"$output"
}

@test "foreign names of any kind are in no run's way" {
	backups 3
	l=($(labels))
	vault_put "${l[1]}.note"$'\n'x </dev/null
	in_bucket || mkdir "$P/vault/${l[0]}.tar.dir"
	in_bucket || mkfifo "$P/vault/${l[2]}.verified-20260101T000000Z-full-failed.json"
	sed -i 's/keep_last: 10, keep_min: 10/keep_last: 1, keep_min: 1/' "$BACKSTAY_CONFIG"
	agent prune | tee /dev/stderr | grep -q '^2 of 3 snapshots pruned'
	[ "$(count .manifest.json)" -eq 1 ]
	vault_names | grep -qxF "${l[1]}.note"
	agent backup >/dev/null
	restore verify latest
}

@test "that one vault has no copy does not make the other's snapshot partial" {
	small_config "$(vault_entry)
  - {name: offsite, directory: $P/offsite}" |
	    sed 's/^retention.*/retention: {keep_last: 20, keep_daily: 14, keep_min: 20}/' >"$BACKSTAY_CONFIG"
	touch "$P/offsite"
	for _ in 1 2 3; do
		run --separate-stderr agent backup --prune
		echo "$output"
		[ "$status" -eq 1 ]
		grep -q '  complete  .*, ONLY 1 of 2 vaults, ' <<<"$output"
		sleep 1.1
	done
	restore show latest | grep -q "vault 'offsite' has no copy"
	rm "$P/offsite"
	agent backup --prune
	[ "$(statuses)" = '4 complete' ]
}

@test "a dead lock in one vault leaves the other to be backed up to" {
	small_config "$(vault_entry)
  - {name: offsite, directory: $P/offsite}" >"$BACKSTAY_CONFIG"
	agent backup >/dev/null
	: >"$P/offsite/small.lock-000001-00000000"
	sleep 1.1
	run --separate-stderr agent backup
	echo "$output$stderr"
	[ "$status" -eq 1 ]
	grep -q 'ONLY 1 of 2 vaults' <<<"$output"
	grep -q "vault 'offsite': .* is locked by somebody" <<<"$stderr"
	[ "$(statuses)" = '2 complete' ]
	# With none left it is 4.
	vault_put small.lock-000001-00000000 </dev/null
	run agent backup
	[ "$status" -eq 4 ]
}

@test "a vault that is full to the last byte can be unlocked, tried and pruned" {
	! in_bucket || skip "of a bucket that is over its quota, vault_faults tests it"
	mkdir "$P/vault"
	mount -t tmpfs -o size=400k none "$P/vault" || skip "cannot mount"
	sed -i 's/keep_last: 10, keep_min: 10/keep_last: 2, keep_min: 1/' "$BACKSTAY_CONFIG"
	backups 4
	dd if=/dev/zero of="$P/vault/filler" bs=4k 2>/dev/null || true
	run agent backup
	full=$status
	run agent unlock --yes
	echo "$output"
	unlocked=$status
	run agent prune --dry-run
	echo "$output"
	tried=$status
	run agent prune
	echo "$output"
	pruned=$status
	left=$(count .manifest.json) records=$(count .pruned.json)
	run restore verify latest --chain
	echo "$output"
	umount "$P/vault"
	rmdir "$P/vault"
	[ "$full $unlocked $tried $pruned $status" = '3 0 0 0 0' ]
	[ "$left $records" = '2 1' ]
}

@test "a snapshot of the future is named by check, backup and list, and the README's way out works" {
	agent backup >/dev/null
	local label future
	label=$(labels)
	future=small-20360101T000000Z
	# As if the clock had been ten years ahead: all of it signed by our key.
	vault_get "$label.tar.zst.age" | vault_put "$future.tar.zst.age"
	local made=$BATS_TEST_TMPDIR/$future.manifest.json
	vault_get "$label.manifest.json" |
	    sed "s/$label/$future/g; s/\"created\": \"2[^\"]*\"/\"created\": \"2036-01-01T00:00:00Z\"/" >"$made"
	minisign -S -W -s "$P/keys/signing.key" -t "snapshot:$future" -m "$made" >/dev/null
	vault_put "$future.manifest.json.minisig" <"$made.minisig"
	vault_put "$future.manifest.json" <"$made"
	restore list
	run agent check
	echo "$output"
	[ "$status" -eq 1 ]
	grep -q "^FAILED  vault 'local' .*'$future' lies in the future" <<<"$output"
	sleep 1
	agent backup 2>&1 >/dev/null | grep -q "'$future' lies in the future"
	labels | grep -q "^small-20360101T000001Z$"
	restore list | grep -q "^'small-20360101T000001Z' lies in the future"
	[ "$(agent list -o json | jq '[.snapshots[] | select(.future)] | length')" -eq 2 ]
	vault_rm_all '^small-2036'
	agent check
	agent backup >/dev/null
	[ "$(labels | wc -l)" -eq 2 ]
	run ! grep -q 2036 <(labels)
}

@test "list names the files of others, and none of ours" {
	agent backup --prune >/dev/null
	restore verify latest >/dev/null
	[ "$(restore list -o json | jq -c .foreign)" = '[]' ]
	local label odd
	label=$(labels)
	odd=$'evil\e[31m\nname'
	for name in "$label.tar.zst.age.sha256" notes.txt "$odd" small.lock-000001-00000001x; do
		vault_put "$name" </dev/null
	done
	restore list | tee "$P/out"
	grep -qF "4 foreign objects, left alone: " "$P/out"
	grep -qF "'$label.tar.zst.age.sha256'" "$P/out"
	run ! grep -q $'\e' "$P/out"
	[ "$(agent list -o json | jq '.foreign | length')" -eq 4 ]
	[ "$(restore list -o json | jq -r '.snapshots[].status')" = complete ]
}
