#!/usr/bin/env bats
# The simulated Kubernetes API server: that it says what a real one says, and
# that it breaks as it is told.

setup_file() {
	cd "$BATS_TEST_DIRNAME" || return
	SIM_TMP=$BATS_FILE_TMPDIR
	export SIM_TMP
	./kube start "$SIM_TMP/old" --release 1.20
	./kube start "$SIM_TMP/new"
	./kube start "$SIM_TMP/next" --release 1.36
	./kube start "$SIM_TMP/tls" --tls --run-pods 0.1
}

teardown_file() {
	cd "$BATS_TEST_DIRNAME" || return
	for d in old new next tls; do ./kube stop "$SIM_TMP/$d"; done
	[ ! -e "$SIM_TMP/real" ] || ../servers/kube stop "$SIM_TMP/real"
}

use() {
	cd "$BATS_TEST_DIRNAME" || return
	set -a
	# shellcheck disable=SC1090
	. "$SIM_TMP/$1/env"
	set +a
}

get() { # PATH [CURL-OPTION...]
	local path=$1
	shift
	curl -sS -g -H "Authorization: Bearer $(<"$KUBE_TOKEN_FILE")" "$@" "$KUBE_URL$path"
}

faults() { curl -fsS -d "$1" "$KUBE_SIM_URL/faults"; }
no_faults() { curl -fsS -X DELETE "$KUBE_SIM_URL/faults"; }

field() { # a Python expression over the JSON document `o`
	python3 -c 'import json,sys; o = json.load(sys.stdin); print(eval(sys.argv[1]))' "$1"
}

transcript() {
	./kube_transcript.py "$KUBE_URL" "$(<"$SIM_TMP/$1/token-admin")" "$(<"$SIM_TMP/$1/token-nobody")"
}

@test "the simulation says what Kubernetes 1.20.2 said" {
	use old
	transcript old >"$SIM_TMP/said"
	diff kube_transcript.txt "$SIM_TMP/said"
}

@test "the simulation says what Kubernetes 1.36.2 said" {
	use next
	transcript next >"$SIM_TMP/next-said"
	diff kube_transcript_1.36.txt "$SIM_TMP/next-said"
}

# Of the two releases that were written down.
@test "the real API server still says what was written down" {
	assets=${KUBEBUILDER_ASSETS:-$HOME/.cache/backstay/kube}
	[ -x "$assets/kube-apiserver" ] || skip "no kube-apiserver in $assets: scripts/kube-assets makes it"
	../servers/kube start "$SIM_TMP/real" -- --enable-aggregator-routing=true
	use real
	written=kube_transcript.txt
	version=$("$assets/kube-apiserver" --version)
	[[ $version != *v1.36.* ]] || written=kube_transcript_1.36.txt
	transcript real >"$SIM_TMP/real-said"
	diff "$written" "$SIM_TMP/real-said"
}

@test "kubectl applies, reads and deletes" {
	use new
	kubectl=${KUBEBUILDER_ASSETS:-$HOME/.cache/backstay/kube}/kubectl
	[ -x "$kubectl" ] || skip "no kubectl: scripts/kube-assets builds one"
	echo '{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"k"},"data":{"a":"b"}}' |
		"$kubectl" --kubeconfig "$KUBE_CONFIG" apply --server-side -f -
	[ "$("$kubectl" --kubeconfig "$KUBE_CONFIG" get configmap k -o 'jsonpath={.data.a}')" = b ]
	"$kubectl" --kubeconfig "$KUBE_CONFIG" delete configmap k
	run "$kubectl" --kubeconfig "$KUBE_CONFIG" get configmap k
	[ "$status" -eq 1 ]
	[[ $output == *'configmaps "k" not found'* ]]
}

@test "aggregated discovery by Accept header, and 406 from a server without it" {
	v2='application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList'
	beta='application/json;g=apidiscovery.k8s.io;v=v2beta1;as=APIGroupDiscoveryList'
	use new
	[ "$(get /apis -H "Accept: $v2" | field 'o["kind"], o["apiVersion"]')" = "('APIGroupDiscoveryList', 'apidiscovery.k8s.io/v2')" ]
	[ "$(get /apis -H "Accept: $beta" | field 'o["apiVersion"]')" = apidiscovery.k8s.io/v2beta1 ]
	[ "$(get /api -H "Accept: $v2" | field '[r["resource"] for r in o["items"][0]["versions"][0]["resources"] if r["resource"] == "secrets"]')" = "['secrets']" ]
	[ "$(get /apis -H 'Accept: application/json' | field 'o["kind"]')" = APIGroupList ]
	use old
	[ "$(get /apis -H "Accept: $v2" -o /dev/null -w '%{http_code}')" = 406 ]
	[ "$(get /apis -H "Accept: $v2,application/json" | field 'o["kind"]')" = APIGroupList ]
}

@test "an expired continue token is 410 with a token for the rest" {
	use new
	token=$(get '/api/v1/namespaces?limit=1' | field 'o["metadata"]["continue"]')
	[ "$(get "/api/v1/namespaces?limit=1&continue=$token" | field 'len(o["items"])')" = 1 ]
	curl -fsS -X POST "$KUBE_SIM_URL/expire"
	[ "$(get "/api/v1/namespaces?limit=1&continue=$token" | field 'o["code"], o["reason"], "continue" in o["metadata"]')" = "(410, 'Expired', True)" ]
}

@test "faults: as often as told, and then no more" {
	use new
	faults '{"path": "configmaps", "method": "GET", "kind": "429", "retry_after": 7, "count": 1}'
	[ "$(get /api/v1/configmaps -o /dev/null -D - | tr -d '\r' | grep -E '^(HTTP|Retry)' | xargs)" = 'HTTP/1.1 429 Too Many Requests Retry-After: 7' ]
	[ "$(get /api/v1/configmaps -o /dev/null -w '%{http_code}')" = 200 ]
	faults '{"kind": "500", "count": 1}'
	[ "$(get /api/v1/configmaps | field 'o["code"], o["reason"]')" = "(500, 'InternalError')" ]
	faults '{"kind": "reset", "count": 1}'
	run get /api/v1/configmaps
	[ "$status" -eq 56 ]
	faults '{"kind": "truncate", "count": 1}'
	run get /api/v1/configmaps -o /dev/null
	[ "$status" -eq 18 ]
	faults '[{"kind": "malformed", "count": 1}, {"kind": "html", "count": 1}]'
	run field 1 < <(get /api/v1/configmaps)
	[ "$status" -ne 0 ]
	[[ $(get /api/v1/configmaps) == '<html>'* ]]
	run faults '{"kind": "nonsense"}'
	[ "$status" -ne 0 ]
	no_faults
}

@test "a lost reply has taken effect" {
	use new
	faults '{"kind": "lost", "method": "POST", "count": 1}'
	run get /api/v1/namespaces/default/configmaps -d '{"metadata":{"name":"lost"}}'
	[ "$status" -ne 0 ]
	[ "$(get /api/v1/namespaces/default/configmaps/lost -o /dev/null -w '%{http_code}')" = 200 ]
}

@test "random faults repeat under their seed" {
	use new
	pattern() {
		faults '{"path": "/version", "kind": "503", "rate": 0.3, "seed": 5}'
		for _ in $(seq 30); do get /version -o /dev/null -w '%{http_code} '; done
		no_faults
	}
	a=$(pattern)
	[ "$a" = "$(pattern)" ]
	[[ $a == *503* && $a == *200* ]]
}

@test "writes are counted, and an unchanged apply is none" {
	use new
	apply() {
		get '/api/v1/namespaces/default/configmaps/n?fieldManager=m' -X PATCH \
			-H 'Content-Type: application/apply-patch+yaml' \
			-d '{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"n"},"data":{"a":"b"}}' -o /dev/null
	}
	curl -fsS -X DELETE "$KUBE_SIM_URL/stats" -o /dev/null
	apply
	apply
	[ "$(curl -fsS "$KUBE_SIM_URL/stats" | field 'o["writes"], o["requests"]["patch"]')" = \
		"({'create': 1, 'ConfigMap create': 1}, 2)" ]
}

@test "TLS: client certificates, a wrong authority, pods that run" {
	use tls
	c=(curl -sS --cacert "$KUBE_CA")
	[ "$("${c[@]}" -o /dev/null -w '%{http_code}' "$KUBE_URL/api/v1/secrets")" = 403 ]
	[ "$("${c[@]}" --cert "$SIM_TMP/tls/client.crt" --key "$SIM_TMP/tls/client.key" \
		-o /dev/null -w '%{http_code}' "$KUBE_URL/api/v1/secrets")" = 200 ]
	run curl -sS --cacert "$KUBE_CA_WRONG" "$KUBE_URL/version"
	[ "$status" -eq 60 ]
	CURL_CA_BUNDLE=$KUBE_CA get /apis/apps/v1/namespaces/default/deployments -o /dev/null -d '{"metadata":{"name":"web"},"spec":{
		"replicas":2,"selector":{"matchLabels":{"a":"b"}},"template":{"metadata":{"labels":{"a":"b"}},
		"spec":{"containers":[{"name":"c","image":"i"}]}}}}'
	for _ in $(seq 600); do
		n=$(CURL_CA_BUNDLE=$KUBE_CA get /apis/apps/v1/namespaces/default/deployments/web | field 'o["status"].get("availableReplicas")')
		[ "$n" != 2 ] || break
		sleep 0.1
	done
	[ "$n" = 2 ]
}

@test "a large answer is gzipped for who asks" {
	use new
	get /api/v1/namespaces/default/configmaps -o /dev/null \
		-d "{\"metadata\":{\"name\":\"large\"},\"data\":{\"a\":\"$(head -c 20000 /dev/zero | tr '\0' x)\"}}"
	for i in $(seq 8); do
		get /api/v1/namespaces/default/configmaps -o /dev/null \
			-d "{\"metadata\":{\"name\":\"large$i\"},\"data\":{\"a\":\"$(head -c 20000 /dev/zero | tr '\0' x)\"}}"
	done
	get /api/v1/configmaps -D - -o /dev/null -H 'Accept-Encoding: gzip' | grep -qi '^content-encoding: gzip'
	run grep -ci '^content-encoding' <(get /api/v1/configmaps -D - -o /dev/null)
	[ "$output" = 0 ]
}
