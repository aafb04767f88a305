#!/usr/bin/env bats
# A restore of a namespace by an account that has rights in that one alone. This
# file runs against the simulated API server; the same file under the name
# kube_rights_real.bats against the real one.
# shellcheck disable=SC2154,SC2030,SC2031 # lib sets $top, bats runs each test apart
bats_require_minimum_version 1.5.0
load lib
load cluster

core=/api/v1/namespaces
rbac=/apis/rbac.authorization.k8s.io/v1
maps=$core/shop/configmaps
definitions=/apis/apiextensions.k8s.io/v1/customresourcedefinitions
widgets=/apis/example.com/v1/namespaces/shop/widgets

setup_file() {
	cluster_pick || return 0
	kube_server "$KUBE" start "$P/kube"
	cluster_config shop 'gate_timeout: 5s' >"$BACKSTAY_CONFIG"
	call POST $definitions '{"metadata": {"name": "widgets.example.com"}, "spec": {"group": "example.com",
	    "scope": "Namespaced", "names": {"plural": "widgets", "singular": "widget", "kind": "Widget", "listKind": "WidgetList"},
	    "versions": [{"name": "v1", "served": true, "storage": true,
	      "schema": {"openAPIV3Schema": {"type": "object", "x-kubernetes-preserve-unknown-fields": true}}}]}}'
	for _ in {1..600}; do call GET $widgets >/dev/null 2>&1 && break; sleep 0.1; done
	shop
	agent backup
}

teardown_file() { cluster_stop; }

setup() {
	cluster_need
	# shellcheck disable=SC1091 # written by the server
	. "$P/kube/env"
}

shop() {
	call POST $core '{"metadata": {"name": "shop"}}'
	call POST $maps '{"metadata": {"name": "one"}, "data": {"by": "snapshot"}}'
	call POST $widgets '{"apiVersion": "example.com/v1", "kind": "Widget", "metadata": {"name": "two"}}'
}

# What the account may do in a namespace, in place of what it could there; and
# waits until the server, which learns of it a little later, says so of a path.
# Rights that stay are never taken away in between: the server could say yes of
# the old ones, and learn that they are gone when the test goes on.
may() { # NAMESPACE PATH yes|no RULE...
	local rules
	rules=$(printf '%s\n' "${@:4}" | jq -sc .)
	local role='{"metadata": {"name": "some"}, "rules": '"$rules"'}'
	call PUT $rbac/namespaces/"$1"/roles/some "$role" >/dev/null 2>&1 ||
	    call POST $rbac/namespaces/"$1"/roles "$role"
	call POST $rbac/namespaces/"$1"/rolebindings '{"metadata": {"name": "some"},
	    "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "some"},
	    "subjects": [{"apiGroup": "rbac.authorization.k8s.io", "kind": "User", "name": "nobody"}]}' >/dev/null 2>&1 || true
	for _ in {1..600}; do
		[ "$(reads "$2")" = "$3" ] && return
		sleep 0.1
	done
	return 1
}

reads() { # PATH: as the account, yes or no
	kube_call "$KUBE_CONFIG_NOBODY" GET "$1" >/dev/null 2>&1 && echo yes && return
	echo no
}

everything='{"apiGroups": ["*"], "resources": ["*"], "verbs": ["get", "list", "create", "update", "patch", "delete"]}'
look='{"apiGroups": [""], "resources": ["namespaces"], "verbs": ["get"]}'
lock='{"apiGroups": ["coordination.k8s.io"], "resources": ["leases"], "verbs": ["get", "create", "update", "delete"]}'
marker='{"apiGroups": [""], "resources": ["configmaps"], "verbs": ["get", "create", "update"]}'
maps_alone='{"apiGroups": [""], "resources": ["configmaps"], "verbs": ["get", "list", "create", "update", "patch"]}'

as_nobody() { # COMMAND [OPTION...]
	sed "s#kubeconfig: .*kubeconfig,#kubeconfig: $KUBE_CONFIG_NOBODY,#
	    s#^restore:#&${map-}#" "$BACKSTAY_CONFIG" >"$P/nobody.yaml"
	run --separate-stderr restore --config "$P/nobody.yaml" "$1" latest --only kubernetes:shop -o json "${@:2}"
	echo "$stderr"
	printf '%s' "$output" >"$P/report"
}

outcome() { # WHAT
	jq -r --arg what "$1" '.items[] | select(.what == $what) | "\(.outcome) \(.detail // "")"' "$P/report"
}

@test "rights in a namespace are enough to restore what is in it" {
	may shop $core/shop yes "$everything"
	call DELETE $maps/one
	call DELETE $widgets/two
	as_nobody plan --same-cluster
	[ "$status" -eq 0 ]
	as_nobody apply --same-cluster --yes
	[ "$status" -eq 0 ]
	[[ $(outcome 'ConfigMap shop/one') == created* ]]
	[[ $(outcome 'Namespace shop') == skipped* ]]
	[ "$(call GET $maps/one | jq -r .data.by)" = snapshot ]
	# Its definition may not be read, and is known to be there all the same.
	[[ $(outcome 'Widget.example.com shop/two') == created* ]]
	# The lock of a restore and its marker are in kube-system.
	grep -q "kube-system.*another restore into it would not be refused" <<<"$stderr"
	may kube-system $core/kube-system yes "$look" "$lock" "$marker"
	as_nobody apply --same-cluster --yes
	[ "$status" -eq 0 ]
	! grep -q ' warn ' <<<"$stderr" || return 1
	may kube-system $core/kube-system no
}

@test "the source cluster is known by the namespace, also where that gets another name" {
	may shop $core/shop yes "$everything"
	as_nobody plan
	[ "$status" -eq 2 ]
	grep -q "the namespace 'shop' is the very same; say --same-cluster" <<<"$stderr"
	local map='\n  namespaces: {shop: mall}'
	as_nobody plan
	[ "$status" -eq 2 ]
	grep -q "the namespace 'shop' is the very same; say --same-cluster" <<<"$stderr"
}

@test "a namespace that may not be read is named, and nothing is guessed of the cluster" {
	may shop $core/shop no "$maps_alone"
	may shop $maps yes "$maps_alone"
	as_nobody plan
	[ "$status" -eq 2 ]
	grep -q "cannot be found out: GET /api/v1/namespaces/kube-system: 403.*the snapshot's may not be read: 'shop'; give the account of the restore the right to get the namespace 'kube-system', or say --same-cluster" <<<"$stderr"
	as_nobody plan --same-cluster
	[ "$status" -eq 0 ]
	jq -e '[.warnings[] | select(test("^c: whether these namespaces are there is not known, so those of the snapshot are to be created: .shop.: GET /api/v1/namespaces/shop: 403.*the right to get them"))] | length == 1' "$P/report"
	call DELETE $maps/one
	as_nobody apply --same-cluster --yes
	[ "$status" -eq 1 ]
	[[ $(outcome 'Namespace shop') == 'failed POST /api/v1/namespaces: 403'* ]]
	[[ $(outcome 'ConfigMap shop/one') == 'held Namespace shop was not restored'* ]]
	# The UID of kube-system tells.
	may kube-system $core/kube-system yes "$look"
	as_nobody plan
	[ "$status" -eq 2 ]
	grep -q 'is the cluster that the snapshot was taken from; say --same-cluster' <<<"$stderr"
	may kube-system $core/kube-system no
}

@test "a namespace made anew is not that of the snapshot, which is said to be all that is known" {
	call DELETE $core/shop
	for _ in {1..600}; do call GET $core/shop >/dev/null 2>&1 || break; sleep 0.1; done
	call POST $core '{"metadata": {"name": "shop"}}'
	may shop $core/shop yes "$everything"
	as_nobody apply --yes
	[ "$status" -eq 0 ]
	jq -e '[.warnings[] | select(test("known by the UIDs of the snapshot.s namespaces alone: GET /api/v1/namespaces/kube-system: 403"))] | length == 1' "$P/report"
	[[ $(outcome 'ConfigMap shop/one') == created* ]]
}
