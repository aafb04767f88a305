#!/usr/bin/env bats
# Whose each field is after a restore: that of who managed it before, as kubectl
# shows by what it may change and take away. This file runs against the
# simulated API server; the same file under the name kube_managers_real.bats
# against the real one.
# shellcheck disable=SC2154 # lib sets $top, bats runs each test apart
bats_require_minimum_version 1.5.0
load lib
load cluster

NS=/api/v1/namespaces/ssa
GITOPS='--server-side --field-manager=kustomize-controller'

setup_file() {
	cluster_pick || return 0
	[ -x "$(kubectl_path)" ] || return 0
	kube_server "$KUBE" start "$P/kube"
	cluster_config ssa 'gates: never' >"$BACKSTAY_CONFIG"
	mkdir "$P/y"
	manifests
	load_all
	agent backup
	call DELETE $NS
	for _ in {1..600}; do call GET $NS 2>/dev/null >&2 || break; sleep 0.1; done
	run --separate-stderr restore apply latest --yes --same-cluster -o json
	echo "$stderr"
	[ "$status" -eq 0 ]
	printf '%s' "$output" >"$P/report"
}

teardown_file() { cluster_stop; }

setup() {
	cluster_need
	[ -x "$(kubectl_path)" ] || skip "no kubectl: scripts/kube-assets builds one"
}

kubectl_path() {
	echo "${KUBECTL:-${KUBEBUILDER_ASSETS:-$HOME/.cache/backstay/kube}/kubectl}"
}

kubectl() { "$(kubectl_path)" --kubeconfig "$P/kube/kubeconfig" --namespace ssa "$@"; }

apply_file() { # FILE OPTION...
	kubectl apply --validate=false -f "$P/y/$1" "${@:2}"
}

manifests() {
	local map='{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"%s","labels":{"a":"1"}},"data":%s}\n'
	local set='{"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":"%s"},"spec":{"replicas":1,
	    "selector":{"matchLabels":{"app":"a"}},"template":{"metadata":{"labels":{"app":"a"}},"spec":{"containers":
	    [{"name":"c","image":"example.com/a:%s","env":[%s]}]}}}}\n'
	local env='{"name":"A","value":"1"}' both='{"x":"1","y":"2"}' one='{"x":"1"}' name
	for name in gitops typed shared made; do
		# shellcheck disable=SC2059
		printf "$map" $name "$both" >"$P/y/$name"
		# shellcheck disable=SC2059
		printf "$map" $name "$one" >"$P/y/$name-next"
	done
	for name in app scaled; do
		# shellcheck disable=SC2059
		printf "$set" $name 1 "$env,"'{"name":"B","value":"2"}' >"$P/y/$name"
		# shellcheck disable=SC2059
		printf "$set" $name 2 "$env" >"$P/y/$name-next"
	done
	sed -i 's/"replicas":1,//' "$P"/y/scaled*
}

load_all() {
	kubectl create namespace ssa
	# shellcheck disable=SC2086
	{
		apply_file gitops $GITOPS
		apply_file app $GITOPS
		apply_file scaled $GITOPS
		apply_file shared $GITOPS
	}
	apply_file typed
	kubectl create --validate=false -f "$P/y/made" --field-manager=helm
	call PATCH "$NS/configmaps/shared?fieldManager=other" '{"data":{"z":"3"}}'
	call PATCH "/apis/apps/v1/namespaces/ssa/deployments/scaled?fieldManager=scaler" '{"spec":{"replicas":3}}'
	local name
	for name in gitops typed shared made; do managers configmaps $name >"$P/y/$name-managers"; done
	managers deployments app >"$P/y/app-managers"
}

one() { # PLURAL NAME
	local at=$NS
	[ "$1" = deployments ] && at=/apis/apps/v1/namespaces/ssa
	call GET "$at/$1/$2"
}

# Who manages which fields, without controllers of the cluster.
managers() { # PLURAL NAME
	one "$@" | jq -S '[.metadata.managedFields[] | select(.manager != "kube-controller-manager") |
	    {manager, operation, fieldsV1, subresource}] | sort_by(.manager, .operation)'
}

@test "the fields of what was applied, created and shared have their managers again" {
	local name
	for name in gitops typed shared made; do
		managers configmaps $name | diff "$P/y/$name-managers" -
	done
	managers deployments app | diff "$P/y/app-managers" -
	# When they wrote is known as well.
	one configmaps shared | jq -e '.metadata.creationTimestamp as $made |
	    all(.metadata.managedFields[]; .time <= $made)'
}

@test "a controller that applies takes away what its repository no longer has" {
	# shellcheck disable=SC2086
	{
		apply_file gitops-next $GITOPS
		apply_file shared-next $GITOPS
		apply_file app-next $GITOPS
	}
	[ "$(one configmaps gitops | jq -c .data)" = '{"x":"1"}' ]
	[ "$(one configmaps shared | jq -c .data)" = '{"x":"1","z":"3"}' ]
	one deployments app | jq -e '.spec.template.spec.containers[0] |
	    .image == "example.com/a:2" and (.env | length) == 1'
}

@test "another manager is refused as before" {
	run apply_file made-next --server-side --field-manager=somebody
	[ "$status" -eq 0 ] # the same values
	sed 's/"x":"1"/"x":"9"/' "$P/y/made-next" >"$P/y/made-other"
	run apply_file made-other --server-side --field-manager=somebody
	echo "$output"
	[ "$status" -ne 0 ]
	[[ $output == *'conflict with "helm"'* ]]
}

@test "what was scaled beside its manifest stays so" {
	# shellcheck disable=SC2086
	apply_file scaled-next $GITOPS
	one deployments scaled | jq -e '.spec.replicas == 3'
}

@test "client-side apply goes on, and may become server-side" {
	apply_file typed-next
	[ "$(one configmaps typed | jq -c .data)" = '{"x":"1"}' ]
	sed 's/"x":"1"/"x":"9"/' "$P/y/typed-next" >"$P/y/typed-other"
	if "$(kubectl_path)" version --client -o json | jq -e '.clientVersion.minor | tonumber > 25'; then
		apply_file typed-other --server-side
		[ "$(one configmaps typed | jq -c .data)" = '{"x":"9"}' ]
	fi
}

@test "what one manager made costs one request" {
	[ "$KUBE" = sim ] || skip "the simulated server counts"
	local name
	for name in gitops typed made; do call DELETE "$NS/configmaps/$name"; done
	# shellcheck disable=SC1091 # written by the server
	. "$P/kube/env"
	curl -fsS -d '{"kind":"slow","delay_ms":0,"path":"namespaces/ssa/","method":"POST|PUT|PATCH|DELETE"}' "$KUBE_SIM_URL/faults"
	apply
	[ "$status" -eq 0 ]
	curl -fsS "$KUBE_SIM_URL/faults" | jq -e '([.[].fired] | add) == 3'
}

# A field that was paused and released is no more ours than any other.
@test "what was held and released has its managers, too" {
	local deployments=/apis/apps/v1/namespaces/ssa/deployments
	cluster_config ssa 'gates: never' 'rules:' \
	    "  - {kind: Deployment.apps, pause: '/spec/replicas=0'}" >"$BACKSTAY_CONFIG"
	call DELETE "$deployments/app"
	for _ in {1..600}; do one deployments app 2>/dev/null >&2 || break; sleep 0.1; done
	apply --hold
	[ "$status" -eq 0 ]
	one deployments app | jq -e '.spec.replicas == 0'
	run --separate-stderr restore release latest -o json
	echo "$output$stderr"
	[ "$status" -eq 0 ]
	one deployments app | jq -e '.spec.replicas == 1'
	managers deployments app | diff "$P/y/app-managers" -
	sed 's/"replicas":1/"replicas":2/' "$P/y/app" >"$P/y/app-two"
	# shellcheck disable=SC2086
	apply_file app-two $GITOPS
	one deployments app | jq -e '.spec.replicas == 2'
}
