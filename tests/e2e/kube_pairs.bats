#!/usr/bin/env bats
# Snapshots of one release of Kubernetes into another: what the target refuses
# or changes, `plan --server` has named before. The servers are simulated, with
# the versions and fields of their releases (tests/sim/kubesim/releases.py).
# Under the name kube_pairs_real.bats both are real, if $KUBE_OTHER_ASSETS names
# the binaries of another release than $KUBEBUILDER_ASSETS has.
# shellcheck disable=SC2154 # lib sets $top
# bats file_tags=slow
bats_require_minimum_version 1.5.0
load lib
load cluster

setup_file() { cluster_pick || return 0; }
teardown_file() { rm -rf "$BATS_FILE_TMPDIR/p"; }

setup() { cluster_need; }

teardown() {
	if [ "$KUBE" = real ]; then
		"$top/tests/servers/kube" stop "$P/kube"
		"$top/tests/servers/kube" stop "$P/target"
	else
		"$top/tests/sim/kube" stop "$P/kube"
		"$top/tests/sim/kube" stop "$P/target"
	fi
	rm -rf "$P/kube" "$P/target" "$P/vault" "$P/state"
}

into() { # FROM TO [WHAT-HAPPENS...]: and nothing else that plan did not say
	[ "$KUBE" = sim ] || skip "two releases of the real server are two sets of binaries"
	"$top/tests/sim/kube" start "$P/kube" --release "$1"
	"$top/tests/sim/kube" start "$P/target" --release "$2"
	restored
	local what
	for what in "${@:3}"; do grep "^$what" "$P/happened"; done
}

restored() {
	"$top/tests/e2e/kube_pairs" load "$P/kube/kubeconfig"
	cluster_config pairs 'gates: never' \
	    "targets: {clusters: [{from: c, kubeconfig: $P/target/kubeconfig}]}" >"$BACKSTAY_CONFIG"
	# Also what has no namespace, whoever refers to it.
	sed -i 's/namespaces: \[pairs\]/namespaces: [pairs], cluster_scope: all/' "$BACKSTAY_CONFIG"
	agent backup
	run --separate-stderr restore plan latest --server -o json
	echo "$stderr"
	printf '%s' "$output" >"$P/planned"
	run --separate-stderr restore apply latest --yes -o json
	echo "$stderr"
	printf '%s' "$output" >"$P/report"
	jq -r '.items[] | select(.outcome == "partial" or .outcome == "failed") |
	    .what + ": " + .outcome + " " + .detail' "$P/report" | tee "$P/happened"
	"$top/tests/e2e/kube_pairs" hold "$P/planned" "$P/report"
}

@test "1.20 into 1.22" { into 1.20 1.22; }

@test "1.22 into 1.20, whose jobs are never suspended" { into 1.22 1.20 'Job.batch pairs/pair: partial .*spec.suspend'; }

@test "1.24 into 1.25, which has no PodSecurityPolicy" { into 1.24 1.25 'PodSecurityPolicy.policy pair: failed'; }

@test "1.25 into 1.23, which knows no time zones" { into 1.25 1.23 'CronJob.batch pairs/pair: partial .*spec.timeZone'; }

@test "1.26 into 1.28" { into 1.26 1.28; }

@test "1.29 into 1.27, which has no sidecars" {
	into 1.29 1.27 'Deployment.apps pairs/pair: partial .*initContainers' \
	    'ValidatingWebhookConfiguration.admissionregistration.k8s.io pair: partial .*matchConditions'
}

@test "1.32 into 1.30" { into 1.32 1.30 'Service pairs/pair: partial .*spec.trafficDistribution'; }

@test "1.34 into 1.36" { into 1.34 1.36; }

@test "1.36 into 1.32" { into 1.36 1.32 'Service pairs/1st: failed' 'DeviceClass.resource.k8s.io pair: failed' 'ServiceCIDR.networking.k8s.io pair: failed'; }

@test "1.20 into 1.36" { into 1.20 1.36 'PodSecurityPolicy.policy pair: failed'; }

@test "1.36 into 1.20" { into 1.36 1.20 'NetworkPolicy.networking.k8s.io pairs/pair: partial .*endPort'; }

@test "two releases of the real server, either way" {
	[ "$KUBE" = real ] || skip "kube_pairs_real.bats has it"
	[ -n "${KUBE_OTHER_ASSETS-}" ] || skip "KUBE_OTHER_ASSETS names no binaries of another release"
	local assets=${KUBEBUILDER_ASSETS:-$HOME/.cache/backstay/kube}
	KUBEBUILDER_ASSETS=$assets "$top/tests/servers/kube" start "$P/kube"
	KUBEBUILDER_ASSETS=$KUBE_OTHER_ASSETS "$top/tests/servers/kube" start "$P/target"
	restored
	teardown
	KUBEBUILDER_ASSETS=$KUBE_OTHER_ASSETS "$top/tests/servers/kube" start "$P/kube"
	KUBEBUILDER_ASSETS=$assets "$top/tests/servers/kube" start "$P/target"
	restored
}
