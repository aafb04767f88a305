#!/usr/bin/env bats
# A second apply changes nothing: each of the small clusters of tests/data/field
# is restored twice, and the second restore writes nothing, by the audit log of
# the real API server where the file is named kube_again_real.bats; the
# simulated one has no such log, and counts what it writes of each kind.
# shellcheck disable=SC2154,SC2030,SC2031 # lib sets $top, bats runs each test apart
# bats file_tags=slow
bats_require_minimum_version 1.5.0
load lib
load cluster

setup_file() {
	cluster_pick || return 0
	if [ "$KUBE" = sim ]; then
		kube_server sim start "$P/kube"
		return
	fi
	cat >"$P/audit.yaml" <<-E
	apiVersion: audit.k8s.io/v1
	kind: Policy
	omitStages: [RequestReceived]
	rules:
	- level: Metadata
	  verbs: [create, update, patch, delete, deletecollection]
	- level: None
	E
	"$top/tests/servers/kube" start "$P/kube" -- \
	    --audit-policy-file "$P/audit.yaml" --audit-log-path "$P/audit"
}

teardown_file() { cluster_stop; }

setup() {
	cluster_need
	rm -rf "$P/vault" "$P/state"
}

teardown() { [ -z "${loaded-}" ] || field wipe; }

field() { "$top/tests/e2e/kube_field" "$1" "$P/kube/kubeconfig" "$loaded"; }

# What a restore has written so far: a line for each of its requests, or for each
# kind. The lock that it holds meanwhile is not part of what it restores.
writes() {
	if [ "$KUBE" = sim ]; then
		curl -fsS "$(sed -n 's/^KUBE_SIM_URL=//p' "$P/kube/env")/stats" |
		    jq '.writes | with_entries(select(.key | test("^[A-Z]") and (startswith("Lease ") | not)))'
		return
	fi
	jq -r 'select(.userAgent | startswith("backstay")) | .verb + " " + .requestURI' "$P/audit" |
	    grep -v ' /apis/coordination.k8s.io/v1/namespaces/kube-system/leases' || true
}

again() { # [OPTION...]
	writes >"$P/before"
	apply "$@"
	[ "$status" -eq 0 ]
	jq -r '.items[] | select(.outcome | IN("unchanged", "skipped", "released") | not) |
	    "\(.what): \(.outcome) \(.detail // "")"' "$P/report"
	writes >"$P/after"
	diff "$P/before" "$P/after"
}

each() { # FILE...: of tests/data/field
	for loaded in "$@"; do
		local ns
		ns=$(jq -rn '[inputs.metadata.namespace // empty] | unique | join(", ")' \
		    "$top/tests/data/field/$loaded.jsonl")
		echo "--- $loaded"
		rm -rf "$P/vault" "$P/state"
		cluster_config "$ns" 'gates: never' | sed "1s/.*/name: again/" >"$BACKSTAY_CONFIG"
		field load
		agent backup
		field wipe
		apply
		[ "$status" -eq 0 ]
		# Both leave what is there, and write where the snapshot differs.
		again
		again --existing update
		field wipe
	done
	loaded=
}

@test "what ran, what is derived, what refers: a second apply writes nothing" {
	each endpoints velero-delete eso-generated eso-merge runs status-plain argocd-operation argocd-appset
}

@test "what is paused and what knows: a second apply writes nothing" {
	each pause derived owned-by-pod knative-generation sealing-keys namespace-map policies-last
}

@test "identities, operations, inventories and states: a second apply writes nothing" {
	each identity-in-status crossplane-operations flux-new-kinds terraform-state-secret never-twice
}

@test "tokens, labels, snapshots, controllers and stores: a second apply writes nothing" {
	each tokens eso-labels csi-snapshots longhorn controllers external-secrets
}
