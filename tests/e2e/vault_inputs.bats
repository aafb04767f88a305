#!/usr/bin/env bats
# What is hard to keep comes back out of a vault as it was, costs no other
# snapshot, and puts no secret there; and a restore that was ended half way goes
# on. This file runs on a directory; under the name vault_inputs_s3.bats, on a
# bucket.
# shellcheck disable=SC2154 # lib sets $top, bats sets $stderr
# bats file_tags=slow
bats_require_minimum_version 1.5.0
load lib
load small
load things
load vault_kinds

setup_file() {
	vault_kinds_start
	"$top/tests/sim/s3" start "$P/states" --bucket states --bucket restored
	(
		# shellcheck disable=SC1091 # written by the server
		. "$P/states/env"
		umask 077
		printf %s "$AWS_ACCESS_KEY_ID" >"$P/source-id"
		printf %s "$AWS_SECRET_ACCESS_KEY" >"$P/source-key"
	)
}

teardown_file() {
	"$top/tests/sim/s3" stop "$P/states" || true
	small_stop
}

setup() {
	vault_fresh
	cd "$BATS_TEST_TMPDIR" || return
}

teardown() {
	[ ! -d target ] || kube_server sim stop "$PWD/target"
}

bucket_of_states() { # MEMBER NAME [MORE]
	echo "{$1: $2, endpoint: $(sed -n 's/^S3_ENDPOINT=//p' "$P/states/env"), region: us-east-1," \
	    "addressing: path, access_key_id_file: $P/source-id, secret_access_key_file: $P/source-key${3-}}"
}

config() { # PREFIX-OF-STATES NAMESPACES KUBECONFIG-OF-TARGET
	cat >"$BACKSTAY_CONFIG" <<-X
	name: small
	state_dir: $P/state
	vaults:
	$(vault_entry)
	$(keys_config)
	retention: {keep_last: 10, keep_daily: 30, keep_min: 10}
	kubernetes: {clusters: [{name: production, kubeconfig: $P/kube/kubeconfig, namespaces: [$2]}]}
	terraform: {buckets: [$(bucket_of_states bucket states ", prefixes: [$1]")]}
	restore:
	  targets:
	    clusters: [{from: production, kubeconfig: $3}]
	    buckets: [$(bucket_of_states "from: states, bucket" restored)]
	X
}

states() { # BUCKET put|get KEY
	(
		set -a
		# shellcheck disable=SC1091 # written by the server
		. "$P/states/env"
		"$top/tests/tools/bucket" "$@"
	)
}

statuses() { restore list -o json | jq -r '.snapshots[].status' | sort | uniq -c | xargs; }

@test "what is nested 150 deep, in a cluster or a state, is backed up and restored" {
	things_define
	local things=apis/example.com/v1/namespaces/staging/things
	python3 -c 'print("{\"apiVersion\":\"example.com/v1\",\"kind\":\"Thing\",\"metadata\":{\"name\":\"deep\",\"namespace\":\"staging\"},\"spec\":{\"x\":" + "[" * 150 + "1" + "]" * 150 + "}}")' |
	    kube_post $things
	python3 -c 'print("{\"version\":4,\"serial\":1,\"lineage\":\"l\",\"x\":" + "[" * 130 + "]" * 130 + "}")' |
	    states states put deep/one
	config deep/ staging "$P/kube/kubeconfig"
	agent backup
	[ "$(statuses)" = '1 complete' ]
	restore verify latest
	restore plan latest --same-cluster
	restore apply latest --same-cluster --yes
	cmp <(states restored get deep/one) <(states states get deep/one)
	curl -sf -o /dev/null -X DELETE "$(server_of "$P/kube/kubeconfig")/$things/deep"
	restore apply latest --same-cluster --yes
	[ "$(curl -sf "$(server_of "$P/kube/kubeconfig")/$things/deep" | grep -o '\[' | wc -l)" -ge 150 ]
}

@test "a state with a byte that is not UTF-8 is verified, and costs no snapshot" {
	printf '{"version":4,"serial":1,"lineage":"l","outputs":{"a":{"value":"\xff","type":"string"}},"resources":[]}' |
	    states states put byte/one
	config byte/ staging "$P/kube/kubeconfig"
	for _ in 1 2 3; do
		agent backup >/dev/null
		restore verify latest
		sleep 1.1 # one a second: of more, the label would lie in the future
	done
	agent backup --prune >/dev/null
	[ "$(statuses)" = '4 complete' ]
	[ "$(restore list | grep -c 'good full ')" -eq 3 ]
	[ "$(vault_names | grep -c 'tar.zst.age$')" -eq 4 ]
	restore apply latest --same-cluster --yes --only terraform
	cmp <(states restored get byte/one) <(states states get byte/one)
}

# What the case of planted secrets looks for, in each object of the vault and in
# all that is written beside it.
planted() {
	grep AGE-SECRET-KEY "$P/keys/identity.txt"
	tail -1 "$P/keys/signing.key"
	tail -1 "$P/keys/record.key"
	cat "$P/source-key" && echo
	! in_bucket || echo "$AWS_SECRET_ACCESS_KEY"
	# Of a Secret that is captured: it is in the archive, which is sealed.
	echo PLANTED-IN-A-SECRET
}

@test "no secret is in an object of the vault, a log or the state directory, and a new key is no one else's" {
	jq -n '{apiVersion: "v1", kind: "Secret", metadata: {name: "planted", namespace: "staging"},
	    stringData: {password: "PLANTED-IN-A-SECRET"}}' | kube_post api/v1/namespaces/staging/secrets
	states states put secret/one <<<'{"version":4,"serial":1,"lineage":"l"}'
	config secret/ staging "$P/kube/kubeconfig"
	umask 000
	agent backup -v >log-backup 2>&1
	restore verify latest -v >log-verify 2>&1
	restore apply latest --same-cluster --yes -v >log-apply 2>&1
	mkdir objects
	local name text found=0
	for name in $(vault_names); do vault_get "$name" >"objects/$name"; done
	[ "$(find objects -type f | wc -l)" -ge 4 ]
	planted >words
	[ "$(wc -l <words)" -eq "$(in_bucket && echo 6 || echo 5)" ]
	while read -r text; do
		[ "${#text}" -ge 16 ]
		! grep -rlF -- "$text" objects log-* "$P/state" || found=1
		! grep -rlF -- "$(printf %s "$text" | base64 -w0)" objects log-* "$P/state" || found=1
	done <words
	[ "$found" -eq 0 ]
	[ -z "$(find "$P/state" -perm /077 ! -type l)" ]
	in_bucket || [ -z "$(find "$P/vault" -type f -perm /022)" ]
	# What others have prepared where keys are made gets nothing of them.
	mkdir keys
	: >keys/identity.txt.tmp
	chmod 666 keys/identity.txt.tmp
	ln -s "$PWD/stolen" keys/signing.key.tmp
	restore keygen --to keys >/dev/null
	[ "$(stat -c '%a %F' keys/*.{txt,key,pub} | sort -u)" = '600 regular file' ]
	[ ! -s keys/identity.txt.tmp ]
	[ ! -e stolen ]
}

# All of that resource in staging that a restore makes, as name and uid.
made() { # RESOURCE
	curl -sf "$(server_of target/kubeconfig)/$1" |
	    jq -c '[.items[].metadata | select(.name != "kube-root-ca.crt") | [.name, .uid]] | sort'
}

is_held() { curl -sf "$(server_of target/kubeconfig)/_sim/faults" | jq -e 'any(.[]; .fired > 0)' >/dev/null; }

@test "an apply that was killed and whose objects were deleted meanwhile makes them anew" {
	kube_server sim start "$PWD/target"
	states states put resume/one <<<'{"version":4,"serial":1,"lineage":"l"}'
	config resume/ staging "$PWD/target/kubeconfig"
	agent backup >/dev/null
	local url staging=api/v1/namespaces/staging pid lost
	url=$(server_of target/kubeconfig)
	curl -sf -o /dev/null -X POST "$url/_sim/faults" -d '[{"method": "POST", "path": "deployments", "kind": "hold"}]'
	"$BACKSTAY_BUILD/backstay-restore" apply latest --yes >out 2>err 3>&- &
	pid=$!
	await is_held || { cat err; return 1; }
	kill -KILL "$pid"
	wait "$pid" || true
	curl -sf -o /dev/null -X DELETE "$url/_sim/faults"
	for resource in configmaps secrets; do
		made $staging/$resource >"before-$resource"
		lost=$(jq -r '.[0][0]' "before-$resource")
		curl -sf -o /dev/null -X DELETE "$url/$staging/$resource/$lost"
	done
	restore apply latest --yes --resume
	for resource in configmaps secrets; do
		made $staging/$resource >"after-$resource"
		# None is missing, and none but the lost one was made again.
		[ "$(jq -n --slurpfile a "before-$resource" --slurpfile b "after-$resource" \
		    '[$a[0][][0]] - [$b[0][][0]] | length')" -eq 0 ]
		[ "$(jq -n --slurpfile a "before-$resource" --slurpfile b "after-$resource" '$a[0] - $b[0] | length')" -eq 1 ]
	done
	cmp <(states restored get resume/one) <(states states get resume/one)
	# Once more, and nothing is left to do.
	restore apply latest --yes --resume
	made $staging/secrets | diff - after-secrets
}
