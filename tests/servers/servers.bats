#!/usr/bin/env bats
# Each server starts, does the one thing it is there for, refuses what it must, and leaves nothing behind.

# bats file_tags=slow
bats_require_minimum_version 1.5.0
load ../support/common

setup_file() {
	export GIT_CONFIG_GLOBAL=/dev/null GIT_CONFIG_SYSTEM=/dev/null
	SERVERS=$(cd "$BATS_TEST_DIRNAME" && pwd)
	export SERVERS
}

setup() {
	D=$BATS_TEST_TMPDIR/server
}

teardown() {
	"$SERVERS/stop-all" "$BATS_TEST_TMPDIR"
}

command_line() { # PROC-FOLDER; nothing when the process is gone
	{ tr '\0' ' ' <"$1/cmdline"; } 2>/dev/null || true
}

# The files in /proc that mention the folder: arguments, and open files. It is not
# an argument of what reads the arguments.
mentions() {
	grep -lsaF -f - /proc/[0-9]*/cmdline <<<"$D"
	find /proc/[0-9]*/fd -mindepth 1 -lname "*$D*" 2>/dev/null
}

# No process may mention the folder any more.
left_behind() {
	local p self=$BASHPID
	for p in $(mentions); do
		p=${p#/proc/} p=${p%%/*}
		[[ $p == "$$" || $p == "$self" ]] || echo "still there: $p $(command_line "/proc/$p")"
	done
	[[ ! -e $D ]] || echo "still there: $D"
	grep -lxF "$D" "/tmp/backstay-ports.$UID"/* 2>/dev/null || true
}

starts() { # SERVER [OPTION...]
	local server=$1
	shift
	"$SERVERS/$server" start "$D" "$@"
	# shellcheck disable=SC1091
	. "$D/env"
	STARTED=$server
}

ends() {
	"$SERVERS/$STARTED" stop "$D"
	run -0 left_behind
	[[ -z $output ]] || { echo "$output"; return 1; }
}

needs() { # PROGRAM...
	local p
	for p in "$@"; do
		command -v "$p" >/dev/null || PATH=$PATH:/usr/sbin command -v "$p" >/dev/null || skip "$p is not installed (scripts/deps)"
	done
}

sample_repository() {
	git init -q --bare "$GIT_REPOS/sample.git"
	git init -q -b main "$BATS_TEST_TMPDIR/work"
	cd "$BATS_TEST_TMPDIR/work" || return
	head -c 3000000 /dev/urandom >blob # more than http.postBuffer: pushed in chunks
	git add blob
	git -c user.name=t -c user.email=t@localhost commit -q -m one
}

clone_and_push() { # URL
	git push -q "$1/sample.git" main
	git clone -q --mirror "$1/sample.git" "$BATS_TEST_TMPDIR/mirror"
	[[ $(git -C "$BATS_TEST_TMPDIR/mirror" rev-parse main) == $(git rev-parse main) ]]
	git -C "$BATS_TEST_TMPDIR/mirror" fsck --full --strict
}

with_password() { # PASSWORD-FILE
	export GIT_CONFIG_COUNT=1 GIT_CONFIG_KEY_0=credential.helper GIT_TERMINAL_PROMPT=0
	export GIT_CONFIG_VALUE_0="!echo username=$GIT_USER; echo password=\$(cat '$1'); :"
}

with_key() { # KEY KNOWN-HOSTS
	export GIT_SSH_COMMAND="ssh -F none -i $1 -o IdentitiesOnly=yes -o IdentityAgent=none -o UserKnownHostsFile=$2 -o GlobalKnownHostsFile=none -o StrictHostKeyChecking=yes"
}

@test "git: clone and push over http with a password" {
	needs lighttpd sshd
	starts git
	sample_repository
	with_password "$GIT_PASSWORD_FILE"
	clone_and_push "$GIT_HTTP"
	with_password "$GIT_PASSWORD_WRONG_FILE"
	run -128 git ls-remote "$GIT_HTTP/sample.git"
	[[ $output == *"Authentication failed"* ]]
	ends
}

@test "git: clone and push over https, with its authority alone" {
	needs lighttpd sshd
	starts git
	sample_repository
	with_password "$GIT_PASSWORD_FILE"
	GIT_SSL_CAINFO=$GIT_CA clone_and_push "$GIT_HTTPS"
	GIT_SSL_CAINFO=$GIT_CA_WRONG run -128 git ls-remote "$GIT_HTTPS/sample.git"
	[[ $output == *certificate* ]]
	ends
}

@test "git: the anonymous address reads and refuses a push" {
	needs lighttpd sshd
	starts git
	sample_repository
	git push -q "$GIT_REPOS/sample.git" main
	git ls-remote "$GIT_ANON/sample.git" | grep -q refs/heads/main
	GIT_TERMINAL_PROMPT=0 run -128 git push "$GIT_ANON/sample.git" main:other
	ends
}

@test "git: clone and push over ssh, with and without a passphrase" {
	needs lighttpd sshd
	starts git
	sample_repository
	with_key "$GIT_SSH_KEY" "$GIT_SSH_KNOWN_HOSTS"
	clone_and_push "$GIT_SSH_BASE"
	with_key "$GIT_SSH_KEY_ENCRYPTED" "$GIT_SSH_KNOWN_HOSTS"
	printf '#!/bin/sh\ncat "%s"\n' "$GIT_SSH_PASSPHRASE_FILE" >"$BATS_TEST_TMPDIR/askpass"
	chmod 700 "$BATS_TEST_TMPDIR/askpass"
	SSH_ASKPASS=$BATS_TEST_TMPDIR/askpass SSH_ASKPASS_REQUIRE=force git ls-remote "$GIT_SSH_BASE/sample.git"
	SSH_ASKPASS_REQUIRE=force SSH_ASKPASS=/bin/false run -128 git ls-remote "$GIT_SSH_BASE/sample.git"
	ends
}

@test "git: ssh refuses an unknown key, and its client a changed host key" {
	needs lighttpd sshd
	starts git
	sample_repository
	with_key "$GIT_SSH_KEY_UNKNOWN" "$GIT_SSH_KNOWN_HOSTS"
	run -128 git ls-remote "$GIT_SSH_BASE/sample.git"
	[[ $output == *"Permission denied"* ]]
	with_key "$GIT_SSH_KEY" "$GIT_SSH_KNOWN_HOSTS_CHANGED"
	run -128 git ls-remote "$GIT_SSH_BASE/sample.git"
	[[ $output == *"IDENTIFICATION HAS CHANGED"* ]]
	ends
}

@test "git: a connection in use when the server is stopped is ended with it" {
	needs lighttpd sshd
	local seconds=98765.$BASHPID client # seconds: of this run alone
	starts git
	ssh -F none -n -p "$GIT_SSH_PORT" -i "$GIT_SSH_KEY" -o IdentitiesOnly=yes -o IdentityAgent=none \
		-o UserKnownHostsFile="$GIT_SSH_KNOWN_HOSTS" "$GIT_SSH_USER@$GIT_SSH_HOST" "touch '$D/in-use'; sleep $seconds" 3>&- &
	client=$!
	await [ -e "$D/in-use" ]
	"$SERVERS/git" stop "$D"
	run ! grep -qsxazF "$seconds" /proc/[0-9]*/cmdline
	wait "$client" || true # it names the folder for as long as it is there
	ends
}

kube_starts() { # [OPTION...]
	local assets=${KUBEBUILDER_ASSETS:-$HOME/.cache/backstay/kube}
	[[ -x $assets/kube-apiserver ]] || skip "no kube-apiserver in $assets (scripts/kube-assets)"
	starts kube "$@"
}

@test "kube: each kubeconfig may do what it says" {
	kube_starts
	local c
	# shellcheck disable=SC2153
	for c in "$KUBE_CONFIG" "$KUBE_CONFIG_FILES" "$KUBE_CONFIG_TOKEN"; do
		run -0 "$KUBECTL" --kubeconfig "$c" get namespaces -o name
		[[ $output == *namespace/kube-system* ]]
		run -0 "$KUBECTL" --kubeconfig "$c" get secrets -n default
	done
	run -0 "$KUBECTL" --kubeconfig "$KUBE_CONFIG_VIEWER" get configmaps -n default
	run -1 "$KUBECTL" --kubeconfig "$KUBE_CONFIG_VIEWER" get secrets -n default
	[[ $output == *Forbidden* ]]
	run -1 "$KUBECTL" --kubeconfig "$KUBE_CONFIG_NOBODY" get configmaps -n default
	[[ $output == *Forbidden* ]]
	run ! curl -fsS --cacert "$KUBE_CA_WRONG" "$KUBE_URL/readyz"
	ends
}

@test "kube: garbage collection, custom resources, server-side apply and extra flags work" {
	echo '{"apiVersion": "audit.k8s.io/v1", "kind": "Policy", "rules": [{"level": "Metadata"}]}' >"$BATS_TEST_TMPDIR/policy.json"
	kube_starts -- --audit-log-path "$BATS_TEST_TMPDIR/audit.log" --audit-policy-file "$BATS_TEST_TMPDIR/policy.json"
	export KUBECONFIG=$KUBE_CONFIG
	"$KUBECTL" create namespace shop
	"$KUBECTL" apply --server-side --field-manager backstay -f - <<-'X'
		apiVersion: apiextensions.k8s.io/v1
		kind: CustomResourceDefinition
		metadata: {name: widgets.example.com}
		spec:
		  group: example.com
		  scope: Namespaced
		  names: {plural: widgets, singular: widget, kind: Widget}
		  versions:
		  - name: v1
		    served: true
		    storage: true
		    schema: {openAPIV3Schema: {type: object, x-kubernetes-preserve-unknown-fields: true}}
	X
	"$KUBECTL" wait --for condition=Established --timeout 120s crd/widgets.example.com
	for _ in {1..600}; do
		"$KUBECTL" get widgets -n shop && break
		sleep 0.2
	done
	echo '{"apiVersion": "example.com/v1", "kind": "Widget", "metadata": {"name": "w", "namespace": "shop"}, "spec": {"n": 1}}' |
		"$KUBECTL" apply --server-side --field-manager backstay -f -
	[[ $("$KUBECTL" get widget w -n shop -o 'jsonpath={.metadata.managedFields[0].manager}') == backstay ]]
	"$KUBECTL" create configmap owned -n shop --dry-run=client -o json >"$BATS_TEST_TMPDIR/owned.json"
	local uid
	uid=$("$KUBECTL" get widget w -n shop -o 'jsonpath={.metadata.uid}')
	sed -i 's|"metadata": {|"metadata": {"ownerReferences": [{"apiVersion": "example.com/v1", "kind": "Widget", "name": "w", "uid": "'"$uid"'"}],|' "$BATS_TEST_TMPDIR/owned.json"
	"$KUBECTL" create -f "$BATS_TEST_TMPDIR/owned.json"
	"$KUBECTL" delete widget w -n shop
	for _ in {1..600}; do
		"$KUBECTL" get configmap owned -n shop || break
		sleep 0.2
	done
	run -1 "$KUBECTL" get configmap owned -n shop
	[[ $output == *NotFound* ]]
	grep -q '"user":{"username":"admin"' "$BATS_TEST_TMPDIR/audit.log"
	ends
}

s3() { # PROFILE CURL-ARGUMENT... (BODY: a file to put; FORM: a text to post); the status is the last line
	local profile=$1 digest
	shift
	digest=$(if [[ -n ${FORM:-} ]]; then printf %s "$FORM"; else cat "${BODY:-/dev/null}"; fi | sha256sum)
	awk -v profile="[$profile]" '
		$1 == profile { found = 1 }
		found && $1 ~ /access_key_id/ { key = $3 }
		found && $1 ~ /secret_access_key/ { printf "user = \"%s:%s\"\n", key, $3; exit }
	' "$AWS_SHARED_CREDENTIALS_FILE" >"$BATS_TEST_TMPDIR/curl.conf"
	curl -sS -K "$BATS_TEST_TMPDIR/curl.conf" --aws-sigv4 aws:amz:default:s3 ${BODY:+-T "$BODY"} ${FORM:+--data "$FORM"} \
		-H "x-amz-content-sha256: ${digest%% *}" -w '\n%{http_code}\n' "$@"
}

@test "s3: what was put is got; a wrong secret and a stranger are refused" {
	needs ceph-mon ceph-osd radosgw
	starts s3
	local body=$BATS_TEST_TMPDIR/body
	head -c 100000 /dev/urandom | base64 >"$body"
	[[ $(s3 default -X PUT "$S3_ENDPOINT/bucket") == *200 ]]
	[[ $(BODY=$body s3 default "$S3_ENDPOINT/bucket/key") == *200 ]]
	[[ $(s3 default -o "$body.back" "$S3_ENDPOINT/bucket/key") == *200 ]]
	cmp "$body" "$body.back"
	run -0 s3 wrong "$S3_ENDPOINT/bucket/key"
	[[ $output == *SignatureDoesNotMatch*403 ]]
	run -0 s3 other "$S3_ENDPOINT/bucket/key"
	[[ $output == *AccessDenied*403 ]]
	ends
}

@test "s3: two at once keep apart; TLS, tokens by STS" {
	needs ceph-mon ceph-osd radosgw
	starts s3
	[[ $(s3 default -X PUT "$S3_ENDPOINT/first") == *200 ]]
	local first=$S3_ENDPOINT
	"$SERVERS/s3" start "$D-2" --tls --sts
	# shellcheck disable=SC1090,SC1091
	. "$D-2/env"
	[[ $S3_ENDPOINT != "$first" ]]
	[[ $(s3 default --cacert "$S3_CA" -X PUT "$S3_TLS_ENDPOINT/second") == *200 ]]
	run -0 s3 default "$S3_ENDPOINT/"
	[[ $output == *second* && $output != *first* ]]
	local trust='{"Statement":[{"Effect":"Allow","Principal":{"AWS":["arn:aws:iam:::user/test"]},"Action":["sts:AssumeRole"]}]}'
	FORM="Action=CreateRole&RoleName=reader&Path=%2F&AssumeRolePolicyDocument=$trust" run -0 s3 default "$S3_ENDPOINT/"
	[[ $output == *200 ]]
	FORM="Action=AssumeRole&RoleSessionName=test&RoleArn=arn:aws:iam:::role/reader" run -0 s3 default "$S3_ENDPOINT/"
	[[ $output == *"<SessionToken>"*200 ]]
	"$SERVERS/s3" stop "$D-2"
	# shellcheck disable=SC1091
	. "$D/env"
	[[ $(s3 default "$S3_ENDPOINT/") == *first* ]]
	ends
}

dynamodb() { # OPERATION BODY
	curl -sS -H "X-Amz-Target: DynamoDB_20120810.$1" -H 'Content-Type: application/x-amz-json-1.0' --data "$2" \
		-u "$AWS_ACCESS_KEY_ID:$AWS_SECRET_ACCESS_KEY" --aws-sigv4 "aws:amz:$AWS_REGION:dynamodb" "$DYNAMODB_ENDPOINT/"
}

@test "dynamodb: an item is put, got, and not put twice under a condition" {
	needs node curl
	[[ -e ${BACKSTAY_NPM:-$HOME/.cache/backstay/npm}/node_modules/dynalite ]] || skip "dynalite is not installed (scripts/deps)"
	starts dynamodb --table locks --table more-locks
	local item='{"LockID": {"S": "bucket/key-md5"}, "Digest": {"S": "0123"}}'
	dynamodb PutItem '{"TableName": "locks", "Item": '"$item"'}'
	run -0 dynamodb GetItem '{"TableName": "locks", "Key": {"LockID": {"S": "bucket/key-md5"}}, "ConsistentRead": true}'
	[[ $output == *'"Digest":{"S":"0123"}'* ]]
	run -0 dynamodb PutItem '{"TableName": "locks", "Item": '"$item"', "ConditionExpression": "attribute_not_exists(LockID)"}'
	[[ $output == *ConditionalCheckFailedException* ]]
	run -0 dynamodb GetItem '{"TableName": "more-locks", "Key": {"LockID": {"S": "bucket/key-md5"}}}'
	[[ $output == '{}' ]]
	ends
}

@test "a start that fails says why, leaves nothing, and takes no folder that is in use" {
	mkdir "$D"
	echo precious >"$D/file"
	run -1 "$SERVERS/git" start "$D"
	[[ $output == *"is not empty"* ]]
	run -1 "$SERVERS/git" stop "$D"
	[[ $output == *"not made by a server"* && $(<"$D/file") == precious ]]
	rm -r "$D"
	KUBEBUILDER_ASSETS=/nonexistent run -1 "$SERVERS/kube" start "$D"
	[[ $output == *scripts/kube-assets* ]]
	run -0 left_behind
	[[ -z $output ]]
	run -2 "$SERVERS/kube" begin "$D"
	[[ $output == usage:* ]]
}

@test "a daemon that ends at once: the end of its log is shown, the others are ended" {
	local assets=${KUBEBUILDER_ASSETS:-$HOME/.cache/backstay/kube}
	[[ -x $assets/kube-apiserver ]] || skip "no kube-apiserver in $assets (scripts/kube-assets)"
	run -1 "$SERVERS/kube" start "$D" -- --no-such-flag
	[[ $output == *"apiserver ended before it was ready"*"unknown flag: --no-such-flag"* ]]
	run -0 left_behind
	[[ -z $output ]]
}
