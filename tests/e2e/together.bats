#!/usr/bin/env bats
# Parts of a snapshot that would become one in the target: nothing is lost
# without a word, and nothing is said to be restored that is another's.
# shellcheck disable=SC2154 # lib sets $top, bats sets $stderr
bats_require_minimum_version 1.5.0
load lib

setup() {
	cd "$BATS_TEST_TMPDIR" || return
	export BACKSTAY_CONFIG=$PWD/backstay.yaml
	export GIT_AUTHOR_NAME=t GIT_AUTHOR_EMAIL=t@example.org
	export GIT_COMMITTER_NAME=t GIT_COMMITTER_EMAIL=t@example.org
	export GIT_CONFIG_GLOBAL=/dev/null GIT_CONFIG_SYSTEM=/dev/null
}

teardown() {
	local d
	[ ! -d "$BATS_TEST_TMPDIR/s3" ] || "$top/tests/sim/s3" stop "$BATS_TEST_TMPDIR/s3"
	for d in a b target; do
		d=$BATS_TEST_TMPDIR/$d
		[ ! -d "$d" ] || "$top/tests/sim/kube" stop "$d"
	done
}

config() { # YAML of sources and targets
	cat >"$BACKSTAY_CONFIG" <<-E
	name: t
	state_dir: $PWD/state
	vaults: [{name: local, directory: $PWD/vault}]
	encryption: none
	signing: none
	$1
	E
}

refused() { # TEXT
	for command in "plan latest" "apply latest --yes"; do
		# shellcheck disable=SC2086
		run --separate-stderr restore $command
		echo "$status: $stderr"
		[ "$status" -eq 2 ]
		[[ $stderr == *"$1"* ]]
	done
}

@test "two repositories to one place are refused before anything is written" {
	for r in a b; do
		git init -q -b "$r" "work-$r"
		git -C "work-$r" commit -q --allow-empty -m "$r"
		git clone -q --mirror "work-$r" "$r.git"
	done
	config "git: {repositories: [{url: $PWD/a.git}, {url: $PWD/b.git}]}
restore: {targets: {repositories: {$PWD/a.git: $PWD/to.git, $PWD/b.git: $PWD/to}}}"
	agent backup
	refused "repository a and repository b would both go to"
	[ ! -e to.git ] && [ ! -e to ]
	restore apply latest --yes --only git:b
	[ "$(git -C to for-each-ref --format '%(refname)')" = refs/heads/b ]
}

@test "two states to one key are refused before anything is written" {
	"$top/tests/sim/s3" start "$PWD/s3"
	set -a
	# shellcheck disable=SC1091 # written by the server
	. "$PWD/s3/env"
	set +a
	s3() { # BUCKET METHOD [KEY [BODY]]
		PYTHONDONTWRITEBYTECODE=1 PYTHONPATH=$top/tests/data/platform BUCKET=$1 \
		    python3 - "${@:2}" <<-'E'
		import os, sys
		from lib.s3 import Client
		method, key, body = (sys.argv[1:] + ["", ""])[:3]
		print(Client(os.environ["S3_ENDPOINT"]).call(method, key, body=body.encode())[1].decode())
		E
	}
	for b in first second target; do s3 $b PUT; done
	s3 first PUT x.txt 'from the first'
	s3 second PUT x.txt 'from the second'
	bucket() { echo "$1, region: default, endpoint: $S3_ENDPOINT, addressing: path"; }
	config "terraform: {buckets: [{$(bucket 'bucket: first')}, {$(bucket 'bucket: second')}]}
restore: {targets: {buckets: [{$(bucket 'from: first, bucket: target')}, {$(bucket 'from: second, bucket: target')}]}}"
	agent backup
	refused "state first/x.txt and state second/x.txt would both go to"
	run s3 target GET x.txt
	[[ $output == *NoSuchKey* ]]
	sed -i 's|from: second, |&to_prefix: second/, |' "$BACKSTAY_CONFIG"
	restore apply latest --yes
	[ "$(s3 target GET x.txt)" = 'from the first' ]
	[ "$(s3 target GET second/x.txt)" = 'from the second' ]
}

clusters() { # NAME...
	local pids=() c
	for c; do "$top/tests/sim/kube" start "$PWD/$c" & pids+=($!); done
	wait "${pids[@]}"
}

at() { # CLUSTER METHOD PATH [JSON]
	kube_call "$PWD/$1/kubeconfig" "${@:2}"
}

@test "two clusters to one: what is the same is made once, what differs is named, nothing is pruned" {
	clusters a b target
	for c in a b; do
		at "$c" POST /api/v1/namespaces '{"apiVersion":"v1","kind":"Namespace","metadata":{"name":"shop"}}'
		for name in same other "only-$c"; do
			at "$c" POST /api/v1/namespaces/shop/configmaps '{"apiVersion":"v1","kind":"ConfigMap",
			  "metadata":{"name":"'$name'"},"data":{"from":"'"${name/#other/$c}"'"}}'
		done
	done >/dev/null
	config "kubernetes: {clusters: [{name: a, kubeconfig: $PWD/a/kubeconfig, namespaces: [shop]},
  {name: b, kubeconfig: $PWD/b/kubeconfig, namespaces: [shop]}]}
restore: {targets: {clusters: [{from: a, kubeconfig: $PWD/target/kubeconfig},
  {from: b, kubeconfig: $PWD/target/kubeconfig}]}}"
	agent backup
	run --separate-stderr restore apply latest --yes --prune --prune-namespace shop --prune-kind ConfigMap
	[ "$status" -eq 2 ]
	[[ $stderr == *"clusters 'a' and 'b' of the snapshot go to the same target"* ]]
	run --separate-stderr restore apply latest --yes -o json
	jq -c '.items[]' <<<"$output"
	[ "$status" -eq 1 ]
	outcome() { jq -r --arg what "$1" '.items[] | select(.what == $what) | .outcome' <<<"$output"; }
	[ "$(outcome 'ConfigMap shop/same (a)')" = created ]
	[ "$(outcome 'ConfigMap shop/same (b)')" = skipped ]
	[ "$(outcome 'ConfigMap shop/other (a)')" = created ]
	[ "$(outcome 'ConfigMap shop/other (b)')" = failed ]
	[ "$(outcome 'ConfigMap shop/only-b (b)')" = created ]
	jq -e '.items[] | select(.outcome == "failed") | .detail |
	    startswith("cluster '\''a'\'' of the snapshot has another one of this name")' <<<"$output"
	[ "$(at target GET /api/v1/namespaces/shop/configmaps/other | jq -r .data.from)" = a ]
	at target GET /api/v1/namespaces/shop/configmaps/only-b
	# The marker of the restore is the target's, and there once.
	[ "$(at target GET /api/v1/namespaces/kube-system/configmaps/backstay-restored | jq -r .data.state)" = restoring ]
}

@test "one cluster of two is restored while the other is gone" {
	clusters a b target
	for c in a b; do
		for ns in shop other; do
			at "$c" POST /api/v1/namespaces '{"apiVersion":"v1","kind":"Namespace","metadata":{"name":"'$ns'"}}'
			at "$c" POST "/api/v1/namespaces/$ns/configmaps" '{"apiVersion":"v1","kind":"ConfigMap",
			  "metadata":{"name":"of-'$c'"}}'
		done
	done >/dev/null
	config "kubernetes: {clusters: [{name: a, kubeconfig: $PWD/a/kubeconfig, namespaces: [shop, other]},
  {name: b, kubeconfig: $PWD/b/kubeconfig, namespaces: [shop, other]}]}"
	agent backup
	"$top/tests/sim/kube" stop "$PWD/b"
	# The one has a target, the other one that is away, or none at all.
	for b in "{name: b, kubeconfig: $PWD/gone, namespaces: [shop]}" ''; do
		config "kubernetes: {clusters: [{name: a, kubeconfig: $PWD/target/kubeconfig, namespaces: [shop]}, $b]}"
		cp a/kubeconfig gone
		sed -i 's|server: .*|server: http://127.0.0.1:1|' gone
		run --separate-stderr restore plan latest
		echo "$stderr"
		[ "$status" -eq 2 ] || [ "$status" -eq 3 ]
		[ -n "$b" ] || [[ $stderr == *"cluster 'b' of the snapshot has no target; "*"--only kubernetes:CLUSTER/"* ]]
		planned() { # OPTION...
			restore plan latest -o json "$@" | jq -r '.nodes[] | select(.kind == "ConfigMap") | .namespace + "/" + .name' | xargs
		}
		[ "$(planned --only kubernetes:a/)" = 'other/of-a shop/of-a' ]
		[ "$(planned --only kubernetes:a/shop)" = shop/of-a ]
		run -3 --separate-stderr restore plan latest --only kubernetes:c/shop
		echo "$stderr"
		[[ $stderr == *"there is no such thing in '"*"it has kubernetes:a/, kubernetes:other, kubernetes:shop, kubernetes:b/" ]]
	done
	restore apply latest --yes --hold --only kubernetes:a/
	restore release latest
	at target GET /api/v1/namespaces/other/configmaps/of-a
	run ! at target GET /api/v1/namespaces/other/configmaps/of-b
}
