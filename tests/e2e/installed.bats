#!/usr/bin/env bats
# What is installed besides the programs: completion in the shells themselves,
# manual pages, units, and Debian's packages.
# shellcheck disable=SC2154 # lib sets $top, bats sets $stderr
# bats file_tags=slow
bats_require_minimum_version 1.5.0
load lib

setup_file() {
	export W=$BATS_FILE_TMPDIR
	make -C "$top" install BUILD="$BACKSTAY_BUILD" DESTDIR="$W/root" PREFIX=/usr >"$W/make.log"
}

in_bash() { # WORD...: what the last one becomes
	bash --norc -c '
		source "$1/usr/share/bash-completion/completions/$2"
		COMP_WORDS=("${@:2}") COMP_CWORD=$(($# - 2))
		"_${2//-/_}" 2>/dev/null
		printf "%s\n" "${COMPREPLY[@]}"' - "$W/root" "$@"
}

@test "bash completes commands, options and words" {
	[ "$(in_bash backstay-agent ba)" = backup ]
	[ "$(in_bash backstay-agent backup --pr)" = --prune ]
	[ "$(in_bash backstay-agent --output '')" = $'table\njson' ]
	[ "$(in_bash backstay-agent list -o j)" = json ]
	[ "$(in_bash backstay-agent vault '' | head -1)" = init ]
	in_bash backstay-restore plan --existing '' | grep -qx recreate
	run ! grep -qx -- --existing <(in_bash backstay-restore list --)
	mkdir -p "$W/here/folder"
	touch "$W/here/file.yaml"
	cd "$W/here"
	[ "$(in_bash backstay-agent --config "fi")" = file.yaml ]
	[ "$(in_bash backstay-restore extract --to f)" = folder ]
}

@test "fish completes commands, options and words" {
	in_fish() { fish --no-config -c "source $W/root/usr/share/fish/vendor_completions.d/${1%% *}.fish; complete -C '$1'"; }
	[ "$(in_fish 'backstay-agent ba' | cut -f1)" = backup ]
	[ "$(in_fish 'backstay-agent backup --pr' | cut -f1)" = --prune ]
	in_fish 'backstay-agent list -o ' | cut -f1 | grep -qx json
	[ "$(in_fish 'backstay-agent vault ' | cut -f1)" = init ]
	in_fish 'backstay-restore plan latest --existing ' | cut -f1 | grep -qx recreate
}

# Its own functions ask for a terminal: what they are given is looked at.
@test "zsh is given commands, options and words" {
	in_zsh() { # STATE WORD...
		zsh -f -c '
			want=$1; shift; words=("$@")
			_arguments() { if [[ $1 == -C ]]; then state=$want; else print -rl -- "$@"; fi; }
			_describe() { print -rl -- "${commands[@]}"; }
			source "$W/root/usr/share/zsh/vendor-completions/_$prog"' - "$@"
	}
	prog=backstay-agent
	export prog
	in_zsh command | grep -qx 'backup:capture every source into one snapshot'
	in_zsh rest backup | grep -q '^--prune\['
	in_zsh rest backup | grep -q '^\*--tag\[.*:TAG: $'
	in_zsh rest backup | grep -q '^--output\[.*:value:(table json)$'
	in_zsh rest vault | grep -qx '1:what:(init)'
	prog=backstay-restore
	in_zsh rest extract | grep -q '^--to\[.*:directory:_files -/$'
}

@test "the manual pages are installed, without a word from mandoc" {
	cd "$W/root/usr/share/man"
	# References to each other are looked for where the system has its own.
	run mandoc -T lint -W style man1/backstay-agent.1 man1/backstay-restore.1 man5/backstay.yaml.5
	grep -v 'referenced manual not found\|mandoc.db' <<<"$output" || true
	[ "$(grep -vc 'referenced manual not found\|mandoc.db\|^$' <<<"$output")" -eq 0 ]
	# The example is in it, to the last line.
	mandoc -T ascii man5/backstay.yaml.5 | col -bx | sed 's/^     //; s/ *$//' >"$W/page"
	sed 's/ *$//' "$top/config/backstay.example.yaml" | grep . >"$W/example"
	grep -xFf "$W/example" "$W/page" | grep . | sort -u >"$W/there"
	sort -u "$W/example" | diff - "$W/there"
}

@test "the units are hard: systemd-analyze says 2.0 or less of each" {
	command -v systemd-analyze >/dev/null || skip "this machine has no systemd-analyze"
	for unit in "$top"/config/systemd/*.service; do
		run -0 systemd-analyze security --offline=true --no-pager --threshold=20 "$unit"
		tail -1 <<<"$output"
	done
}

@test "keys that only root can read reach a run as credentials" {
	grep -q '^LoadCredential=signing.key:/etc/backstay/signing.key' "$top/config/systemd/credentials.conf"
	cd "$BATS_TEST_TMPDIR"
	mkdir credentials git
	restore keygen --to keys -o json >made
	install -m 400 keys/signing.key credentials/signing.key
	git init -q -b main git
	git -C git -c user.name=a -c user.email=a@example.com commit -q --allow-empty -m one
	cat >backstay.yaml <<-E
	name: p
	state_dir: $PWD/state
	vaults: [{name: local, directory: $PWD/vault}]
	encryption: {recipients: [$(jq -r .recipient made)]}
	signing: {secret_key_file: '\${CREDENTIALS_DIRECTORY}/signing.key'}
	git: {repositories: [{name: g, url: $PWD/git}]}
	E
	CREDENTIALS_DIRECTORY=$PWD/credentials BACKSTAY_CONFIG=backstay.yaml agent backup
	run -2 --separate-stderr env -u CREDENTIALS_DIRECTORY "$BACKSTAY_BUILD/backstay-agent" check --config backstay.yaml
	grep -q CREDENTIALS_DIRECTORY <<<"$stderr"
}

@test "Debian's packages: lintian is content; they install, upgrade and purge" {
	command -v dpkg-buildpackage >/dev/null || skip "this machine builds no Debian packages"
	cd "$top"
	make deb BUILD="$W/built" >"$W/deb.log" 2>&1 || { tail -30 "$W/deb.log"; return 1; }
	cd "$W/built/deb"
	run lintian --allow-root --fail-on error,warning ./*.changes
	echo "$output"
	[ "$status" -eq 0 ]
	[ -z "$output" ]
	# A root of its own: the machine's stays as it is.
	mkdir -p "$W/chroot"/{etc,var/lib/dpkg/{info,updates}} upgraded
	: >"$W/chroot/var/lib/dpkg/status"
	dpkg_in() { dpkg --root="$W/chroot" --force-script-chrootless --force-depends --force-not-root "$@" 2>&1; }
	packages() { ls ./backstay-{common,agent,restore}_"$1"_*.deb; }
	# shellcheck disable=SC2046 # names without spaces
	dpkg_in -i $(packages 0.1.0)
	"$W/chroot/usr/bin/backstay-agent" --version | grep -q ' 0.1.0$'
	grep -q '^backstay:.*:/var/lib/backstay:/usr/sbin/nologin$' "$W/chroot/etc/passwd"
	[ "$(stat -c %a "$W/chroot/var/backups/backstay")" = 700 ]
	# Nothing starts before there is a configuration.
	[ -z "$(find "$W/chroot/etc/systemd" -type l 2>/dev/null)" ]
	echo 'name: mine' >"$W/chroot/etc/backstay/backstay.yaml"
	for deb in $(packages 0.1.0); do
		dpkg-deb -R "$deb" upgraded/x
		sed -i 's/0\.1\.0/0.1.1/' upgraded/x/DEBIAN/control
		dpkg-deb -b upgraded/x "./$(basename "${deb/0.1.0/0.1.1}")"
		rm -r upgraded/x
	done
	# shellcheck disable=SC2046
	dpkg_in -i $(packages 0.1.1)
	[ "$(dpkg --root="$W/chroot" -l 'backstay-*' | grep -c '^ii .* 0.1.1 ')" -eq 3 ]
	[ "$(cat "$W/chroot/etc/backstay/backstay.yaml")" = 'name: mine' ]
	dpkg_in --purge backstay-agent backstay-restore backstay-common
	[ -z "$(find "$W/chroot" -name '*backstay*' -path '*usr*')" ]
	[ -z "$(find "$W/chroot/lib" "$W/chroot/usr" -type f 2>/dev/null)" ]
	# What the operator made, and the snapshots, stay.
	[ -e "$W/chroot/etc/backstay/backstay.yaml" ]
}
