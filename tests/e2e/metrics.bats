#!/usr/bin/env bats
# What Prometheus and those who are notified learn of runs: with promtool, the
# Pushgateway, and a web server that writes down what it is sent.
# shellcheck disable=SC2154 # lib sets $top, bats sets $stderr
# bats file_tags=slow
bats_require_minimum_version 1.5.0
load lib

setup_file() {
	export P=$BATS_FILE_TMPDIR/p
	mkdir -p "$P"
	platform_keys
	git init -q -b main "$P/git"
	git -C "$P/git" -c user.name=a -c user.email=a@example.com commit -q --allow-empty -m one
}

setup() {
	export BACKSTAY_CONFIG=$P/backstay.yaml
	rm -rf "$P/vault" "$P/state" "$P/prom"
	mkdir -p "$P/prom"
	pids=()
}

teardown() {
	[ ${#pids[@]} -eq 0 ] || kill "${pids[@]}" 2>/dev/null || true
}

config() { # [MORE [REPOSITORIES]]
	cat >"$BACKSTAY_CONFIG" <<-E
	name: platform
	state_dir: $P/state
	vaults:
	  - {name: local, directory: $P/vault}
	$(keys_config)
	retention: {keep_last: 1, keep_min: 1}
	git:
	  repositories: [{name: platform, url: $P/git}${2:-}]
	${1:-}
	E
}

textfile() { config "metrics: {textfile_directory: $P/prom, backup_every: 1h, verify_every: 7d, drill_every: 30d}" "${1:-}"; }

value() { # PROGRAM SERIES-WITH-LABELS
	awk -v s="$2" 'index($0, s " ") == 1 { print $NF }' "$P/prom/$1-platform.prom"
}

listen() { # [STATUS [SECONDS]]
	rm -f "$P/port" "$P/told"
	: >"$P/told"
	"$top/tests/tools/listener" "$P/port" "$P/told" "$@" 3>&- &
	pids+=($!)
	until [ -s "$P/port" ]; do sleep 0.05; done
	url=http://127.0.0.1:$(cat "$P/port")
	echo "$url/secret-path" >"$P/url"
	chmod 600 "$P/url"
}

@test "the textfile: promtool finds nothing to say, and the numbers are those of the run" {
	textfile
	agent backup --prune
	[ "$(stat -c %a "$P/prom/backstay-agent-platform.prom")" = 644 ]
	[ "$(ls "$P/prom")" = backstay-agent-platform.prom ]
	run promtool check metrics <"$P/prom/backstay-agent-platform.prom"
	echo "$output"
	[ "$status" -eq 0 ]
	[ -z "$output" ]
	[ "$(value backstay-agent 'backstay_attempts_total{name="platform",command="backup"}')" = 1 ]
	[ "$(value backstay-agent 'backstay_successes_total{name="platform",command="backup"}')" = 1 ]
	[ "$(value backstay-agent 'backstay_last_job_succeeded{name="platform",command="backup"}')" = 1 ]
	[ "$(value backstay-agent 'backstay_expected_interval_seconds{name="platform",command="backup"}')" = 3600 ]
	[ "$(value backstay-agent 'backstay_source_items{name="platform",source="git"}')" = 1 ]
	[ "$(value backstay-agent 'backstay_vault_reachable{name="platform",vault="local"}')" = 1 ]
	[ "$(value backstay-agent 'backstay_vault_clock_skew_seconds{name="platform",vault="local"}')" = 0 ]
	[ "$(value backstay-agent 'backstay_snapshots{name="platform",vault="local",status="complete"}')" = 1 ]
	label=$(agent list -o json | jq -r '.snapshots[0].label')
	stamp=$(date -u -d "$(sed -E 's/.*-(....)(..)(..)T(..)(..)(..)Z/\1-\2-\3T\4:\5:\6Z/' <<<"$label")" +%s)
	[ "$(value backstay-agent 'backstay_newest_snapshot_timestamp_seconds{name="platform",vault="local"}')" = "$stamp" ]
	bytes=$(stat -c %s "$P/vault/$label".tar*)
	[ "$(value backstay-agent 'backstay_archive_bytes{name="platform"}')" = "$bytes" ]
	for phase in open capture seal commit prune; do
		value backstay-agent "backstay_phase_duration_seconds{name=\"platform\",phase=\"$phase\"}" | grep -qE '^[0-9]+\.[0-9]{3}$'
	done
	restore verify latest
	promtool check metrics <"$P/prom/backstay-restore-platform.prom"
	[ "$(value backstay-restore 'backstay_expected_interval_seconds{name="platform",command="verify"}')" = $((7 * 86400)) ]
	[ "$(value backstay-restore 'backstay_expected_interval_seconds{name="platform",command="drill"}')" = $((30 * 86400)) ]
	[ "$(value backstay-restore 'backstay_verified_snapshot_timestamp_seconds{name="platform",vault="local",level="full"}')" = "$stamp" ]
	# Both in one folder are one set to node_exporter: no series twice.
	[ -z "$(grep -hv '^#' "$P"/prom/*.prom | sed 's/ [^ ]*$//' | sort | uniq -d)" ]
}

@test "counters go on from run to run, and know partial runs and failures" {
	textfile ", {name: gone, url: $P/nowhere}"
	agent backup && false || [ $? -eq 1 ]
	sleep 1.1
	agent backup && false || [ $? -eq 1 ]
	[ "$(value backstay-agent 'backstay_partials_in_a_row{name="platform",command="backup"}')" = 2 ]
	[ "$(value backstay-agent 'backstay_source_missing{name="platform",source="git"}')" = 1 ]
	textfile
	mv "$P/vault" "$P/away"
	run -3 "$BACKSTAY_BUILD/backstay-agent" backup
	mv "$P/away" "$P/vault"
	[ "$(value backstay-agent 'backstay_vault_reachable{name="platform",vault="local"}')" = 0 ]
	[ "$(value backstay-agent 'backstay_last_job_exit_status{name="platform",command="backup"}')" = 3 ]
	[ "$(value backstay-agent 'backstay_last_job_succeeded{name="platform",command="backup"}')" = 0 ]
	[ "$(value backstay-agent 'backstay_partials_in_a_row{name="platform",command="backup"}')" = 2 ]
	sleep 1.1
	agent backup
	[ "$(value backstay-agent 'backstay_attempts_total{name="platform",command="backup"}')" = 4 ]
	[ "$(value backstay-agent 'backstay_partials_total{name="platform",command="backup"}')" = 2 ]
	[ "$(value backstay-agent 'backstay_failures_total{name="platform",command="backup"}')" = 1 ]
	[ "$(value backstay-agent 'backstay_partials_in_a_row{name="platform",command="backup"}')" = 0 ]
	# What is not a state is begun anew, and said.
	echo broken >"$P/state/metrics-backstay-agent-platform.json"
	sleep 1.1
	run --separate-stderr agent backup
	[ "$status" -eq 0 ]
	grep -q "warn .*metrics.*begun anew" <<<"$stderr"
	[ "$(value backstay-agent 'backstay_attempts_total{name="platform",command="backup"}')" = 1 ]
}

@test "metrics that cannot be written fail nothing, and check says it" {
	textfile
	rmdir "$P/prom"
	run --separate-stderr agent backup
	[ "$status" -eq 0 ]
	grep -q 'warn .*metrics.textfile_directory' <<<"$stderr"
	run -1 agent check
	grep -qE 'FAILED +metrics +.*textfile_directory' <<<"$output"
}

@test "the Pushgateway takes them" {
	port=$((20000 + $$ % 20000))
	until ! (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; do port=$((port + 1)); done
	prometheus-pushgateway --web.listen-address="127.0.0.1:$port" >"$P/gateway.log" 2>&1 3>&- &
	pids+=($!)
	until curl -fsS "http://127.0.0.1:$port/-/ready" >/dev/null 2>&1; do
		kill -0 "${pids[0]}" || { cat "$P/gateway.log"; return 1; }
		sleep 0.1
	done
	config "metrics: {pushgateway: {url: 'http://127.0.0.1:$port/'}, backup_every: 1h}"
	run --separate-stderr agent backup
	echo "$stderr"
	[ "$status" -eq 0 ]
	! grep -q ' warn .*metrics' <<<"$stderr" || false
	curl -fsS "http://127.0.0.1:$port/metrics" >"$P/pushed"
	grep -E '^backstay_source_items\{.*job="backstay-agent".*\} 1$' "$P/pushed" | grep 'name="platform"'
	grep -E '^backstay_last_job_succeeded\{.*\} 1$' "$P/pushed"
}

@test "the alerts: promtool checks the rules, and tests each" {
	run promtool check rules "$top/config/prometheus/backstay.rules.yaml"
	echo "$output"
	[ "$status" -eq 0 ]
	run promtool test rules "$top/tests/data/prometheus/alerts.test.yaml"
	echo "$output"
	[ "$status" -eq 0 ]
	# None is without a test.
	sed -n 's/.*- alert: //p' "$top/config/prometheus/backstay.rules.yaml" | while read -r alert; do
		grep -q "$alert" "$top/tests/data/prometheus/alerts.test.yaml" || { echo "no test: $alert"; exit 1; }
	done
}

@test "alerts and dashboard name series that there are, and the manual page names all" {
	sed -n 's/^    {"\(backstay_[a-z_]*\)".*/\1/p' "$top/config/watch/series.c" | sort >"$P/series"
	[ "$(wc -l <"$P/series")" -gt 20 ]
	grep -ohE 'backstay_[a-z_]+' "$top/config/prometheus/backstay.rules.yaml" "$top/config/grafana/backstay.json" | sort -u >"$P/used"
	[ -z "$(comm -23 "$P/used" "$P/series")" ]
	grep -oE '^\.It Cm backstay_[a-z_]+' "$top/agent/backstay-agent.1" | cut -d' ' -f3 | sort >"$P/told-of"
	diff "$P/series" "$P/told-of"
	# Each query of the dashboard is one that Prometheus reads.
	jq '{groups: [{name: "d", rules: [.panels[].targets[].expr | {record: "x", expr: gsub("\\$name"; ".*")}] | unique}]}' \
	    "$top/config/grafana/backstay.json" >"$P/queries.json"
	[ "$(jq '.groups[0].rules | length' "$P/queries.json")" -gt 5 ]
	promtool check rules --lint=none "$P/queries.json"
	jq -e '.panels | all(.id and .type and .title and .gridPos.w and (.targets | length > 0)) and (map(.id) | length == (unique | length))' \
	    "$top/config/grafana/backstay.json"
}

# A dashboard, as a value of the type that Grafana's schema has for one.
dashboard_check() { # FILE
	{
		echo "import type { Checked } from './dashboard';"
		printf 'export const dashboard: Checked = '
		cat "$1"
	} >"$P/grafana/checked.ts"
	"$P/grafana/node_modules/.bin/tsc" --noEmit --strict --skipLibCheck --target es2022 \
	    --module nodenext --moduleResolution nodenext "$P/grafana/checked.ts"
}

@test "the dashboard is one by Grafana's own schema, which refuses a wrong one" {
	local schema=${BACKSTAY_NPM:-$HOME/.cache/backstay/npm}/grafana/node_modules wrong
	[ -e "$schema/@grafana/schema" ] || skip "@grafana/schema is not installed (scripts/deps)"
	mkdir "$P/grafana"
	ln -s "$schema" "$P/grafana/node_modules"
	cp "$top/tests/data/grafana/dashboard.ts" "$P/grafana"
	run dashboard_check "$top/config/grafana/backstay.json"
	echo "$output"
	[ "$status" -eq 0 ]
	for wrong in '.panels[0].type = "stats"' '.panels[0].options.colorMode = "backgrund"' \
	    'del(.panels[1].gridPos.w)' '.panels[2].targets[0].legendFormt = "x"' 'del(.schemaVersion)' \
	    '.templating.list[0].hide = 9' '.panels[0].fieldConfig.defaults.thresholds.mode = "abs"'; do
		jq "$wrong" "$top/config/grafana/backstay.json" >"$P/wrong.json"
		run dashboard_check "$P/wrong.json"
		echo "$wrong: $output"
		[ "$status" -ne 0 ]
		grep -q 'checked.ts(.*error TS2' <<<"$output"
	done
}

notify() { config "notify: [{name: n, url_file: $P/url, $1}]"; }

@test "healthchecks: start, then the exit status, with the last lines of the log" {
	listen
	notify 'kind: healthchecks'
	agent backup
	[ "$(jq -r '"\(.method) \(.path)"' "$P/told")" = $'POST /secret-path/start\nPOST /secret-path/0' ]
	jq -rs '.[1].body' "$P/told" | grep -q 'info  snapshot platform-.* committed'
	jq -rs '.[1].body' "$P/told" | grep -q 'finished: success, exit status 0'
	config "notify: [{name: n, url_file: $P/url, kind: healthchecks}]" ", {name: gone, url: $P/nowhere}"
	sleep 1.1
	agent backup && false || [ $? -eq 1 ]
	[ "$(jq -r .path "$P/told" | tail -1)" = /secret-path/1 ]
	rm -r "$P/vault"
	run -3 "$BACKSTAY_BUILD/backstay-agent" backup
	[ "$(jq -r .path "$P/told" | tail -1)" = /secret-path/3 ]
}

@test "ntfy: told of trouble alone, with title, priority and token" {
	listen
	echo tk_very_secret >"$P/token"
	chmod 600 "$P/token"
	notify "kind: ntfy, token_file: $P/token"
	agent backup
	[ ! -s "$P/told" ]
	config "notify: [{name: n, url_file: $P/url, kind: ntfy, token_file: $P/token}]" ", {name: gone, url: $P/nowhere}"
	sleep 1.1
	run agent backup --log-format json -v
	[ "$status" -eq 1 ]
	! grep -q 'very_secret\|secret-path' <<<"$output" || false
	[ "$(wc -l <"$P/told")" -eq 1 ]
	jq -e '.headers | .title == "backup of platform on '"$(uname -n)"': partial" and .priority == "default" and .authorization == "Bearer tk_very_secret"' "$P/told"
	jq -r .body "$P/told" | grep -q 'missing: .*gone'
}

@test "json: an object with all, or what a template says; only what it is to be told" {
	listen
	notify 'kind: json, on: [success], of: [backup, prune]'
	agent backup
	jq -r .body "$P/told" | jq -e '.event == "success" and .exit_status == 0 and .command == "backup" and (.snapshot | startswith("platform-")) and (.run | length == 16)'
	agent prune
	[ "$(jq -r '.body | fromjson | .command' "$P/told" | tail -1)" = prune ]
	agent prune --dry-run
	[ "$(wc -l <"$P/told")" -eq 2 ]
	echo '{"text": "{{title}}: {{snapshot}}", "n": {{exit_status}}}' >"$P/template"
	notify "kind: json, on: [success], template_file: $P/template"
	sleep 1.1
	agent backup
	jq -r .body "$P/told" | grep . | tail -1 | jq -e '.n == 0 and (.text | test("^backup of platform on .*: success: platform-"))'
	echo '{"text": "{{nothing}}"}' >"$P/template"
	run -1 agent check
	grep -qE "FAILED +notify 'n' .*template.*\{\{event\}\}" <<<"$output"
}

@test "command: a program with all in its environment" {
	cat >"$P/hook" <<-X
	#!/bin/sh
	echo "\$1 \$BACKSTAY_EVENT \$BACKSTAY_EXIT_STATUS \$BACKSTAY_NAME" >>$P/hooked
	X
	chmod +x "$P/hook"
	config "notify: [{name: n, kind: command, command: [$P/hook, word]}]"
	agent backup
	[ "$(cat "$P/hooked")" = $'word start 0 platform\nword success 0 platform' ]
}

@test "one that fails, is slow or not there fails no backup, and is named without its URL" {
	listen 500
	notify 'kind: json'
	run --separate-stderr agent backup
	[ "$status" -eq 0 ]
	grep -q "warn .*notify 'n': the notice of the success could not be sent.*status 500" <<<"$stderr"
	listen 200 30
	notify 'kind: json, timeout: 1s, on: [success]'
	before=$SECONDS
	sleep 1.1
	run --separate-stderr agent backup -v
	[ "$status" -eq 0 ]
	[ $((SECONDS - before)) -lt 25 ]
	grep -q "warn .*notify 'n': the notice of the .* could not be sent" <<<"$stderr"
	! grep -q secret-path <<<"$stderr" || false
	echo http://127.0.0.1:1/secret-path >"$P/url"
	sleep 1.1
	run --separate-stderr agent backup
	[ "$status" -eq 0 ]
	grep -q "warn .*notify 'n': the notice of the .* could not be sent" <<<"$stderr"
	! grep -q secret-path <<<"$stderr" || false
	config "notify: [{name: n, kind: command, command: [/no/such/hook]}]"
	sleep 1.1
	run --separate-stderr agent backup
	[ "$status" -eq 0 ]
	grep -q "warn .*notify 'n'.*there is no such program" <<<"$stderr"
}

@test "a run that is told to stop still says how it ended" {
	listen
	notify 'kind: healthchecks'
	cat >"$P/hook" <<-X
	#!/bin/sh
	kill -TERM \$PPID
	sleep 0.3
	X
	chmod +x "$P/hook"
	config "notify: [{name: n, url_file: $P/url, kind: healthchecks}, {name: h, kind: command, on: [start], command: [$P/hook]}]"
	run -3 agent backup
	[ "$(jq -r .path "$P/told")" = $'/secret-path/start\n/secret-path/3' ]
}
