# shellcheck shell=bash
# One cluster and Backstay set up for it, for tests of restores. Sourced after
# lib; all of it is below $P. A file whose name ends in _real.bats has the real
# API server, others the simulated one.
# shellcheck disable=SC2154 # lib sets $top, bats the others

cluster_pick() { # false where there is no such server
	KUBE=sim
	[[ $BATS_TEST_FILENAME == *_real.bats ]] && KUBE=real
	export KUBE P=$BATS_FILE_TMPDIR/p
	export BACKSTAY_CONFIG=$P/backstay.yaml
	mkdir -p "$P"
	kube_is_there "$KUBE"
}

cluster_need() {
	cluster_pick || skip "no real API server: scripts/kube-assets builds one"
}

cluster_stop() {
	cluster_pick || return 0
	kube_server "$KUBE" stop "$P/kube"
	rm -rf "$P"
}

# A configuration that ends in the section for restores.
cluster_config() { # NAMESPACE LINE...
	[ -f "$P/recipient" ] || platform_keys
	cat <<-E
	name: $1
	state_dir: $P/state
	vaults: [{name: local, directory: $P/vault}]
	$(keys_config)
	kubernetes:
	  clusters:
	    - {name: c, kubeconfig: $P/kube/kubeconfig, namespaces: [$1]}
	restore:
	E
	printf '  %s\n' "${@:2}"
}

# One request; its answer. Where it fails that is not JSON, since jq 1.6 -e takes
# nothing at all for true.
call() { # METHOD PATH [JSON]
	kube_call "$P/kube/kubeconfig" "$@" && return
	echo 'no answer'
	return 1
}

# The report is $P/report. After a wipe this is another cluster than the one
# that the snapshot was taken from, and before it that one itself.
apply() { # [OPTION...]
	run --separate-stderr restore apply latest --yes -o json --same-cluster "$@"
	echo "$stderr"
	printf '%s' "$output" >"$P/report"
}

# The same, killed after so many seconds, and then gone on with.
apply_killed() { # SECONDS
	local pid
	"$BACKSTAY_BUILD/backstay-restore" apply latest --yes --same-cluster >/dev/null 2>&1 3>&- &
	pid=$!
	sleep "$1"
	kill -KILL "$pid" 2>/dev/null || true
	wait "$pid" || true
	apply --resume
}
