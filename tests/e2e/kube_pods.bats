#!/usr/bin/env bats
# Restores into a cluster that runs pods, which the simulated API server plays:
# what fails closed is answered by pods that are themselves in the snapshot.
# shellcheck disable=SC2154 # lib sets $top, bats the others
bats_require_minimum_version 1.5.0
load lib

HOOKS=/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations

setup_file() {
	export P=$BATS_FILE_TMPDIR/p
	mkdir -p "$P"
	"$top/tests/sim/kube" start "$P/kube" --run-pods 0.5
	restore keygen --to "$P/keys" >"$P/recipient"
	cat >"$P/backstay.yaml" <<-E
	name: pods
	state_dir: $P/state
	vaults: [{name: local, directory: $P/vault}]
	encryption:
	  recipients: [$(grep -o 'age1[a-z0-9]*' "$P/recipient" | head -1)]
	  identity_files: [$P/keys/identity.txt]
	signing:
	  secret_key_file: $P/keys/signing.key
	  public_key_files: [$P/keys/signing.pub]
	kubernetes:
	  clusters:
	    - {name: c, kubeconfig: $P/kube/kubeconfig, namespaces: [guarded]}
	restore: {gates: always, gate_timeout: 20s}
	E
	fill
	agent --config "$P/backstay.yaml" backup
}

teardown_file() {
	"$top/tests/sim/kube" stop "$P/kube"
	rm -rf "$P"
}

setup() { export BACKSTAY_CONFIG=$P/backstay.yaml; }

call() { "$top/tests/e2e/kube_chain" call "$P/kube/kubeconfig" "$@"; }

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
		for _ in {1..100}; do
			call GET "$path" >/dev/null 2>&1 || break
			sleep 0.1
		done
	done
}

apply() {
	run --separate-stderr restore apply latest --yes -o json --same-cluster
	echo "$stderr"
	printf '%s' "$output" >"$P/report"
}

@test "a webhook that fails closed comes once the pods behind it are ready" {
	gone $HOOKS/a-guard /api/v1/namespaces/guarded
	apply
	[ "$status" -eq 0 ]
	for what in 'Service guarded/z-guard' 'Deployment.apps guarded/z-guard'; do
		jq -e --arg what "$what" '.gates[] | select(.what == $what) | .passed' "$P/report"
	done
	call GET $HOOKS/a-guard >/dev/null
}

@test "what a webhook guards waits for its pods where the webhook is there and they are not" {
	gone /api/v1/namespaces/guarded
	apply
	[ "$status" -eq 0 ]
	[ "$(jq .summary.ConfigMap.created "$P/report")" -eq 5 ]
}

@test "what fails is named with its cause, and holds back only what depends on it" {
	gone $HOOKS/a-guard /api/v1/namespaces/guarded
	sed -i 's/gate_timeout: 20s/gate_timeout: 1s/' "$BACKSTAY_CONFIG"
	sed -i 's/^restore: {/restore: {transforms: [{kind: Service.core, patch: [{op: replace, path: \/spec\/selector\/app, value: nobody}]}], /' \
	    "$BACKSTAY_CONFIG"
	apply
	[ "$status" -eq 1 ]
	jq -e '[.items[] | select(.outcome != "created" and .outcome != "skipped") |
	    "\(.outcome) \(.what)"] == ["held ValidatingWebhookConfiguration.admissionregistration.k8s.io a-guard"]' \
	    "$P/report"
	jq -e '.gates[] | select(.what == "Service guarded/z-guard") | .passed == false and
	    (.detail | contains("endpoint"))' "$P/report"
}
