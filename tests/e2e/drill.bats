#!/usr/bin/env bats
# The sample platform, restored in rehearsal: into a control plane that is
# started for it out of the real programs.
# bats file_tags=slow
# shellcheck disable=SC2154,SC2030,SC2031 # lib sets $top, bats runs each test apart
bats_require_minimum_version 1.5.0
load lib

setup_file() {
	export KUBE=real P=$BATS_FILE_TMPDIR/p
	kube_is_there real || return 0
	platform_start "$P" "$KUBE"
	platform_load
	agent backup
}

teardown_file() {
	kube_is_there real || return 0
	platform_stop
}

setup() {
	kube_is_there real ||
	    skip "no real API server: scripts/kube-assets builds one"
	platform_env
	cd "$BATS_TEST_TMPDIR" || return
	export KUBEBUILDER_ASSETS=${KUBEBUILDER_ASSETS:-$HOME/.cache/backstay/kube}
	# A test may change the snapshot, and what is recorded of it.
	cp -r "$P/vault" vault
	sed "s|directory: $P/vault|directory: $PWD/vault|; s|state_dir: .*|state_dir: $PWD/state|" \
	    "$BACKSTAY_CONFIG" >backstay.yaml
	export BACKSTAY_CONFIG=$PWD/backstay.yaml
}

# Nothing is left: no program that was started below this test, no scratch, and
# no listening socket of either.
nothing_is_left() {
	local pid
	for pid in $(drill_programs); do
		echo "process $pid is left: $(tr '\0' ' ' <"/proc/$pid/cmdline")"
		return 1
	done
	[ -z "$(ls -A state/scratch)" ]
}

# Those whose folder is below the one of this test, by their arguments.
drill_programs() {
	local cwd
	for cwd in $(find /proc/[0-9]*/cwd -maxdepth 0 -lname "$PWD/state/*" 2>/dev/null); do
		[[ $(readlink "${cwd%cwd}exe") == */@(etcd|kube-apiserver) ]] && echo "${cwd//[^0-9]/}"
	done
	true
}

both_run() { [ "$(drill_programs | wc -l)" -eq 2 ]; }
none_runs() { [ -z "$(drill_programs)" ]; }

@test "a drill restores all of the platform, and finds no difference" {
	run --separate-stderr restore drill -o json
	echo "$output$stderr" >all
	tail -c 3000 all
	[ "$status" -eq 0 ]
	jq . <<<"$output" >json
	[ "$(jq -c '[.passed, .failures, .added, .removed, .changed]' json)" = '[true,0,0,0,0]' ]
	[ "$(jq -c '[.not_compared, .differences]' json)" = '[[],[]]' ]
	[ "$(jq .repositories json)" -eq 3 ]
	[ "$(jq .states json)" -ge 5 ]
	[ "$(jq .objects_compared json)" -gt 100 ]
	[ "$(jq '.recovery_ms == (.phases_ms | .verify + .plan + .restore)' json)" = true ]
	jq -e '.age_seconds >= 0 and .recovery_point != null' json
	nothing_is_left
	# The record says the same, and counts as a verification.
	restore list | tee list
	grep -q 'good drill 20' list
	restore show latest | grep -q '^drilled  '
	jq -e '.snapshots[0].drill | .passed and (.at | startswith("20"))' < <(restore list -o json)
	[ "$(jq -c '[.good, .level, .drill.failures]' vault/*-drill-good.json)" = '[true,"drill",0]' ]
	minisign -Vm vault/*-drill-good.json -p "$P/keys/record.pub"
}

# DRILL_RUNS=200 is how often a release is rehearsed; twice is for every day.
@test "drills of what is not damaged raise no alarm, however often" {
	local drill
	for ((drill = 1; drill <= ${DRILL_RUNS:-2}; drill++)); do
		run --separate-stderr restore drill -o json
		[ "$status" -eq 0 ] || { echo "drill $drill:"; tail -c 3000 <<<"$output$stderr"; return 1; }
		[ "$(jq -c '[.passed, .failures, .added, .removed, .changed, .not_compared]' <<<"$output")" = \
		    '[true,0,0,0,0,[]]' ]
		nothing_is_left
		if [ -n "${DRILL_RUNS-}" ]; then echo "# drill $drill of $DRILL_RUNS: no alarm" >&3; fi
	done
}

@test "sources and targets of the configuration are not contacted" {
	# Nothing listens there any more: whoever asked would fail.
	sed -i 's/127\.0\.0\.1:[0-9]*/127.0.0.1:1/; s|kubeconfig: .*|kubeconfig: /nowhere|' backstay.yaml
	cat >>backstay.yaml <<-X
	  targets:
	    clusters: [{from: production, kubeconfig: /nowhere}]
	    repositories: {helm-charts: http://127.0.0.1:1/helm-charts.git}
	X
	HTTPS_PROXY=http://127.0.0.1:1 run --separate-stderr restore drill
	echo "$output$stderr"
	[ "$status" -eq 0 ]
	grep -q 'passed: what came back does not differ' <<<"$output"
	nothing_is_left
}

@test "without clusters it needs no control plane, and leaves no record" {
	unset KUBEBUILDER_ASSETS
	run --separate-stderr restore drill --without-clusters
	echo "$output$stderr"
	[ "$status" -eq 0 ]
	grep -q '^not rehearsed: clusters' <<<"$output"
	grep -q '^3 repositories with' <<<"$output"
	[ -z "$(find vault -name '*drill*')" ]
	nothing_is_left
}

@test "one object alone is restored with what it needs, and compared alone" {
	run --separate-stderr restore drill --only kubernetes:production/Deployment/frontend --only git:helm-charts -o json
	echo "$output$stderr"
	[ "$status" -eq 0 ]
	[ "$(jq -c '[.passed, .place, .whole, .repositories, .states, .added, .removed]' <<<"$output")" = '[true,"control_plane",false,1,0,0,0]' ]
	[ -z "$(find vault -name '*drill*')" ]
	nothing_is_left
}

@test "what cannot be a control plane is refused before anything is done" {
	unset KUBEBUILDER_ASSETS
	run --separate-stderr restore drill
	echo "$stderr"
	[ "$status" -eq 2 ]
	grep -q 'KUBEBUILDER_ASSETS' <<<"$stderr"
	mkdir empty
	run --separate-stderr restore drill --control-plane "$PWD/empty"
	echo "$stderr"
	[ "$status" -eq 2 ]
	grep -q "'$PWD/empty/etcd' cannot be run" <<<"$stderr"
	echo "drill: {control_plane: $PWD/empty}" >>backstay.yaml
	run --separate-stderr restore drill
	[ "$status" -eq 2 ]
	grep -q "$PWD/empty" <<<"$stderr"
	[ -z "$(find vault -name '*drill*')" ]
	nothing_is_left
}

@test "a control plane that does not start is an error with what it printed" {
	mkdir broken
	ln -s "$KUBEBUILDER_ASSETS/etcd" broken/etcd
	printf '#!/bin/sh\necho "it is the wrong day" >&2\nexit 1\n' >broken/kube-apiserver
	chmod +x broken/kube-apiserver
	run --separate-stderr restore drill --control-plane "$PWD/broken"
	echo "$stderr"
	[ "$status" -eq 3 ]
	grep -q 'kube-apiserver has ended; it printed last: it is the wrong day' <<<"$stderr"
	[ -z "$(find vault -name '*drill*')" ]
	nothing_is_left
}

@test "killed, it leaves no program, and the next run removes its files" {
	"$BACKSTAY_BUILD/backstay-restore" drill >out 2>&1 &
	local pid=$!
	await both_run || { kill -KILL $pid; cat out; return 1; }
	kill -KILL $pid
	wait $pid || true
	await none_runs
	[ -n "$(ls -A state/scratch)" ]
	restore drill --without-clusters
	nothing_is_left
}

@test "asked to stop, it stops and leaves nothing" {
	"$BACKSTAY_BUILD/backstay-restore" drill >out 2>&1 &
	local pid=$! status=0
	await both_run || { kill -KILL $pid; cat out; return 1; }
	kill -TERM $pid
	wait $pid || status=$?
	cat out
	[ "$status" -ne 0 ]
	[ -z "$(find vault -name '*drill*')" ]
	nothing_is_left
}

@test "a damaged snapshot is found, and recorded as one" {
	local archive
	archive=$(echo vault/*.tar.zst.age)
	flip_bit "$archive" 30000
	run --separate-stderr restore drill
	echo "$output$stderr"
	[ "$status" -eq 5 ]
	ls vault/*-full-failed.json
	restore list | grep -q 'FAILED full'
	nothing_is_left
}
