#!/usr/bin/env bats
# What the commands of backstay-restore say and refuse, on a small platform: a
# cluster on the simulated API server, a bucket on the simulated S3, one
# repository in a directory.
# shellcheck disable=SC2154,SC2030,SC2031 # lib sets $top, bats runs each test apart
# bats file_tags=slow
bats_require_minimum_version 1.5.0
load lib

setup_file() {
	export P=$BATS_FILE_TMPDIR/p KUBE=sim
	mkdir -p "$P"
	kube_server sim start "$P/kube"
	"$top/tests/sim/s3" start "$P/s3"
	"$top/tests/servers/dynamodb" start "$P/dynamodb" --table locks
	platform_keys
	small_env
	"$top/tests/data/platform/load" git "$P/git" >/dev/null
	"$top/tests/data/platform/load" kube "$P/kube/kubeconfig" >/dev/null
	"$top/tests/data/platform/load" s3 "$S3_ENDPOINT" >/dev/null
	config >"$P/backstay.yaml"
	agent --config "$P/backstay.yaml" backup
	config | sed 's/namespaces: \[/namespaces: [nowhere, /; s#directory: .*}#directory: '"$P"'/partial}#' \
	    >"$P/partial.yaml"
	run agent --config "$P/partial.yaml" backup
}

teardown_file() {
	kube_server sim stop "$P/kube"
	"$top/tests/sim/s3" stop "$P/s3"
	"$top/tests/servers/dynamodb" stop "$P/dynamodb"
}

small_env() {
	set -a
	# shellcheck disable=SC1091 # written by the servers
	. "$P/dynamodb/env"
	# shellcheck disable=SC1091
	. "$P/s3/env"
	set +a
}

setup() {
	small_env
	export BACKSTAY_CONFIG=$P/backstay.yaml
	config >"$BACKSTAY_CONFIG"
}

config() {
	cat <<-E
	name: platform
	state_dir: $P/state
	vaults:
	  - {name: local, directory: $P/vault}
	$(keys_config)
	git:
	  repositories:
	    - url: $P/git/helm-charts.git
	kubernetes:
	  clusters:
	    - name: production
	      kubeconfig: $P/kube/kubeconfig
	      namespaces: [staging]
	terraform:
	  buckets:
	    - bucket: $bucket
	      region: ${AWS_REGION:-us-east-1}
	      endpoint: $S3_ENDPOINT
	      addressing: path
	      dynamodb_endpoint: $DYNAMODB_ENDPOINT
	      dynamodb_table: locks
	E
}

wipe_state() { "$top/tests/data/platform/wipe" s3 "$S3_ENDPOINT" >/dev/null; }
dump_state() { "$top/tests/data/platform/dump" s3 "$S3_ENDPOINT" | sed '/\.tflock /d'; }

json() { # FILTER
	jq -r "$1" <<<"$output"
}

verdict() { restore list -o json | jq -r '.snapshots[-1].verified | "\(.level) \(.good)"'; }

@test "--only terraform restores the state and nothing else" {
	dump_state >"$BATS_TEST_TMPDIR/before"
	wipe_state
	run --separate-stderr restore apply latest --yes --only "terraform:$bucket" -o json
	echo "$output$stderr"
	[ "$status" -eq 0 ]
	[ "$(json '[.items[].kind] | unique | join(" ")')" = terraform ]
	dump_state >"$BATS_TEST_TMPDIR/after"
	diff "$BATS_TEST_TMPDIR/before" "$BATS_TEST_TMPDIR/after"
}

@test "--only git restores the repository and nothing else" {
	git -C "$P/git/helm-charts.git" show-ref >"$BATS_TEST_TMPDIR/before"
	rm -rf "$P/git/helm-charts.git"
	git init -q --bare -b main "$P/git/helm-charts.git"
	run --separate-stderr restore apply latest --yes --only git:helm-charts -o json
	echo "$output$stderr"
	[ "$status" -eq 0 ]
	[ "$(json '.items | length')" -eq 1 ]
	git -C "$P/git/helm-charts.git" show-ref | diff "$BATS_TEST_TMPDIR/before" -
}

@test "--only that names nothing of the snapshot is refused" {
	for only in git:nope terraform:nope kubernetes:nope; do
		run --separate-stderr restore apply latest --yes --only "$only" --same-cluster
		echo "$only: $status: $stderr"
		[ "$status" -eq 3 ]
		grep -q -- "--only $only: there is no such thing" <<<"$stderr"
	done
	grep -q 'it has kubernetes:production/, kubernetes:staging$' <<<"$stderr"
	run --separate-stderr restore plan latest --only git:nope --offline
	grep -q 'it has git:helm-charts$' <<<"$stderr"
	# Not even the half of a name.
	for state in aws/staging aws/staging/vpc aws/nope/; do
		run --separate-stderr restore plan latest --only "terraform:$bucket/$state"
		echo "$status: $stderr"
		[ "$status" -eq 3 ]
		grep -q "plan --only terraform:$bucket. lists the states" <<<"$stderr"
	done
}

@test "--only of a kind that the snapshot has nothing of is refused" {
	sed '/^git:/,/^kubernetes:/{/^kubernetes:/!d}; s#directory: .*}#directory: '"$P"'/no-git}#' \
	    "$BACKSTAY_CONFIG" >"$P/no-git.yaml"
	agent --config "$P/no-git.yaml" backup
	for command in "plan latest" "apply latest --yes"; do
		# shellcheck disable=SC2086
		run --separate-stderr restore --config "$P/no-git.yaml" $command \
		    --only terraform --only git
		echo "$command: $status: $output$stderr"
		[ "$status" -eq 3 ]
		[ -z "$output" ]
		grep -q -- '--only git: .* holds nothing of that kind' <<<"$stderr"
	done
	restore --config "$P/no-git.yaml" plan latest --only terraform
}

@test "--only of one state, or of those below a prefix" {
	planned() {
		restore plan latest --only "terraform:$bucket/$1" -o json | jq -r '.nodes[].name'
	}
	[ "$(planned aws/staging/vpc.tfstate)" = "$bucket/aws/staging/vpc.tfstate" ]
	[ "$(planned aws/staging/)" = "$bucket/aws/staging/empty.tfstate
$bucket/aws/staging/vpc.tfstate" ]
	wipe_state
	restore apply latest --yes --only "terraform:$bucket/aws/production/vpc.tfstate"
	[ "$(dump_state | wc -l)" -eq 1 ]
	dump_state | grep -q '^aws/production/vpc.tfstate '
	restore apply latest --yes --only terraform
}

@test "--only of a namespace brings definitions that are gone, and leaves those that are there alone" {
	kube_server sim start "$P/empty"
	sed -i "s#kubeconfig: .*#kubeconfig: $P/empty/kubeconfig#" "$BACKSTAY_CONFIG"
	definitions() {
		kubectl --kubeconfig "$P/empty/kubeconfig" get crd -o json |
		    jq -r '.items[] | "\(.metadata.name) \(.metadata.resourceVersion)"' | sort
	}
	run --separate-stderr restore apply latest --yes --only kubernetes:staging -o json
	echo "$status: $output$stderr"
	[ "$status" -eq 0 ]
	definitions >"$BATS_TEST_TMPDIR/first"
	run --separate-stderr restore apply latest --yes --only kubernetes:staging --resume -o json
	[ "$status" -eq 0 ]
	for existing in update recreate; do
		run --separate-stderr restore apply latest --yes --only kubernetes:staging --existing "$existing" -o json
		echo "$existing: $status: $output$stderr"
		[ "$status" -eq 0 ]
		[ "$(json '[.items[] | select(.kind | startswith("CustomResourceDefinition")) | .outcome] | unique | join(" ")')" = skipped ]
	done
	definitions >"$BATS_TEST_TMPDIR/then"
	# Nor need they be seen, by who may write within that namespace alone.
	(
		# shellcheck disable=SC1091 # written by the server
		. "$P/empty/env"
		curl -fsS "$KUBE_SIM_URL/faults" >/dev/null -d '{"kind":"reply","path":"/customresourcedefinitions",
		    "status":403,"body":{"kind":"Status","apiVersion":"v1","status":"Failure","reason":"Forbidden","code":403}}'
	)
	run --separate-stderr restore apply latest --yes --only kubernetes:staging --existing update
	kube_server sim stop "$P/empty"
	echo "$status: $output$stderr"
	[ "$status" -eq 0 ]
	[[ $stderr != *customresourcedefinitions* ]]
	# Those of its kinds, and no others.
	grep -q '^helmreleases.helm.toolkit.fluxcd.io ' "$BATS_TEST_TMPDIR/first"
	run grep -E 'kustomizations|applications' "$BATS_TEST_TMPDIR/first"
	[ "$status" -eq 1 ]
	diff "$BATS_TEST_TMPDIR/first" "$BATS_TEST_TMPDIR/then"
}

@test "--resume against another cluster is refused: nothing of it is there" {
	run --separate-stderr restore apply latest --yes --only kubernetes --same-cluster
	echo "$status: $stderr"
	[ "$status" -eq 0 ]
	kube_server sim start "$P/other"
	sed -i "s#kubeconfig: .*#kubeconfig: $P/other/kubeconfig#" "$BACKSTAY_CONFIG"
	run --separate-stderr restore apply latest --yes --only kubernetes --resume
	kube_server sim stop "$P/other"
	echo "$status: $output$stderr"
	[ "$status" -eq 2 ]
	grep -q 'another cluster' <<<"$stderr"
}

@test "a journal that was damaged is not gone on with, and it is said what to do" {
	restore apply latest --yes --only git --overwrite-refs
	journal=$(echo "$P"/state/journal/*.journal)
	cp "$journal" "$P/whole"
	while read -r line; do
		cp "$P/whole" "$journal"
		echo "$line" >>"$journal"
		for resume in '' --resume; do
			# shellcheck disable=SC2086
			run --separate-stderr restore apply latest --yes --only git --overwrite-refs $resume
			echo "$line: $status: $stderr"
			[ "$status" -eq 3 ]
			grep -q 'does not read.*move the file away' <<<"$stderr"
		done
	done <<-'E'
	half a li
	{"n":0,"pause":{"cluster":"c","path":"/p","pointer":"none","what":"w"}}
	E
	cp "$P/whole" "$journal"
	restore apply latest --yes --only git --overwrite-refs --resume
}

@test "--offline plans all of it without asking the cluster" {
	sed "s#server: .*#server: https://127.0.0.1:1#" "$P/kube/kubeconfig" >"$P/unreachable"
	sed -i "s#kubeconfig: .*#kubeconfig: $P/unreachable#" "$BACKSTAY_CONFIG"
	run --separate-stderr restore plan latest
	[ "$status" -ne 0 ]
	run --separate-stderr restore plan latest --offline -o json
	echo "$stderr"
	[ "$status" -eq 0 ]
	for kind in git: terraform: kubernetes:; do
		[ "$(json "[.nodes[].key | select(startswith(\"$kind\"))] | length")" -gt 0 ]
	done
}

@test "a lock table that is not there is said, and the states go back" {
	wipe_state
	sed -i 's/dynamodb_table: .*/dynamodb_table: nowhere/' "$BACKSTAY_CONFIG"
	run --separate-stderr restore apply latest --yes --only terraform -o json
	echo "$output$stderr"
	[ "$status" -eq 0 ]
	[ "$(json '[.items[].notes[] | select(contains("nowhere"))] | length')" -eq 1 ]
}

@test "a lock table that cannot be asked fails the states rather than leave stale digests" {
	wipe_state
	sed -i 's#dynamodb_endpoint: .*#dynamodb_endpoint: http://127.0.0.1:1#' "$BACKSTAY_CONFIG"
	run --separate-stderr restore apply latest --yes --only terraform -o json
	echo "$output$stderr"
	[ "$status" -eq 1 ]
	[ "$(json '.items | length')" -gt 0 ]
	[ "$(json '[.items[] | select(.outcome != "failed" and .outcome != "held")] | length')" -eq 0 ]
	config >"$BACKSTAY_CONFIG"
	restore apply latest --yes --only terraform
}

@test "a kind to prune that is written as kubectl takes it names the kind" {
	for pair in cm:ConfigMap deploy:Deployment.apps deployments.apps:Deployment.apps secret:Secret; do
		run --separate-stderr restore plan latest --same-cluster --only kubernetes:staging --prune \
		    --prune-namespace staging --prune-kind "${pair%:*}"
		echo "$status: $stderr"
		[ "$status" -eq 2 ]
		grep -q "did you mean '${pair#*:}'?" <<<"$stderr"
	done
}

@test "what went away since the plan is made, and what comes and goes is failed" {
	# shellcheck disable=SC1091 # written by the server
	. "$P/kube/env"
	went_away() { # TIMES
		curl -fsS -X DELETE "$KUBE_SIM_URL/faults" >/dev/null
		curl -fsS "$KUBE_SIM_URL/faults" >/dev/null -d '{"kind":"reply","method":"GET",
		    "path":"/configmaps/backend-config$","count":'"$1"',"status":404,
		    "body":{"kind":"Status","apiVersion":"v1","status":"Failure","reason":"NotFound","code":404}}'
		run --separate-stderr restore apply latest --yes --only kubernetes:staging --same-cluster \
		    --existing recreate -o json
		curl -fsS -X DELETE "$KUBE_SIM_URL/faults" >/dev/null
		echo "$1: $status: $output$stderr"
	}
	restore apply latest --yes --only kubernetes:staging --same-cluster
	went_away 1
	[ "$status" -eq 0 ]
	went_away 2
	[ "$status" -eq 1 ]
	json '.items[] | select(.outcome == "failed") | "\(.what): \(.detail)"' |
	    grep -q '^ConfigMap staging/backend-config: it was deleted while it was being compared'
}

@test "a bucket, a cluster that nobody named: refused, or failed by name" {
	sed -i '/^terraform:/,$d' "$BACKSTAY_CONFIG"
	run --separate-stderr restore apply latest --yes --only terraform -o json
	echo "$output$stderr"
	[ "$status" -eq 1 ]
	[ "$(json '[.items[].detail | select(contains("restore.targets.buckets"))] | length')" -gt 0 ]
	# Without --only it would be the journal of another plan.
	json .next | grep -q -- "--resume', with the other options of this run"
	run --separate-stderr restore plan latest --only terraform
	echo "$output$stderr"
	[ "$status" -eq 1 ]
	grep -q 'CANNOT .*restore.targets.buckets' <<<"$output"
	config | sed 's/name: production/name: other/' >"$BACKSTAY_CONFIG"
	run --separate-stderr restore apply latest --yes
	echo "$stderr"
	[ "$status" -eq 2 ]
	grep -q "cluster 'production'.*restore.targets.clusters" <<<"$stderr"
}

@test "of a bucket of which a prefix goes elsewhere, the rest goes back" {
	cat >>"$BACKSTAY_CONFIG" <<-E
	restore:
	  targets:
	    buckets:
	      - {from: $bucket, from_prefix: aws/, bucket: $bucket, to_prefix: standby/, endpoint: $S3_ENDPOINT, region: us-east-1, addressing: path}
	E
	run --separate-stderr restore plan latest --only terraform
	echo "$output$stderr"
	[ "$status" -eq 0 ]
	grep -q "^to: bucket $bucket, below 'aws/': .*, below 'standby/'$" <<<"$output"
	grep -q "^to: bucket $bucket: s3://$bucket" <<<"$output"
	wipe_state
	restore apply latest --yes --only terraform
	dump_state >"$BATS_TEST_TMPDIR/after"
	wipe_state
	config >"$BACKSTAY_CONFIG"
	restore apply latest --yes --only terraform
	grep -q '^standby/' "$BATS_TEST_TMPDIR/after"
	grep -q '^gcp/' "$BATS_TEST_TMPDIR/after"
	run grep '^aws/' "$BATS_TEST_TMPDIR/after"
	[ "$status" -eq 1 ]
}

@test "a partial snapshot says so, and what is missing, before it is applied" {
	run --separate-stderr restore --config "$P/partial.yaml" plan latest --offline
	echo "$stderr"
	[ "$status" -eq 0 ]
	grep -q 'is partial: .* will not come back$' <<<"$stderr"
	grep -q nowhere <<<"$stderr"
	# After a disaster the latest one may be of what was left.
	cp -a "$P/vault" "$BATS_TEST_TMPDIR/vault"
	sed "s#directory: .*}#directory: $BATS_TEST_TMPDIR/vault}#" "$P/partial.yaml" >"$BATS_TEST_TMPDIR/both.yaml"
	whole=$(restore --config "$BATS_TEST_TMPDIR/both.yaml" list -o json | jq -r '.snapshots[-1].label')
	run agent --config "$BATS_TEST_TMPDIR/both.yaml" backup
	run --separate-stderr restore --config "$BATS_TEST_TMPDIR/both.yaml" plan latest --offline
	echo "$stderr"
	grep -q "is partial: .*; the newest complete one is '$whole'$" <<<"$stderr"
	run --separate-stderr restore plan latest --offline
	[ "$status" -eq 0 ]
	run grep -c 'is partial' <<<"$stderr"
	[ "$output" = 0 ]
}

@test "without --yes and a terminal, apply writes nothing and names the option" {
	run --separate-stderr restore apply latest </dev/null
	[ "$status" -eq 2 ]
	grep -q -- --yes <<<"$stderr"
}

@test "options that contradict each other, or are no such thing: exit status 2" {
	while read -r options; do
		# shellcheck disable=SC2086
		run --separate-stderr restore $options
		echo "$options: $status: $stderr"
		[ "$status" -eq 2 ]
		[ "$(grep -c "error " <<<"$stderr")" -eq 1 ]
	done <<-E
	plan latest --server --offline
	plan latest --only everything
	plan latest --only git:
	plan latest --existing overwrite
	plan latest --prune-kind Secret
	plan latest --prune --prune-kind Secret
	verify latest --quick --sample 10%
	verify latest --sample 0
	verify latest --sample 101%
	verify latest --sample some
	extract latest
	copy latest
	copy latest --to nowhere
	show latest --vault nowhere
	E
}

@test "verify counts what it looked into" {
	run --separate-stderr restore verify latest -o json
	echo "$output$stderr"
	[ "$status" -eq 0 ]
	[ "$(json .repositories)" -eq 1 ]
	[ "$(json .git_objects)" -gt 0 ]
	[ "$(json .states)" -gt 0 ]
	[ "$(json .objects)" -gt 0 ]
	all=$(json .objects)
	run --separate-stderr restore verify latest --sample 10% -o json
	[ "$status" -eq 0 ]
	[ "$(json .objects)" -lt "$all" ]
}

@test "a key of ours that does not read is not a finding about the snapshot" {
	sleep 1.1 # the newest record counts, by the second
	restore verify latest
	[ "$(verdict)" = "full true" ]
	sleep 1.1
	echo 'no key' >"$P/keys/broken"
	sed -i "s#identity_files: .*#identity_files: [$P/keys/broken]#" "$BACKSTAY_CONFIG"
	run --separate-stderr restore verify latest
	echo "$stderr"
	[ "$status" -ne 0 ]
	[ "$status" -ne 5 ]
	[ "$(verdict)" = "full true" ]
	config >"$BACKSTAY_CONFIG"
	age-keygen 2>/dev/null >"$P/keys/other"
	sed -i "s#identity_files: .*#identity_files: [$P/keys/other]#" "$BACKSTAY_CONFIG"
	run --separate-stderr restore verify latest
	echo "$stderr"
	[ "$status" -ne 0 ]
	[ "$status" -ne 5 ]
	[ "$(verdict)" = "full true" ]
}

@test "public keys that are not the writer's are not a finding that prune counts; a damaged archive is one" {
	sleep 1.1 # the newest record counts, by the second
	restore verify latest
	restore keygen --to "$BATS_TEST_TMPDIR/other" >/dev/null
	sed -i "/secret_key_file/d; s#public_key_files: .*#public_key_files: [$BATS_TEST_TMPDIR/other/signing.pub]#" \
	    "$BACKSTAY_CONFIG"
	for quick in '' --quick; do
		sleep 1.1
		# shellcheck disable=SC2086
		run --separate-stderr restore verify latest $quick
		echo "$stderr"
		[ "$status" -eq 5 ]
		# Of a manifest that does not hold, no record says anything.
		[ "$(verdict)" = "null null" ]
	done
	config >"$BACKSTAY_CONFIG"
	[ "$(verdict)" = "full true" ]
	cp -a "$P/vault" "$BATS_TEST_TMPDIR/vault"
	sed -i "s#directory: $P/vault#directory: $BATS_TEST_TMPDIR/vault#" "$BACKSTAY_CONFIG"
	flip_bit "$(echo "$BATS_TEST_TMPDIR"/vault/*.age)" 5000
	sleep 1.1
	run --separate-stderr restore verify latest --quick
	[ "$status" -eq 5 ]
	[ "$(verdict)" = "quick false" ]
}

@test "a vault that cannot be written is verified all the same, with a warning" {
	[ "$(id -u)" -ne 0 ] || ! command -v chattr >/dev/null || chattr +i "$P/vault" 2>/dev/null ||
	    skip "root may write everywhere"
	[ "$(id -u)" -eq 0 ] || chmod 500 "$P/vault"
	touch "$P/vault/x" 2>/dev/null && skip "root may write everywhere"
	run --separate-stderr restore verify latest --quick
	chattr -i "$P/vault" 2>/dev/null || chmod 700 "$P/vault"
	echo "$stderr"
	[ "$status" -eq 0 ]
	grep -q 'could not be recorded' <<<"$stderr"
}

@test "--prune deletes nothing that the snapshot was taken without" {
	both() { config | sed "s/namespaces: .*/namespaces: [staging, production]/; s#directory: .*}#directory: $P/$1}#"; }
	both both >"$BACKSTAY_CONFIG"
	agent backup
	live() { # METHOD NAMESPACE/configmaps[/NAME] [JSON]
		kube_call "$P/kube/kubeconfig" "$1" "/api/v1/namespaces/$2" "${@:3}" >/dev/null
	}
	map() { # NAMESPACE NAME ANNOTATION
		live POST "$1/configmaps" "{\"apiVersion\": \"v1\", \"kind\": \"ConfigMap\",
		    \"metadata\": {\"name\": \"$2\", \"annotations\": {\"$3\": \"true\"}}}"
	}
	map staging stray a
	map production stray a
	map staging private backstay.io/exclude
	doomed() {
		run --separate-stderr restore plan latest --same-cluster --prune -o json \
		    --prune-namespace staging --prune-namespace production "$@"
		echo "$status: $output$stderr"
		[ "$status" -eq 0 ]
		doomed=$(json '[.prune[] | "\(.kind):\(.namespace)/\(.name)"] | sort | join(" ")')
	}
	doomed --prune-kind '*'
	[ "$doomed" = 'ConfigMap:production/stray ConfigMap:staging/stray' ]
	doomed --prune-kind ConfigMap --only kubernetes:staging
	[ "$doomed" = ConfigMap:staging/stray ]
	json '.warnings[]' | grep -q '^prune: production is left alone'
	export BACKSTAY_CONFIG=$P/backstay2.yaml
	both kindless | sed '/namespaces:/a\      exclude_resources: [secrets]' >"$BACKSTAY_CONFIG"
	agent backup
	doomed --prune-kind Secret
	[ -z "$doomed" ]
	json '.warnings[]' | grep -q '^prune: Secret is left alone'
	both labelled | sed '/namespaces:/a\      labels: app=frontend' >"$BACKSTAY_CONFIG"
	agent backup
	doomed --prune-kind ConfigMap
	[ -z "$doomed" ]
	live DELETE staging/configmaps/stray
	live DELETE staging/configmaps/private
	live DELETE production/configmaps/stray
}

# Copies of one vault with three snapshots in it, to do harm to.
chain_vault() {
	if [ ! -d "$P/three" ]; then
		small "$P/three" "$P/three-state"
		for _ in 1 2 3; do
			agent --config "$P/small.yaml" backup
			sleep 1.1
		done
	fi
	rm -rf "$P/harmed" "$P/harmed-state"
	cp -a "$P/three" "$P/harmed"
	small "$P/harmed" "$P/harmed-state"
	export BACKSTAY_CONFIG=$P/small.yaml
	mapfile -t label < <(restore list -o json | jq -r '.snapshots[].label')
	[ "${#label[@]}" -eq 3 ]
}

small() { # VAULT STATE
	config | sed "/^kubernetes:/,\$d; s#directory: .*}#directory: $1}#; s#state_dir: .*#state_dir: $2#" \
	    >"$P/small.yaml"
}

chain() {
	run --separate-stderr restore verify latest --quick --chain -o json
	echo "$status: $output$stderr"
}

@test "verify --chain: a whole one is counted" {
	chain_vault
	chain
	[ "$status" -eq 0 ]
	[ "$(json .chained)" -eq 3 ]
	chain
	[ "$status" -eq 0 ]
}

@test "a snapshot whose archive is gone or cut off is not a good one to a list, and what verify found is JSON too" {
	chain_vault
	truncate -s -1 "$P/harmed/${label[1]}".tar.zst.age
	rm "$P/harmed/${label[2]}".tar.zst.age
	run --separate-stderr restore list -o json
	[ "$status" -eq 5 ]
	[ "$(json '[.snapshots[].status] | join(" ")')" = 'complete invalid invalid' ]
	grep -q 'cut off or replaced' <<<"$(json '.snapshots[1].reason')"
	grep -q 'is not there' <<<"$(json '.snapshots[2].reason')"
	run --separate-stderr restore verify "${label[1]}" --quick -o json
	[ "$status" -eq 5 ]
	[ "$(json '"\(.good) \(.level)"')" = 'false quick' ]
	grep -q 'not the one its manifest was signed for' <<<"$(json .finding)"
}

@test "verify --chain: a manifest that was signed anew is named as replaced" {
	chain_vault
	manifest=$P/harmed/${label[1]}.manifest.json
	sed -i 's/"hostname": *"/&x/' "$manifest"
	cmp -s "$manifest" "$P/three/${label[1]}.manifest.json" && return 1
	comment=$(sed -n 's/^trusted comment: //p' "$manifest.minisig")
	rm "$manifest.minisig"
	minisign -S -s "$P/keys/signing.key" -m "$manifest" -x "$manifest.minisig" -t "$comment" </dev/null
	chain
	[ "$status" -eq 5 ]
	grep -q "'${label[1]}' was replaced" <<<"$stderr"
	[ "$(json .good)" = true ]
	grep -q "'${label[1]}' was replaced" <<<"$(json .chain_finding)"
}

@test "verify --chain: a vault that was rolled back is named, also after it went on" {
	chain_vault
	chain
	[ "$status" -eq 0 ]
	rm "$P/harmed/${label[2]}".*
	chain
	[ "$status" -eq 5 ]
	grep -q "rolled back: '${label[2]}'" <<<"$stderr"
	agent backup
	chain
	[ "$status" -eq 5 ]
	grep -q "rolled back: '${label[2]}'" <<<"$stderr"
}

@test "verify --chain: what was deleted, put back or forged is named as what it is" {
	chain_vault
	chain
	head=("$P/harmed-state"/chain/*.json)
	[ "$(stat -c %s "${head[0]}")" -le 1024 ]
	mkdir -p "$P/aside"
	# From the middle: what came after it says so.
	mv "$P/harmed/${label[1]}".* "$P/aside"
	chain
	[ "$status" -eq 5 ]
	grep -q "delete: '${label[1]}' is missing" <<<"$stderr"
	run --separate-stderr restore extract latest --to "$BATS_TEST_TMPDIR/out"
	[ "$status" -eq 5 ]
	grep -q "delete: '${label[1]}' is missing.*--accept delete" <<<"$stderr"
	[ ! -e "$BATS_TEST_TMPDIR/out" ]
	run --separate-stderr restore plan latest --offline
	[ "$status" -eq 5 ]
	grep -q "delete: '${label[1]}' is missing" <<<"$stderr"
	run -0 --separate-stderr restore extract latest --to "$BATS_TEST_TMPDIR/out" --accept delete
	grep -q "accepted: delete: '${label[1]}'" <<<"$stderr"
	# Of one that was named, nothing is asked.
	restore extract "${label[2]}" --to "$BATS_TEST_TMPDIR/named"
	# Once accepted, it is told no more; and if it comes back, it is a replay.
	restore verify latest --quick --chain --accept delete
	chain
	[ "$status" -eq 0 ]
	cp "$P/aside"/* "$P/harmed"
	chain
	[ "$status" -eq 5 ]
	grep -q "replay: '${label[1]}' .*that it was gone had been accepted" <<<"$stderr"
	rm "$P/harmed/${label[1]}".*
	# Put back after a look that did not see it.
	rm "${head[@]}"
	mv "$P/harmed/${label[2]}".* "$P/aside"
	chain
	[ "$status" -eq 0 ]
	rm "$P/harmed/${label[0]}".*
	mv "$P/aside"/* "$P/harmed"
	chain
	[ "$status" -eq 5 ]
	grep -q "truncate: .*'${label[0]}'\|delete: .*'${label[0]}'" <<<"$stderr"
}

@test "verify --chain: an old one that was pruned and comes back is a replay" {
	chain_vault
	sed '$a retention: {keep_last: 2, keep_min: 1}' "$P/small.yaml" >"$P/pruning.yaml"
	rm -rf "$P/away"
	mkdir "$P/away"
	cp "$P/harmed/${label[0]}".* "$P/away"
	agent prune --config "$P/pruning.yaml"
	chain
	[ "$status" -eq 0 ]
	cp "$P/away"/* "$P/harmed"
	chain
	[ "$status" -eq 5 ]
	grep -q "replay: '${label[0]}' was not there.*it was pruned before" <<<"$stderr"
}

@test "verify --chain: many forged manifests are a flood" {
	chain_vault
	for i in $(seq 10 30); do echo '{}' >"$P/harmed/platform-209901${i}T000000Z.manifest.json"; done
	chain
	[ "$status" -eq 5 ]
	grep -q 'flood: 21 objects pass for manifests' <<<"$stderr"
	grep -q "forged or damaged: snapshot 'platform-20990110T000000Z'" <<<"$stderr"
	restore verify latest --quick --chain --accept flood
	chain
	[ "$status" -eq 0 ]
}

@test "verify --chain: one forged manifest or prune record is hearsay" {
	chain_vault
	echo '{}' >"$P/harmed/platform-20990110T000000Z.manifest.json"
	echo "{\"name\": \"platform\", \"pruned\": [{\"label\": \"${label[0]}\"}]}" >"$P/harmed/platform-20260101T000000Z.pruned.json"
	chain
	[ "$status" -eq 0 ]
	grep -q "forged or damaged: snapshot 'platform-20990110T000000Z'" <<<"$stderr"
	grep -q "platform-20260101T000000Z.pruned.json' is ignored" <<<"$stderr"
	# Nor does it explain what is missing.
	rm "$P/harmed/${label[0]}".*
	chain
	[ "$status" -eq 5 ]
	grep -q "delete: '${label[0]}' is missing" <<<"$stderr"
}

@test "verify --chain: a manifest that others name and that does not hold is not hearsay" {
	chain_vault
	echo >>"$P/harmed/${label[1]}.manifest.json"
	chain
	[ "$status" -eq 5 ]
	grep -q "delete: the manifest of '${label[1]}' does not hold" <<<"$stderr"
}

@test "verify --chain: snapshots of another vault are mixed in, unless somebody copied them" {
	chain_vault
	small "$P/other" "$P/other-state"
	rm -rf "$P/other" "$P/other-state"
	agent vault init
	agent backup
	foreign=$(restore list -o json | jq -r '.snapshots[].label')
	small "$P/harmed" "$P/harmed-state"
	cp "$P/other/$foreign".* "$P/harmed"
	run --separate-stderr restore extract latest --to "$BATS_TEST_TMPDIR/mixed"
	[ "$status" -eq 5 ]
	grep -q "mix: '$foreign' was not written to this vault" <<<"$stderr"
	rm "$P/harmed/$foreign".*
	sed "s#^vaults:#&\n  - {name: other, directory: $P/other}#" "$P/small.yaml" >"$P/both.yaml"
	restore --config "$P/both.yaml" copy latest --vault other --to "$(sed -n 's/^ *- {name: \([a-z]*\), directory: .*harmed}$/\1/p' "$P/both.yaml")"
	chain
	[ "$status" -eq 0 ]
	grep -q '1 of 4 snapshots were not written' <<<"$stderr"
}

@test "the head: on paper it shows what a lost state_dir would not" {
	chain_vault
	restore head >"$P/head.txt"
	[ "$(stat -c %s "$P/head.txt")" -le 1024 ]
	head -1 "$P/head.txt" >"$P/head.json"
	tail -n +2 "$P/head.txt" >"$P/head.json.minisig"
	minisign -Vm "$P/head.json" -p "$P/keys/record.pub" | grep -q 'Trusted comment: head'
	# The vault is put back, and so is what this machine remembers of it.
	rm "$P/harmed/${label[2]}".*
	chain
	[ "$status" -eq 0 ]
	for run in 'verify latest --quick --chain' "extract latest --to $BATS_TEST_TMPDIR/back" 'plan latest --offline'; do
		# shellcheck disable=SC2086 # words
		run --separate-stderr restore $run --head "$P/head.txt"
		[ "$status" -eq 5 ]
		grep -q "truncate: .*'${label[2]}' was its newest" <<<"$stderr"
	done
	# A head that somebody changed is none; unsigned, it is believed as it is.
	sed -i '1s/"time":/"time": /' "$P/head.txt"
	run --separate-stderr restore verify latest --quick --chain --head "$P/head.txt"
	[ "$status" -eq 5 ]
	run --separate-stderr restore verify latest --quick --chain --head "$P/head.json"
	[ "$status" -eq 5 ]
	grep -q 'is not signed' <<<"$stderr"
	grep -q 'truncate' <<<"$stderr"
}

@test "verify --chain: the newest that was replaced since is named" {
	chain_vault
	chain
	manifest=$P/harmed/${label[2]}.manifest.json
	sed -i 's/"hostname": *"/&x/' "$manifest"
	comment=$(sed -n 's/^trusted comment: //p' "$manifest.minisig")
	rm "$manifest.minisig"
	minisign -S -s "$P/keys/signing.key" -m "$manifest" -x "$manifest.minisig" -t "$comment" </dev/null
	chain
	[ "$status" -eq 5 ]
	grep -q "'${label[2]}' was replaced" <<<"$stderr"
}
