#!/usr/bin/env bats
# How a run behaves besides what it captures: stopped, killed, side by side
# with another, on a full disk, on a terminal; and the chain of a vault.
# shellcheck disable=SC2154 # lib sets $top, bats sets $stderr
# bats file_tags=slow
bats_require_minimum_version 1.5.0
load lib
load small

# One cluster on the simulated API server, slow where a test wants it to be.
setup_file() {
	export P=$BATS_FILE_TMPDIR/p KUBE=sim
	mkdir -p "$P"
	kube_server sim start "$P/kube"
	platform_keys
	"$top/tests/data/platform/load" kube "$P/kube/kubeconfig" >/dev/null
}

teardown_file() {
	kube_server sim stop "$P/kube"
}

setup() {
	export BACKSTAY_CONFIG=$P/backstay.yaml
	rm -rf "$P/vault" "$P/vault2" "$P/state"
	config >"$BACKSTAY_CONFIG"
	quick
}

config() {
	cat <<-E
	name: platform
	state_dir: $P/state
	vaults:
	  - {name: local, directory: $P/vault}
	$(keys_config)
	retention: {keep_last: 2, keep_min: 1}
	kubernetes:
	  clusters:
	    - name: production
	      kubeconfig: $P/kube/kubeconfig
	      namespaces: [production, staging]
	E
}

kube() { # METHOD PATH, with what stdin has
	local url
	url=$(sed -n 's/^ *server: //p' "$P/kube/kubeconfig")
	curl -fsS -o /dev/null -X "$1" -H 'Content-Type: application/json' --data-binary @- "$url$2"
}

quick() { kube_faults DELETE; }
slow() { kube_faults POST '[{"method": "GET", "path": "secrets", "kind": "slow", "delay_ms": 4000}]'; }

# One a second: of more, the label would lie in the future.
backups() { # COUNT
	for _ in $(seq "$1"); do
		agent backup
		sleep 1.1
	done
}

scratch() { find "$P/state" -name 'scratch-*'; }

@test "SIGTERM in mid-backup: exit status 3, no snapshot, no scratch, at once" {
	small_held_backup
	[ -n "$(scratch)" ]
	before=$EPOCHSECONDS
	kill -TERM "$pid"
	code=0
	wait "$pid" || code=$?
	cat "$P/held-err"
	[ "$code" -eq 3 ]
	[ $((EPOCHSECONDS - before)) -le 20 ] # and not once the cluster answers
	[ -z "$(scratch)" ]
	[ -z "$(find "$P/vault" -type f ! -name "backstay-vault*")" ]
	[ -z "$(labels)" ]
}

@test "SIGHUP under nohup stops nothing" {
	trap '' HUP
	small_held_backup
	trap - HUP
	kill -HUP "$pid"
	quick
	wait "$pid"
	run -0 agent list
	[[ $output == *" complete "* ]]
}

@test "SIGKILL in mid-backup: no snapshot, and the next start removes what it left" {
	small_held_backup
	kill -KILL "$pid"
	wait "$pid" || true
	[ -n "$(scratch)" ]
	[ -z "$(labels)" ]
	quick
	# Of a run on another machine nobody here knows whether it is dead.
	sed -i 's/"process":"/&elsewhere /' "$P"/vault/*.lock-*
	run --separate-stderr agent backup
	echo "$stderr"
	[ "$status" -eq 4 ]
	grep -q 'unlock' <<<"$stderr"
	[ -z "$(scratch)" ]
	run --separate-stderr agent unlock -o json
	[ "$status" -eq 4 ]
	[ "$(jq -r '.vaults[] | "\(.vault) \(.held) \(.removed)"' <<<"$output")" = 'local true false' ]
	[ "$(jq -r '.vaults[].holder' <<<"$output" | grep -c "pid $pid")" -eq 1 ]
	agent unlock --yes
	agent backup
	[ "$(labels | wc -l)" -eq 1 ]
	restore verify latest
}

@test "a lock whose process died on this very machine holds nobody up" {
	small_held_backup
	kill -KILL "$pid"
	wait "$pid" || true
	quick
	agent backup
	[ "$(labels | wc -l)" -eq 1 ]
}

@test "a second run finds the lock held and says by whom" {
	small_held_backup
	run --separate-stderr agent backup
	kill -TERM "$pid"
	wait "$pid" || true
	echo "$stderr"
	[ "$status" -eq 4 ]
	grep -q "pid $pid" <<<"$stderr"
	[ "$(grep -c "error " <<<"$stderr")" -eq 1 ]
}

@test "scratch and memory files hold no plaintext once a run was killed" {
	small_held_backup
	kill -KILL "$pid"
	wait "$pid" || true
	# s3cret is in the platform's Secrets, in clear and as base64.
	run grep -rlE 's3cret|czNjcmV0' "$P/state" "$P/vault"
	[ "$status" -eq 1 ]
}

@test "a full disk: a clear error, exit status 3, older snapshots intact" {
	agent backup
	first=$(labels)
	mkdir -p "$P/small"
	mount -t tmpfs -o size=64k none "$P/small" || skip "cannot mount"
	sed -i "s#^state_dir:.*#&\nscratch_dir: $P/state/scratch#; s#directory: $P/vault#directory: $P/small#" "$BACKSTAY_CONFIG"
	make_vaults
	head -c 52000 /dev/urandom >"$P/small/other"
	run --separate-stderr agent backup
	umount "$P/small"
	echo "$stderr"
	[ "$status" -eq 3 ]
	grep -q 'No space left' <<<"$stderr"
	config >"$BACKSTAY_CONFIG"
	[ "$(labels)" = "$first" ]
	restore verify "$first"
}

# What fills the disk for working files is one list; the others fit.
@test "a source that comes to grief costs itself: the rest is captured, and it is named" {
	git init -q -b main "$P/work"
	git -C "$P/work" -c user.name=t -c user.email=t@example.com commit -q --allow-empty -m one
	printf 'git: {repositories: [{url: "%s"}]}\n' "$P/work" >>"$BACKSTAY_CONFIG"
	for i in 1 2 3 4; do
		printf '{"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "big-%s"}, "data": {"x": "%s"}}' \
			"$i" "$(head -c 500000 /dev/urandom | base64 -w 0)" |
			kube POST /api/v1/namespaces/staging/configmaps
	done
	mkdir -p "$P/little"
	mount -t tmpfs -o size=1m none "$P/little" || skip "cannot mount"
	sed -i "s#^state_dir:.*#&\nscratch_dir: $P/little#" "$BACKSTAY_CONFIG"
	run --separate-stderr agent backup
	umount "$P/little"
	for i in 1 2 3 4; do
		kube DELETE "/api/v1/namespaces/staging/configmaps/big-$i" </dev/null
	done
	echo "$output$stderr"
	[ "$status" -eq 1 ]
	grep 'missing: production: configmaps: ' <<<"$stderr" | grep -q 'No space left'
	[ "$(grep -c missing: <<<"$stderr")" -eq 1 ]
	sed -i '/^scratch_dir/d' "$BACKSTAY_CONFIG"
	restore verify latest
	restore extract latest --to "$P/out"
	git -C "$P/out/git/work.git" log --oneline | grep -q one
	[ -n "$(find "$P/out/kubernetes/production" -path '*secrets*' -name '*.json')" ]
	[ -z "$(find "$P/out/kubernetes/production" -path '*configmaps*' -name '*.json')" ]
	rm -rf "$P/out" "$P/work"
}

@test "two vaults: both have it; one that fails is named and the status is 1" {
	sed -i "s#.*directory: .*#&\n  - {name: second, directory: $P/vault2}#" "$BACKSTAY_CONFIG"
	agent backup
	[ "$(restore list -o json | jq '.snapshots | length')" -eq 1 ]
	restore verify latest --vault second
	cmp "$P"/vault/*.tar.* "$P"/vault2/*.tar.*
	rm -rf "$P/vault2"
	: >"$P/vault2"
	run --separate-stderr agent backup
	rm "$P/vault2"
	echo "$output$stderr"
	[ "$status" -eq 1 ]
	grep -q 'ONLY 1 of 2 vaults' <<<"$output"
	grep -q "vault 'second'" <<<"$stderr"
	[ "$(restore show latest -o json | jq -r .status)" = complete ]
	restore show latest -o json | jq -r '.warnings[]' | grep -q "vault 'second' has no copy"
}

@test "without encryption and signing it works, and every run says so" {
	sed -i '/^encryption/,/^retention/{/^retention/!d}' "$BACKSTAY_CONFIG"
	printf 'encryption: none\nsigning: none\n' >>"$BACKSTAY_CONFIG"
	run --separate-stderr agent backup
	echo "$stderr"
	[ "$status" -eq 0 ]
	grep -q 'encryption: none' <<<"$stderr"
	grep -q 'signing: none' <<<"$stderr"
	run --separate-stderr restore verify latest
	[ "$status" -eq 0 ]
	grep -q 'signing: none' <<<"$stderr"
	manifest=$(echo "$P"/vault/*.manifest.json)
	jq '.missing = [{what: "\u001b[2Jx", reason: "y\u0007"}] | .warnings = ["\u001b[1mz"]' "$manifest" >"$P/forged"
	mv "$P/forged" "$manifest"
	restore show latest >"$BATS_TEST_TMPDIR/shown"
	grep -q 'x: y' "$BATS_TEST_TMPDIR/shown"
	run ! grep -q '[[:cntrl:]]' "$BATS_TEST_TMPDIR/shown"
}

@test "gzip, a tag and hold arrive" {
	echo 'compression: {format: gzip}' >>"$BACKSTAY_CONFIG"
	agent backup --tag before-upgrade --hold
	restore show latest -o json >"$BATS_TEST_TMPDIR/m"
	[ "$(jq -r '.archive.compression, .hold, .tags[0]' "$BATS_TEST_TMPDIR/m" | xargs)" = 'gzip true before-upgrade' ]
	age -d -i "$P/keys/identity.txt" "$P"/vault/*.tar.gz.age | tar -tvz >"$BATS_TEST_TMPDIR/list"
	grep -q ' CONTENTS.json$' "$BATS_TEST_TMPDIR/list"
	run ! grep -v '^-rw------- ' "$BATS_TEST_TMPDIR/list" # for whoever unpacks it with tar alone
	restore verify latest
}

@test "an SSH key is a recipient, for the age program as for us" {
	ssh-keygen -q -t ed25519 -N '' -C someone@work -f "$P/id"
	sed -i "s|recipients: \\[|&\"$(cut -d' ' -f1,2 "$P/id.pub")\", |; s|identity_files: \\[.*\\]|identity_files: [$P/id]|" "$BACKSTAY_CONFIG"
	agent backup
	age -d -i "$P/id" "$P"/vault/*.age | zstd -d | tar -t | grep -qx CONTENTS.json
	age -d -i "$P/keys/identity.txt" "$P"/vault/*.age >/dev/null
	restore verify latest
	agent --version | grep -q 'ssh-ed25519'
	# What is none is refused by name, before anything is written.
	sed -i "s|recipients: \\[|&age1pq1qqqq, |" "$BACKSTAY_CONFIG"
	run -2 agent check
	[[ $output == *"item 0 is not an age recipient that is known here"* ]]
}

@test "a plugin's recipient is written to and its identity opens, for the age program as for us" {
	age-plugin-scripted() { "$top/tests/data/age-plugin/age-plugin-scripted" "$1"; }
	local with=$top/tests/data/age-plugin:$PATH
	age-plugin-scripted identity >"$P/plugin"
	chmod 600 "$P/plugin"
	sed -i "s|recipients: \\[.*\\]|recipients: [$(age-plugin-scripted recipient)]|; s|identity_files: \\[.*\\]|identity_files: [$P/plugin]|" "$BACKSTAY_CONFIG"
	run -1 agent check
	[[ $output == *"the plugin 'age-plugin-scripted' is not in PATH"* ]]
	run -2 agent backup
	[[ $output == *"the plugin 'age-plugin-scripted' is not in PATH"* ]]
	PATH=$with agent check
	PATH=$with AGE_PLUGIN_SCRIPTED=error run -1 agent check
	[[ $output == *"FAILED  encryption"*"the plugin 'age-plugin-scripted': it says: the key is locked"* ]]
	sed "s|recipients: \\[|&$(age-keygen -y "$P/keys/identity.txt"), |" "$BACKSTAY_CONFIG" >"$P/mixed.yaml"
	BACKSTAY_CONFIG=$P/mixed.yaml PATH=$with AGE_PLUGIN_SCRIPTED=labels run -1 agent check
	[[ $output == *"FAILED  encryption"*"cannot stand together"* ]]
	PATH=$with agent backup
	PATH=$with AGE_PLUGIN_SCRIPTED=msg run -0 restore verify latest
	[[ $output == *"touch the key"* ]]
	PATH=$with age -d -i "$P/plugin" "$P"/vault/*.age | zstd -d | tar -t | grep -qx CONTENTS.json
	PATH=$with AGE_PLUGIN_SCRIPTED=pin run -3 restore verify latest 3>&- </dev/null
	[[ $output == *"age-plugin-scripted"*"the PIN is wrong"* ]]
	run -3 restore verify latest
	[[ $output == *"age-plugin-scripted"*"install it on this machine"* ]]
}

@test "a post-quantum recipient is written to by OpenSSL or by the plugin, or refused by name" {
	local pq=$top/tests/data/age-pq version
	version=$(agent --version)
	install -m 600 "$pq/key" "$P/pq"
	sed -i "s|recipients: \\[.*\\]|recipients: [$(cat "$pq/key.pub")]|; s|identity_files: \\[.*\\]|identity_files: [$P/pq]|" "$BACKSTAY_CONFIG"
	if [[ $version == *'post-quantum (age1pq1...), SSH'* ]]; then
		agent check
		agent backup
		grep -aq '^-> mlkem768x25519 ' "$P"/vault/*.age
		restore verify latest
		return
	fi
	[[ $version == *'post-quantum (age1pq1...) among them, since this OpenSSL has no ML-KEM' ]]
	[ "$(restore --version | tail -n 1)" = "${version#*$'\n'}" ]
	if ! command -v age-plugin-pq >/dev/null; then
		run -1 agent check
		[[ $output == *"FAILED  encryption"*"recipient 'age1pq1"*"'age-plugin-pq' is not in PATH"*"OpenSSL 3.5"* ]]
		run -2 agent backup
		[[ $output == *"recipient 'age1pq1"*"'age-plugin-pq' is not in PATH"* ]]
	fi
	# By a plugin of that name, to which the identity is given in its own form.
	mkdir "$P/bin"
	ln -s "$top/tests/data/age-plugin/age-plugin-scripted" "$P/bin/age-plugin-pq"
	export PATH=$P/bin:$PATH
	agent check
	agent backup
	restore verify latest
	sed "s|recipients: \\[|&$(age-keygen -y "$P/keys/identity.txt"), |" "$BACKSTAY_CONFIG" >"$P/mixed.yaml"
	BACKSTAY_CONFIG=$P/mixed.yaml AGE_PLUGIN_SCRIPTED=labels run -1 agent check
	[[ $output == *"FAILED  encryption"*"cannot stand together"* ]]
}

@test "SNAPSHOT is a label, a beginning that fits one, or latest" {
	agent backup
	sleep 1
	agent backup
	label=$(labels | tail -1)
	[ "$(restore show latest -o json | jq -r .label)" = "$label" ]
	[ "$(restore show "${label%Z}" -o json | jq -r .label)" = "$label" ]
	run --separate-stderr restore show platform
	echo "$stderr"
	[ "$status" -eq 2 ]
	grep -q "$label" <<<"$stderr"
	run --separate-stderr restore show nothing-like-it
	[ "$status" -ne 0 ]
}

@test "a name that shows no snapshots names those that are there" {
	mkdir -p "$P/vault"
	run --separate-stderr restore list
	[ "$status" -eq 0 ]
	[ "$output" = "no snapshots of 'platform'" ]
	agent backup
	sed -i 's/^name: .*/name: platfrom/' "$BACKSTAY_CONFIG"
	none="no snapshots of 'platfrom'; the vault has those of 'platform'"
	for program in agent restore; do
		run --separate-stderr "$program" list
		echo "$output$stderr"
		[ "$status" -eq 0 ]
		grep -q "^$none (.list --all-names. shows" <<<"$output"
	done
	run --separate-stderr restore verify latest
	echo "$stderr"
	[ "$status" -eq 3 ]
	grep -q "$none" <<<"$stderr"
}

@test "verify --chain finds a snapshot missing from the middle, and knows what was pruned" {
	backups 4
	restore verify latest --quick --chain
	agent prune
	[ "$(labels | wc -l)" -eq 2 ]
	restore verify latest --quick --chain
	agent backup
	middle=$(labels | sed -n 2p)
	rm "$P/vault/$middle".*
	run --separate-stderr restore verify latest --quick --chain
	echo "$stderr"
	[ "$status" -eq 5 ]
	grep -q "'$middle' is missing" <<<"$stderr"
}

@test "backup --prune drops only after a complete snapshot" {
	backups 3
	sed 's/namespaces: \[/namespaces: [nowhere, /' "$BACKSTAY_CONFIG" >"$P/partial.yaml"
	run agent --config "$P/partial.yaml" backup --prune
	[ "$status" -eq 1 ]
	[ "$(labels | wc -l)" -eq 4 ]
	run agent backup --prune
	echo "$output"
	[ "$status" -eq 0 ]
	[ "$(labels | wc -l)" -le 4 ]
	restore verify latest --quick
}

@test "after a change of the signing key prune drops nothing that it cannot trust" {
	agent backup --hold
	sleep 1.1
	agent backup
	held=$(labels | head -1)
	restore keygen --to "$P/new" >/dev/null
	sed -i "s#$P/keys/signing#$P/new/signing#" "$BACKSTAY_CONFIG"
	sleep 1.1
	backups 3
	run agent prune
	echo "$output"
	[ "$status" -eq 0 ]
	grep -q "^$held  *keep  *bad .* not trusted: name the public key" <<<"$output"
	[ "$(find "$P/vault" -name '*.manifest.json' | wc -l)" -eq 4 ]
	sed -i "s#public_key_files: \[#&$P/keys/signing.pub, #" "$BACKSTAY_CONFIG"
	sleep 1.1 # a record of what was pruned is named by the second
	run agent prune
	echo "$output"
	grep -q "^$held  *keep  *complete .* hold" <<<"$output"
	[ "$(find "$P/vault" -name '*.manifest.json' | wc -l)" -eq 3 ]
}

@test "verify is remembered, and list shows it" {
	agent backup
	restore verify latest --sample 50%
	sleep 1.1 # the newest record counts, by the second
	[ "$(restore list -o json | jq -r '.snapshots[0].verified.level')" = sample ]
	restore verify latest
	[ "$(restore list -o json | jq -r '.snapshots[0].verified.level')" = full ]
}

@test "a progress line stands on a terminal, and only there" {
	slow
	make_vaults
	script -qec "'$BACKSTAY_BUILD/backstay-agent' backup" /dev/null </dev/null >"$BATS_TEST_TMPDIR/tty"
	grep -q 'capturing: ' "$BATS_TEST_TMPDIR/tty"
	grep -qE 'capturing: [0-9]+ entries, [0-9.]+ [KMGi]*B(, [0-9.]+ [KMGi]*B\/s)?(, [0-9]+:[0-9]{2} left)? \| kubernetes [0-9]+/[0-9]+ \| ' "$BATS_TEST_TMPDIR/tty"
	slow
	# Never longer than the terminal is wide: it could not be renewed in place.
	script -qec "stty cols 50; '$BACKSTAY_BUILD/backstay-agent' backup" /dev/null </dev/null |
	    tr '\r' '\n' | sed 's/\x1b\[K//g' | grep '^capturing: ' >"$BATS_TEST_TMPDIR/narrow"
	[ "$(awk '{ if (length > n) n = length } END { print n }' "$BATS_TEST_TMPDIR/narrow")" -eq 49 ]
	quick
	agent backup 2>"$BATS_TEST_TMPDIR/pipe"
	run grep -c 'capturing: ' "$BATS_TEST_TMPDIR/pipe"
	[ "$output" = 0 ]
}

@test "warnings are coloured on a terminal, and not under NO_COLOR" {
	sed -i '/^encryption/,/^retention/{/^retention/!d}' "$BACKSTAY_CONFIG"
	printf 'encryption: none\nsigning: none\n' >>"$BACKSTAY_CONFIG"
	make_vaults
	TERM=xterm script -qec "'$BACKSTAY_BUILD/backstay-agent' backup" /dev/null </dev/null >"$BATS_TEST_TMPDIR/coloured"
	grep -q $'\x1b\\[33mwarn' "$BATS_TEST_TMPDIR/coloured"
	NO_COLOR=1 TERM=xterm script -qec "'$BACKSTAY_BUILD/backstay-agent' backup" /dev/null </dev/null >"$BATS_TEST_TMPDIR/plain"
	grep -q 'warn .*encryption: none' "$BATS_TEST_TMPDIR/plain"
	run ! grep -q $'\x1b\\[[0-9]*m' "$BATS_TEST_TMPDIR/plain"
}

@test "apply asks on a terminal, and does nothing on any answer but yes" {
	agent backup
	"$top/tests/data/platform/wipe" kube "$P/kube/kubeconfig" >/dev/null
	"$top/tests/data/platform/dump" kube "$P/kube/kubeconfig" >"$BATS_TEST_TMPDIR/a"
	run script -qec "'$BACKSTAY_BUILD/backstay-restore' apply latest --same-cluster" /dev/null <<<no
	echo "$output"
	grep -q 'Type yes' <<<"$output"
	# Where all of it would go is the last thing that is read before.
	grep -q "^to: cluster .*: $(server_of "$P/kube/kubeconfig")" <<<"$output"
	"$top/tests/data/platform/dump" kube "$P/kube/kubeconfig" >"$BATS_TEST_TMPDIR/b"
	diff "$BATS_TEST_TMPDIR/a" "$BATS_TEST_TMPDIR/b"
	# Nor is anybody asked about what is not shown, or told of a restore that is none.
	run script -qec "'$BACKSTAY_BUILD/backstay-restore' apply latest --same-cluster -o json" /dev/null <<<no
	grep -q '^to: cluster ' <<<"$output"
	run script -qec "'$BACKSTAY_BUILD/backstay-restore' plan latest --same-cluster --server" /dev/null
	grep -q 'asking the targets: ' <<<"$output"
	[[ $output != *restoring* ]]
	run script -qec "'$BACKSTAY_BUILD/backstay-restore' apply latest --same-cluster" /dev/null <<<yes
	echo "$output"
	# One line that is renewed, and none a phase.
	for doing in 'verifying: [0-9.]+ [KM]?i?B of ' 'unpacking: [0-9.]+ [KM]?i?B of ' planning 'restoring: 0 of '; do
		grep -qE $'\r\x1b\\[K'"$doing" <<<"$output"
	done
	[[ $output != *'info  restoring '* ]]
	"$top/tests/data/platform/dump" kube "$P/kube/kubeconfig" >"$BATS_TEST_TMPDIR/c"
	[ "$(grep -c deployments "$BATS_TEST_TMPDIR/c")" -gt 0 ]
	"$top/tests/data/platform/load" kube "$P/kube/kubeconfig" >/dev/null
}
