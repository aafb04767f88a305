#!/usr/bin/env bats
# A source that gives nothing, or far less than before, without any error: the
# snapshot is partial, names it, and does not take the place of a fuller one.
# shellcheck disable=SC2154 # lib sets $top, bats sets $output and $stderr
bats_require_minimum_version 1.5.0
load lib

setup() {
	cd "$BATS_TEST_TMPDIR" || return
	export BACKSTAY_CONFIG=$PWD/backstay.yaml P=$PWD
	export GIT_AUTHOR_NAME=t GIT_AUTHOR_EMAIL=t@example.org
	export GIT_COMMITTER_NAME=t GIT_COMMITTER_EMAIL=t@example.org
	export GIT_CONFIG_GLOBAL=/dev/null GIT_CONFIG_SYSTEM=/dev/null
	platform_keys
}

teardown() {
	[ ! -d "$BATS_TEST_TMPDIR/s3" ] || "$top/tests/sim/s3" stop "$BATS_TEST_TMPDIR/s3"
	[ ! -d "$BATS_TEST_TMPDIR/kube" ] || "$top/tests/sim/kube" stop "$BATS_TEST_TMPDIR/kube"
}

config() { # YAML
	cat >"$BACKSTAY_CONFIG" <<-E
	name: t
	state_dir: $PWD/state
	vaults: [{name: local, directory: $PWD/vault}]
	$(keys_config)
	retention: {keep_last: 1, keep_min: 1}
	$1
	E
}

backup() { # STATUS [ARGUMENT...]
	run --separate-stderr agent backup "${@:2}"
	echo "$output"
	echo "$stderr"
	[ "$status" -eq "$1" ]
}

missing() { # WHAT TEXT
	local line="missing: $1: $2"
	[[ $output != *"$line"* ]] || { echo "told twice: $line"; return 1; }
	[[ $stderr == *"$line"* ]] || { echo "not logged: $line"; return 1; }
	restore show latest -o json |
	    jq -e --arg what "$1" 'any(.missing[]; .what == $what)' >/dev/null
}

bucket() { # METHOD [KEY]
	PYTHONDONTWRITEBYTECODE=1 PYTHONPATH=$top/tests/data/platform python3 - "$@" <<-'E'
	import os, sys
	from lib.s3 import Client
	method, key = (sys.argv[1:] + [""])[:2]
	body = b'{"version":4,"terraform_version":"1.9.0","serial":1,"lineage":"l","resources":[],"outputs":{}}'
	Client(os.environ["S3_ENDPOINT"], "states").call(method, key, body=body if key and method == "PUT" else b"")
	E
}

with_bucket() { # [MORE]
	config "terraform: {buckets: [{bucket: states, region: default, endpoint: $S3_ENDPOINT, addressing: path${1:+, $1}}]}"
}

start_bucket() { # KEY...
	local key
	"$top/tests/sim/s3" start "$PWD/s3"
	set -a
	# shellcheck disable=SC1091 # written by the server
	. "$PWD/s3/env"
	set +a
	bucket PUT
	for key; do bucket PUT "$key"; done
}

@test "a bucket that was emptied makes the snapshot partial, and the full one stays" {
	start_bucket a.tfstate b.tfstate c.tfstate
	with_bucket
	backup 0
	full=$(restore list -o json | jq -r '.snapshots[-1].label')
	for key in a b c; do bucket DELETE $key.tfstate; done
	for _ in 1 2; do
		sleep 1.1
		backup 1 --prune
		missing "bucket 'states'" "has 0 objects, and had 3 in '$full': 100 % less; if that is as it should be"
	done
	run agent prune
	restore list -o json | jq -e --arg full "$full" 'any(.snapshots[]; .label == $full)'
	[ "$(restore list -o json | jq '[.snapshots[] | select(.status == "complete")] | length')" = 1 ]
	sleep 1.1
	backup 0 --accept-shrink
	[[ $stderr == *"bucket 'states' has 0 objects, and had 3 in '$full'"* ]]
	# From here on it is what there is.
	sleep 1.1
	backup 0
	[[ $stderr != *"less"* ]]
}

@test "allow_empty and shrink say what may be" {
	start_bucket a.tfstate b.tfstate
	with_bucket
	backup 0
	bucket DELETE a.tfstate
	sleep 1.1
	backup 1
	missing "bucket 'states'" "has 1 objects, and had 2 in "
	echo 'shrink: {warn: 40%, partial: 60%}' >>"$BACKSTAY_CONFIG"
	sleep 1.1
	backup 0
	[[ $stderr == *"bucket 'states' has 1 objects, and had 2 in "*": 50 % less"* ]]
	bucket DELETE b.tfstate
	with_bucket 'allow_empty: true'
	sleep 1.1
	backup 0
	[[ $stderr == *"bucket 'states' has 0 objects, and had 1 in "* ]]
	bucket PUT a.tfstate
	sleep 1.1
	backup 0
	bucket DELETE a.tfstate
	with_bucket
	echo 'shrink: none' >>"$BACKSTAY_CONFIG"
	sleep 1.1
	backup 0
	[[ $stderr != *less* ]]
}

@test "a prefix that was mistyped makes the snapshot partial" {
	start_bucket aws/a.tfstate aws/b.tfstate aws/c.tfstate aws/d.tfstate gcp/a.tfstate
	with_bucket 'prefixes: [aws/, gcp/]'
	backup 0
	with_bucket 'prefixes: [aws/, gpc/]'
	sleep 1.1
	backup 1
	missing "prefix 'gpc/' of bucket 'states'" 'is new, and has nothing'
	[[ $stderr == *"prefix 'gcp/' of bucket 'states' is no longer configured; it had 1 objects in "* ]]
	with_bucket 'prefixes: [aws/]'
	sleep 1.1
	backup 0
}

@test "a repository whose branches are gone makes the snapshot partial; one that is configured no longer is named" {
	git init -q -b main one
	git -C one commit -q --allow-empty -m one
	for b in a b c; do git -C one branch $b; done
	git clone -q --bare one other.git
	config "git: {repositories: [{url: $PWD/one, name: one}, {url: $PWD/other.git, name: other}]}"
	backup 0
	git -C one branch -q -D a b c
	config "git: {repositories: [{url: $PWD/one, name: one}]}"
	sleep 1.1
	backup 1
	missing "repository 'one'" "has 1 references, and had 4 in "
	[[ $stderr == *"repository 'other' is no longer configured; it had 4 references in "* ]]
}

@test "a namespace that lost half of its objects makes the snapshot partial, and so does a selector that fits none" {
	at() { # METHOD PATH [JSON]
		kube_call "$PWD/kube/kubeconfig" "$@" >/dev/null
	}
	put() { # NAMESPACE NAME
		at POST "/api/v1/namespaces/$1/configmaps" '{"apiVersion":"v1","kind":"ConfigMap",
		  "metadata":{"name":"'"$2"'","labels":{"app":"shop"}},"data":{"a":"b"}}'
	}
	with_cluster() {
		config "kubernetes: {clusters: [{name: c, kubeconfig: $PWD/kube/kubeconfig, resources: [configmaps]${1:+, $1}}]}"
	}
	"$top/tests/sim/kube" start "$PWD/kube"
	for ns in small large; do
		at POST /api/v1/namespaces '{"apiVersion":"v1","kind":"Namespace","metadata":{"name":"'$ns'"}}'
	done
	for i in 1 2 3 4; do put small s$i; done
	for i in {1..30}; do put large l"$i"; done
	with_cluster 'namespaces: [small, large]'
	backup 0
	restore show latest -o json |
	    jq -e '.sources[0].clusters[0].namespace_objects == {large: 30, small: 4}'
	for i in 1 2; do at DELETE /api/v1/namespaces/small/configmaps/s$i; done
	sleep 1.1
	backup 1
	missing "namespace 'small' of cluster 'c'" "has 2 objects, and had 4 in "
	[[ $output != *"namespace 'large'"* ]]
	with_cluster 'namespaces: [small, large], labels: app=shpo'
	sleep 1.1
	backup 1
	missing "cluster 'c'" 'has 0 objects, and had 34 in '
	with_cluster 'namespaces: [large]'
	sleep 1.1
	backup 0
	[[ $stderr == *"namespace 'small' of cluster 'c' is no longer configured; it had 4 objects in "* ]]
}
