#!/usr/bin/env bats
# What differs between snapshots, and between a snapshot and what lives: nothing
# where nobody changed anything, and exactly what was changed where somebody did.
# shellcheck disable=SC2154,SC2030,SC2031 # lib sets $top, bats runs each test apart
bats_require_minimum_version 1.5.0
load lib
load cluster

setup_file() {
	cluster_pick || return 0
	mkdir -p "$P"
	kube_server "$KUBE" start "$P/kube"
	"$top/tests/sim/s3" start "$P/s3"
	platform_keys
	"$top/tests/data/platform/load" git "$P/git" >/dev/null
	load_env
	"$top/tests/data/platform/load" kube "$P/kube/kubeconfig" >/dev/null
	"$top/tests/data/platform/load" s3 "$S3_ENDPOINT" >/dev/null
	git -C "$P/git/helm-charts.git" update-ref refs/heads/forced main
	git -C "$P/git/helm-charts.git" update-ref refs/heads/back \
	    "$(git -C "$P/git/helm-charts.git" -c user.name=a -c user.email=a@b commit-tree -m y -p main "main^{tree}")"
	config >"$P/backstay.yaml"
	export BACKSTAY_CONFIG=$P/backstay.yaml
	agent backup
	touch_idle
	agent backup
	change
	agent backup
}

teardown_file() {
	cluster_pick || return 0
	"$top/tests/sim/s3" stop "$P/s3"
	cluster_stop
}

load_env() {
	set -a
	# shellcheck disable=SC1091 # written by the server
	. "$P/s3/env"
	set +a
}

setup() {
	cluster_need
	load_env
	export BACKSTAY_CONFIG=$P/backstay.yaml
	mapfile -t label < <(restore list -o json | jq -r '.snapshots[].label')
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
	terraform:
	  buckets:
	    - bucket: $bucket
	      region: ${AWS_REGION:-us-east-1}
	      endpoint: $S3_ENDPOINT
	      addressing: path
	E
}

# Another one's hands in the cluster: METHOD PATH [BODY [TYPE]]
kube() {
	PYTHONDONTWRITEBYTECODE=1 PYTHONPATH=$top/tests/data/platform python3 -c '
import json, sys
from lib.kube import Client
c = Client(sys.argv[1])
method, path, *more = sys.argv[2:]
c.call(method, path, json.loads(more[0]) if more else None, *more[1:])
' "$P/kube/kubeconfig" "$@"
}
merge() { kube PATCH "$1" "$2" application/merge-patch+json; }

s3() { "$top/tests/tools/bucket" "$bucket" "$@"; }

staging=/api/v1/namespaces/staging
apps=/apis/apps/v1/namespaces/staging

# What goes on by itself: leases, statuses, revisions; and an apply of the same.
touch_idle() {
	kube POST /apis/coordination.k8s.io/v1/namespaces/kube-system/leases \
	    '{"apiVersion":"coordination.k8s.io/v1","kind":"Lease","metadata":{"name":"held"},"spec":{"holderIdentity":"me"}}' || true
	merge "$apps/deployments/frontend/status" '{"status":{"observedGeneration":7,"replicas":2}}'
	merge "$apps/deployments/frontend" '{"metadata":{"annotations":{"deployment.kubernetes.io/revision":"9"}}}'
}

# Three objects changed (one of them a Secret), one added, two removed, a ref
# moved and one new, a state ahead.
change() {
	merge "$apps/deployments/frontend" '{"spec":{"replicas":7}}'
	merge "$staging/configmaps/frontend-config" '{"data":{"new.key":"value"}}'
	merge "$staging/secrets/$secret" '{"data":{"planted":"aHVudGVyMg=="}}'
	kube POST "$staging/configmaps" \
	    '{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"added"},"data":{"a":"b"}}'
	kube DELETE "$staging/services/frontend"
	kube DELETE "$staging/configmaps/backend-config"
	tree=$(git -C "$P/git/helm-charts.git" rev-parse "main^{tree}")
	commit() { git -C "$P/git/helm-charts.git" -c user.name=a -c user.email=a@b commit-tree -m x "$@" "$tree"; }
	git -C "$P/git/helm-charts.git" update-ref refs/heads/main "$(commit -p "$(commit -p main)")"
	git -C "$P/git/helm-charts.git" update-ref refs/heads/forced "$(commit -p "$(commit)")"
	git -C "$P/git/helm-charts.git" update-ref refs/heads/back "main~2"
	git -C "$P/git/helm-charts.git" update-ref refs/heads/new "$(git -C "$P/git/helm-charts.git" rev-parse HEAD)"
	# One that Terraform marks, one that it does not, and one of a resource
	# that does not say what is sensitive.
	s3 get "$state" | jq '.serial += 1 | .outputs.vpc_id.value = "vpc-2" |
	    .resources[0].instances[0] |= (.attributes.cidr_block = "10.9.0.0/16" |
	        .attributes.tags.Name = "s3cr3t" |
	        .sensitive_attributes = [[{"type": "get_attr", "value": "tags"}]]) |
	    .resources[1].instances[0] |= (.attributes.id = "igw-2" | del(.sensitive_attributes)) |
	    .resources += [{"mode": "managed", "type": "null_resource",
	    "name": "planted", "instances": [{"attributes": {"password": "hunter2"}}]}]' | s3 put "$state"
}

state=aws/staging/vpc.tfstate
secret=registry

json() { # FILTER
	jq -r "$1" <<<"$output"
}

@test "where nobody changed anything there are no differences, status 0" {
	run --separate-stderr restore diff "${label[0]}" "${label[1]}" -o json
	echo "$output$stderr"
	[ "$status" -eq 0 ]
	[ "$(json '.differences | length')" -eq 0 ]
	run --separate-stderr restore diff "${label[1]}" "${label[1]}"
	[ "$status" -eq 0 ]
	grep -q '0 added, 0 removed, 0 changed' <<<"$output"
}

@test "what was changed is found, and nothing else, status 1" {
	run --separate-stderr restore diff "${label[1]}" "${label[2]}" -o json
	echo "$output$stderr"
	[ "$status" -eq 1 ]
	json '.differences[] | .what + " " + .thing' | sort >"$BATS_TEST_TMPDIR/found"
	diff "$BATS_TEST_TMPDIR/found" - <<-E
	added kubernetes:production/staging/ConfigMap/added
	changed git:helm-charts
	changed kubernetes:production/staging/ConfigMap/frontend-config
	changed kubernetes:production/staging/Deployment.apps/frontend
	changed kubernetes:production/staging/Secret/$secret
	changed terraform:$bucket/$state
	removed kubernetes:production/staging/ConfigMap/backend-config
	removed kubernetes:production/staging/Service/frontend
	E
	field() { json ".differences[] | select(.thing | endswith(\"$1\")).fields[] | \"\(.path) \(.from) \(.to)\""; }
	[ "$(field Deployment.apps/frontend)" = 'spec.replicas 1 7' ]
	[ "$(field frontend-config)" = 'data[new.key] null "value"' ]
	[ "$(field "Secret/$secret")" = 'data.planted null (secret)' ]
	field helm-charts | grep -q '^refs/heads/new\|\[refs/heads/new\]'
	notes() { json ".differences[] | select(.thing == \"git:helm-charts\").fields[] | select(.path | contains(\"$1\")).note"; }
	[ "$(notes refs/heads/main)" = 'ahead by 2' ]
	[ "$(notes refs/heads/back)" = 'behind by 1' ]
	notes refs/heads/forced | grep -qE '^rewritten: 2 commits are new, [1-9][0-9]* (is|are) gone$'
	field "$state" | grep -q '^null_resource.planted null (there)$'
	[ "$(field "$state" | wc -l)" -eq 5 ]
	! grep -q 'hunter2\|aHVudGVyMg\|10.9.0.0\|vpc-2\|s3cr3t' <<<"$output" || false
}

@test "values of states are shown with --values, sensitive ones never" {
	for command in "diff ${label[1]} ${label[2]}" "history terraform:$bucket/$state"; do
		# shellcheck disable=SC2086 # of words
		run --separate-stderr restore $command --values -o json
		echo "$output$stderr"
		json '[.differences // .versions | .[] | .fields[] | select(.path | test("^(output|aws_|null_)"))] |
		    .[] | "\(.path) \(.from) \(.to) \(.note)"' >"$BATS_TEST_TMPDIR/fields"
		diff "$BATS_TEST_TMPDIR/fields" - <<-'E'
		output.vpc_id "vpc-b193d02f" "vpc-2" null
		aws_vpc.main.cidr_block "10.1.0.0/16" "10.9.0.0/16" null
		aws_vpc.main.tags.Name (sensitive) (changed) null
		aws_internet_gateway.main (there) (changed) values not shown: a version of it does not say which are sensitive
		null_resource.planted null (there) null
		E
		! grep -q 's3cr3t\|hunter2\|aHVudGVyMg\|igw-2' <<<"$output$stderr" || return 1
	done
	run restore drift "${label[1]}" --only "terraform:$bucket/$state" --values
	echo "$output"
	[ "$status" -eq 1 ]
	grep -q 'aws_vpc.main.cidr_block: "10.1.0.0/16" -> "10.9.0.0/16"$' <<<"$output"
	grep -q 'aws_vpc.main.tags.Name: (sensitive) -> (changed)$' <<<"$output"
	! grep -q 's3cr3t\|hunter2\|igw-2' <<<"$output" || false
}

@test "the other way round the same are found" {
	run --separate-stderr restore diff "${label[2]}" "${label[1]}" -o json
	[ "$status" -eq 1 ]
	[ "$(json '"\(.added) \(.removed) \(.changed)"')" = '2 1 5' ]
}

@test "each difference names the command that restores exactly it" {
	run --separate-stderr restore diff "${label[1]}" "${label[2]}" -o json
	while read -r what thing command; do
		echo "$what $thing: $command"
		only=$(sed -n "s/.*--only '\([^']*\)'.*/\1/p" <<<"$command")
		[ "$only" = "$thing" ]
		of=${label[1]}
		[ "$what" != added ] || of=${label[2]}
		[[ $command == "backstay-restore apply $of --only "* ]]
		# What it says can be planned, and is that one thing.
		restore plan "$of" --only "$only" --offline -o json |
		    jq -e '[.nodes[] | select(.kind != "Namespace")] | length == 1' >/dev/null
	done < <(json '.differences[] | "\(.what) \(.thing) \(.restore)"')
}

@test "history tells each version of an object, with its snapshot and what changed" {
	run --separate-stderr restore history kubernetes:staging/Deployment/frontend -o json
	echo "$output$stderr"
	[ "$status" -eq 0 ]
	[ "$(json '[.versions[] | .what] | join(" ")')" = 'added changed' ]
	[ "$(json '[.versions[] | .label] | join(" ")')" = "${label[0]} ${label[2]}" ]
	[ "$(json '.versions[1].fields[0] | "\(.path) \(.from) \(.to)"')" = 'spec.replicas 1 7' ]
	run restore history kubernetes:staging/Service/frontend
	grep -q "${label[2]}  removed" <<<"$output"
	run restore history "terraform:$bucket/$state"
	grep -q 'null_resource.planted: (none) -> (there)' <<<"$output"
	run restore history git:helm-charts/refs/heads/new -o json
	[ "$(json '[.versions[] | .label] | join(" ")')" = "${label[0]} ${label[2]}" ]
	run --separate-stderr restore history kubernetes:staging/Deployment/nope
	[ "$status" -eq 3 ]
	grep -q 'is in no snapshot' <<<"$stderr"
}

# The platform is as the last snapshot has it, but for what goes on by itself.
@test "drift finds nothing where nobody changed anything since, status 0" {
	merge "$apps/deployments/frontend/status" '{"status":{"observedGeneration":9}}'
	merge "$apps/deployments/frontend" '{"metadata":{"annotations":{"deployment.kubernetes.io/revision":"12"}}}'
	run --separate-stderr restore drift -o json
	echo "$output$stderr"
	[ "$status" -eq 0 ]
	[ "$(json .snapshot)" = "${label[2]}" ]
	[ "$(json '.differences + .not_compared | length')" -eq 0 ]
	run --separate-stderr restore drift
	[ "$status" -eq 0 ]
	grep -q "from ${label[2]} to now: 0 added, 0 removed, 0 changed" <<<"$output"
}

@test "drift finds exactly what was changed since the snapshot, status 1" {
	restore diff "${label[1]}" "${label[2]}" -o json >"$BATS_TEST_TMPDIR/diff" || true
	run --separate-stderr restore drift "${label[1]}" -o json
	echo "$output$stderr"
	[ "$status" -eq 1 ]
	all='[.differences[] | del(.restore)] | sort_by(.thing)'
	diff <(jq -S "$all" "$BATS_TEST_TMPDIR/diff") <(jq -S "$all" <<<"$output")
	[ "$(json '.not_compared | length')" -eq 0 ]
	! grep -q 'hunter2\|aHVudGVyMg' <<<"$output" || false
	[ "$(json '.differences[] | select(.what == "added").restore')" = null ]
	[ "$(json '.differences[] | select(.thing | endswith("Deployment.apps/frontend")).restore')" = \
	    "backstay-restore apply ${label[1]} --only 'kubernetes:production/staging/Deployment.apps/frontend' --existing update --same-cluster" ]
}

@test "drift --only compares that alone, and asks no other source" {
	sed 's#kubeconfig: .*#kubeconfig: /nonexistent#' "$P/backstay.yaml" >"$BATS_TEST_TMPDIR/c.yaml"
	run --separate-stderr restore --config "$BATS_TEST_TMPDIR/c.yaml" drift "${label[1]}" --only "terraform:$bucket/$state" -o json
	echo "$output$stderr"
	[ "$status" -eq 1 ]
	[ "$(json '.differences[].thing')" = "terraform:$bucket/$state" ]
	[ "$(json '.not_compared | length')" -eq 0 ]
	run --separate-stderr restore drift "${label[1]}" --only kubernetes:staging/Service/frontend -o json
	[ "$(json '.differences[] | .what + " " + .thing')" = 'removed kubernetes:production/staging/Service/frontend' ]
}

@test "what cannot be asked is not compared, and named, and nothing of it counts as gone" {
	sed "s#kubeconfig: .*#kubeconfig: /nonexistent#; s#url: .*#url: $P/git/nowhere.git#; s#bucket: .*#bucket: another#" \
	    "$P/backstay.yaml" >"$BATS_TEST_TMPDIR/c.yaml"
	sed -i "s#url: .*#&\n      name: helm-charts#" "$BATS_TEST_TMPDIR/c.yaml"
	run --separate-stderr restore --config "$BATS_TEST_TMPDIR/c.yaml" drift -o json
	echo "$output$stderr"
	[ "$status" -eq 1 ]
	[ "$(json '.differences | length')" -eq 0 ]
	json '.not_compared[].what' | sort | diff - <(printf '%s\n' git:helm-charts kubernetes:production/ terraform:another "terraform:$bucket" | sort)
}
