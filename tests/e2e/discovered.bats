#!/usr/bin/env bats
# discover: true of a cluster: a backup takes along what its objects name, with
# the credentials that they name. This file runs against the simulated API
# server; under the name discovered_real.bats against the real one.
# shellcheck disable=SC2154 # lib sets $top, bats sets $stderr
bats_require_minimum_version 1.5.0
load lib
load cluster

flux=/apis/source.toolkit.fluxcd.io/v1beta1/namespaces/infrastructure/gitrepositories

setup_file() {
	cluster_pick || return 0
	kube_server "$KUBE" start "$P/kube"
	"$top/tests/sim/s3" start "$P/s3"
	"$top/tests/servers/git" start "$P/http"
	platform_keys
	servers
	"$top/tests/data/platform/load" kube "$P/kube/kubeconfig" >/dev/null
	"$top/tests/data/platform/load" git "$GIT_REPOS" >/dev/null
	"$top/tests/data/platform/load" s3 "$S3_ENDPOINT" >/dev/null
	objects
}

teardown_file() {
	cluster_pick || return 0
	[ ! -d "$P/other" ] || kube_server sim stop "$P/other"
	"$top/tests/sim/s3" stop "$P/s3"
	"$top/tests/servers/git" stop "$P/http"
	cluster_stop
}

setup() {
	cluster_need
	servers
	rm -rf "$P/vault" "$P/state"
}

servers() {
	set -a
	# shellcheck disable=SC1091 # written by the servers
	. "$P/s3/env"
	# shellcheck disable=SC1091
	. "$P/http/env"
	set +a
}

tofu=infra.contrib.fluxcd.io

is_served() { "$1" GET "$2" >/dev/null 2>&1; } # CALL PATH

# The Tofu Controller's kind, made by `call`, or by `other`.
tofu_kind() { # CALL NAMESPACE
	"$1" POST /apis/apiextensions.k8s.io/v1/customresourcedefinitions '{
	    "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
	    "metadata": {"name": "terraforms.'$tofu'"},
	    "spec": {"group": "'$tofu'", "scope": "Namespaced",
	        "names": {"plural": "terraforms", "singular": "terraform", "kind": "Terraform", "listKind": "TerraformList"},
	        "versions": [{"name": "v1alpha2", "served": true, "storage": true, "schema": {"openAPIV3Schema": {
	            "type": "object", "x-kubernetes-preserve-unknown-fields": true}}}]}}' >/dev/null
	await is_served "$1" "/apis/$tofu/v1alpha2/namespaces/$2/terraforms"
}

# One that names the bucket, and, where it is given, the key of a state in it.
tofu_of() { # CALL NAMESPACE NAME ENDPOINT [KEY]
	"$1" POST "/apis/$tofu/v1alpha2/namespaces/$2/terraforms" "$(jq -n --arg n "$3" --arg b "$bucket" --arg e "$4" --arg k "${5-}" '{
	    apiVersion: "'$tofu'/v1alpha2", kind: "Terraform", metadata: {name: $n}, spec: {backendConfig: {customConfiguration:
	        "backend \"s3\" {\n  bucket = \"\($b)\"\n  region = \"us-east-1\"\n  endpoint = \"\($e)\"\n\(
	            if $k == "" then "" else "  key = \"\($k)\"\n" end)}"}}}')" >/dev/null
}

other() { # METHOD PATH [JSON]
	kube_call "$P/other/kubeconfig" "$@"
}

faults_url() { sed -n 's|^ *server: *"*\([^"]*\)"*|\1/_sim/faults|p' "$P/kube/kubeconfig"; }
fault() { curl -fsS -o /dev/null -d "$1" "$(faults_url)"; } # RULE
faults_end() { curl -fsS -o /dev/null -X DELETE "$(faults_url)"; }

source_of() { # NAME SECRET
	call POST "$flux" '{"apiVersion": "source.toolkit.fluxcd.io/v1beta1", "kind": "GitRepository",
	    "metadata": {"name": "'"$1"'"}, "spec": {"url": "'"$GIT_HTTP/$1.git"'", "secretRef": {"name": "'"$2"'"}}}' >/dev/null
}

objects() {
	# The sample's own are of a host that is not there.
	call DELETE "$flux/organization-gitops" >/dev/null
	call DELETE /api/v1/namespaces/infrastructure/secrets/repo-helm-charts >/dev/null
	call PATCH /apis/argoproj.io/v1alpha1/namespaces/infrastructure/applications/helm-charts \
	    '{"spec": {"sources": null, "source": {"repoURL": "'"$GIT_HTTP/helm-charts.git"'"}}}' >/dev/null
	call POST /api/v1/namespaces/infrastructure/secrets "$(jq -n --arg u "$GIT_USER" --rawfile p "$GIT_PASSWORD_FILE" \
	    '{metadata: {name: "git"}, data: {username: ($u | @base64), password: ($p | rtrimstr("\n") | @base64)}}')" >/dev/null
	source_of helm-charts git
	tofu_kind call infrastructure
	tofu_of call infrastructure network "$S3_ENDPOINT"
}

config() { # DISCOVER
	cat >"$BACKSTAY_CONFIG" <<-E
	name: t
	state_dir: $P/state
	vaults: [{name: local, directory: $P/vault}]
	$(keys_config)
	kubernetes:
	  clusters:
	    - {name: production, kubeconfig: $P/kube/kubeconfig, namespaces: [infrastructure], discover: $1}
	E
}

backup() { # STATUS
	run --separate-stderr agent backup
	echo "$output$stderr"
	[ "$status" -eq "$1" ]
	restore show latest -o json >"$BATS_TEST_TMPDIR/show"
}

kinds() { jq -r '.sources[].kind' "$BATS_TEST_TMPDIR/show" | sort | xargs; }

@test "repositories with their credentials, and buckets of state, are in the snapshot" {
	config false
	backup 0
	[ "$(kinds)" = kubernetes ]
	sleep 1
	config true
	backup 0
	[ "$(kinds)" = 'git kubernetes terraform' ]
	grep -q 'discovered and taken along: 1 repository, 1 bucket of state' <<<"$stderr"
	restore ls latest git | grep -q helm-charts
	[ "$(restore ls latest terraform -o json | jq '.entries | length')" -gt 0 ]
	# What it has taken along is not outside.
	jq -e '.closure.outside | all(contains("helm-charts") or contains("bucket") | not)' "$BATS_TEST_TMPDIR/show"
	restore verify latest
	# The password was kept for the run alone, and is not shown.
	password=$(cat "$GIT_PASSWORD_FILE")
	[ -z "$(find "$P/state" -name 'discovered-*')" ]
	run grep -rlF -e "$password" "$P/vault" "$P/state" "$BATS_TEST_TMPDIR/show"
	[ "$status" -eq 1 ]
	run grep -cF -e "$password" <<<"$stderr"
	[ "$output" -eq 0 ]
}

@test "check tries them with the credentials that a backup has" {
	config false
	agent vault init
	agent check >"$BATS_TEST_TMPDIR/out"
	run ! grep -q helm-charts "$BATS_TEST_TMPDIR/out"
	config true
	agent check >"$BATS_TEST_TMPDIR/out"
	cat "$BATS_TEST_TMPDIR/out"
	grep -q "^ok  *repository '[^']*helm-charts'.*[0-9] ref" "$BATS_TEST_TMPDIR/out"
	grep -q "^ok  *bucket '$bucket'" "$BATS_TEST_TMPDIR/out"
	[ -z "$(find "$P/state" -name 'discovered-*')" ]
}

@test "init: what a cluster names is in the first configuration, and in its backup" {
	cd "$BATS_TEST_TMPDIR"
	agent init --config etc/backstay.yaml --name first --snapshots vault --state-dir state --keys usb \
	    --agent-keys etc/keys --cluster production --kubeconfig "$P/kube/kubeconfig" --from-cluster </dev/null >out
	cat out etc/backstay.yaml
	run ! grep -q FAILED out
	cat "$BATS_TEST_TMPDIR/out"
	grep -q "^ok  *repository '[^']*helm-charts'" out
	grep -A1 "# cluster 'production': " etc/backstay.yaml | grep -qF "url: \"$GIT_HTTP/helm-charts.git\""
	grep -q "bucket: $bucket" etc/backstay.yaml
	grep -q 'discover: true' etc/backstay.yaml
	run ! grep -rqF "$(cat "$GIT_PASSWORD_FILE")" etc usb state
	agent backup --config etc/backstay.yaml
	restore ls latest git --config usb/restore.yaml | grep -q helm-charts
	restore verify latest --config usb/restore.yaml
	# Of a cluster that does not answer, nothing is written.
	run --separate-stderr agent init --config none/backstay.yaml --name first --snapshots none/vault --state-dir none \
	    --keys none --agent-keys none --cluster production --kubeconfig nowhere --from-cluster </dev/null
	[ "$status" -ne 0 ]
	grep -q 'nothing was written: cluster .production.*nowhere' <<<"$stderr"
	[ ! -e none ]
}

@test "init: a bucket that cannot be configured leaves out itself alone" {
	cd "$BATS_TEST_TMPDIR"
	# A bucket of the same name, in another store.
	tofu_of call infrastructure twin http://127.0.0.1:9
	run --separate-stderr agent init --config etc/backstay.yaml --name first --snapshots vault --state-dir state --keys usb \
	    --agent-keys etc/keys --cluster production --kubeconfig "$P/kube/kubeconfig" --from-cluster </dev/null
	echo "$output$stderr"
	call DELETE "/apis/$tofu/v1alpha2/namespaces/infrastructure/terraforms/twin" >/dev/null
	[ "$(grep -c '^Left out: '"$bucket" <<<"$output")" -eq 1 ]
	[ "$(grep -c "bucket: $bucket" etc/backstay.yaml)" -eq 1 ]
	grep -qF "url: \"$GIT_HTTP/helm-charts.git\"" etc/backstay.yaml
}

@test "what cannot be had makes the snapshot partial, and is named" {
	config true
	source_of no-such-repository git
	source_of terraform-modules no-such-secret
	backup 1
	call DELETE "$flux/no-such-repository" >/dev/null
	call DELETE "$flux/terraform-modules" >/dev/null
	grep -q 'missing: .*no-such-repository' <<<"$stderr"
	grep -q 'missing: .*terraform-modules' <<<"$stderr"
	grep -q 'discover: .*Secret infrastructure/no-such-secret' <<<"$stderr"
	jq -e '.warnings | any(contains("no-such-secret"))' "$BATS_TEST_TMPDIR/show"
	restore ls latest git | grep -q helm-charts
}

@test "a state that the second cluster alone names is held against the prefixes" {
	kube_server sim start "$P/other"
	tofu_kind other default
	tofu_of other default elsewhere "$S3_ENDPOINT" elsewhere/terraform.tfstate
	config true
	sed -i "/name: production/a\\    - {name: other, kubeconfig: $P/other/kubeconfig, namespaces: [default], discover: true}" "$BACKSTAY_CONFIG"
	printf 'terraform: {buckets: [{bucket: %s, prefixes: [%s], region: us-east-1, endpoint: "%s", addressing: path}]}\n' \
	    "$bucket" gcp/ "$S3_ENDPOINT" >>"$BACKSTAY_CONFIG"
	backup 0
	grep -qF "discover: state 'elsewhere/terraform.tfstate' is outside of the prefixes of bucket '$bucket'" <<<"$stderr"
}

@test "a Secret that can be listed and not be read is named" {
	[ "$KUBE" = sim ] || skip "the real server has no faults"
	config true
	call POST /api/v1/namespaces/infrastructure/secrets "$(jq -n --arg u "$GIT_HTTP/terraform-modules.git" '{metadata: {name: "argo",
	    labels: {"argocd.argoproj.io/secret-type": "repository"}}, data: {url: ($u | @base64), password: ("x" | @base64)}}')" >/dev/null
	fault '{"method": "GET", "path": "/secrets/argo$", "kind": "reply", "status": 403,
	    "body": {"kind": "Status", "apiVersion": "v1", "status": "Failure", "reason": "Forbidden", "code": 403, "message": "not by you"}}'
	backup 1
	faults_end
	call DELETE /api/v1/namespaces/infrastructure/secrets/argo >/dev/null
	grep -qF "discover: cluster 'production': Secret infrastructure/argo, for $GIT_HTTP/terraform-modules.git, was not read: " <<<"$stderr"
	grep -q 'missing: .*terraform-modules' <<<"$stderr"
}

@test "what no cluster names any more is reported as that" {
	config true
	source_of terraform-modules git
	backup 0
	call DELETE "$flux/terraform-modules" >/dev/null
	sleep 1
	backup 0
	grep -q "repository '.*/terraform-modules' is neither configured nor named by a cluster any more; it had " <<<"$stderr"
}

@test "no password goes to another host in the clear" {
	local clear=${GIT_HTTP/127.0.0.1/0.0.0.0} # the same server
	config true
	GIT_HTTP=$clear source_of terraform-modules git
	backup 1
	call DELETE "$flux/terraform-modules" >/dev/null
	grep -qF "discover: cluster 'production': Secret infrastructure/git, for $clear/terraform-modules.git, would send a password in the clear" <<<"$stderr"
	grep -q 'missing: .*terraform-modules' <<<"$stderr"
	restore ls latest git | grep -q helm-charts
}

@test "a bucket of a name that is captured already is left out, and named" {
	config true
	tofu_of call infrastructure z-elsewhere https://s3.example.com
	backup 0
	call DELETE "/apis/$tofu/v1alpha2/namespaces/infrastructure/terraforms/z-elsewhere" >/dev/null
	grep -qF "discover: bucket '$bucket' at 'https://s3.example.com': a bucket of that name is captured already" <<<"$stderr"
	[ "$(restore ls latest terraform -o json | jq '.entries | length')" -gt 0 ]
	restore verify latest
}

@test "a cluster that cannot be searched costs itself" {
	config true
	sed -i "s#$P/kube/kubeconfig#$P/nowhere#" "$BACKSTAY_CONFIG"
	printf 'git: {repositories: [{url: %s/helm-charts.git}], credentials: [{url: %s/, username: %s, password_file: %s}]}\n' \
	    "$GIT_HTTP" "$GIT_HTTP" "$GIT_USER" "$GIT_PASSWORD_FILE" >>"$BACKSTAY_CONFIG"
	backup 1
	grep -q "discover: cluster 'production' was not searched" <<<"$stderr"
	[ "$(kinds)" = 'git kubernetes' ]
}
