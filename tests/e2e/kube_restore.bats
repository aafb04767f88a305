#!/usr/bin/env bats
# Restores in which order matters. This file runs against the simulated API
# server; the same file under the name kube_restore_real.bats against the real
# one.
bats_require_minimum_version 1.5.0
load lib

BULK=600

setup_file() {
	KUBE=sim
	[[ $BATS_TEST_FILENAME == *_real.bats ]] && KUBE=real
	export KUBE P=$BATS_FILE_TMPDIR/p
	kube_is_there "$KUBE" || return 0
	mkdir -p "$P"
	kube_server "$KUBE" start "$P/kube"
	restore keygen --to "$P/keys" >"$P/recipient"
	cat >"$P/backstay.yaml" <<-E
	name: chain
	state_dir: $P/state
	vaults: [{name: local, directory: $P/vault}]
	encryption:
	  recipients: [$(grep -o 'age1[a-z0-9]*' "$P/recipient" | head -1)]
	  identity_files: [$P/keys/identity.txt]
	signing:
	  secret_key_file: $P/keys/signing.key
	  public_key_files: [$P/keys/signing.pub]
	kubernetes:
	  clusters:
	    - {name: c, kubeconfig: $P/kube/kubeconfig, namespaces: [chain]}
	restore:
	  gate_timeout: 2s
	E
	chain load
	agent --config "$P/backstay.yaml" backup
}

teardown_file() {
	kube_is_there "$KUBE" || return 0
	kube_server "$KUBE" stop "$P/kube"
	rm -rf "$P"
}

setup() {
	kube_is_there "$KUBE" ||
	    skip "no real API server: scripts/kube-assets builds one"
	export BACKSTAY_CONFIG=$P/backstay.yaml
}

chain() { "$top/tests/e2e/kube_chain" "$1" "$P/kube/kubeconfig" "$BULK"; }

apply() { # OPTION...: the report is $P/report
	# After a wipe this is another cluster, and before it the source itself.
	run --separate-stderr restore apply latest --yes -o json --same-cluster "$@"
	# shellcheck disable=SC2154 # set by run
	echo "$stderr"
	# shellcheck disable=SC2154
	printf '%s' "$output" >"$P/report"
}

# All of it into a cluster that has nothing of it: the webhook that fails closed
# waits for its Service, and then comes too.
apply_all() { # OPTION...
	apply "$@"
	[ "$status" -eq 1 ] || return 1
	[ "$(jq '[.summary[].held // 0] | add' "$P/report")" -eq 1 ] || return 1
	chain serve
	apply --resume
	[ "$status" -eq 0 ] || return 1
	chain check
}

written() {
	jq '[.summary[] | (.created // 0) + (.updated // 0)] | add' "$P/report"
}

@test "owners come back with new UIDs, and a webhook once its Service is ready" {
	chain wipe
	apply_all
}

@test "the cluster that the snapshot was taken from is refused unless said twice" {
	chain wipe
	chain load
	chain serve
	agent backup
	run --separate-stderr restore apply latest --yes
	echo "$stderr"
	[ "$status" -eq 2 ]
	grep -q same-cluster <<<"$stderr"
	apply
	[ "$status" -eq 0 ]
}

@test "skip writes nothing the second time" {
	chain versions >"$P/before"
	apply
	[ "$status" -eq 0 ]
	[ "$(written)" -eq 0 ]
	chain versions | diff "$P/before" -
}

@test "update changes no object that is as it should be" {
	apply --existing update
	[ "$status" -eq 0 ]
	# The first one makes the field manager an owner; then all is still.
	chain versions >"$P/before"
	apply --existing update
	[ "$status" -eq 0 ]
	chain versions | diff "$P/before" -
	chain check
}

@test "what was restored goes with its owner" {
	chain cascade
	apply
	[ "$status" -eq 0 ]
	[ "$(written)" -eq 3 ]
	chain check
}

@test "plan --server asks the API server, and stores nothing" {
	chain wipe
	run --separate-stderr restore plan latest --server
	echo "$output$stderr"
	[ "$status" -le 1 ]
	run "$top/tests/e2e/kube_chain" versions "$P/kube/kubeconfig"
	[ "$status" -ne 0 ] || [ -z "$output" ]
}

@test "a restore that is killed goes on with --resume, and repeats nothing" {
	for delay in 0.01 0.05 0.12; do
		chain wipe
		rm -rf "$P/state/journal"
		"$BACKSTAY_BUILD/backstay-restore" apply latest --yes \
		    --same-cluster >/dev/null 2>&1 &
		pid=$!
		for _ in {1..500}; do
			[ -n "$(ls "$P/state/journal" 2>/dev/null)" ] && break
			sleep 0.01
		done
		sleep "$delay"
		kill -KILL "$pid" 2>/dev/null || true
		wait "$pid" || true
		"$top/tests/e2e/kube_chain" versions "$P/kube/kubeconfig" \
		    >"$P/partly" 2>/dev/null || true
		apply_all --resume
		# Every object that was there kept its UID.
		chain versions | cut -d' ' -f1-3 | sort >"$P/now"
		cut -d' ' -f1-3 "$P/partly" | grep -v default-token | sort |
		    comm -23 - "$P/now" >"$P/lost"
		[ ! -s "$P/lost" ]
	done
}
