#!/usr/bin/env bats
# Never lost, never twice: controllers that act on a world outside the cluster
# (tests/sim/outside) are at work during a restore, each as fast as its seed
# says. What was done before the backup is not done again; what was not is done
# once. BACKSTAY_SEEDS says how many restores; kube_twice_real.bats has the real
# API server.
# shellcheck disable=SC2154,SC2030,SC2031 # lib sets $top, bats runs each test apart
# bats file_tags=slow
bats_require_minimum_version 1.5.0
load lib
load cluster

setup_file() {
	cluster_pick || return 0
	kube_server "$KUBE" start "$P/kube"
	cluster_config fk-twice 'gates: never' >"$BACKSTAY_CONFIG"
	field load
	agent backup
	field wipe
	printf '%s\n' Crossplane Ack Ipam Tekton Workflows Velero VeleroDeletions ExternalSecrets Kustomize FluxOperator \
	    ArgoCD Hcp Kubevela Cnpg{Clusters,Backups,Schedules} | sort >"$P/families"
}

teardown_file() { cluster_stop; }

setup() { cluster_need; }

teardown() {
	[ -z "${outside-}" ] || kill "$outside" 2>/dev/null || true
	field wipe
}

field() { "$top/tests/e2e/kube_field" "$1" "$P/kube/kubeconfig" never-twice; }

controllers() { # SEED
	: >"$P/world"
	"$top/tests/sim/outside" "$P/kube/kubeconfig" fk-twice "$1" "$P/world" 3>&- &
	outside=$!
}

# Once each has done what was never done; then all of it is looked at once more.
world() {
	for _ in {1..1200}; do
		[ "$(grep -c '/fresh$' "$P/world")" -lt "$(wc -l <"$P/families")" ] || break
		sleep 0.1
	done
	kill "$outside"
	wait "$outside"
	outside=
	sort "$P/world"
	diff <(sed 's|$| fresh|' "$P/families") <(sed 's| [a-z]*/| |' "$P/world" | sort)
}

@test "controllers at work during a restore do nothing twice, and nothing that was done" {
	local seed
	for ((seed = 1; seed <= ${BACKSTAY_SEEDS:-3}; seed++)); do
		echo "seed $seed"
		controllers "$seed"
		apply
		[ "$status" -eq 0 ]
		world
		field wipe
	done
}

@test "nor where the restore is killed and resumed" {
	local seed
	for ((seed = 1; seed <= ${BACKSTAY_SEEDS:-3}; seed++)); do
		echo "seed $seed"
		controllers "$seed"
		apply_killed "$((seed % 3 / 2)).$((seed * 37 % 90 + 10))"
		[ "$status" -eq 0 ]
		world
		field wipe
	done
}

# On another machine, or where its disk is lost: what was paused tells by whose
# hand, and has its status before it is let go.
@test "nor where the journal is lost in between, and the restore is resumed or begun again" {
	local seed pid
	for ((seed = 1; seed <= ${BACKSTAY_SEEDS:-4}; seed++)); do
		echo "seed $seed"
		controllers "$seed"
		"$BACKSTAY_BUILD/backstay-restore" apply latest --yes --same-cluster >/dev/null 2>&1 3>&- &
		pid=$!
		sleep "$((seed % 3 / 2)).$((seed * 37 % 90 + 10))"
		kill -KILL "$pid" 2>/dev/null || true
		wait "$pid" || true
		rm -rf "$P/state"
		# What had not even begun is not resumed.
		[ $((seed % 2)) -eq 0 ] || apply --resume
		[ $((seed % 2)) -eq 1 ] && [ "$status" -ne 3 ] || apply
		[ "$status" -eq 0 ]
		jq -e '.left_paused == []' "$P/report"
		world
		field wipe
	done
}

@test "what an ended run had paused and not given its status has it before it is let go" {
	local options of=/apis/kustomize.toolkit.fluxcd.io/v1/namespaces/fk-twice/kustomizations/known
	local cluster=/apis/postgresql.cnpg.io/v1/namespaces/fk-twice/clusters/known
	for options in '' --resume '--existing update'; do
		echo "apply $options"
		apply --hold
		[ "$status" -eq 0 ]
		# As if that run had not come to it; its controller says that it waits.
		call PATCH $of/status '{"status": {"inventory": null, "conditions": [{"type": "Paused", "status": "True"}]}}'
		call PATCH $cluster/status '{"status": null}'
		rm -rf "$P/state"
		# shellcheck disable=SC2086 # words
		apply $options
		[ "$status" -eq 0 ]
		call GET $of | jq -e '(.spec | has("suspend") | not) and (.status.inventory.entries | length) == 1'
		call GET $cluster | jq -e '(.metadata | has("annotations") | not) and .status.latestGeneratedNode == 3'
		field wipe
	done
}

# What had not begun is as one that somebody makes now. Velero has no pause for
# it.
@test "nor between the restore and a release that comes later" {
	controllers 0
	apply --hold
	[ "$status" -eq 0 ]
	# Long enough for whoever is not held.
	sleep 1
	cat "$P/world"
	run ! grep -v '^Velero.*/fresh$' "$P/world"
	run --separate-stderr restore release latest -o json
	[ "$status" -eq 0 ]
	world
}

@test "the plan names what had not begun: what is held, and what cannot be" {
	run --separate-stderr restore plan latest --same-cluster
	echo "$output"
	grep -qFx 'not begun when captured, and begun once they are there, with no way to pause them: 1 DeleteBackupRequest.velero.io, 1 Restore.velero.io; restore.exclude_kinds leaves them out' <<<"$output"
	grep -q '^held until the release: .*, 2 Backup.postgresql.cnpg.io, .*, 2 Cluster.postgresql.cnpg.io, ' <<<"$output"
	cp "$BACKSTAY_CONFIG" "$P/without.yaml"
	echo '  exclude_kinds: [DeleteBackupRequest.velero.io, Restore.velero.io]' >>"$P/without.yaml"
	BACKSTAY_CONFIG=$P/without.yaml run --separate-stderr restore plan latest --same-cluster
	[ "$status" -eq 0 ]
	run ! grep '^not begun when captured' <<<"$output"
	run --separate-stderr restore plan latest --same-cluster -o json
	# The operators of the first two have no replicas yet.
	diff <(printf '%s\n' ' Configuration' ' ExternalSecret' 'begun DeleteBackupRequest' 'begun Restore') \
	    <(jq -r '.nodes[] | select(.name == "fresh" and .held != "paused") | .held + " " + .kind' <<<"$output" | sort)
}

@test "where a kind is neither paused nor given its status, its controller makes a second one" {
	local kind act
	cp "$BACKSTAY_CONFIG" "$P/without.yaml"
	echo '  rules:' >>"$P/without.yaml"
	for kind in Workspace.app.terraform.io {Cluster,Backup,ScheduledBackup}.postgresql.cnpg.io \
	    Kustomization.kustomize.toolkit.fluxcd.io ResourceSet.fluxcd.controlplane.io PipelineRun.tekton.dev; do
		echo "    - {kind: $kind, pause: none, status: false}" >>"$P/without.yaml"
	done
	controllers 1
	BACKSTAY_CONFIG=$P/without.yaml apply --hold
	[ "$status" -eq 0 ]
	for act in 'Hcp workspaces/known' 'CnpgClusters clusters/known' 'CnpgBackups backups/running' \
	    'CnpgSchedules scheduledbackups/known' 'Kustomize kustomizations/known' 'FluxOperator resourcesets/known' \
	    'Tekton pipelineruns/running'; do
		for _ in {1..1200}; do
			! grep -qFx "$act" "$P/world" || break
			sleep 0.1
		done
		grep -Fx "$act" "$P/world"
	done
}
