#!/usr/bin/env bats
# External Secrets at work during a restore, with a store that answers
# (tests/sim/externalsecrets): what was generated or taken once keeps its value,
# what comes from the store comes from it, and nothing outside is overwritten or
# deleted. The operator is there before the restore begins, and no Deployment of
# the snapshot, so that nothing holds it back. BACKSTAY_SEEDS says how many
# restores; kube_secrets_real.bats has the real API server.
# shellcheck disable=SC2154,SC2030,SC2031 # lib sets $top, bats runs each test apart
# bats file_tags=slow
bats_require_minimum_version 1.5.0
load lib
load cluster

ns=fk-eso
once=(once on-change zero immutable shared)
again=(periodic templated pushed merged orphan)

setup_file() {
	cluster_pick || return 0
	kube_server "$KUBE" start "$P/kube"
	cluster_config "$ns" 'gates: never' >"$BACKSTAY_CONFIG"
	mkdir "$P/outer"
	"$top/tests/sim/externalsecrets" store "$P/outer" >"$P/store" 3>&- &
	echo $! >"$P/store.pid"
	until [ -s "$P/store" ]; do
		kill -0 "$(<"$P/store.pid")"
		sleep 0.05
	done
	values old
	field load
	operator 0 0 --once
	agent backup
	secrets >"$P/before"
	field wipe
	values new
	printf rotated >"$P/outer/copy"
	printf rotated >"$P/outer/spread"
}

teardown_file() {
	[ ! -e "$P/store.pid" ] || kill "$(<"$P/store.pid")"
	cluster_stop
}

setup() { cluster_need; }

teardown() {
	[ -z "${operator-}" ] || kill "$operator" 2>/dev/null || true
	field wipe
}

field() { "$top/tests/e2e/kube_field" "$1" "$P/kube/kubeconfig" external-secrets; }

values() { # WORD: what the store has of each
	local key
	for key in "${once[@]}" "${again[@]}" none; do
		printf '%s' "$1-$key" >"$P/outer/$key"
	done
}

operator() { # SEED HOURS [--once]
	"$top/tests/sim/externalsecrets" operator "$P/kube/kubeconfig" "$(<"$P/store")" \
	    "$ns" "$1" "$2" "$P/acts" "${@:3}" 3>&-
}

# The values of the namespace's Secrets, "NAME KEY VALUE" a line.
secrets() {
	call GET /api/v1/namespaces/$ns/secrets | jq -r '.items[] |
	    select(.type != "kubernetes.io/service-account-token") | .metadata.name as $n |
	    .data | to_entries[] | "\($n) \(.key) \(.value | @base64d)"' | sort
}

at_work() { # SEED: two hours after the backup, when what is periodic is due
	: >"$P/acts"
	: >"$P/outer/LOG"
	"$top/tests/sim/externalsecrets" operator "$P/kube/kubeconfig" "$(<"$P/store")" \
	    "$ns" "$1" 2 "$P/acts" 3>&- &
	operator=$!
	until grep -q '^ready$' "$P/acts"; do
		kill -0 "$operator"
		sleep 0.05
	done
}

over() {
	kill "$operator"
	wait "$operator"
	operator=
}

# What each Secret is to hold, from what it held: of the store only what is
# asked for again.
expected() {
	sed -E "s/^((merged|orphan|periodic|pushed) value) old-/\1 new-/; s/^(templated url .*)old-/\1new-/" "$P/before"
}

kept() {
	cat "$P/acts" "$P/outer/LOG"
	secrets >"$P/after"
	diff <(expected) "$P/after"
	run ! grep -E '^(generate|drop|delete|spread) ' "$P/acts"
	run ! grep -E "^take ($(IFS='|'; echo "${once[*]/immutable/no-other}"))\$" "$P/acts"
	run ! grep -E '^DELETE |^PUT (copy|spread) ' "$P/outer/LOG"
	[ "$(<"$P/outer/copy") $(<"$P/outer/spread")" = 'rotated rotated' ]
}

skipped() { jq -r '.items[] | select(.outcome == "skipped") | .what' "$P/report"; }

@test "an operator at work takes nothing again, generates nothing, and pushes nothing back" {
	local seed
	for ((seed = 1; seed <= ${BACKSTAY_SEEDS:-3}; seed++)); do
		echo "seed $seed"
		at_work "$seed"
		apply
		[ "$status" -eq 0 ]
		over
		kept
		# Those that only the store has to have, and is asked for again.
		diff <(printf 'Secret %s\n' $ns/periodic $ns/templated) <(skipped | grep '^Secret ')
		field wipe
	done
}

@test "nor where the restore is killed and resumed" {
	local seed
	for ((seed = 1; seed <= ${BACKSTAY_SEEDS:-3}; seed++)); do
		echo "seed $seed"
		at_work "$seed"
		apply_killed "0.$((seed * 37 % 90 + 10))"
		[ "$status" -eq 0 ]
		over
		kept
		field wipe
	done
}

@test "a second apply leaves what the operator has made since" {
	at_work 1
	apply
	[ "$status" -eq 0 ]
	over
	at_work 2
	apply
	[ "$status" -eq 0 ]
	over
	kept
}

# The operator that is at work there is no part of the snapshot, and cannot be
# held.
@test "the plan names what a store that is there already would act on before its status" {
	field load
	call DELETE /apis/external-secrets.io/v1/namespaces/$ns/externalsecrets/once
	run --separate-stderr restore plan latest --same-cluster
	echo "$output"
	grep -q '^there for a moment without their status, with no way to pause them: 1 ExternalSecret.external-secrets.io; let what acts on them rest until the restore has ended$' <<<"$output"
}
