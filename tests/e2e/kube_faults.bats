#!/usr/bin/env bats
# What a cluster's API may do to a backup: the simulated server acts it out. The
# same file under the name kube_faults_real.bats has the real API server behind
# a front that acts it out.
# bats file_tags=slow
bats_require_minimum_version 1.5.0
load lib
load cluster
load capture

setup_file() {
	cluster_pick || return 0
	# Without the cache, whose snapshots a server of 1.34 and later answers from,
	# so that a list expires when etcd has forgotten its revision.
	if [ "$KUBE" = real ]; then
		encryption
		"$top/tests/servers/kube" start "$P/kube" -- --watch-cache=false \
		    --encryption-provider-config="$P/encryption.yaml"
	else
		kube_server "$KUBE" start "$P/kube"
	fi
	platform_keys
	server
	"$BATS_TEST_DIRNAME/kube_objects" load "${SERVER[@]}"
	local kubeconfig=$KUBE_CONFIG
	if [ "$KUBE" = real ]; then
		kubeconfig=$P/kubeconfig
		"$top/tests/sim/kubefront" start "$P/front" "$KUBE_URL" "$KUBE_CA" "$KUBE_ETCD"
		front
		sed "s|server: .*|server: $KUBE_URL|; /certificate-authority/d" \
		    "$KUBE_CONFIG_TOKEN" >"$kubeconfig"
	fi
	config "$kubeconfig" 'namespaces: [odd]' 'page_size: 7'
	backup 0
	kinds >"$P/all"
}

# A server that knows no key, and so cannot read what is encrypted.
encryption() {
	cat >"$P/encryption.yaml" <<-E
	apiVersion: apiserver.config.k8s.io/v1
	kind: EncryptionConfiguration
	resources:
	- resources: [secrets]
	  providers: [{identity: {}}]
	E
}

teardown_file() {
	[ ! -d "$BATS_FILE_TMPDIR/p/front" ] ||
	    "$top/tests/sim/kubefront" stop "$BATS_FILE_TMPDIR/p/front"
	cluster_stop
}

front() {
	server
	# shellcheck disable=SC1091 # written by it
	[ ! -f "$P/front/env" ] || . "$P/front/env"
}

setup() {
	cluster_need
	front
	rm -rf "$P/vault" "$P/x" "$P/state/vaults"
	clear_faults
}

clear_faults() { curl -fsS -X DELETE "$KUBE_SIM_URL/faults" >/dev/null; }
fault() { curl -fsS "$KUBE_SIM_URL/faults" -d "$1" >/dev/null; }
fired() { curl -fsS "$KUBE_SIM_URL/faults" | jq -e '[.[].fired] | add > 0' >/dev/null; }
until_fired() {
	for _ in {1..1200}; do
		fired && return
		sleep 0.05
	done
	echo 'the fault did not fire'
	return 1
}

complete() {
	backup 0 || return 1
	fired || { echo "the fault did not fire"; return 1; }
	kinds | diff "$P/all" -
}

@test "a server that is busy is waited for" {
	local begun=$EPOCHREALTIME
	fault '{"kind":"429","path":"/configmaps","count":1,"retry_after":4}'
	complete
	# As long as it says, which is longer than a first retry waits otherwise.
	awk -v t="$EPOCHREALTIME" -v s="$begun" 'BEGIN { exit !(t - s >= 4) }'
}

@test "what is left out is counted by a server that is busy as well" {
	fault '[{"kind":"429","path":"/leases","count":1,"retry_after":1},
	    {"kind":"reset","path":"/csinodes","count":1}]'
	complete
	jq -e '[.. | .left_out? | arrays | .[] | select(.resource | test("^(leases|csinodes)")) |
	    .objects >= 1] == [true, true]' "$P/m"
}

@test "errors and lost connections are tried again" {
	for kind in 500 502 503 504 reset close; do
		clear_faults
		fault '{"kind":"'$kind'","path":"/(configmaps|oddities)","count":2}'
		complete
	done
}

@test "pages that break off are read again, and nothing comes twice" {
	fault '[{"kind":"truncate","path":"/configmaps.*continue=","count":1},
	    {"kind":"reset_after","path":"/configmaps.*continue=","count":1,"skip":1},
	    {"kind":"truncate","path":"/secrets","count":2}]'
	complete
}

# All lists that are under way expire, whatever is asked for by that path.
expires() { # PATH SKIP
	fault '{"kind":"compact","path":"'"$1"'","count":1,"skip":'"$2"'}'
}

@test "a list that expires is read anew and replaces what it had written" {
	expires '/configmaps.*continue=' 2
	complete
	jq -e '[.. | .resources? | arrays | .[] | select(.resource == "configmaps") |
	    .lists[].restarts] == [1]' "$P/m"
}

@test "a list that expires after others of its kind replaces theirs as well" {
	sed 's/namespaces: .*/namespaces: [odd, odd-other]/; s/page_size: 7/page_size: 1/' \
	    "$P/backstay.yaml" >"$P/two.yaml"
	export BACKSTAY_CONFIG=$P/two.yaml
	backup 0
	kinds >"$P/two"
	[ "$(grep -c '/odd.*/configmaps/' "$P/two")" -gt 30 ]
	expires '/odd-other/configmaps.*continue=' 0
	backup 0
	fired
	kinds | diff "$P/two" -
	jq -e '[.. | .resources? | arrays | .[] | select(.resource == "configmaps") |
	    .lists[] | [.namespace, .restarts]] == [["odd", 1], ["odd-other", 1]]' "$P/m"
}

# What of the cluster the manifest says, as jq has it.
says() { jq -e "[.. | .clusters? | arrays | .[]][0] | $1" "$P/m" >/dev/null || {
	jq '[.. | .clusters? | arrays | .[]][0] | {revisions, other_revisions,
	    lists: [.resources[] | [.resource, .lists[].resource_version]]}' "$P/m"
	return 1
}; }

@test "all lists are of one revision, by namespace and by labels too" {
	local line
	for line in 'namespaces: [odd]' 'labels: "!no-such"' 'namespace_labels: "!no-such"' \
	    'gzip: on' 'concurrency: 1'; do
		sed "s/namespaces: .*/$line/; s/page_size: 7/page_size: 3/" \
		    "$P/backstay.yaml" >"$P/one.yaml"
		BACKSTAY_CONFIG=$P/one.yaml backup 0
		says '(.revisions | length) == 1 and .other_revisions == [] and
		    ([.resources[].lists[].resource_version] | unique) == .revisions'
	done
	run -0 restore show latest
	grep -q ', revisions [1-9][0-9]*,' <<<"$output"
}

@test "what lies in another etcd is of its own revision, and named" {
	sed 's/page_size: 7/defaults: false/' "$P/backstay.yaml" >"$P/all.yaml"
	BACKSTAY_CONFIG=$P/all.yaml backup 0
	says '(.revisions | length) == 1 and
	    any(.other_revisions[]; .resource == "leases.coordination.k8s.io" or
		.resource == "events")'
	run -0 restore show latest
	grep -q 'another revision: [a-z.0-9]*: many clusters keep it in an etcd of its own' <<<"$output"
}

@test "a revision that the server forgets is told, and partial where one was asked for" {
	# One list after the other: what came before that of ServiceAccounts, a
	# short one, stays as it was.
	sed 's/page_size: 7/&\n      concurrency: 1/' "$P/backstay.yaml" >"$P/slow.yaml"
	expires '/serviceaccounts.*Match=Exact' 0
	BACKSTAY_CONFIG=$P/slow.yaml backup 0
	fired
	says '(.revisions | length) == 2 and
	    ([.resources[].lists[].resource_version] | unique) == (.revisions | unique) and
	    ([.resources[] | select(.resource == "namespaces") | .lists[0].resource_version] ==
		[.revisions[0]])'
	grep -q 'warn .*the objects are of 2 moments' <<<"$stderr"
	run -0 restore show latest
	grep -q ', revisions [0-9]*, then [0-9]*,' <<<"$output"
	clear_faults
	sed 's/page_size: 7/consistency: one/' "$P/backstay.yaml" >"$P/strict.yaml"
	expires '/serviceaccounts.*Match=Exact' 0
	BACKSTAY_CONFIG=$P/strict.yaml backup 1
	jq -e '[.missing[] | select(.what == "c: one revision of all objects") | .reason |
	    test("2 moments.*consistency is .one.")] == [true]' "$P/m"
}

# What does not get better is named, and all else is there.
partial() { # WHAT REASON
	backup 1 || return 1
	jq -e --arg what "$1" --arg reason "$2" 'any(.missing[];
	    (.what | test($what)) and (.reason | test($reason)))' "$P/m" || {
		jq .missing "$P/m"
		return 1
	}
	grep -q secrets/large.json <(kinds)
}

@test "what is not a list is named" {
	fault '{"kind":"html","path":"/configmaps"}'
	partial configmaps HTML
	clear_faults
	fault '{"kind":"malformed","path":"/configmaps"}'
	partial configmaps 'not valid JSON'
	clear_faults
	fault '{"kind":"empty","path":"/configmaps"}'
	partial configmaps 'ends too early'
	clear_faults
	fault '{"kind":"truncate","path":"/configmaps"}'
	partial configmaps 'after 6 attempts'
}

list_of() { # ITEMS [METADATA]
	fault '{"kind":"reply","path":"/configmaps","body":{"kind":"ConfigMapList",
	    "apiVersion":"v1","metadata":{"resourceVersion":"1"'"${2-}"'},"items":['"$1"']}}'
}

@test "items that cannot be kept are named, and their neighbours are in" {
	list_of '{"metadata":{"name":"good","namespace":"odd"}},
	    {"metadata":{"namespace":"odd"}},
	    {"metadata":{"name":"../../up","namespace":"odd"}},
	    {"metadata":{"name":"..","namespace":"odd"}},
	    {"metadata":{"name":"good","namespace":"odd"}},
	    {"metadata":{"name":"far","namespace":"odd-other"}},
	    {"metadata":{"name":"none"}}'
	partial configmaps 'without a name'
	partial configmaps "'../../up' cannot be kept"
	partial configmaps 'leave its folder'
	partial configmaps "two objects of the name 'good'"
	partial configmaps "'far' came in the list of another namespace"
	partial configmaps "'none' has no namespace"
	[ "$(jq '.missing | length' "$P/m")" -eq 6 ]
	[ "$(kinds | grep configmaps)" = ./namespaces/odd/configmaps/good.json ]
}

@test "fewer items than were announced are not taken for all" {
	list_of '{"metadata":{"name":"a","namespace":"odd"}}' ',"remainingItemCount":5'
	partial configmaps '5 more items are to come'
	# Announced by the server itself, and then they do not come.
	clear_faults
	fault '{"kind":"reply","path":"/configmaps.*continue=","body":{"kind":"ConfigMapList",
	    "apiVersion":"v1","metadata":{"resourceVersion":"1"},"items":[]}}'
	partial configmaps '[1-9][0-9]* more items were to come, and 0 came'
}

@test "credentials that are no longer accepted are not a missing right" {
	sed 's/page_size: 7/&\n      tolerate_forbidden: [secrets, configmaps]/' "$P/backstay.yaml" >"$P/tolerant.yaml"
	export BACKSTAY_CONFIG=$P/tolerant.yaml
	fault '{"kind":"401","path":"/configmaps"}'
	run -1 agent check
	grep 'FAILED .*configmaps.*401 Unauthorized' <<<"$output"
	partial configmaps '401 Unauthorized'
	jq -e '[.. | .forbidden? // empty | .[]] == []' "$P/m"
	# Nor is a namespace taken as it is named, where it is not known who asks.
	clear_faults
	fault '{"kind":"401","path":"/api/v1/namespaces[?]"}'
	backup 3
	grep -q 'which namespaces there are' <<<"$stderr"
}

@test "a token file is read again when it is replaced" {
	local kubeconfig=$KUBE_CONFIG_TOKEN status=0
	[ ! -f "$P/kubeconfig" ] || kubeconfig=$P/kubeconfig
	cp "$KUBE_TOKEN_FILE" "$P/token"
	sed "s|token: .*|tokenFile: $P/token|" "$kubeconfig" >"$P/by-file"
	sed "s|kubeconfig: .*|kubeconfig: $P/by-file|" "$P/backstay.yaml" >"$P/by-file.yaml"
	printf '      %s\n' 'resources: [configmaps, secrets]' 'concurrency: 1' >>"$P/by-file.yaml"
	export BACKSTAY_CONFIG=$P/by-file.yaml
	fault '{"kind":"hold","path":"/configmaps.*continue="}'
	make_vaults
	"$BACKSTAY_BUILD/backstay-agent" backup 2>"$P/log" &
	local pid=$!
	until_fired
	# Of an account that may see no Secrets.
	sed -n 's/^ *token: //p' "$KUBE_CONFIG_VIEWER" >"$P/token.new"
	mv "$P/token.new" "$P/token"
	clear_faults
	wait "$pid" || status=$?
	[ "$status" -eq 1 ]
	restore show latest -o json | jq -e '[.. | .forbidden? // empty | .[] |
	    .resource] == ["secrets"]'
	run -0 restore verify latest
}

@test "so many lists at once, and no more" {
	in_flight() { # MOST COMMAND...
		clear_faults
		# Until as many are there as may be, and then for one more to come.
		fault '{"kind":"slow","path":"limit=1(&|$)","together":'"$1"',"delay_ms":40}'
		curl -gfsS -X DELETE "$KUBE_SIM_URL/stats?path=[?]limit=1(%26|$)" >/dev/null
		"${@:2}" || return 1
		local most
		most=$(curl -fsS "$KUBE_SIM_URL/stats" | jq .max_in_flight)
		[ "$most" -eq "$1" ] || { echo "$most at once"; return 1; }
	}
	sed 's/page_size: 7/page_size: 1/' "$P/backstay.yaml" >"$P/four.yaml"
	export BACKSTAY_CONFIG=$P/four.yaml
	in_flight 4 backup 0
	in_flight 4 agent check
	sed 's/page_size: 1/&\n      concurrency: 6/' "$P/four.yaml" >"$P/six.yaml"
	export BACKSTAY_CONFIG=$P/six.yaml
	in_flight 6 backup 0
	in_flight 6 agent check
}

@test "a stop in the middle leaves nothing" {
	fault '{"kind":"drip","path":"/configmaps","bytes":10,"delay_ms":100}'
	make_vaults
	"$BACKSTAY_BUILD/backstay-agent" backup 2>"$P/log" &
	local pid=$!
	until_fired
	kill -TERM "$pid"
	local status=0
	wait "$pid" || status=$?
	[ "$status" -eq 3 ]
	[ -z "$(find "$P/vault" -name 'test-*')" ]
	[ -z "$(find "$P/state" -name 'scratch-*')" ]
}

# From here on the server has that as the newest form of discovery. The simulated
# one is another, as the form is its own.
speaks() { # v2|v2beta1|old
	if [ "$KUBE" = sim ]; then
		"$BATS_TEST_DIRNAME/../sim/kube" start "$P/$1" --discovery "$1"
		# shellcheck disable=SC1091 # written by it
		. "$P/$1/env"
		SERVER=("$KUBE_URL")
		"$BATS_TEST_DIRNAME/kube_objects" load "${SERVER[@]}"
		sed "s|kubeconfig: .*|kubeconfig: $KUBE_CONFIG|" "$P/backstay.yaml" >"$P/$1.yaml"
		export BACKSTAY_CONFIG=$P/$1.yaml
	else
		clear_faults
		fault '{"kind":"'"$1"'","path":"^/apis?$"}'
	fi
}

older_form() { # again, where clear_faults took it away
	[ "$KUBE" = sim ] || fault '{"kind":"old","path":"^/apis?$"}'
}

spoken() { # v2|v2beta1|old
	[ "$KUBE" = real ] || "$BATS_TEST_DIRNAME/../sim/kube" stop "$P/$1"
}

@test "what an API serves that cannot be asked is missing, unless its own server is down" {
	speaks old
	fault '{"kind":"503","path":"^/apis/apps/v1$"}'
	partial '^c: the API apps/v1$' 503
	clear_faults
	older_form
	fault '{"kind":"reset","path":"^/apis/odd.example.com/v1$"}'
	partial '^c: the API odd.example.com/v1$' 'GET http.*/apis/odd.example.com/v1: '
	# Custom resources have no server of their own, as the APIServices tell;
	# who may not see those takes the word of the API server for it.
	clear_faults
	older_form
	fault '{"kind":"503","path":"^/apis/odd.example.com/"}'
	partial '^c: the API odd.example.com/v1$' 503
	fault '{"kind":"403","path":"^/apis/apiregistration.k8s.io/v1/apiservices$"}'
	backup 0
	jq -e 'any(.warnings[]; test("the API odd.example.com/v1 is registered and does not answer"))' "$P/m"
	# A restore takes it for the same.
	run -0 restore plan latest --same-cluster
	grep -q 'the API odd.example.com/v1 is registered and does not answer' <<<"$output"
	clear_faults
	older_form
	fault '{"kind":"503","path":"^/apis/apps/v1$"}'
	run -3 restore plan latest --same-cluster
	grep -q 'what its API apps/v1 serves: .*503' <<<"$output"
	clear_faults
	fault '{"kind":"reply","path":"^/apis$","body":{"kind":"Status"}}'
	backup 3
	grep -q 'GET /apis: this is not an answer of a Kubernetes API server' <<<"$stderr"
	clear_faults
	fault '{"kind":"html","path":"^/api$"}'
	backup 3
	grep -q "GET /api: the answer is of type 'text/html'" <<<"$stderr"
	clear_faults
	# One namespace that cannot be named keeps no other out.
	fault '{"kind":"reply","path":"^/api/v1/namespaces[?]","body":{"kind":"NamespaceList",
	    "apiVersion":"v1","metadata":{},
	    "items":[{"metadata":{}},{"metadata":{"name":"odd"}}]}}'
	backup 1
	grep -q 'c: 1 of the namespaces: an object without a name' <<<"$stderr"
	[ "$(kinds | grep -c configmaps)" -gt 0 ]
	spoken old
}

@test "labels that fit nothing are told, whatever another cluster misses" {
	sed '/^    - name: c$/,$d' "$P/backstay.yaml" >"$P/labels.yaml"
	sed -n '/^    - name: c$/,$ { s/name: c$/name: other/; s/\[odd\]/[odd, nowhere]/; p }' \
	    "$P/backstay.yaml" >>"$P/labels.yaml"
	sed -n '/^    - name: c$/,$p' "$P/backstay.yaml" >>"$P/labels.yaml"
	echo '      labels: no-such=label' >>"$P/labels.yaml"
	run -1 agent backup --config "$P/labels.yaml"
	grep -q "missing: other: namespace 'nowhere'" <<<"$output"
	grep -q "c: labels: no object in the namespaces fits 'no-such=label'" <<<"$output"
	# What could not be read may have had them.
	fault '{"kind":"403","path":"/configmaps"}'
	run -1 agent backup --config "$P/labels.yaml"
	grep -q 'missing: c: configmaps' <<<"$output"
	! grep -q 'no object in the namespaces' <<<"$output" || false
}

@test "a server that fails at first is not asked for more" {
	fault '[{"kind":"slow","path":"^/apis?$","delay_ms":1000},
	    {"kind":"reply","path":"^/api/v1/namespaces[?]","status":400,"body":{"kind":"Status"}},
	    {"kind":"slow","path":"/namespaces/kube-system$","delay_ms":1}]'
	run -1 agent check
	grep -q 'which namespaces there are: .*400' <<<"$output"
	[ "$(curl -fsS "$KUBE_SIM_URL/faults" | jq -c '[.[].fired]')" = '[2,1,0]' ]
}

@test "a check asks for a list that fails once, not in each namespace" {
	sed 's/namespaces: .*/namespaces: ["odd*"]/' "$P/backstay.yaml" >"$P/odds.yaml"
	fault '{"kind":"reply","path":"/configmaps","status":400,"body":{"kind":"Status"}}'
	run -1 agent check --config "$P/odds.yaml"
	[ "$(grep -c '^FAILED' <<<"$output")" -eq 1 ]
	grep -q '^FAILED *cluster .c. *configmaps: GET /api/v1/configmaps: 400' <<<"$output"
}

# The last one: what it registers stays.
# As a moment after it was defined.
@test "objects of a kind that the server does not list yet are missing, and named" {
	fault "$(call GET /apis | jq -c '{kind: "reply", path: "^/apis$",
	    body: (.groups |= map(select(.name != "odd.example.com")))}')"
	partial '^c: the objects of oddities.odd.example.com$' 'did not list it yet'
	clear_faults
	backup 0
}

@test "discovery in every form finds the same, but for an API whose server is down" {
	local form lists
	for form in v2 v2beta1 old; do
		speaks "$form"
		"$BATS_TEST_DIRNAME/kube_objects" broken "${SERVER[@]}"
		# What each group serves is told one by one in the older form alone.
		fault '{"kind":"slow","delay_ms":1,"path":"^/apis/odd.example.com/v1$"}'
		for _ in {1..50}; do
			backup 0 || return 1
			jq -e '[.. | .broken? // empty | .[]] == ["broken.example.com/v1"]' "$P/m" && break
			sleep 0.1
		done
		jq -e 'any(.warnings[]; test("broken.example.com/v1 is registered"))' "$P/m"
		lists=$(curl -fsS "$KUBE_SIM_URL/faults" | jq '[.[] | select(.kind == "slow") | .fired] | add')
		if [ "$form" = old ]; then [ "$lists" -gt 0 ]; else [ "$lists" -eq 0 ]; fi
		jq '[.. | .resources? | arrays | .[] |
		    [.resource, .version, .versions, .storage_version]] | sort' "$P/m" >"$P/form-$form"
		spoken "$form"
	done
	# Newer servers store some kinds in a version that they do not serve.
	jq -e 'length > 30 and all(.[]; .[3] != null or (.[0] |
	    test("^componentstatuses$|[.](apiextensions|admissionregistration)[.]")))' "$P/form-v2"
	diff "$P/form-v2" "$P/form-v2beta1"
	diff "$P/form-v2" "$P/form-old"
}

etcd() { # put|deleterange KEY [VALUE]
	local value=
	[ $# -lt 3 ] || value=",\"value\":\"$(printf %s "$3" | base64 -w0)\""
	curl -fsS "$KUBE_ETCD/v3/kv/$1" \
	    -d "{\"key\":\"$(printf %s "$2" | base64 -w0)\"$value}"
}

@test "a Secret that the server cannot decrypt is missing alone" {
	[ "$KUBE" = real ] || skip "the simulated server encrypts nothing"
	etcd put /registry/secrets/odd/a-lost k8s:enc:aescbc:v1:gone:lost
	etcd put /registry/secrets/odd/z-lost k8s:enc:aescbc:v1:gone:lost
	etcd put /registry/secrets/elsewhere/lost k8s:enc:aescbc:v1:gone:lost
	backup 1
	run --separate-stderr restore drift --only kubernetes -o json
	echo "$output$stderr"
	[ "$status" -eq 1 ]
	jq -e '.differences == [] and [.not_compared[].what] ==
	    ["kubernetes:c/odd: secrets '\''a-lost'\''", "kubernetes:c/odd: secrets '\''z-lost'\''"]' <<<"$output"
	etcd deleterange /registry/secrets/odd/a-lost
	etcd deleterange /registry/secrets/odd/z-lost
	etcd deleterange /registry/secrets/elsewhere/lost
	jq .missing "$P/m"
	kinds | grep /secrets/ | diff <(grep /secrets/ "$P/all") -
	[ "$(jq '.missing | length' "$P/m")" -eq 2 ]
	for lost in a-lost z-lost; do
		jq -e --arg it "'$lost' in 'odd' is kept by the server" 'any(.missing[];
		    .what == "an object of c: secrets in '\''odd'\''" and (.reason | contains($it)) and
		    (.reason | contains("EncryptionConfiguration")))' "$P/m"
	done
}
