#!/usr/bin/env bats
# Command lines, help, manual pages, the example and bad configurations: what
# needs no server.
# shellcheck disable=SC2154 # lib sets $top, bats sets $stderr
bats_require_minimum_version 1.5.0
load lib

agent_commands='init backup list check discover prune forget mark unlock vault completion'
restore_commands='list check report show ls find cat diff drift history verify drill extract plan apply heal status release unlock rules copy head keygen completion'

setup() {
	cd "$BATS_TEST_TMPDIR" || return 1
	export BACKSTAY_CONFIG=$PWD/backstay.yaml
	good >backstay.yaml
}

good() {
	cat <<-E
	name: t
	state_dir: $PWD/state
	vaults: [{name: local, directory: $PWD/vault}]
	encryption: none
	signing: none
	E
}

# One line on standard error that names file, line and key; exit status 2;
# nothing was made.
refused() { # TEXT
	local program
	for program in "agent check" "agent backup" "agent list" \
	    "restore list" "restore apply latest --yes"; do
		# shellcheck disable=SC2086
		run --separate-stderr $program
		echo "$program: $status: $stderr"
		[ "$status" -eq 2 ]
		[ "$(wc -l <<<"$stderr")" -eq 1 ]
		grep -qF -- "$1" <<<"$stderr"
		[ -z "$output" ]
	done
	[ ! -e state ] && [ ! -e vault ]
}

@test "every command has help and a version" {
	for c in '' $agent_commands; do
		# shellcheck disable=SC2086
		agent $c --help >help
		grep -q '^EXIT STATUS' help
		[ "$(awk '{ if (length > n) n = length } END { print n }' help)" -le 79 ]
		# shellcheck disable=SC2086
		agent $c --version | grep -qx 'backstay-agent [0-9.]*'
	done
	for c in '' $restore_commands; do
		# shellcheck disable=SC2086
		restore $c --help >help
		grep -q '^EXIT STATUS' help
		[ "$(awk '{ if (length > n) n = length } END { print n }' help)" -le 79 ]
		# shellcheck disable=SC2086
		restore $c --version | grep -qx 'backstay-restore [0-9.]*'
	done
}

@test "the tables and this file name the same commands" {
	[ "$(agent --help | sed -n '/^COMMANDS/,/^COMMON/s/^       \([a-z]*\).*/\1/p' | grep . | xargs)" = "$agent_commands" ]
	[ "$(restore --help | sed -n '/^COMMANDS/,/^COMMON/s/^       \([a-z]*\).*/\1/p' | grep . | xargs)" = "$restore_commands" ]
}

# Every text of the sources, one a line, also those of several literals.
texts() {
	find "$top"/agent "$top"/restore "$top"/config "$top"/storage -name '*.c' -exec cat {} + |
	    perl -0pe 's/"\s*\n\s*"//g' | grep -oE '"([^"\\]|\\.)*"'
}

@test "what a message tells to say, write or run is there to be said, written or run" {
	for c in $agent_commands; do agent "$c" --help; done >help
	for c in $restore_commands; do restore "$c" --help; done >>help
	grep -oE -- '--[a-z][a-z-]*' help | sort -u >known
	printf -- '--%s\n' bare git-dir no-deref no-filter object-format ref-format refetch \
	    unshallow profile bucket key long version-id age-plugin >>known # of git, aws and age
	echo --force >>known # is refused, and the message names what to use
	texts | grep -oE -- '(^|[^a-zA-Z-])--[a-z][a-z-]*' | sed 's/^[^-]*//' | sort -u >options
	[ "$(wc -l <options)" -gt 20 ]
	run grep -vxFf known options
	echo "no such options: $output"
	[ "$status" -eq 1 ]
	texts | grep -oE '\b(encryption|signing|git|terraform|retention|restore)(\.[a-z_]+)+' |
	    grep -vE '^signing\.(key|pub)$|^restore\.yaml$|\.(org|com|io|dev|h|go)$' | tr . '\n' | sort -u >keys
	[ "$(wc -l <keys)" -gt 12 ]
	while read -r key; do
		grep -qE "\"$key\"|TABLE\($key" "$top/config/settings_section.c" || echo "no such key: $key"
	done <keys >missing
	cat missing
	[ ! -s missing ]
	texts | grep -oE 'backstay-(agent|restore) [a-z]+' | sort -u >commands
	while read -r program command; do
		"$BACKSTAY_BUILD/$program" "$command" --help >/dev/null || echo "$program $command"
	done <commands >missing
	cat missing
	[ -s commands ]
	[ ! -s missing ]
}

# All words of the help stand in the manual page, in their order: whoever
# changes one changes the other.
manual_says() { # PAGE PROGRAM COMMAND
	mandoc -Tascii "$1" | sed 's/.\x08//g' | sed 's/-$/-\n/' | tr -s ' \t\n' '\n' |
	    sed 's/|//g' | grep . >page
	"$2" "$3" --help | sed -n '/^DESCRIPTION/,/^COMMON OPTIONS/p' |
	    sed '1d;$d;/^OPTIONS$/d' | sed 's/|/ /g' | tr -s ' \t\n' '\n' | grep . >words
	python3 - <<-'E'
	page = " " + " ".join(open("page").read().split()) + " "
	words = open("words").read().split()
	import sys
	for i in range(0, max(1, len(words) - 5)):
	    if " " + " ".join(words[i:i + 6]) + " " not in page:
	        sys.exit("not in the manual page: " + " ".join(words[i:i + 6]))
	E
}

@test "the manual pages are clean and say what the help says" {
	mandoc -Tlint -Wwarning "$top/agent/backstay-agent.1"
	mandoc -Tlint -Wwarning "$top/restore/backstay-restore.1"
	for c in $agent_commands; do
		echo "$c"
		manual_says "$top/agent/backstay-agent.1" agent "$c"
	done
	for c in $restore_commands; do
		echo "$c"
		manual_says "$top/restore/backstay-restore.1" restore "$c"
	done
}

@test "a command line that is wrong is one line and exit status 2" {
	for c in "" "backpu" "backup --dry-rnu" "backup more" "list -o xml" "--config"; do
		# shellcheck disable=SC2086
		run --separate-stderr agent $c
		echo "$c: $status: $stderr"
		[ "$status" -eq 2 ]
		[ "$(wc -l <<<"$stderr")" -eq 1 ]
	done
	for c in "show" "show a b" "plan latest --only pigs" "verify latest --sample 0" \
	    "verify latest --quick --sample 5%" "apply latest --yes --existing keep" \
	    "extract latest"; do
		# shellcheck disable=SC2086
		run --separate-stderr restore $c
		echo "$c: $status: $stderr"
		[ "$status" -eq 2 ]
		[ "$(wc -l <<<"$(grep ' error ' <<<"$stderr")")" -eq 1 ]
	done
}

@test "what was printed and did not arrive is a failure; a reader that has enough is none" {
	code=0
	agent check --show-config >/dev/full 2>err || code=$?
	cat err
	[ "$code" -eq 3 ]
	[ "$(wc -l <err)" -eq 1 ]
	grep -q 'standard output' err
	{ code=0; agent check --show-config 2>err || code=$?; echo "$code" >code; } | true
	cat err
	[ "$(cat code)" -eq 0 ]
	[ ! -s err ]
}

@test "without standard streams no event gets into a snapshot" {
	git init -q --bare source
	good >streams.yaml
	cat >>streams.yaml <<-E
	git:
	  repositories:
	    - {url: $PWD/source, name: there}
	    - {url: $PWD/nowhere, name: missing}
	E
	for close in '2>&-' '>&- 2>&-' '<&- >&- 2>&-'; do
		code=0
		eval "agent backup --config streams.yaml $close" || code=$?
		echo "$close: $code"
		# Partial; where nothing can be printed, that is said by 3.
		[ "$code" -eq 1 ] || { [ "$code" -eq 3 ] && [[ $close == *'>&- 2'* ]]; }
		sleep 1.1
	done
	run -1 --separate-stderr agent backup --config streams.yaml
	run -0 agent list --config streams.yaml
	echo "$output"
	[ "$(grep -c ' partial ' <<<"$output")" -eq 4 ]
	run -0 restore verify latest --config streams.yaml --chain
}

@test "a missing configuration says how to name another" {
	export BACKSTAY_CONFIG=$PWD/nowhere.yaml
	refused 'nowhere.yaml'
	refused '--config'
	refused '`backstay-agent init` writes a first one'
}

@test "an unknown key names its line and what was meant" {
	{ good; echo 'compresion: {format: gzip}'; } >backstay.yaml
	refused "backstay.yaml:6:1: compresion: unknown key; did you mean 'compression'?"
}

@test "a repeated key, a wrong type, a missing value" {
	{ good; echo 'name: other'; } >backstay.yaml
	refused "backstay.yaml:6:1: key 'name' stands here a second time"
	{ good; echo 'git: {repositories: none}'; } >backstay.yaml
	refused 'backstay.yaml:6:21: git.repositories: is text; it takes a list of mappings'
	{ good; echo 'git: {concurrency: 4}'; } >backstay.yaml
	refused "backstay.yaml:6:6: git: names nothing; list 'repositories' or 'organisations', or leave 'git' out"
	good | grep -v vaults >backstay.yaml
	refused "lacks 'vaults'"
}

@test "an inline secret, a wrong unit, a name that reaches outside" {
	{ good; echo 'git: {repositories: [{url: /r}], credentials: [{url: https://h/, password: s3cr3t}]}'; } >backstay.yaml
	refused 'a secret does not stand in the configuration itself'
	run agent check
	[[ $output != *s3cr3t* ]]
	{ good; echo 'lock_stale_after: 30'; } >backstay.yaml
	refused 'backstay.yaml:6:19: lock_stale_after: is a number; it takes a duration with its unit'
	{ good; echo 'git: {repositories: [{url: /r, name: ../x}]}'; } >backstay.yaml
	refused "git.repositories[0]: its name is not a name for a repository"
}

@test "neither encryption nor signing can be forgotten" {
	good | grep -v encryption >backstay.yaml
	refused "lacks 'encryption'"
	good | grep -v signing >backstay.yaml
	refused "lacks 'signing'"
}

@test "a recipient or public key with a mistyped letter names its line" {
	key=age1rmm44gv4xf682ht9ncylm6q6x66gk6z9pvla9wqwgnkwjlnvw3msn7907x
	good | sed "s/encryption: none/encryption: {recipients: [$key]}/" >backstay.yaml
	refused 'backstay.yaml:4:14: encryption.recipients: item 0 is not an age recipient'
	good | sed "s/signing: none/signing: {public_keys: [RWQf6LRCGA9i53mlYecO4IzT51TGPpvWucNSCh1CBM0QTaLn73Y7GF3]}/" >backstay.yaml
	refused 'backstay.yaml:5:11: signing.public_keys: item 0 is not a minisign public key'
}

@test "check names a signing key that the public keys do not know, and one that is missing" {
	restore keygen --to a >/dev/null
	restore keygen --to b >/dev/null
	good | sed 's/signing: none/signing: {secret_key_file: a\/signing.key, public_key_files: [b\/signing.pub]}/' >backstay.yaml
	run agent check
	echo "$output"
	[ "$status" -eq 1 ]
	grep -q '^FAILED  signing .*none of its public keys' <<<"$output"
	cp a/signing.pub b/
	agent vault init
	agent check | grep -q '^ok  signing'
	rm b/signing.pub
	run agent check
	[ "$status" -eq 1 ]
	grep -q "^FAILED  signing .*b/signing.pub'" <<<"$output"
}

@test "secrets that are open to others are named with what to do, once a run" {
	local file files='keys/signing.key keys/identity.txt password token ssh-key kubeconfig'
	restore keygen --to keys >recipient
	touch password token ssh-key kubeconfig
	mkdir vault
	cat >backstay.yaml <<-E
	name: t
	state_dir: $PWD/state
	vaults: [{name: local, directory: $PWD/vault}]
	encryption:
	  recipients: [$(grep -o 'age1[a-z0-9]*' recipient | head -1)]
	  identity_files: [keys/identity.txt]
	signing: {secret_key_file: keys/signing.key, public_key_files: [keys/signing.pub]}
	git:
	  repositories: [{url: $PWD/nothing.git}]
	  credentials:
	    - {url: https://a.example.com/, username: u, password_file: password}
	    - {url: https://b.example.com/, token_file: token}
	    - {url: "ssh://git@c.example.com/", ssh_key_file: ssh-key}
	kubernetes: {clusters: [{name: c, kubeconfig: kubeconfig}]}
	E
	# shellcheck disable=SC2086
	chmod 600 $files
	agent list 2>err
	echo "$(<err)"
	[ ! -s err ]
	# shellcheck disable=SC2086
	chmod 644 $files
	local program
	for program in "agent list" "agent check" "restore list"; do
		# shellcheck disable=SC2086
		run --separate-stderr $program
		for file in $files; do
			grep -q "warn .*_files\?: '$PWD/$file' holds a secret and is open to others (mode 0644); run: chmod 600 '$PWD/$file'" \
			    <<<"${stderr//kubeconfig: /kubeconfig_file: }"
		done
		[ "$(grep -c 'holds a secret' <<<"$stderr")" -eq 6 ]
	done
	chmod 640 keys/signing.key
	agent list 2>&1 | grep -q "secret_key_file: .*(mode 0640)"
	# Who is handed a file by its group cannot own it; as by a Kubernetes
	# volume with fsGroup.
	[ "$(id -u)" -eq 0 ] || return 0
	chown 12345 keys/signing.key
	agent list 2>err
	! grep -q "signing.key' holds" err || false
	chmod 644 keys/signing.key
	agent list 2>&1 | grep -q "signing.key' .* open to everybody (mode 0644); its owner, user 12345, should .* 0440"
}

@test "nothing to back up is a mistake, not a success" {
	run --separate-stderr agent backup
	echo "$stderr"
	[ "$status" -eq 2 ]
	grep -q "names nothing to back up" <<<"$stderr"
	[ "$(ls -A vault)" = backstay-vault.json ]
}

@test "the example loads, and its defaults are its defaults" {
	agent --config "$top/config/backstay.example.yaml" check --show-config >shown
	sed "s#/etc/backstay#$PWD#" shown >again.yaml
	agent --config again.yaml check --show-config >twice
	diff <(sed "s#/etc/backstay#$PWD#" shown) twice
}

@test "the rules in force are printed, those of the configuration first" {
	# The table that people read is the one that is built in.
	restore rules --markdown >printed
	sed '1,/^<!-- What follows/d' "$top/docs/systems.md" | diff - printed
	restore rules -o json >built-in
	jq -e '.rules | length > 120 and all(.kind and .rule and .value and .source)' built-in
	cat >>backstay.yaml <<-'E'
	restore:
	  without_rules: [flux]
	  exclude_kinds: ["*.velero.io"]
	  rules:
	    - {kind: Database.example.com, pause: /spec/mode=Off, status: true, last: 2}
	    - {kind: Application.argoproj.io, pause: none}
	E
	restore rules -o json >ours
	jq -e '.rules[0] == {kind: "*.velero.io", rule: "exclude", value: "true", source: "restore.exclude_kinds"}' ours
	jq -e '[.rules[] | select(.source == "restore.rules[0]") | "\(.rule) \(.value)"] ==
	    ["pause /spec/mode=Off", "status true", "last 2"]' ours
	jq -e '[.rules[] | select(.kind == "Application.argoproj.io" and .rule == "pause") | .value][0] == "none"' ours
	jq -e '[.rules[] | select(.source == "flux")] == []' ours
	restore rules | grep -q '^pause  *restore.rules\[0\]  *Database.example.com  */spec/mode=Off$'
}

@test "a rule that says nothing, or not what it should, is refused" {
	local rule
	cp backstay.yaml good
	for rule in 'says nothing about it:{kind: A}' 'last.*one of:{kind: A, last: 3}' \
	    'status.*one of:{kind: A, status: maybe}' 'kind:{pause: /spec/a}'; do
		{ cat good; printf 'restore: {rules: [%s]}\n' "${rule#*:}"; } >backstay.yaml
		run --separate-stderr restore rules
		echo "$stderr"
		[ "$status" -eq 2 ]
		grep -q -- "${rule%%:*}" <<<"$stderr"
	done
	for rule in "pause: 'spec.suspend' is no:{kind: A, pause: spec.suspend}" \
	    "ready: 'no such' is no:{kind: A, ready: no such}"; do
		{ cat good; printf 'restore: {rules: [%s]}\n' "{${rule#*:\{}"; } >backstay.yaml
		run --separate-stderr restore apply latest --yes
		echo "$stderr"
		[ "$status" -eq 2 ]
		grep -qF -- "restore.rules[0]: ${rule%%:\{*}" <<<"$stderr"
	done
}

@test "the units are valid, and may write to the vaults of the example" {
	local unit directory
	cp "$top"/config/systemd/* .
	sed -i "s#^ExecStart=/usr/bin/#ExecStart=$BACKSTAY_BUILD/#" ./*.service
	# Where this machine has systemd.
	if command -v systemd-analyze >/dev/null; then
		SYSTEMD_LOG_LEVEL=warning run -0 systemd-analyze verify --man=no ./*.service ./*.timer
		echo "$output"
		[ -z "$output" ]
	fi
	directory=$(sed -n 's/^    directory: //p' "$top/config/backstay.example.yaml")
	[ -n "$directory" ]
	for unit in ./*.service; do
		grep -qx "ReadWritePaths=-$directory" "$unit"
	done
}

@test "keygen makes private keys for their owner alone, and overwrites none" {
	restore keygen --to keys >out
	grep -q 'age1[a-z0-9]\{58\}' out
	[ "$(stat -c %a keys keys/identity.txt keys/signing.key | xargs)" = '700 600 600' ]
	[ "$(restore keygen --to more -o json | jq -r '.recipient | length')" -eq 62 ]
	cp -r keys before
	run --separate-stderr restore keygen --to keys
	[ "$status" -ne 0 ]
	diff -r keys before
	rm keys/identity.txt
	run --separate-stderr restore keygen --to keys
	[ "$status" -ne 0 ]
	[ ! -e keys/identity.txt ]
}

@test "keygen makes a post-quantum key where OpenSSL has ML-KEM, and else says why not" {
	if [[ $(restore --version) == *'since this OpenSSL has no ML-KEM'* ]]; then
		run -2 --separate-stderr restore keygen --post-quantum --to keys
		[ -z "$output" ]
		[[ $stderr == *"OpenSSL has no ML-KEM"*"'age-keygen -pq'"* ]]
		[ ! -e keys ]
		return
	fi
	restore keygen --post-quantum --to keys >out
	recipient=$(grep -o 'age1pq1[a-z0-9]\{1946,\}' out)
	grep -qx "# public key: $recipient" keys/identity.txt
	grep -qx 'AGE-SECRET-KEY-PQ-1[A-Z0-9]\{58\}' keys/identity.txt
	[ "$(stat -c %a keys/identity.txt)" = 600 ]
}

@test "a clock that is wrong fails the check, as it would the backup" {
	cat >later.c <<-'E'
	#include <dlfcn.h>
	#include <time.h>
	int clock_gettime(clockid_t id, struct timespec *t)
	{
		int (*real)(clockid_t, struct timespec *) = dlsym(RTLD_NEXT, "clock_gettime");
		int result = real(id, t);
		t->tv_sec += id == CLOCK_REALTIME ? 1000 : 0;
		return result;
	}
	E
	cc -D_GNU_SOURCE -shared -fPIC -o later.so later.c
	printf '%s\n' "git: {repositories: [{url: $PWD/none.git}]}" \
	    'retention: {keep_last: 1}' >>backstay.yaml
	agent vault init
	run env LD_PRELOAD="${LD_PRELOAD-} $PWD/later.so" "$BACKSTAY_BUILD/backstay-agent" check
	echo "$output"
	[ "$status" -eq 1 ]
	grep -q "^FAILED  *vault 'local'.*clock" <<<"$output"
	# Neither the command line nor the configuration is wrong.
	local command
	for command in backup prune; do
		run env LD_PRELOAD="${LD_PRELOAD-} $PWD/later.so" "$BACKSTAY_BUILD/backstay-agent" $command
		echo "$output"
		[ "$status" -eq 3 ]
		grep -q 'NTP' <<<"$output"
	done
}

@test "a directory that cannot be made names the key that names it" {
	# Not even root makes a directory below a file.
	good | sed "s#state_dir: .*#state_dir: $PWD/backstay.yaml/x#" >other.yaml
	for command in "agent backup" "agent check"; do
		# shellcheck disable=SC2086
		run --separate-stderr $command --config other.yaml
		echo "$status: $stderr"
		[ "$status" -eq 3 ]
		[ "$(grep -c "error " <<<"$stderr")" -eq 1 ]
		grep -qF 'other.yaml: state_dir: ' <<<"$stderr"
	done
}

@test "events are JSON where that is asked for" {
	run --separate-stderr agent --log-format json --config none.yaml list
	[ "$(jq -r .level <<<"$stderr")" = error ]
}

@test "every command the README shows is one" {
	# shellcheck disable=SC2016 # the fences of Markdown
	sed -n '/^```sh/,/^```/p' "$top/README.md" |
	    sed 's/#.*//; s/ *$//' | grep -E '^backstay-' >commands
	[ "$(wc -l <commands)" -ge 10 ]
	while read -r line; do
		read -ra words <<<"$line"
		echo "$line"
		"$BACKSTAY_BUILD/${words[0]}" "${words[@]:1}" --help >/dev/null
	done <commands
	# Every option of them that it names is in the help of some command.
	for c in $agent_commands; do agent "$c" --help; done >helps
	for c in $restore_commands; do restore "$c" --help; done >>helps
	# shellcheck disable=SC2016
	grep -oE '`[a-z ]*--[a-z-]+' "$top/README.md" | grep -vE '^`(git|kubectl) ' |
	    grep -oE -- '--[a-z-]+' | sort -u >options
	[ "$(wc -l <options)" -ge 4 ]
	while read -r o; do
		echo "$o"
		grep -qE -- "(^| )$o( |$)" helps
	done <options
}

@test "list: age and tags, only those with a tag, only the last" {
	git init -q -b main git
	git -C git -c user.name=a -c user.email=a@example.com commit -q --allow-empty -m one
	cat >>backstay.yaml <<-E
	git: {repositories: [{name: g, url: $PWD/git}]}
	E
	for tag in one two three; do
		agent backup --tag "$tag" --tag all
		sleep 1.1
	done
	for program in agent restore; do
		"$program" list >table
		[ "$(grep -cE '^t-[0-9TZ]+ +[0-9]+ s +complete ' table)" -eq 3 ]
		grep -qE '^SNAPSHOT +AGE +STATUS .* VERIFIED, TAGS$' table
		grep -q 'never  two, all$' table
		[ "$("$program" list --tag two --tag three -o json | jq -c '[.snapshots[].tags[0]]')" = '["two","three"]' ]
		[ "$("$program" list --last 2 -o json | jq -c '[.snapshots[].tags[0]]')" = '["two","three"]' ]
		[ "$("$program" list --last 1 --tag all -o json | jq -c '[.snapshots[].tags[0]]')" = '["three"]' ]
		"$program" list --last 1 -o json | jq -e '.snapshots[0].age_seconds | . >= 0 and . < 600'
		"$program" list --tag nothing | grep -qx 'no snapshot of 3 has such a tag'
		run -2 --separate-stderr "$program" list --last none
		grep -q -- '--last takes a count' <<<"$stderr"
	done
}

@test "what a new user gets wrong is named: a private key as recipient, a tab, an own authority" {
	restore keygen --to keys >/dev/null
	key=$(grep AGE-SECRET keys/identity.txt)
	sed -i "s/^encryption:.*/encryption: {recipients: [$key]}/" backstay.yaml
	refused 'is a private key: put its public key there'
	! grep -q "$key" <<<"$stderr" || false
	printf 'name: t\nvaults:\n\t- {name: a}\n' >backstay.yaml
	refused 'backstay.yaml:3:1: not valid YAML: a tab stands here; YAML is indented by spaces'
	# The parser of YAML meets it in the midst of the value before.
	printf 'name: t\nvaults:\n  - name: a\n\tdirectory: /x\n' >backstay.yaml
	refused 'backstay.yaml:4:1: not valid YAML: a tab stands here; YAML is indented by spaces'
}
