#!/usr/bin/env bats
# Kinds that the newest releases of Kubernetes have: what claims name comes with
# them, and what a cluster has for itself stays there. This file runs against
# simulated API servers that speak as 1.36; the same file under the name
# kube_newest_real.bats against the real one, where that serves these kinds.
# shellcheck disable=SC2154 # lib sets $top
bats_require_minimum_version 1.5.0
load lib
load cluster

setup_file() {
	cluster_pick || return 0
	start kube
	start target
	objects
}

start() { # NAME: without controllers, which would make what is left out
	if [ "$KUBE" = sim ]; then
		"$top/tests/sim/kube" start "$P/$1" --release 1.36
	else
		"$top/tests/servers/kube" start "$P/$1" --no-controllers -- --runtime-config=api/all=true
	fi
}

teardown_file() {
	cluster_pick || return 0
	for name in kube target; do
		if [ "$KUBE" = sim ]; then
			"$top/tests/sim/kube" stop "$P/$name"
		else
			"$top/tests/servers/kube" stop "$P/$name"
		fi
	done
	rm -rf "$P"
}

serves() { call GET "/apis/$1" >/dev/null 2>&1; }

setup() {
	cluster_need
	serves resource.k8s.io/v1 || skip "an API server before 1.34"
}

make() { # PATH KIND NAME [REST-OF-THE-OBJECT]: prints its UID
	local group=${1%/*} at=/apis/$1 ns=
	[[ $1 != v1/* ]] || { group=v1 at=/api/$1; }
	[[ $1 != */namespaces/* ]] || { group=${1%/namespaces/*} ns=claims; [[ $1 != v1/* ]] || at=/api/$1; }
	jq -nc --arg g "$group" --arg k "$2" --arg n "$3" --arg ns "$ns" --argjson rest "${4:-{\}}" \
	    '{apiVersion: $g, kind: $k, metadata: {name: $n, namespace: $ns}} * $rest' >"$P/object"
	call POST "$at" "$(cat "$P/object")" | jq -r .metadata.uid
}

owner() { # VERSION KIND NAME UID
	printf '{"ownerReferences": [{"apiVersion": "%s", "kind": "%s", "name": "%s", "uid": "%s", "controller": true}]}' "$@"
}

objects() {
	serves resource.k8s.io/v1 || return 0
	local storage=storage.k8s.io/v1 dra=resource.k8s.io/v1 rs pod name
	local gpu='"devices": {"requests": [{"name": "gpu", "exactly": {"deviceClassName": "gpu.example.com"}}]}'
	local pods='{"metadata": {"labels": {"app": "train"}}, "spec": {"serviceAccountName": "train", "containers": [{"name": "c", "image": "i"}]}}'
	make v1/namespaces Namespace claims
	make v1/namespaces/claims/serviceaccounts ServiceAccount train
	for name in gold silver; do
		make $storage/volumeattributesclasses VolumeAttributesClass $name '{"driverName": "csi.example.com", "parameters": {"iops": "4000"}}'
	done
	for name in gpu tpu; do
		make $dra/deviceclasses DeviceClass $name.example.com '{"spec": {}}'
	done
	make v1/namespaces/claims/persistentvolumeclaims PersistentVolumeClaim data '{"spec": {"accessModes": ["ReadWriteOnce"],
	    "storageClassName": "csi", "volumeAttributesClassName": "gold", "resources": {"requests": {"storage": "1Gi"}}}}'
	make $dra/namespaces/claims/resourceclaims ResourceClaim shared "{\"spec\": {$gpu}}"
	make $dra/namespaces/claims/resourceclaimtemplates ResourceClaimTemplate one "{\"spec\": {\"spec\": {$gpu}}}"
	rs=$(make apps/v1/namespaces/claims/replicasets ReplicaSet train "{\"spec\": {\"replicas\": 0,
	    \"selector\": {\"matchLabels\": {\"app\": \"train\"}}, \"template\": $pods}}")
	pod=$(make v1/namespaces/claims/pods Pod train-1 "$(jq -nc --argjson a "$pods" \
	    --argjson b "{\"metadata\": $(owner apps/v1 ReplicaSet train "$rs")}" '$a * $b')")
	make $dra/namespaces/claims/resourceclaims ResourceClaim train-1-gpu \
	    "{\"metadata\": $(owner v1 Pod train-1 "$pod"), \"spec\": {$gpu}}"
	# What only one cluster has a use for.
	make $dra/resourceslices ResourceSlice slice '{"spec": {"driver": "gpu.example.com", "allNodes": true,
	    "pool": {"name": "p", "generation": 1, "resourceSliceCount": 1}, "devices": [{"name": "d0"}]}}'
	make $storage/namespaces/claims/csistoragecapacities CSIStorageCapacity capacity '{"storageClassName": "csi"}'
	if serves coordination.k8s.io/v1beta1; then
		make coordination.k8s.io/v1beta1/namespaces/claims/leasecandidates LeaseCandidate candidate '{"spec": {
		    "leaseName": "l", "strategy": "OldestEmulationVersion", "binaryVersion": "1.36.0", "emulationVersion": "1.36.0",
		    "pingTime": "2026-11-28T00:00:00.000000Z", "renewTime": "2026-11-28T00:00:00.000000Z"}}'
	fi
	if serves storagemigration.k8s.io/v1beta1; then
		make storagemigration.k8s.io/v1beta1/storageversionmigrations StorageVersionMigration again \
		    '{"spec": {"resource": {"group": "", "resource": "secrets"}}}'
	fi
}

capture() { # LINE...: of the cluster in the configuration
	cluster_config claims 'gates: never' \
	    "targets: {clusters: [{from: c, kubeconfig: $P/target/kubeconfig}]}" >"$BACKSTAY_CONFIG"
	sed -i "s/namespaces: \[claims\]/$1/" "$BACKSTAY_CONFIG"
	agent backup
	run --separate-stderr restore plan latest -o json
	echo "$stderr"
	[ "$status" -eq 0 ]
	jq -r '.nodes[] | .action + " " + .kind + " " + .name' <<<"$output" | sort >"$P/planned"
	cat "$P/planned"
}

@test "classes come where a claim names them, and what is made for a Pod stays" {
	capture 'namespaces: [claims], cluster_scope: referenced'
	diff - <(grep -v "ServiceAccount\|ConfigMap\|ClusterRole" "$P/planned") <<-'E'
	create DeviceClass gpu.example.com
	create Namespace claims
	create PersistentVolumeClaim data
	create ReplicaSet train
	create ResourceClaim shared
	create ResourceClaimTemplate one
	create VolumeAttributesClass gold
	exclude ResourceClaim train-1-gpu
	E
	apply
	[ "$status" -eq 0 ]
	[ "$(jq -r '[.items[] | select(.outcome == "failed")] | length' "$P/report")" -eq 0 ]
}

@test "what one cluster has for itself is not captured, and where it was, not restored" {
	capture 'cluster_scope: all'
	run ! grep -E 'ResourceSlice|CSIStorageCapacity|LeaseCandidate|StorageVersionMigration' "$P/planned"
	capture 'cluster_scope: all, defaults: false'
	local kind
	for kind in ResourceSlice CSIStorageCapacity; do grep "^exclude $kind " "$P/planned"; done
	run ! grep -E '^create (ResourceSlice|CSIStorageCapacity|LeaseCandidate|StorageVersionMigration|IPAddress) ' "$P/planned"
}
