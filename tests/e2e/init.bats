#!/usr/bin/env bats
# The first configuration: by options, by questions at a terminal, and what is
# refused before anything is written. discovered.bats has it out of what a cluster names.
# shellcheck disable=SC2154,SC2030,SC2031 # lib sets $top, bats sets $stderr and runs each test apart
bats_require_minimum_version 1.5.0
load lib

setup() {
	cd "$BATS_TEST_TMPDIR" || return 1
	unset BACKSTAY_CONFIG KUBECONFIG
	export HOME=$PWD/home
	mkdir home
	git init -q -b main gitops
	git -C gitops -c user.name=a -c user.email=a@example.com commit -q --allow-empty -m one
}

# All that has to be known, but for the sources.
init() { # OPTIONS
	agent init --config etc/backstay.yaml --name first --snapshots vault \
	    --state-dir state --keys usb --agent-keys etc/keys "$@"
}

nothing_was_written() {
	[ ! -e etc ] && [ ! -e usb ] && [ ! -e vault ] && [ ! -e state ]
	grep -q 'nothing was written' <<<"$stderr"
}

@test "by options: a backup and its verification run with what was written" {
	init --repository gitops </dev/null >out
	cat out
	[ "$(grep -c '^ok ' out)" -eq 5 ]
	run ! grep -q FAILED out
	[ "$(find etc usb -type f -printf '%m %p\n' | sort)" = "$(printf '600 %s\n' etc/backstay.yaml \
	    etc/keys/record.pub etc/keys/signing.key etc/keys/signing.pub usb/identity.txt \
	    usb/record.key usb/record.pub usb/restore.yaml usb/signing.pub)" ]
	[ "$(stat -c %a etc etc/keys usb | sort -u)" = 700 ]
	# The key that opens is named to the one who restores alone.
	run ! grep -q identity_files: etc/backstay.yaml
	run ! grep -rq 'SECRET-KEY' etc state vault
	grep -q '^# Who can read the snapshots' etc/backstay.yaml
	# Who is told is a comment to be taken from.
	grep -q '^# Who is notified of runs' etc/backstay.yaml
	sed '/^# notify:/,$s/^# \?//' etc/backstay.yaml >told.yaml
	mv told.yaml etc/told.yaml
	grep -q '^notify:' etc/told.yaml
	for f in healthchecks-url ntfy-url ntfy-token chat-url; do echo x >"etc/$f"; done
	run agent check --show-config --config etc/told.yaml
	[[ $output == *'name: "dead-man"'* ]]
	agent backup --config etc/backstay.yaml
	(cd usb && restore verify latest --config restore.yaml)
	agent list --config etc/backstay.yaml | grep -q ' good '
	# What is said to be next is that.
	sed -n 's/^Next: `\(.*\)`, then `\(.*\)`$/\1\n\2/p' out >next
	[ "$(wc -l <next)" -eq 2 ]
	sleep 1
	PATH=$BACKSTAY_BUILD:$PATH bash -euo pipefail next
	[ "$(agent list --config etc/backstay.yaml -o json | jq '.snapshots | length')" -eq 2 ]
	agent prune --dry-run --config etc/backstay.yaml
}

@test "as JSON: one document" {
	init --repository "$PWD/gitops" -o json </dev/null >out
	[ "$(jq -n '[inputs] | length' out)" -eq 1 ]
	jq -e --arg here "$PWD" '.command == "init" and .configuration == "\($here)/etc/backstay.yaml" and
	    (.recipients | length == 1) and (.written | length == 9) and .left_out == [] and
	    (.vaults[0].made) and .failed == 0 and (.checks | all(.ok))' out
}

@test "without a terminal: what is lacking is named at once" {
	run -2 --separate-stderr agent init --config etc/backstay.yaml </dev/null
	local option
	for option in --name --snapshots --keys --recipient --agent-keys --repository --cluster --state; do
		grep -q -- "$option" <<<"$stderr"
	done
	[ "$(wc -l <<<"$stderr")" -eq 1 ]
	nothing_was_written
	run -2 --separate-stderr init </dev/null
	run ! grep -q -- --name <<<"$stderr"
	nothing_was_written
}

@test "what is there already stays: a configuration, a key" {
	mkdir -m 700 taken
	echo mine >taken/backstay.yaml
	run -2 --separate-stderr init --config taken/backstay.yaml --repository gitops </dev/null
	grep -q "taken/backstay.yaml' is there already" <<<"$stderr"
	[ "$(cat taken/backstay.yaml)" = mine ]
	nothing_was_written
	# Also a link, even where it leads nowhere.
	ln -s "$PWD/elsewhere" taken/link.yaml
	run -2 --separate-stderr init --config taken/link.yaml --repository gitops </dev/null
	[ ! -e elsewhere ]
	nothing_was_written
	ln -s "$PWD/elsewhere" taken/record.key
	run --separate-stderr init --keys taken --repository gitops </dev/null
	[ "$status" -ne 0 ]
	grep -q "taken/record.key' is there already" <<<"$stderr"
	[ ! -e elsewhere ]
	[ "$(find taken | wc -l)" -eq 4 ]
	nothing_was_written
	# Nothing of a failure stays, however late it comes.
	: >file
	run --separate-stderr init --config file/backstay.yaml --agent-keys keys --repository gitops </dev/null
	[ "$status" -ne 0 ]
	grep -q 'nothing was written' <<<"$stderr"
	[ -z "$(find usb keys -type f)" ]
}

@test "what does not make a configuration is refused by its key" {
	run -2 --separate-stderr init --name 'a b' --repository gitops </dev/null
	grep -q 'name: is not a name' <<<"$stderr"
	nothing_was_written
	run -2 --separate-stderr init --repository https://u:secret@h/a </dev/null
	run ! grep -q secret <<<"$stderr"
	nothing_was_written
	run -2 --separate-stderr init --state bucket </dev/null
	grep -q "takes s3://BUCKET/PREFIX, not 'bucket'" <<<"$stderr"
	nothing_was_written
	run -2 --separate-stderr init --repository https://a/x --repository https://b/y --git-token-file t </dev/null
	grep -q 'is for one host' <<<"$stderr"
	nothing_was_written
	run -2 --separate-stderr init --repository gitops --kubeconfig k </dev/null
	grep -q 'need --cluster' <<<"$stderr"
	nothing_was_written
	run -2 --separate-stderr init --repository gitops --recipient age1x </dev/null
	grep -q 'leave one out' <<<"$stderr"
	nothing_was_written
}

@test "a key that is kept elsewhere: no private key but the one that signs" {
	age-keygen -o there 2>/dev/null
	agent init --config etc/backstay.yaml --name first --snapshots vault --state-dir state \
	    --recipient "$(age-keygen -y there)" --agent-keys etc/keys --repository gitops </dev/null
	[ "$(ls etc/keys)" = "$(printf '%s\n' signing.key signing.pub)" ]
	agent backup --config etc/backstay.yaml
	age -d -i there vault/*.age >/dev/null
}

@test "what cannot be had is FAILED in the check, and the configuration is there" {
	run -1 --separate-stderr init --repository "$PWD/gone" </dev/null
	grep -q "^FAILED  repository 'gone'" <<<"$output"
	run ! grep -q '^Next:' <<<"$output"
	[ -e etc/backstay.yaml ]
	# Of a vault that cannot be made, it says what to run once it can.
	: >file
	run --separate-stderr agent init --config other/backstay.yaml --name first --snapshots file/vault \
	    --state-dir state --keys usb2 --agent-keys other/keys --repository gitops </dev/null
	[ "$status" -ne 0 ]
	grep -q "other/backstay.yaml' is written; once this is mended, run .backstay-agent vault init" <<<"$stderr"
}

# Answers, a line each.
answer() {
	printf '%s\n' "$@" >answers
	run script -qec "'$BACKSTAY_BUILD/backstay-agent' init --config etc/backstay.yaml" /dev/null <answers
	echo "$output"
}

@test "at a terminal: it asks, and takes what is between brackets for nothing" {
	answer first vault state '' usb etc/keys gitops '' no ''
	[ "$status" -eq 0 ]
	grep -q 'Name of the snapshots \[' <<<"$output"
	grep -q 'Where snapshots go.*\[/var/backups/backstay\]' <<<"$output"
	[ "$(grep -c 'Directory for the private key' <<<"$output")" -ge 1 ]
	grep -q "^ok  *repository 'gitops'" <<<"$output"
	agent backup --config etc/backstay.yaml
	restore verify latest --config usb/restore.yaml
}

@test "at a terminal: a private key beside the configuration takes a yes" {
	answer first vault state etc no ~/usb etc gitops '' no ''
	[ "$status" -eq 0 ]
	grep -q 'That is where the configuration is' <<<"$output"
	[ -e home/usb/identity.txt ]
	[ ! -e etc/identity.txt ]
	# The end of the answers ends it, and nothing was written.
	rm -r etc home/usb vault state
	answer first vault
	[ "$status" -ne 0 ]
	grep -q 'there was no answer; nothing was written' <<<"$output"
	[ ! -e etc ] && [ ! -e vault ]
}
