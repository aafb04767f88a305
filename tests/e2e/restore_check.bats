#!/usr/bin/env bats
# backstay-restore check: whether a restore could begin. A cluster on the
# simulated API server, a bucket on the simulated S3 with its lock table in
# DynamoDB, repositories in directories and over HTTP.
# shellcheck disable=SC2154,SC2030,SC2031 # lib sets $top, bats runs each test apart
bats_require_minimum_version 1.5.0
load lib

setup_file() {
	export P=$BATS_FILE_TMPDIR/p KUBE=sim
	mkdir -p "$P"
	kube_server sim start "$P/kube"
	kube_server sim start "$P/target"
	"$top/tests/sim/s3" start "$P/s3"
	"$top/tests/servers/dynamodb" start "$P/dynamodb" --table locks
	"$top/tests/servers/git" start "$P/http"
	platform_keys
	servers
	"$top/tests/data/platform/load" git "$P/git" >/dev/null
	"$top/tests/data/platform/load" kube "$P/kube/kubeconfig" >/dev/null
	"$top/tests/data/platform/load" s3 "$S3_ENDPOINT" >/dev/null
	config >"$P/backstay.yaml"
	agent --config "$P/backstay.yaml" backup
}

teardown_file() {
	kube_server sim stop "$P/kube"
	kube_server sim stop "$P/target"
	"$top/tests/sim/s3" stop "$P/s3"
	"$top/tests/servers/dynamodb" stop "$P/dynamodb"
	"$top/tests/servers/git" stop "$P/http"
}

servers() {
	set -a
	# shellcheck disable=SC1091 # written by the servers
	. "$P/dynamodb/env"
	# shellcheck disable=SC1091
	. "$P/s3/env"
	# shellcheck disable=SC1091
	. "$P/http/env"
	set +a
}

setup() {
	servers
	export BACKSTAY_CONFIG=$BATS_TEST_TMPDIR/backstay.yaml
}

config() { # [TARGETS], as lines below restore.targets
	cat <<-E
	name: platform
	state_dir: $P/state
	vaults:
	  - {name: local, directory: $P/vault}
	$(keys_config)
	git:
	  repositories:
	    - url: $P/git/helm-charts.git
	  credentials:
	    - {url: $GIT_HTTP/, username: tester, password_file: $P/http/password}
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
	[ $# -eq 0 ] || printf 'restore:\n  targets:\n%s\n' "${1//$'\t'/}"
}

check() { # STATUS [ARGUMENT...]: prints what went out
	run --separate-stderr restore check "${@:2}"
	echo "$output$stderr"
	[ "$status" -eq "$1" ]
}

# A line of the result, which is spread out in columns.
line() { # ok|warning|FAILED WHAT PATTERN
	grep -qE "^$1 +$2 +.*$3" <<<"$output"
}

@test "what can be restored is ok, and nothing is written" {
	config "    clusters: [{from: production, kubeconfig: $P/target/kubeconfig}]
	    repositories: {helm-charts: $P/new.git}" >"$BACKSTAY_CONFIG"
	find "$P/vault" "$P/git" -type f -exec sha256sum {} + | sort >"$BATS_TEST_TMPDIR/before"
	check 0
	line ok signing '1 trusted key$'
	line ok "vault 'local'" "1 snapshot, the newest 'platform-"
	line ok "snapshot 'latest'" "can be opened: [0-9]+ entries, complete"
	line ok "target of repository 'helm-charts'" "there is no repository; a restore makes it"
	line ok "target of bucket '$bucket'" "s3://$bucket at "
	line ok "target of cluster 'production'" 'Kubernetes v1\.[0-9.]+$'
	[ ! -e "$P/new.git" ]
	find "$P/vault" "$P/git" -type f -exec sha256sum {} + | sort | diff "$BATS_TEST_TMPDIR/before" -
}

@test "as JSON, of a snapshot that is named, and of the cluster it was taken from" {
	config >"$BACKSTAY_CONFIG"
	check 0 platform- -o json
	jq -e '.failed == 0 and (.checks | length >= 6 and all(.ok) and (map(.what) | index("snapshot '"'platform-'"'")))' <<<"$output" >/dev/null
	jq -e '.checks[] | select(.what | startswith("target of cluster")) | .detail |
	    contains("is the cluster that the snapshot was taken from")' <<<"$output" >/dev/null
	jq -e '.checks[] | select(.what | startswith("target of repository")) | .detail |
	    contains("can be pushed to")' <<<"$output" >/dev/null
}

@test "a key that does not open the snapshot, and one that did not sign it" {
	mkdir "$BATS_TEST_TMPDIR/other"
	restore keygen --to "$BATS_TEST_TMPDIR/other" >/dev/null
	config | sed "s#$P/keys/identity.txt#$BATS_TEST_TMPDIR/other/identity.txt#" >"$BACKSTAY_CONFIG"
	check 1
	line FAILED "snapshot 'latest'" 'encrypted to another key'
	config | sed "s#$P/keys/signing#$BATS_TEST_TMPDIR/other/signing#" >"$BACKSTAY_CONFIG"
	check 1
	line FAILED "snapshot 'latest'" 'was signed by key .*, which is not trusted'
}

@test "targets that cannot be used are named, each by itself" {
	config "    clusters: [{from: production, kubeconfig: $P/nowhere}]
	    repositories: {helm-charts: $GIT_HTTP/none.git}
	    buckets:
	      - {from: $bucket, bucket: none, region: us-east-1, endpoint: $S3_ENDPOINT, addressing: path}" \
	    >"$BACKSTAY_CONFIG"
	check 1
	line FAILED "target of cluster 'production'" "$P/nowhere"
	line FAILED "target of repository 'helm-charts'" 'make an empty one on the server first, or set restore.create_repositories'
	line FAILED "target of bucket '$bucket'" 'make the bucket'
	[ "$(grep -c ^FAILED <<<"$output")" -eq 3 ]
}

target_call() { # METHOD PATH JSON
	kube_call "$P/target/kubeconfig" "$@"
}

@test "an account that may not create everything is named with what it may not" {
	target_call POST /apis/rbac.authorization.k8s.io/v1/clusterroles '{
	    "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRole",
	    "metadata": {"name": "some"}, "rules": [
	    {"verbs": ["get", "list", "patch"], "apiGroups": ["*"], "resources": ["*"]},
	    {"verbs": ["create"], "apiGroups": [""], "resources": ["*"]}]}' >/dev/null
	target_call POST /apis/rbac.authorization.k8s.io/v1/clusterrolebindings '{
	    "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRoleBinding",
	    "metadata": {"name": "some"}, "roleRef": {"kind": "ClusterRole",
	    "apiGroup": "rbac.authorization.k8s.io", "name": "some"},
	    "subjects": [{"kind": "ServiceAccount", "name": "some", "namespace": "default"}]}' >/dev/null
	target_call POST /api/v1/namespaces/default/serviceaccounts \
	    '{"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "some"}}' >/dev/null
	target_call POST /api/v1/namespaces/default/serviceaccounts/some/token \
	    '{"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest",
	    "spec": {"expirationSeconds": 3600}}' | jq -j .status.token >"$P/some"
	[ -s "$P/some" ]
	sed "s|token: .*|tokenFile: $P/some|" "$(sed -n 's/^KUBE_CONFIG_TOKEN=//p' "$P/target/env")" >"$P/as-some"
	chmod 600 "$P/as-some"
	config "    clusters: [{from: production, kubeconfig: $P/as-some}]" >"$BACKSTAY_CONFIG"
	check 1
	line FAILED "target of cluster 'production'" "the account may not .*create certificates.cert-manager.io in 'staging'"
	[ "$(grep -c ^FAILED <<<"$output")" -eq 1 ]
	# The same of a server for drills, which here is a target as well.
	echo "drill: {clusters: [{from: production, kubeconfig: $P/as-some}]}" >>"$BACKSTAY_CONFIG"
	check 1
	line warning "drill server of cluster 'production'" "is the target of 'production': a drill does not go where a platform lives"
	line FAILED "drill server of cluster 'production'" "the account may not .*create certificates.cert-manager.io in 'staging'"
	line warning "drill server of cluster 'production'" 'the account may not delete namespaces, which a drill with --prefix needs'
	[ "$(grep -c ^FAILED <<<"$output")" -eq 2 ]
}
