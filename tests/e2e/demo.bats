#!/usr/bin/env bats
# bats file_tags=slow
# The first command of the README, as it is; and what it promises whoever lets
# it at a cluster of their own.
# shellcheck disable=SC2154 # lib sets $top, bats sets $stderr
bats_require_minimum_version 1.5.0
load lib

setup() {
	export TMPDIR=$BATS_TEST_TMPDIR/tmp
	mkdir "$TMPDIR"
	unset KUBECONFIG
}

teardown() {
	if [ -d "$BATS_TEST_TMPDIR/kube" ]; then
		kube_server real stop "$BATS_TEST_TMPDIR/kube"
	fi
}

left_behind() { find "$TMPDIR" -mindepth 1; }

@test "the sample platform is backed up, destroyed and restored, and all of it is equal" {
	run --separate-stderr "$top/scripts/demo"
	echo "$output$stderr"
	[ "$status" -eq 0 ]
	[ "$(grep -cE ' ([0-9]+) of \1 +equal$' <<<"$output")" -eq 3 ]
	grep -qx '2 Secrets are left to the ExternalSecrets that make them, as by default; --derived .*' <<<"$output"
	grep -qE '^ConstraintTemplate.templates.gatekeeper.sh +1 +0 +0$' <<<"$output"
	grep -qE '^K8sRequiredLabels.constraints.gatekeeper.sh +1 +0 +0$' <<<"$output"
	grep -q '^left: 0 refs' <<<"$output"
	grep -q '^backstay_last_job_succeeded{.*} 1$' <<<"$output"
	grep -q '^    - url: ' <<<"$output"
	grep -q 'SUCCESS' <<<"$output"
	grep -qE '^restore took +[0-9.]+ s$' <<<"$output"
	page=$(sed -n 's/^the page of the drill is //p' <<<"$output")
	[ "$(head -c 15 "$page")" = '<!doctype html>' ]
	[ "$(grep -c '"command":"drill"' "$page")" -eq 1 ]
	[ -z "$(left_behind)" ]
}

@test "--real-kube: the same on a real API server, to the drill in a control plane" {
	kube_is_there real || skip "no real API server: scripts/kube-assets builds one"
	run --separate-stderr "$top/scripts/demo" --real-kube
	echo "$output$stderr"
	[ "$status" -eq 0 ]
	[ "$(grep -cE ' ([0-9]+) of \1 +equal$' <<<"$output")" -eq 3 ]
	grep -qE '^K8sRequiredLabels.constraints.gatekeeper.sh +1 +0 +0$' <<<"$output"
	grep -qE '^control plane of production: v?1\.[0-9]+' <<<"$output"
	[ -z "$(left_behind)" ]
}

# A real API server that writes down who asked what of it.
audited_cluster() {
	kube_is_there real || skip "no real API server: scripts/kube-assets builds one"
	cat >"$BATS_TEST_TMPDIR/policy" <<-E
	apiVersion: audit.k8s.io/v1
	kind: Policy
	omitStages: [RequestReceived]
	rules: [{level: Metadata}]
	E
	"$top/tests/servers/kube" start "$BATS_TEST_TMPDIR/kube" -- \
	    --audit-policy-file "$BATS_TEST_TMPDIR/policy" \
	    --audit-log-path "$BATS_TEST_TMPDIR/audit"
	"$top/tests/data/platform/load" kube "$BATS_TEST_TMPDIR/kube/kubeconfig" >/dev/null
	# shellcheck disable=SC1091 # written by the server
	. "$BATS_TEST_TMPDIR/kube/env"
}

# What Backstay asked, by verb: "get 12".
asked() {
	jq -r 'select(.userAgent | startswith("backstay")) | .verb' \
	    "$BATS_TEST_TMPDIR/audit" | sort | uniq -c | awk '{ print $2, $1 }'
}

@test "--cluster: an administrator's cluster is only read from" {
	audited_cluster
	# Several files, and a path that is not absolute, as kubectl takes them.
	echo '{apiVersion: v1, kind: Config}' >"$BATS_TEST_TMPDIR/empty"
	cd "$BATS_TEST_TMPDIR"
	KUBECONFIG=empty:kube/kubeconfig run --separate-stderr "$top/scripts/demo" --cluster
	echo "$output$stderr"
	[ "$status" -eq 0 ]
	grep -q ' complete ' <<<"$output"
	asked
	[ "$(asked | cut -d' ' -f1 | grep -vxE 'get|list|watch' | grep -c .)" -eq 0 ]
	[ "$(asked | awk '{ n += $2 } END { print n }')" -ge 50 ]
	[ -z "$(left_behind)" ]
}

@test "--cluster: who may read no Secrets is told what is missing" {
	audited_cluster
	KUBECONFIG=$KUBE_CONFIG_VIEWER run --separate-stderr "$top/scripts/demo" --cluster staging
	echo "$output$stderr"
	[ "$status" -eq 0 ]
	grep -q ' partial ' <<<"$output"
	grep -q 'missing: .*secrets' <<<"$stderr"
	[ "$(asked | cut -d' ' -f1 | grep -vxE 'get|list|watch' | grep -c .)" -eq 0 ]
}

@test "--cluster without KUBECONFIG says what to set, before anything is installed" {
	run --separate-stderr "$top/scripts/demo" --cluster
	[ "$status" -eq 2 ]
	grep -q 'export KUBECONFIG=' <<<"$stderr"
	[ -z "$output" ]
}
