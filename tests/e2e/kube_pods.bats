#!/usr/bin/env bats
# Restores into a cluster that runs pods, which the simulated API server plays:
# what fails closed is answered by pods that are themselves in the snapshot.
# shellcheck disable=SC2154 # lib sets $top, bats the others
bats_require_minimum_version 1.5.0
load lib
load cluster

HOOKS=/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations

setup_file() {
	cluster_pick
	"$top/tests/sim/kube" start "$P/kube" --run-pods 0.5
	config
	fill
	agent backup
}

teardown_file() { cluster_stop; }

setup() { cluster_need; }

config() { # LINE...: of restore
	cluster_config guarded 'gates: always' "$@" >"$BACKSTAY_CONFIG"
}

# A guard of every ConfigMap, named so that by its name it would come first; its
# pods need a Secret, and come last by theirs.
fill() {
	local at=/api/v1/namespaces/guarded
	call POST /api/v1/namespaces '{"apiVersion":"v1","kind":"Namespace","metadata":{"name":"guarded"}}'
	for n in 1 2 3 4 5; do
		call POST $at/configmaps '{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"map-'$n'"}}'
	done
	call POST $at/secrets '{"apiVersion":"v1","kind":"Secret","metadata":{"name":"z-certificate"}}'
	call POST $at/services '{"apiVersion":"v1","kind":"Service","metadata":{"name":"z-guard"},
	    "spec":{"selector":{"app":"guard"},"ports":[{"port":443}]}}'
	call POST /apis/apps/v1/namespaces/guarded/deployments '{"apiVersion":"apps/v1","kind":"Deployment",
	    "metadata":{"name":"z-guard"},"spec":{"replicas":1,"selector":{"matchLabels":{"app":"guard"}},
	    "template":{"metadata":{"labels":{"app":"guard"}},"spec":{"containers":[{"name":"c","image":"i"}],
	    "volumes":[{"name":"v","secret":{"secretName":"z-certificate"}}]}}}}'
	call POST $HOOKS '{"apiVersion":"admissionregistration.k8s.io/v1","kind":"ValidatingWebhookConfiguration",
	    "metadata":{"name":"a-guard"},"webhooks":[{"name":"a.guard.example.com","failurePolicy":"Fail",
	    "sideEffects":"None","admissionReviewVersions":["v1"],
	    "clientConfig":{"service":{"namespace":"guarded","name":"z-guard","path":"/"}},
	    "rules":[{"apiGroups":[""],"apiVersions":["v1"],"operations":["CREATE"],"resources":["configmaps"]}],
	    "objectSelector":{"matchExpressions":[{"key":"unguarded","operator":"DoesNotExist"}]}}]}'
}

gone() { # PATH...
	for path in "$@"; do
		call DELETE "$path" >/dev/null
		for _ in {1..600}; do
			call GET "$path" >/dev/null 2>&1 || continue 2
			sleep 0.1
		done
		echo "$path does not go"
		return 1
	done
}

@test "a webhook that fails closed comes once the pods behind it are ready" {
	config 'gate_timeout: 120s'
	gone $HOOKS/a-guard /api/v1/namespaces/guarded
	apply
	[ "$status" -eq 0 ]
	for what in 'Service guarded/z-guard' 'Deployment.apps guarded/z-guard'; do
		jq -e --arg what "$what" '.gates[] | select(.what == $what) | .passed' "$P/report"
	done
	call GET $HOOKS/a-guard >/dev/null
}

@test "what a webhook guards waits for its pods where the webhook is there and they are not" {
	config 'gate_timeout: 120s'
	gone /api/v1/namespaces/guarded
	apply
	[ "$status" -eq 0 ]
	[ "$(jq .summary.ConfigMap.created "$P/report")" -eq 5 ]
}

@test "what fails is named with its cause, and holds back only what depends on it" {
	gone $HOOKS/a-guard /api/v1/namespaces/guarded
	config 'gate_timeout: 1s' 'transforms:' \
	    '  - {kind: Service.core, patch: [{op: replace, path: /spec/selector/app, value: nobody}]}'
	apply
	[ "$status" -eq 1 ]
	jq -e '[.items[] | select(.outcome != "created" and .outcome != "skipped") |
	    "\(.outcome) \(.what)"] == ["held ValidatingWebhookConfiguration.admissionregistration.k8s.io a-guard"]' \
	    "$P/report"
	jq -e '.gates[] | select(.what == "Service guarded/z-guard") | .passed == false and
	    (.detail | contains("endpoint"))' "$P/report"
}
