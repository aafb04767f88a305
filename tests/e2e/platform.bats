#!/usr/bin/env bats
# The whole job on the sample platform. This file runs against the simulated
# API server; the same file under the name platform_real.bats against the real
# one.
# bats file_tags=slow
bats_require_minimum_version 1.5.0
load lib

setup_file() {
	KUBE=sim
	[[ $BATS_TEST_FILENAME == *_real.bats ]] && KUBE=real
	export KUBE P=$BATS_FILE_TMPDIR/p
	kube_is_there "$KUBE" || return 0
	platform_start "$P" "$KUBE"
	platform_load
	platform_dump "$BATS_FILE_TMPDIR/before"
}

teardown_file() {
	kube_is_there "$KUBE" || return 0
	platform_stop
}

setup() {
	kube_is_there "$KUBE" ||
	    skip "no real API server: scripts/kube-assets builds one"
	platform_env
}

same_as_before() { # what
	diff "$BATS_FILE_TMPDIR/before/$1" "$2/$1"
}

labels() { restore list -o json | jq -r '.snapshots[].label'; }

@test "check asks every source and the vault and prints a line for each" {
	run --separate-stderr agent check
	echo "$output$stderr"
	[ "$status" -eq 0 ]
	for what in organization-gitops terraform-modules helm-charts production \
	    terraform-state-bucket local; do
		grep -q "$what" <<<"$output"
	done
}

@test "a backup of everything is complete" {
	run --separate-stderr agent backup
	echo "$output$stderr"
	[ "$status" -eq 0 ]
	[ "$(labels | wc -l)" -eq 1 ]
	restore show latest -o json >"$BATS_TEST_TMPDIR/show"
	[ "$(jq -r .status "$BATS_TEST_TMPDIR/show")" = complete ]
	[ "$(jq '.missing | length' "$BATS_TEST_TMPDIR/show")" -eq 0 ]
	# How far Git, cluster and states are apart, for people.
	[ "$(restore show latest | grep -cE '^(git|kubernetes|terraform): .* read from 2.*Z to 2.*Z$')" -eq 3 ]
}

@test "nothing of it is readable to others, and no scratch is left" {
	[ -z "$(find "$P/vault" -perm /077 ! -type l)" ]
	[ "$(stat -c %a "$P/state")" = 700 ]
	[ -z "$(find "$P/state" -name 'scratch-*')" ]
}

@test "no secret of the platform is in clear in the vault or the state directory" {
	password=$(cat "$GIT_PASSWORD_FILE")
	run grep -rlF -e "$password" -e "$AWS_SECRET_ACCESS_KEY" "$P/vault" "$P/state"
	[ "$status" -eq 1 ]
}

@test "the archive opens with minisign, sha256sum, age and tar alone" {
	cd "$P/vault"
	label=$(labels)
	minisign -Vm "$label.manifest.json" -p "$P/keys/signing.pub"
	jq -r '"\(.archive.sha256)  \(.archive.file)"' "$label.manifest.json" |
	    sha256sum -c
	mkdir "$BATS_TEST_TMPDIR/x"
	age -d -i "$P/keys/identity.txt" "$(jq -r .archive.file "$label.manifest.json")" |
	    tar --zstd -xC "$BATS_TEST_TMPDIR/x"
	cd "$BATS_TEST_TMPDIR/x"
	git clone -q git/organization-gitops.git clone
	git -C git/organization-gitops.git fsck --full --strict
	[ -f kubernetes/production/namespaces/production/deployments.apps/frontend.json ]
	[ -f terraform/$bucket/aws/production/vpc.tfstate ]
	jq -e . CONTENTS.json >/dev/null
}

@test "verify finds nothing wrong" {
	run --separate-stderr restore verify latest
	echo "$output$stderr"
	[ "$status" -eq 0 ]
}

@test "extract writes the tree, for its owner alone" {
	run -0 --separate-stderr restore extract latest --to "$BATS_TEST_TMPDIR/tree" -o json
	# shellcheck disable=SC2154 # set by run
	[ "$(jq -r .directory <<<"$output")" = "$BATS_TEST_TMPDIR/tree" ]
	[ "$(jq .entries <<<"$output")" -eq "$(restore show latest -o json | jq .archive.entries)" ]
	[ -f "$BATS_TEST_TMPDIR/tree/CONTENTS.json" ]
	[ -z "$(find "$BATS_TEST_TMPDIR/tree" -perm /077 ! -type l)" ]
}

@test "--only more than once takes all that it names" {
	planned() { # OPTION...
		restore plan latest --offline -o json "$@" | jq -r '.nodes[] |
		    select(.kind != "CustomResourceDefinition") | if .key | startswith("git:") then .key
		    else .namespace // .name end' | sort -u | xargs
	}
	[ "$(planned --only kubernetes:staging --only kubernetes:monitoring)" = "monitoring staging" ]
	[ "$(planned --only git:helm-charts --only kubernetes:staging --only git:terraform-modules)" = \
	    "git:helm-charts git:terraform-modules staging" ]
	# A kind as a whole has all of its names.
	[ "$(planned --only git --only git:helm-charts)" = \
	    "git:helm-charts git:organization-gitops git:terraform-modules" ]
	run --separate-stderr restore plan latest --offline --only git:helm-charts --only git:nope
	[ "$status" -eq 3 ]
	# shellcheck disable=SC2154 # set by run
	grep -q -- "--only git:nope: there is no such thing" <<<"$stderr"
}

@test "a plan for another Git host names what will still follow the old one" {
	local old=https://github.com/example/ new=https://git.standby.example.com/example/
	local object="Application.argoproj.io infrastructure/helm-charts (/spec/source/repoURL)"
	sed "s#^restore:#&\n  targets: {repositories: {$old: $new}}#" "$P/backstay.yaml" >"$P/moved.yaml"
	run -0 --separate-stderr restore --config "$P/moved.yaml" plan latest --offline
	grep -F "warning: restore.targets.repositories sends '$old' to '$new', and these objects will name the old place: " <<<"$output" |
	    grep -F "$object" | grep -q 'restore.transforms'
	# Not where it is changed on its way, nor where nothing is sent elsewhere.
	cat >>"$P/moved.yaml" <<-E
	  transforms:
	    - kind: Application.argoproj.io
	      name: helm-charts
	      patch: [{op: replace, path: /spec/source/repoURL, value: ${new}helm-charts.git}]
	E
	run -0 --separate-stderr restore --config "$P/moved.yaml" plan latest --offline
	! grep -F "$object" <<<"$output" || return 1
	run -0 --separate-stderr restore plan latest --offline
	! grep -q 'the old place' <<<"$output" || false
}

@test "a plan by who may not look says so in few lines" {
	# shellcheck disable=SC1091 # written by the server
	. "$P/kube/env"
	sed "s#kubeconfig: .*#kubeconfig: $KUBE_CONFIG_VIEWER#" "$P/backstay.yaml" >"$P/viewer.yaml"
	run --separate-stderr restore --config "$P/viewer.yaml" plan latest --same-cluster
	grep -q "warning: what is there already is not known: production: [0-9]* resources in .*'staging'.* may not be listed: .*secrets.*; the first: GET .*403 Forbidden" <<<"$output"
	# At most one for each of the four namespaces, and one for cluster scope.
	[ "$(grep -c 'already is not known' <<<"$output")" -le 5 ]
}

@test "a plan names what of its maps and targets is for nothing" {
	sed 's#^restore:#&\
  namespaces: {prodution: a, staging: b}\
  images: {no.such.registry/: c/}\
  storage_classes: {gp99: gp3}\
  targets:\
    repositories: {no-such: https://d.example.com/e.git, helm-charts: https://d.example.com/f.git, "'"$GIT_HTTP"'/": https://g.example.com/}\
    clusters: [{from: prodution, kubeconfig: '"$KUBECONFIG"'}]\
    buckets: [{from: no-such-bucket, bucket: other-bucket, region: us-east-1}]#' "$P/backstay.yaml" >"$P/unused.yaml"
	run --separate-stderr restore --config "$P/unused.yaml" plan latest --offline
	echo "$stderr"
	[ "$status" -eq 0 ]
	diff <(grep 'warning: restore\.' <<<"$output" | grep -v 'will name the old place' | sort) - <<-E
	warning: restore.images: nothing in the snapshot has 'no.such.registry/'
	warning: restore.namespaces: nothing in the snapshot has 'prodution'
	warning: restore.storage_classes: nothing in the snapshot has 'gp99'
	warning: restore.targets.buckets: the snapshot has no bucket 'no-such-bucket', so that nothing goes where it is sent
	warning: restore.targets.clusters: the snapshot has no cluster 'prodution', so that nothing goes where it is sent
	warning: restore.targets.repositories: the snapshot has no repository 'no-such', so that nothing goes where it is sent
	E
	# What is not taken is not what a map was for.
	run -0 --separate-stderr restore --config "$P/unused.yaml" plan latest --offline --only kubernetes:monitoring
	[ "$(grep -c 'warning: restore\.' <<<"$output")" -eq 1 ]
}

@test "after a disaster, plan writes nothing and apply brings all of it back" {
	platform_wipe
	platform_make_empty
	platform_dump "$BATS_TEST_TMPDIR/wiped"
	run --separate-stderr restore plan latest --same-cluster
	echo "$output$stderr"
	[ "$status" -eq 0 ]
	platform_dump "$BATS_TEST_TMPDIR/planned"
	diff -r "$BATS_TEST_TMPDIR/wiped" "$BATS_TEST_TMPDIR/planned"
	run --separate-stderr restore apply latest </dev/null
	[ "$status" -eq 2 ]
	grep -q -- --yes <<<"$stderr"
	run --separate-stderr restore apply latest --yes --same-cluster
	echo "$output$stderr"
	[ "$status" -eq 0 ]
	platform_dump "$BATS_TEST_TMPDIR/after"
	same_as_before git "$BATS_TEST_TMPDIR/after"
	same_as_before s3 "$BATS_TEST_TMPDIR/after"
	same_as_before kube "$BATS_TEST_TMPDIR/after"
	for r in organization-gitops terraform-modules helm-charts; do
		git -C "$GIT_REPOS/$r.git" fsck --full --strict
	done
}

@test "a second apply changes nothing" {
	run --separate-stderr restore apply latest --yes --same-cluster -o json
	echo "$output$stderr"
	[ "$status" -eq 0 ]
	[ "$(jq '[.summary[] | (.created // 0) + (.updated // 0)] | add' <<<"$output")" -eq 0 ]
}

@test "a second backup takes up what has changed" {
	before=$(labels | wc -l)
	git clone -q "$GIT_REPOS/helm-charts.git" "$BATS_TEST_TMPDIR/c"
	git -C "$BATS_TEST_TMPDIR/c" -c user.name=t -c user.email=t@example.com \
	    commit -q --allow-empty -m more
	git -C "$BATS_TEST_TMPDIR/c" push -q
	new=$(git -C "$BATS_TEST_TMPDIR/c" rev-parse HEAD)
	run --separate-stderr agent backup
	echo "$output$stderr"
	[ "$status" -eq 0 ]
	[ "$(labels | wc -l)" -eq $((before + 1)) ]
	restore extract latest --to "$BATS_TEST_TMPDIR/t"
	git -C "$BATS_TEST_TMPDIR/t/git/helm-charts.git" cat-file -e "$new"
}

# A configuration in which one thing cannot be had.
without() { # SED-EXPRESSION
	sed "$1" "$P/backstay.yaml" >"$P/broken.yaml"
}

partial_names() { # WHAT
	before=$(labels | wc -l)
	run --separate-stderr agent --config "$P/broken.yaml" backup
	echo "$output$stderr"
	[ "$status" -eq 1 ]
	grep -q "$1" <<<"$stderr$output"
	[ "$(labels | wc -l)" -eq $((before + 1)) ]
	[ "$(restore show latest -o json | jq -r .status)" = partial ]
	restore show latest -o json | jq -e --arg w "$1" '.missing[] | select((.what + .reason) | contains($w))'
}

@test "a repository that cannot be had makes the snapshot partial, and is named" {
	without 's#/helm-charts.git#/no-such-repository.git#'
	partial_names no-such-repository
}

@test "a wrong Git password makes the snapshot partial, and is not shown" {
	without "s#password_file: .*#password_file: $GIT_PASSWORD_WRONG_FILE#"
	partial_names organization-gitops
	! grep -qF "$(cat "$GIT_PASSWORD_WRONG_FILE")" <<<"$stderr$output" || false
}

@test "a cluster that cannot be reached makes the snapshot partial" {
	sed 's#server: .*#server: https://127.0.0.1:1#' "$KUBECONFIG" >"$P/unreachable"
	without "s#kubeconfig: .*#kubeconfig: $P/unreachable#"
	partial_names production
}

@test "a namespace that does not exist is named" {
	without 's#namespaces: \[#namespaces: [nowhere,#'
	partial_names nowhere
}

@test "a bucket that is not there makes the snapshot partial" {
	without 's#bucket: terraform-state-bucket#bucket: no-such-bucket#'
	partial_names no-such-bucket
	# shellcheck disable=SC2154 # set by run
	grep -q "missing: objects of bucket 'no-such-bucket': " <<<"$stderr"
	without 's#^      addressing: path#&\n      profile: nobody#'
	partial_names terraform-state-bucket
	grep -q "missing: bucket 'terraform-state-bucket': there is no profile 'nobody' in " <<<"$stderr"
}

@test "where everything fails nothing is committed" {
	before=$(labels)
	sed 's#server: .*#server: https://127.0.0.1:1#' "$KUBECONFIG" >"$P/unreachable"
	without "s#kubeconfig: .*#kubeconfig: $P/unreachable#
	    s#/\(organization-gitops\|terraform-modules\|helm-charts\).git#/none-\1.git#
	    s#bucket: terraform-state-bucket#bucket: no-such-bucket#"
	run --separate-stderr agent --config "$P/broken.yaml" backup
	echo "$output$stderr"
	[ "$status" -eq 3 ]
	[ "$(labels)" = "$before" ]
	[ -z "$(find "$P/state" -name 'scratch-*')" ]
}

# An API server that is silent: whoever asks it is in the middle of a backup for
# as long as a test wants.
silence_kube() { kill -STOP "$(kube_server_pid "$KUBE" "$P/kube")"; }
teardown() { ! kube_is_there "$KUBE" || kill -CONT "$(kube_server_pid "$KUBE" "$P/kube")"; }

scratch() { find "$P/state" -name 'scratch-*'; }

start_backup_that_waits() {
	silence_kube
	make_vaults
	"$BACKSTAY_BUILD/backstay-agent" backup >"$BATS_TEST_TMPDIR/out" \
	    2>"$BATS_TEST_TMPDIR/err" &
	pid=$!
	for _ in $(seq 1200); do
		[ -n "$(find "$P/vault" -type f -newer "$BATS_TEST_TMPDIR/out" ! -name '*lock*')" ] && return
		sleep 0.05
	done
	cat "$BATS_TEST_TMPDIR/err"
	return 1
}

@test "a backup that is told to stop leaves no snapshot and no scratch" {
	before=$(labels)
	start_backup_that_waits
	[ -n "$(scratch)" ]
	kill -TERM "$pid"
	code=0
	wait "$pid" || code=$?
	cat "$BATS_TEST_TMPDIR/err"
	[ "$code" -eq 3 ]
	[ "$(labels)" = "$before" ]
	[ -z "$(scratch)" ]
	[ -z "$(find "$P/vault" -type f -newer "$BATS_TEST_TMPDIR/out")" ]
}

@test "a backup that is killed leaves no snapshot and nothing readable, and the next one cleans up" {
	before=$(labels)
	start_backup_that_waits
	kill -KILL "$pid"
	wait "$pid" || true
	[ -n "$(scratch)" ]
	[ "$(labels)" = "$before" ]
	# s3cret is in the platform's Secrets, in clear and as base64.
	run grep -rlE 's3cret|czNjcmV0' "$P/vault" "$(scratch)"
	[ "$status" -eq 1 ]
	teardown
	# As if it had run on another machine.
	sed -i 's/"process":"/&elsewhere /' "$P"/vault/*.lock-*
	run --separate-stderr agent backup
	echo "$output$stderr"
	[ "$status" -eq 4 ]
	[ -z "$(scratch)" ]
	agent unlock --yes
	agent backup
	[ -z "$(scratch)" ]
	[ -z "$(find "$P/vault" -name '*.tmp' -o -name '.*.tmp*')" ]
	restore verify latest
}

@test "killed at any time, a backup leaves only what verifies" {
	before=$(labels)
	for delay in 0.02 0.05 0.1 0.2 0.3; do
		"$BACKSTAY_BUILD/backstay-agent" backup 2>/dev/null &
		pid=$!
		sleep "$delay"
		kill -KILL "$pid" 2>/dev/null || continue
		wait "$pid" || true
		agent unlock --yes
	done
	for label in $(labels); do
		grep -q "^$label$" <<<"$before" || restore verify "$label"
	done
	agent backup
	restore verify latest
}

# A copy of the vault to do harm to.
harm_vault() {
	rm -rf "$P/harmed"
	cp -a "$P/vault" "$P/harmed"
	sed "s#directory: .*#directory: $P/harmed#" "$P/backstay.yaml" >"$P/harmed.yaml"
	harmed=$(restore list -o json | jq -r '.snapshots[-1].label')
}

refused() { # [SNAPSHOT]
	local snapshot=${1:-latest}
	platform_dump "$BATS_TEST_TMPDIR/a"
	for command in "verify $snapshot" "plan $snapshot" "apply $snapshot --yes" \
	    "extract $snapshot --to $BATS_TEST_TMPDIR/none"; do
		# shellcheck disable=SC2086
		run --separate-stderr restore --config "$P/harmed.yaml" $command
		echo "$command: $status: $output$stderr"
		[ "$status" -eq 5 ]
	done
	[ ! -e "$BATS_TEST_TMPDIR/none/CONTENTS.json" ]
	platform_dump "$BATS_TEST_TMPDIR/b"
	diff -r "$BATS_TEST_TMPDIR/a" "$BATS_TEST_TMPDIR/b"
}

@test "an archive with one changed byte is refused before anything is written" {
	harm_vault
	file=$(echo "$P/harmed/$harmed".tar.*)
	flip_bit "$file" $(($(stat -c %s "$file") / 2))
	refused
}

@test "an archive that was cut off is refused" {
	harm_vault
	truncate -s -100 "$(echo "$P/harmed/$harmed".tar.*)"
	refused
}

# Whoever can write to the vault can do that to any name, so that it does not
# count as the latest; who names it gets it refused.
@test "a manifest that was changed is refused" {
	harm_vault
	sed -i 's/"partial"/"complete"/; s/"hostname"/"hostmane"/' "$P/harmed/$harmed.manifest.json"
	refused "$harmed"
}

@test "a manifest of another snapshot is refused" {
	harm_vault
	other=$(labels | head -1)
	cp "$P/vault/$other.manifest.json" "$P/harmed/$harmed.manifest.json"
	cp "$P/vault/$other.manifest.json.minisig" "$P/harmed/$harmed.manifest.json.minisig"
	refused "$harmed"
}

@test "prune keeps what the policy says and never the last good one less" {
	run --separate-stderr agent prune --dry-run
	echo "$output$stderr"
	[ "$status" -eq 0 ]
	before=$(labels | wc -l)
	agent prune
	[ "$(labels | wc -l)" -le "$before" ]
	[ "$(labels | wc -l)" -ge 3 ]
	restore verify latest
}
