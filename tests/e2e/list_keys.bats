#!/usr/bin/env bats
# Lists whose items a schema tells apart by more than a name: another order is
# no difference, and what differs is named by what tells it apart. Of what a
# definition in the snapshot says, what is known of Kubernetes, and what a
# server that lives says of itself.
# shellcheck disable=SC2154,SC2030,SC2031 # lib sets $top, bats runs each test apart
bats_require_minimum_version 1.5.0
load lib
load cluster

setup_file() {
	cluster_pick || return 0
	kube_server "$KUBE" start "$P/kube"
	cluster_config listed 'gates: never' >"$BACKSTAY_CONFIG"
	fill
	agent backup
	shuffle
	agent backup
	change
	agent backup
}

teardown_file() { cluster_stop; }

setup() {
	cluster_need
	mapfile -t label < <(restore list -o json | jq -r '.snapshots[].label')
}

kube() { # METHOD PATH [BODY [TYPE]]
	PYTHONDONTWRITEBYTECODE=1 PYTHONPATH=$top/tests/data/platform python3 -c '
import json, sys, time
from lib.kube import Client
c = Client(sys.argv[1])
method, path, *more = sys.argv[2:]
for attempt in range(300):  # a kind is served a moment after its definition
    try:
        c.call(method, path, json.loads(more[0]) if more else None, *more[1:])
        break
    except Exception as e:
        if attempt == 299 or "404" not in str(e):
            raise
        time.sleep(0.1)
' "$P/kube/kubeconfig" "$@"
}
merge() { kube PATCH "$1" "$2" application/merge-patch+json; }

listed=/apis/apps/v1/namespaces/listed/deployments/web
widget=/apis/lists.example.com/v1/namespaces/listed/widgets/w
udp='{"containerPort":53,"protocol":"UDP"}' tcp='{"containerPort":53,"protocol":"TCP"}'
a='{"name":"v","mountPath":"/a"}' b='{"name":"v","mountPath":"/b"}'

pod() { # PORTS MOUNTS
	echo '{"spec":{"template":{"spec":{"volumes":[{"name":"v","emptyDir":{}}],"containers":[{"name":"c","image":"i:1",
	    "ports":['"$1"'],"volumeMounts":['"$2"']}]}}}}'
}

fill() {
	kube POST /apis/apiextensions.k8s.io/v1/customresourcedefinitions '{
	    "apiVersion":"apiextensions.k8s.io/v1","kind":"CustomResourceDefinition",
	    "metadata":{"name":"widgets.lists.example.com"},
	    "spec":{"group":"lists.example.com","scope":"Namespaced",
	    "names":{"kind":"Widget","listKind":"WidgetList","plural":"widgets","singular":"widget"},
	    "versions":[{"name":"v1","served":true,"storage":true,"schema":{"openAPIV3Schema":{"type":"object","properties":{
	    "spec":{"type":"object","properties":{"zones":{"type":"array","x-kubernetes-list-type":"map",
	    "x-kubernetes-list-map-keys":["zone","tier"],"items":{"type":"object","required":["zone","tier"],"properties":{
	    "zone":{"type":"string"},"tier":{"type":"integer"},"size":{"type":"integer"}}}},
	    "steps":{"type":"array","items":{"type":"object","properties":{"run":{"type":"string"}}}}}}}}}}]}}'
	kube POST /api/v1/namespaces '{"apiVersion":"v1","kind":"Namespace","metadata":{"name":"listed"}}'
	kube POST "${listed%/*}" "$(pod "$udp,$tcp" "$a,$b" | jq '. * {"apiVersion":"apps/v1","kind":"Deployment",
	    "metadata":{"name":"web"},"spec":{"replicas":0,"selector":{"matchLabels":{"a":"b"}},
	    "template":{"metadata":{"labels":{"a":"b"}}}}}')"
	kube POST "${widget%/*}" '{"apiVersion":"lists.example.com/v1","kind":"Widget","metadata":{"name":"w"},"spec":{
	    "zones":[{"zone":"a","tier":1,"size":1},{"zone":"a","tier":2,"size":1}],"steps":[{"run":"x"},{"run":"y"}]}}'
}

shuffle() {
	merge "$listed" "$(pod "$tcp,$udp" "$b,$a")"
	merge "$widget" '{"spec":{"zones":[{"zone":"a","tier":2,"size":1},{"zone":"a","tier":1,"size":1}]}}'
}

change() {
	merge "$listed" "$(pod "{\"containerPort\":80,\"protocol\":\"TCP\"},$udp,$tcp" "$b,{\"name\":\"v\",\"mountPath\":\"/a\",\"readOnly\":true}")"
	merge "$widget" '{"spec":{"zones":[{"zone":"b","tier":1,"size":1},{"zone":"a","tier":1,"size":9},{"zone":"a","tier":2,"size":1}],
	    "steps":[{"run":"y"},{"run":"x"}]}}'
}

fields() {
	jq -r '.differences[] | select(.thing | test("Deployment|Widget")).fields[] |
	    "\(.path) \(.from) \(if (.to // "" | startswith("{")) then "(item)" else .to end)"' <<<"$output" | sort
}

@test "another order of such lists is no difference" {
	run --separate-stderr restore diff "${label[0]}" "${label[1]}" -o json
	echo "$output$stderr"
	[ -z "$(fields)" ]
	[ "$status" -eq 0 ]
}

@test "a change names the item by its keys, and of other lists by its place" {
	c='spec.template.spec.containers[name=c]'
	run --separate-stderr restore diff "${label[0]}" "${label[2]}" -o json
	echo "$output$stderr"
	[ "$status" -eq 1 ]
	fields >"$BATS_TEST_TMPDIR/fields"
	diff - "$BATS_TEST_TMPDIR/fields" <<-E
	spec.steps[0].run "x" "y"
	spec.steps[1].run "y" "x"
	$c.ports[containerPort=80,protocol=TCP] null (item)
	$c.volumeMounts[mountPath=/a].readOnly null true
	spec.zones[zone=a,tier=1].size 1 9
	spec.zones[zone=b,tier=1] null (item)
	E
	# As the server that lives says it, and as all snapshots have it.
	run --separate-stderr restore drift "${label[0]}" --only kubernetes:listed -o json
	[ "$status" -eq 1 ]
	fields | diff - "$BATS_TEST_TMPDIR/fields"
	run --separate-stderr restore drift "${label[2]}" --only kubernetes:listed
	[ "$status" -eq 0 ]
	run restore history kubernetes:listed/Widget/w
	echo "$output"
	grep -qF 'spec.zones[zone=a,tier=1].size: 1 -> 9' <<<"$output"
	[ "$(grep -c ' changed$' <<<"$output")" -eq 1 ]
}
