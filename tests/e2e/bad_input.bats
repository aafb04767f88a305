#!/usr/bin/env bats
# What comes from outside and is not as it should be: hostile archives, odd
# sources, disks without room. Each refusal is one line that says what, where
# and what to do, and nothing is written before it.
# shellcheck disable=SC2154,SC2030,SC2031 # lib sets $top, bats runs each test apart
bats_require_minimum_version 1.5.0
load lib

setup_file() {
	export P=$BATS_FILE_TMPDIR/p KUBE=sim
	mkdir -p "$P"
	kube_server sim start "$P/kube"
	"$top/tests/sim/s3" start "$P/s3"
	"$top/tests/data/platform/load" git "$P/git" >/dev/null
	"$top/tests/data/platform/load" kube "$P/kube/kubeconfig" >/dev/null
}

teardown_file() {
	kube_server sim stop "$P/kube"
	"$top/tests/sim/s3" stop "$P/s3"
}

setup() {
	set -a
	# shellcheck disable=SC1091 # written by the server
	. "$P/s3/env"
	set +a
	cd "$BATS_TEST_TMPDIR" || return
	export BACKSTAY_CONFIG=$PWD/backstay.yaml
}

# Readable and unsigned, so that a test can forge what it wants: no digest and
# no signature is in the way of what is to be refused.
config() { # YAML of the sources
	cat >"$BACKSTAY_CONFIG" <<-E
	name: t
	state_dir: $PWD/state
	vaults: [{name: local, directory: $PWD/vault}]
	compression: {format: gzip}
	encryption: none
	signing: none
	$1
	E
}

one_repository() { config "git: {repositories: [{url: $P/git/helm-charts.git}]}"; }

forge() { "$top/tests/tools/forge" "$PWD/vault" "$@"; } # KIND NAME

one_line() { # TEXT: only that on standard error, besides warnings
	echo "$status: $output$stderr"
	grep -v ' warn \| info ' <<<"$stderr" >lines
	[ "$(wc -l <lines)" -eq 1 ]
	grep -qF -- "$1" lines
}

@test "an archive that reaches outside, links or repeats itself is refused unread" {
	one_repository
	agent backup
	cp -a vault honest
	restore extract latest --to fine
	touch "$BATS_TEST_TMPDIR/before"
	while read -r kind name; do
		rm -rf vault
		cp -a honest vault
		forge "$kind" "$name"
		for command in "verify latest" "plan latest" "apply latest --yes" \
		    "extract latest --to $PWD/out"; do
			# shellcheck disable=SC2086
			run --separate-stderr restore $command
			echo "$kind $name: $command: $status: $stderr"
			[ "$status" -eq 5 ]
			case $kind in
			unnamed) one_line CONTENTS.json ;;
			*) one_line "$name" ;;
			esac
			[ ! -e out ] || [ -z "$(find out -mindepth 1)" ]
			[ ! -e state/scratch ] || [ -z "$(find state/scratch -mindepth 1)" ]
		done
		[ ! -e "$PWD/../escaped" ] && [ ! -e /tmp/backstay-escaped ]
	done <<-E
	file ../escaped
	file git/../../escaped
	file /tmp/backstay-escaped
	file git/./here
	file git//here
	symlink git/link
	hardlink git/hardlink
	device git/null
	fifo git/fifo
	repeat git/helm-charts.git/HEAD
	unnamed git/helm-charts.git/hooks
	E
}

@test "an LFS object that was damaged before it was captured is found by verify" {
	one_repository
	agent backup
	forge file "git/helm-charts.git/lfs/objects/00/00/$(printf %064d 0)"
	run --separate-stderr restore verify latest
	[ "$status" -eq 5 ]
	one_line "is not the object that it is called after"
}

@test "the forger's archive is good where what it adds is" {
	one_repository
	agent backup
	forge file terraform/bucket/note
	run --separate-stderr restore verify latest
	echo "$output$stderr"
	[ "$status" -eq 0 ]
}

@test "repositories whose names collide, or reach outside: exit status 2 and the line" {
	config "git: {repositories: [{url: $P/git/helm-charts.git}, {url: https://h/helm-charts.git}]}"
	run --separate-stderr agent backup
	[ "$status" -eq 2 ]
	one_line "backstay.yaml:7:"
	one_line "has the name 'helm-charts' of item 0; give it another"
	for name in ../up /abs a/../b a/.git/b a.git .. .; do
		config "git: {repositories: [{url: $P/git/helm-charts.git, name: '$name'}]}"
		run --separate-stderr agent backup
		echo "$name"
		[ "$status" -eq 2 ]
		one_line "its name is not a name for a repository"
	done
	[ ! -e vault ] && [ ! -e state ]
}

@test "an empty bucket, a prefix under which there is nothing: captured as such, with a warning" {
	curl -sf -X PUT --aws-sigv4 aws:amz:us-east-1:s3 \
	    -H "x-amz-content-sha256: $(sha256sum </dev/null | cut -d' ' -f1)" \
	    --user "$AWS_ACCESS_KEY_ID:$AWS_SECRET_ACCESS_KEY" "$S3_ENDPOINT/nothing-in-it"
	config "terraform: {buckets: [{bucket: nothing-in-it, region: us-east-1, endpoint: $S3_ENDPOINT}]}"
	run --separate-stderr agent backup
	echo "$output$stderr"
	[ "$status" -eq 0 ]
	grep -q "'s3://nothing-in-it/' is empty" <<<"$stderr"
	restore show latest -o json | jq -e '.warnings[] | select(contains("nothing-in-it"))'
	"$top/tests/data/platform/load" s3 "$S3_ENDPOINT" >/dev/null
	config "terraform: {buckets: [{bucket: $bucket, prefixes: [aws/producton/], region: us-east-1, endpoint: $S3_ENDPOINT}]}"
	sleep 1.1
	run --separate-stderr agent backup
	echo "$output$stderr"
	[ "$status" -eq 0 ]
	grep -q "aws/producton/' is empty" <<<"$stderr"
	config "terraform: {buckets: [{bucket: $bucket, include: ['*.tfstat'], allow_empty: true, region: us-east-1, endpoint: $S3_ENDPOINT}]}"
	sleep 1.1
	run --separate-stderr agent backup
	echo "$output$stderr"
	[ "$status" -eq 0 ]
	grep -q "none is captured" <<<"$stderr"
}

@test "a namespace that is not there makes it partial; a pattern that fits none is a warning" {
	config "kubernetes: {clusters: [{name: c, kubeconfig: $P/kube/kubeconfig, namespaces: [staging, nowhere, 'stagin-*']}]}"
	run --separate-stderr agent backup
	echo "$output$stderr"
	[ "$status" -eq 1 ]
	grep -q "missing: c: namespace 'nowhere'" <<<"$stderr"
	grep -q "c: no namespace fits 'stagin-\*'" <<<"$stderr"
}

@test "a state that is empty is kept as it is, with a warning" {
	"$top/tests/data/platform/load" s3 "$S3_ENDPOINT" >/dev/null
	config "terraform: {buckets: [{bucket: $bucket, region: us-east-1, endpoint: $S3_ENDPOINT}]}"
	run --separate-stderr agent backup
	echo "$output$stderr"
	[ "$status" -eq 0 ]
	grep -q "empty.tfstate' is empty: .* kept as it is" <<<"$stderr"
	restore extract latest --to out
	cmp "$top/tests/data/platform/state/aws/staging/empty.tfstate" \
	    "out/terraform/$bucket/aws/staging/empty.tfstate"
}

# A file system of so many KiB at the place.
small_disk() { # DIR KIB
	mkdir -p "$1"
	mount -t tmpfs -o "size=$2k" none "$1" 2>/dev/null || skip "cannot mount"
}

teardown() {
	for d in state vault; do
		! mountpoint -q "$BATS_TEST_TMPDIR/$d" || umount "$BATS_TEST_TMPDIR/$d"
	done
}

@test "no room for the mirrors: named, nothing committed" {
	one_repository
	small_disk state 16
	run --separate-stderr agent backup
	[ "$status" -eq 3 ]
	grep -q 'No space left' <<<"$stderr"
	echo "$stderr"
	[ -z "$(find vault -name "*.tar*" -o -name "*.manifest.json" 2>/dev/null)" ]
}

@test "no room to unpack for a restore: named, and nothing was touched" {
	one_repository
	agent backup
	git -C "$P/git/helm-charts.git" for-each-ref >refs
	rm -rf state
	small_disk state 16
	run --separate-stderr restore apply latest --yes
	[ "$status" -eq 3 ]
	one_line 'No space left'
	git -C "$P/git/helm-charts.git" for-each-ref | diff refs -
}
