#!/usr/bin/env bats
# A heal of the sample platform that is killed at any point, on the real API
# server: the next one comes to the state of one that nobody interrupted, and
# creates nothing twice, by the audit log. Every second time the state directory
# with the journal is lost as well, as it is with a Pod that ran elsewhere.
#   HEAL_KILL_POINTS=200    how many points (6), evenly spread over all
# shellcheck disable=SC2154 # lib sets $top
# bats file_tags=slow
bats_require_minimum_version 1.5.0
load lib

setup_file() {
	export P=$BATS_FILE_TMPDIR/p
	kube_is_there real || return 0
	mkdir -p "$P"
	kube_server sim start "$P/source"
	start_target
	# A server of its own: what is killed with a push to a directory leaves
	# the lock files of that repository.
	"$top/tests/servers/git" start "$P/git"
	git_env
	"$top/tests/data/platform/load" git "$GIT_REPOS" >/dev/null
	"$top/tests/data/platform/load" kube "$P/source/kubeconfig" >/dev/null
	export BACKSTAY_CONFIG=$P/backstay.yaml
	config >"$BACKSTAY_CONFIG"
	agent backup
}

git_env() {
	set -a
	# shellcheck disable=SC1091 # written by the server
	. "$P/git/env"
	set +a
}

# Without controllers: all that is there is what a heal has written.
start_target() {
	cat >"$P/audit.yaml" <<-E
	apiVersion: audit.k8s.io/v1
	kind: Policy
	omitStages: [RequestReceived]
	rules:
	- level: Metadata
	  verbs: [create, update, patch, delete]
	- level: None
	E
	"$top/tests/servers/kube" start "$P/target" --no-controllers -- \
	    --audit-policy-file "$P/audit.yaml" --audit-log-path "$P/audit"
	target keep "$(etcd)" "$P/empty"
}

teardown_file() {
	kube_is_there real || return 0
	kube_server sim stop "$P/source"
	kube_server real stop "$P/target"
	"$top/tests/servers/git" stop "$P/git"
}

config() {
	cat <<-E
	name: t
	state_dir: $P/state
	vaults: [{name: local, directory: $P/vault}]
	compression: {format: gzip}
	encryption: none
	signing: none
	git:
	  repositories: [{url: $GIT_HTTP/helm-charts.git}]
	  credentials: [{url: $GIT_HTTP/, username: $GIT_USER, password_file: $GIT_PASSWORD_FILE}]
	kubernetes:
	  clusters:
	    - name: production
	      kubeconfig: $P/source/kubeconfig
	      namespaces: [production, infrastructure]
	layers:
	  - {name: platform, select: {namespaces: [infrastructure]}}
	  - name: applications
	    depends_on: [platform]
	    select: {repositories: [helm-charts], namespaces: [production]}
	unassigned_layer: first
	restore:
	  targets:
	    repositories: {helm-charts: $GIT_HTTP/restored.git}
	    clusters: [{from: production, kubeconfig: $P/target/kubeconfig}]
	E
}

etcd() { sed -n 's/^KUBE_ETCD=//p' "$P/target/env" | tr -d "'\""; }
target() { "$top/tests/e2e/heal_target" "$@"; }

# What the target holds now, which is to be the same after each heal.
state() {
	target state "$P/target/kubeconfig"
	git -C "$GIT_REPOS/restored.git" for-each-ref
}

empty() {
	target back "$(etcd)" "$P/empty"
	rm -rf "$P/state" "$GIT_REPOS/restored.git"
	git init --quiet --bare --initial-branch=main "$GIT_REPOS/restored.git"
	wc -c <"$P/audit" >"$P/audit.from"
}

audit() { tail -c +"$(($(<"$P/audit.from") + 1))" "$P/audit"; }

# Kills a heal at a point of those that there are, and has the next one do the
# rest; false, with what is wrong, where that is not all.
kill_and_heal() { # POINT lost|kept
	local code=0 wrong=0
	empty
	KILL_AT=$1 LD_PRELOAD=$BACKSTAY_BUILD/tests/tools/preload/kill_at.so \
	    "$BACKSTAY_BUILD/backstay-restore" heal >"$P/first" 2>&1 || code=$?
	[ "$code" -eq 137 ] && killed=$((killed + 1))
	[ "$2" = kept ] || rm -rf "$P/state"
	restore heal >"$P/second" 2>&1 || { wrong=1; cat "$P/second"; }
	state >"$P/now"
	diff "$P/uninterrupted" "$P/now" || wrong=1
	audit >"$P/audited"
	target created "$P/audited" >"$P/twice"
	[ ! -s "$P/twice" ] || { wrong=1; cat "$P/twice"; }
	return "$wrong"
}

setup() {
	kube_is_there real || skip "the real API server is not there: scripts/kube-assets builds it"
	git_env
}

@test "SIGKILL at any point of a heal, with its journal and without: the next one ends as one alone" {
	local points=${HEAL_KILL_POINTS:-6} n point total bad=0 journal
	killed=0
	empty
	KILL_COUNT=$P/count LD_PRELOAD=$BACKSTAY_BUILD/tests/tools/preload/kill_at.so \
	    "$BACKSTAY_BUILD/backstay-restore" heal
	total=$(<"$P/count")
	state >"$P/uninterrupted"
	grep -q '^deployments.apps production frontend ' "$P/uninterrupted"
	# The shell tells of each program that was killed.
	exec 2>"$P/shell"
	for ((n = 0; n < points; n++)); do
		point=$(((2 * n + 1) * total / (2 * points) + 1))
		journal=$([ $((n % 2)) -eq 0 ] && echo kept || echo lost)
		kill_and_heal "$point" "$journal" >"$P/wrong" && continue
		bad=$((bad + 1))
		echo "point $point, journal $journal" >>"$P/bad"
		echo "point $point, journal $journal:"
		cat "$P/wrong"
	done
	exec 2>&1
	echo "# $killed of $points heals killed at points of $total; after $bad of them the next did not end as one alone" >&3
	[ "$killed" -gt $((points * 9 / 10 - 1)) ]
	[ "$bad" -eq 0 ]
	# And once more: nothing is written.
	wc -c <"$P/audit" >"$P/audit.from"
	for _ in second third; do
		run --separate-stderr restore heal
		[ "$status" -eq 0 ]
		[ "$(wc -l <<<"$output")" -eq 1 ]
	done
	audit >"$P/audited"
	run ! grep -q '"userAgent":"backstay' "$P/audited"
}
