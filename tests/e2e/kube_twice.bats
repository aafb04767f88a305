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
	printf '%s\n' {Crossplane,Ack,Ipam,Tekton,Workflows,ExternalSecrets,Kustomize,FluxOperator,Hcp,Kubevela} |
	    sort >"$P/families"
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
	local seed pid
	for ((seed = 1; seed <= ${BACKSTAY_SEEDS:-3}; seed++)); do
		echo "seed $seed"
		controllers "$seed"
		"$BACKSTAY_BUILD/backstay-restore" apply latest --yes --same-cluster >/dev/null 2>&1 3>&- &
		pid=$!
		sleep "$((seed % 3 / 2)).$((seed * 37 % 90 + 10))"
		kill -KILL "$pid" 2>/dev/null || true
		wait "$pid" || true
		apply --resume
		[ "$status" -eq 0 ]
		world
		field wipe
	done
}

@test "nor between the restore and a release that comes later" {
	controllers 0
	apply --hold
	[ "$status" -eq 0 ]
	# Long enough for whoever is not held.
	sleep 1
	cat "$P/world"
	[ ! -s "$P/world" ]
	run --separate-stderr restore release latest -o json
	[ "$status" -eq 0 ]
	world
}

@test "where a kind is neither paused nor given its status, its controller makes a second one" {
	cp "$BACKSTAY_CONFIG" "$P/without.yaml"
	printf '%s\n' '  rules:' '    - {kind: Workspace.app.terraform.io, pause: none, status: false}' >>"$P/without.yaml"
	controllers 1
	BACKSTAY_CONFIG=$P/without.yaml apply --hold
	[ "$status" -eq 0 ]
	for _ in {1..1200}; do
		grep -q '^Hcp workspaces/known$' "$P/world" && break
		sleep 0.1
	done
	grep -q '^Hcp workspaces/known$' "$P/world"
}
