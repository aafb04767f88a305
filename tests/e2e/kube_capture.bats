#!/usr/bin/env bats
# What of a cluster comes into a snapshot. This file runs against the simulated
# API server; the same file under the name kube_capture_real.bats against the
# real one.
# bats file_tags=slow
bats_require_minimum_version 1.5.0
load lib
load cluster
load capture

setup_file() {
	cluster_pick || return 0
	kube_server "$KUBE" start "$P/kube" --tls
	platform_keys
	server
	"$BATS_TEST_DIRNAME/kube_objects" load "${SERVER[@]}"
}

teardown_file() { cluster_stop; }

setup() {
	cluster_need
	server
	rm -rf "$P/vault" "$P/state" "$P/x"
}

has() { [ -f "$P/x/kubernetes/c/$1" ] || { echo "not in: $1"; return 1; }; }
hasnt() { [ ! -e "$P/x/kubernetes/c/$1" ] || { echo "in: $1"; return 1; }; }
ODD=namespaces/odd

@test "every object is in it as the server says it, byte for byte" {
	local same=3
	config "$KUBE_CONFIG"
	# A controller may have written to one once more before it is compared.
	for _ in {1..20}; do
		backup 0
		same=0
		"$BATS_TEST_DIRNAME/kube_objects" same "$P/x" "${SERVER[@]}" || same=$?
		[ "$same" -eq 3 ] || break
	done
	[ "$same" -eq 0 ]
	has $ODD/configmaps/text.json
	has $ODD/secrets/large.json
	has "$ODD/roles.rbac.authorization.k8s.io/system:odd:%3Crole%3E.json"
	has $ODD/oddities.odd.example.com/numbers.json
	grep -q '"big":9007199254740993,' \
	    "$P/x/kubernetes/c/$ODD/oddities.odd.example.com/numbers.json"
	# One version and one list of each.
	jq -e '[.resources[].resource] | length > 30 and length == (unique | length)' "$P/cluster"
	jq -e 'all(.resources[].lists; length == 1 and .[0].namespace == null)' "$P/cluster"
	# 253 characters and .json are more than a file name may have.
	[ "$(find "$P/x/kubernetes/c/$ODD/configmaps" -name 'nnn*~*.json' | wc -l)" = 1 ]
}

@test "what Terraform and Helm keep in Secrets is told" {
	config "$KUBE_CONFIG" 'namespaces: [odd]'
	backup 0
	jq -e '.states == [{namespace: "odd", name: "tfstate-default-odd",
	    workspace: "default", serial: 41, lineage: "odd-lineage",
	    terraform_version: "1.9.0", resources: 3}]' "$P/cluster"
	jq -e '.entries[] | select(.path | endswith("/tfstate-default-odd.json")) |
	    .facts.serial == 41 and .facts.lineage == "odd-lineage"' "$P/x/CONTENTS.json"
	jq -e '.entries[] | select(.path | endswith("/sh.helm.release.v1.odd.v2.json")) |
	    .facts.helm == {release: "odd", revision: "2", status: "deployed"}' \
	    "$P/x/CONTENTS.json"
}

@test "how far apart its parts are is told" {
	config "$KUBE_CONFIG" 'namespaces: [odd, odd-other]' 'resources: [configmaps]'
	backup 0
	# Two of many namespaces: a list for each, with its own snapshot and time.
	jq -e '[.resources[] | select(.resource == "configmaps") | .lists[] |
	    select((.resource_version | tonumber) > 0 and (.listed | fromdate) > 0) |
	    .namespace] == ["odd", "odd-other"]' "$P/cluster"
	# No object is newer than the list that it came from, which shows the newest.
	local newest
	newest=$(jq -s 'map(.metadata.resourceVersion | tonumber) | max' "$P/x/kubernetes/c/$ODD/configmaps/"*)
	jq -e --argjson newest "$newest" '[.resources[] | select(.resource == "configmaps") |
	    .lists[] | .resource_version | tonumber >= $newest] == [true, true]' "$P/cluster"
	jq -e '(.started | fromdate) <= (.finished | fromdate) and
	    (.sources[0].started | fromdate) <= (.sources[0].finished | fromdate)' "$P/m"
	jq -e '(.started | fromdate) as $from | (.finished | fromdate) as $to |
	    all(.resources[].lists[].listed | fromdate; $from <= . and . <= $to)' "$P/cluster"
	restore show latest | grep -E '^kubernetes: .*, read from 2.*Z to 2.*Z$'
	restore show latest | grep -E '^  name c, .* started 2.*Z, finished 2.*Z,'
}

@test "pages of any size bring the same" {
	config "$KUBE_CONFIG" 'namespaces: [odd*]'
	backup 0
	kinds >"$P/kinds"
	[ "$(wc -l <"$P/kinds")" -gt 40 ]
	config "$KUBE_CONFIG" 'namespaces: [odd*]' 'page_size: 3' 'concurrency: 1'
	backup 0
	kinds | diff "$P/kinds" -
	# A Secret of a megabyte is larger than this page.
	config "$KUBE_CONFIG" 'namespaces: [odd*]' 'max_page_bytes: 64KiB'
	backup 1
	jq -e '.missing[] | select(.what | test("secrets")) | .reason |
	    test("larger than the 65536 bytes")' "$P/m"
	# Smaller pages do, also where other lists of the kind came before.
	config "$KUBE_CONFIG" 'namespaces: [default, odd]' 'max_page_bytes: 512KiB' \
	    'resources: [configmaps]'
	backup 0
	has $ODD/configmaps/wide-2.json
	# What is too large all the same does not keep those behind it out.
	config "$KUBE_CONFIG" 'namespaces: [default, odd, odd-other]' 'max_page_bytes: 64KiB' \
	    'resources: [configmaps]'
	backup 1
	has namespaces/odd-other/configmaps/elsewhere.json
	jq -e '.missing | length == 1 and (.[0].what == "c: configmaps in '"'odd'"'") and
	    (.[0].reason | test("larger than the 65536 bytes"))' "$P/m"
	config "$KUBE_CONFIG" 'namespaces: [odd*]' 'max_page_bytes: 2MiB' 'gzip: on'
	backup 0
	kinds | diff "$P/kinds" -
}

@test "what a cluster makes by itself is left out, and counted" {
	config "$KUBE_CONFIG" 'namespaces: [odd, odd-other]'
	backup 0
	local kind
	for kind in pods replicasets.apps controllerrevisions.apps; do
		has $ODD/$kind/bare.json
		hasnt $ODD/$kind/owned.json
		reason "$kind" 'owned by a controller'
	done
	hasnt $ODD/configmaps/kube-root-ca.crt.json
	reason configmaps "the cluster's own CA"
	hasnt $ODD/secrets/default-token-abcde.json
	has $ODD/secrets/default-token-fghij.json
	has $ODD/endpoints/hook.json
	has $ODD/endpointslices.discovery.k8s.io/by-hand.json
	hasnt $ODD/endpointslices.discovery.k8s.io/hook-abcde.json
	reason endpointslices.discovery.k8s.io 'made from services and pods'
	reason secrets 'a token made by the controller'
	hasnt $ODD/serviceaccounts/default.json
	reason serviceaccounts 'the default account, as it came'
	for kind in events events.events.k8s.io \
	    leases.coordination.k8s.io nodes csinodes.storage.k8s.io \
	    volumeattachments.storage.k8s.io pods.metrics.k8s.io orders.acme.cert-manager.io \
	    challenges.acme.cert-manager.io certificaterequests.cert-manager.io; do
		hasnt $ODD/$kind
		hasnt cluster/$kind
		jq -e --arg kind "$kind" '.left_out[] | select(.resource == $kind) |
		    .objects >= 1 and (.reason | length) > 0' "$P/cluster" || {
			echo "not counted: $kind"
			return 1
		}
	done
	jq -e '.left_out[] | select(.resource == "events") | .reason == "events pass"' "$P/cluster"
	# What can only be asked, and is never there.
	jq -e 'all(.resources[], .left_out[]; .resource // "" | test("reviews|^bindings") | not)' "$P/cluster"
	config "$KUBE_CONFIG" 'namespaces: [odd]' 'defaults: false' 'cluster_scope: all'
	backup 0
	for kind in replicasets.apps/owned pods/owned endpoints/hook leases.coordination.k8s.io/held \
	    configmaps/kube-root-ca.crt secrets/default-token-abcde serviceaccounts/default; do
		has $ODD/$kind.json
	done
	has cluster/nodes/odd-node.json
}

# So many objects of a kind were left out, one at least, for that reason.
reason() { # RESOURCE REASON
	jq -e --arg resource "$1" --arg reason "$2" '.resources[] |
	    select(.resource == $resource) | .left_out[$reason] >= 1' "$P/cluster"
}

@test "namespaces, resources and labels are chosen" {
	config "$KUBE_CONFIG" 'namespaces: ["odd*"]' 'exclude_namespaces: [odd-o*]'
	backup 0
	[ "$(jq -c .namespaces "$P/cluster")" = '["odd","odd-empty"]' ]
	has $ODD/configmaps/text.json
	hasnt namespaces/odd-other
	has cluster/namespaces/odd-empty.json
	hasnt cluster/namespaces/odd-other.json
	config "$KUBE_CONFIG" 'namespace_labels: team=odd-other'
	backup 0
	[ "$(jq -c .namespaces "$P/cluster")" = '["odd-other"]' ]
	config "$KUBE_CONFIG" 'namespaces: [odd]' 'resources: ["*.apps", configmaps]' \
	    'exclude_resources: [replicasets]' 'labels: app=many'
	backup 0
	[ "$(kinds | grep -c configmaps)" = 25 ]
	[ "$(kinds | grep -vc configmaps)" = 0 ]
	config "$KUBE_CONFIG" 'namespaces: [odd]' 'resources: ["*.apps", "configm*"]' \
	    'exclude_resources: [replicasets]' 'cluster_scope: none'
	backup 0
	[ "$(cd "$P/x/kubernetes/c/$ODD" && echo *)" = 'configmaps controllerrevisions.apps deployments.apps' ]
	config "$KUBE_CONFIG" 'namespaces: [odd]'
	backup 0
	hasnt $ODD/configmaps/marked.json
	hasnt $ODD/configmaps/labelled-out.json
	has $ODD/configmaps/marked-false.json
	jq -e '.resources[] | select(.resource == "configmaps") |
	    .left_out["marked backstay.io/exclude"] == 2' "$P/cluster"
	# A namespace that is marked is left out with all in it.
	config "$KUBE_CONFIG" 'namespaces: ["odd*"]'
	backup 0
	hasnt cluster/namespaces/odd-marked.json
	hasnt namespaces/odd-marked
	jq -e '.left_out[] | select(.namespace == "odd-marked") |
	    .reason == "marked backstay.io/exclude"' "$P/cluster"
	jq -e '.warnings == []' "$P/m"
	config "$KUBE_CONFIG" 'namespaces: [odd, odd-marked]'
	backup 0
	hasnt namespaces/odd-marked
	jq -e "any(.warnings[]; test(\"'odd-marked' is named .* it is left out\"))" "$P/m"
}

@test "a namespace that is not there is named, and the snapshot partial" {
	config "$KUBE_CONFIG" 'namespaces: [odd, absent]'
	backup 1
	jq -e ".missing[] | select(.what == \"c: namespace 'absent'\")" "$P/m"
	has $ODD/configmaps/text.json
}

@test "of what has no namespace, what is referred to is in" {
	local crds=cluster/customresourcedefinitions.apiextensions.k8s.io
	local roles=cluster/clusterroles.rbac.authorization.k8s.io
	local classes=cluster/priorityclasses.scheduling.k8s.io
	local kind
	config "$KUBE_CONFIG" 'namespaces: [odd]'
	backup 0
	has $crds/oddities.odd.example.com.json
	has $crds/wonders.odd.example.com.json
	hasnt $crds/voids.odd.example.com.json
	has cluster/wonders.odd.example.com/world.json
	has $roles/odd:gathering.json
	has $roles/a-part.json
	hasnt $roles/odd:unused.json
	has $classes/odd-high.json
	hasnt $classes/odd-idle.json
	for kind in storageclasses.storage.k8s.io ingressclasses.networking.k8s.io \
	    runtimeclasses.node.k8s.io; do
		has cluster/$kind/odd-fast.json
		hasnt cluster/$kind/odd-idle.json
	done
	for kind in persistentvolumes/volume-of- $roles/odd:bound- \
	    clusterrolebindings.rbac.authorization.k8s.io/odd:of- \
	    validatingwebhookconfigurations.admissionregistration.k8s.io/hook-of- \
	    mutatingwebhookconfigurations.admissionregistration.k8s.io/hook-of-; do
		has "cluster/${kind#cluster/}odd.json"
		hasnt "cluster/${kind#cluster/}odd-other.json"
	done
	jq -e '.resources[] | select(.resource == "oddities.odd.example.com") |
	    .version == "v1" and .storage_version == "v1beta1" and
	    (.versions | sort) == ["v1", "v1beta1"] and
	    (.lists | length) == 1 and (.lists[0].resource_version | length) > 0 and
	    (.lists[0].listed | length) > 0' "$P/cluster"
	# Of what Kubernetes itself defines too.
	jq -e '[.resources[] | select(.resource == "configmaps" or
	    .resource == "deployments.apps") | .version == .storage_version] ==
	    [true, true]' "$P/cluster"
	config "$KUBE_CONFIG" 'namespaces: [odd]' 'cluster_scope: all'
	backup 0
	has $crds/voids.odd.example.com.json
	has $roles/odd:unused.json
	has $classes/odd-idle.json
	has cluster/apiservices.apiregistration.k8s.io/v1.apps.json
	for kind in persistentvolumes/volume-of-odd-other storageclasses.storage.k8s.io/odd-idle \
	    clusterrolebindings.rbac.authorization.k8s.io/odd:of-odd-other; do
		has cluster/$kind.json
	done
	config "$KUBE_CONFIG" 'namespaces: [odd]' 'cluster_scope: none'
	backup 0
	[ "$(ls "$P/x/kubernetes/c/cluster")" = namespaces ]
	# Without the definitions, the server is asked.
	jq -e '[.resources[] | select(.resource == "oddities.odd.example.com") |
	    .version, .storage_version] == ["v1", "v1beta1"]' "$P/cluster"
}

@test "what may not be listed is named, unless it is tolerated" {
	config "$KUBE_CONFIG_VIEWER" 'namespaces: [odd]' 'cluster_scope: none'
	run agent check
	[ "$status" -eq 1 ]
	grep -q "FAILED *cluster 'c' .* resources in 'odd' may not be listed: .*secrets" <<<"$output"
	backup 1
	jq -e '.missing[] | select(.what == "c: secrets in '"'odd'"'") | .reason |
	    test("403 Forbidden: secrets is forbidden")' "$P/m"
	jq -e '.forbidden[] | select(.resource == "secrets") |
	    .tolerated == false' "$P/cluster"
	has $ODD/configmaps/text.json
	config "$KUBE_CONFIG_VIEWER" 'namespaces: [odd]' 'cluster_scope: none' \
	    'resources: [configmaps, secrets, namespaces]' \
	    'tolerate_forbidden: [secrets, namespaces]'
	agent check | grep -q '^ok *cluster'
	backup 0
	jq -e '.warnings[] | test("secrets.*tolerated")' "$P/m"
	config "$KUBE_CONFIG_NOBODY" 'namespaces: [odd]'
	backup 3
}

@test "what is selected and not there is told, with what may have been meant" {
	# shellcheck disable=SC2154 # set by run
	says() { # TEXT
		grep -qF -- "$1" <<<"$output$stderr" && return
		echo "not said: $1"
		return 1
	}
	# Named plainly, it is missing.
	config "$KUBE_CONFIG" 'namespaces: [odd, od-other]' 'resources: [configmap, Secret, deploy, configmaps]'
	for command in check backup; do
		run --separate-stderr agent $command
		echo "$output$stderr"
		[ "$status" -eq 1 ]
		says "resource 'configmap': the cluster serves no such resource; did you mean 'configmaps'?"
		says "resource 'Secret': the cluster serves no such resource; did you mean 'secrets'?"
		says "resource 'deploy': the cluster serves no such resource; did you mean 'deployments.apps'?"
		says "namespace 'od-other': there is no such namespace; did you mean 'odd-other'?"
	done
	# A pattern may fit nothing, and what is left out by default stays so.
	config "$KUBE_CONFIG" 'namespaces: [odd]' 'resources: [configmaps, events, "*.example.org"]' \
	    'exclude_resources: [secert]' 'tolerate_forbidden: ["*.example.net"]' 'labels: no-such=label'
	backup 0
	says "c: resources: no resource of the cluster fits '*.example.org'"
	says "c: resources: 'events' is left out all the same: events pass"
	says "c: exclude_resources: no resource of the cluster fits 'secert'; did you mean 'secrets'?"
	says "c: tolerate_forbidden: no resource of the cluster fits '*.example.net'"
	says "c: labels: no object in the namespaces fits 'no-such=label'"
	# An exclusion that excludes nothing lets something in.
	config "$KUBE_CONFIG" 'namespaces: [odd]' 'exclude_namespaces: [od-other, "pr-*"]'
	backup 0
	says "c: exclude_namespaces: 'od-other': there is no such namespace; did you mean 'odd-other'?"
	! says 'pr-*' >/dev/null || false
	# What is not a selector is told once, not for each list.
	config "$KUBE_CONFIG" 'namespaces: [odd]' 'labels: "app in (a"'
	backup 3
	says "labels 'app in (a': GET /api/v1/namespaces: 400 Bad Request: unable to parse"
	[ "$(grep -c 'error missing' <<<"$stderr")" -eq 1 ]
	config "$KUBE_CONFIG" 'namespace_labels: "app in (a"'
	backup 3
	says "namespace_labels 'app in (a': GET /api/v1/namespaces: 400 Bad Request: unable to parse"
	# A snapshot of nothing is none.
	config "$KUBE_CONFIG" 'namespaces: [odd]' 'resources: ["*.example.org"]'
	backup 3
	says 'resources, exclude_resources and cluster_scope leave nothing to capture'
	config "$KUBE_CONFIG" 'namespace_labels: no-such=label' 'cluster_scope: none'
	backup 3
	says 'c: namespaces: none is chosen by namespaces, namespace_labels and exclude_namespaces'
}

@test "many lists that are refused are a line, and each is in the manifest" {
	config "$KUBE_CONFIG_VIEWER" 'namespaces: [odd, odd-other, default]' \
	    'cluster_scope: none' \
	    'resources: [configmaps, secrets, roles.*, rolebindings.*]'
	run -1 --separate-stderr agent check
	local refused=" 3 resources in 3 namespaces ('default', 'odd', 'odd-other') may not be listed: "
	[ "$(grep -c FAILED <<<"$output")" -eq 1 ]
	grep -q "FAILED *cluster 'c' *$refused" <<<"$output"
	grep -q 'tolerate_forbidden' <<<"$stderr"
	backup 1
	local line="c: 3 resources in 3 namespaces ('default', 'odd', 'odd-other') may not be listed: rolebindings.rbac.authorization.k8s.io, roles.rbac.authorization.k8s.io, secrets; the first: GET /apis/rbac"
	[ "$(grep -c 'missing: ' <<<"$output")" -eq 0 ]
	[ "$(grep -c 'error missing: ' <<<"$stderr")" -eq 1 ]
	grep -qF "missing: $line" <<<"$stderr"
	grep -q 'tolerate_forbidden' <<<"$stderr"
	run -0 restore show latest
	grep -qF "  $line" <<<"$output"
	jq -e '[.missing[] | select(.refused.cluster == "c") |
	    "\(.refused.resource) \(.refused.namespace)"] | length == 9 and
	    (unique | length) == 9' "$P/m"
	jq -e '.missing[] | select(.what == "c: secrets in '"'odd'"'") | .reason |
	    test("403 Forbidden: secrets is forbidden")' "$P/m"
	printf '      tolerate_forbidden: ["*"]\n' >>"$P/backstay.yaml"
	backup 0
	[ "$(grep -c 'may not be listed.*(tolerated)' <<<"$stderr")" -eq 1 ]
	jq -e '[.forbidden[] | select(.tolerated)] | length == 9' "$P/cluster"
}

# The real server learns of a right a little after it was given.
until_may() { # KUBECONFIG VERB RESOURCE [OPTION...]
	local kubectl=${KUBECTL:-${KUBEBUILDER_ASSETS:-$HOME/.cache/backstay/kube}/kubectl}
	for _ in {1..600}; do
		"$kubectl" --kubeconfig "$1" auth can-i "${@:2}" && return
		sleep 0.1
	done
	return 1
}

@test "the ClusterRole that is shipped is enough" {
	local manifest=$BATS_TEST_DIRNAME/../../config/kubernetes/base/agent.yaml
	local kubectl=${KUBECTL:-${KUBEBUILDER_ASSETS:-$HOME/.cache/backstay/kube}/kubectl}
	[ -x "$kubectl" ] || skip "no kubectl: scripts/kube-assets builds one"
	"$kubectl" --kubeconfig "$KUBE_CONFIG" create namespace backstay ||
	    "$kubectl" --kubeconfig "$KUBE_CONFIG" get namespace backstay
	"$kubectl" --kubeconfig "$KUBE_CONFIG" apply --validate=false -f "$manifest"
	# As the agent in its pod: by a token of that account.
	kube_call "$KUBE_CONFIG" POST \
	    /api/v1/namespaces/backstay/serviceaccounts/backstay/token '{"apiVersion":
	    "authentication.k8s.io/v1","kind":"TokenRequest","spec":{"expirationSeconds":3600}}' |
	    jq -j .status.token >"$P/account"
	[ -s "$P/account" ]
	sed "s|token: .*|tokenFile: $P/account|" "$KUBE_CONFIG_TOKEN" >"$P/as"
	config "$P/as"
	until_may "$P/as" list secrets --all-namespaces
	agent check
	run -0 agent check
	grep -q "^ok *cluster 'c' .*Kubernetes v1.* namespaces$" <<<"$output"
	backup 0
	# Which cluster it is may be asked too.
	jq -e '.uid | length > 0' "$P/cluster"
	kinds >"$P/kinds"
	config "$KUBE_CONFIG"
	backup 0
	kinds | diff "$P/kinds" -
	# And it may not do more.
	run "$kubectl" --kubeconfig "$P/as" -n odd delete configmap text
	[ "$status" -ne 0 ]
	run "$kubectl" --kubeconfig "$P/as" -n odd get configmap text
	[ "$status" -ne 0 ]
	"$kubectl" --kubeconfig "$KUBE_CONFIG" delete --wait=false namespace backstay
}

@test "rights in some namespaces alone are enough for those" {
	local kubectl=${KUBECTL:-${KUBEBUILDER_ASSETS:-$HOME/.cache/backstay/kube}/kubectl} ns
	[ -x "$kubectl" ] || skip "no kubectl: scripts/kube-assets builds one"
	k() { "$kubectl" --kubeconfig "$KUBE_CONFIG" "$@"; }
	for ns in odd odd-other odd-empty; do
		k -n $ns create rolebinding some --clusterrole view --user nobody
		until_may "$KUBE_CONFIG_NOBODY" list configmaps -n $ns
	done
	# Not even the namespaces may be listed.
	config "$KUBE_CONFIG_NOBODY" 'namespaces: [odd, odd-other]' 'cluster_scope: none' \
	    'tolerate_forbidden: [namespaces]' 'resources: [configmaps, namespaces]'
	backup 0
	has $ODD/configmaps/text.json
	has namespaces/odd-other/configmaps/elsewhere.json
	jq -e '.warnings | any(test("namespaces cannot be listed"))' "$P/m"
	config "$KUBE_CONFIG_NOBODY" 'namespaces: ["odd*"]' 'resources: [configmaps]'
	backup 3
	grep -q 'name them without globs' <<<"$stderr"
	# They may be, and nothing else over all of them: a list for each.
	k create clusterrole some-names --verb list --resource namespaces
	k create clusterrolebinding some-names --clusterrole some-names --user nobody
	until_may "$KUBE_CONFIG_NOBODY" list namespaces
	config "$KUBE_CONFIG_NOBODY" 'namespaces: [odd, odd-other, odd-empty, default]' \
	    'cluster_scope: none' 'resources: [configmaps]'
	# Asked of each list that is read, and told as the backup tells it.
	run -1 --separate-stderr agent check
	[ "$(grep FAILED <<<"$output")" = "FAILED  cluster 'c'    configmaps in 'default': GET /api/v1/namespaces/default/configmaps: 403 Forbidden: configmaps is forbidden: User \"nobody\" cannot list resource \"configmaps\" in API group \"\" in the namespace \"default\"" ]
	backup 1
	has $ODD/configmaps/text.json
	has namespaces/odd-other/configmaps/elsewhere.json
	jq -e '[.forbidden[] | .namespace] == ["default"]' "$P/cluster"
	jq -e '[.resources[].lists[].namespace] == ["default", "odd", "odd-empty", "odd-other"]' \
	    "$P/cluster"
	k delete clusterrolebinding some-names
	for ns in odd odd-other odd-empty; do k -n $ns delete rolebinding some; done
}

@test "whom a kubeconfig impersonates decides what may be read" {
	# By name and group alone: the administrator's rights are not used.
	sed 's/^\( *\)user:$/&\n\1  as: somebody\n\1  as-groups: [viewers]/' "$KUBE_CONFIG" >"$P/as-viewer"
	grep -q 'as-groups: .viewers' "$P/as-viewer"
	config "$P/as-viewer" 'namespaces: [odd]' 'resources: [configmaps, secrets]' \
	    'cluster_scope: none'
	backup 1
	has $ODD/configmaps/text.json
	jq -e '[.forbidden[].resource] == ["secrets"]' "$P/cluster"
	jq -e 'any(.missing[]; .reason | test("\"somebody\" cannot list resource \"secrets\""))' "$P/m"
	sed -i 's/as-groups: .*/as-groups: [others]/' "$P/as-viewer"
	backup 3
}

@test "tokens, token files, certificates and plugins all lead in" {
	local token
	token=$(cat "$KUBE_TOKEN_FILE")
	sed "s|token: .*|tokenFile: $KUBE_TOKEN_FILE|" "$KUBE_CONFIG_TOKEN" >"$P/by-file"
	cat >"$P/plugin" <<-E
	#!/bin/sh
	echo "\$1" >>$P/asked
	echo '{"apiVersion": "client.authentication.k8s.io/v1", "kind": "ExecCredential",
	  "status": {"token": "$token", "expirationTimestamp": "2100-01-01T00:00:00Z"}}'
	E
	chmod +x "$P/plugin"
	awk -v dir="$P" '/token: / { match($0, /^ */); i = substr($0, 1, RLENGTH)
	    print i "exec:"; print i "  apiVersion: client.authentication.k8s.io/v1"
	    print i "  command: ./plugin"; print i "  args: [get-token]"; next } 1' \
	    "$KUBE_CONFIG_TOKEN" >"$P/by-plugin"
	grep -q tokenFile "$P/by-file" && grep -q 'command: ./plugin' "$P/by-plugin"
	for c in "$KUBE_CONFIG_TOKEN" "$P/by-file" "$P/by-plugin" \
	    "$KUBE_CONFIG" "$KUBE_CONFIG_FILES"; do
		config "$c" 'namespaces: [odd]' 'resources: [configmaps]'
		backup 0
		has $ODD/configmaps/text.json
	done
	[ "$(cat "$P/asked")" = get-token ]
	# Nothing of them is in what was written down.
	run grep -rq "$token" "$P/vault" "$P/x" "$P/m"
	[ "$status" -eq 1 ]
}

@test "a plugin is run again as its token expires, or is refused" {
	local token
	token=$(cat "$KUBE_TOKEN_FILE")
	# Expired at once: it is run for each request.
	plugin() { # LINE...
		{ echo '#!/bin/sh'; echo "echo x >>$P/asked"; printf '%s\n' "$@"; } >"$P/plugin"
		chmod +x "$P/plugin"
		rm -f "$P/asked"
	}
	credential='{"apiVersion": "client.authentication.k8s.io/v1", "kind": "ExecCredential", "status": '
	awk '/token: / { match($0, /^ */); i = substr($0, 1, RLENGTH)
	    print i "exec:"; print i "  apiVersion: client.authentication.k8s.io/v1"
	    print i "  command: ./plugin"; next } 1' "$KUBE_CONFIG_TOKEN" >"$P/by-plugin"
	config "$P/by-plugin" 'namespaces: [odd]' 'resources: [configmaps]'
	plugin "echo '$credential{\"token\": \"$token\", \"expirationTimestamp\": \"2001-01-01T00:00:00Z\"}}'"
	backup 0
	[ "$(wc -l <"$P/asked")" -gt 3 ]
	# Refused by the server: it is run once more.
	plugin "[ \$(wc -l <$P/asked) -gt 1 ] && t=$token || t=stale" \
	    "echo '$credential{\"token\": \"'\$t'\"}}'"
	backup 0
	has $ODD/configmaps/text.json
	[ "$(wc -l <"$P/asked")" -eq 2 ]
	# A certificate with its key instead of a token.
	local cert=$P/kube/admin.pem key=$P/kube/admin.key
	[ "$KUBE" = real ] || cert=$P/kube/client.crt key=$P/kube/client.key
	jq -n --rawfile cert "$cert" --rawfile key "$key" \
	    '{apiVersion: "client.authentication.k8s.io/v1", kind: "ExecCredential",
	    status: {clientCertificateData: $cert, clientKeyData: $key}}' >"$P/pair"
	plugin "cat $P/pair"
	backup 0
	has $ODD/configmaps/text.json
	[ "$(wc -l <"$P/asked")" -eq 1 ]
}

@test "a slow network, a proxy, a name of its own" {
	proxy=$BATS_TEST_DIRNAME/../sim/proxy
	ended() { [ -s "$P/proxy/begun" ] && [ "$(wc -l <"$P/proxy/begun")" -eq "$(wc -l <"$P/proxy/tunnels")" ]; }
	came() { # LINE: bytes, when all tunnels have ended
		: >"$P/proxy/begun"
		: >"$P/proxy/tunnels"
		config "$P/by-proxy" 'namespaces: [odd]' 'resources: [configmaps]' \
		    'page_size: 1' 'concurrency: 1' "$1"
		backup 0 >&2 || return 1
		has $ODD/configmaps/wide-2.json || return 1
		for _ in {1..1200}; do
			ended && break
			sleep 0.05
		done
		ended || return 1
		grep -qv '^api.example.com:' "$P/proxy/tunnels" && return 1
		awk '{ n += $2 } END { print n }' "$P/proxy/tunnels"
	}
	"$proxy" start "$P/proxy" 4000000
	# shellcheck disable=SC1091 # written by it
	. "$P/proxy/env"
	sed "s|^\( *\)server: https://127.0.0.1:\(.*\)|\1server: https://api.example.com:\2\n\1proxy-url: $PROXY_URL\n\1tls-server-name: localhost|" \
	    "$KUBE_CONFIG" >"$P/by-proxy"
	local plain auto
	plain=$(came 'gzip: off')
	auto=$(came 'gzip: auto')
	# The same by the environment.
	sed -i /proxy-url/d "$P/by-proxy"
	HTTPS_PROXY=$PROXY_URL came 'gzip: on'
	"$proxy" stop "$P/proxy"
	# The first of three that are alike was plain, and settled it.
	[ "$plain" -gt 585000 ]
	[ "$auto" -lt $((plain - 300000)) ]
	[ "$auto" -gt 195000 ]
}

@test "a wrong authority is refused, and doing without one only on demand" {
	sed "s|certificate-authority-data: .*|certificate-authority: $KUBE_CA_WRONG|" \
	    "$KUBE_CONFIG" >"$P/wrong"
	config "$P/wrong" 'namespaces: [odd]'
	backup 3
	grep -q "certificate problem.*not made by the certificate-authority that the kubeconfig gives for cluster 'test'" <<<"$stderr"
	sed '/certificate-authority-data: /d' "$KUBE_CONFIG" >"$P/wrong"
	backup 3
	grep -q "cluster 'test' in the kubeconfig has no certificate-authority" <<<"$stderr"
	sed 's|certificate-authority-data: .*|insecure-skip-tls-verify: true|' \
	    "$KUBE_CONFIG" >"$P/insecure"
	config "$P/insecure" 'namespaces: [odd]' 'resources: [configmaps]'
	backup 3
	grep -q 'insecure-skip-tls-verify' <<<"$stderr"
	config "$P/insecure" 'namespaces: [odd]' 'resources: [configmaps]' \
	    'allow_insecure_tls: true'
	backup 0
	sed 's|^\( *\)server: .*|&\n\1tls-server-name: localhost|' "$KUBE_CONFIG" >"$P/named"
	config "$P/named" 'namespaces: [odd]' 'resources: [configmaps]'
	backup 0
	sed 's|^\( *\)server: .*|&\n\1tls-server-name: elsewhere|' "$KUBE_CONFIG" >"$P/named"
	config "$P/named" 'namespaces: [odd]' 'resources: [configmaps]'
	backup 3
	grep -q "'elsewhere': .* tls-server-name in the kubeconfig" <<<"$stderr"
}

@test "what was captured comes back: numbers, wide text, a megabyte, long names and colons" {
	config "$KUBE_CONFIG" 'namespaces: [odd]' 'resources: [configmaps, secrets, "r*", odd*, namespaces]'
	backup 0
	printf '%s\n' 'restore:' '  gates: never' '  namespaces: {odd: odd-back}' >>"$P/backstay.yaml"
	restore apply latest --yes --same-cluster
	"$BATS_TEST_DIRNAME/kube_objects" alike odd-back "${SERVER[@]}"
}

# The last one: what it registers stays.
@test "an API whose server is down is a warning" {
	"$BATS_TEST_DIRNAME/kube_objects" broken "${SERVER[@]}"
	config "$KUBE_CONFIG" 'namespaces: [odd]'
	for _ in {1..50}; do
		backup 0 || return 1
		jq -e '.broken | length > 0' "$P/cluster" && break
		sleep 0.1
	done
	jq -e '.broken == ["broken.example.com/v1"]' "$P/cluster"
	jq -e '.warnings[] | test("broken.example.com/v1 is registered")' "$P/m"
	has $ODD/configmaps/text.json
	# Its service is captured.
	has cluster/apiservices.apiregistration.k8s.io/v1.broken.example.com.json
	hasnt cluster/apiservices.apiregistration.k8s.io/v1.apps.json
	config "$KUBE_CONFIG" 'namespaces: [odd-other]'
	backup 0
	hasnt cluster/apiservices.apiregistration.k8s.io
}
