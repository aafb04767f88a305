#!/usr/bin/env bats
# A snapshot of one cluster into another, older one: names, images and storage
# classes mapped, kinds in versions that the target serves. The source is the
# simulated API server of a new release; the target one of 1.20, in this file
# simulated, and under the name kube_elsewhere_real.bats the real one.
# shellcheck disable=SC2154 # lib sets $top
bats_require_minimum_version 1.5.0
load lib
load cluster

setup_file() {
	cluster_pick || return 0
	"$top/tests/sim/kube" start "$P/kube" --release 1.33
	if [ "$KUBE" = real ]; then
		"$top/tests/servers/kube" start "$P/target"
	else
		"$top/tests/sim/kube" start "$P/target" --release 1.20
	fi
	cluster_config shop 'gates: never' \
	    'namespaces: {shop: shop-restored}' \
	    'images: {registry.old.example.com/: registry.new.example.com/}' \
	    'storage_classes: {gp2: gp3}' \
	    "targets: {clusters: [{from: c, kubeconfig: $P/target/kubeconfig}]}" >"$BACKSTAY_CONFIG"
	fill
	agent backup
}

teardown_file() {
	cluster_pick || return 0
	kube_server "$KUBE" stop "$P/target"
	"$top/tests/sim/kube" stop "$P/kube"
	rm -rf "$P"
}

setup() {
	cluster_need
	[ "$KUBE" = sim ] || kube_is_before 21 || skip 'its target has to be older than its source'
}

at() { # kube|target METHOD PATH [JSON]
	kube_call "$P/$1/kubeconfig" "${@:2}"
}

fill() {
	local ns=/namespaces/shop pod
	pod='{"metadata":{"labels":{"app":"a"}},"spec":{"restartPolicy":"Never",
	  "initContainers":[{"name":"i","image":"registry.old.example.com/init:1"}],
	  "containers":[{"name":"c","image":"registry.old.example.com/app:1"}]}}'
	at kube POST /api/v1/namespaces '{"apiVersion":"v1","kind":"Namespace","metadata":{"name":"shop"}}'
	at kube POST /api/v1$ns/persistentvolumeclaims '{"apiVersion":"v1","kind":"PersistentVolumeClaim",
	  "metadata":{"name":"claim"},"spec":{"storageClassName":"gp2","accessModes":["ReadWriteOnce"],
	  "resources":{"requests":{"storage":"1Gi"}}}}'
	at kube POST /apis/batch/v1$ns/cronjobs '{"apiVersion":"batch/v1","kind":"CronJob","metadata":{"name":"nightly"},
	  "spec":{"schedule":"0 3 * * *","suspend":true,"jobTemplate":{"spec":{"template":'"$pod"'}}}}'
	at kube POST /apis/policy/v1$ns/poddisruptionbudgets '{"apiVersion":"policy/v1","kind":"PodDisruptionBudget",
	  "metadata":{"name":"budget"},"spec":{"minAvailable":1,"selector":{"matchLabels":{"app":"a"}}}}'
	at kube POST /apis/autoscaling/v2$ns/horizontalpodautoscalers '{"apiVersion":"autoscaling/v2",
	  "kind":"HorizontalPodAutoscaler","metadata":{"name":"scaler"},"spec":{"minReplicas":1,"maxReplicas":3,
	  "scaleTargetRef":{"apiVersion":"apps/v1","kind":"Deployment","name":"absent"},
	  "metrics":[{"type":"Resource","resource":{"name":"memory","target":{"type":"Utilization","averageUtilization":70}}}]}}'
	at kube POST /apis/rbac.authorization.k8s.io/v1$ns/rolebindings '{"apiVersion":"rbac.authorization.k8s.io/v1",
	  "kind":"RoleBinding","metadata":{"name":"binding"},
	  "roleRef":{"apiGroup":"rbac.authorization.k8s.io","kind":"ClusterRole","name":"view"},
	  "subjects":[{"kind":"ServiceAccount","name":"default","namespace":"shop"}]}'
	at kube POST /api/v1$ns/services '{"apiVersion":"v1","kind":"Service","metadata":{"name":"hook"},
	  "spec":{"ports":[{"port":443}]}}'
	at kube POST /apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations '{
	  "apiVersion":"admissionregistration.k8s.io/v1","kind":"ValidatingWebhookConfiguration",
	  "metadata":{"name":"shop-guard"},"webhooks":[{"name":"guard.shop.example.com","failurePolicy":"Ignore",
	  "sideEffects":"None","admissionReviewVersions":["v1"],
	  "clientConfig":{"service":{"namespace":"shop","name":"hook"}},
	  "rules":[{"apiGroups":["nope.example.com"],"apiVersions":["v1"],"resources":["nopes"],"operations":["CREATE"]}]}]}'
} >/dev/null

@test "what is mapped is mapped wherever it is named, and versions are those of the target" {
	# Another cluster: nothing has to be said of the source.
	run --separate-stderr restore apply latest --yes -o json
	echo "$stderr"
	jq -c '.items[] | select(.outcome != "created")' <<<"$output"
	[ "$status" -eq 0 ]
	for kind in 'batch/v1 CronJob' 'policy/v1 PodDisruptionBudget' 'autoscaling/v2 HorizontalPodAutoscaler'; do
		jq -e --arg k "$kind is no longer served" 'any(.warnings[]; startswith($k))' <<<"$output"
	done
	local ns=/namespaces/shop-restored
	at target GET /apis/batch/v1beta1$ns/cronjobs/nightly | jq -e '.spec.jobTemplate.spec.template.spec |
	    [.initContainers[0].image, .containers[0].image] ==
	    ["registry.new.example.com/init:1", "registry.new.example.com/app:1"]'
	at target GET /apis/policy/v1beta1$ns/poddisruptionbudgets/budget | jq -e '.spec.minAvailable == 1'
	at target GET /apis/autoscaling/v2beta2$ns/horizontalpodautoscalers/scaler |
	    jq -e '.spec.metrics[0].resource | .name == "memory" and .target.averageUtilization == 70'
	at target GET /api/v1$ns/persistentvolumeclaims/claim | jq -e '.spec.storageClassName == "gp3"'
	at target GET /apis/rbac.authorization.k8s.io/v1$ns/rolebindings/binding |
	    jq -e '.subjects[0].namespace == "shop-restored"'
	at target GET /apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations/shop-guard |
	    jq -e '.webhooks[0].clientConfig.service.namespace == "shop-restored"'
	run ! at target GET /api/v1/namespaces/shop
}

@test "plan --server names what the target would refuse or drop, also where the namespace is not there yet" {
	local ns=/namespaces/shop pod
	pod='{"spec":{"restartPolicy":"Never","containers":[{"name":"c","image":"x"}]}}'
	at kube POST /apis/batch/v1$ns/cronjobs '{"apiVersion":"batch/v1","kind":"CronJob","metadata":{"name":"zoned"},
	  "spec":{"schedule":"0 3 * * *","timeZone":"Europe/Berlin","suspend":true,"jobTemplate":{"spec":{"template":'"$pod"'}}}}'
	at kube POST /api/v1$ns/persistentvolumeclaims '{"apiVersion":"v1","kind":"PersistentVolumeClaim",
	  "metadata":{"name":"alone"},"spec":{"accessModes":["ReadWriteOncePod"],"resources":{"requests":{"storage":"1Gi"}}}}'
	at kube POST /api/v1$ns/configmaps '{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"plain"},"data":{"a":"b"}}'
	cluster_config shop 'gates: never' 'namespaces: {shop: shop-planned}' \
	    "targets: {clusters: [{from: c, kubeconfig: $P/target/kubeconfig}]}" >"$BACKSTAY_CONFIG"
	agent backup
	run --separate-stderr restore plan latest --server -o json
	echo "$stderr"
	jq -r '.items[] | .what + ": " + .outcome + " " + .detail' <<<"$output" >"$P/planned"
	cat "$P/planned"
	[ "$status" -eq 1 ]
	grep -q '^CronJob.batch shop-planned/zoned: partial .*dropped spec.timeZone$' "$P/planned"
	grep -q '^ConfigMap shop-planned/plain: unchecked its namespace' "$P/planned"
	[ "$KUBE" != real ] || grep "^PersistentVolumeClaim shop-planned/alone: failed tried in the namespace 'default'" \
	    "$P/planned" | grep -q ReadWriteOncePod
	run ! at target GET /api/v1/namespaces/shop-planned
	run ! at target GET /apis/batch/v1beta1/namespaces/default/cronjobs/zoned
}
