#!/usr/bin/env bats
# The README's blocks, run as they are written: what it says is what happens.
# Only names are mapped: its hosts and paths to the sample platform on the test
# servers, NAME and DIR to those of the run.
# shellcheck disable=SC2154,SC2030,SC2031 # lib sets $top, bats runs each test apart
# bats file_tags=slow
bats_require_minimum_version 1.5.0
load lib

setup_file() {
	KUBE=sim
	kube_is_there real && KUBE=real
	export KUBE P=$BATS_FILE_TMPDIR/p W=$BATS_FILE_TMPDIR/w
	mkdir "$W"
	platform_start "$P" "$KUBE"
	platform_load >/dev/null
	platform_dump "$BATS_FILE_TMPDIR/before"
}

teardown_file() { platform_stop; }

setup() {
	platform_env
	export BACKSTAY_CONFIG=$W/etc/backstay.yaml
	export AWS_ENDPOINT_URL=$S3_ENDPOINT
	export PATH=$W/root/usr/bin:$PATH
	cd "$W" || return
}

# The Nth block of a language below a heading of the README.
block() { # HEADING LANGUAGE N
	awk -v heading="## $1" -v fence="\`\`\`$2" -v n="$3" '
		/^## / { inside = $0 == heading }
		/^```$/ { on = 0 }
		on { print; found = 1 }
		inside && $0 == fence && ++count == n { on = 1 }
		END { exit !found }' "$top/README.md" >block.raw
	sed -e "s#https://git.example.com/platform/#$GIT_HTTP/#" \
	    -e "s#https://git.example.com/#$GIT_HTTP/#" \
	    -e "s#username: backup#username: $GIT_USER#" \
	    -e "s#/srv/git/#$GIT_REPOS/#" \
	    -e "s#/var/backups/backstay#$W/vault#" \
	    -e "s#/etc/backstay#$W/etc#" \
	    -e "s#\bNAME\b#${label-}#g; s#\bDIR\b#$W/tree#" block.raw >block
	cat block
}

run_block() { # as it would be typed: the first command that fails ends it
	run --separate-stderr bash -euo pipefail -x block
	echo "$output$stderr"
	[ "$status" -eq 0 ]
}

# The lines of a dump that fit, of which there are some, are as they were.
same() { # PATTERN git|kube|s3
	grep "$1" "$BATS_FILE_TMPDIR/before/$2" >"$BATS_TEST_TMPDIR/then"
	grep "$1" "$BATS_TEST_TMPDIR/after/$2" | diff "$BATS_TEST_TMPDIR/then" -
}

@test "the README has no block that is not run here or in demo.bats" {
	# shellcheck disable=SC2016 # the fences of Markdown
	[ "$(grep -c '^```[a-z]' "$top/README.md")" -eq 11 ]
}

@test "install: two programs and their manual pages" {
	block Install sh 1
	cd "$top"
	DESTDIR=$W/root BUILD=$BACKSTAY_BUILD bash -euo pipefail "$W/block"
	[ "$(command -v backstay-agent)" = "$W/root/usr/bin/backstay-agent" ]
	cmp "$W/root/usr/bin/backstay-restore" "$BACKSTAY_BUILD/backstay-restore"
	mandoc -Tascii "$W/root/usr/share/man/man1/backstay-agent.1" | grep -q BACKSTAY-AGENT
	[ -f "$W/root/usr/share/doc/backstay/backstay.example.yaml" ]
	# The units run what was installed, and may write where the README and the
	# example put the vault.
	make install DESTDIR="$W/other" PREFIX=/opt/backstay BUILD="$BACKSTAY_BUILD"
	local unit vault
	for unit in "$W"/other/opt/backstay/share/doc/backstay/systemd/*.service; do
		[ -x "$W/other$(sed -n 's/^ExecStart=\([^ ]*\) .*/\1/p' "$unit")" ]
		for vault in $(sed -n 's/^ *directory: *//p' README.md config/backstay.example.yaml); do
			grep -qx "ReadWritePaths=-$vault" "$unit"
		done
	done
}

@test "set up: init writes a configuration with which a backup runs" {
	block 'Set up' sh 1
	run_block
	[ "$(grep -c '^ok ' <<<"$output")" -eq 5 ]
	grep -q 'first-.*: good:' <<<"$output"
}

@test "set up: the keys, and the configuration as it stands" {
	block 'Set up' sh 2
	run_block
	recipient=$(grep -o 'age1[a-z0-9]\{58\}' <<<"$output")
	# shellcheck disable=SC2016 # Markdown's own quotes
	grep -o '`keys/[a-z.]*`' "$top/README.md" | tr -d '`' | while read -r key; do
		[ -f "$key" ]
	done
	mkdir etc
	cp keys/* etc
	cp "$GIT_PASSWORD_FILE" etc/git-password
	cp "$KUBECONFIG" etc/kubeconfig
	block 'Set up' yaml 1
	{
		sed "s#age1\.\.\.#$recipient#" block
		echo "state_dir: $W/state"
	} >etc/backstay.yaml
}

@test "back up" {
	block 'Back up' sh 1
	run_block
	[ "$(grep -c '^ok ' <<<"$output")" -eq 7 ]
	run grep -c '^FAILED' <<<"$output"
	[ "$output" = 0 ]
}

@test "discover names what the example does not back up" {
	block 'Back up' sh 2
	run -1 bash -euo pipefail block
	echo "$output"
	grep -qF -- '- url: "https://github.com/example/helm-charts.git"' <<<"$output"
	run ! grep -q 'no mirror yet' <<<"$output"
}

@test "restore, after a disaster" {
	platform_wipe >/dev/null
	platform_make_empty
	block Restore sh 1
	# apply asks, and the answer comes from a terminal.
	run script -qec 'bash -euo pipefail -x block' /dev/null <<<yes
	echo "$output"
	[ "$status" -eq 0 ]
	grep -q 'Type yes' <<<"$output"
	platform_dump "$BATS_TEST_TMPDIR/after"
	diff "$BATS_FILE_TMPDIR/before/s3" "$BATS_TEST_TMPDIR/after/s3"
	same '^organization-gitops' git
	same '^deployments.* staging ' kube
}

@test "extract" {
	block Restore sh 2
	run_block
	[ -f tree/CONTENTS.json ]
}

@test "a drill, where there is a control plane" {
	local assets=${KUBEBUILDER_ASSETS:-$HOME/.cache/backstay/kube}
	[ -x "$assets/kube-apiserver" ] || skip "scripts/kube-assets builds one"
	block Restore sh 3
	sed -i "s#/usr/local/kubebuilder/bin#$assets#" block
	# Of the wiped and restored cluster, whatever the sample's newest lacks.
	run bash -euo pipefail block
	echo "$output"
	[ "$status" -eq 0 ]
	grep -q 'drill' <<<"$output"
}

@test "without Backstay: the standard tools alone" {
	label=$(backstay-restore list -o json | jq -r '.snapshots[-1].label')
	block Restore sh 4
	mkdir copy
	cp vault/"$label".* keys/identity.txt keys/signing.pub copy
	# No program of ours, and the kubectl of the real server.
	assets=${KUBEBUILDER_ASSETS:-$HOME/.cache/backstay/kube}
	PATH=$assets:${PATH#"$W/root/usr/bin:"}
	[ "$KUBE" = real ] || sed -i '/^jq .del(/,$d' block
	[ "$KUBE" != real ] || "$assets/kubectl" delete configmap --all -n staging
	cd copy
	run --separate-stderr bash -euo pipefail -x ../block
	echo "$output$stderr"
	[ "$status" -eq 0 ]
	[ -d organization-gitops/.git ]
	[ "$KUBE" = real ] ||
	    skip "kubectl: scripts/kube-assets builds it; all else was done"
	platform_dump "$BATS_TEST_TMPDIR/after"
	same '^configmaps staging ' kube
	# The same where objects have owners: none is collected again.
	names() { "$assets/kubectl" -n production get configmap -o name | grep -v kube-root-ca | sort; }
	names >"$BATS_TEST_TMPDIR/then"
	grep -q release-train-car "$BATS_TEST_TMPDIR/then"
	"$assets/kubectl" delete configmap --all -n production
	sed -n '/^jq .del(/,$p' ../block | sed 's#/staging/#/production/#' >../owned
	bash -euo pipefail -x ../owned
	for _ in 1 2 3 4 5; do
		sleep 1
		names | diff "$BATS_TEST_TMPDIR/then" -
	done
}
