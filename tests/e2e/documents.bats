#!/usr/bin/env bats
# What each command prints with -o json: one document, alike in all of them, and
# as the manual pages say.
# shellcheck disable=SC2154,SC2030,SC2031 # lib sets $top, bats runs each test apart
bats_require_minimum_version 1.5.0
load lib
load small

setup_file() {
	small_start
	small_config "$(small_directory)
$(small_directory "$P/second" | sed 's/local/second/')" >"$BACKSTAY_CONFIG"
	{
		echo "git: {repositories: [{url: $P/git/helm-charts.git, name: charts}]}"
		echo "restore: {targets: {repositories: {charts: $P/charts.git}}}"
	} >>"$BACKSTAY_CONFIG"
	"$top/tests/data/platform/load" git "$P/git" >/dev/null
}

teardown_file() {
	small_stop
}

# Its document is in $BATS_TEST_TMPDIR/document: one, which begins alike, and of
# which the manual page names every member.
document() { # agent|restore STATUS SNAPSHOT|- COMMAND [ARGUMENT...]
	local program=$1 status=$2 snapshot=$3 command=$4 at got
	at=$BATS_TEST_TMPDIR/document
	shift 3
	"$program" "$@" -o json >"$at" 2>"$at.err" && got=0 || got=$?
	head -c 2000 "$at" "$at.err"
	[ "$got" -eq "$status" ]
	[ "$(command jq -n '[inputs] | length' "$at")" -eq 1 ]
	[ "$(jq -r 'keys_unsorted[0]' "$at")" = command ]
	[ "$(jq -r .command "$at")" = "$command" ]
	if [ "$snapshot" != - ]; then
		[ "$(jq -r 'keys_unsorted[1]' "$at")" = snapshot ]
		[ "$(jq -r .snapshot "$at")" = "$snapshot" ]
	else
		jq -e 'has("snapshot") | not' "$at"
	fi
	# Times are RFC 3339, in UTC.
	jq -e '[.. | objects | to_entries[] | select(.key | test("^(created|started|finished|at|since|renewed|time)$")) | .value | strings] |
	    all(test("^[0-9]{4}(-[0-9]{2}){2}T[0-9:]{8}Z$"))' "$at"
	jq -r 'keys[] | select(. != "command" and . != "snapshot")' "$at" | sort >"$at.keys"
	described "$program" "$command" >"$at.described"
	[ -s "$at.described" ]
	[ -z "$(comm -23 "$at.keys" "$at.described")" ]
	touch "$BATS_FILE_TMPDIR/walked-$program-$command"
}

# The members that the section JSON of the manual page names for a command.
described() { # agent|restore COMMAND
	sed -n '/^\.Sh JSON/,/^\.Sh [^J]/p' "$top/$1/backstay-$1.1" |
	    awk -v c="$2" '/^\.(It|El)/ { on = 0; for (i = 3; i <= NF; i++) if ($i == c) on = 1 } on && /^\.Va / { print $2 }' | sort -u
}

@test "the agent's commands" {
	local made=$BATS_TEST_TMPDIR/made-by-init
	git init -q --bare "$made.git"
	document agent 0 - init --config "$made/c/backstay.yaml" --name first --snapshots "$made/vault" \
	    --state-dir "$made/state" --keys "$made/usb" --agent-keys "$made/c" --repository "$made.git" </dev/null
	document agent 0 - vault init
	document agent 0 - check
	document agent 0 - unlock
	"$BACKSTAY_BUILD/backstay-agent" backup --tag first
	sleep 1
	document agent 1 - discover
	# The snapshot is in the document, as one is that was not there before.
	"$BACKSTAY_BUILD/backstay-agent" backup --prune -o json >"$BATS_TEST_TMPDIR/made"
	label=$(labels | tail -1)
	jq -e --arg l "$label" '.command == "backup" and .snapshot == $l and .status == "complete" and
	    (.vaults | map(.vault) == ["local", "second"] and all(.copied)) and (.missing | length == 0) and
	    (.pruned | map(.vault) == ["local", "second"])' "$BATS_TEST_TMPDIR/made"
	jq -r 'keys[] | select(. != "command" and . != "snapshot")' "$BATS_TEST_TMPDIR/made" | sort |
	    comm -23 - <(described agent backup) | diff /dev/null -
	# The manifest, where it is asked for, and nothing beside it.
	sleep 1
	"$BACKSTAY_BUILD/backstay-agent" backup --manifest --prune >"$BATS_TEST_TMPDIR/made"
	diff "$BATS_TEST_TMPDIR/made" "$P/vault/$(labels | tail -1).manifest.json"
	document agent 0 - list
	document agent 0 - prune --dry-run
	document agent 0 "$(labels | head -1)" mark "$(labels | head -1)" --tag audited
	document agent 0 "$(labels | head -1)" forget "$(labels | head -1)" --dry-run
}

@test "a partial run names each missing line once, and a vault without a copy" {
	sed 's#charts.git, name: charts#none.git, name: none#; s/^restore.*//' "$BACKSTAY_CONFIG" >"$P/partial.yaml"
	mv "$P/second" "$P/gone"
	run --separate-stderr "$BACKSTAY_BUILD/backstay-agent" --config "$P/partial.yaml" backup
	mv "$P/gone" "$P/second"
	echo "$output$stderr"
	[ "$status" -eq 1 ]
	[ "$(grep -c 'none.git' <<<"$output$stderr")" -eq 1 ]
	grep -q 'partial.*ONLY 1 of 2 vaults' <<<"$output"
	sleep 1
	run --separate-stderr "$BACKSTAY_BUILD/backstay-agent" --config "$P/partial.yaml" backup -o json
	[ "$status" -eq 1 ]
	[ "$(grep -c 'none.git' <<<"$stderr")" -eq 1 ]
	jq -e '.status == "partial" and (.missing | length == 1)' <<<"$output"
}

@test "the restore's commands" {
	label=$(restore list -o json | jq -r '[.snapshots[] | select(.status == "complete")][-1].label')
	first=$(restore list -o json | jq -r '.snapshots[0].label')
	document restore 0 - list
	document restore 0 - report
	document restore 0 - check
	document restore 0 "$label" show "$label"
	document restore 0 "$label" ls "$label"
	document restore 0 - find kubernetes:staging/Deployment/frontend
	document restore 0 - history kubernetes:staging/Deployment/frontend
	document restore 0 - diff "$first" "$label"
	document restore 0 "$label" drift "$label"
	document restore 0 "$label" verify "$label"
	document restore 0 "$label" extract "$label" --to "$P/tree"
	document restore 0 "$label" plan "$label" --same-cluster
	document restore 0 "$label" drill "$label" --without-clusters
	document restore 0 "$label" apply "$label" --same-cluster --yes
	document restore 0 "$label" status "$label"
	document restore 0 "$label" release "$label"
	document restore 0 - rules
	document restore 0 "$label" copy "$label" --to second
	document restore 0 - keygen --to "$P/new-keys"
	document restore 0 - heal
	document restore 0 - unlock "$label"
	# They print a thing as it is.
	restore cat "$label" kubernetes:staging/Deployment/frontend -o json | jq -e '.kind == "Deployment"'
	# But for the second in which it was asked.
	[ "$(restore head -o json | jq -c 'del(.seen)')" = "$(restore head | jq -c 'del(.seen)')" ]
	touch "$BATS_FILE_TMPDIR/walked-restore-"{cat,head}
}

@test "no command was left out" {
	touch "$BATS_FILE_TMPDIR/walked-agent-backup"
	for program in agent restore; do
		for c in $("$program" --help | sed -n '/^COMMANDS/,/^COMMON/s/^       \([a-z]*\).*/\1/p'); do
			[ "$c" = completion ] || [ -e "$BATS_FILE_TMPDIR/walked-$program-$c" ] ||
			    { echo "$program $c"; false; }
		done
	done
}
