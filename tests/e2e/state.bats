#!/usr/bin/env bats
# Terraform state out of Ceph's gateway and back, with lock tables of dynalite:
# whole programs, other tools' eyes on what they did, and Terraform itself
# where it is installed.
# shellcheck disable=SC2154,SC2034,SC2086 # lib sets $top, bats sets $output; $b is one word
# bats file_tags=slow
bats_require_minimum_version 1.5.0
load lib

setup_file() {
	export P=$BATS_FILE_TMPDIR/p
	mkdir -p "$P"
	"$top/tests/servers/s3" start "$P/s3" --sts -- rgw_crypt_require_ssl=false &
	local pid=$!
	"$top/tests/servers/dynamodb" start "$P/table" --table locks --table other
	wait "$pid"
	platform_keys
}

teardown_file() {
	"$top/tests/servers/stop-all" "$P" || true
}

setup() {
	set -a
	# shellcheck disable=SC1091 # written by the servers
	. "$P/table/env"
	# shellcheck disable=SC1091
	. "$P/s3/env"
	AWS_ENDPOINT_URL_S3=$S3_ENDPOINT
	AWS_ENDPOINT_URL_DYNAMODB=$DYNAMODB_ENDPOINT
	AWS_ENDPOINT_URL_STS=$S3_ENDPOINT
	AWS_EC2_METADATA_DISABLED=true
	AWS_DEFAULT_REGION=$AWS_REGION
	set +a
	T=$BATS_TEST_TMPDIR
	export BACKSTAY_CONFIG=$T/backstay.yaml
	b=states-$BATS_TEST_NUMBER
	proxies=()
	s3_tool make $b
	config >"$BACKSTAY_CONFIG"
}

teardown() {
	stop_proxies
	[ ! -d "$T/sim" ] || "$top/tests/sim/s3" stop "$T/sim"
}

s3_tool() { "$BACKSTAY_BUILD/tests/tools/s3_tool" "$@"; }

# What a bucket of the configuration says beside its name, and the targets.
config() { # [MORE-OF-THE-BUCKET [TARGETS]]
	cat <<-X
	name: state
	state_dir: $T/state
	vaults: [{name: local, directory: $T/vault}]
	$(keys_config)
	terraform:
	  buckets:
	    - bucket: $b
	      endpoint: ${endpoint:-$S3_ENDPOINT}
	      region: default
	$(sed 's/^/      /' <<<"${1-}")
	restore:
	  targets:
	    repositories: {}
	$(sed 's/^/    /' <<<"${2-}")
	X
}

s3() { "$top/tests/tools/bucket" "$@"; }

get_sealed() { # KEY [BUCKET]: under the customer's key in $headers
	s3 "${2-$b}" get "$1" "${headers[@]}"
}

# An item of a lock table: item TABLE LOCK-ID [ATTRIBUTE VALUE]
item() {
	local call=GetItem body
	body=$(jq -n --arg t "$1" --arg k "$2" '{TableName: $t, Key: {LockID: {S: $k}}}')
	if [ $# -gt 2 ]; then
		call=PutItem
		body=$(jq -n --arg t "$1" --arg k "$2" --arg a "$3" --arg v "$4" \
		    '{TableName: $t, Item: {LockID: {S: $k}, ($a): {S: $v}}}')
	fi
	curl -fsS -H "X-Amz-Target: DynamoDB_20120810.$call" -H 'Content-Type: application/x-amz-json-1.0' \
	    -H 'X-Amz-Date: 20200101T000000Z' -H 'Authorization: AWS4-HMAC-SHA256 Credential=any/20200101/us-east-1/dynamodb/aws4_request, SignedHeaders=host, Signature=any' \
	    -d "$body" "$DYNAMODB_ENDPOINT" | jq -r '.Item // {} | to_entries[] | "\(.key)=\(.value.S)"'
}

state() { # SERIAL LINEAGE [CONTENT]
	printf '{"version":4,"terraform_version":"1.9.0","serial":%s,"lineage":"%s","resources":[{},{}],"outputs":{"x":"%s"}}' \
	    "$1" "$2" "${3-}"
}

# Sets $proxied, for what is asked of UPSTREAM; its requests are in LOG.
start_proxy() { # UPSTREAM LOG [ARGUMENT...]
	rm -f "$T/port"
	: >"$2"
	"$top/tests/e2e/s3_proxy" "$T/port" "$2" "$1" "${@:3}" 3>&- &
	proxies+=($!)
	await [ -e "$T/port" ]
	proxied=http://127.0.0.1:$(cat "$T/port")
}
stop_proxies() {
	[ ${#proxies[@]} -eq 0 ] || kill "${proxies[@]}" || true
	proxies=()
}

@test "the sample platform's bucket comes back in a fresh bucket and table, and other tools see it" {
	BUCKET=$b "$top/tests/data/platform/load" s3 "$S3_ENDPOINT" >/dev/null
	BUCKET=$b "$top/tests/data/platform/dump" s3 "$S3_ENDPOINT" | sed '/\.tflock /d' >"$T/before"
	s3_tool make $b-new
	config '' "buckets: [{from: $b, bucket: $b-new, endpoint: $S3_ENDPOINT, dynamodb_table: locks}]" >"$BACKSTAY_CONFIG"
	agent backup
	restore apply latest --yes
	BUCKET=$b-new "$top/tests/data/platform/dump" s3 "$S3_ENDPOINT" >"$T/after"
	diff "$T/before" "$T/after"
	# Each state has its digest under the new name, and no lock is left.
	n=0
	while IFS= read -r key; do
		# What is not a state has none.
		want=
		if s3 $b-new get "$key" | jq -en 'input | .serial and .lineage' >/dev/null 2>&1; then
			want=$(s3 $b-new get "$key" | md5sum | cut -d' ' -f1)
			n=$((n + 1))
		fi
		[ "$(item locks "$b-new/$key-md5" | sed -n 's/^Digest=//p')" = "$want" ]
		[ -z "$(item locks "$b-new/$key")" ]
	done < <(s3 $b-new keys)
	[ "$n" -ge 8 ]
	# Again: nothing is to be done.
	restore apply latest --yes -o json >"$T/again"
	[ "$(jq -r '.. | .outcome? // empty' "$T/again" | sort -u)" = unchanged ]
}

@test "plan --server says of a bucket that is not there what apply does" {
	state 1 l | s3 $b put one.tfstate
	config '' "buckets: [{from: $b, bucket: $b-nowhere, endpoint: '$S3_ENDPOINT', region: default}]" >"$BACKSTAY_CONFIG"
	agent backup
	both() { # STATUS OUTCOME
		local command
		for command in "plan latest --server --all" "apply latest --yes"; do
			run --separate-stderr restore $command -o json
			echo "$command: $status: $output"
			[ "$status" -eq "$1" ]
			[ "$(jq -r '.items[].outcome' <<<"$output")" = "$2" ]
		done
	}
	both 1 failed
	[[ $output == *"$b-nowhere"*NoSuchBucket*"make the bucket"* ]]
	s3_tool make $b-nowhere
	both 0 created
	both 0 unchanged
}

@test "a held lock is named with its holder by backup and apply, and left" {
	info='{"ID":"0a1b","Operation":"OperationTypeApply","Who":"ann@laptop","Created":"2026-01-02T03:04:05Z"}'
	state 1 l | s3 $b put one.tfstate
	state 1 m | s3 $b put two.tfstate
	printf '%s' "$info" | s3 $b put one.tfstate.tflock
	item locks $b/two.tfstate Info "$info"
	# Globs that fit states do not hide their locks.
	config $'dynamodb_table: locks\ninclude: ["*.tfstate"]' >"$BACKSTAY_CONFIG"
	run agent backup
	[ "$status" -eq 0 ]
	[[ $output == *"$b/one.tfstate.tflock"*ann@laptop* ]]
	[[ $output == *"$b/two.tfstate"*locked*locks*ann@laptop* ]]
	restore show latest -o json | jq -e '[.. | .locks? // empty | .[]] | length == 2'
	s3 $b delete one.tfstate
	s3 $b delete two.tfstate
	for command in "plan latest --server --only terraform" "apply latest --yes"; do
		# shellcheck disable=SC2086
		run restore $command
		[ "$status" -ne 0 ]
		[ "$(grep -c ann@laptop <<<"$output")" -ge 2 ]
	done
	[ "$(s3 $b keys)" = one.tfstate.tflock ]
	[[ $(item locks $b/two.tfstate) == *ann@laptop* ]]
	[[ $(s3 $b get one.tfstate.tflock) == "$info" ]]
}

@test "a table that is missing is said once, and the objects still go back" {
	for i in 1 2 3; do state $i l$i | s3 $b put s$i.tfstate; done
	agent backup
	for i in 1 2 3; do s3 $b delete s$i.tfstate; done
	config 'dynamodb_table: no-such-table' >"$BACKSTAY_CONFIG"
	run restore apply latest --yes
	[ "$(grep -c no-such-table <<<"$output")" -eq 1 ]
	[ "$(s3 $b keys | wc -l)" -eq 3 ]
}

@test "keys of every odd kind come back, and the aws command sees the same" {
	python3 - >"$T/keys.json" <<-'X'
	import json
	print(json.dumps(["plain", "with space", "plus+and%percent%2F", "a//b", "trailing/",
	    "dots/../x", "./here", "..", "semi;quote'double\"", "amp&lt<gt>", "uml-ä/€/💾",
	    "tilde~-._", "!*'()", "=?#@:$,[]{}|\\^`", "env:/dev/a", "a", "a/b", "a/b/c",
	    "x" * 1024, "y/" * 300 + "z", "%versions/x", "-dash", " lead", "trail "]))
	X
	aws_json() { aws --endpoint-url "$S3_ENDPOINT" --output json "$@"; }
	python3 - "$T/keys.json" >"$T/put.sh" <<-'X'
	import json, shlex, sys
	for i, k in enumerate(json.load(open(sys.argv[1]))):
	    print("printf 'content %d' | s3 \"$b\" put %s" % (i, shlex.quote(k)))
	X
	# shellcheck disable=SC1091 # just written
	. "$T/put.sh"
	aws_json s3api list-objects-v2 --bucket $b | jq -r '[.Contents[] | [.Key, .ETag]] | sort' >"$T/before"
	[ "$(jq length "$T/before")" = "$(jq length "$T/keys.json")" ]
	s3_tool make $b-new
	config '' "buckets: [{from: $b, bucket: $b-new, endpoint: $S3_ENDPOINT}]" >"$BACKSTAY_CONFIG"
	agent backup
	restore apply latest --yes
	aws_json s3api list-objects-v2 --bucket $b-new | jq -r '[.Contents[] | [.Key, .ETag]] | sort' >"$T/after"
	diff "$T/before" "$T/after"
	aws_json s3api get-object --bucket $b-new --key "semi;quote'double\"" "$T/one" >/dev/null
	[ "$(cat "$T/one")" = 'content 8' ]
}

@test "versions, workspaces and encrypted state are told and kept" {
	s3 $b versions Enabled
	for i in 1 2 3 4; do state $i lin | s3 $b put env:/dev/app.tfstate; done
	printf '{"serial":7,"lineage":"enc","meta":{"key_provider.pbkdf2.k":"x"},"encrypted_data":"AAAA","encryption_version":"v0"}' |
	    s3 $b put enc.tfstate
	config 'versions: 3' >"$BACKSTAY_CONFIG"
	agent backup
	restore extract latest --to "$T/tree"
	find "$T/tree/terraform/$b/%versions" -type f | wc -l | grep -qx 2
	find "$T/tree/terraform/$b/%versions" -type f -exec cat {} + | grep -o '"serial":[0-9]*' | sort | tr '\n' ' ' |
	    grep -qx '"serial":2 "serial":3 '
	[ "$(jq .serial "$T/tree/terraform/$b/env:/dev/app.tfstate")" = 4 ]
	restore show latest -o json | jq -e '[.. | .states? // empty | .[]] |
	    (map(select(.workspace == "dev")) | length == 1 and .[0].serial == 4 and .[0].resources == 2 and .[0].lineage == "lin" and .[0].terraform_version == "1.9.0") and
	    (map(select(.encrypted)) | length == 1 and .[0].serial == 7)'
	s3_tool make $b-new
	config '' "buckets: [{from: $b, bucket: $b-new, endpoint: $S3_ENDPOINT, dynamodb_table: locks}]" >"$BACKSTAY_CONFIG"
	restore apply latest --yes
	s3 $b get enc.tfstate | cmp - <(s3 $b-new get enc.tfstate)
	[ "$(item locks $b-new/enc.tfstate-md5 | sed -n 's/^Digest=//p')" = "$(s3 $b get enc.tfstate | md5sum | cut -d' ' -f1)" ]
	# Older versions stay in the archive.
	[ "$(s3 $b-new get env:/dev/app.tfstate | jq .serial)" = 4 ]
}

@test "prefixes and globs choose; headers and tags come back" {
	local key
	for key in a/x.tfstate a/x/y.tfstate a/x.backup b/z.tfstate b/notes.txt c/w.tfstate; do state 1 l | s3 $b put $key; done
	state 2 l | s3 $b put b/tagged.tfstate content-type:application/x-state cache-control:no-store \
	    x-amz-meta-owner:'team a' 'x-amz-tagging:env=prod&who=a%20b%26c'
	s3_tool make $b-new
	config $'prefixes: [b/, a/, a/x]\ninclude: ["*.tfstate", "*.backup"]\nexclude: ["*.backup"]' \
	    "buckets: [{from: $b, bucket: $b-new, endpoint: $S3_ENDPOINT}]" >"$BACKSTAY_CONFIG"
	agent backup
	restore apply latest --yes
	[ "$(s3 $b-new keys | tr '\n' ' ')" = 'a/x.tfstate a/x/y.tfstate b/tagged.tfstate b/z.tfstate ' ]
	aws --endpoint-url "$S3_ENDPOINT" s3api head-object --bucket $b-new --key b/tagged.tfstate |
	    jq -e '.ContentType == "application/x-state" and .CacheControl == "no-store" and .Metadata.owner == "team a"'
	aws --endpoint-url "$S3_ENDPOINT" s3api get-object-tagging --bucket $b-new --key b/tagged.tfstate |
	    jq -e '[.TagSet | sort_by(.Key)[] | "\(.Key)=\(.Value)"] == ["env=prod", "who=a b&c"]'
}

@test "an object that changes between the list and its turn is read as it is by then" {
	state 1 l | s3 $b put one.tfstate
	head -c 3000000 /dev/zero | s3 $b put big.bin
	cat >"$T/change" <<-X
	state() { $(declare -f state | tail -n +2); }
	s3() { $(declare -f s3 | tail -n +2); }
	state 2 l | s3 $b put one.tfstate
	head -c 4000000 /dev/zero | tr '\\0' x | s3 $b put big.bin
	X
	start_proxy "$S3_ENDPOINT" "$T/log" --after-list "top=$top bash $T/change"
	endpoint=$proxied
	config >"$BACKSTAY_CONFIG"
	run agent backup
	[ "$status" -eq 0 ]
	[[ $output == *one.tfstate*"changed while it was read"* ]]
	restore extract latest --to "$T/tree"
	[ "$(jq .serial "$T/tree/terraform/$b/one.tfstate")" = 2 ]
	[ "$(tr -d x <"$T/tree/terraform/$b/big.bin" | wc -c)" = 0 ]
	[ "$(stat -c %s "$T/tree/terraform/$b/big.bin")" = 4000000 ]
}

@test "1,001 and 5,000 objects are all there; the next run asks for their list and nothing else" {
	local n
	for n in 1001 ${BACKSTAY_FULL:+5000}; do
		s3_tool fill $b "" "$n"
		start_proxy "$S3_ENDPOINT" "$T/log"
		endpoint=$proxied
		config >"$BACKSTAY_CONFIG"
		agent backup
		[ "$(restore show latest -o json | jq '[.. | .states? // empty | .[]] | length')" = "$n" ]
		grep -c 'list-type=2' "$T/log" | grep -qx $(((n + 999) / 1000))
		: >"$T/log"
		agent backup
		grep -vc 'GET .*list-type=2' "$T/log" | grep -qx 0
		grep -c 'list-type=2' "$T/log" | grep -qx $(((n + 999) / 1000))
		[ "$(restore show latest -o json | jq '[.. | .states? // empty | .[]] | length')" = "$n" ]
		stop_proxies
	done
}

@test "a backup that is told to stop leaves no lock and no upload in a vault in a bucket" {
	head -c 30000000 /dev/urandom | s3 $b put big.bin
	s3_tool make $b-vault
	# Told while its first list is under way, when it has its lock.
	cat >"$T/stop" <<-X
	until [ -s $T/pid ]; do sleep 0.05; done
	kill -TERM \$(cat $T/pid)
	sleep 0.5
	X
	start_proxy "$S3_ENDPOINT" "$T/log" --after-list "bash $T/stop"
	endpoint=$proxied
	config | sed "s|^vaults:.*|vaults: [{name: remote, s3: {bucket: $b-vault, endpoint: $S3_ENDPOINT, region: default, addressing: path}}]|" >"$BACKSTAY_CONFIG"
	make_vaults
	"$BACKSTAY_BUILD/backstay-agent" backup >"$T/stopped" 2>&1 3>&- &
	echo $! >"$T/pid"
	status=0
	wait $! || status=$?
	[ "$status" -eq 3 ] || { cat "$T/stopped"; false; }
	grep -q 'stopped on request' "$T/stopped"
	[ -z "$(s3 $b-vault keys | grep -v ^backstay-vault)" ] || { s3 $b-vault keys; cat "$T/stopped"; false; }
	run aws --endpoint-url "$S3_ENDPOINT" s3api list-multipart-uploads --bucket $b-vault --query 'Uploads[].Key' --output text
	[ "$output" = None ]
	# The next one need not wait for it.
	agent backup
}

# What is said to be there is there, whole; and repeating gets the rest.
@test "requests that come to grief: no false success, nothing lost" {
	local rate n=60
	[ -z "${BACKSTAY_FULL-}" ] || n=2000
	s3_tool fill $b many/ "$n"
	head -c 30000000 /dev/urandom >"$T/big"
	s3 $b put big.bin <"$T/big"
	for rate in ${BACKSTAY_FULL:+0.01 0.05} 0.20; do
		rm -rf "$T/state" "$T/vault" "$T/tree"
		start_proxy "$DYNAMODB_ENDPOINT" "$T/log.table" "$rate" "seed-$rate"
		table=$proxied
		start_proxy "$S3_ENDPOINT" "$T/log" "$rate" "seed-$rate"
		endpoint=$proxied
		s3_tool make "$b-$rate"
		config '' "buckets: [{from: $b, bucket: $b-$rate, endpoint: $endpoint, dynamodb_table: locks, dynamodb_endpoint: $table}]" >"$BACKSTAY_CONFIG"
		tries=0
		until agent backup 2>"$T/backup.log"; do
			# Partial, and what is missing is named.
			[ "$?" -le 3 ]
			tries=$((tries + 1))
			[ "$tries" -lt 5 ]
		done
		restore extract latest --to "$T/tree"
		[ "$(find "$T/tree/terraform/$b" -type f | wc -l)" = $((n + 1)) ]
		cmp "$T/big" "$T/tree/terraform/$b/big.bin"
		tries=0
		until restore apply latest --yes >"$T/apply.log" 2>&1; do
			tries=$((tries + 1))
			[ "$tries" -lt 5 ] || { tail -20 "$T/apply.log"; false; }
		done
		mkdir "$T/down-$rate"
		AWS_ENDPOINT_URL_S3=$S3_ENDPOINT s3_tool down "$b-$rate" "" "$T/down-$rate"
		diff -r "$T/tree/terraform/$b" "$T/down-$rate"
		harm=$(cat "$T/log" "$T/log.table" | grep -cE ' (500|503|400|reset|lost|cut)$')
		[ -z "${BACKSTAY_FULL-}" ] || echo "# rate $rate: $(cat "$T/log" "$T/log.table" | wc -l) requests, $harm came to grief, $tries repeats" >&3
		[ "$harm" -gt 0 ]
		# No lock and no half upload is left.
		run aws --endpoint-url "$S3_ENDPOINT" s3api list-multipart-uploads --bucket "$b-$rate" --query 'Uploads[].Key' --output text
		[ "$output" = None ]
		[ -z "$(item locks "$b-$rate/many/00000.tfstate")" ]
		stop_proxies
	done
}

start_sim() {
	"$top/tests/sim/s3" start "$T/sim" --bucket $b
	set -a
	# shellcheck disable=SC1091 # written by the server
	. "$T/sim/env"
	set +a
	config | sed "s/region: default/region: $AWS_REGION/" >"$BACKSTAY_CONFIG"
}

# Ceph and AWS encode it; other stores give what they were given.
@test "metadata that is not UTF-8 costs no backup, and is told of each time" {
	start_sim
	state 1 l | s3 $b put a.tfstate x-amz-meta-owner:caf$'\xe9'
	for _ in got cached; do
		run -0 --separate-stderr agent backup
		echo "$output $stderr"
		grep -q "a.tfstate' has metadata that is not UTF-8" <<<"$stderr"
		run -0 restore verify latest
		sleep 1.1
	done
}

@test "a bucket that cannot be read costs no other source, nor does a repository" {
	state 1 l | s3 $b put a.tfstate
	git init -q -b main "$T/work"
	git -C "$T/work" -c user.name=t -c user.email=t@example.org commit -q --allow-empty -m t
	{
		config "- {bucket: $b-nowhere, endpoint: $S3_ENDPOINT, region: default}" | sed 's/^      - /    - /'
		echo "git: {repositories: [{url: $T/work}, {url: $T/none}]}"
	} >"$BACKSTAY_CONFIG"
	run -1 --separate-stderr agent backup
	grep -q "missing: .*$b-nowhere.*NoSuchBucket" <<<"$stderr"
	grep -q "missing: repository 'none'" <<<"$stderr"
	[ "$(grep -c missing: <<<"$stderr")" = 2 ]
	restore extract latest --to "$T/out"
	state 1 l | cmp - "$T/out/terraform/$b/a.tfstate"
	[ "$(git -C "$T/out/git/work.git" rev-parse main)" = "$(git -C "$T/work" rev-parse main)" ]
}

@test "what is listed and not given is missing; what was deleted meanwhile is not" {
	start_sim
	state 1 l | s3 $b put one.tfstate
	state 1 m | s3 $b put two.tfstate
	curl -fsS -d '{"method": "GET", "path": "one.tfstate$", "kind": "404", "code": "NoSuchKey"}' "$S3_SIM_URL/faults" -o /dev/null
	run agent backup
	[ "$status" -eq 1 ] || { echo "$output"; false; }
	[[ $output == *"one.tfstate"*NoSuchKey* ]]
	curl -fsS -X DELETE "$S3_SIM_URL/faults" -o /dev/null
	cat >"$T/change" <<-X
	s3() { $(declare -f s3 | tail -n +2); }
	s3 $b delete one.tfstate
	X
	start_proxy "$S3_ENDPOINT" "$T/log" --after-list "top=$top bash $T/change"
	endpoint=$proxied
	rm -rf "$T/state"
	config | sed "s/region: default/region: $AWS_REGION/" >"$BACKSTAY_CONFIG"
	run agent backup
	[ "$status" -eq 0 ] || { echo "$output"; false; }
	[[ $output == *"one.tfstate' was deleted while the backup ran"* ]]
}

@test "a store whose clock is 16 minutes ahead is signed for, and told of" {
	start_sim
	state 1 l | s3 $b put one.tfstate
	curl -fsS -d '{"offset_s": 960}' "$S3_SIM_URL/clock" -o /dev/null
	run agent backup
	[ "$status" -eq 0 ] || { echo "$output"; false; }
	[[ $output == *"clock"*"differ by +9"[56]*" seconds"* ]]
}

@test "check names where credentials come from, and never a secret" {
	state 1 l | s3 $b put one.tfstate
	key=$AWS_ACCESS_KEY_ID secret=$AWS_SECRET_ACCESS_KEY
	check_says() { # TEXT
		run agent check
		[ "$status" -eq 0 ] || { echo "$output"; return 1; }
		[[ $output == *"bucket '$b'"*"credentials: "*"$1"* ]] || { echo "$output"; return 1; }
		[[ $output != *"$secret"* ]]
	}
	check_says 'environment'
	unset AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY
	check_says "profile 'default'"
	printf '[proc]\ncredential_process = %s\n[base]\naws_access_key_id = %s\naws_secret_access_key = %s\n' "$T/give" "$key" "$secret" >"$T/creds"
	printf '#!/bin/sh\necho '\''{"Version":1,"AccessKeyId":"%s","SecretAccessKey":"%s"}'\''\n' "$key" "$secret" >"$T/give"
	chmod +x "$T/give"
	export AWS_SHARED_CREDENTIALS_FILE=$T/creds
	AWS_PROFILE=proc check_says "credential_process of profile 'proc'"
	# A role of the real STS, assumed with another profile's keys.
	AWS_PROFILE=base aws --endpoint-url "$S3_ENDPOINT" iam create-role --role-name reader --path / \
	    --assume-role-policy-document '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":["arn:aws:iam:::user/test"]},"Action":["sts:AssumeRole"]}]}' >/dev/null
	AWS_PROFILE=base aws --endpoint-url "$S3_ENDPOINT" iam put-role-policy --role-name reader --policy-name all \
	    --policy-document '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["s3:*"],"Resource":["arn:aws:s3:::*"]}]}'
	printf '[profile ops]\nrole_arn = arn:aws:iam:::role/reader\nsource_profile = base\nregion = default\n' >"$T/config"
	AWS_CONFIG_FILE=$T/config AWS_PROFILE=ops check_says "role arn:aws:iam:::role/reader of profile 'ops', assumed with profile 'base'"
	printf '%s' "$key" >"$T/id"
	printf '%s' "$secret" >"$T/key"
	config "access_key_id_file: $T/id
secret_access_key_file: $T/key" >"$BACKSTAY_CONFIG"
	check_says 'the configuration'
}

# With a table alone, with lock files alone, and with both.
goes_on() { # terraform|tofu
	local tool=$1
	command -v "$tool" >/dev/null || skip "$tool is not installed (no Debian or npm package has it)"
	export CHECKPOINT_DISABLE=1 TF_IN_AUTOMATION=1 TF_INPUT=0 TF_CLI_CONFIG_FILE=$T/terraformrc
	: >"$T/terraformrc"
	backend() { # BUCKET KEY MORE
		cat >main.tf <<-X
		terraform {
		  backend "s3" {
		    bucket = "$1"
		    key    = "$2"
		    region = "us-east-1"
		    $3
		    use_path_style              = true
		    skip_credentials_validation = true
		    skip_metadata_api_check     = true
		    skip_region_validation      = true
		    skip_requesting_account_id  = true
		    skip_s3_checksum            = true
		    endpoints = { s3 = "$S3_ENDPOINT", dynamodb = "$DYNAMODB_ENDPOINT" }
		  }
		}
		variable "input" { default = "one" }
		resource "terraform_data" "a" { input = var.input }
		X
		rm -rf .terraform
		"$tool" init -no-color -reconfigure >/dev/null
	}
	unchanged() { run "$tool" plan -no-color -detailed-exitcode -lock-timeout=1s; [ "$status" -eq 0 ] || { echo "$output"; return 1; }; }
	mkdir "$T/tf"
	cd "$T/tf"
	backend $b aws/app.tfstate 'dynamodb_table = "locks"'
	"$tool" apply -no-color -auto-approve >/dev/null
	config 'dynamodb_table: locks' "buckets: []" >"$BACKSTAY_CONFIG"
	agent backup
	# Somebody goes on, then the object is lost and the table is not: a copy
	# of the old object is what Terraform refuses ...
	"$tool" apply -no-color -auto-approve -var input=two >/dev/null
	s3 $b delete aws/app.tfstate
	restore extract latest --to "$T/tree"
	s3 $b put aws/app.tfstate <"$T/tree/terraform/$b/aws/app.tfstate"
	run timeout 60 "$tool" plan -no-color
	[ "$status" -ne 0 ]
	[[ $output == *"does not"*"have the expected content"* ]]
	# ... and what Backstay restores it takes at once.
	restore apply latest --yes
	unchanged
	"$tool" apply -no-color -auto-approve -var input=three >/dev/null
	# What is newer is not overwritten.
	run restore apply latest --yes
	[ "$status" -ne 0 ]
	[[ $output == *"--overwrite-state"*"newer"* ]]
	# Another bucket, key and table.
	s3_tool make $b-new
	config '' "buckets: [{from: $b, from_prefix: aws/, bucket: $b-new, to_prefix: dr/, endpoint: $S3_ENDPOINT, dynamodb_table: other}]" >"$BACKSTAY_CONFIG"
	restore apply latest --yes
	backend $b-new dr/app.tfstate 'dynamodb_table = "other"'
	unchanged
	"$tool" apply -no-color -auto-approve -var input=four >/dev/null
	# Lock files instead of a table.
	s3_tool make $b-files
	config '' "buckets: [{from: $b, bucket: $b-files, endpoint: $S3_ENDPOINT}]" >"$BACKSTAY_CONFIG"
	restore apply latest --yes
	backend $b-files aws/app.tfstate 'use_lockfile = true'
	unchanged
	"$tool" apply -no-color -auto-approve -var input=five >/dev/null
	# Terraform respects the lock that Backstay would hold, and the other way round.
	printf '{"ID":"7","Who":"backstay@x"}' | s3 $b-files put aws/app.tfstate.tflock
	run "$tool" plan -no-color
	[ "$status" -ne 0 ]
	[[ $output == *"backstay@x"* ]]
	# Both at once, as while one moves from the one to the other.
	s3_tool make $b-both
	config '' "buckets: [{from: $b, bucket: $b-both, endpoint: $S3_ENDPOINT, dynamodb_table: other}]" >"$BACKSTAY_CONFIG"
	restore apply latest --yes
	backend $b-both aws/app.tfstate 'dynamodb_table = "other"
		    use_lockfile = true'
	unchanged
	"$tool" apply -no-color -auto-approve -var input=six >/dev/null
	# A bucket under a customer's key: the backend reads what the restore wrote.
	s3_tool make $b-sealed
	openssl rand -base64 32 >"$T/key"
	chmod 600 "$T/key"
	config '' "buckets: [{from: $b, bucket: $b-sealed, endpoint: $S3_ENDPOINT, sse_customer_key_file: $T/key}]" >"$BACKSTAY_CONFIG"
	restore apply latest --yes
	backend $b-sealed aws/app.tfstate "encrypt = true
		    sse_customer_key = \"$(cat "$T/key")\"
		    use_lockfile = true"
	unchanged
	"$tool" apply -no-color -auto-approve -var input=seven >/dev/null
}

@test "Terraform itself goes on after a restore, with the table and with lock files" { goes_on terraform; }

@test "OpenTofu itself goes on after a restore, with the table and with lock files" { goes_on tofu; }

# What comes is held against the size of the list and the MD5 that a plain ETag
# is. rclone #6533, #8137, #8500: bodies packed on the way; the AWS SDKs, and so
# Terraform, ask for "identity".
@test "a state that a proxy would pack comes as it is, and one that it packs, cuts or changes is missing by name" {
	start_sim
	state 1 l | s3 $b put a.tfstate
	upstream=$S3_ENDPOINT
	for manner in gzip cut-once; do
		rm -rf "$T/state"
		start_proxy "$upstream" "$T/log" --manner $manner
		endpoint=$proxied config | sed "s/region: default/region: $AWS_REGION/" >"$BACKSTAY_CONFIG"
		agent backup
		rm -rf "$T/out"
		restore extract latest --to "$T/out"
		state 1 l | cmp - "$T/out/terraform/$b/a.tfstate"
	done
	printf 'plain' | s3 $b put readme.txt
	for manner in gzip-always cut flip; do
		rm -rf "$T/state"
		start_proxy "$upstream" "$T/log" --manner $manner
		endpoint=$proxied config 'include: [a.tfstate]' | sed "s/region: default/region: $AWS_REGION/" >"$BACKSTAY_CONFIG"
		run -3 --separate-stderr agent backup
		case $manner in
		gzip-always) want='bytes came where the store.s list says .* .Content-Encoding: gzip.' ;;
		cut) want='bytes came where the store.s list says' ;;
		flip) want='are not those whose MD5 is its ETag' ;;
		esac
		grep -q "missing: object 's3://$b/a.tfstate': .*$want" <<<"$stderr"
	done
}

# Of an object that the key service encrypts the ETag says nothing; its checksum
# does. https://docs.aws.amazon.com/AmazonS3/latest/userguide/checking-object-integrity.html
@test "the checksum that a store keeps is held against the bytes, of a small state and of a large one" {
	start_sim
	state 1 l >"$T/a"
	{ state 1 l && head -c 9000000 /dev/zero | tr '\0' ' '; } >"$T/large"
	for file in a large; do
		s3 $b put $file.tfstate "x-amz-server-side-encryption:aws:kms" \
			"x-amz-checksum-sha256:$(openssl dgst -sha256 -binary "$T/$file" | base64)" <"$T/$file"
	done
	config | sed "s/region: default/region: $AWS_REGION/" >"$BACKSTAY_CONFIG"
	agent backup
	restore extract latest --to "$T/out"
	cmp "$T/a" "$T/out/terraform/$b/a.tfstate"
	cmp "$T/large" "$T/out/terraform/$b/large.tfstate"
	rm -rf "$T/state"
	start_proxy "$S3_ENDPOINT" "$T/log" --manner flip
	endpoint=$proxied config | sed "s/region: default/region: $AWS_REGION/" >"$BACKSTAY_CONFIG"
	run -3 --separate-stderr agent backup
	for file in a large; do
		grep -q "missing: object 's3://$b/$file.tfstate': .*do not have the checksum that the store keeps of it (sha256 " <<<"$stderr"
	done
}

@test "what should be a state and is not JSON makes a snapshot partial, unless it is allowed; an empty one is told" {
	start_sim
	printf 'not json' | s3 $b put broken.tfstate
	printf '{"a": 1}' | s3 $b put other.tfstate
	printf '' | s3 $b put empty.tfstate
	printf 'not json' | s3 $b put readme.txt
	for _ in got cached; do
		run -1 --separate-stderr agent backup
		[ "$(grep -c 'missing: ' <<<"$stderr")" = 1 ]
		grep -q "missing: state 's3://$b/broken.tfstate': it is not JSON" <<<"$stderr"
		grep -q "'s3://$b/other.tfstate' is JSON, but no Terraform state" <<<"$stderr"
		grep -q "'s3://$b/empty.tfstate' is empty: Terraform takes it for" <<<"$stderr"
	done
	# It is in the snapshot nonetheless.
	restore extract latest --to "$T/out"
	[ "$(cat "$T/out/terraform/$b/broken.tfstate")" = 'not json' ]
	config 'allow_non_state: true' | sed "s/region: default/region: $AWS_REGION/" >"$BACKSTAY_CONFIG"
	run -0 --separate-stderr agent backup
	grep -q "'s3://$b/broken.tfstate' is not JSON: kept as it is" <<<"$stderr"
}

@test "a key that a list names twice is captured once, and said" {
	start_sim
	state 1 l | s3 $b put a.tfstate
	state 2 m | s3 $b put b.tfstate
	start_proxy "$S3_ENDPOINT" "$T/log" --manner double
	endpoint=$proxied config | sed "s/region: default/region: $AWS_REGION/" >"$BACKSTAY_CONFIG"
	run -0 --separate-stderr agent backup
	grep -q "its list names 1 objects more than once (first: 'b.tfstate'): each is captured once" <<<"$stderr"
	restore extract latest --to "$T/out"
	state 2 m | cmp - "$T/out/terraform/$b/b.tfstate"
}

# As the policy that denies unencrypted objects does (terraform-aws-modules/
# s3-bucket 233; opentofu 2970 is about the lock object), with the header that
# Ceph can be told to want: it takes x-amz-server-side-encryption over TLS alone.
@test "a bucket that takes only objects with a header gets it, for states, locks and snapshots" {
	state 1 l | s3 $b put a.tfstate
	config '' "buckets: [{from: $b, bucket: $b, endpoint: $S3_ENDPOINT}]" >"$BACKSTAY_CONFIG"
	run -0 agent backup
	s3 $b delete a.tfstate
	s3 $b policy <<-X
	{"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Principal": "*", "Action": "s3:PutObject",
	  "Resource": "arn:aws:s3:::$b/*", "Condition": {"StringNotEquals": {"s3:x-amz-acl": "bucket-owner-full-control"}}}]}
	X
	run -1 restore apply latest --yes
	[[ $output == *AccessDenied* || $output == *403* ]]
	config '' "buckets: [{from: $b, bucket: $b, endpoint: $S3_ENDPOINT, headers: {x-amz-acl: bucket-owner-full-control}}]" >"$BACKSTAY_CONFIG"
	run -0 restore apply latest --yes
	state 1 l | cmp - <(s3 $b get a.tfstate)
	# A vault in such a bucket.
	sed -i "s|^vaults: .*|vaults: [{name: bucket, s3: {bucket: $b, prefix: vault, endpoint: $S3_ENDPOINT, region: default}}]|" "$BACKSTAY_CONFIG"
	run -3 agent vault init
	sed -i "s|^vaults: .*|vaults: [{name: bucket, s3: {bucket: $b, prefix: vault, endpoint: $S3_ENDPOINT, region: default, headers: {x-amz-acl: bucket-owner-full-control}}}]|" "$BACKSTAY_CONFIG"
	run -0 agent vault init
	run -0 agent backup
	run -0 restore verify latest
}

customer_key() { # FILE: the headers of an object under that key
	local name=x-amz-server-side-encryption-customer
	printf '%s\n' "$name-algorithm:AES256" "$name-key:$(cat "$1")" "$name-key-md5:$(base64 -d "$1" | openssl dgst -md5 -binary | base64)"
}

@test "states under a customer's key are read and written with it, beside those without" {
	for key in key wrong; do
		openssl rand -base64 32 >"$T/$key"
	done
	chmod 600 "$T/key" "$T/wrong"
	mapfile -t headers < <(customer_key "$T/key")
	state 1 sealed | s3 $b put a.tfstate "${headers[@]}"
	{ state 1 large && head -c 20000000 /dev/zero | tr '\0' ' '; } >"$T/large"
	s3 $b put large.tfstate "${headers[@]}" <"$T/large"
	state 1 plain | s3 $b put plain.tfstate
	run -1 agent backup
	[[ $output == *"missing: object 's3://$b/a.tfstate': "*"customer's key (SSE-C), give the key by the bucket's sse_customer_key_file"* ]]
	[[ $output == *"missing: object 's3://$b/large.tfstate': "*SSE-C* ]]
	config "sse_customer_key_file: $T/wrong" >"$BACKSTAY_CONFIG"
	run -1 agent backup
	[[ $output == *"missing: object 's3://$b/a.tfstate': "*SSE-C*"or another key"* ]]
	config "sse_customer_key_file: $T/key" >"$BACKSTAY_CONFIG"
	run -0 agent backup
	# Back where they were, each as it was.
	for file in a large plain; do
		s3 $b delete $file.tfstate
	done
	run -0 restore apply latest --yes
	state 1 sealed | cmp - <(get_sealed a.tfstate)
	cmp "$T/large" <(get_sealed large.tfstate)
	state 1 plain | cmp - <(s3 $b get plain.tfstate)
	run ! s3 $b get a.tfstate
	run -0 restore apply latest --yes
	[[ $output == *unchanged* && $output != *updated* ]]
	# Into a target of its own, with the key and without.
	s3_tool make $b-to
	config "sse_customer_key_file: $T/key" "buckets: [{from: $b, bucket: $b-to, endpoint: $S3_ENDPOINT, sse_customer_key_file: $T/key}]" >"$BACKSTAY_CONFIG"
	run -0 restore apply latest --yes
	state 1 plain | cmp - <(get_sealed plain.tfstate $b-to)
	s3_tool make $b-bare
	config "sse_customer_key_file: $T/key" "buckets: [{from: $b, bucket: $b-bare, endpoint: $S3_ENDPOINT}]" >"$BACKSTAY_CONFIG"
	run -0 restore apply latest --yes
	[[ $output == *"was encrypted with a customer's key (SSE-C) and is written without one"* ]]
	state 1 sealed | cmp - <(s3 $b-bare get a.tfstate)
	# The key is in no file that a run leaves.
	run ! grep -rqF "$(cat "$T/key")" "$T/state" "$T/vault"
}

# Ceph 16 and 20: the null delete marker that a released lock leaves answers 404
# to a GET and 412 to a put with If-None-Match: *.
@test "a lock can be taken again in a bucket whose versioning was suspended" {
	state 1 l | s3 $b put a.tfstate
	config '' "buckets: [{from: $b, bucket: $b, endpoint: $S3_ENDPOINT}]" >"$BACKSTAY_CONFIG"
	agent backup
	s3 $b versions Enabled
	s3 $b versions Suspended
	for _ in 1 2 3; do
		s3 $b delete a.tfstate
		restore apply latest --yes
		state 1 l | cmp - <(s3 $b get a.tfstate)
	done
	[ "$(s3 $b keys)" = a.tfstate ]
	# Somebody's lock is somebody's, also here.
	echo '{"ID":"x","Who":"them","Operation":"apply","Created":"2026-01-01T00:00:00Z"}' | s3 $b put a.tfstate.tflock
	s3 $b delete a.tfstate
	run -1 --separate-stderr restore apply latest --yes
	[[ $output$stderr == *them* ]]
	[[ $(s3 $b keys) == *a.tfstate.tflock* ]]
}
