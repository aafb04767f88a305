#!/usr/bin/env bats
# Small clusters out of reports from the field (tests/data/field): what they
# hold comes back, once. This file runs against the simulated API server; the
# same file under the name kube_field_real.bats against the real one.
# shellcheck disable=SC2154,SC2030,SC2031 # lib sets $top, bats runs each test apart
# bats file_tags=slow
bats_require_minimum_version 1.5.0
load lib
load cluster

setup_file() {
	cluster_pick || return 0
	kube_server "$KUBE" start "$P/kube"
}

teardown_file() { cluster_stop; }

setup() {
	cluster_need
	rm -rf "$P/vault" "$P/state"
}

teardown() {
	[ ! -e "$P/convert.pid" ] || kill "$(<"$P/convert.pid")"
	rm -f "$P/convert.pid" "$P/convert.port"
	[ -z "${loaded-}" ] || field wipe
}

field() { "$top/tests/e2e/kube_field" "$1" "$P/kube/kubeconfig" "$loaded"; }

# The cluster of that name, backed up, gone, and restored.
restored() { # NAME NAMESPACE [OPTION...]
	loaded=$1 ns=$2
	cluster_config "$ns" 'gates: never' ${settings+"${settings[@]}"} >"$BACKSTAY_CONFIG"
	field load
	agent backup
	field wipe
	apply "${@:3}"
	[ "$status" -eq 0 ]
}

live() { # GROUP/VERSION PLURAL NAME [cluster]
	local at=/namespaces/$ns
	[ "${4-}" = cluster ] && at=
	if [[ $1 == v1 ]]; then
		call GET "/api/v1$at/$2/$3"
	else
		call GET "/apis/$1$at/$2/$3"
	fi
}

gone() { ! live "$@" 2>/dev/null; }

# Why an object was left out, from the report.
why() { # "KIND NAMESPACE/NAME"
	jq -r --arg what "$1" '.items[] | select(.what == $what) |
	    select(.outcome == "skipped") | .detail' "$P/report"
}

@test "Endpoints of a Service without selector come back" {
	restored endpoints fk01
	live v1 endpoints legacy-db | jq -e '.subsets[0].addresses[0].ip == "10.20.30.40"'
}

@test "a request that was carried out is not carried out again" {
	restored velero-delete fk02
	gone velero.io/v1 deletebackuprequests nightly-abcde
	gone velero.io/v1 restores drill
	[[ $(why 'DeleteBackupRequest.velero.io fk02/nightly-abcde') == 'has ended'* ]]
	apply --include-finished
	[ "$status" -eq 0 ]
	live velero.io/v1 restores drill | jq -e '.status.phase == "Completed"'
}

@test "a generated password is there before its ExternalSecret, and the same" {
	restored eso-generated fk03 --hold
	live v1 secrets db | jq -e '(.data.password | @base64d) == "only-copy"'
	local uid
	uid=$(live external-secrets.io/v1 externalsecrets db | jq -r .metadata.uid)
	live v1 secrets db | jq -e --arg uid "$uid" '.metadata.ownerReferences[0].uid == $uid'
	live external-secrets.io/v1 externalsecrets db |
	    jq -e '.status.refreshTime == "2026-01-01T00:00:00Z"'
	live external-secrets.io/v1alpha1 pushsecrets db | jq -e '.status.syncedPushSecrets | length == 1'
	run --separate-stderr restore plan latest --same-cluster -o json
	jq -e '[.nodes[] | {key: (.kind + "/" + .name), value: .level}] | from_entries |
	    .["Secret/db"] < .["ExternalSecret/db"] and .["Secret/db"] < .["PushSecret/db"]' <<<"$output"
}

@test "a Secret into which an ExternalSecret merges comes back" {
	restored eso-merge fk04
	live v1 secrets app | jq -e '(.data.license | @base64d) == "typed-by-hand"'
}

@test "what ran once and has ended stays away, and comes on demand" {
	restored runs fk05
	gone v1 pods migrate
	gone tekton.dev/v1 pipelineruns deploy-v1
	gone tekton.dev/v1 taskruns deploy-v1-a
	gone postgresql.cnpg.io/v1 backups pg-1
	gone argoproj.io/v1alpha1 workflows done
	[ "$(jq '[.items[] | select(.detail // "" | startswith("has ended"))] | length' "$P/report")" -eq 5 ]
}

@test "status without a subresource is data like any other" {
	restored status-plain fk06
	live argoproj.io/v1alpha1 appprojects team | jq -e '.status.jwtTokensByRole.ci.items[0].id == "3f1c"'
	live argoproj.io/v1alpha1 workflows half-way | jq -e '.status.nodes.a.phase == "Succeeded"'
}

@test "the plan names what is left out, held, started anew and unprotected" {
	restored pause fk09 --hold
	grep -q "info  held until the release: .*1 Cluster.cluster.x-k8s.io" <<<"$stderr"
	field wipe
	run --separate-stderr restore plan latest --same-cluster
	echo "$output"
	grep -q "^held until the release: .*1 ResourceSet.fluxcd.controlplane.io" <<<"$output"
	run --separate-stderr restore plan latest --same-cluster -o json
	jq -e '[.nodes[] | select(.kind == "GitRepo") | .held] == ["paused"]' <<<"$output"
	loaded=identity-in-status ns=fk-capi
	restored identity-in-status fk-capi
	grep -q "info  there for a moment without their status, .*: 1 KubeDirectorCluster.kubedirector.hpe.com" <<<"$stderr"
	field wipe
	loaded=runs ns=fk05
	restored runs fk05
	grep -q "info  left out: .*5 has ended, and would run again" <<<"$stderr"
}

@test "the configuration says what is left out, paused and restored" {
	settings=('exclude_kinds: [GitRepo.fleet.cattle.io]' 'rules:'
	    '  - {kind: Cluster.cluster.x-k8s.io, pause: none, status: false}'
	    '  - kind: ResourceSet.fluxcd.controlplane.io'
	    '    pause: /metadata/annotations/example.com~1hold=yes'
	    '  - {kind: CronOperation.ops.crossplane.io, derived: true}')
	restored pause fk09 --hold
	[ "$(why "GitRepo.fleet.cattle.io fk09/fleet")" = "its kind is in restore.exclude_kinds" ]
	gone fleet.cattle.io/v1alpha1 gitrepos fleet
	live cluster.x-k8s.io/v1beta2 clusters prod | jq -e '(.spec | has("paused") | not) and (has("status") | not)'
	live fluxcd.controlplane.io/v1 resourcesets tenants |
	    jq -e '.metadata.annotations == {"example.com/hold": "yes"}'
	gone ops.crossplane.io/v1alpha1 cronoperations nightly cluster
	released
	live fluxcd.controlplane.io/v1 resourcesets tenants | jq -e '.metadata.annotations // {} == {}'
	unset settings
	settings=('rules:' '  - {kind: PipelineRun.tekton.dev, finished: never}'
	    '  - {kind: Pod.core, finished: /spec/no/such}')
	field wipe
	restored runs fk05
	live tekton.dev/v1 pipelineruns deploy-v1
	live v1 pods migrate
	gone tekton.dev/v1 taskruns deploy-v1-a
}

@test "what others make of what is there is left to them" {
	restored derived fk10
	live kubevirt.io/v1 virtualmachines vm
	gone kubevirt.io/v1 virtualmachineinstances vm
	gone karpenter.sh/v1 nodeclaims default-abc cluster
	gone kyverno.io/v2 updaterequests ur-1
	gone wgpolicyk8s.io/v1alpha2 policyreports 0f1e
	gone operators.coreos.com/v1alpha1 clusterserviceversions global.v1
}

released() {
	run --separate-stderr restore release latest -o json
	echo "$output$stderr"
	[ "$status" -eq 0 ]
}

@test "who acts on the world outside is held, knows its own, and is let go" {
	restored pause fk09 --hold
	live cluster.x-k8s.io/v1beta2 clusters prod | jq -e '.spec.paused and .status.phase == "Provisioned"'
	local flux=fluxcd.controlplane.io
	live $flux/v1 resourcesets tenants | jq -e --arg at $flux/reconcile \
	    '.metadata.annotations[$at] == "disabled" and (.status.inventory.entries | length) == 1'
	live $flux/v1 fluxinstances flux | jq -e --arg at $flux/reconcile \
	    '.metadata.annotations[$at] == "disabled" and (.status.inventory.entries | length) == 1'
	live source.extensions.fluxcd.io/v1beta1 artifactgenerators split | jq -e '.status.inventory[0].name == "a" and
	    .metadata.annotations["source.extensions.fluxcd.io/reconcile"] == "disabled"'
	local kind
	for kind in cronoperations/nightly watchoperations/on-secret; do
		live ops.crossplane.io/v1alpha1 ${kind/\// } cluster |
		    jq -e '.metadata.annotations["crossplane.io/paused"] == "true"'
	done
	live fleet.cattle.io/v1alpha1 gitrepos fleet | jq -e .spec.paused
	live ec2.services.k8s.aws/v1alpha1 vpcs main | jq -e '.status.vpcID == "vpc-0abc"'
	released
	live cluster.x-k8s.io/v1beta2 clusters prod | jq -e '.spec | has("paused") | not'
	live $flux/v1 resourcesets tenants | jq -e '.metadata.annotations // {} == {}'
	live fleet.cattle.io/v1alpha1 gitrepos fleet | jq -e '.spec | has("paused") | not'
}

@test "a pause set by hand is not let go, nor what goes away or is changed meanwhile" {
	restored pause fk09 --hold
	local of=/apis/fleet.cattle.io/v1alpha1/namespaces/fk09/gitrepos/fleet
	local cluster=/apis/cluster.x-k8s.io/v1beta2/namespaces/fk09/clusters/prod
	# Another hand lets go of one, and deletes the other.
	call PATCH $of '{"spec":{"paused":false}}'
	call PATCH $cluster '{"metadata":{"finalizers":["example.com/cascade"]}}'
	call DELETE $cluster
	run --separate-stderr restore release latest -o json
	echo "$output$stderr"
	[ "$status" -ne 0 ]
	jq -e '.items[] | select(.what | startswith("Cluster.")) | .outcome == "failed" and
	    (.detail | contains("being deleted"))' <<<"$output"
	jq -e '.items[] | select(.what | startswith("GitRepo.")) | .outcome == "skipped"' <<<"$output"
	call GET $cluster | jq -e .spec.paused
	call GET $of | jq -e '.spec.paused == false'
	call PATCH $cluster '{"metadata":{"finalizers":null}}'
	# What somebody has paused by hand is theirs, also where it is changed.
	call PATCH $of '{"spec":{"paused":true,"repo":"https://git.example.com/other.git"}}'
	apply --existing update --hold
	apply --existing update --take-fields
	released
	call GET $of | jq -e '.spec.paused == true'
}

# Where a controller would act on what it does not find, or has lost.
@test "what misses something stays paused, and is let go once it is there" {
	loaded=argocd-appset ns=fk08
	local bad='[{op: add, path: /metadata/labels, value: {bad: "no label!"}}]'
	cluster_config "$ns" 'gates: never' 'transforms:' \
	    "  - {kind: Secret.core, name: cluster-us, patch: $bad}" \
	    "  - {kind: Application.argoproj.io, name: app-eu, patch: $bad}" >"$BACKSTAY_CONFIG"
	field load
	agent backup
	field wipe
	apply
	[ "$status" -eq 1 ]
	local set=/apis/argoproj.io/v1alpha1/namespaces/fk08/applicationsets/everywhere
	call GET $set | jq -e '.spec.syncPolicy.applicationsSync == "create-only"'
	jq -e '[.items[] | select(.detail // "" | contains("it stays paused: "))] | length == 2 and
	    all(.[]; .outcome == "held" and (.what | contains("everywhere")) and
	        (.detail | contains("was not restored")))' "$P/report"
	# What is paused is named, what could not even be made is not.
	jq -e '(.left_paused | length) == 2 and all(.left_paused[]; contains("fk08/everywhere"))' "$P/report"
	cluster_config "$ns" 'gates: never' >"$BACKSTAY_CONFIG"
	apply
	[ "$status" -eq 0 ]
	call GET $set | jq -e '(.spec.syncPolicy | has("applicationsSync") | not) and
	    (.spec.template.metadata | has("annotations") | not)'
	jq -e '.left_paused == []' "$P/report"
}

@test "a status speaks of the generation that its object starts at again" {
	loaded=pause ns=fk09
	cluster_config "$ns" 'gates: never' >"$BACKSTAY_CONFIG"
	field load
	local of=/apis/ec2.services.k8s.aws/v1alpha1/namespaces/fk09/vpcs/main
	call PATCH $of '{"spec":{"cidrBlocks":["10.9.0.0/16"]}}'
	local generation
	generation=$(call GET $of | jq .metadata.generation)
	[ "$generation" -gt 1 ]
	call PATCH $of/status "{\"status\":{\"observedGeneration\":$generation,\"syncedResourceVersion\":\"$generation-ab12\"}}"
	agent backup
	field wipe
	apply --hold
	[ "$status" -eq 0 ]
	call GET $of | jq -e '.metadata.generation == 1 and .status.observedGeneration == 1 and
	    .status.syncedResourceVersion == "1-ab12" and .status.vpcID == "vpc-0abc"'
}

@test "an Application captured in a sync does not make it again" {
	restored argocd-operation fk07
	live argoproj.io/v1alpha1 applications shop | jq -e '(has("operation") | not) and
	    .status.operationState.phase == "Failed"'
	jq -e '[.items[] | select(.what | contains("fk07/shop")) | .notes[] |
	    select(contains("sync"))] | length == 1' "$P/report"
}

@test "an ApplicationSet comes after its Secrets and takes nothing away" {
	restored argocd-appset fk08 --hold
	live v1 secrets cluster-eu
	live argoproj.io/v1alpha1 applicationsets everywhere | jq -e '.spec.syncPolicy.applicationsSync == "create-only" and
	    .spec.template.metadata.annotations["argocd.argoproj.io/skip-reconcile"] == "true" and
	    (.status.resources | length) == 2'
	run --separate-stderr restore plan latest --same-cluster -o json
	jq -e '[.nodes[] | {key: (.kind + "/" + .name), value: .level}] | from_entries |
	    .["Secret/cluster-us"] < .["ApplicationSet/everywhere"] and
	    .["Secret/cluster-eu"] < .["ApplicationSet/everywhere"]' <<<"$output"
	released
	live argoproj.io/v1alpha1 applicationsets everywhere | jq -e '.spec.syncPolicy == {"preserveResourcesOnDeletion": false}'
}

@test "what keeps its state in a Secret comes after it" {
	restored terraform-state-secret fk-q --hold
	live terraform.core.oam.dev/v1beta2 configurations aa-bucket | jq -e '.status.apply.state == "Available"'
	live app.terraform.io/v1alpha2 workspaces aa-ws | jq -e '.status.workspaceID == "ws-1" and
	    .metadata.annotations["app.terraform.io/paused"] == "true"'
	run --separate-stderr restore plan latest --same-cluster -o json
	jq -e '[.nodes[] | {key: (.kind + "/" + .name), value: .level}] | from_entries |
	    .["Secret/tfstate-default-oss"] < .["Configuration/aa-bucket"] and
	    .["Secret/tfstate-default-aa-vpc"] < .["Terraform/aa-vpc"]' <<<"$output"
}

# The level of each object in the plan, by "Kind/name".
levels() {
	run --separate-stderr restore plan latest --same-cluster -o json
	jq '[.nodes[] | {key: (.kind + "/" + .name), value: .level}] | from_entries' <<<"$output" >"$P/levels"
}

@test "keys that a controller would make anew are there before it" {
	restored sealing-keys fk-sealed
	levels
	jq -e '.["Secret/sealed-secrets-keyabcde"] < .["Deployment/sealed-secrets-controller"] and
	    .["Secret/sealed-secrets-key2"] < .["Deployment/sealed-secrets-controller"] and
	    .["Secret/sealed-secrets-key2"] < .["SealedSecret/app"] and
	    .["Secret/istio-ca-secret"] < .["Deployment/istiod"]' "$P/levels"
}

@test "a key that does not come back holds back the controller that would make another" {
	loaded=sealing-keys ns=fk-sealed
	cluster_config "$ns" 'gates: never' 'transforms:' \
	    '  - {kind: Secret.core, name: istio-ca-secret, patch: [{op: add, path: /metadata/labels, value: {bad: "no label!"}}]}' \
	    >"$BACKSTAY_CONFIG"
	field load
	agent backup
	field wipe
	apply
	[ "$status" -eq 1 ]
	gone v1 secrets istio-ca-secret
	gone apps/v1 deployments istiod
	live apps/v1 deployments sealed-secrets-controller >/dev/null
	jq -e '.items[] | select(.what == "Deployment.apps fk-sealed/istiod") |
	    .outcome == "held" and (.detail | contains("istio-ca-secret was not restored"))' "$P/report"
}

@test "what refuses, changes or deletes others comes after them" {
	restored policies-last fk-pol
	gone karpenter.sh/v1 nodeclaims default-abcde cluster
	gone status.gatekeeper.sh/v1beta1 constrainttemplatepodstatuses gatekeeper--audit--abc-k8srequired
	levels
	jq -e '. as $l | ["ClusterCleanupPolicy/aa-clean", "DeletingPolicy/aa-delete", "Assign/zz-pull-always",
	    "ClusterPolicy/aa-mutate", "K8sRequired/must-have"] |
	    all($l[.] > $l["Deployment/web"] and $l[.] > $l["ConfigMap/zz"])' "$P/levels"
}

@test "what a Pod owned that is made anew is left to the new one" {
	restored owned-by-pod fk11
	gone v1 persistentvolumeclaims web-0-scratch
	gone v1 configmaps of-the-claim
	[ "$(why 'PersistentVolumeClaim fk11/web-0-scratch')" = 'what owns it is left out' ]
	[ "$(live v1 configmaps of-the-set | jq -r '.metadata.ownerReferences[0].uid')" = \
	    "$(live apps/v1 statefulsets web | jq -r .metadata.uid)" ]
}

@test "Secrets that are pushed by label come before what pushes them, and generators last" {
	restored eso-labels fk-push
	levels
	jq -e '.["Secret/zz-one"] < .["PushSecret/aa-by-label"] and
	    .["SecretStore/zz-store"] < .["PushSecret/aa-by-label"] and
	    all(.["Secret/zz-one", "Secret/zz-two", "Secret/zz-other"] < .["PushSecret/aa-by-words"]; .) and
	    all(.["PushSecret/aa-generated", "ExternalSecret/zz-generated"] < .["Password/aa-pw"]; .)' "$P/levels"
	live external-secrets.io/v1 externalsecrets zz-generated | jq -e '.status.syncedResourceVersion == "1-a"'
	live generators.external-secrets.io/v1alpha1 passwords aa-pw
	field wipe
	# What is pushed without one of them would be taken from the outer store.
	cluster_config "$ns" 'gates: never' 'transforms:' \
	    '  - {kind: Secret.core, name: zz-one, patch: [{op: add, path: /metadata/labels/bad, value: "no label!"}]}' >"$BACKSTAY_CONFIG"
	apply
	[ "$status" -eq 1 ]
	gone external-secrets.io/v1alpha1 pushsecrets aa-by-label
	live external-secrets.io/v1alpha1 pushsecrets aa-by-words
}

@test "a volume snapshot that was taken is found by its handle, and not taken again" {
	restored csi-snapshots fk-csi
	local of=snapshot.storage.k8s.io/v1 group=groupsnapshot.storage.k8s.io/v1beta1
	sources() {
		live $of volumesnapshotcontents snapcontent-taken cluster | jq -e '.spec.source == {"snapshotHandle": "snap-0abc"} and
		    (.spec.volumeSnapshotRef | .name == "taken" and .namespace == "fk-csi" and (has("uid") | not)) and
		    (.metadata | has("annotations") | not)'
		live $of volumesnapshots taken | jq -e '.spec.source == {"volumeSnapshotContentName": "snapcontent-taken"}'
		live $of volumesnapshots imported | jq -e '.spec.source == {"volumeSnapshotContentName": "by-hand"}'
		live $of volumesnapshots wanted | jq -e '.spec.source == {"persistentVolumeClaimName": "data"}'
		live $group volumegroupsnapshotcontents groupcontent-taken cluster | jq -e '.spec.source ==
		    {"groupSnapshotHandles": {"volumeGroupSnapshotHandle": "group-1", "volumeSnapshotHandles": ["snap-1", "snap-2"]}}'
		live $group volumegroupsnapshots group | jq -e '.spec.source == {"volumeGroupSnapshotContentName": "groupcontent-taken"}'
	}
	sources
	levels
	jq -e '.["VolumeSnapshotContent/snapcontent-taken"] < .["VolumeSnapshot/taken"] and
	    .["VolumeSnapshotContent/by-hand"] < .["VolumeSnapshot/imported"] and
	    .["VolumeGroupSnapshotContent/groupcontent-taken"] < .["VolumeGroupSnapshot/group"]' "$P/levels"
	# Those that are there as they were made are the same, and stay.
	field wipe
	field load
	apply --existing recreate
	[ "$status" -eq 0 ]
	jq -r ".items[] | .what + \" \" + .outcome + \" \" + (.detail // \"\")" "$P/report"
	jq -e '[.items[] | select(.what | test("VolumeSnapshot|VolumeGroupSnapshot")) |
	    select(.what | startswith("CustomResourceDefinition") | not) | .outcome] | length > 6 and all(. == "unchanged")' "$P/report"
	live $of volumesnapshots taken | jq -e '.spec.source == {"persistentVolumeClaimName": "data"}'
}

@test "Longhorn runs on no node until its volumes know what was done to them" {
	restored longhorn fk-longhorn --hold
	local of=longhorn.io/v1beta2 kind
	live apps/v1 daemonsets longhorn-manager |
	    jq -e '.spec.template.spec.nodeSelector == {"backstay/held-until-release": "true"}'
	live apps/v1 deployments longhorn-driver-deployer | jq -e '.spec.replicas == 1'
	live $of volumes aa-volume | jq -e '.status.restoreInitiated and .spec.fromBackup != null'
	live $of snapshots snap-1 | jq -e '.status.requestedTime != null and .spec.createSnapshot'
	live $of backups backup-1 | jq -e '.status.state == "Completed"'
	live $of backingimages zz-image | jq -e '.status.uuid == "u-1"'
	live $of replicas aa-volume-r-1 | jq -e '.spec.dataDirectoryName == "aa-volume-1"'
	live $of recurringjobs daily
	live $of settings default-replica-count | jq -e '.value == "1"'
	for kind in systembackups/weekly systemrestores/rehearsal; do
		gone $of "${kind%/*}" "${kind#*/}"
	done
	for kind in instancemanagers/instance-manager-1 sharemanagers/aa-volume backingimagemanagers/bim-1 \
	    orphans/orphan-1 volumeattachments/aa-volume; do
		gone $of "${kind%/*}" "${kind#*/}"
	done
	grep -q 'held at rest until the release, for \*.longhorn.io: DaemonSet.apps fk-longhorn/longhorn-manager' <<<"$stderr"
	levels
	jq -e '.["BackingImage/zz-image"] < .["Volume/aa-volume"] and .["Secret/zz-backups"] < .["BackupTarget/default"] and
	    .["BackupTarget/default"] < .["Volume/aa-volume"] and .["Volume/aa-volume"] < .["Snapshot/snap-1"] and
	    .["Snapshot/snap-1"] < .["Backup/backup-1"]' "$P/levels"
	released
	live apps/v1 daemonsets longhorn-manager | jq -e '.spec.template.spec.nodeSelector == null'
}

@test "a controller that is a StatefulSet has no replicas until the release" {
	settings=('rules:' '  - {kind: StorageBucket.storage.cnrm.cloud.google.com, status: true}')
	restored controllers fk-cnrm --hold
	live apps/v1 statefulsets cnrm-controller-manager | jq -e '.spec.replicas == 0'
	live apps/v1 statefulsets database | jq -e '.spec.replicas == 1'
	live storage.cnrm.cloud.google.com/v1beta1 storagebuckets known | jq -e '.status.url == "gs://real"'
	released
	live apps/v1 statefulsets cnrm-controller-manager | jq -e '.spec.replicas == 2'
	field wipe
	# So do those of the configuration.
	settings=('rules:' '  - {kind: StorageBucket.storage.cnrm.cloud.google.com, by_replicas: "postgres:*"}')
	restored controllers fk-cnrm --hold
	live apps/v1 statefulsets database | jq -e '.spec.replicas == 0'
	unset settings
}

@test "a namespace map reaches selectors, grants and usages" {
	loaded=namespace-map ns=fk-m
	cluster_config "$ns" 'gates: never' 'namespaces: {fk-m: fk-mapped}' >"$BACKSTAY_CONFIG"
	field load
	call POST /api/v1/namespaces/fk-m/configmaps \
	    '{"metadata":{"name":"urls"},"data":{"url":"http://web.fk-m.svc:80/"}}'
	agent backup
	field wipe
	apply
	[ "$status" -eq 0 ]
	grep -q 'ConfigMap fk-mapped/urls still names a namespace .* at /data/url; restore.transforms' <<<"$stderr"
	ns=fk-mapped
	local label='"kubernetes.io/metadata.name"'
	live gateway.networking.k8s.io/v1beta1 referencegrants rg | jq -e '.spec.from[0].namespace == "fk-mapped"'
	live gateway.networking.k8s.io/v1 httproutes r | jq -e '.spec.parentRefs[0].namespace == "fk-mapped"'
	live external-secrets.io/v1 clusterexternalsecrets ces cluster | jq -e '.spec.namespaces == ["fk-mapped"] and
	    .spec.namespaceSelectors[0].matchLabels['"$label"'] == "fk-mapped"'
	live external-secrets.io/v1alpha1 clusterpushsecrets cps cluster | jq -e '
	    .spec.namespaceSelectors[0].matchExpressions[0].values == ["fk-mapped", "other"] and
	    .status.provisionedNamespaces == ["fk-mapped"] and .status.failedNamespaces[0].namespace == "fk-mapped"'
	live policies.kyverno.io/v1 validatingpolicies vp cluster |
	    jq -e '.spec.matchConstraints.namespaceSelector.matchLabels['"$label"'] == "fk-mapped"'
	live protection.crossplane.io/v1beta1 clusterusages cu cluster | jq -e '.spec.of.resourceRef.namespace == "fk-mapped"'
	live argoproj.io/v1alpha1 applications shop |
	    jq -e '.status.operationState.syncResult.resources[0].namespace == "fk-mapped"'
	call DELETE /api/v1/namespaces/fk-mapped
}

@test "a token that somebody asked for comes back, whatever it is called" {
	restored tokens fk-tok
	live v1 secrets ci-token-ab12c | jq -e '.data["by-hand"] == "eA==" and
	    .metadata.annotations["kubernetes.io/service-account.name"] == "ci"'
	live v1 secrets ci-login
	live v1 serviceaccounts ci | jq -e '[.secrets[].name] | index("ci-token-ab12c") != null'
}

@test "Knative takes the newest revision for the newest, though generations start again" {
	restored knative-generation fk-n
	local label='"serving.knative.dev/configurationGeneration"'
	live serving.knative.dev/v1 revisions shop-00003 | jq -e ".metadata.labels[$label] == \"1\""
	live serving.knative.dev/v1 revisions shop-00001 | jq -e ".metadata.labels | has($label) | not"
	live serving.knative.dev/v1 configurations shop | jq -e '.metadata.generation == 1 and
	    .status.latestReadyRevisionName == "shop-00003" and (.status | has("observedGeneration") | not)'
	jq -e '[.items[] | select(.what | endswith("shop-00001")) | .notes[] |
	    select(contains("configurationGeneration"))] | length == 1' "$P/report"
}

@test "a management cluster knows what it made, and acts on nothing before the release" {
	restored identity-in-status fk-capi --hold
	local capi=cluster.x-k8s.io of
	live $capi/v1beta2 clusters prod | jq -e '.spec.paused and .status.initialization.infrastructureProvisioned'
	for of in infrastructure.$capi/v1beta2/awsclusters/prod controlplane.$capi/v1beta2/kubeadmcontrolplanes/prod-cp \
	    $capi/v1beta2/machinedeployments/prod-md $capi/v1beta2/machinesets/prod-md-1 $capi/v1beta2/machines/prod-md-1-a \
	    infrastructure.$capi/v1beta2/awsmachines/prod-md-1-a ipam.$capi/v1beta2/ipaddressclaims/prod-md-1-a-net0; do
		live "$(cut -d/ -f1,2 <<<"$of")" "$(cut -d/ -f3 <<<"$of")" "$(cut -d/ -f4 <<<"$of")" |
		    jq -e '.metadata.annotations | has("cluster.x-k8s.io/paused")'
	done
	live ipam.$capi/v1beta2 ipaddressclaims prod-md-1-a-net0 | jq -e '.status.addressRef.name == "prod-md-1-a-net0"'
	live $capi/v1beta2 machines prod-md-1-a | jq -e '.status.nodeRef.name == "n1"'
	live ec2.services.k8s.aws/v1alpha1 vpcs main | jq -e '.status.vpcID == "vpc-0abc"'
	live kubedirector.hpe.com/v1beta1 kubedirectorclusters spark | jq -e '.status.state == "configured"'
	live argoproj.io/v1alpha1 appprojects team | jq -e '.status.jwtTokensByRole.ci.items[0].id == "3f1c"'
	live fleet.cattle.io/v1alpha1 gitrepos fleet | jq -e '.spec.paused and .status.commit == "abc"'
	live operators.coreos.com/v1alpha1 subscriptions app | jq -e '.status.installedCSV == "app.v1"'
	live operators.coreos.com/v1alpha1 clusterserviceversions app.v1
	gone operators.coreos.com/v1alpha1 clusterserviceversions global.v1
	gone operators.coreos.com/v1alpha1 installplans install-x
	released
	live $capi/v1beta2 clusters prod | jq -e '.spec | has("paused") | not'
	live $capi/v1beta2 machines prod-md-1-a | jq -e '.metadata.annotations // {} | has("cluster.x-k8s.io/paused") | not'
}

@test "Crossplane adopts what it made, runs no operation again, and observes only what it observed" {
	restored crossplane-operations fk-xp --hold
	local m=s3.aws.m.upbound.io/v1beta1
	gone ops.crossplane.io/v1alpha1 operations rotate-20260101 cluster
	gone aws.m.upbound.io/v1beta1 providerconfigusages 7f0e1d2c-uid-of-bucket
	live $m buckets shop-x | jq -e '.metadata.annotations as $a | $a["crossplane.io/paused"] == "true" and
	    $a["crossplane.io/external-name"] == "shop-real-bucket" and .status.atProvider.id == "shop-real-bucket"'
	live $m buckets seen-only | jq -e '.spec.managementPolicies == ["Observe"] and
	    .metadata.annotations["crossplane.io/paused"] == "true"'
	live example.org/v1 apps shop | jq -e '.metadata.annotations["crossplane.io/paused"] == "true" and
	    .spec.crossplane.compositionRevisionRef.name == "app-1111111" and .status.bucket == "b-1"'
	live apiextensions.crossplane.io/v1 compositionrevisions app-1111111 cluster | jq -e '.spec.revision == 1'
	live ops.crossplane.io/v1alpha1 cronoperations nightly cluster |
	    jq -e '.metadata.annotations["crossplane.io/paused"] == "true" and .status.lastScheduleTime != null'
	levels
	jq -e '.["ImageConfig/pull"] < .["Provider/provider-aws-s3"] and .["Secret/aws"] < .["Bucket/shop-x"] and
	    .["ManagedResourceDefinition/buckets.s3.aws.m.upbound.io"] < .["Bucket/shop-x"] and
	    .["CompositionRevision/app-1111111"] < .["App/shop"]' "$P/levels"
	released
	live $m buckets shop-x | jq -e '.metadata.annotations | has("crossplane.io/paused") | not'
}

@test "Flux and its operator have their inventories before they act" {
	restored flux-new-kinds fk-flux --hold
	local flux=fluxcd.controlplane.io kind
	for kind in fluxinstances/flux resourcesets/tenants; do
		live $flux/v1 "${kind%/*}" "${kind#*/}" | jq -e --arg at $flux/reconcile \
		    '.metadata.annotations[$at] == "disabled" and (.status.inventory.entries | length) > 0'
	done
	live $flux/v1 resourcesetinputproviders prs | jq -e --arg at $flux/reconcile \
	    '.metadata.annotations[$at] == "disabled" and .status.exportedInputs[0].id == "1"'
	live source.extensions.fluxcd.io/v1beta1 artifactgenerators split | jq -e '.status.inventory[0].name == "apps" and
	    .metadata.annotations["source.extensions.fluxcd.io/reconcile"] == "disabled"'
	gone source.toolkit.fluxcd.io/v1 externalartifacts apps
	live kustomize.toolkit.fluxcd.io/v1 kustomizations apps |
	    jq -e '.spec.suspend and (.status.inventory.entries | length) == 1'
	for kind in imageupdateautomations/bump imagepolicies/app; do
		live image.toolkit.fluxcd.io/v1 "${kind%/*}" "${kind#*/}" | jq -e .spec.suspend
	done
	live image.toolkit.fluxcd.io/v1 imagepolicies app | jq -e '.status.latestRef.tag == "1.2.3"'
	released
	live kustomize.toolkit.fluxcd.io/v1 kustomizations apps | jq -e '.spec | has("suspend") | not'
	live $flux/v1 resourcesets tenants | jq -e '.metadata.annotations // {} == {}'
}

# The webhook that converts, and its port.
converter() {
	"$top/tests/e2e/kube_convert" "$P/kube" "$P/convert.port" 3>&- &
	echo $! >"$P/convert.pid"
	for _ in {1..200}; do [ ! -s "$P/convert.port" ] || break; sleep 0.1; done
	port=$(<"$P/convert.port")
}

convert_away() { curl -fsS --cacert "$P/kube/ca.pem" "https://127.0.0.1:$port/away" "$@"; }

# Those of v1 are kept as they are when v2 becomes the version to keep, and v1 is
# no longer served: each of them has to be converted to be read at all.
refused_by_the_webhook() { # PATH-OF-THE-DEFINITION
	local crd=$1 of=/apis/conv.example.com/v1/namespaces/fk-refused/cogs port=9 name
	local any='{"openAPIV3Schema": {"type": "object", "x-kubernetes-preserve-unknown-fields": true}}'
	[ "$KUBE" = sim ] || converter
	call POST /api/v1/namespaces '{"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "fk-refused"}}'
	call POST "${crd%/*}" '{"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
	    "metadata": {"name": "cogs.conv.example.com"}, "spec": {"group": "conv.example.com", "scope": "Namespaced",
	    "names": {"plural": "cogs", "singular": "cog", "kind": "Cog", "listKind": "CogList"}, "versions": [
	    {"name": "v1", "served": true, "storage": true, "schema": '"$any"'},
	    {"name": "v2", "served": true, "storage": false, "schema": '"$any"'}]}}'
	for _ in {1..200}; do ! call GET $of >/dev/null 2>&1 || break; sleep 0.1; done
	for name in a.b bad-first bad.second c d; do
		call POST $of '{"apiVersion": "conv.example.com/v1", "kind": "Cog", "metadata": {"name": "'$name'"}, "spec": {}}'
	done
	[ "$KUBE" = real ] || sim_post unconvertible '{"group": "conv.example.com", "plural": "cogs",
	    "message": "spec.size is no number", "keys": ["fk-refused/bad-first", "fk-refused/bad.second"]}'
	call PATCH $crd '{"spec": {"versions": [{"name": "v1", "served": false, "storage": false, "schema": '"$any"'},
	    {"name": "v2", "served": true, "storage": true, "schema": '"$any"'}], "conversion": {"strategy": "Webhook",
	    "webhook": {"conversionReviewVersions": ["v1"], "clientConfig": {"url": "https://127.0.0.1:'"$port"'/",
	    "caBundle": "'"$([ "$KUBE" = sim ] || base64 -w0 "$P/kube/ca.pem")"'"}}}}}'
	# Until the server asks who refuses one of them and converts the others.
	for _ in {1..200}; do
		! call GET ${of/v1/v2}/d >/dev/null 2>&1 || call GET ${of/v1/v2}/bad-first >/dev/null 2>&1 || break
		sleep 0.1
	done
}

sim_post() { # WHAT JSON
	local url
	url=$(sed -n 's/^ *server: //p' "$P/kube/kubeconfig")
	curl -fsS -o /dev/null "${url/https:/http:}/_sim/$1" -d "$2"
}

sim_clear() { # the faults
	local url
	url=$(sed -n 's/^ *server: //p' "$P/kube/kubeconfig")
	curl -fsS -o /dev/null -X DELETE "${url/https:/http:}/_sim/faults"
}

@test "an object whose conversion fails is named, and the others of its kind are captured" {
	local cogs=/apis/apiextensions.k8s.io/v1/customresourcedefinitions/cogs.conv.example.com
	cluster_config fk-refused 'gates: never' >"$BACKSTAY_CONFIG"
	refused_by_the_webhook $cogs
	run --separate-stderr agent backup
	echo "$stderr"
	[ "$status" -eq 1 ]
	grep "'bad.second'.* is kept by the server, and the conversion webhook of its kind refuses it" <<<"$stderr" |
	    grep 'as it refuses one object directly before it, which nothing names' | grep -q 'spec.size is no number'
	run --separate-stderr restore ls latest 'kubernetes/c/namespaces/fk-refused/cogs.conv.example.com/**'
	echo "$output$stderr"
	[ "$(grep -o 'cogs.conv.example.com/.*json' <<<"$output" | sed 's,.*/,,' | tr '\n' ' ')" = "a.b.json c.json d.json " ]
	# The server deletes only what it can read.
	call PATCH $cogs '{"spec": {"conversion": {"strategy": "None", "webhook": null}}}'
	call DELETE $cogs
	call DELETE /api/v1/namespaces/fk-refused
	for _ in {1..300}; do call GET $cogs >/dev/null 2>&1 || break; sleep 0.1; done
}

@test "what a policy refuses that the server reads from a file is named as that, and webhooks likewise" {
	[ "$KUBE" = sim ] || skip "the real server reads such files if it is told to"
	local of=/api/v1/namespaces/fk-file
	local policy="ValidatingAdmissionPolicy 'no-x.static.k8s.io' with binding 'no-x-all.static.k8s.io'"
	local hook='failed calling webhook \\\"away.example.com\\\": failed to call webhook: Post: EOF'
	cluster_config fk-file 'gates: never' >"$BACKSTAY_CONFIG"
	call POST /api/v1/namespaces '{"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "fk-file"}}'
	call POST $of/configmaps '{"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "x"}}'
	call POST $of/secrets '{"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "y"}}'
	agent backup
	call DELETE $of/configmaps/x
	call DELETE $of/secrets/y
	sim_post faults '[{"method": "POST", "path": "fk-file/configmaps", "kind": "reply", "status": 422, "body":
	    "{\"kind\": \"Status\", \"message\": \"configmaps \\\"x\\\" is forbidden: '"$policy"' denied request: no x\", \"reason\": \"Invalid\", \"code\": 422}"},
	    {"method": "POST", "path": "fk-file/secrets", "kind": "reply", "status": 500, "body":
	    "{\"kind\": \"Status\", \"message\": \"'"$hook"'\", \"reason\": \"InternalError\", \"code\": 500}"}]'
	apply --existing skip
	sim_clear
	jq -r '.items[] | .what + ": " + .outcome + " " + .detail' "$P/report"
	[ "$status" -eq 1 ]
	jq -e '.items[] | select(.what == "ConfigMap fk-file/x") |
	    .detail | startswith("a policy outside the API refuses it, the policy '"'no-x.static.k8s.io'"', which the server reads from a file")' "$P/report"
	jq -e '.items[] | select(.what == "Secret fk-file/y") |
	    .detail | startswith("a policy outside the API refuses it, the webhook '"'away.example.com'"'")' "$P/report"
	call DELETE /api/v1/namespaces/fk-file
}

@test "what nobody can convert is read and restored in the version in which it is kept" {
	[ "$KUBE" = real ] || skip "the simulated server asks nobody to convert"
	local crds=/apis/apiextensions.k8s.io/v1/customresourcedefinitions
	local gears=/apis/conv.example.com/v1/namespaces/fk-conv/gears
	local schema='{"openAPIV3Schema": {"type": "object", "x-kubernetes-preserve-unknown-fields": true}}'
	local down='{"strategy": "Webhook", "webhook": {"conversionReviewVersions": ["v1"], "clientConfig": {"url": "https://127.0.0.1:9/"}}}'
	cluster_config fk-conv 'gates: never' >"$BACKSTAY_CONFIG"
	call POST /api/v1/namespaces '{"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "fk-conv"}}'
	call POST $crds '{"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
	    "metadata": {"name": "gears.conv.example.com"}, "spec": {"group": "conv.example.com", "scope": "Namespaced",
	    "names": {"plural": "gears", "singular": "gear", "kind": "Gear", "listKind": "GearList"}, "versions": [
	    {"name": "v1", "served": true, "storage": true, "schema": '"$schema"'},
	    {"name": "v2", "served": true, "storage": false, "schema": '"$schema"'}]}}'
	for _ in {1..100}; do call GET $gears 2>/dev/null && break; sleep 0.1; done
	call POST $gears '{"apiVersion": "conv.example.com/v1", "kind": "Gear", "metadata": {"name": "g"}, "spec": {"teeth": 12}}'
	call PATCH $crds/gears.conv.example.com '{"spec": {"conversion": '"$down"'}}'
	# Until each request goes to who does not answer.
	for _ in {1..100}; do call GET ${gears/v1/v2}/g 2>/dev/null || break; sleep 0.1; done
	run --separate-stderr agent backup
	echo "$stderr"
	[ "$status" -eq 0 ]
	grep -q 'gears.conv.example.com was read as v1, in which it is kept' <<<"$stderr"
	call DELETE $crds/gears.conv.example.com
	call DELETE /api/v1/namespaces/fk-conv
	for _ in {1..300}; do
		call GET $crds/gears.conv.example.com 2>/dev/null || call GET /api/v1/namespaces/fk-conv 2>/dev/null || break
		sleep 0.1
	done
	apply
	[ "$status" -eq 0 ]
	call GET $gears/g | jq -e '.spec.teeth == 12'
	call DELETE $crds/gears.conv.example.com
	call DELETE /api/v1/namespaces/fk-conv
}

# They are kept as v1 and read as v2, and so have to be converted to be made. The
# webhook comes as late as the pods behind one do, counted in questions that get
# no answer.
@test "what a conversion webhook keeps from being made waits for it, and is named where that never comes" {
	[ "$KUBE" = real ] || skip "kube_others.bats has it of the simulated server"
	local crds=/apis/apiextensions.k8s.io/v1/customresourcedefinitions port name
	local wheels=/apis/late.example.com/v1/namespaces/fk-late/wheels
	local schema='{"openAPIV3Schema": {"type": "object", "x-kubernetes-preserve-unknown-fields": true}}'
	converter
	cluster_config fk-late 'gate_timeout: 120s' >"$BACKSTAY_CONFIG"
	call POST /api/v1/namespaces '{"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "fk-late"}}'
	call POST $crds '{"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
	    "metadata": {"name": "wheels.late.example.com"}, "spec": {"group": "late.example.com", "scope": "Namespaced",
	    "names": {"plural": "wheels", "singular": "wheel", "kind": "Wheel", "listKind": "WheelList"}, "versions": [
	    {"name": "v1", "served": true, "storage": true, "schema": '"$schema"'},
	    {"name": "v2", "served": true, "storage": false, "schema": '"$schema"'}], "conversion": {"strategy": "Webhook",
	    "webhook": {"conversionReviewVersions": ["v1"], "clientConfig": {"url": "https://127.0.0.1:'"$port"'/",
	    "caBundle": "'"$(base64 -w0 "$P/kube/ca.pem")"'"}}}}}'
	for _ in {1..100}; do call GET ${wheels/v1/v2} 2>/dev/null && break; sleep 0.1; done
	for name in a b; do
		call POST $wheels '{"apiVersion": "late.example.com/v1", "kind": "Wheel", "metadata": {"name": "'$name'"}, "spec": {"teeth": 12}}'
	done
	agent backup
	late_gone
	# A few questions are tried again at once; this many are not.
	convert_away -d 20
	apply
	[ "$status" -eq 0 ]
	[ "$(convert_away)" -eq 0 ]
	for name in a b; do call GET $wheels/$name | jq -e '.spec.teeth == 12'; done
	late_gone
	convert_away -d 1000000
	sed -i 's/gate_timeout: .*/gate_timeout: 1s/' "$BACKSTAY_CONFIG"
	apply
	[ "$status" -eq 1 ]
	for name in a b; do
		jq -e --arg what "Wheel.late.example.com fk-late/$name" '.items[] | select(.what == $what) |
		    .outcome == "failed" and (.detail | test("conversion webhook for late.example.com/v2, Kind=Wheel failed"))' "$P/report"
	done
	convert_away -d 0
	late_gone
}

late_gone() {
	call DELETE $crds/wheels.late.example.com
	call DELETE /api/v1/namespaces/fk-late
	for _ in {1..300}; do
		call GET $crds/wheels.late.example.com 2>/dev/null || call GET /api/v1/namespaces/fk-late 2>/dev/null || break
		sleep 0.1
	done
}

# Pods are refused until a controller has made the account of their namespace,
# which takes long where that has much to do.
@test "a Pod waits for the account of its new namespace" {
	[ "$KUBE" = real ] || skip "kube_others.bats has it of the simulated server"
	loaded=runs ns=fk05
	cluster_config "$ns" 'gates: never' >"$BACKSTAY_CONFIG"
	field load
	agent backup
	field wipe
	local refused controllers
	controllers=$(awk '$3 == "controller-manager" { print $1 }' "$P/kube/pids")
	refused=$(pods_refused)
	kill -STOP "$controllers"
	(
		for _ in {1..600}; do
			[ "$(pods_refused)" = "$refused" ] || break
			sleep 0.1
		done
		kill -CONT "$controllers"
	) 3>&- &
	apply --include-finished
	wait
	[ "$status" -eq 0 ]
	live v1 pods migrate
}

# How many were, since the server started.
pods_refused() {
	"${KUBEBUILDER_ASSETS:-$HOME/.cache/backstay/kube}/kubectl" --kubeconfig "$P/kube/kubeconfig" get --raw /metrics |
	    awk '/^apiserver_request_total{.*code="403".*resource="pods".*verb="POST"/ { n += $NF } END { print n + 0 }'
}

@test "the claim of an ephemeral volume is made again for the new Pod" {
	[ "$KUBE" = real ] || skip "the simulated server makes no claims"
	loaded=ephemeral ns=fk-eph
	cluster_config "$ns" 'gates: never' >"$BACKSTAY_CONFIG"
	field load
	local claim=/api/v1/namespaces/fk-eph/persistentvolumeclaims/web-0-scratch pod=/api/v1/namespaces/fk-eph/pods/web-0
	for _ in {1..300}; do call GET $claim >/dev/null 2>&1 && break; sleep 0.1; done
	call GET $claim >/dev/null 2>&1 || skip "this server makes no claims for ephemeral volumes"
	agent backup
	field wipe
	apply
	[ "$status" -eq 0 ]
	# Made by its controller alone, it belongs to the Pod that there is now.
	for _ in {1..300}; do call GET $claim >/dev/null 2>&1 && break; sleep 0.1; done
	[ "$(call GET $claim | jq -r '.metadata.ownerReferences[0].uid')" = "$(call GET $pod | jq -r .metadata.uid)" ]
}

# A controller makes the account of a new namespace before the restore comes to
# it, and what somebody added to it would be lost.
@test "the account that each namespace gets has what was added to it" {
	local ns=fk-sa account=/api/v1/namespaces/fk-sa/serviceaccounts/default
	cluster_config $ns 'gates: never' >"$BACKSTAY_CONFIG"
	call POST /api/v1/namespaces '{"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "fk-sa"}}'
	for _ in {1..600}; do call GET $account >"$P/account" 2>/dev/null && break; sleep 0.1; done
	jq -e .metadata.uid "$P/account"
	call POST /api/v1/namespaces/$ns/secrets '{"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "registry"},
	    "type": "Opaque", "data": {"a": "YQ=="}}'
	call POST /api/v1/namespaces/$ns/secrets '{"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "default-token-mine1",
	    "annotations": {"kubernetes.io/service-account.name": "default"}}, "type": "kubernetes.io/service-account-token"}'
	call PATCH $account '{"imagePullSecrets": [{"name": "registry"}], "automountServiceAccountToken": false}'
	# The controller lists its own token beside it, where it makes one.
	local listed
	listed=$(call GET $account | jq -c '[.secrets[]?, {name: "default-token-mine1"}] | unique')
	call PATCH $account "{\"secrets\": $listed}"
	agent backup
	call DELETE /api/v1/namespaces/$ns
	for _ in {1..600}; do call GET /api/v1/namespaces/$ns 2>/dev/null >&2 || break; sleep 0.1; done
	apply
	[ "$status" -eq 0 ]
	call GET $account >"$P/account"
	jq . "$P/account"
	jq -e '.imagePullSecrets == [{"name": "registry"}] and .automountServiceAccountToken == false' "$P/account"
	jq -e 'any(.secrets[]; .name == "default-token-mine1")' "$P/account"
	call GET /api/v1/namespaces/$ns/secrets/default-token-mine1 |
	    jq -e --slurpfile account "$P/account" '.metadata.annotations["kubernetes.io/service-account.uid"] == $account[0].metadata.uid'
	apply
	[ "$status" -eq 0 ]
	call DELETE /api/v1/namespaces/$ns
}
