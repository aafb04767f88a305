#!/usr/bin/env bats
# What others do to a cluster while a restore is at work in it.
# shellcheck disable=SC2154 # lib sets $top, bats sets $stderr
bats_require_minimum_version 1.5.0
load lib
load cluster

one=/api/v1/namespaces/shop/configmaps/one

setup_file() {
	cluster_pick
	kube_server sim start "$P/kube"
	cluster_config shop 'gate_timeout: 5s' >"$BACKSTAY_CONFIG"
	call POST /api/v1/namespaces '{"apiVersion":"v1","kind":"Namespace","metadata":{"name":"shop"}}'
	config_map snapshot
	agent backup
}

teardown_file() { cluster_stop; }

setup() {
	# shellcheck disable=SC1091 # written by the server
	. "$P/kube/env"
	no_faults
}

config_map() { # TEXT
	call POST /api/v1/namespaces/shop/configmaps '{"apiVersion":"v1","kind":"ConfigMap",
	  "metadata":{"name":"one"},"data":{"by":"'"$1"'"}}'
}

faults() { curl -fsS "$KUBE_SIM_URL/faults" "$@"; }
no_faults() { faults -X DELETE >/dev/null; }

outcome() {
	jq -r '.items[] | select(.what == "ConfigMap shop/one") |
	    [.outcome, .detail, .notes[]] | join(" ")' "$P/report"
}

# A controller that is faster than we are: each look finds another one.
@test "what is made again as soon as it is deleted is updated, and not deleted for ever" {
	call PATCH $one '{"data":{"by":"controller"}}'
	faults -d "$(jq -nc '[range(20) | {method: "GET", path: "/configmaps/one$", count: 1, kind: "reply",
	      body: {apiVersion: "v1", kind: "ConfigMap",
	        metadata: {name: "one", namespace: "shop", uid: "\(.)"}, data: {by: "controller"}}}] +
	    [{method: "DELETE", path: "/configmaps/one", kind: "reply", body: "{}"},
	     {method: "POST", path: "/configmaps", kind: "reply", status: 409,
	      body: {kind: "Status", status: "Failure", reason: "AlreadyExists", message: "exists", code: 409}}]')"
	apply --existing recreate --force
	[ "$status" -eq 0 ]
	[ "$(faults | jq '[.[] | select(.method == "DELETE") | .fired] | add')" -eq 1 ]
	[[ $(outcome) == updated*"made again by another hand"* ]]
	no_faults
	[ "$(call GET $one | jq -r .data.by)" = snapshot ]
}

@test "what another made after a restore was killed is not taken for ours" {
	call DELETE $one
	faults -d '{"kind":"hang","method":"POST","path":"/configmaps"}'
	"$BACKSTAY_BUILD/backstay-restore" apply latest --yes --same-cluster 2>/dev/null 3>&- &
	local pid=$! journal n
	journal=$P/state/journal/restore-$(restore list -o json | jq -r '.snapshots[-1].label').journal
	for ((n = 0; n < 600; n++)); do
		faults | jq -e '.[0].fired == 1' >/dev/null && break
		sleep 0.05
	done
	kill -KILL "$pid"
	wait "$pid" || true
	grep -q '"begin":""' "$journal"
	no_faults
	config_map another
	apply --resume
	[ "$status" -eq 0 ]
	[[ $(outcome) == "skipped it is there already"* ]]
	[ "$(call GET $one | jq -r .data.by)" = another ]
}
