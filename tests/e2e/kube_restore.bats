#!/usr/bin/env bats
# Restores in which order matters, and what may come in between. This file runs
# against the simulated API server; the same file under the name
# kube_restore_real.bats against the real one. BACKSTAY_TEST_BULK is how many
# plain objects there are beside those whose order matters.
# shellcheck disable=SC2154,SC2030,SC2031 # lib sets $top, bats runs each test apart
# bats file_tags=slow
bats_require_minimum_version 1.5.0
load lib
load cluster

setup_file() {
	export BULK=${BACKSTAY_TEST_BULK:-150}
	cluster_pick || return 0
	start
	config >"$BACKSTAY_CONFIG"
	chain load
	chain serve
	chain state >"$P/before"
	agent backup
}

# The real server tells each write in its audit log, and turns those away who
# are not system:masters once there are too many at a time.
start() {
	if [ "$KUBE" = sim ]; then
		kube_server sim start "$P/kube"
		return
	fi
	cat >"$P/audit.yaml" <<-E
	apiVersion: audit.k8s.io/v1
	kind: Policy
	omitStages: [RequestReceived]
	rules:
	- level: Metadata
	  verbs: [create, update, patch, delete]
	- level: None
	E
	"$top/tests/servers/kube" start "$P/kube" -- --audit-policy-file "$P/audit.yaml" \
	    --audit-log-path "$P/audit.log" --enable-priority-and-fairness=false \
	    --max-mutating-requests-inflight 4
}

# What never becomes ready is waited for so long; definitions need a part of it.
# Its pod would make the endpoints of the webhook's Service: `serve` does.
config() { cluster_config chain 'gate_timeout: 4s' 'exclude_kinds: [Endpoints.core]' "$@"; }

teardown_file() { cluster_stop; }

setup() {
	cluster_need
	config >"$BACKSTAY_CONFIG"
}

chain() { "$top/tests/e2e/kube_chain" "$1" "$P/kube/kubeconfig" "$BULK"; }
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
	jq '[.summary[] | (.created // 0) + (.updated // 0) + (.deleted // 0)] | add' "$P/report"
}

outcome() { # WHAT: of the one item
	jq -r --arg what "$1" '.items[] | select(.what == $what) |
	    "\(.outcome) \(.detail // "")"' "$P/report"
}

# From here on, what we write is counted, but for the lock that we hold meanwhile:
# on the real server what it took.
count_writes() {
	if [ "$KUBE" = real ]; then
		wc -l <"$P/audit.log" >"$P/audit.from"
		return
	fi
	fault '{"kind":"slow","delay_ms":0,"method":"POST|PUT|PATCH|DELETE","path":"^(?!.*/leases)"}'
}

writes() {
	if [ "$KUBE" = real ]; then
		tail -n +"$(($(<"$P/audit.from") + 1))" "$P/audit.log" | jq -s '[.[] |
		    select((.userAgent | startswith("backstay")) and
			(.requestURI | contains("/leases") | not) and
			.responseStatus.code < 300)] | length'
		return
	fi
	# shellcheck disable=SC1091 # written by the server
	. "$P/kube/env"
	curl -fsS "$KUBE_SIM_URL/faults" | jq '[.[].fired] | add // 0'
}

fault() { # RULE: instead of those before
	# shellcheck disable=SC1091
	. "$P/kube/env"
	curl -fsS -X DELETE "$KUBE_SIM_URL/faults" >/dev/null
	curl -fsS "$KUBE_SIM_URL/faults" -d "$1" >/dev/null
}

no_faults() {
	[ "$KUBE" = real ] && return
	# shellcheck disable=SC1091
	. "$P/kube/env"
	curl -fsS -X DELETE "$KUBE_SIM_URL/faults" >/dev/null
}

# Starts an apply in $pid and sends it a signal at so many per cent.
signal_at() { # SIGNAL PERCENT
	local total journal
	rm -rf "$P/state/journal"
	total=$(restore plan latest --same-cluster -o json | jq '.nodes | length')
	"$BACKSTAY_BUILD/backstay-restore" apply latest --yes -o json --same-cluster \
	    >"$P/report" 2>"$P/stderr" &
	pid=$!
	for _ in {1..2000}; do
		journal=$(echo "$P"/state/journal/*.journal)
		[ -f "$journal" ] && [ $(($(grep -c '"end"' "$journal") * 100)) -ge \
		    $((total * $2)) ] && break
		sleep 0.01
	done
	kill -"$1" "$pid"
}

begun_without_end() {
	jq -s 'reduce .[] as $l ({}; if $l.begin then .[$l.n | tostring] = 1
	    elif $l.end then del(.[$l.n | tostring]) else . end) | length' \
	    "$P"/state/journal/*.journal
}

@test "owners come back with new UIDs, and a webhook once its Service is ready" {
	chain wipe
	count_writes
	apply_all
	writes >"$P/needed"
	# What is exported afterwards is what was exported before.
	chain state | diff "$P/before" -
	no_faults
}

@test "a node port that somebody chose is kept, one that was made is not asked for" {
	restore extract latest --to "$BATS_TEST_TMPDIR/x"
	jq -e '.entries // . | [.. | .facts? // empty | select(.name == "ports")][0].nodePorts
	    == [30123]' "$BATS_TEST_TMPDIR/x/CONTENTS.json"
	call GET /api/v1/namespaces/chain/services/ports >"$BATS_TEST_TMPDIR/now"
	jq -e '.spec.ports[0].nodePort == 30123' "$BATS_TEST_TMPDIR/now"
	jq -e '[.metadata.managedFields[] | select(.manager == "platform") |
	    .fieldsV1["f:spec"]["f:ports"] | to_entries[] |
	    select(.value["f:nodePort"]) | .key | ltrimstr("k:") | fromjson.port] == [80]' \
	    "$BATS_TEST_TMPDIR/now"
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

@test "the source cluster is known without any namespace of the snapshot, or the operator is told" {
	local uid
	uid=$(call GET /api/v1/namespaces/kube-system | jq -r .metadata.uid)
	[ "$(jq -r '.sources[] | select(.kind == "kubernetes") | .clusters[0].uid' \
	    "$P/vault/$(restore list -o json | jq -r '.snapshots[-1].label').manifest.json")" = "$uid" ]
	[ "$KUBE" = real ] && return
	fault '{"kind":"reply","method":"GET","path":"/namespaces/kube-system$","status":403,"body":""}'
	run --separate-stderr restore plan latest
	[ "$status" -eq 2 ]
	grep -q "the namespace 'chain' is the very same" <<<"$stderr"
	no_faults
}

@test "skip writes nothing the second time" {
	chain versions >"$P/versions"
	count_writes
	apply
	[ "$status" -eq 0 ]
	[ "$(written)" -eq 0 ]
	[ "$(writes)" -eq 0 ]
	chain versions | diff "$P/versions" -
	[ "$(jq '[.summary[].differs // 0] | add' "$P/report")" -eq 0 ]
}

@test "plan names the webhook that is there before what is to be created" {
	local warning='[.warnings[] | select(startswith("in force before"))]'
	restore plan latest --same-cluster -o json | jq -e "$warning == []"
	call DELETE /api/v1/namespaces/chain/configmaps/bulk-00009
	restore plan latest --same-cluster -o json | jq -e "$warning | length == 1 and
	    (.[0] | contains(\"ValidatingWebhookConfiguration.admissionregistration.k8s.io chain-guard\"))"
	apply
	[ "$status" -eq 0 ]
	[[ $(outcome 'ConfigMap chain/bulk-00009') == created* ]]
	chain check
}

@test "skip names what is there and is another, and plan --server tells it from what is the same" {
	local one=/api/v1/namespaces/chain/configmaps
	# One of a long list, and one of few, which are asked for one by one.
	call PATCH $one/bulk-00007 '{"data":{"text":"other"}}'
	call PATCH /api/v1/namespaces/chain '{"metadata":{"labels":{"differs":"no"}}}'
	count_writes
	for command in 'apply' 'plan'; do
		if [ $command = apply ]; then
			apply
		else
			run --separate-stderr restore plan latest --server --same-cluster -o json
			printf '%s' "$output" >"$P/report"
		fi
		[ "$status" -eq 0 ]
		[[ $(outcome 'ConfigMap chain/bulk-00007') == differs*'differs from the snapshot' ]]
		[[ $(outcome 'ConfigMap chain/bulk-00008') == skipped* ]]
		[ "$(jq '[.summary[].differs // 0] | add' "$P/report")" -eq 1 ]
		jq -e '.warnings[] | select(contains("--server --existing update --all"))' "$P/report"
	done
	[ "$(writes)" -eq 0 ]
	run --separate-stderr restore plan latest --server --same-cluster --existing update --take-fields -o json
	[ "$status" -eq 0 ]
	printf '%s' "$output" >"$P/report"
	[[ $(outcome 'ConfigMap chain/bulk-00007') == updated* ]]
	[[ $(outcome 'ConfigMap chain/bulk-00008') == unchanged* ]]
	# Without a word for it, an apply would be refused that field.
	run --separate-stderr restore plan latest --server --same-cluster --existing update -o json
	[ "$status" -eq 1 ]
	printf '%s' "$output" >"$P/report"
	[[ $(outcome 'ConfigMap chain/bulk-00007') == failed*--take-fields* ]]
	apply --existing update --take-fields
	[ "$status" -eq 0 ]
	chain check
}

@test "update writes nothing where all is as it should be, and only what is not" {
	count_writes
	apply --existing update
	[ "$status" -eq 0 ]
	[ "$(writes)" -eq 0 ]
	call PATCH /api/v1/namespaces/chain/configmaps/bulk-00007 '{"data":{"text":"other"}}'
	chain versions >"$P/versions"
	count_writes
	# A field that another wrote is taken only when that is said.
	apply --existing update
	[ "$status" -eq 1 ]
	outcome 'ConfigMap chain/bulk-00007' | grep -q '^failed .*take-fields'
	apply --existing update --take-fields
	[ "$status" -eq 0 ]
	[ "$(outcome 'ConfigMap chain/bulk-00007')" = 'updated it differed' ]
	[ "$(written)" -eq 1 ]
	chain versions | diff "$P/versions" - | grep -c '^>' | grep -qx 1
	chain check
}

@test "recreate deletes and makes anew, but for what others are in" {
	chain versions >"$P/versions"
	apply --existing recreate
	# With the Service its endpoints went.
	[ "$status" -eq 1 ]
	chain serve
	apply --existing recreate --resume
	[ "$status" -eq 0 ]
	chain check
	# Every one has another UID, and the namespace is the same.
	chain versions | cut -d' ' -f3 | sort >"$BATS_TEST_TMPDIR/now"
	cut -d' ' -f3 "$P/versions" | sort |
	    comm -12 - "$BATS_TEST_TMPDIR/now" >"$BATS_TEST_TMPDIR/kept"
	[ ! -s "$BATS_TEST_TMPDIR/kept" ]
	jq -e '.items[] | select(.what == "Namespace chain") |
	    .outcome == "unchanged"' "$P/report"
}

@test "update needs no --take-fields for what an earlier restore made, and takes away what it no longer wants" {
	local data='[.data.text, .data.more]' one=/api/v1/namespaces/chain/configmaps/bulk-00008
	config 'transforms:' '  - {kind: ConfigMap.core, name: bulk-00008, patch: [{op: replace, path: /data/text, value: a}, {op: add, path: /data/more, value: a}]}' \
	    >"$BACKSTAY_CONFIG"
	run --separate-stderr restore plan latest --server --same-cluster --existing update -o json
	[ "$status" -eq 0 ]
	apply --existing update
	[ "$status" -eq 0 ]
	[ "$(call GET "$one" | jq -c "$data")" = '["a","a"]' ]
	sed -i 's/value: a/value: b/g' "$BACKSTAY_CONFIG"
	apply --existing update
	[ "$status" -eq 0 ]
	[ "$(call GET "$one" | jq -c "$data")" = '["b","b"]' ]
	config >"$BACKSTAY_CONFIG"
	apply --existing update
	[ "$status" -eq 0 ]
	[ "$(outcome 'ConfigMap chain/bulk-00008')" = 'updated it differed' ]
	[ "$(call GET "$one" | jq -c '.data.more')" = null ]
	count_writes
	apply --existing update
	[ "$status" -eq 0 ]
	[ "$(writes)" -eq 0 ]
	chain check
}

@test "what was restored goes with its owner" {
	chain cascade
	apply
	[ "$status" -eq 0 ]
	[ "$(written)" -eq 3 ]
	chain check
}

@test "--prune shows its list, and deletes within the namespaces and kinds alone" {
	local cm='{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"stray"}}'
	local secret='{"apiVersion":"v1","kind":"Secret","metadata":{"name":"stray"}}'
	call POST /api/v1/namespaces/chain/configmaps "$cm"
	call POST /api/v1/namespaces/chain/secrets "$secret"
	call POST /api/v1/namespaces/default/configmaps "$cm"
	run --separate-stderr restore plan latest --prune --prune-namespace chain \
	    --prune-kind ConfigMap.core --same-cluster -o json
	[ "$status" -eq 0 ]
	[ "$(jq -c '[.prune[] | "\(.kind) \(.namespace)/\(.name)"]' <<<"$output")" = \
	    '["ConfigMap chain/stray"]' ]
	count_writes
	apply --prune --prune-namespace chain --prune-kind ConfigMap.core
	[ "$status" -eq 0 ]
	[ "$(writes)" -eq 1 ]
	grep -q 'will be deleted: ConfigMap chain/stray' <<<"$stderr"
	[ "$(jq -c '.summary.prune' "$P/report")" = '{"deleted":1}' ]
	run ! call GET /api/v1/namespaces/chain/configmaps/stray
	call GET /api/v1/namespaces/chain/secrets/stray
	call DELETE /api/v1/namespaces/default/configmaps/stray
	call DELETE /api/v1/namespaces/chain/secrets/stray
	# Half of the choice is none.
	run --separate-stderr restore apply latest --yes --same-cluster --prune \
	    --prune-namespace chain
	[ "$status" -eq 2 ]
	# Nor is none one where there are no refs to take away.
	run --separate-stderr restore apply latest --yes --same-cluster --prune \
	    --only kubernetes
	[ "$status" -eq 2 ]
}

@test "plan --server asks the API server by level, says what is unchecked, and stores nothing" {
	chain wipe
	# No namespace of the snapshot is left, and yet it is known.
	run --separate-stderr restore plan latest --server
	[ "$status" -eq 2 ]
	grep -q 'taken from; say --same-cluster' <<<"$stderr"
	if [ "$KUBE" = sim ]; then
		fault '{"kind":"reply","method":"GET","path":"/namespaces/kube-system$","status":403,"body":""}'
		run --separate-stderr restore plan latest -o json
		[ "$status" -eq 0 ]
		jq -e '[.warnings[] | select(contains("by the UIDs of the snapshot"))] | length == 1' <<<"$output"
		no_faults
	fi
	count_writes
	run --separate-stderr restore plan latest --server --same-cluster -o json
	echo "$stderr"
	[ "$status" -eq 0 ]
	printf '%s' "$output" >"$P/report"
	[[ $(outcome 'ConfigMap chain/m-middle') == "unchecked its namespace"* ]]
	[[ $(outcome 'Namespace chain') == created* ]]
	[[ $(outcome 'CustomResourceDefinition.apiextensions.k8s.io widgets.example.com') == created* ]]
	# Nothing that is not there is missed by what comes after it.
	[ "$(jq '[.items[].notes[]? | select(contains("owner"))] | length' "$P/report")" -eq 0 ]
	run ! call GET /api/v1/namespaces/chain
	# With the namespace there, what the API refuses is told with its level.
	call POST /api/v1/namespaces '{"apiVersion":"v1","kind":"Namespace","metadata":{"name":"chain"}}'
	config 'transforms:' '  - {kind: ConfigMap.core, name: m-middle, patch: [{op: add, path: /data/no~1key, value: x}]}' \
	    >"$BACKSTAY_CONFIG"
	run --separate-stderr restore plan latest --server --same-cluster -o json
	[ "$status" -eq 1 ]
	printf '%s' "$output" >"$P/report"
	[[ $(outcome 'ConfigMap chain/m-middle') == failed*no/key* ]]
	[[ $(outcome 'Widget.example.com chain/z-root') == "unchecked its kind"* ]]
	[ "$(jq '.items | map(select(.what == "ConfigMap chain/m-middle"))[0].level -
	    (map(select(.what == "Widget.example.com chain/z-root"))[0].level)' "$P/report")" -ge 1 ]
	# The control plane puts the certificates of its own there.
	[ "$(call GET '/api/v1/namespaces/chain/configmaps' | jq '[.items[] |
	    select(.metadata.name | endswith(".crt") | not)] | length')" -eq 0 ]
	no_faults
}

@test "a namespace that is going away is waited for" {
	chain wipe
	chain load
	call PATCH /api/v1/namespaces/chain/configmaps/bulk-00001 \
	    '{"metadata":{"finalizers":["example.com/hold"]}}'
	call DELETE /apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations/chain-guard
	call DELETE /api/v1/namespaces/chain
	(
		sleep 3
		call PATCH /api/v1/namespaces/chain/configmaps/bulk-00001 \
		    '{"metadata":{"finalizers":null}}' >/dev/null
	) &
	sed -i 's/gate_timeout: 4s/gate_timeout: 120s/; $a\  gates: never' "$BACKSTAY_CONFIG"
	apply
	[ "$status" -eq 0 ]
	chain check
}

@test "a kind that the server does not have is named, and all else comes" {
	# A snapshot that was taken without its definition.
	sed -i 's/^name: chain/name: bare/; s/namespaces: \[chain\]/&, exclude_resources: [customresourcedefinitions]/' "$BACKSTAY_CONFIG"
	agent backup
	chain wipe
	run --separate-stderr restore plan latest --same-cluster -o json
	[ "$status" -eq 1 ]
	jq -e '[.nodes[] | select(.action == "CANNOT") | .kind] == ["Widget"]' <<<"$output"
	apply
	[ "$status" -eq 1 ]
	[[ $(outcome 'Widget.example.com chain/z-root') == failed*"does not serve"* ]]
	# What it owned comes without an owner, and says so.
	jq -e '[.items[] | select(.what == "ConfigMap chain/m-middle") |
	    .notes[] | select(contains("z-root"))] | length == 1' "$P/report"
	[ "$(jq '.summary.ConfigMap.created' "$P/report")" -gt "$BULK" ]
}

@test "a restore that is killed goes on with --resume, and repeats nothing" {
	for percent in 10 50 90; do
		chain wipe
		count_writes
		signal_at KILL "$percent"
		wait "$pid" || true
		"$top/tests/e2e/kube_chain" versions "$P/kube/kubeconfig" \
		    >"$P/partly" 2>/dev/null || true
		begun_without_end >"$P/unsure"
		apply_all --resume
		writes >"$P/took"
		no_faults
		# Every object that was there kept its UID, and its version.
		chain versions | sort >"$P/now"
		sort "$P/partly" | comm -23 - "$P/now" >"$P/lost"
		[ ! -s "$P/lost" ]
		chain state | diff "$P/before" -
		# As many writes as without the kill, but for those whose answer
		# died with it: the real server does not count them as done
		# even where they were, and the simulated one counts them twice.
		echo "$percent %: $(<"$P/took") writes, $(<"$P/needed") needed, $(<"$P/unsure") unsure"
		[ "$(<"$P/unsure")" -le 16 ]
		if [ "$KUBE" = real ]; then
			[ "$(<"$P/took")" -le "$(<"$P/needed")" ]
			[ "$(<"$P/took")" -ge $(($(<"$P/needed") - $(<"$P/unsure"))) ]
		else
			[ "$(<"$P/took")" -ge "$(<"$P/needed")" ]
			[ "$(<"$P/took")" -le $(($(<"$P/needed") + $(<"$P/unsure"))) ]
		fi
	done
}

@test "a restore that is interrupted ends its requests, and says how to go on" {
	chain wipe
	signal_at INT 30
	status=0
	wait "$pid" || status=$?
	[ "$status" -eq 1 ]
	jq -e '.stopped and (.next | contains("--resume"))' "$P/report"
	# What was not waited for to its end has not failed.
	jq -e '[.gates[] | select(.detail | contains("stopped"))] | length == 0' "$P/report"
	[ "$(begun_without_end)" -eq 0 ]
	[ "$(jq '[.items[] | select(.outcome == "pending")] | length' "$P/report")" -gt 0 ]
	apply_all --resume
	chain state | diff "$P/before" -
}

@test "a server that is too busy is given time, and nothing is lost" {
	chain wipe
	if [ "$KUBE" = real ]; then
		chain limited >"$P/limited"
		sed -i "s#$P/kube/kubeconfig#$P/limited#" "$BACKSTAY_CONFIG"
	else
		fault '{"kind":"429","method":"POST","rate":0.3,"count":200,"retry_after":0}'
	fi
	apply_all
	if [ "$KUBE" = real ]; then
		[ "$(jq -s '[.[] | select(.responseStatus.code == 429)] | length' \
		    "$P/audit.log")" -gt 0 ]
	else
		[ "$(writes)" -gt 20 ]
		no_faults
	fi
	chain state | diff "$P/before" -
}

@test "answers that are lost are made up for, and nothing is taken for another's" {
	[ "$KUBE" = sim ] || skip "the simulated server loses answers"
	chain wipe
	fault '{"kind":"lost","method":"POST","path":"/(configmaps|secrets|widgets)","rate":0.4,"count":100}'
	apply_all
	[ "$(writes)" -gt 20 ]
	no_faults
	[ "$(jq '.summary | (.ConfigMap.skipped // 0) + (.Secret.skipped // 0) +
	    (."Widget.example.com".skipped // 0)' "$P/report")" -eq 0 ]
	chain state | diff "$P/before" -
}

@test "another namespace, other labels: what names the old one names the new one" {
	config 'namespaces: {chain: chain-two}' 'transforms:' \
	    '  - {kind: ConfigMap.core, name: m-middle, patch: [{op: add, path: /metadata/labels, value: {moved: "yes"}}]}' \
	    '  - {kind: Deployment.apps, patch: [{op: remove, path: /spec/none}]}' >"$BACKSTAY_CONFIG"
	chain wipe
	apply
	[ "$status" -eq 1 ]
	jq -e '[.items[] | select(.outcome == "held") | .what] ==
	    ["ValidatingWebhookConfiguration.admissionregistration.k8s.io chain-guard"]' "$P/report"
	# A patch that no object is for is told.
	grep -q 'patch 2' <<<"$stderr"
	run ! call GET /api/v1/namespaces/chain
	call GET /api/v1/namespaces/chain-two/configmaps/m-middle >"$BATS_TEST_TMPDIR/now"
	jq -e '.metadata.labels.moved == "yes"' "$BATS_TEST_TMPDIR/now"
	[ "$(jq -r '.metadata.ownerReferences[0].uid' "$BATS_TEST_TMPDIR/now")" = \
	    "$(call GET /apis/example.com/v1/namespaces/chain-two/widgets/z-root | jq -r .metadata.uid)" ]
	call POST /api/v1/namespaces/chain-two/endpoints '{"apiVersion":"v1","kind":"Endpoints",
	    "metadata":{"name":"hook"},"subsets":[{"addresses":[{"ip":"10.1.2.3"}],"ports":[{"port":443}]}]}'
	apply --resume
	[ "$status" -eq 0 ]
	call GET /apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations/chain-guard |
	    jq -e '.webhooks[0].clientConfig.service.namespace == "chain-two"'
	call DELETE /apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations/chain-guard
	call DELETE /api/v1/namespaces/chain-two
}

refused() { # TEXT: one line, exit status 2, nothing written
	count_writes
	run --separate-stderr restore apply latest --yes --same-cluster
	echo "$stderr"
	[ "$status" -eq 2 ] || return 1
	[ "$(grep -vc -e ' warning: ' -e ' info ' -e '^$' <<<"$stderr")" -eq 1 ] || return 1
	grep -q -e "$1" <<<"$stderr" || return 1
	[ "$(writes)" -eq 0 ]
}

@test "what cannot be carried out as asked is refused before anything is written" {
	chain wipe
	config 'without_rules: [fluxx]' >"$BACKSTAY_CONFIG"
	refused fluxx
	config 'edges:' '  - {from: Namespace.core, pointer: /metadata/name, form: cluster_name, to: Namespace.core, strength: holds}' \
	    >"$BACKSTAY_CONFIG"
	refused 'namespaces cannot wait'
	# A namespace that waits for what is in it.
	config 'edges:' '  - {from: Namespace.core, pointer: /metadata/annotations/root, form: path, to: Widget.example.com, strength: holds}' \
	    'transforms:' '  - {kind: Namespace.core, patch: [{op: add, path: /metadata/annotations, value: {root: chain/z-root}}]}' \
	    >"$BACKSTAY_CONFIG"
	refused 'need each other'
	config 'transforms:' '  - {kind: ConfigMap.core, name: m-middle, patch: [{op: remove, path: /data/none}]}' \
	    >"$BACKSTAY_CONFIG"
	refused 'patch 1.*/data/none'
	config 'transforms:' '  - {kind: ConfigMap.core, name: bulk-0000?, patch: [{op: replace, path: /metadata/name, value: twin}]}' \
	    >"$BACKSTAY_CONFIG"
	refused 'bulk-00000.*become one object'
	no_faults
}


# The newest snapshot, its archive without CONTENTS.json, and signed anew.
without_contents() { # VAULT
	local name manifest file
	mkdir -p "$1" "$BATS_TEST_TMPDIR/tree"
	cp "$P"/vault/* "$1/"
	manifest=$(printf '%s\n' "$1"/*.manifest.json | tail -1)
	name=${manifest%.manifest.json}
	file=$(echo "$name".tar*)
	age -d -i "$P/keys/identity.txt" "$file" | tar --zstd -x -C "$BATS_TEST_TMPDIR/tree"
	(cd "$BATS_TEST_TMPDIR/tree" && find . -type f ! -name CONTENTS.json -printf '%P\n' |
	    sort | tar --zstd -c -T -) | age -r "$(recipient)" \
	    -o "$file.new"
	mv -f "$file.new" "$file"
	jq -c --arg sha "$(sha256sum "$file" | cut -d' ' -f1)" --argjson bytes "$(stat -c %s "$file")" \
	    '.archive.sha256 = $sha | .archive.bytes = $bytes | del(.archive.contents) | .version = 1' \
	    "$manifest" >"$manifest.new"
	mv -f "$manifest.new" "$manifest"
	rm -f "$manifest.minisig"
	minisign -S -s "$P/keys/signing.key" -m "$manifest" -x "$manifest.minisig" \
	    -t "$(sed -n 's/^trusted comment: //p' "$P/vault/${manifest##*/}.minisig")" </dev/null
}

@test "a snapshot without its CONTENTS.json is refused" {
	chain wipe
	without_contents "$BATS_TEST_TMPDIR/vault"
	sed -i "s#directory: $P/vault#directory: $BATS_TEST_TMPDIR/vault#" "$BACKSTAY_CONFIG"
	count_writes
	run --separate-stderr restore apply latest --yes --same-cluster
	echo "$stderr"
	[ "$status" -eq 5 ]
	grep -q CONTENTS.json <<<"$stderr"
	[ "$(writes)" -eq 0 ]
	no_faults
}
