#!/usr/bin/env bats
# One door: what a backup takes a restore can read, and what `verify` refuses,
# `plan` and `apply` refuse before anything is written.
# shellcheck disable=SC2154,SC2030,SC2031 # lib sets $top, bats runs each test apart
# bats file_tags=slow
bats_require_minimum_version 1.5.0
load lib
load things

setup_file() {
	export P=$BATS_FILE_TMPDIR/p KUBE=sim
	mkdir -p "$P"
	kube_server sim start "$P/kube"
	"$top/tests/sim/s3" start "$P/s3" --bucket states --bucket restored
	"$top/tests/data/platform/load" git "$P/git" >/dev/null
	"$top/tests/data/platform/load" kube "$P/kube/kubeconfig" >/dev/null
}

teardown_file() {
	kube_server sim stop "$P/kube"
	"$top/tests/sim/s3" stop "$P/s3"
}

setup() {
	set -a
	# shellcheck disable=SC1091 # written by the server
	. "$P/s3/env"
	set +a
	cd "$BATS_TEST_TMPDIR" || return
	export BACKSTAY_CONFIG=$PWD/backstay.yaml
}

config() { # YAML of the sources and targets
	cat >"$BACKSTAY_CONFIG" <<-X
	name: t
	state_dir: $PWD/state
	vaults: [{name: local, directory: $PWD/vault}]
	compression: {format: gzip}
	encryption: none
	signing: none
	$1
	X
}

git_config() {
	config "git: {repositories: [{url: $P/git/helm-charts.git}]}
restore: {targets: {repositories: {helm-charts: $PWD/target.git}}}"
}

kube_config() {
	config "kubernetes: {clusters: [{name: production, kubeconfig: $P/kube/kubeconfig}]}
restore: {targets: {clusters: [{from: production, kubeconfig: $P/kube/kubeconfig}]}}"
}

state_config() {
	config "terraform: {buckets: [{bucket: states, prefixes: [$1], endpoint: $S3_ENDPOINT, region: us-east-1, addressing: path}]}
restore: {targets: {buckets: [{from: states, bucket: restored, endpoint: $S3_ENDPOINT, region: us-east-1, addressing: path}]}}"
}

s3() { "$top/tests/tools/bucket" "$@"; }

forge() { "$top/tests/tools/forge" "$PWD/vault" "$@"; }

# Every way in refuses it, with words; nothing is unpacked or written.
refused() { # PATTERN [OPTION-OF-PLAN...]
	local pattern=$1 command
	shift
	for command in "verify latest" "plan latest --offline $*" "apply latest --yes $*"; do
		# shellcheck disable=SC2086 # words
		run --separate-stderr restore $command
		echo "$command: $status: $output $stderr"
		[ "$status" -eq 5 ]
		grep -qE "$pattern" <<<"$stderr"
	done
	[ -z "$(find state/scratch -mindepth 1 2>/dev/null)" ]
}

@test "keys of any Unicode come back as they were" {
	local long nfd part key keys=()
	nfd=$(printf 'u/cafe\xcc\x81/\xe1\x84\x92\xe1\x85\xa1\xe1\x86\xab.tfstate')
	part=$(printf '\xe2\x82\xac%.0s' {1..90}) # 270 bytes
	long=$(printf 'u/a\xe2\x82\xac%.0s' {1..66})
	keys=("$nfd" "u/$part/x" "u/a$part" "u/ab$part" "$long" "$(printf 'u/\xc3\xa9')")
	for key in "${keys[@]}"; do
		echo "{\"version\":4,\"serial\":1,\"lineage\":\"l\",\"key\":\"$key\"}" | s3 states put "$key"
	done
	state_config u/
	agent backup
	restore verify latest
	restore extract latest --to out
	restore plan latest
	restore apply latest --yes
	for key in "${keys[@]}"; do
		cmp <(s3 restored get "$key") <(s3 states get "$key")
	done
	# The standard tool gives the same names.
	mkdir tar
	tar -C tar -xf vault/*.tar.gz
	diff <(cd tar && find . -type f ! -name CONTENTS.json | LC_ALL=C sort) \
	    <(cd out && find . -type f ! -name CONTENTS.json ! -name .attrs.json | LC_ALL=C sort)
}

@test "a state that is nested deeply, or has a byte that is not UTF-8" {
	python3 -c 'print("{\"version\":4,\"serial\":1,\"lineage\":\"l\",\"x\":" + "["*400 + "]"*400 + "}")' |
	    s3 states put d/deep
	printf '{"version":4,"serial":1,"lineage":"l","x":"\xff"}' | s3 states put d/byte
	state_config d/
	agent backup
	restore verify latest
	restore plan latest
	restore apply latest --yes
	cmp <(s3 restored get d/deep) <(s3 states get d/deep)
	cmp <(s3 restored get d/byte) <(s3 states get d/byte)
}

# The store says of l/large that it has so many bytes.
says_of_large() { # BYTES
	local etag
	curl -sf -o /dev/null -X DELETE "$S3_ENDPOINT/_sim/faults"
	etag=$(s3 states etag l/large)
	jq -n --arg bytes "$1" --arg etag "$etag" '[{method: "HEAD", path: "l/large", kind: "reply",
	    headers: {"Content-Length": $bytes, ETag: $etag}}]' |
	    curl -sf -o /dev/null -X POST --data-binary @- "$S3_ENDPOINT/_sim/faults"
}

@test "an object of a bucket beyond the limit of size costs itself alone" {
	echo '{"version":4,"serial":1,"lineage":"l"}' | s3 states put l/small
	python3 -c 'print("{\"version\":4,\"serial\":1,\"lineage\":\"l\",\"x\":\"" + "x" * 2000000 + "\"}")' |
	    s3 states put l/large
	state_config l/
	agent backup
	says_of_large $((200 * 1024 * 1024 * 1024 + 1))
	sleep 1.1 # of another second, the label would lie in the future
	rm -r state/terraform
	run --separate-stderr agent backup --accept-shrink
	echo "$output$stderr"
	[ "$status" -eq 1 ]
	[ "$(restore show latest -o json | jq '.missing | length')" -eq 1 ]
	grep -q "object 's3://states/l/large': it is larger than 200 GiB" <<<"$stderr"
	restore verify latest
	restore apply latest --yes
	cmp <(s3 restored get l/small) <(s3 states get l/small)
	# At the limit it is asked for, and is not that long.
	says_of_large $((200 * 1024 * 1024 * 1024))
	sleep 1.1
	run --separate-stderr agent backup --accept-shrink
	curl -sf -o /dev/null -X DELETE "$S3_ENDPOINT/_sim/faults"
	echo "$output$stderr"
	[ "$status" -eq 1 ]
	grep -q "object 's3://states/l/large': " <<<"$stderr"
	run ! grep -q 'larger than' <<<"$stderr"
}

@test "a repository that needs what it has not, or brings in what was not captured" {
	git_config
	agent backup
	cp -a vault honest
	local refs
	refs=$(tar -xOf honest/*.tar.gz git/helm-charts.git/packed-refs)
	printf '%s\n%s refs/heads/zz\n' "$refs" "$(printf 1%.0s {1..40})" |
	    forge put git/helm-charts.git/packed-refs
	refused 'refs/heads/zz|1111111'
	for file in objects/info/alternates hooks/post-update commondir config.worktree; do
		rm -rf vault && cp -a honest vault
		forge file git/helm-charts.git/$file
		refused "git/helm-charts.git/$file: .*no such file"
	done
	rm -rf vault && cp -a honest vault
	printf '[core]\n\tbare = true\n\tfsmonitor = /bin/false\n' |
	    forge put git/helm-charts.git/config
	refused 'the config of .* is not the one'
	[ ! -e target.git ]
}

@test "an object that is not the one of its place" {
	kube_config
	agent backup
	cp -a vault honest
	local path=kubernetes/production/namespaces/staging/configmaps object
	object=$(tar -tf honest/*.tar.gz | grep "^$path/" | head -1)
	for change in '.metadata.namespace = "kube-system"' '.metadata.name = "other"' \
	    'del(.metadata.namespace)' '.kind = "Secret"' '.apiVersion = "apps/v1"' \
	    '.metadata.name = "../x"'; do
		rm -rf vault && cp -a honest vault
		tar -xOf honest/*.tar.gz "$object" | jq -c "$change" | forge put "$object"
		echo "$change"
		refused "$(basename "$object").*(not the object that was captured|cannot be kept)"
	done
}

# Deletes the first of that resource in staging, and says its path.
lose() { # SERVER RESOURCE
	local path=$1/$2 name
	name=$(curl -sf "$path" | jq -r '[.items[].metadata.name | select(. != "kube-root-ca.crt")][0]')
	curl -sf -o /dev/null -X DELETE "$path/$name"
	echo "$path/$name"
}

@test "--resume looks again: what is gone since is made anew, and nothing else" {
	kube_server sim start "$PWD/target"
	local url staging lost before
	url=$(server_of target/kubeconfig)
	staging=$url/api/v1/namespaces/staging
	s3 states put r/one <<<'{"version":4,"serial":1,"lineage":"l"}'
	config "git: {repositories: [{url: $P/git/helm-charts.git}]}
kubernetes: {clusters: [{name: production, kubeconfig: $P/kube/kubeconfig, namespaces: [staging]}]}
terraform: {buckets: [{bucket: states, prefixes: [r/], endpoint: $S3_ENDPOINT, region: us-east-1, addressing: path}]}
restore:
  targets:
    repositories: {helm-charts: $PWD/target.git}
    clusters: [{from: production, kubeconfig: $PWD/target/kubeconfig}]
    buckets: [{from: states, bucket: restored, endpoint: $S3_ENDPOINT, region: us-east-1, addressing: path}]"
	agent backup
	# Interrupted: one deployment could not be made.
	curl -sf -o /dev/null -X POST "$url/_sim/faults" \
	    -d '[{"method": "POST", "path": "deployments", "kind": "reply", "status": 403, "body": "{\"kind\":\"Status\",\"status\":\"Failure\",\"reason\":\"Forbidden\",\"message\":\"no\",\"code\":403}"}]'
	run --separate-stderr restore apply latest --yes
	echo "$output$stderr"
	[ "$status" -eq 1 ]
	curl -sf -o /dev/null -X DELETE "$url/_sim/faults"
	lost=("$(lose "$url" api/v1/namespaces/staging/configmaps)"
	    "$(lose "$url" api/v1/namespaces/staging/secrets)")
	for path in "${lost[@]}"; do ! curl -sf -o /dev/null "$path"; done
	rm -r target.git
	s3 restored delete r/one
	before=$(curl -sf "$staging/services" | jq -c '[.items[].metadata | [.uid, .resourceVersion]]')
	run --separate-stderr restore apply latest --yes --resume
	echo "$output$stderr"
	[ "$status" -eq 0 ]
	for path in "${lost[@]}"; do curl -sf -o /dev/null "$path"; done
	[ "$(curl -sf "$staging/services" | jq -c '[.items[].metadata | [.uid, .resourceVersion]]')" = "$before" ]
	[ "$(git -C target.git rev-parse main)" = "$(git -C "$P/git/helm-charts.git" rev-parse main)" ]
	cmp <(s3 restored get r/one) <(s3 states get r/one)
	kube_server sim stop "$PWD/target"
}

# An object nested to N containers, made by the API server's own hands.
deep() { # NAME CONTAINERS
	python3 -c '
import sys
n = int(sys.argv[2]) - 2
print("{\"apiVersion\":\"example.com/v1\",\"kind\":\"Thing\",\"metadata\":{\"name\":\"%s\",\"namespace\":\"staging\"},\"spec\":{\"x\":%s}}"
      % (sys.argv[1], "[" * n + "]" * n))' "$@" | kube_post apis/example.com/v1/namespaces/staging/things
}

@test "an object beyond the limit of nesting costs itself alone, all others come back" {
	things_define
	deep below 499
	deep at 500
	kube_config
	agent backup
	restore verify latest
	restore plan latest --same-cluster
	restore apply latest --same-cluster --yes
	deep above 501
	run --separate-stderr agent backup
	echo "$output$stderr"
	[ "$status" -eq 1 ]
	[ "$(restore show latest -o json | jq '.missing | length')" -eq 1 ]
	grep -q "an object of production: things.example.com: 'above' in 'staging': .*too deep" <<<"$stderr"
	restore verify latest
	local dir=kubernetes/production/namespaces/staging/things.example.com
	tar -tf "$(printf '%s\n' vault/*.tar.gz | tail -1)" | grep "^$dir/" >kept
	diff - kept <<-X
	$dir/at.json
	$dir/below.json
	X
	kube_delete apis/example.com/v1/namespaces/staging/things/above
}

# Lists of ConfigMaps from now on: three items whose size is a byte below the
# limit, the limit, and a byte above.
large_items() {
	python3 -c 'import json
def item(name, size):
    text = json.dumps({"metadata": {"name": name, "namespace": "staging", "uid": name,
                                    "resourceVersion": "1"}, "data": {"x": "@"}}, separators=(",", ":"))
    return text.replace("@", "x" * (size - len(text) + 1))
text = ",".join(item(name, (16 << 20) + over) for name, over in (("below", -1), ("at", 0), ("over", 1)))
print(json.dumps([{"method": "GET", "path": "/configmaps.*limit", "kind": "reply", "status": 200, "body":
 "{\"kind\":\"ConfigMapList\",\"apiVersion\":\"v1\",\"metadata\":{\"resourceVersion\":\"1\"},\"items\":[%s]}" % text}]))' |
		kube_post _sim/faults
}

@test "an object over the size that is taken costs itself alone, and is named by its own name" {
	kube_config
	large_items
	run --separate-stderr agent backup
	kube_delete _sim/faults
	echo "$output$stderr"
	[ "$status" -eq 1 ]
	[ "$(restore show latest -o json | jq '.missing | length')" -eq 1 ]
	grep -q "configmaps.*'over' in 'staging' is larger than the 16777216 bytes" <<<"$stderr"
	restore verify latest
	restore plan latest --same-cluster >plan
	restore extract latest --to out
	local dir=out/kubernetes/production/namespaces/staging/configmaps
	diff - <(ls $dir) <<-X
	at.json
	below.json
	X
	[ "$(jq '.data.x | length' $dir/at.json)" -gt 16777000 ]
}

@test "a mirror belongs to its URL, its configuration and its credentials" {
	local team other
	for team in a b; do
		git init -q --bare $team.git
		git -C $team.git fast-import --quiet <<-X
		commit refs/heads/main
		committer T <t@example.org> 0 +0000
		data 0
		M 644 inline secret-of-$team
		data 8
		team $team.
		X
		config "git: {repositories: [{url: $PWD/$team.git, name: platform}]}"
		sed -i "s/^name: t/name: $team/" "$BACKSTAY_CONFIG"
		cp "$BACKSTAY_CONFIG" $team.yaml
	done
	agent backup --config a.yaml
	run --separate-stderr agent backup --config b.yaml
	echo "$output$stderr"
	[ "$status" -eq 0 ]
	grep -q "was of another URL, configuration or credentials" <<<"$stderr"
	agent backup --config a.yaml
	for team in a b; do
		other=$([ $team = a ] && echo b || echo a)
		restore extract --config $team.yaml latest --to out-$team
		git -C out-$team/git/platform.git cat-file -e "$(git -C $team.git rev-parse main)"
		run git -C out-$team/git/platform.git cat-file -e "$(git -C $other.git rev-parse main)"
		[ "$status" -ne 0 ]
	done
	# The same repository, seen with other credentials: a mirror of its own.
	echo secret >password
	chmod 600 password
	cat >>a.yaml <<-X
	  credentials: [{url: $PWD/, username: somebody, password_file: $PWD/password}]
	X
	sed -i 's/^git: {repositories: \(.*\)}$/git:\n  repositories: \1/' a.yaml
	run --separate-stderr agent backup --config a.yaml
	echo "$output$stderr"
	[ "$status" -eq 0 ]
	grep -q "was of another URL, configuration or credentials" <<<"$stderr"
	run --separate-stderr agent backup --config a.yaml
	[ "$status" -eq 0 ]
	! grep -q "was of another" <<<"$stderr" || false
}

@test "names that others chose neither move the terminal nor hold anything up" {
	git_config
	agent backup
	local label evil
	label=$(restore list -o json | jq -r '.snapshots[0].label')
	# A record's level, a name with a line end, and what is not a plain file.
	evil=$(printf 'e\x1b[2Jx')
	: >"vault/$label.verified-20991231T235959Z-$evil-good.json"
	: >"vault/$label.verified-20991231T235959Z-full-$(printf '\xe2\x80\xae')good.json"
	: >"vault/$(printf 'a\nb-20200101T000000Z').manifest.json"
	run --separate-stderr restore list --all-names
	echo "$output$stderr" | cat -v
	grep -q "$label" <<<"$output"
	run ! grep -qP '\x1b|\xe2\x80\xae' <<<"$output$stderr"
	rm vault/*.tar.gz
	mkfifo "vault/$label.tar.gz"
	for command in "verify latest" "verify --quick latest" "plan latest --offline"; do
		# shellcheck disable=SC2086 # words
		run --separate-stderr timeout 20 "$BACKSTAY_BUILD/backstay-restore" $command
		echo "$command: $status $stderr"
		[ "$status" -eq 5 ] || [ "$status" -eq 3 ]
	done
}

drips() { # BYTES EVERY-MS
	curl -sf -o /dev/null -X POST "$server/_sim/faults" \
	    -d "[{\"method\": \"GET\", \"path\": \"/configmaps.*limit\", \"kind\": \"drip\", \"bytes\": $1, \"delay_ms\": $2}]"
	run --separate-stderr agent backup
	curl -sf -o /dev/null -X DELETE "$server/_sim/faults"
	echo "$output$stderr"
	[ "$status" -eq 1 ]
}

@test "a list that goes in circles, or that drips, ends" {
	config "kubernetes: {clusters: [{name: production, kubeconfig: $P/kube/kubeconfig, request_timeout: 2s}]}"
	local server
	server=$(server_of "$P/kube/kubeconfig")
	curl -sf -o /dev/null -X POST "$server/_sim/faults" -d '[{"method": "GET",
	 "path": "/configmaps.*(limit|continue)", "kind": "reply", "status": 200, "body":
	 "{\"kind\":\"ConfigMapList\",\"apiVersion\":\"v1\",\"metadata\":{\"resourceVersion\":\"1\",\"continue\":\"again\"},\"items\":[]}"}]'
	run --separate-stderr agent backup
	curl -sf -o /dev/null -X DELETE "$server/_sim/faults"
	echo "$output$stderr"
	[ "$status" -eq 1 ]
	grep -q "goes in circles" <<<"$stderr"
	drips 1 200
	grep -q "configmaps" <<<"$stderr"
	# Quick enough never to stall, and too slow ever to end.
	sed -i 's/request_timeout: 2s/request_timeout: 1s/' "$BACKSTAY_CONFIG"
	drips 30 200
	grep -q "configmaps.*the server is too slow, and the transfer was ended" <<<"$stderr"
}
