#!/usr/bin/env bats
# Looking into a snapshot: ls, cat, find and extract --only, by an index that is
# trusted as far as the signed manifest reaches; and single objects of a plan.
# shellcheck disable=SC2154,SC2030,SC2031 # lib sets $top, bats runs each test apart
# bats file_tags=slow
bats_require_minimum_version 1.5.0
load lib
load cluster

setup_file() {
	cluster_pick || return 0
	kube_server "$KUBE" start "$P/kube"
	s3_server start "$P/s3"
	platform_keys
	"$top/tests/data/platform/load" git "$P/git" >/dev/null
	small_env
	"$top/tests/data/platform/load" kube "$P/kube/kubeconfig" >/dev/null
	"$top/tests/data/platform/load" s3 "$S3_ENDPOINT" >/dev/null
	export AWS_ENDPOINT_URL_S3=$S3_ENDPOINT
	"$BACKSTAY_BUILD/tests/tools/s3_tool" make vault
	config >"$P/backstay.yaml"
	agent --config "$P/backstay.yaml" backup
	BACKSTAY_CONFIG=$P/backstay.yaml restore extract latest --to "$P/tree" >/dev/null
}

teardown_file() {
	cluster_pick || return 0
	s3_server stop "$P/s3"
	cluster_stop
}

# Where the API server is the real one, Ceph's gateway.
s3_server() { # start|stop DIR
	case $KUBE in
	sim) "$top/tests/sim/s3" "$@" ;;
	real) "$top/tests/servers/s3" "$@" ;;
	esac
}

small_env() {
	set -a
	# shellcheck disable=SC1091 # written by the server
	. "$P/s3/env"
	set +a
}

setup() {
	cluster_need
	small_env
	export BACKSTAY_CONFIG=$P/backstay.yaml

	label=$(restore list -o json | jq -r '.snapshots[-1].label')
}

config() {
	cat <<-E
	name: platform
	state_dir: $P/state
	vaults:
	  - {name: local, directory: $P/vault}
	  - name: bucket
	    s3: {bucket: vault, prefix: team, endpoint: $S3_ENDPOINT, region: ${AWS_REGION:-us-east-1}, addressing: path}
	$(keys_config)
	git:
	  repositories:
	    - url: $P/git/helm-charts.git
	kubernetes:
	  clusters:
	    - name: production
	      kubeconfig: $P/kube/kubeconfig
	terraform:
	  buckets:
	    - bucket: $bucket
	      region: ${AWS_REGION:-us-east-1}
	      endpoint: $S3_ENDPOINT
	      addressing: path
	E
}

json() { # FILTER
	jq -r "$1" <<<"$output"
}

# The newest snapshot's manifest, changed by a filter and signed again.
resign() { # FILTER VAULT
	local manifest=$2/$label.manifest.json comment
	comment=$(sed -n 's/^trusted comment: //p' "$manifest.minisig")
	jq "$1" "$manifest" >"$manifest.new"
	mv "$manifest.new" "$manifest"
	minisign -S -s "$P/keys/signing.key" -m "$manifest" -x "$manifest.minisig" -t "$comment" </dev/null >/dev/null
}

# A copy of the vault, and a configuration that reads it.
copy_vault() {
	vault=$BATS_TEST_TMPDIR/vault
	cp -a "$P/vault" "$vault"
	sed "s#$P/vault}#$vault}#" "$P/backstay.yaml" >"$BATS_TEST_TMPDIR/copy.yaml"
	export BACKSTAY_CONFIG=$BATS_TEST_TMPDIR/copy.yaml
}

@test "ls lists every entry of the archive, with size, kind, namespace and name" {
	run --separate-stderr restore ls latest -o json
	[ "$status" -eq 0 ]
	json '.entries[].path' | sort >"$BATS_TEST_TMPDIR/listed"
	(cd "$P/tree" && find . -type f ! -name CONTENTS.json ! -name .attrs.json -printf '%P\n') |
	    sort | diff - "$BATS_TEST_TMPDIR/listed"
	[ "$(json .snapshot)" = "$label" ]
	while IFS=$'\t' read -r path bytes sha256; do
		[ "$(stat -c %s "$P/tree/$path")" = "$bytes" ]
		[ "$(sha256sum <"$P/tree/$path")" = "$sha256  -" ]
	done < <(json '.entries[] | select(.sha256) | [.path, .bytes, .sha256] | @tsv')
	# Those of Secrets are keyed, so that nobody can try guesses with them.
	[ "$(json '[.entries[] | select(.sha256 | not) | .kind] | unique | join(" ")')" = Secret ]
	json '.entries[] | select(.kind == "Secret") | .keyed_digest' >"$BATS_TEST_TMPDIR/keyed"
	grep -qxE '[0-9a-f]{64}' "$BATS_TEST_TMPDIR/keyed"
	while IFS= read -r path; do
		! grep -q "$(sha256sum <"$P/tree/$path" | cut -d' ' -f1)" <<<"$output" || return 1
	done < <(json '.entries[] | select(.kind == "Secret") | .path')
	run restore ls latest kubernetes:staging/Deployment/frontend
	echo "$output"
	[ "${#lines[@]}" -eq 1 ]
	grep -Eq 'Deployment +staging +frontend +kubernetes/production/' <<<"$output"
}

@test "ls takes things, paths, folders and parts of names" {
	count() { restore ls latest "$1" -o json | jq '.entries | length'; }
	all=$(restore ls latest -o json | jq '.entries | length')
	[ "$(($(count git) + $(count kubernetes) + $(count terraform)))" -eq "$all" ]
	[ "$(count git:helm-charts)" -eq "$(count git)" ]
	[ "$(count kubernetes:production/)" -eq "$(count kubernetes)" ]
	[ "$(count 'kubernetes:*/*/*')" -eq "$(count kubernetes)" ]
	[ "$(count 'kubernetes:production/staging/deployments.apps/*')" -eq "$(count 'kubernetes:staging/deployment/*')" ]
	[ "$(count "terraform:$bucket/")" -eq "$(count terraform)" ]
	[ "$(count kubernetes/production/namespaces/staging)" -eq \
	    "$(find "$P/tree/kubernetes/production/namespaces/staging" -type f | wc -l)" ]
	[ "$(count '*/staging/*frontend.json')" -ge 1 ]
	[ "$(count frontend)" -ge 1 ]
	run --separate-stderr restore ls latest kubernetes:nowhere
	[ "$status" -eq 3 ]
	grep -q "'kubernetes:nowhere' matches nothing in $label" <<<"$stderr"
	run --separate-stderr restore ls latest kubernetes:
	[ "$status" -eq 2 ]
}

@test "cat prints an object without what the server owns, and raw as it was captured" {
	thing=kubernetes:staging/Deployment/frontend
	path=$(restore ls latest "$thing" -o json | jq -r '.entries[0].path')
	restore cat latest "$thing" -o json >"$BATS_TEST_TMPDIR/object"
	jq -e '.kind == "Deployment" and .metadata.name == "frontend" and
	    (.metadata | has("uid") or has("resourceVersion") or has("generation") | not) and
	    (has("status") | not)' "$BATS_TEST_TMPDIR/object"
	jq -e '.spec.template' "$BATS_TEST_TMPDIR/object" >/dev/null
	restore cat latest "$thing" >"$BATS_TEST_TMPDIR/yaml"
	python3 -c 'import json, sys, yaml
assert yaml.safe_load(open(sys.argv[1])) == json.load(open(sys.argv[2]))' \
	    "$BATS_TEST_TMPDIR/yaml" "$BATS_TEST_TMPDIR/object" ||
	    kubectl create --dry-run=client -o json -f "$BATS_TEST_TMPDIR/yaml" >/dev/null
	restore cat latest "$thing" --raw | cmp - "$P/tree/$path"
	restore cat latest "$path" --raw | cmp - "$P/tree/$path"
}

@test "cat prints the bytes of a state and the refs of a repository" {
	while IFS=$'\t' read -r path thing; do
		restore cat latest "$path" | cmp - "$P/tree/$path"
		restore cat latest "$thing" | cmp - "$P/tree/$path"
	done < <(restore ls latest terraform -o json | jq -r '.entries[] | [.path, .thing] | @tsv')
	restore cat latest git:helm-charts | sort -k2 >"$BATS_TEST_TMPDIR/refs"
	git -C "$P/git/helm-charts.git" show-ref | sort -k2 | diff - "$BATS_TEST_TMPDIR/refs"
	restore cat latest git/helm-charts.git/HEAD | cmp - "$P/tree/git/helm-charts.git/HEAD"
}

@test "a bucket gives the same as a directory, by ranges" {
	# A keyed digest is of one run.
	plain() { restore "$@" | sed 's/"keyed_digest":"[0-9a-f]*"//'; }
	both() { plain "$@" --vault bucket | cmp - <(plain "$@" --vault local); }
	both ls latest -o json
	both cat latest kubernetes:staging/Deployment/frontend
	both cat latest kubernetes:staging/Deployment/frontend --raw
	both cat latest git/helm-charts.git/HEAD
	both find frontend -o json
	restore extract latest --to "$BATS_TEST_TMPDIR/part" --only git:helm-charts --vault bucket
	diff -r "$P/tree/git" "$BATS_TEST_TMPDIR/part/git"
}

@test "cat of nothing, and of more than one thing, is refused by name" {
	run --separate-stderr restore cat latest kubernetes:staging/Deployment/nope
	[ "$status" -eq 3 ]
	[ -z "$output" ]
	grep -q "is not in '" <<<"$stderr"
	run --separate-stderr restore cat latest 'kubernetes:staging/Deployment/*'
	[ "$status" -eq 2 ]
	[ -z "$output" ]
	grep -q 'name one of them: kubernetes:production/staging/Deployment.apps/' <<<"$stderr"
}

@test "find looks into every snapshot, and goes on where one does not hold" {
	copy_vault
	agent backup
	run --separate-stderr restore find kubernetes:staging/Deployment/frontend -o json
	[ "$status" -eq 0 ]
	[ "$(json '[.entries[].label] | unique | length')" -eq 2 ]
	[ "$(json '[.entries[].sha256] | unique | length')" -eq 1 ]
	run --separate-stderr restore find 'kubernetes:staging/Secret/*' -o json
	[ "$(json '.entries | group_by(.path) | map(map(.keyed_digest) | unique | length) | unique | tostring')" = '[1]' ]
	[ "$(json '.entries | length > 1')" = true ]
	resign '.archive.contents.sha256 |= ("0" * 64)' "$vault"
	run --separate-stderr restore find kubernetes:staging/Deployment/frontend -o json
	echo "$stderr"
	[ "$status" -eq 5 ]
	[ "$(json '.entries | length')" -eq 1 ]
	grep -q "$label.*CONTENTS.json.*digest" <<<"$stderr"
}

@test "extract --only gives those entries, and nothing where one is not there" {
	restore extract latest --to "$BATS_TEST_TMPDIR/part" --only git:helm-charts \
	    --only kubernetes:staging/Deployment/frontend
	git clone -q "$BATS_TEST_TMPDIR/part/git/helm-charts.git" "$BATS_TEST_TMPDIR/clone"
	diff -r "$P/tree/git" "$BATS_TEST_TMPDIR/part/git"
	[ "$(find "$BATS_TEST_TMPDIR/part/kubernetes" -type f | wc -l)" -eq 1 ]
	[ ! -e "$BATS_TEST_TMPDIR/part/terraform" ]
	run --separate-stderr restore extract latest --to "$BATS_TEST_TMPDIR/none" --only git \
	    --only kubernetes:nowhere
	[ "$status" -eq 3 ]
	grep -q -- '--only kubernetes:nowhere: there is no such thing' <<<"$stderr"
	[ -z "$(ls -A "$BATS_TEST_TMPDIR/none")" ]
}

@test "a byte changed in a frame: nothing of the entry is printed, status 5" {
	copy_vault
	thing=kubernetes:staging/Deployment/frontend
	archive=$(echo "$vault/$label".tar.*)
	size=$(stat -c %s "$archive")
	bad=0
	for at in 400 $((size / 4)) $((size / 2)) $((size - 3000)); do
		cp "$P/vault/$(basename "$archive")" "$archive"
		printf '\377\376\375' | dd of="$archive" bs=1 seek="$at" conv=notrunc status=none
		run --separate-stderr restore cat latest "$thing" --raw
		echo "$at: $status: $stderr"
		[ "$status" -eq 0 ] || { [ "$status" -eq 5 ] && [ -z "$output" ]; }
		[ "$status" -eq 0 ] || bad=$((bad + 1))
	done
	[ "$bad" -ge 1 ]
}

@test "an index that is signed and lies is refused" {
	for filter in '.archive.contents.sha256 |= ("0" * 64)' '.archive.contents.at += 1' \
	    '.archive.contents.length -= 1' '.archive.contents.offset += 1' \
	    '.archive.contents.bytes = .archive.bytes - .archive.contents.offset' \
	    '.archive.contents.offset = .archive.bytes'; do
		rm -rf "$BATS_TEST_TMPDIR/vault"
		copy_vault
		resign "$filter" "$vault"
		run --separate-stderr restore ls latest
		echo "$filter: $status: $stderr"
		[ "$status" -eq 5 ]
		[ -z "$output" ]
	done
}

@test "a snapshot of another version is refused; one without an index is read whole, and that is said" {
	copy_vault
	resign '.version = 9' "$vault"
	run --separate-stderr restore ls latest
	[ "$status" -eq 5 ]
	grep -q 'version 9; this program reads 1 to 4' <<<"$stderr"
	resign '.version = 1 | del(.archive.contents)' "$vault"
	run --separate-stderr restore ls latest -o json
	echo "$stderr"
	[ "$status" -eq 0 ]
	grep -q 'written without an index: all of it is read' <<<"$stderr"
	json '.entries[].path' | sort >"$BATS_TEST_TMPDIR/old"
	BACKSTAY_CONFIG=$P/backstay.yaml restore ls latest -o json | jq -r '.entries[].path' |
	    sort | diff - "$BATS_TEST_TMPDIR/old"
	path=$(grep ^terraform/ "$BATS_TEST_TMPDIR/old" | head -1)
	restore cat latest "$path" | cmp - "$P/tree/$path"
	thing=kubernetes:staging/Deployment/frontend
	restore cat latest "$thing" | diff - <(BACKSTAY_CONFIG=$P/backstay.yaml restore cat latest "$thing")
	restore extract latest --to "$BATS_TEST_TMPDIR/part" --only git:helm-charts
	diff -r "$P/tree/git" "$BATS_TEST_TMPDIR/part/git"
}

@test "--only of one object plans it, and its namespace where that is missing" {
	run --separate-stderr restore plan latest --offline -o json \
	    --only kubernetes:staging/Deployment/frontend
	echo "$stderr"
	[ "$status" -eq 0 ]
	[ "$(json '[.nodes[] | select(.kind != "Namespace").key] | join(" ")')" = \
	    "kubernetes:production:apps/Deployment:staging/frontend" ]
	run --separate-stderr restore plan latest --offline --only kubernetes:staging/Deployment/nope
	[ "$status" -eq 3 ]
	grep -q -- '--only kubernetes:staging/Deployment/nope: there is no such thing' <<<"$stderr"
}
