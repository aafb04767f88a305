#!/usr/bin/env bats
# The seed's layers by the audit log of the real API server: no object of the
# applications is written before every object of the platform and of the policies
# is there and ready.
# shellcheck disable=SC2154 # lib sets $top
# bats file_tags=slow
bats_require_minimum_version 1.5.0
load lib

setup_file() {
	export P=$BATS_FILE_TMPDIR/p
	kube_is_there real || return 0
	mkdir -p "$P"
	kube_server sim start "$P/source"
	cat >"$P/audit.yaml" <<-E
	apiVersion: audit.k8s.io/v1
	kind: Policy
	omitStages: [RequestReceived]
	rules:
	- level: Metadata
	  verbs: [create, update, patch, delete]
	- level: None
	E
	"$top/tests/servers/kube" start "$P/target" --no-controllers -- \
	    --audit-policy-file "$P/audit.yaml" --audit-log-path "$P/audit"
	"$top/tests/data/platform/load" git "$P/git" >/dev/null
	"$top/tests/data/platform/load" kube "$P/source/kubeconfig" >/dev/null
	git init --quiet --bare --initial-branch=main "$P/helm-charts.git"
	export BACKSTAY_CONFIG=$P/backstay.yaml
	cat >"$BACKSTAY_CONFIG" <<-E
	name: t
	state_dir: $P/state
	vaults: [{name: local, directory: $P/vault}]
	encryption: none
	signing: none
	git: {repositories: [{url: $P/git/helm-charts.git}]}
	kubernetes: {clusters: [{name: production, kubeconfig: $P/source/kubeconfig}]}
	layers:
	  - {name: platform, select: {namespaces: [infrastructure, monitoring]}}
	  - {name: policies, depends_on: [platform], select: {kinds: ["*.kyverno.io"]}}
	  - name: applications
	    depends_on: [platform, policies]
	    select: {repositories: [helm-charts], namespaces: [production, staging]}
	unassigned_layer: first
	restore:
	  gates: always
	  targets:
	    repositories: {helm-charts: $P/helm-charts.git}
	    clusters: [{from: production, kubeconfig: $P/target/kubeconfig}]
	E
	agent backup
}

teardown_file() {
	kube_is_there real || return 0
	kube_server sim stop "$P/source"
	kube_server real stop "$P/target"
}

setup() {
	kube_is_there real || skip "the real API server is not there: scripts/kube-assets builds it"
}

@test "the applications are written once the platform and the policies are there and ready" {
	"$top/tests/e2e/heal_target" ready "$P/target/kubeconfig" >/dev/null 2>"$P/ready" 3>&- &
	local pid=$! first last status=0
	restore apply latest --yes -o json >"$P/report" || status=$?
	kill "$pid"
	wait "$pid" || true
	cat "$P/ready"
	jq -c '.layers[], (.gates[] | select(.passed | not))' "$P/report"
	jq -e '.layers | map(select(.name != "applications")) | all(.state == "restored")' "$P/report"
	jq -e '[.gates[] | select(.passed)] | length > 0' "$P/report"
	# What was there and ready for it, and what only then was written.
	jq -sr '[.[] | select((.userAgent | startswith("backstay")) and .responseStatus.code == 201) |
	    {at: .requestReceivedTimestamp, done: .stageTimestamp, applications: (.objectRef.namespace == "production" or
	    .objectRef.namespace == "staging")}] | {
	    first: (map(select(.applications).at) | min),
	    last: (map(select(.applications | not).done) | max)} | "\(.first) \(.last)"' "$P/audit" >"$P/made"
	read -r first last <"$P/made"
	cat "$P/made"
	[[ $first > $last ]]
	"$top/tests/e2e/heal_target" order "$P/audit" production staging >"$P/order"
	read -r first last <"$P/order"
	cat "$P/order"
	[[ $first > $last ]]
	[ "$status" -eq 0 ]
}
