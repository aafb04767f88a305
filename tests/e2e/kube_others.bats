#!/usr/bin/env bats
# What others do to a cluster while a restore is at work in it.
# shellcheck disable=SC2154 # lib sets $top, bats sets $stderr
bats_require_minimum_version 1.5.0
load lib
load cluster

one=/api/v1/namespaces/shop/configmaps/one
family=/api/v1/namespaces/family/configmaps

setup_file() {
	cluster_pick
	kube_server sim start "$P/kube"
	cluster_config shop 'gate_timeout: 5s' | sed 's/\[shop\]/[shop, family]/' >"$BACKSTAY_CONFIG"
	for ns in shop family; do
		call POST /api/v1/namespaces '{"apiVersion":"v1","kind":"Namespace","metadata":{"name":"'$ns'"}}'
	done
	config_map snapshot
	owner=$(call POST $family '{"apiVersion":"v1","kind":"ConfigMap",
	  "metadata":{"name":"owner"}}' | jq -r .metadata.uid)
	# Three generations, and the last two by names that come before.
	owner=$(owned middle "$owner")
	owned a-leaf "$owner"
	agent backup
}

teardown_file() { cluster_stop; }

setup() {
	# shellcheck disable=SC1091 # written by the server
	. "$P/kube/env"
	no_faults
	sed -i 's/gate_timeout: .*s$/gate_timeout: 5s/' "$BACKSTAY_CONFIG"
}

config_map() { # TEXT
	call POST /api/v1/namespaces/shop/configmaps '{"apiVersion":"v1","kind":"ConfigMap",
	  "metadata":{"name":"one"},"data":{"by":"'"$1"'"}}'
}

owned() { # NAME OWNER-UID: its own UID
	local of=owner
	[ "$1" = middle ] || of=middle
	call POST $family '{"apiVersion":"v1","kind":"ConfigMap",
	  "metadata":{"name":"'"$1"'","ownerReferences":[{"apiVersion":"v1","kind":"ConfigMap",
	  "name":"'$of'","uid":"'"$2"'"}]}}' | jq -r .metadata.uid
}

faults() { curl -fsS "$KUBE_SIM_URL/faults" "$@"; }
no_faults() { faults -X DELETE >/dev/null; }

outcome() {
	jq -r '.items[] | select(.what == "ConfigMap shop/one") |
	    [.outcome, .detail, .notes[]] | join(" ")' "$P/report"
}

@test "drift says that an update leaves what others added, and what takes it away" {
	call PATCH $one '{"data":{"extra":"x"}}'
	run --separate-stderr restore drift --only kubernetes:shop -o json
	echo "$output$stderr"
	[ "$status" -eq 1 ]
	local command
	command=$(jq -r '.differences[0].restore' <<<"$output")
	jq -e '.differences[0].restore_note | test("what others added to it stays there; with recreate")' <<<"$output"
	eval "restore ${command#backstay-restore} --yes"
	[ "$(call GET $one | jq -r .data.extra)" = x ]
	command=${command/existing update/existing recreate}
	eval "restore ${command#backstay-restore} --yes"
	run --separate-stderr restore drift --only kubernetes:shop
	echo "$output$stderr"
	[ "$status" -eq 0 ]
}

# A controller that is faster than we are: each look finds another one.
@test "what is made again as soon as it is deleted is updated, and not deleted for ever" {
	call PATCH $one '{"data":{"by":"controller"}}'
	faults -d "$(jq -nc '[range(20) | {method: "GET", path: "/configmaps/one$", count: 1, kind: "reply",
	      body: {apiVersion: "v1", kind: "ConfigMap",
	        metadata: {name: "one", namespace: "shop", uid: "\(.)"}, data: {by: "controller"}}}] +
	    [{method: "DELETE", path: "/configmaps/one", kind: "reply", body: "{}"},
	     {method: "POST", path: "/shop/configmaps", kind: "reply", status: 409,
	      body: {kind: "Status", status: "Failure", reason: "AlreadyExists", message: "exists", code: 409}}]')"
	apply --existing recreate --take-fields
	[ "$status" -eq 0 ]
	[ "$(faults | jq '[.[] | select(.method == "DELETE") | .fired] | add')" -eq 1 ]
	[[ $(outcome) == updated*"something else made it again"* ]]
	no_faults
	[ "$(call GET $one | jq -r .data.by)" = snapshot ]
}

@test "what another made after a restore was killed is not taken for ours" {
	call DELETE $one
	faults -d '{"kind":"hang","method":"POST","path":"/shop/configmaps"}'
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
	[[ $(outcome) == "differs it is there already"* ]]
	[ "$(call GET $one | jq -r .data.by)" = another ]
}

# What would be made for an owner that is still going would go with it.
@test "an owner that does not go in time holds back what it owns, and --resume makes all of it" {
	local owner=$family/owner
	call PATCH $owner '{"metadata":{"finalizers":["example.com/hold"]}}'
	sed -i 's/gate_timeout: .*s$/gate_timeout: 1s/' "$BACKSTAY_CONFIG"
	apply --existing recreate --take-fields
	[ "$status" -eq 1 ]
	jq -e '[.items[] | select(.what == "ConfigMap family/owner") | .outcome] == ["failed"]' "$P/report"
	jq -e '[.items[] | select(.what == ("ConfigMap family/middle", "ConfigMap family/a-leaf")) | .outcome] |
	    unique == ["held"]' "$P/report"
	call PATCH $owner '{"metadata":{"finalizers":null}}'
	for _ in {1..100}; do
		call GET $family | jq -e '[.items[].metadata.name] |
		    any(. == ("owner", "middle", "a-leaf")) | not' && break
		sleep 0.1
	done
	apply --existing recreate --take-fields --resume
	[ "$status" -eq 0 ]
	# Longer than its collector takes.
	sleep 1
	call GET $family | jq -e '[.items[] | {key: .metadata.name, value: .metadata}] |
	    from_entries | .middle.ownerReferences[0].uid == .owner.uid and
	    ."a-leaf".ownerReferences[0].uid == .middle.uid'
}

@test "what was deleted, and a webhook kept from being made, is made once that answers" {
	# It is one of the cluster; of one in no API nothing could be waited for.
	call POST /apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations '{
	    "apiVersion": "admissionregistration.k8s.io/v1", "kind": "ValidatingWebhookConfiguration",
	    "metadata": {"name": "guard"}, "webhooks": [{"name": "guard.example.com", "sideEffects": "None",
	    "admissionReviewVersions": ["v1"], "clientConfig": {"url": "https://127.0.0.1:1/"}, "rules": []}]}'
	faults -d '{"method":"POST","path":"/shop/configmaps","kind":"reply","status":500,"count":7,
	    "body":{"kind":"Status","status":"Failure","reason":"InternalError","code":500,
	    "message":"Internal error occurred: failed calling webhook \"guard.example.com\": no endpoints"}}'
	apply --existing recreate --take-fields
	[ "$status" -eq 0 ]
	[[ $(outcome) == created* ]]
	[ "$(call GET $one | jq -r .data.by)" = snapshot ]
	# Their owner was made anew: what it owned had gone with the old one.
	jq -e '[.items[] | select(.what == ("ConfigMap family/middle", "ConfigMap family/a-leaf")) | .outcome] |
	    unique == ["created"]' "$P/report"
}

# Its creates are answered that often in this way.
refused() { # COUNT TEXT
	call DELETE $one 2>/dev/null || true
	faults -d "$(jq -nc --argjson count "$1" --arg text "configmaps \"one\" is forbidden: $2" '{
	    method: "POST", path: "/shop/configmaps", kind: "reply", status: 403, count: $count,
	    body: {kind: "Status", status: "Failure", reason: "Forbidden", code: 403, message: $text}}')"
}

@test "what the cluster is still making by itself is waited for" {
	local text
	for text in 'error looking up service account shop/default: serviceaccount "default" not found' \
	    'No API token found for service account "default", retry after the token is automatically created' \
	    'status unknown for quota: all, resources: count/configmaps'; do
		no_faults
		refused 4 "$text"
		apply
		[ "$status" -eq 0 ]
		[[ $(outcome) == created* ]]
		faults | jq -e '.[0].fired == 4'
	done
}

# Its service may be restored later, like that of an admission webhook.
@test "what a conversion webhook keeps from being made is made once that answers" {
	call DELETE $one 2>/dev/null || true
	faults -d '{"method":"POST","path":"/shop/configmaps","kind":"reply","status":500,"count":7,
	    "body":{"kind":"Status","status":"Failure","reason":"InternalError","code":500,
	    "message":"conversion webhook for example.com/v2, Kind=Gear failed: Post \"https://x.shop.svc:443/\": no endpoints"}}'
	apply
	[ "$status" -eq 0 ]
	[[ $(outcome) == created* ]]
	faults | jq -e '.[0].fired == 7'
}

@test "an account that nobody makes is a failure that names it" {
	sed -i 's/gate_timeout: 5s/gate_timeout: 1s/' "$BACKSTAY_CONFIG"
	refused 1000 'error looking up service account shop/default: serviceaccount "default" not found'
	apply
	[ "$status" -eq 1 ]
	[[ $(outcome) == 'failed'*'serviceaccount "default" not found'* ]]
}
