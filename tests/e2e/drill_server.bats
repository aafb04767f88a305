#!/usr/bin/env bats
# A drill whose cluster objects go as dry runs to an API server that somebody
# else runs, parts of a drill, and what Terraform says of the states.
# shellcheck disable=SC2154,SC2030,SC2031 # lib sets $top, bats runs each test apart
bats_require_minimum_version 1.5.0
load lib
load simulated

setup_file() {
	simulated_start
	kube_server sim start "$P/spare"
	{
		simulated_config production
		echo 'compression: {format: gzip}'
	} >"$P/backstay.yaml"
	agent --config "$P/backstay.yaml" backup
}

teardown_file() {
	kube_server sim stop "$P/spare"
	simulated_stop
}

setup() {
	unset KUBEBUILDER_ASSETS
	simulated_copy
}

given() { # KUBECONFIG
	echo "drill: {clusters: [{from: production, kubeconfig: $1}]}" >>backstay.yaml
}

everything() { "$top/tests/data/platform/dump" kube "$P/spare/kubeconfig"; }

nothing_is_recorded() { [ -z "$(find vault -name '*drill*')" ]; }

@test "dry runs on a given server: each object is sent, and nothing is there afterwards" {
	given "$P/spare/kubeconfig"
	everything >before
	[ -s before ]
	run --separate-stderr restore drill --server -o json
	echo "$output$stderr"
	[ "$status" -eq 0 ]
	jq . <<<"$output" >json
	[ "$(jq -c '[.passed, .place, .whole, .failures]' json)" = '[true,"server",false,0]' ]
	[ "$(jq .repositories json)" -eq 1 ]
	[ "$(jq .states json)" -ge 5 ]
	[ "$(jq '.restore.dry_run' json)" = true ]
	jq -e '.not_rehearsed | map(select(startswith("comparison: "))) | length == 1' json
	everything >after
	diff before after
	nothing_is_recorded
	# Where no folder is named, that is what a drill does.
	restore drill | tee out
	grep -q '^dry run on production: v' out
	grep -q 'passed, without a comparison' out
	[ -z "$(ls -A state/scratch)" ]
}

@test "a check asks the given server for the rights of a drill" {
	given "$P/spare/kubeconfig"
	everything >before
	run --separate-stderr restore check
	echo "$output$stderr"
	grep -q "^ok  *drill server of cluster 'production'  *http.*: the account may send dry runs$" <<<"$output"
	[[ $output != *'--prefix'* ]]
	everything | diff before -
}

@test "what the given server refuses is named" {
	given "$P/spare/kubeconfig"
	local rules='[{"method": "POST", "path": "/secrets", "kind": "reply", "status": 422, "body": "{\"kind\":\"Status\",\"status\":\"Failure\",\"reason\":\"Invalid\",\"message\":\"no\",\"code\":422}"}]'
	local server
	server=$(server_of "$P/spare/kubeconfig")
	curl -sf -X POST -d "$rules" "$server/_sim/faults" >/dev/null
	run --separate-stderr restore drill --server
	curl -sf -X DELETE "$server/_sim/faults" >/dev/null
	echo "$output$stderr"
	[ "$status" -eq 1 ]
	grep -q 'FAILED: .* not restored, first: Secret production/' <<<"$output"
	nothing_is_recorded
}

@test "a source, a target and the captured cluster are refused" {
	cp backstay.yaml plain.yaml
	given "$P/kube/kubeconfig"
	run --separate-stderr restore drill --server
	echo "$stderr"
	[ "$status" -eq 2 ]
	grep -q "drill.clusters (http.*) is the cluster that was captured as 'production'" <<<"$stderr"
	# A target of the configuration, although nothing of it was captured.
	cp plain.yaml backstay.yaml
	given "$P/spare/kubeconfig"
	echo "restore: {targets: {clusters: [{from: production, kubeconfig: $P/spare/kubeconfig}]}}" >>backstay.yaml
	run --separate-stderr restore drill --server
	echo "$stderr"
	[ "$status" -eq 2 ]
	grep -q "is the target of 'production'" <<<"$stderr"
	# A source that is reached by another address.
	cp plain.yaml backstay.yaml
	sed 's/127\.0\.0\.1/localhost/' "$P/spare/kubeconfig" >other
	sed -i "s|\(clusters: \[\){name: production|\1{name: other, kubeconfig: $PWD/other}, {name: production|" backstay.yaml
	given "$P/spare/kubeconfig"
	run --separate-stderr restore drill --server
	echo "$stderr"
	[ "$status" -eq 2 ]
	grep -q "is the source 'other'" <<<"$stderr"
	nothing_is_recorded
	[ -z "$(ls -A state/scratch)" ]
}

@test "what does not fit together is refused before anything is asked" {
	run --separate-stderr restore drill --server
	echo "$stderr"
	[ "$status" -eq 2 ]
	grep -q -- '--server needs API servers in drill.clusters' <<<"$stderr"
	echo "drill: {clusters: [{from: elsewhere, kubeconfig: /nowhere}]}" >>backstay.yaml
	run --separate-stderr restore drill --server
	echo "$stderr"
	[ "$status" -eq 2 ]
	grep -q "drill.clusters names no API server for cluster 'production'" <<<"$stderr"
	run --separate-stderr restore drill --server --without-clusters
	[ "$status" -eq 2 ]
	run --separate-stderr restore drill --only layer
	[ "$status" -eq 2 ]
}

@test "a part alone is rehearsed, and leaves no record" {
	run --separate-stderr restore drill --only git -o json
	echo "$output$stderr"
	[ "$status" -eq 0 ]
	[ "$(jq -c '[.passed, .place, .whole, .repositories, .states]' <<<"$output")" = '[true,"none",false,1,0]' ]
	restore drill --only terraform | tee out
	grep -q '^not rehearsed: what --only does not name' out
	grep -q '^0 repositories' out
	run --separate-stderr restore drill --only git:nowhere
	echo "$stderr"
	[ "$status" -eq 3 ]
	grep -q "there is no such thing in 't-" <<<"$stderr"
	nothing_is_recorded
}

# As the real one: `state list` of one file, in an empty folder.
fake_terraform() {
	mkdir bin
	cat >bin/terraform <<-'X'
	#!/bin/sh
	[ "$2 $3 $4" = 'state list -no-color' ] || exit 9
	case $1 in -chdir=*) ;; *) exit 9 ;; esac
	[ -z "$TF_CLI_ARGS$TF_WORKSPACE$TF_LOG" ] || exit 9
	file=${5#-state=}
	if grep -q '"version": *9[,}]' "$file"; then
		echo 'Failed to load state: Unsupported state file format' >&2
		exit 1
	fi
	echo "$file" >>"$ASKED"
	X
	chmod +x bin/terraform
	export ASKED=$PWD/asked
}

@test "terraform is asked about each state, and what it refuses has failed" {
	fake_terraform
	export TF_CLI_ARGS=-destroy TF_WORKSPACE=other
	env PATH="$PWD/bin:$PATH" "$BACKSTAY_BUILD/backstay-restore" drill --without-clusters --terraform -o json >drill.json
	[ "$(jq -c '[.passed, .terraform_asked]' drill.json)" = '[true,true]' ]
	[ "$(wc -l <asked)" -eq "$(jq .states drill.json)" ]
	local state
	state=$(head -1 asked)
	state=terraform/${state#*/terraform/}
	tar -xOf vault/*.tar.gz "$state" | jq -c '.version = 9' >spoilt
	"$top/tests/tools/forge" "$PWD/vault" put "$state" <spoilt
	run --separate-stderr env PATH="$PWD/bin:$PATH" "$BACKSTAY_BUILD/backstay-restore" drill --without-clusters --terraform
	echo "$output$stderr"
	[ "$status" -eq 1 ]
	grep -q "terraform does not accept it: .*Unsupported state file format" <<<"$output"
}

@test "the real terraform, or tofu, accepts the states" {
	command -v terraform || command -v tofu || skip "neither is on this machine"
	run --separate-stderr restore drill --without-clusters --terraform
	echo "$output$stderr"
	[ "$status" -eq 0 ]
}

@test "the metrics have the numbers of the drill" {
	echo "metrics: {textfile_directory: $PWD/prom}" >>backstay.yaml
	mkdir prom
	restore drill --without-clusters -o json >drill.json
	cat prom/*.prom >prom.txt
	grep backstay_drill prom.txt
	local phase ms
	for phase in control_plane verify plan restore compare; do
		ms=$(grep "^backstay_drill_phase_duration_seconds{.*phase=\"$phase\"" prom.txt | awk '{print $NF * 1000}')
		[ "$ms" -eq "$(jq ".phases_ms.$phase" drill.json)" ]
	done
	ms=$(grep '^backstay_drill_recovery_seconds{' prom.txt | awk '{print $NF * 1000}')
	[ "$ms" -eq "$(jq .recovery_ms drill.json)" ]
	[ "$(grep '^backstay_drill_data_age_seconds{' prom.txt | awk '{print $NF}')" -eq "$(jq .age_seconds drill.json)" ]
	grep -q '^backstay_drill_failures{.*} 0$' prom.txt
	grep -q '^backstay_drill_differences{.*} 0$' prom.txt
}

@test "without terraform nothing is begun" {
	mkdir empty
	run --separate-stderr env PATH="$PWD/empty" "$BACKSTAY_BUILD/backstay-restore" drill --without-clusters --terraform
	echo "$stderr"
	[ "$status" -eq 2 ]
	grep -q 'needs terraform or tofu in PATH' <<<"$stderr"
}
