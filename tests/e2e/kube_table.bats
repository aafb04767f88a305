#!/usr/bin/env bats
# Each row of the table of systems (docs/systems.md) on a server: an object of
# each kind, by its real group, version, scope and subresources
# (tests/data/field/table.jsonl), is restored as the row says, and let go.
# kube_table_real.bats has the real API server.
# shellcheck disable=SC2154,SC2030,SC2031 # lib sets $top, bats runs each test apart
# bats file_tags=slow
bats_require_minimum_version 1.5.0
load lib
load cluster

setup_file() {
	cluster_pick || return 0
	kube_server "$KUBE" start "$P/kube"
	cluster_config fk-table 'gates: never' >"$BACKSTAY_CONFIG"
}

teardown_file() { cluster_stop; }

setup() { cluster_need; }

field() { "$top/tests/e2e/kube_field" "$1" "$P/kube/kubeconfig" table; }

table() { # held|released
	field show >"$P/live"
	"$top/tests/e2e/kube_table" "$1" "$top/tests/data/field/table.jsonl" "$P/rules" "$P/held" "$P/plan" <"$P/live"
}

@test "every row of the table is what a restore does, and undone where it ends" {
	restore rules -o json >"$P/rules"
	field load
	agent backup
	field wipe
	restore plan latest --same-cluster -o json >"$P/plan"
	apply --hold
	[ "$status" -eq 0 ]
	cp "$P/report" "$P/held"
	table held
	run --separate-stderr restore release latest -o json
	echo "$stderr"
	[ "$status" -eq 0 ]
	table released
	field wipe
}
