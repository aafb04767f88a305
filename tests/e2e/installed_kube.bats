#!/usr/bin/env bats
# What is shipped for Kubernetes: built by kustomize, taken by the real API
# server, and turned into Jobs and Pods by its controllers.
# shellcheck disable=SC2154 # lib sets $top, bats sets $stderr
# bats file_tags=slow
bats_require_minimum_version 1.5.0
load lib

setup_file() {
	export P=$BATS_FILE_TMPDIR/p
	kube_is_there real || return 0
	mkdir -p "$P"
	kube_server real start "$P/kube"
	kubectl create namespace backstay
}

teardown_file() {
	! kube_is_there real || kube_server real stop "$P/kube"
}

setup() {
	kube_is_there real || skip "the real API server is not there: scripts/kube-assets builds it"
}

assets=${KUBEBUILDER_ASSETS:-$HOME/.cache/backstay/kube}

kubectl() { "$assets/kubectl" --kubeconfig "$P/kube/kubeconfig" "$@"; }

# Overlays need a kustomize of this decade (kubectl 1.21); the base builds with
# the one that Debian 12 has, too.
kustomize() { # FOLDER
	local k
	for k in "$assets/kubectl" kubectl; do
		if command "$k" kustomize "$top/config/kubernetes/$1" >"$P/built" 2>"$P/error"; then
			# The server of Debian 12 has CronJobs as batch/v1beta1.
			[ -n "$(kubectl api-resources --api-group=batch -o name | grep cronjobs.batch)" ] || return
			if kubectl api-versions | grep -qx batch/v1 && ! kubectl get --raw /apis/batch/v1 | grep -q cronjobs; then
				awk 'BEGIN { RS = "---\n"; ORS = "---\n" } /kind: CronJob/ { sub("batch/v1", "batch/v1beta1") } { print }' "$P/built"
			else
				cat "$P/built"
			fi
			return
		fi
	done
	cat "$P/error" >&2
	return 1
}

@test "the real API server takes all of the base" {
	kustomize base >"$P/base.yaml"
	[ "$(grep -c '^kind: CronJob' "$P/base.yaml")" -eq 3 ]
	[ "$(grep -A3 '^kind: ConfigMap' "$P/base.yaml" | grep -c '^  name: backstay$')" -eq 1 ]
	kubectl apply --dry-run=server -f "$P/base.yaml" | tee "$P/taken"
	[ "$(wc -l <"$P/taken")" -eq "$(grep -c '^kind:' "$P/base.yaml")" ]
}

@test "the overlays build, and the server takes them" {
	for o in s3 pvc; do
		kustomize "overlays/$o" >"$P/$o.yaml" || skip "this kubectl is too old for overlays: $(head -1 "$P/error")"
		kubectl apply --dry-run=server -f "$P/$o.yaml" | tee "$P/taken"
		[ "$(wc -l <"$P/taken")" -eq "$(grep -c '^kind:' "$P/$o.yaml")" ]
	done
	# Each job of the second has the vault's volume.
	[ "$(grep -c 'claimName: backstay-vault' "$P/pvc.yaml")" -eq 4 ]
	[ "$(grep -c 'mountPath: /var/backups/backstay' "$P/pvc.yaml")" -eq 4 ]
}

@test "the overlay of shards makes an Indexed Job, whose pods know their index and run" {
	kustomize overlays/sharded >"$P/sharded.yaml" || skip "this kubectl is too old for overlays: $(head -1 "$P/error")"
	[ "$(grep -c 'subPathExpr: shard-$(JOB_COMPLETION_INDEX)' "$P/sharded.yaml")" -eq 1 ]
	kubectl explain job.spec.backoffLimitPerIndex >/dev/null 2>&1 || skip "this server counts no failures of an index"
	kubectl apply -f "$P/sharded.yaml"
	kubectl -n backstay create job sharded --from=cronjob/backstay-backup
	for _ in {1..1200}; do
		kubectl -n backstay get pods -l job-name=sharded -o json >"$P/pods"
		[ "$(jq '.items | length' "$P/pods")" -eq 4 ] && break
		sleep 0.1
	done
	uid=$(kubectl -n backstay get job sharded -o jsonpath='{.metadata.uid}')
	jq -e --arg uid "$uid" '[.items[] | .metadata.annotations["batch.kubernetes.io/job-completion-index"]] | sort == ["0", "1", "2", "3"]' "$P/pods"
	jq -e --arg uid "$uid" 'all(.items[]; .metadata.labels["controller-uid"] == $uid and
	    (.spec.containers[0].env | map(.name) | contains(["BACKSTAY_RUN", "JOB_COMPLETION_INDEX"])))' "$P/pods"
	kubectl -n backstay delete job sharded
}

@test "the CronJob controller makes a Job of it, and the Job a Pod" {
	kustomize base | sed 's/schedule: 17 .*/schedule: "* * * * *"/' >"$P/base.yaml"
	grep -q 'schedule: "\* \* \* \* \*"' "$P/base.yaml"
	kubectl apply -f "$P/base.yaml"
	# The next full minute, and what the controllers take.
	for _ in {1..1200}; do
		kubectl -n backstay get pods -o json >"$P/pods"
		jq -e 'any(.items[]; .metadata.labels["app.kubernetes.io/component"] == "backup" and .metadata.ownerReferences[0].name != "backstay-vault-init")' "$P/pods" >/dev/null && break
		sleep 0.1
	done
	kubectl -n backstay get jobs -o json >"$P/jobs"
	jq -e 'any(.items[]; .metadata.ownerReferences[0] | .kind == "CronJob" and .name == "backstay-backup")' "$P/jobs"
	jq -e '.items | map(select(.metadata.labels["app.kubernetes.io/component"] == "backup")) | length > 0 and all(.spec | .serviceAccountName == "backstay" and .securityContext.runAsNonRoot and .containers[0].securityContext.readOnlyRootFilesystem)' "$P/pods"
	kubectl -n backstay patch cronjob backstay-backup -p '{"spec": {"suspend": true}}'
}

@test "each account may do what it needs, and the one of a restore nothing until it is bound" {
	kustomize base | kubectl apply -f - >/dev/null
	may() { kubectl auth can-i "${@:2}" --as="system:serviceaccount:backstay:$1" --all-namespaces; }
	until [ "$(may backstay list secrets)" = yes ]; do sleep 0.1; done
	run ! may backstay get secrets
	run ! may backstay create pods
	run ! may backstay-prune list secrets
	run ! may backstay-verify list secrets
	run ! may backstay-restore list secrets
	kubectl create clusterrolebinding backstay-restore --clusterrole=backstay-restore --serviceaccount=backstay:backstay-restore
	until [ "$(may backstay-restore create secrets)" = yes ]; do sleep 0.1; done
	may backstay-restore delete deployments.apps
	may backstay-restore bind clusterroles
	kubectl delete clusterrolebinding backstay-restore
}

@test "the drill in the cluster is in no overlay, and has a namespace, an account without rights and a Job" {
	for o in base overlays/s3 overlays/pvc; do
		run ! grep -rq 'backstay-drill\|identity' "$top/config/kubernetes/$o"
	done
	kustomize drill >"$P/drill.yaml"
	run ! grep -q '^kind: Secret\|^kind: ClusterRole\|^kind: Role' "$P/drill.yaml"
	kubectl apply --dry-run=client -o json -f "$P/drill.yaml" | jq .items >"$P/drill"
	jq -e 'all(.[]; (.metadata.namespace // .metadata.name) == "backstay-drill")' "$P/drill"
	jq -e '.[] | select(.kind == "Namespace").metadata.annotations["backstay.io/exclude"] == "true"' "$P/drill"
	jq -e '.[] | select(.kind == "CronJob").spec | .concurrencyPolicy == "Forbid" and (.jobTemplate.spec |
	    .activeDeadlineSeconds > 0 and (.template.spec | .automountServiceAccountToken == false and
	    .containers[0].securityContext.readOnlyRootFilesystem and
	    (.volumes | map(select(.name == "state" or .name == "tmp").emptyDir) == [{}, {}])))' "$P/drill"
	kubectl apply -f "$P/drill.yaml" | tee "$P/taken"
	[ "$(wc -l <"$P/taken")" -eq "$(grep -c '^kind:' "$P/drill.yaml")" ]
	# As its comment says: the keys are those that keygen writes, and the Secret
	# has each file that the configuration names.
	mkdir "$P/keys"
	cd "$P/keys"
	touch signing.pub s3-id s3-key
	PATH=$BACKSTAY_BUILD:$PATH eval "$(sed -n 's/^#  *\(backstay-restore keygen .*\)/\1/p' "$top/config/kubernetes/drill/kustomization.yaml")"
	eval "$(sed -n 's/^# *//; /^kubectl.*create secret/,/[^\\]$/p' "$top/config/kubernetes/drill/kustomization.yaml")"
	kubectl -n backstay-drill get secret backstay-drill -o json | jq -r '.data | keys[]' >"$P/files"
	grep -oE '(identity[.]txt|signing[.]pub|record[.]key|s3-id|s3-key)' "$top/config/kubernetes/drill/backstay.yaml" | sort -u | diff "$P/files" -
	cd - >/dev/null
	# Who fills the volume writes where the drill looks for programs.
	kubectl apply -f "$top/config/kubernetes/drill/fill.yaml"
	kubectl -n backstay-drill get pod backstay-fill -o json | jq -e --slurpfile all "$P/drill" '
	    ($all[0][] | select(.kind == "CronJob").spec.jobTemplate.spec.template.spec) as $drill |
	    (.spec.volumes[] | select(.name == "control-plane").persistentVolumeClaim.claimName) as $claim |
	    ($drill.volumes[] | select(.name == "control-plane").persistentVolumeClaim.claimName) == $claim and
	    any($all[0][]; .kind == "PersistentVolumeClaim" and .metadata.name == $claim) and
	    .spec.containers[0].volumeMounts[0].mountPath == ($drill.containers[0].env[] | select(.name == "KUBEBUILDER_ASSETS").value) and
	    .spec.securityContext == $drill.securityContext'
	run ! grep -q 'name: backstay-fill' "$P/drill.yaml"
	kubectl delete --wait=false -f "$top/config/kubernetes/drill/fill.yaml"
	kubectl -n backstay-drill create job now --from=cronjob/backstay-drill
	for _ in {1..1200}; do
		kubectl -n backstay-drill get pods -o json >"$P/pods"
		jq -e '.items |= map(select(.metadata.name != "backstay-fill"))' "$P/pods" >"$P/own"
		[ "$(jq '.items | length' "$P/own")" -eq 1 ] && break
		sleep 0.1
	done
	mv "$P/own" "$P/pods"
	# What its volumes name is there.
	[ "$(jq -c '[.items[0].spec.volumes[] | select(.name == "config").projected.sources[] | .configMap // .secret | .name]' "$P/pods")" = '["backstay-drill","backstay-drill"]' ]
	kubectl -n backstay-drill get configmap backstay-drill -o 'jsonpath={.data.backstay\.yaml}' | diff "$top/config/kubernetes/drill/backstay.yaml" -
	run ! kubectl auth can-i list secrets -n backstay-drill --as=system:serviceaccount:backstay-drill:backstay-drill
	run ! kubectl auth can-i get secrets -n backstay-drill --as=system:serviceaccount:backstay:backstay-verify
	kubectl delete namespace backstay-drill --wait=false
}

@test "the Job of a restore is one that the server takes" {
	kubectl create --dry-run=server -f "$top/config/kubernetes/restore-job.yaml"
	# Its configuration and its keys are those that its first lines make.
	kubectl create --dry-run=client -o json -f "$top/config/kubernetes/restore-job.yaml" | jq -c '[.spec.template.spec.volumes[] |
	    .projected.sources // [] | .[] | .configMap // .secret | .name]' >"$P/names"
	[ "$(cat "$P/names")" = '["backstay-restore","backstay-restore"]' ]
	grep -q 'create secret generic backstay-restore ' "$top/config/kubernetes/restore-job.yaml"
	grep -q 'create configmap backstay-restore ' "$top/config/kubernetes/restore-job.yaml"
}

@test "the Job that heals is one that the server takes, with rights that delete nothing" {
	kubectl apply --dry-run=server -f "$top/config/kubernetes/heal.yaml" | tee "$P/taken"
	[ "$(wc -l <"$P/taken")" -eq "$(grep -c '^kind:' "$top/config/kubernetes/heal.yaml")" ]
	kubectl create --dry-run=client -o json -f "$top/config/kubernetes/heal.yaml" | jq -s . >"$P/heal"
	of() { jq -e --arg kind "$1" ".[] | select(.kind == \$kind) | $2" "$P/heal"; }
	of Job '.spec.template.spec | .restartPolicy == "OnFailure" and .securityContext.runAsNonRoot and
	    (.volumes | map(select(.emptyDir)) | length) == 2 and
	    (.containers[0].securityContext | .readOnlyRootFilesystem and .capabilities.drop == ["ALL"])'
	of Secret '(.stringData // .data) | keys == ["identity.txt", "signing.pub"]'
	of ClusterRole '[.rules[].verbs[]] | index("delete") == null and index("*") == null'
	mkdir -p "$P/heal.d"
	of ConfigMap '.data["backstay.yaml"]' | jq -r . >"$P/heal.d/backstay.yaml"
	"$BACKSTAY_BUILD/backstay-agent" check --show-config --config "$P/heal.d/backstay.yaml" | grep -q '^name: "production"'
	kubectl apply -f "$top/config/kubernetes/heal.yaml" >/dev/null
	may() { kubectl auth can-i "$@" --as=system:serviceaccount:backstay:backstay-heal --all-namespaces; }
	until [ "$(may create secrets)" = yes ]; do sleep 0.1; done
	may bind clusterroles
	run ! may delete secrets
	kubectl delete --ignore-not-found -f "$top/config/kubernetes/heal.yaml" --selector app.kubernetes.io/component=heal >/dev/null
	run ! kubectl get clusterrolebinding backstay-heal
}

@test "the configurations are valid, and the alerts are those of config/prometheus" {
	for f in base overlays/s3 overlays/pvc drill; do
		"$BACKSTAY_BUILD/backstay-agent" check --show-config --config "$top/config/kubernetes/$f/backstay.yaml" | grep -q '^name: "production"'
	done
	sed -n '/^groups:/,$p' "$top/config/prometheus/backstay.rules.yaml" >"$P/rules"
	sed -n '/^  groups:/,$ { s/^  //; p; }' "$top/config/kubernetes/monitoring/prometheusrule.yaml" | diff "$P/rules" -
}
