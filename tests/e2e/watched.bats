#!/usr/bin/env bats
# What those who watch over runs are told.
# shellcheck disable=SC2154 # lib sets $top, bats sets $stderr
bats_require_minimum_version 1.5.0
load lib

# One cluster on the simulated API server, and one repository in a directory.
setup_file() {
	export P=$BATS_FILE_TMPDIR/p KUBE=sim
	mkdir -p "$P"
	kube_server sim start "$P/kube"
	platform_keys
	"$top/tests/data/platform/load" kube "$P/kube/kubeconfig" >/dev/null
	git init -q -b main "$P/git"
	git -C "$P/git" -c user.name=a -c user.email=a@example.com commit -q --allow-empty -m one
}

teardown_file() {
	kube_server sim stop "$P/kube"
}

setup() {
	export BACKSTAY_CONFIG=$P/backstay.yaml
	rm -rf "$P/vault" "$P/state"
	config >"$BACKSTAY_CONFIG"
	quietly agent vault init
}

quietly() { "$@" >/dev/null 2>&1; }

config() { # [MORE]
	cat <<-E
	name: platform
	state_dir: $P/state
	vaults:
	  - {name: local, directory: $P/vault}
	$(keys_config)
	retention: {keep_last: 1, keep_min: 1}
	git:
	  repositories: [{name: platform, url: $P/git}]
	kubernetes:
	  clusters:
	    - name: production
	      kubeconfig: $P/kube/kubeconfig
	      namespaces: [${NAMESPACES:-production}]
	${1:-}
	E
}

# Each event with the facts that are the same in each run.
events() {
	jq -r 'select(.level != "debug") | [.event, .command, .source, .vault, .status, .result, .exit_status, .removed] | map(select(. != null)) | join(" ")' <<<"$stderr"
}

event() { # NAME FILTER: that all events of that name, one at least, are so
	jq -se --arg e "$1" "[.[] | select(.event == \$e)] | length > 0 and all($2)" <<<"$stderr"
}

@test "a normal run writes its life, as JSON with names, in order" {
	quietly agent backup
	sleep 1.1 # or the next label would lie in the future
	run --separate-stderr agent backup --prune --log-format json
	[ "$status" -eq 0 ]
	events | tee "$P/events"
	# The two sources run side by side.
	sed -i '/^source\./d' "$P/events"
	diff "$P/events" - <<-'X'
	run.started backup
	vault.opened local
	archive.sealed
	snapshot.committed complete
	vault.pruned local 1
	run.finished backup success 0
	X
	for source in git kubernetes; do
		jq -se --arg s "$source" '[.[] | select(.source == $s) | .event] == ["source.started", "source.done"]' <<<"$stderr"
	done
	event source.done '.source != "git" or (.items == 1 and .missing == 0 and .milliseconds >= 0)'
	[ "$(jq -r .run <<<"$stderr" | sort -u | grep -cxE '[0-9a-f]{16}')" -eq 1 ]
	event snapshot.committed '.copies == 1 and .vaults == 1'
	label=$(jq -r 'select(.event == "snapshot.committed").snapshot' <<<"$stderr")
	agent list -o json | jq -e --arg l "$label" 'any(.snapshots[]; .label == $l)'
}

@test "what is missing is told once, and the end has the exit status" {
	NAMESPACES='production, nowhere' config >"$BACKSTAY_CONFIG"
	run --separate-stderr agent backup --log-format json
	[ "$status" -eq 1 ]
	[ "$(jq -r 'select(.event == "missing").message' <<<"$stderr" | grep -c nowhere)" -eq 1 ]
	[ "$(grep -c nowhere <<<"$output")" -eq 0 ]
	event run.finished '.result == "partial" and .exit_status == 1'
	run --separate-stderr agent backup
	[ "$(grep -c nowhere <<<"$stderr")" -eq 1 ]
	grep -q ' git: 1 item, ' <<<"$stderr"
	grep -qE '^  git +1 item  ' <<<"$output"
	[ "$(grep -cE ' kubernetes: [0-9]+ items, ' <<<"$stderr")" -eq 1 ]
}

@test "a run that fails says so at its end, with the error" {
	rm -rf "$P/vault"
	run --separate-stderr agent backup --log-format json
	[ "$status" -eq 3 ]
	event run.finished '.result == "failure" and .exit_status == 3 and (.error | contains("vault init"))'
}

@test "-v writes each request, without queries and headers; -q no event" {
	run --separate-stderr agent backup -v --log-format json
	[ "$status" -eq 0 ]
	jq -se '[.[] | select(.event == "request" and .method == "GET" and .status == 200)] | length > 10' <<<"$stderr"
	jq -se '[.[] | select(.event == "request") | .url] | any(endswith("/api/v1/namespaces/production/secrets")) and all(contains("?") | not)' <<<"$stderr"
	run ! grep -qi 'bearer\|authorization:' <<<"$stderr"
	sleep 1.1
	run --separate-stderr agent backup -q
	[ "$status" -eq 0 ]
	[ -z "$stderr" ]
}

@test "the journal is told priorities" {
	exec 7>"$P/journal"
	stream=$(stat -L -c '%d:%i' "/proc/self/fd/7")
	JOURNAL_STREAM=$stream agent backup 2>&7
	exec 7>&-
	grep -q '^<6>.* info  backup of .platform. started' "$P/journal"
	NAMESPACES='production, nowhere' config >"$BACKSTAY_CONFIG"
	sleep 1.1
	exec 7>"$P/journal"
	JOURNAL_STREAM=$stream run -1 agent backup 2>&7
	exec 7>&-
	run -0 agent list 2>"$P/other"
	[ ! -s "$P/other" ]
}

@test "verify and apply write their life, too" {
	quietly agent backup
	run --separate-stderr restore verify latest --log-format json
	[ "$status" -eq 0 ]
	[ "$(events | grep -v '^message')" = $'run.started verify\nphase.started\nphase.started\nphase.started\nrun.finished verify success 0' ]
	[ "$(phases | paste -sd' ')" = 'verify unpack check' ]
	label=$(restore list -o json | jq -r '.snapshots[-1].label')
	event phase.started ".phase == \"check\" or (.snapshot == \"$label\" and .bytes > 0)"
	event phase.started '.phase != "check" or .items > 10'
	run --separate-stderr restore apply latest --only kubernetes --yes --same-cluster --log-format json
	echo "$output$stderr"
	[ "$status" -eq 0 ]
	[ "$(phases | paste -sd' ')" = 'verify unpack plan restore' ]
	event phase.started '.phase != "restore" or .items > 10'
}

phases() { jq -r 'select(.event == "phase.started").phase' <<<"$stderr"; }

@test "where there is no terminal, a restore writes a line for each phase" {
	quietly agent backup
	label=$(restore list -o json | jq -r '.snapshots[-1].label')
	run --separate-stderr restore apply "$label" --only kubernetes --yes --same-cluster
	echo "$output$stderr"
	[ "$status" -eq 0 ]
	sed 's/^[^ ]* info  //' <<<"$stderr" | grep -E '^(verifying|unpacking|planning|restoring)' >"$P/phases"
	cat "$P/phases"
	[ "$(wc -l <"$P/phases")" -eq 4 ]
	grep -qxE "verifying $label: [0-9.]+ [KM]iB" "$P/phases"
	grep -qxE "unpacking $label: [0-9.]+ [KM]iB" "$P/phases"
	grep -qx planning "$P/phases"
	grep -qxE 'restoring [0-9]+ steps' "$P/phases"
	run --separate-stderr restore extract "$label" --to "$P/extracted"
	[ "$status" -eq 0 ]
	[ "$(grep -cE " info  (verifying|unpacking) $label: " <<<"$stderr")" -eq 2 ]
	run --separate-stderr restore verify "$label" -q
	[ "$status" -eq 0 ]
	[ -z "$stderr" ]
}
