#!/usr/bin/env bats
# What the restore knows of Flux, Argo CD, Crossplane, Terraform controllers and
# others: order, pauses, status, release. This file runs against the simulated
# API server; the same file under the name kube_systems_real.bats against the
# real one. Their controllers are not there; their objects are.
# shellcheck disable=SC2154,SC2030,SC2031 # lib sets $top, bats runs each test apart
# bats file_tags=slow
bats_require_minimum_version 1.5.0
load lib
load cluster

setup_file() {
	cluster_pick || return 0
	kube_server "$KUBE" start "$P/kube"
	config >"$BACKSTAY_CONFIG"
	systems load
	agent backup
	systems wipe
}

config() { # LINE...: of restore
	cluster_config systems 'gates: never' 'edges:' \
	    '  - {from: Widget.example.com, pointer: /spec/needs/map, form: name, to: ConfigMap.core, strength: holds}' "$@"
}

teardown_file() { cluster_stop; }

setup() {
	cluster_need
	config >"$BACKSTAY_CONFIG"
}

systems() { "$top/tests/e2e/kube_systems" "$1" "$P/kube/kubeconfig"; }
# An object of the cluster, by its kind's group and version and its name.
live() { # GROUP/VERSION PLURAL NAME [cluster]
	local at=/namespaces/systems
	[ "${4-}" = cluster ] && at=
	if [[ $1 == v1 ]]; then
		call GET "/api/v1$at/$2/$3"
	else
		call GET "/apis/$1$at/$2/$3"
	fi
}

# Each line: what comes before what, as "Kind name".
order() {
	cat <<-E
	Secret z-git-auth < GitRepository platform
	GitRepository platform < Kustomization z-root
	Kustomization z-root < Kustomization a-child
	HelmRepository charts < HelmRelease app
	Secret sh.helm.release.v1.app.v1 < HelmRelease app
	AppProject z-project < Secret repository
	AppProject z-project < Application z-apps
	Secret repository < Application z-apps
	ApplicationSet z-set < Application generated
	Application z-apps < Application a-app
	Secret z-aws < ProviderConfig default
	ProviderConfig default < Bucket a-bucket
	Provider z-provider < Bucket a-bucket
	CompositeResourceDefinition xdatabases.example.org < Composition z-composition
	CompositeResourceDefinition xdatabases.example.org < XDatabase m-composite
	Composition z-composition < XDatabase m-composite
	Database z-claim < XDatabase m-composite
	XDatabase m-composite < Bucket a-bucket
	Secret tfstate-default-infra < Terraform infra
	GitRepository platform < Terraform infra
	ConfigMap zz-settings < ClusterPolicy a-policy
	ClusterPolicy a-policy < ValidatingWebhookConfiguration a-kyverno
	Service kyverno-svc < ValidatingWebhookConfiguration a-kyverno
	ConstraintTemplate k8srequired < K8sRequired a-constraint
	SecretStore z-store < ExternalSecret password
	Secret a-derived < ExternalSecret password
	Issuer z-issuer < Certificate web
	Secret web-tls < Certificate web
	Secret web-tls < Ingress a-web
	Service kyverno-svc < Ingress a-web
	PrometheusRule z-rule < ValidatingWebhookConfiguration a-prometheus
	Service prometheus-svc < ValidatingWebhookConfiguration a-prometheus
	ConfigMap zz-settings < Widget a-widget
	E
}

@test "every system's objects come in the order that its rules ask for" {
	run --separate-stderr restore plan latest --derived --same-cluster -o json
	echo "$stderr"
	[ "$status" -eq 0 ]
	jq -r '.nodes[] | "\(.kind) \(.name)\t\(.level)"' <<<"$output" >"$BATS_TEST_TMPDIR/levels"
	local before after bad=0
	while IFS='<' read -r before after; do
		awk -F'\t' -v before="${before% }" -v after="${after# }" '
		    $1 == before {b = $2} $1 == after {a = $2}
		    END {if (!b || !a || b >= a) {
			    print before " is at " b ", " after " at " a; exit 1}}' \
		    "$BATS_TEST_TMPDIR/levels" || bad=1
	done < <(order)
	[ "$bad" -eq 0 ]
	# Certificate and Secret need each other: that is told.
	jq -e '[.warnings[] | select(contains("a cycle was broken") and contains("web-tls"))] |
	    length == 1' <<<"$output"
}

@test "--hold leaves what would act paused, with its status" {
	apply --hold
	[ "$status" -eq 0 ]
	local kustomize=kustomize.toolkit.fluxcd.io/v1 helm=helm.toolkit.fluxcd.io/v2
	live $kustomize kustomizations z-root | jq -e '.spec.suspend and .spec.prune and
	    (.status.inventory.entries[0].id | startswith("systems_a-child"))'
	live $kustomize kustomizations a-child | jq -e .spec.suspend
	live source.toolkit.fluxcd.io/v1 gitrepositories platform | jq -e .spec.suspend
	live $helm helmreleases app | jq -e '.spec.suspend and .status.history[0].version == 1'
	live argoproj.io/v1alpha1 applications generated | jq -e '.status.sync.status == "Synced" and
	    .metadata.annotations["argocd.argoproj.io/skip-reconcile"] == "true"'
	live argoproj.io/v1alpha1 applicationsets z-set | jq -e '.spec.template.metadata |
	    .annotations["argocd.argoproj.io/skip-reconcile"] == "true" and .name == "x"'
	live s3.aws.crossplane.io/v1beta1 buckets a-bucket cluster | jq -e '
	    .metadata.annotations["crossplane.io/paused"] == "true" and
	    .metadata.annotations["crossplane.io/external-name"] == "bucket-1" and
	    .status.atProvider.arn == "arn:x"'
	live example.org/v1 xdatabases m-composite cluster | jq -e '.status.ready and
	    .metadata.annotations["crossplane.io/paused"] == "true"'
	live example.org/v1 databases z-claim | jq -e '.metadata.annotations["crossplane.io/paused"] == "true"'
	live infra.contrib.fluxcd.io/v1alpha2 terraforms infra | jq -e '.spec.suspend and .status.plan.x == "y"'
	live cert-manager.io/v1 certificates web | jq -e '.status.revision == 3'
	# Its status is not asked for, and nothing is known of it.
	live monitoring.coreos.com/v1 prometheusrules z-rule | jq -e '.status == null'
	jq -e '(.left_paused | length) == 14 and (.next | contains("release"))' "$P/report"
	jq -e '[.items[] | select(.what | contains("a-bucket")) | .notes[] |
	    select(contains("external-create-pending"))] | length == 1' "$P/report"
}

@test "owners are right, also where the owner had to come later" {
	[ "$(live v1 secrets web-tls | jq -r '.metadata.ownerReferences[0].uid')" = \
	    "$(live cert-manager.io/v1 certificates web | jq -r .metadata.uid)" ]
	[ "$(live s3.aws.crossplane.io/v1beta1 buckets a-bucket cluster | jq -r '.metadata.ownerReferences[0].uid')" = \
	    "$(live example.org/v1 xdatabases m-composite cluster | jq -r .metadata.uid)" ]
}

@test "release lets them go in order, children last, and takes its fields away" {
	run --separate-stderr restore release latest -o json
	echo "$output$stderr"
	[ "$status" -eq 0 ]
	jq -e '.items | length == 14 and all(.outcome == "updated")' <<<"$output"
	local kustomize=kustomize.toolkit.fluxcd.io/v1
	for what in "$kustomize kustomizations z-root" "$kustomize kustomizations a-child" \
	    "source.toolkit.fluxcd.io/v1 gitrepositories platform" \
	    "helm.toolkit.fluxcd.io/v2 helmreleases app" \
	    "infra.contrib.fluxcd.io/v1alpha2 terraforms infra"; do
		# shellcheck disable=SC2086 # three words
		live $what | jq -e '.spec | has("suspend") | not'
	done
	live helm.toolkit.fluxcd.io/v2 helmreleases asleep | jq -e '.spec.suspend == true'
	live argoproj.io/v1alpha1 applications generated |
	    jq -e '.metadata.annotations // {} | has("argocd.argoproj.io/skip-reconcile") | not'
	live argoproj.io/v1alpha1 applicationsets z-set |
	    jq -e '.spec.template.metadata.annotations // {} | has("argocd.argoproj.io/skip-reconcile") | not'
	live s3.aws.crossplane.io/v1beta1 buckets a-bucket cluster | jq -e '.metadata.annotations |
	    (has("crossplane.io/paused") | not) and .["crossplane.io/external-name"] == "bucket-1"'
	# The parent was let go before its child.
	local pair
	for pair in "$kustomize kustomizations z-root a-child" \
	    "argoproj.io/v1alpha1 applications z-apps a-app"; do
		# shellcheck disable=SC2086
		set -- $pair
		[ "$(live "$1" "$2" "$3" | jq -r .metadata.resourceVersion)" -lt \
		    "$(live "$1" "$2" "$4" | jq -r .metadata.resourceVersion)" ]
	done
	[ "$(live argoproj.io/v1alpha1 applicationsets z-set | jq -r .metadata.resourceVersion)" -lt \
	    "$(live argoproj.io/v1alpha1 applications generated | jq -r .metadata.resourceVersion)" ]
	[ "$(live example.org/v1 xdatabases m-composite cluster | jq -r .metadata.resourceVersion)" -lt \
	    "$(live s3.aws.crossplane.io/v1beta1 buckets a-bucket cluster | jq -r .metadata.resourceVersion)" ]
	# What was let go stays so.
	run --separate-stderr restore release latest -o json
	[ "$status" -eq 0 ]
	jq -e '.items | length == 0' <<<"$output"
}

@test "a Secret that an outer store makes comes back only on demand" {
	run call GET /api/v1/namespaces/systems/secrets/a-derived
	[ "$status" -ne 0 ]
	jq -e '.items[] | select(.what == "Secret systems/a-derived") |
	    .outcome == "skipped" and (.detail | contains("--derived"))' "$P/report"
	apply --derived
	[ "$status" -eq 0 ]
	[ "$(live v1 secrets a-derived | jq -r '.metadata.ownerReferences[0].uid')" = \
	    "$(live external-secrets.io/v1beta1 externalsecrets password | jq -r .metadata.uid)" ]
}

@test "--status brings back that of every kind, also of what is there" {
	local issuers=/apis/cert-manager.io/v1/namespaces/systems/issuers
	call PATCH $issuers/z-issuer/status '{"status":{"a":"b"}}'
	agent backup
	call PATCH $issuers/z-issuer/status '{"status":{"a":"c"}}'
	apply --existing update
	[ "$status" -eq 0 ]
	call GET $issuers/z-issuer | jq -e '.status.a == "c"'
	apply --existing update --status
	[ "$status" -eq 0 ]
	call GET $issuers/z-issuer | jq -e '.status.a == "b"'
	call DELETE $issuers/z-issuer
	apply --status
	[ "$status" -eq 0 ]
	call GET $issuers/z-issuer | jq -e '.status.a == "b"'
}

@test "without_rules leaves a system's objects as they are" {
	systems wipe
	config 'without_rules: [flux]' >"$BACKSTAY_CONFIG"
	apply --hold
	[ "$status" -eq 0 ]
	live kustomize.toolkit.fluxcd.io/v1 kustomizations z-root |
	    jq -e '(.spec | has("suspend") | not) and .status == null'
	live argoproj.io/v1alpha1 applications generated |
	    jq -e '.metadata.annotations["argocd.argoproj.io/skip-reconcile"] == "true"'
	restore release latest
	[ "$(restore release latest)" = 'nothing was left paused; there is nothing to release' ]
}

@test "a version that is no longer served becomes one that is" {
	systems wipe
	systems newer
	run --separate-stderr restore plan latest --same-cluster -o json
	[ "$status" -eq 0 ]
	jq -e '[.warnings[] | select(contains("example.com/v1alpha1 Gadget") and
	    contains("example.com/v1"))] | length == 1' <<<"$output"
	apply
	[ "$status" -eq 0 ]
	live example.com/v1 gadgets old | jq -e '.spec.n == 1'
}

@test "what is not ready holds back what needs it, until it is" {
	systems wipe
	systems define
	sed -i 's/gates: never/gates: always\n  gate_timeout: 1s/' "$BACKSTAY_CONFIG"
	apply
	[ "$status" -eq 1 ]
	jq -r '.items[] | select(.outcome == "held") | .what | split(" ")[-1]' "$P/report" |
	    sort >"$BATS_TEST_TMPDIR/held"
	diff - "$BATS_TEST_TMPDIR/held" <<-E
	a-bucket
	a-kyverno
	a-prometheus
	m-composite
	systems/z-claim
	E
	# Its status came back, but for what says that it runs here.
	live pkg.crossplane.io/v1 providers z-provider cluster | jq -e '
	    .status.currentRevision == "r1" and (.status.conditions | length) == 0'
	ready() { # PATH CONDITION...
		local path=$1
		shift
		call PATCH "$path/status" "$(jq -cn '{status: {conditions: [$ARGS.positional[] |
		    {type: ., status: "True"}]}}' --args "$@")"
	}
	ready /apis/pkg.crossplane.io/v1/providers/z-provider Installed Healthy
	ready /apis/apiextensions.crossplane.io/v1/compositeresourcedefinitions/xdatabases.example.org \
	    Established
	ready /apis/external-secrets.io/v1beta1/namespaces/systems/secretstores/z-store Ready
	for service in kyverno-svc prometheus-svc; do
		call POST /api/v1/namespaces/systems/endpoints '{"apiVersion":"v1","kind":"Endpoints",
		    "metadata":{"name":"'$service'"},"subsets":[{"addresses":[{"ip":"10.1.2.3"}],
		    "ports":[{"port":443}]}]}'
	done
	apply --resume
	[ "$status" -eq 0 ]
	[ "$(jq '[.items[] | select(.kind != "release" and .outcome == "held")] | length' "$P/report")" -eq 0 ]
}

# No pod answers here: the real server finds the API unavailable for good, and
# the simulated one available once its Service has an endpoint.
@test "what needs an aggregated API waits until that is available" {
	local ns=/api/v1/namespaces/aggregated apis=/apis/apiregistration.k8s.io/v1/apiservices
	cluster_config aggregated 'gates: always' 'gate_timeout: 3s' 'edges:' \
	    '  - {from: ConfigMap.core, pointer: /data/api, form: cluster_name,
	        to: APIService.apiregistration.k8s.io, strength: required, ready: true}' >"$BACKSTAY_CONFIG"
	call POST /api/v1/namespaces '{"apiVersion":"v1","kind":"Namespace","metadata":{"name":"aggregated"}}'
	call POST $ns/services '{"apiVersion":"v1","kind":"Service","metadata":{"name":"late"},"spec":{"ports":[{"port":443}]}}'
	call POST $apis '{"apiVersion":"apiregistration.k8s.io/v1","kind":"APIService",
	    "metadata":{"name":"v1.late.example.com"},"spec":{"group":"late.example.com","version":"v1",
	    "groupPriorityMinimum":1000,"versionPriority":10,"insecureSkipTLSVerify":true,
	    "service":{"namespace":"aggregated","name":"late","port":443}}}'
	call POST $ns/configmaps '{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"user"},
	    "data":{"api":"v1.late.example.com"}}'
	agent backup
	call DELETE $apis/v1.late.example.com
	call DELETE $ns/configmaps/user
	call DELETE $ns/services/late
	gate() { # PASSED DETAIL
		jq -e --arg detail "$2" '.gates[] | select(.what == "APIService.apiregistration.k8s.io v1.late.example.com") |
		    .passed == '"$1"' and (.detail | contains($detail))' "$P/report"
	}
	apply
	[ "$status" -eq 1 ]
	gate false 'Available is False'
	jq -e '[.items[] | select(.outcome == "held") | .what] == ["ConfigMap aggregated/user"]' "$P/report"
	if [ "$KUBE" != real ]; then
		call POST $ns/endpoints '{"apiVersion":"v1","kind":"Endpoints","metadata":{"name":"late"},
		    "subsets":[{"addresses":[{"ip":"10.1.2.3"}],"ports":[{"port":443}]}]}'
		apply --resume
		[ "$status" -eq 0 ]
		gate true ''
		call GET $ns/configmaps/user >/dev/null
	fi
	call DELETE $apis/v1.late.example.com
}
