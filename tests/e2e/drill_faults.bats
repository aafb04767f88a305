#!/usr/bin/env bats
# What a drill finds: each fault that was put into a snapshot is named with its
# object, and nothing else is.
# bats file_tags=slow
# shellcheck disable=SC2154,SC2030,SC2031 # lib sets $top, bats runs each test apart
bats_require_minimum_version 1.5.0
load lib
load simulated

setup_file() {
	kube_is_there real || return 0
	simulated_start
	{
		simulated_config production
		echo 'compression: {format: gzip}'
	} >"$P/backstay.yaml"
	agent --config "$P/backstay.yaml" backup
}

teardown_file() {
	kube_is_there real || return 0
	simulated_stop
}

setup() {
	kube_is_there real ||
	    skip "no real API server: scripts/kube-assets builds one"
	export KUBEBUILDER_ASSETS=${KUBEBUILDER_ASSETS:-$HOME/.cache/backstay/kube}
	simulated_copy
}

content() { tar -xOf vault/*.tar.gz "$1"; }

# Puts a fault into an entry, and notes by which words a drill is to name it.
spoil() { # PATH JQ-PROGRAM WORDS
	content "$1" | jq -c "$2" >spoilt
	"$top/tests/tools/forge" "$PWD/vault" put "$1" <spoilt
	echo "$3" >>expected
}

of_cluster() { # RESOURCE/NAME JQ-PROGRAM WORDS
	spoil "kubernetes/production/cluster/$1.json" "$2" "$3"
}

of_namespace() { # RESOURCE/NAME JQ-PROGRAM WORDS
	spoil "kubernetes/production/namespaces/production/$1.json" "$2" "$3"
}

@test "of twenty faults each is found and named" {
	of_namespace services/frontend '.spec.ports[0].port = 0' 'Service production/frontend'
	of_namespace deployments.apps/backend '.spec.template.metadata.labels = {other: "x"}' 'Deployment.apps production/backend'
	of_namespace configmaps/backend-config '.data = {"a key": "x"}' 'ConfigMap production/backend-config'
	of_namespace secrets/aws-credentials '.data = {a: "!"}' 'Secret production/aws-credentials'
	of_namespace cronjobs.batch/nightly-report '.spec.schedule = "never"' 'CronJob.batch production/nightly-report'
	of_namespace horizontalpodautoscalers.autoscaling/frontend '.spec.maxReplicas = 0' 'HorizontalPodAutoscaler.autoscaling production/frontend'
	of_namespace ingresses.networking.k8s.io/frontend '.spec.rules[0].host = "Not A Host"' 'Ingress.networking.k8s.io production/frontend'
	of_namespace rolebindings.rbac.authorization.k8s.io/app:reader '.roleRef.kind = "Nothing"' 'RoleBinding.rbac.authorization.k8s.io production/app:reader'
	of_namespace roles.rbac.authorization.k8s.io/app:reader '.rules = [{apiGroups: [""], resources: ["pods"], verbs: []}]' 'Role.rbac.authorization.k8s.io production/app:reader'
	of_namespace networkpolicies.networking.k8s.io/backend-allow-frontend '.spec.ingress = [{from: [{ipBlock: {cidr: "no"}}]}]' 'NetworkPolicy.networking.k8s.io production/backend-allow-frontend'
	of_namespace poddisruptionbudgets.policy/frontend '.spec.minAvailable = 1 | .spec.maxUnavailable = 1' 'PodDisruptionBudget.policy production/frontend'
	of_namespace persistentvolumeclaims/backend-data '.spec.accessModes = []' 'PersistentVolumeClaim production/backend-data'
	of_namespace statefulsets.apps/queue '.spec.selector = {}' 'StatefulSet.apps production/queue'
	of_namespace daemonsets.apps/log-shipper '.spec.template.spec.containers = []' 'DaemonSet.apps production/log-shipper'
	of_namespace resourcequotas/compute '.spec.hard = {pods: "many"}' 'ResourceQuota production/compute'
	of_namespace limitranges/defaults '.spec.limits[0].default = {cpu: "fast"}' 'LimitRange production/defaults'
	# A kind whose definition is no good is as one without a definition.
	of_cluster customresourcedefinitions.apiextensions.k8s.io/servicemonitors.monitoring.coreos.com '.spec.versions = []' 'CustomResourceDefinition.apiextensions.k8s.io servicemonitors.monitoring.coreos.com'
	echo 'ServiceMonitor.monitoring.coreos.com production/frontend-monitor' >>expected
	of_namespace jobs.batch/migrate-v1 '.spec.template.spec.restartPolicy = "Always"' 'Job.batch production/migrate-v1'
	local key
	key=$(tar -tf vault/*.tar.gz | grep '^terraform/.*production.*tfstate$' | head -1)
	spoil "$key" '.lineage = "of another"' "state ${key#terraform/}"
	run --separate-stderr restore drill -o json
	jq . <<<"$output" >json
	echo "$stderr"
	jq -r '.restore.items[] | select(.outcome | IN("failed", "held", "partial", "differs")) | "\(.outcome) \(.what): \(.detail)"' json | tee found
	jq -r '.differences[] | "\(.what) \(.thing) \([.fields[].path])"' json | tee -a found
	[ "$status" -eq 1 ]
	[ "$(jq .passed json)" = false ]
	while read -r words; do
		grep -qE "^(failed|held) ${words//./\\.}: " found || { echo "not found: $words"; return 1; }
	done <expected
	# And nothing besides.
	[ "$(wc -l <expected)" -eq 20 ]
	[ "$(grep -cE '^(failed|held) ' found)" -eq 20 ]
	[ "$(jq .failures json)" -eq 20 ]
	# The record says that it failed; the snapshot is not damaged.
	[ "$(jq -c '[.good, .level, .drill.failures]' vault/*-drill-failed.json)" = '[false,"drill",20]' ]
	[ -z "$(find vault -name '*-full-failed.json')" ]
}

# What is wrong with the archive itself stops it before anything is restored.
damaged() { # WORDS
	run --separate-stderr restore drill --without-clusters
	echo "$status: $output$stderr"
	[ "$status" -eq 5 ]
	grep -qE -- "$1" <<<"$stderr"
	[ -z "$(find state/scratch -mindepth 1 2>/dev/null)" ]
	rm -rf vault && cp -a "$P/vault" vault
}

@test "a broken ref, a state with another serial and one that is none are damage" {
	local refs key
	refs=$(content git/helm-charts.git/packed-refs)
	printf '%s\n%s refs/heads/zz\n' "$refs" "$(printf 1%.0s {1..40})" |
	    "$top/tests/tools/forge" "$PWD/vault" put git/helm-charts.git/packed-refs
	damaged 'refs/heads/zz|1111111'
	key=$(tar -tf vault/*.tar.gz | grep '^terraform/.*production.*tfstate$' | head -1)
	spoil "$key" '.serial += 1' x
	damaged 'its serial is not the one'
	spoil "$key" '{}' x
	damaged 'was a state when it was captured, and is not one'
	flip_bit "$(echo vault/*.tar.gz)" 20000
	damaged 'damaged, cut off or replaced'
}
