#!/usr/bin/env bats
# A drill into namespaces of its own beside the platform itself: in the cluster
# that was captured. This file runs against the simulated API server; under the
# name drill_prefix_real.bats against the real one.
# shellcheck disable=SC2154,SC2030,SC2031 # lib sets $top, bats runs each test apart
# bats file_tags=slow
bats_require_minimum_version 1.5.0
load lib
load cluster
load simulated

setup_file() {
	cluster_pick || return 0
	audited_start
	simulated_fill
	restore keygen --to "$P/keys" >/dev/null
	{
		simulated_config "production, staging, infrastructure" | grep -v '^signing'
		echo "signing: {secret_key_file: $P/keys/signing.key, public_key_files: [$P/keys/signing.pub], record_key_file: $P/keys/record.key}"
		echo "drill: {clusters: [{from: production, kubeconfig: $P/kube/kubeconfig}]}"
	} >"$P/backstay.yaml"
	agent --config "$P/backstay.yaml" backup
}

# The real one writes down each request, with its URL.
audited_start() {
	[ "$KUBE" = real ] || { kube_server sim start "$P/kube"; return; }
	cat >"$P/audit.yaml" <<-'Y'
	apiVersion: audit.k8s.io/v1
	kind: Policy
	omitStages: [RequestReceived]
	rules:
	- level: Metadata
	Y
	"$top/tests/servers/kube" start "$P/kube" -- --audit-log-path "$P/audit.log" --audit-policy-file "$P/audit.yaml"
}

teardown_file() {
	cluster_pick || return 0
	"$top/tests/sim/s3" stop "$P/s3"
	cluster_stop
}

setup() {
	cluster_need
	unset KUBEBUILDER_ASSETS
	simulated_copy
}

get() { kube_call "$P/kube/kubeconfig" "$@"; }
everything() { "$top/tests/data/platform/dump" kube "$P/kube/kubeconfig"; }
namespaces() { get GET /api/v1/namespaces | jq -r '.items[].metadata.name' | sort; }
ours() { namespaces | grep '^drill-'; }
leases() { # their paths
	get GET /apis/coordination.k8s.io/v1/namespaces/kube-system/leases |
	    jq -r '.items[].metadata.name | select(startswith("backstay-drill-")) |
	        "/apis/coordination.k8s.io/v1/namespaces/kube-system/leases/\(.)"'
}
no_record() { [ -z "$(find vault -name '*-drill-*')" ]; }

# Blocks where a state is listed: then the namespaces are there.
blocking_terraform() {
	mkdir bin
	mkfifo gate
	printf '#!/bin/sh\necho >>"%s/asked"\nread -r _ <"%s/gate"\n' "$PWD" "$PWD" >bin/terraform
	chmod +x bin/terraform
}
# What is asked still, if anything: a write alone would wait for it forever.
let_go() {
	exec 9<>gate
	echo >&9
	exec 9>&-
}
is_held() { [ -s asked ]; }

held_drill() {
	blocking_terraform
	env PATH="$PWD/bin:$PATH" "$BACKSTAY_BUILD/backstay-restore" drill --prefix drill- --same-cluster --terraform \
	    >out 2>&1 3>&- &
	drill=$!
	await is_held
}

@test "beside the platform: what is inert is made and compared, the rest a dry run, and nothing is left" {
	local before
	namespaces >before
	everything >all.before
	[ -s all.before ]
	[ "$KUBE" = sim ] || before=$(wc -l <"$P/audit.log")
	echo "metrics: {textfile_directory: $PWD/prom}" >>backstay.yaml
	mkdir prom
	run --separate-stderr restore drill --prefix drill- --same-cluster -o json
	echo "$stderr"
	jq 'del(.restore)' <<<"$output" | tee json
	[ "$status" -eq 0 ]
	[ "$(jq -c '[.passed, .place, .whole, .failures, .added, .removed, .changed]' json)" = '[true,"prefix",false,0,0,0,0]' ]
	[ "$(jq -c '[.namespaces_made, .namespaces_left]' json)" = '[3,0]' ]
	jq -e '.objects_created > 20 and .objects_compared == .objects_created and .objects_dry_run > 10' json
	jq -e '.not_rehearsed | map(select(test("only a dry run"))) | length == 1' json
	namespaces >after
	diff before after
	everything >all.after
	diff all.before all.after
	# The record says how much was only a dry run.
	jq -e '.good and .drill.place == "prefix" and (.drill.whole | not) and .drill.objects_dry_run > 10' vault/*-drill-good.json
	grep "^backstay_drill_objects{.*how=\"dry_run\".*} $(jq .objects_dry_run json)$" prom/*.prom
	grep "^backstay_drill_objects{.*how=\"created\".*} $(jq .objects_created json)$" prom/*.prom
	[ "$KUBE" = real ] || return 0
	# Nothing but dry runs leaves the namespaces of the drill.
	tail -n "+$((before + 1))" "$P/audit.log" | jq -r 'select(.userAgent | startswith("backstay")) |
	    select(.verb | IN("create", "update", "patch", "delete", "deletecollection")) |
	    "\(.verb) \(.requestURI) \(.objectRef.name // "")"' >writes
	grep -q dryRun=All writes
	grep -v dryRun=All writes >really
	grep -q '^create /api/v1/namespaces/drill-production/secrets' really
	# The lock is written, and given back.
	grep -q '^create /apis/coordination.k8s.io/v1/namespaces/kube-system/leases?.* backstay-drill-' really
	grep -q '^delete /apis/coordination.k8s.io/v1/namespaces/kube-system/leases/backstay-drill-' really
	grep -v '/kube-system/leases' really | grep -v '/namespaces/drill-' | grep -v '^create /api/v1/namespaces?fieldManager=backstay drill-' >outside || true
	grep -E '/(pods|services|deployments|jobs|persistentvolumeclaims)' really >acting || true
	cat outside acting
	[ ! -s outside ]
	[ ! -s acting ]
}

@test "the cluster that was captured has to be allowed" {
	run --separate-stderr restore drill --prefix drill-
	echo "$stderr"
	[ "$status" -eq 2 ]
	grep -q "is the cluster that was captured as 'production'.*--same-cluster" <<<"$stderr"
	run ours
	[ -z "$output" ]
	no_record
}

@test "a drill that is killed leaves namespaces without Pods, which the next one removes" {
	held_drill
	ours | tee made
	[ "$(wc -l <made)" -eq 3 ]
	local ns
	while read -r ns; do
		get GET "/api/v1/namespaces/$ns/resourcequotas/backstay-drill" | jq -e '.spec.hard.pods == "0"'
		get GET "/api/v1/namespaces/$ns/pods" | jq -e '.items == []'
	done <made
	kill -9 "$drill"
	wait "$drill" || true
	let_go
	[ "$(ours | wc -l)" -eq 3 ]
	run --separate-stderr restore drill --prefix drill- --same-cluster
	echo "$output$stderr"
	[ "$status" -eq 0 ]
	run ours
	[ -z "$output" ]
	[ -z "$(ls -A state/scratch)" ]
}

@test "of two drills of one prefix the second is refused by name, and writes nothing" {
	held_drill
	everything >all.before
	sed "s|^state_dir: .*|state_dir: $PWD/elsewhere|" backstay.yaml >second.yaml
	run --separate-stderr restore --config second.yaml drill --prefix drill- --same-cluster
	echo "$output$stderr"
	[ "$status" -eq 4 ]
	grep -q "'production': a drill is at work there: drill on .*, pid $drill, since .*Lease kube-system/backstay-drill-" <<<"$stderr"
	everything | diff all.before -
	[ "$(ours | wc -l)" -eq 3 ]
	# A restore is not kept waiting, and another prefix is not either.
	run --separate-stderr restore --config second.yaml unlock latest
	[ "$status" -eq 0 ]
	run --separate-stderr restore --config second.yaml drill --prefix other- --same-cluster
	echo "$output$stderr"
	[ "$status" -eq 0 ]
	# All that it asks go, whenever they come.
	exec 9<>gate
	yes >&9 3>&- &
	local opener=$! ended=0
	wait "$drill" || ended=$?
	kill "$opener"
	exec 9>&-
	cat out
	[ "$ended" -eq 0 ]
	[ -z "$(leases)" ]
	run ours
	[ -z "$output" ]
}

@test "a drill whose lock was taken over stops, and leaves the namespaces to the other" {
	held_drill
	local lease
	lease=$(leases)
	get GET "$lease" | jq '.spec.holderIdentity = "drill on host7, pid 12" | .metadata.annotations = {}' >other
	get PUT "$lease" "$(cat other)" >/dev/null
	is_lost() { grep -q 'another drill has taken it over' out; }
	await is_lost
	wait "$drill" && false
	cat out
	grep -q "they are left to that one" out
	[ "$(ours | wc -l)" -eq 3 ]
	no_record
	# That one has given no sign since.
	get GET "$lease" | jq '.spec.renewTime = "2026-01-01T00:00:00.000000Z"' >other
	get PUT "$lease" "$(cat other)" >/dev/null
	run --separate-stderr restore drill --prefix drill- --same-cluster
	echo "$output$stderr"
	[ "$status" -eq 0 ]
	grep -q 'the lock of a drill that is dead is taken over: drill on host7, pid 12' <<<"$stderr"
	[ -z "$(leases)" ]
	run ours
	[ -z "$output" ]
}

@test "an account that may keep no lock is warned" {
	[ "$KUBE" = sim ] || skip "only the simulated server can be told to refuse"
	local server
	server=$(server_of "$P/kube/kubeconfig")
	curl -sf -X POST -d '[{"method": "POST", "path": "/apis/coordination.k8s.io/v1/namespaces/kube-system/leases", "kind": "reply",
	    "status": 403, "body": "{\"kind\": \"Status\", \"reason\": \"Forbidden\", \"message\": \"no\"}"}]' "$server/_sim/faults" >/dev/null
	run --separate-stderr restore drill --prefix drill- --same-cluster
	curl -sf -X DELETE "$server/_sim/faults" >/dev/null
	echo "$output$stderr"
	[ "$status" -eq 0 ]
	grep -q "another drill with this prefix would not be refused" <<<"$stderr"
}

@test "a drill that is stopped removes its namespaces" {
	held_drill
	kill -TERM "$drill"
	wait "$drill" && false
	cat out
	run ours
	[ -z "$output" ]
	no_record
}

@test "a namespace that somebody else has under that name is refused, and nothing is written" {
	get POST /api/v1/namespaces '{"metadata": {"name": "drill-production"}}' >/dev/null
	run --separate-stderr restore drill --prefix drill- --same-cluster
	echo "$stderr"
	[ "$status" -ne 0 ]
	grep -q "the namespace 'drill-production' is there, and no drill of this configuration" <<<"$stderr"
	[ "$(ours)" = drill-production ]
	no_record
	get DELETE /api/v1/namespaces/drill-production >/dev/null
	none_is_ours() { [ -z "$(ours)" ]; }
	await none_is_ours
}

@test "what came back otherwise is found" {
	[ "$KUBE" = sim ] || skip "only the simulated server can be told to lie"
	local server body
	server=$(server_of "$P/kube/kubeconfig")
	local path name
	name=$(get GET /api/v1/namespaces/production/configmaps | jq -r '[.items[].metadata.name | select(. != "kube-root-ca.crt")][0]')
	path=/api/v1/namespaces/drill-production/configmaps/$name
	body=$(jq -nc --arg n "$name" '{apiVersion: "v1", kind: "ConfigMap", metadata: {name: $n, namespace: "drill-production"}, data: {planted: "x"}}')
	curl -sf -X POST -d "$(jq -nc --arg p "$path" --arg b "$body" '[{method: "GET", path: $p, kind: "reply", status: 200, body: $b}]')" "$server/_sim/faults" >/dev/null
	run --separate-stderr restore drill --prefix drill- --same-cluster
	curl -sf -X DELETE "$server/_sim/faults" >/dev/null
	echo "$output$stderr"
	[ "$status" -eq 1 ]
	grep -q "kubernetes:production/production/ConfigMap/$name" <<<"$output"
	grep -q 'FAILED: what came back differs: 0 added, 0 removed, 1 changed' <<<"$output"
	run ours
	[ -z "$output" ]
}

@test "prefixes and options that cannot be are refused before anything is asked" {
	local prefix
	for prefix in Drill- - a.b aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa; do
		run --separate-stderr restore drill --prefix "$prefix" --same-cluster
		echo "$stderr"
		[ "$status" -eq 2 ]
		grep -q -- '--prefix' <<<"$stderr"
	done
	run --separate-stderr restore drill --prefix '' --same-cluster
	[ "$status" -eq 2 ]
	run --separate-stderr restore drill --prefix drill- --server
	[ "$status" -eq 2 ]
	run --separate-stderr restore drill --server --same-cluster
	[ "$status" -eq 2 ]
	sed -i '/^drill:/d' backstay.yaml
	run --separate-stderr restore drill --prefix drill- --same-cluster
	echo "$stderr"
	[ "$status" -eq 2 ]
	grep -q -- '--prefix needs API servers in drill.clusters' <<<"$stderr"
}
