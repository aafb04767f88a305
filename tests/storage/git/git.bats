#!/usr/bin/env bats
# shellcheck disable=SC2154,SC2034,SC2016 # run sets stderr; scripts and harms are quoted for later
# Mirrors, pushes and verification against git http-backend and sshd, held
# against git itself on both sides.

# bats file_tags=slow
bats_require_minimum_version 1.5.0
load ../../support/common

setup_file() {
	top=$(cd "$BATS_TEST_DIRNAME/../../.." && pwd)
	export TOP=$top
	export TOOL=${BACKSTAY_BUILD:-$TOP/build}/tests/tools/git_tool
	export D=$BATS_FILE_TMPDIR/server
	"$TOP/tests/servers/git" start "$D"
	export GIT_AUTHOR_NAME=t GIT_AUTHOR_EMAIL=t@example.org
	export GIT_COMMITTER_NAME=t GIT_COMMITTER_EMAIL=t@example.org
	export GIT_AUTHOR_DATE='1700000000 +0000' GIT_COMMITTER_DATE='1700000000 +0000'
	export GIT_CONFIG_GLOBAL=/dev/null GIT_CONFIG_SYSTEM=/dev/null
}

teardown_file() {
	"$TOP/tests/servers/git" stop "$D"
}

setup() {
	# shellcheck disable=SC1091
	. "$D/env"
	export GIT_USER PASSWORD_FILE=$GIT_PASSWORD_FILE CA=$GIT_CA
	export KEY=$GIT_SSH_KEY KNOWN_HOSTS=$GIT_SSH_KNOWN_HOSTS
	export TMPDIR=$BATS_TEST_TMPDIR
	T=$BATS_TEST_TMPDIR
	M=$T/mirror.git
	N=r$BATS_TEST_NUMBER
	R=$GIT_REPOS/$N.git
}

teardown() {
	[ -z "${PROXY_PID-}" ] || kill "$PROXY_PID" 2>/dev/null || true
	rm -rf "${R:?}"
}

tool() { "$TOOL" "$@"; }

# A working tree with two commits, and what a platform's repository may hold.
work() {
	git init -q -b main --object-format="${FORMAT:-sha1}" "$T/work"
	cd "$T/work" || return
	echo one >file && git add file && git commit -q -m one
	git checkout -q -b side && echo side >side && git add side && git commit -q -m side
	git checkout -q main && echo two >file && git commit -q -a -m two
	git merge -q -m merge side
	git tag light
	git tag -a -m annotated annotated
	git tag -a -m nested nested annotated
	git tag blob "$(git rev-parse HEAD:file)"
	git tag tree "$(git rev-parse 'HEAD^{tree}')"
	git notes add -m note
	git update-ref refs/pull/1/head side
	git update-ref refs/changes/01/1/1 side~1
	git update-ref refs/custom/deep/er/ref side
	git replace side~1 main~1
	git update-ref 'refs/heads/odd%name#é&+=$;' side
	git update-ref refs/heads/dir main
	cd - >/dev/null || return
}

served() { # the working tree, as $R
	work
	git clone -q --mirror "$T/work" "$R"
}

publish() { git -C "$T/work" push -q --mirror "$R"; }

head_of() { # REPOSITORY: what its HEAD names, or the commit it is
	git -C "$1" symbolic-ref -q HEAD || git -C "$1" rev-parse HEAD
}

same() { # REPOSITORY REPOSITORY
	diff <(git -C "$1" for-each-ref) <(git -C "$2" for-each-ref)
	diff <(git -C "$1" --no-replace-objects rev-list --objects --all | sort) \
	    <(git -C "$2" --no-replace-objects rev-list --objects --all | sort)
	[ "$(head_of "$1")" = "$(head_of "$2")" ]
	git -C "$1" fsck --full --strict --no-dangling
	git -C "$2" fsck --full --strict --no-dangling
}

proxy() { # MODE [ARGUMENT]: $PROXY is its URL
	"$TOP/tests/storage/git/proxy" "$T/port" "$GIT_HTTP" "$@" >"$T/proxy.log" 3>&- &
	PROXY_PID=$!
	await [ -e "$T/port" ]
	VIA=http://127.0.0.1:$(<"$T/port")
}

noise() { # REPOSITORY MIB: a commit that does not compress
	git -C "$T/work" checkout -q main
	head -c "$2"M /dev/urandom >"$T/work/noise"
	git -C "$T/work" add noise
	git -C "$T/work" commit -q -m noise
	git -C "$T/work" push -q --mirror "$1"
}

logged() { # PATTERN: the server writes its log with some delay
	await grep -q "$1" "$GIT_ACCESS_LOG"
}

@test "a mirror over http holds every ref and object, and then fetches nothing" {
	served
	run -0 tool mirror "$GIT_HTTP/$N.git" "$M"
	[[ $output == *"head refs/heads/main"*"refs 14"*fresh* ]]
	same "$R" "$M"
	run -0 tool mirror "$GIT_HTTP/$N.git" "$M"
	[[ $output == *"received 0"*kept* ]]
	same "$R" "$M"
	# What an archive may not hold is not there.
	[ ! -e "$M/hooks" ]
	run ! grep -rq "$GIT_USER" "$M/config"
	[ -z "$(find "$M/objects" -path '*/??/*' ! -path '*/pack/*' ! -path '*/info/*')" ]
}

@test "a mirror over https trusts the given authority alone" {
	served
	run -0 tool mirror "$GIT_HTTPS/$N.git" "$M"
	same "$R" "$M"
	CA=$GIT_CA_WRONG run -3 tool mirror "$GIT_HTTPS/$N.git" "$T/other.git"
	[[ $output == *certificate* ]]
	unset CA
	run -3 tool mirror "$GIT_HTTPS/$N.git" "$T/other.git"
	[[ $output == *certificate* ]]
}

@test "a mirror over ssh, with a key and with one that has a passphrase" {
	served
	run -0 tool mirror "$GIT_SSH_BASE/$N.git" "$M"
	same "$R" "$M"
	export KEY=$GIT_SSH_KEY_ENCRYPTED
	run -3 tool mirror "$GIT_SSH_BASE/$N.git" "$T/b.git"
	PASSPHRASE_FILE=$GIT_SSH_PASSPHRASE_FILE run -0 tool mirror "$GIT_SSH_BASE/$N.git" "$T/b.git"
	same "$R" "$T/b.git"
	PASSPHRASE_FILE=$GIT_PASSWORD_FILE run -3 tool mirror "$GIT_SSH_BASE/$N.git" "$T/c.git"
	[[ $output == *"Permission denied"* ]]
	[ -z "$(find "$T" -name 'askpass*')" ]
}

@test "ssh refuses a host key that is unknown or has changed, and an unknown key is refused" {
	served
	KNOWN_HOSTS=$GIT_SSH_KNOWN_HOSTS_CHANGED run -3 tool mirror "$GIT_SSH_BASE/$N.git" "$M"
	[[ $output == *"not the one in known_hosts"* ]]
	KNOWN_HOSTS=$GIT_SSH_KNOWN_HOSTS_EMPTY run -3 tool mirror "$GIT_SSH_BASE/$N.git" "$M"
	[[ $output == *"not in known_hosts"* ]]
	KEY=$GIT_SSH_KEY_UNKNOWN run -3 tool mirror "$GIT_SSH_BASE/$N.git" "$M"
	[[ $output == *"does not take the key"* ]]
	[ ! -e "$M/HEAD" ]
}

@test "ssh with a key of the agent, and with no key at all" {
	served
	unset KEY
	eval "$(ssh-agent -s 3>&-)" >/dev/null
	ssh-add -q "$GIT_SSH_KEY"
	SSH_AGENT=1 run tool mirror "$GIT_SSH_BASE/$N.git" "$M"
	local with=$status
	ssh-add -q -D
	SSH_AGENT=1 run tool mirror "$GIT_SSH_BASE/$N.git" "$T/b.git"
	local without=$status
	# An agent that is not asked for is not used.
	ssh-add -q "$GIT_SSH_KEY"
	run tool mirror "$GIT_SSH_BASE/$N.git" "$T/c.git"
	kill "$SSH_AGENT_PID"
	((with == 0 && without == 3 && status == 3))
	[[ $output == *"Permission denied"* ]]
	same "$R" "$M"
}

# $KEY is one whose server does harm, as ssh-harm says.
harmful_key() { # MODE BYTES
	rm -f "$T/key"*
	ssh-keygen -q -t ed25519 -N '' -C "$N" -f "$T/key"
	echo "restrict,command=\"$TOP/tests/storage/git/ssh-harm $*\" $(<"$T/key.pub")" >>"$D/ssh/authorized_keys"
	KEY=$T/key
}

@test "over ssh: an end in the middle of the pack, a changed byte, a stall, a request to stop" {
	served
	noise "$R" 2
	harmful_key cut 500000
	run -3 tool mirror "$GIT_SSH_BASE/$N.git" "$M"
	[[ $output == *"after 3 tries"* ]]
	[ -z "$(find "$M" -name 'tmp_pack*')" ]
	harmful_key flip 500000
	run -3 tool mirror "$GIT_SSH_BASE/$N.git" "$M"
	[[ $output == *"damaged"* ]]
	harmful_key stall 500000
	STALL_MS=1000 run -3 tool mirror "$GIT_SSH_BASE/$N.git" "$M"
	[[ $output == *"no byte for 1 s"* ]]
	SECONDS=0
	CANCEL_MS=700 run -3 tool mirror "$GIT_SSH_BASE/$N.git" "$M"
	((SECONDS < 15)) # less than the silence lasts
	[[ $output == *"stopped on request"* ]]
	[ ! -e "$M/HEAD" ]
}

@test "through a proxy, http and https" {
	served
	proxy forward
	PROXY=$VIA run -0 tool mirror "$GIT_HTTP/$N.git" "$M"
	same "$R" "$M"
	grep -q "^GET $GIT_HTTP/$N.git/info/refs?service=git-upload-pack credentials" "$T/proxy.log"
	PROXY=$VIA run -0 tool mirror "$GIT_HTTPS/$N.git" "$T/b.git"
	same "$R" "$T/b.git"
	grep -q "^CONNECT localhost:" "$T/proxy.log"
	# The proxy of TLS sees no credentials.
	run ! grep -q "CONNECT.*credentials" "$T/proxy.log"
	PROXY=http://127.0.0.1:1 run -3 tool mirror "$GIT_HTTP/$N.git" "$T/c.git"
	[[ $output == *onnect* ]]
}

@test "a mirror of a file path, bare or with a working tree" {
	served
	run -0 tool mirror "$R" "$M"
	same "$R" "$M"
	run -0 tool mirror "file://$R" "$M"
	[[ $output == *"received 0"* ]]
	run -0 tool mirror "$T/work" "$T/b.git"
	diff <(git -C "$T/work" for-each-ref) <(git -C "$T/b.git" for-each-ref)
}

@test "a file path: objects of alternates, loose ones, and those of a linked working tree" {
	served
	git -C "$R" repack -q -a -d
	git clone -q --bare --shared "$R" "$T/middle.git"
	git clone -q --shared "$T/middle.git" "$T/top"
	git -C "$T/top" fetch -q origin 'refs/*:refs/*' --update-head-ok
	echo 'loose, and nobody else has it' >"$T/top/file"
	git -C "$T/top" commit -q -a -m loose
	git -C "$T/top" worktree add -q "$T/linked" side
	echo '../../../middle.git/objects' >"$T/top/.git/objects/info/alternates"
	for from in top linked; do
		run -0 tool mirror "$T/$from" "$M"
		same "$T/$from" "$M"
		[ ! -e "$M/objects/info/alternates" ]
		rm -rf "$M"
	done
}

@test "a file path: deltas of what is there already come whole, and what nothing reaches stays" {
	served
	cp "$TOP/README.md" "$T/work/file"
	git -C "$T/work" commit -q -a -m long
	publish
	run -0 tool mirror "$R" "$M"
	for i in {1..5}; do
		echo "line $i" >>"$T/work/file"
		git -C "$T/work" commit -q -a -m "$i"
	done
	publish
	secret=$(echo secret | git -C "$R" hash-object -w --stdin)
	git -C "$R" rev-list --objects --all --no-object-names | cat - <(echo "$secret") |
	    git -C "$R" pack-objects -q --window=250 "$R/objects/pack/pack"
	git -C "$R" prune-packed -q
	# New versions, but for the last, are deltas of new ones: take the last.
	git -C "$R" update-ref refs/heads/kept main
	run -0 tool mirror "$R" "$M"
	same "$R" "$M"
	run ! git -C "$M" cat-file -e "$secret"
}

# A loose one hides a packed one of its name, which git leaves behind.
@test "a file path: a symbolic ref counts, and not the packed one of its name" {
	served
	git -C "$R" pack-refs --all
	git -C "$R" symbolic-ref refs/heads/side refs/heads/main
	git -C "$R" symbolic-ref refs/heads/dir refs/heads/nowhere
	run -0 tool mirror "$R" "$M"
	[ "$(git -C "$M" for-each-ref refs/heads/side)" = \
	    "$(git -C "$R" rev-parse main) commit	refs/heads/side" ]
	[ -z "$(git -C "$M" for-each-ref refs/heads/dir)" ]
	diff <(git -C "$R" for-each-ref) <(git -C "$M" for-each-ref)
}

@test "a file path: packed refs that a crash cut off or left full of zeros are not a smaller repository" {
	served
	local refs=$R/packed-refs
	git -C "$R" pack-refs --all
	cp "$refs" "$T/whole"
	truncate -s -1 "$refs"
	run -3 tool mirror "$R" "$M"
	[[ $output == *"cut off"* ]]
	truncate -s 0 "$refs" && truncate -s "$(stat -c %s "$T/whole")" "$refs"
	run -3 tool mirror "$R" "$M"
	[[ $output == *"not a reference"* ]]
	{ sed 5q "$T/whole"; head -c 100 /dev/zero; } >"$refs"
	run -3 tool mirror "$R" "$M"
	[[ $output == *"not a reference"* ]]
	cp "$T/whole" "$refs"
	run -0 tool mirror "$R" "$M"
	same "$R" "$M"
}

@test "a file path: HEAD is what git says it is, however it is written" {
	work
	cd "$T"
	said() { git ls-remote --symref "$1" HEAD | sed -n 's/^ref: \(.*\)\tHEAD$/ref: \1/p'; }
	git -C work config core.preferSymlinkRefs true
	git -C work symbolic-ref HEAD refs/heads/side
	[ -L work/.git/HEAD ]
	git init -q -b main unborn
	git -C unborn config core.preferSymlinkRefs true
	git -C unborn symbolic-ref HEAD refs/heads/trunk
	git -C work worktree add -q -b linked ../linked
	git clone -q --mirror work alias.git
	git -C alias.git symbolic-ref refs/heads/alias refs/heads/main
	git -C alias.git symbolic-ref HEAD refs/heads/alias
	git init -q --separate-git-dir "$T/apart.git" apart
	git -C apart commit -q --allow-empty -m one
	for from in work linked alias.git apart; do
		run -0 tool mirror "$T/$from" "$T/${from%.git}-mirror.git"
		[ "$(cat "$T/${from%.git}-mirror.git/HEAD")" = "$(said "$T/$from")" ]
	done
	[ "$(cat linked-mirror.git/HEAD)" = 'ref: refs/heads/linked' ]
	# Named as git lets one name it: without its .git.
	run -0 tool mirror "$T/alias" "$T/short-mirror.git"
	same alias-mirror.git short-mirror.git
	# ls-remote says nothing of a branch that is not born yet.
	run -0 tool mirror "$T/unborn" "$T/unborn-mirror.git"
	[ "$(cat unborn-mirror.git/HEAD)" = 'ref: refs/heads/trunk' ]
}

@test "a file path: a loose ref that is a symbolic link" {
	served
	git -C "$R" update-ref refs/heads/loose main~1
	ln -s loose "$R/refs/heads/linked"
	ln -s refs/heads/gone "$R/refs/heads/dangling"
	run -0 tool mirror "$R" "$M"
	diff <(git ls-remote "$R" 'refs/*') <(git ls-remote "$M" 'refs/*')
}

# Argo CD 3.3's hydrator keeps its state in refs/notes.
@test "notes, replacements, a stash and symbolic references go there and back" {
	served
	git -C "$R" update-ref refs/stash side
	git -C "$R" update-ref refs/notes/hydrator.metadata refs/notes/commits
	git -C "$R" symbolic-ref refs/heads/alias refs/heads/side
	git -C "$R" symbolic-ref refs/remotes/origin/HEAD refs/heads/main
	for url in "$GIT_HTTP/$N.git" "$GIT_SSH_BASE/$N.git" "$R"; do
		rm -rf "$M" "$GIT_REPOS/$N-back.git"
		run -0 tool mirror "$url" "$M"
		git ls-remote "$R" >"$T/refs"
		git ls-remote "$M" | diff "$T/refs" -
		# A server need not take refs/stash: to git 2.39 a name of one
		# part is "funny".
		git init -q --bare -b main "$GIT_REPOS/$N-back.git"
		run -0 tool push "$GIT_HTTP/$N-back.git" "$M"
		refused=$(awk '$1 == "refused" {print $2}' <<<"$output")
		[ "${refused:-refs/stash}" = refs/stash ]
		git ls-remote "$GIT_REPOS/$N-back.git" | diff <(grep -v "${refused:-^$}" "$T/refs") -
		[ "$(git -C "$GIT_REPOS/$N-back.git" show -s --format=%N main)" = "$(git -C "$R" show -s --format=%N main)" ]
		rm -rf "$T/back.git"
		run -0 tool push "$T/back.git" "$M"
		git ls-remote "$T/back.git" | diff "$T/refs" -
	done
	rm -rf "$GIT_REPOS/$N-back.git"
}

@test "a HEAD of which the server says nothing is told, not made up in silence" {
	served
	git -C "$R" symbolic-ref HEAD refs/heads/trunk
	git -C "$R" config lsrefs.unborn ignore
	run -0 tool mirror "$GIT_HTTP/$N.git" "$M"
	[[ $output == *"warning the server does not say which branch its HEAD names"*"refs/heads/main is used instead"* ]]
	git -C "$R" config lsrefs.unborn advertise
	run -0 tool mirror "$GIT_HTTP/$N.git" "$M"
	[[ $output == *"head refs/heads/trunk unborn"* ]]
	[[ $output != *"does not say"* ]]
}

# Those that a newer git writes are written by hand here.
@test "a file path: extensions of the format are known, or refused by name" {
	served
	git -C "$R" config core.repositoryFormatVersion 1
	for e in noop=true worktreeConfig=true preciousObjects=true relativeWorktrees=true objectFormat=sha1 refStorage=files; do
		git -C "$R" config "extensions.${e%=*}" "${e#*=}"
		rm -rf "$M"
		run -0 tool mirror "$R" "$M"
		[ "$(cat "$M/HEAD")" = 'ref: refs/heads/main' ]
		# A target that has it takes a push, too.
		run -0 tool push "$R" "$M"
		sed -i '/extensions/,$d' "$R/config"
	done
	while read -r e says; do
		git -C "$R" config "extensions.${e%=*}" "${e#*=}"
		rm -rf "$M"
		run -3 tool mirror "$R" "$M"
		[[ $output == *$says* ]]
		sed -i '/extensions/,$d' "$R/config"
	done <<-X
		objectFormat=sha512 only sha1 and sha256
		refStorage=tomorrow git refs migrate
		partialClone=origin partial clone
		tomorrow=true tomorrow
	X
	git -C "$R" config core.repositoryFormatVersion 2
	run -3 tool mirror "$R" "$M"
	[[ $output == *"version 2"* ]]
}

# What `git refs migrate --ref-format=reftable` of git 2.55 makes of served(),
# with a symbolic ref, one that leads nowhere, and then, in a second table, one
# ref deleted and one made (tests/data/reftable).
@test "a file path: references in a reftable, of both hashes" {
	for FORMAT in sha1 sha256; do
		export FORMAT
		rm -rf "$T/work" "$R" "$M"
		served
		git -C "$R" symbolic-ref refs/heads/alias refs/heads/side
		git -C "$R" update-ref -d refs/heads/dir
		git -C "$R" update-ref refs/heads/new refs/heads/side
		git ls-remote "$R" 'refs/*' >"$T/refs"
		rm -rf "$R/refs" "$R/packed-refs"
		mkdir "$R/refs"
		echo 'this repository uses the reftable format' >"$R/refs/heads"
		echo 'ref: refs/heads/.invalid' >"$R/HEAD"
		cp -r "$TOP/tests/data/reftable/$FORMAT" "$R/reftable"
		git config -f "$R/config" core.repositoryFormatVersion 1
		git config -f "$R/config" extensions.refStorage reftable
		run -0 tool mirror "$R" "$M"
		[[ $output == *"head refs/heads/main"* ]]
		git ls-remote "$M" 'refs/*' | diff "$T/refs" -
		run -0 tool verify "$M"
		# It is read, and not written to.
		run -3 tool push "$R" "$M"
		[[ $output == *"git refs migrate --ref-format=files"* ]]
		# A byte that changes in it is not another reference.
		table=$(tail -n 1 "$R/reftable/tables.list")
		printf x | dd of="$R/reftable/$table" bs=1 seek=5 conv=notrunc status=none
		run -3 tool mirror "$R" "$M"
		[[ $output == *"$table"*"not a reftable"* ]]
		git ls-remote "$M" 'refs/*' | diff "$T/refs" -
	done
}

@test "a file path that is written to and repacked meanwhile" {
	served
	(
		while [ ! -e "$T/stop" ]; do
			for i in {1..5}; do git -C "$R" update-ref refs/heads/main "$(git -C "$R" commit-tree -p main -m "$i" 'main^{tree}')"; done
			git -C "$R" repack -q -a -d
			git -C "$R" prune-packed -q
		done
	) 3>&- &
	for i in {1..40}; do
		rm -rf "$T/m.git"
		run tool mirror "$R" "$T/m.git"
		[ "$status" = 0 ] || break
		run tool mirror "$R" "$M"
		[ "$status" = 0 ] || break
	done
	touch "$T/stop"
	wait
	[ "$status" = 0 ] || { echo "$output"; false; }
	run -0 tool verify "$T/m.git"
	run -0 tool verify "$M"
	run -0 tool mirror "$R" "$M"
	same "$R" "$M"
}

@test "an empty repository keeps the branch that HEAD names" {
	git init -q --bare -b trunk "$R"
	for url in "$GIT_HTTP/$N.git" "$GIT_SSH_BASE/$N.git" "$R"; do
		rm -rf "$M"
		run -0 tool mirror "$url" "$M"
		[[ $output == *"head refs/heads/trunk unborn"* ]]
		same "$R" "$M"
	done
	git clone -q "$M" "$T/clone"
}

@test "a HEAD on no branch is kept" {
	served
	git -C "$R" update-ref --no-deref HEAD refs/heads/side
	for url in "$GIT_HTTP/$N.git" "$GIT_SSH_BASE/$N.git" "$R"; do
		rm -rf "$M"
		run -0 tool mirror "$url" "$M"
		same "$R" "$M"
	done
}

@test "a server that speaks version 0 of the protocol only" {
	served
	proxy old
	run -0 tool mirror "$VIA/$N.git" "$M"
	same "$R" "$M"
	cd "$T/work" && git checkout -q side && echo more >side && git commit -q -a -m more && publish
	run -0 tool mirror "$VIA/$N.git" "$M"
	[[ $output == *"received 3"* ]]
	same "$R" "$M"
}

@test "a host that wants multi_ack claimed, as Azure DevOps does" {
	served
	proxy azure
	run -0 tool mirror "$VIA/$N.git" "$M"
	same "$R" "$M"
	# And an answer that acknowledges what is there.
	git -C "$T/work" commit -q --allow-empty -m more
	publish
	run -0 tool mirror "$VIA/$N.git" "$M"
	[[ $output == *kept* ]]
	same "$R" "$M"
}

# Git reads any mode: S_ISDIR ones as trees, those of no kind as submodules.
@test "trees whose modes git would not write are read as git reads them" {
	git init -q --bare -b main "$R"
	blob=$(echo deep | git -C "$R" hash-object -w --stdin)
	deep=$(printf '100664 x\0%b' "$(sed 's/../\\x&/g' <<<"$blob")" |
	    git -C "$R" hash-object -w -t tree --literally --stdin)
	# shellcheck disable=SC2059 # a format with its bytes
	tree=$({
		for mode in 040000 40000 40755 47777; do
			printf "$mode d$mode\\0$(sed 's/../\\x&/g' <<<"$deep")"
		done
		printf "160755 gone\\0$(printf '\\x11%.0s' {1..20})"
	} | git -C "$R" hash-object -w -t tree --literally --stdin)
	commit=$(git -C "$R" commit-tree -m odd "$tree")
	git -C "$R" update-ref refs/heads/main "$commit"
	for url in "$GIT_HTTP/$N.git" "$R"; do
		rm -rf "$M" "$T/back.git"
		run -0 tool mirror "$url" "$M"
		diff <(git -C "$R" rev-list --objects --all | sort) \
		    <(git -C "$M" rev-list --objects --all | sort)
		run -0 tool verify "$M"
		run -0 tool push "$T/back.git" "$M"
		[ "$(git -C "$T/back.git" show main:d40755/x)" = deep ]
	done
}

@test "changes follow: new commits, forced pushes, deletions, a name that becomes a directory" {
	served
	run -0 tool mirror "$GIT_HTTP/$N.git" "$M"
	cd "$T/work"
	for i in {1..50}; do echo "$i" >>file && git commit -q -a -m "$i"; done
	publish
	run -0 tool mirror "$GIT_HTTP/$N.git" "$M"
	[[ $output == *"received 150"*kept* ]]
	same "$R" "$M"
	old=$(git rev-parse main)
	git reset -q --hard HEAD~20 && echo other >file && git commit -q -a -m forced
	git branch -q -D dir && git branch -q dir/below
	git tag -d light
	git update-ref -d refs/pull/1/head
	publish
	run -0 tool mirror "$GIT_HTTP/$N.git" "$M"
	same "$R" "$M"
	run ! git -C "$M" show-ref --verify refs/tags/light
	git -C "$M" cat-file -e "$old"
	# And back again: nothing has to be fetched.
	git branch -q -D dir/below && git branch -q dir && git reset -q --hard "$old"
	publish
	run -0 tool mirror "$GIT_HTTP/$N.git" "$M"
	[[ $output == *"received 0"* ]]
	same "$R" "$M"
}

@test "a forced push of a server that has thrown the old history away" {
	served
	run -0 tool mirror "$GIT_HTTP/$N.git" "$M"
	cd "$T/work"
	git checkout -q main && git commit -q --amend -m amended && git tag -d light annotated nested
	publish
	git -C "$R" reflog expire --expire=now --all
	git -C "$R" gc -q --prune=now
	run -0 tool mirror "$GIT_HTTP/$N.git" "$M"
	same "$R" "$M"
}

@test "a wrong password is tried once, and no password is asked for" {
	served
	proxy pass
	PASSWORD_FILE=$GIT_PASSWORD_WRONG_FILE run -3 tool mirror "$VIA/$N.git" "$M"
	[[ $output == *"401 Unauthorized"*"not tried again"* ]]
	[[ $output != *"$(<"$GIT_PASSWORD_WRONG_FILE")"* ]]
	[ "$(cat "$T/proxy.log")" = "GET /$N.git/info/refs?service=git-upload-pack credentials" ]
	unset PASSWORD_FILE
	run -3 tool mirror "$GIT_HTTP/$N.git" "$M"
	[[ $output == *"wants credentials"* ]]
}

@test "a URL with a password, an option for a host, and schemes that are none are refused" {
	for url in "https://me:secret@example.org/r.git" "ssh://me:secret@example.org/r.git" \
	    "me:secret@example.org:r.git" "me:secret@example.org/r.git" \
	    "ssh://-oProxyCommand=x/r" "-oProxyCommand=x:r" "ext::sh -c x" "gopher://x/y" ""; do
		run -2 --separate-stderr tool mirror "$url" "$M"
		[[ $stderr != *secret* ]]
	done
}

@test "a redirect on the same host is followed" {
	served
	proxy slash
	run -0 tool mirror "$VIA/$N" "$M"
	same "$R" "$M"
}

@test "a redirect to another host is not followed, and carries no credentials where it is allowed" {
	served
	proxy redirect "http://localhost:${GIT_HTTP##*:}"
	run -3 tool mirror "$VIA/$N.git" "$M"
	[[ $output == *"another host"* ]]
	host=${GIT_HTTP#http://127.0.0.1:}
	REDIRECT_HOST=localhost:${host%%/*} run -3 tool mirror "$VIA/$N.git" "$M"
	[[ $output == *"not sent to another host"* ]]
	logged "^localhost:.*$N.git"
	run ! grep -q "^localhost:.*Basic.*/$N.git" "$GIT_ACCESS_LOG"
}

@test "an answer that ends in the middle of the pack is not a mirror" {
	served
	noise "$R" 2
	proxy cut 500000
	run -3 tool mirror "$VIA/$N.git" "$M"
	[[ $output == *"after 3 tries"* ]]
	[ ! -e "$M/HEAD" ]
	[ -z "$(find "$M" -name 'tmp_pack*')" ]
	# The next run with a whole server starts from there.
	run -0 tool mirror "$GIT_HTTP/$N.git" "$M"
	same "$R" "$M"
}

@test "an update that breaks off leaves the mirror as it was" {
	served
	run -0 tool mirror "$GIT_HTTP/$N.git" "$M"
	cp "$M/packed-refs" "$T/before"
	noise "$R" 2
	proxy cut 500000
	run -3 tool mirror "$VIA/$N.git" "$M"
	cmp "$M/packed-refs" "$T/before"
	git -C "$M" fsck --full --strict
	run -0 tool mirror "$GIT_HTTP/$N.git" "$M"
	same "$R" "$M"
}

@test "a transfer that stalls is ended by the time limit" {
	served
	noise "$R" 2
	proxy stall 500000
	SECONDS=0
	STALL_MS=1000 run -3 tool mirror "$VIA/$N.git" "$M"
	((SECONDS < 30))
	[ ! -e "$M/HEAD" ]
}

@test "a request to stop is obeyed at once, also while a server is silent" {
	served
	noise "$R" 2
	proxy stall 500000
	SECONDS=0
	CANCEL_MS=700 run -3 tool mirror "$VIA/$N.git" "$M"
	((SECONDS < 15)) # less than the silence lasts
	[[ $output == *"stopped on request"* ]]
}

@test "a byte that changes on the way is found" {
	served
	noise "$R" 2
	for at in 300000 1500000; do
		rm -f "$T/port"
		proxy flip $at
		run -3 tool mirror "$VIA/$N.git" "$M"
		kill "$PROXY_PID"
		[[ $output == *"damaged"* ]]
		[ ! -e "$M/HEAD" ]
	done
}

@test "a damaged mirror is thrown away and made anew, with a warning" {
	served
	noise "$R" 1
	run -0 tool mirror "$GIT_HTTP/$N.git" "$M"
	for harm in 'flip_bit "$pack" 5000' \
	    'truncate -s -1000 "$pack"' 'rm "$pack"' 'rm "${pack%.pack}.idx"' \
	    'flip_bit "${pack%.pack}.idx" 1500' \
	    'echo nonsense >"$M/HEAD"' 'echo nonsense >>"$M/packed-refs"' 'rm "$M/backstay/lfs"'; do
		pack=$(echo "$M"/objects/pack/*.pack)
		chmod u+w "$M"/objects/pack/*
		eval "$harm"
		run -0 tool mirror "$GIT_HTTP/$N.git" "$M"
		[[ $output == *"warning"*"damaged"*"made anew"*fresh* ]] || { echo "$harm: $output"; false; }
		same "$R" "$M"
	done
}

@test "what a killed run left behind is removed" {
	served
	run -0 tool mirror "$GIT_HTTP/$N.git" "$M"
	echo part >"$M/objects/pack/tmp_pack_abcdef"
	echo PACK >"$M/objects/pack/pack-0000000000000000000000000000000000000000.pack"
	run -0 tool mirror "$GIT_HTTP/$N.git" "$M"
	[[ $output == *kept* ]]
	[ -z "$(find "$M" -name 'tmp_pack*' -o -name 'pack-0000*')" ]
}

@test "two runs on one mirror: the second is told" {
	served
	mkdir -p "$T"
	exec 8>"$M.lock"
	flock 8
	run -4 tool mirror "$GIT_HTTP/$N.git" "$M"
	[[ $output == *"in use by another run"* ]]
	exec 8>&-
	run -0 tool mirror "$GIT_HTTP/$N.git" "$M"
}

@test "the packs of many runs become few, and nothing is lost" {
	served
	cd "$T/work"
	for i in {1..20}; do
		echo "$i" >>file && git commit -q -a -m "$i" && git push -q "$R" main
		tool mirror "$R" "$M" >"$T/out"
		grep -q kept "$T/out" || [ "$i" = 1 ]
		[ "$(find "$M" -name '*.pack' | wc -l)" -le 17 ]
	done
	[ "$(find "$M" -name '*.pack' | wc -l)" -lt 10 ]
	[ "$(find "$M" -name '*.pack' | wc -l)" = "$(find "$M" -name '*.idx' | wc -l)" ]
	diff <(sed -n 's/^P //p' "$M/objects/info/packs" | sort) <(cd "$M/objects/pack" && ls -- *.pack)
	same "$R" "$M"
	run -0 tool verify "$M"
}

@test "a pack that names what is not there is good only while no ref needs that" {
	served
	tool mirror "$GIT_HTTP/$N.git" "$M"
	blob=$(git -C "$R" rev-parse side:side)
	touch "$M/backstay/unproven"
	run -0 tool mirror "$GIT_HTTP/$N.git" "$M"
	[[ $output == *kept* ]]
	rm -rf "$M"/objects/pack/*
	git -C "$R" --no-replace-objects rev-list --objects --all | cut -d' ' -f1 | grep -v "$blob" |
	    git -C "$R" pack-objects -q "$M/objects/pack/pack"
	run -5 tool mirror "$GIT_HTTP/$N.git" "$M"
	[[ $output == *"incomplete"*"$blob is missing"* ]]
	run -0 tool mirror "$GIT_HTTP/$N.git" "$M"
	[[ $output == *fresh* ]]
	same "$R" "$M"
}

@test "5,000 refs there and back" {
	served
	id=$(git -C "$R" rev-parse main)
	for i in {1..5000}; do echo "create refs/heads/many/$i $id"; done | git -C "$R" update-ref --stdin
	run -0 tool mirror "$GIT_HTTP/$N.git" "$M"
	same "$R" "$M"
	git init -q --bare -b main "$GIT_REPOS/$N-back.git"
	run -0 tool push "$GIT_HTTP/$N-back.git" "$M"
	same "$GIT_REPOS/$N-back.git" "$M"
	rm -rf "$GIT_REPOS/$N-back.git"
}

peak() { # KIB COMMAND...: it needs no more memory than that
	python3 -c '
import resource, subprocess, sys
subprocess.run(sys.argv[2:], check=True)
peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
print("peak", peak, "KiB")
sys.exit(peak > int(sys.argv[1]))' "$@"
}

@test "a blob of 1 GiB in a file path passes in little memory, and a loose one there and back" {
	git init -q -b main "$T/work"
	truncate -s 256M "$T/work/loose"
	git -C "$T/work" config core.compression 1
	git -C "$T/work" add loose
	git -C "$T/work" commit -q -m loose
	truncate -s 1G "$T/work/packed"
	git -C "$T/work" -c core.bigFileThreshold=1m add packed
	git -C "$T/work" commit -q -m packed
	rm "$T/work/loose" "$T/work/packed"
	loose=$(git -C "$T/work" rev-parse main:loose)
	[ -s "$T/work/.git/objects/${loose:0:2}/${loose:2}" ]
	run -0 peak 100000 "$TOOL" mirror "$T/work" "$M"
	echo "# mirror: ${lines[-1]}" >&3
	run -0 tool verify "$M"
	git init -q --bare -b main "$T/back.git"
	git -C "$M" push -q "$T/back.git" main~:refs/heads/main
	run -0 peak 100000 "$TOOL" push "$T/back.git" "$M"
	echo "# push: ${lines[-1]}" >&3
	for name in loose packed; do
		[ "$(git -C "$T/back.git" rev-parse "main:$name")" = "$(git -C "$T/work" rev-parse "main:$name")" ]
	done
	run -0 tool verify "$T/back.git"
}

@test "a blob of 1 GiB passes in little memory" {
	git init -q --bare -b main "$R"
	mkdir "$T/work"
	truncate -s 1G "$T/work/large"
	# A push would read it twice more.
	into() { git --git-dir="$R" --work-tree="$T/work" -c core.bigFileThreshold=1m -c core.compression=1 "$@"; }
	into add large
	into commit -q -m large
	rm -rf "$T/work"
	run -0 peak 100000 "$TOOL" mirror "$GIT_HTTP/$N.git" "$M"
	[ "$(git -C "$M" rev-parse main:large)" = "$(git -C "$R" rev-parse main:large)" ]
	run -0 tool verify "$M"
}

@test "a repository of SHA-256 is mirrored, verified and pushed back, by http, ssh and path" {
	FORMAT=sha256 served
	[ "$(git -C "$R" rev-parse --show-object-format)" = sha256 ]
	for url in "$GIT_HTTP/$N.git" "$GIT_SSH_BASE/$N.git" "$R"; do
		rm -rf "$M" "$T"/pushed*.git "$GIT_REPOS/$N"-*.git
		run -0 tool mirror "$url" "$M"
		[[ $output == *"refs 14"*fresh* ]]
		same "$R" "$M"
		run -0 tool mirror "$url" "$M"
		[[ $output == *"received 0"*kept* ]]
		run -0 tool verify "$M"
		# One that is there and empty, and one that is made.
		git init -q --bare -b main --object-format=sha256 "$GIT_REPOS/$N-empty.git"
		run -0 tool push "$GIT_HTTP/$N-empty.git" "$M"
		same "$M" "$GIT_REPOS/$N-empty.git"
		run -0 tool push "$GIT_SSH_BASE/$N-made.git" "$M"
		[[ $output == *"repository created"* ]]
		same "$M" "$GIT_REPOS/$N-made.git"
		run -0 tool push "$T/pushed.git" "$M"
		same "$M" "$T/pushed.git"
	done
	# New commits, a moved and a deleted ref, with both sides of one history.
	cd "$T/work"
	echo three >file && git commit -q -a -m three
	git branch -f side main && git tag -d light
	cd - >/dev/null
	git -C "$T/work" push -q --mirror "$R"
	run -0 tool mirror "$GIT_HTTP/$N.git" "$M"
	[[ $output == *kept* ]]
	same "$R" "$M"
	FORCE=1 PRUNE=1 run -0 tool push "$GIT_HTTP/$N-empty.git" "$M"
	same "$M" "$GIT_REPOS/$N-empty.git"
	FORCE=1 PRUNE=1 run -0 tool push "$T/pushed.git" "$M"
	same "$M" "$T/pushed.git"
	rm -rf "$GIT_REPOS/$N"-*.git
}

@test "a hash is not made of the other: neither on the way back nor when a repository changes its own" {
	FORMAT=sha256 served
	run -0 tool mirror "$GIT_HTTP/$N.git" "$M"
	git init -q --bare "$T/sha1.git"
	git init -q --bare "$GIT_REPOS/$N-sha1.git"
	for url in "$T/sha1.git" "$GIT_HTTP/$N-sha1.git" "$GIT_SSH_BASE/$N-sha1.git"; do
		run -3 tool push "$url" "$M"
		[[ $output == *"of sha1"*"of sha256"*"--object-format=sha256"* ]]
	done
	[ -z "$(git -C "$T/sha1.git" for-each-ref)" ]
	rm -rf "$GIT_REPOS/$N-sha1.git" "$R" "$T/work"
	served
	run -0 tool mirror "$GIT_HTTP/$N.git" "$M"
	[[ $output == *"warning"*"is made anew"*"sha1 now"* ]]
	same "$R" "$M"
}

@test "an empty repository of SHA-256, and one whose object rots in an archive" {
	git init -q --bare --object-format=sha256 -b main "$R"
	for url in "$GIT_HTTP/$N.git" "$GIT_SSH_BASE/$N.git" "$R"; do
		rm -rf "$M"
		run -0 tool mirror "$url" "$M"
		[[ $output == *"unborn"*"refs 0"* ]]
		[ "$(git -C "$M" rev-parse --show-object-format)" = sha256 ]
		run -0 tool verify "$M"
	done
	rm -rf "$R" "$M"
	FORMAT=sha256 served
	run -0 tool mirror "$R" "$M"
	chmod u+w "$M"/objects/pack/*.pack
	printf '\x55' | dd of="$(echo "$M"/objects/pack/*.pack)" bs=1 seek=200 conv=notrunc status=none
	run -5 tool verify "$M"
}

@test "a repository that is not there, and a server that is none" {
	run -3 tool mirror "$GIT_HTTP/none.git" "$M"
	[[ $output == *"404"* ]]
	run -3 tool mirror "$GIT_SSH_BASE/none.git" "$M"
	[[ $output == *"does not appear to be a git repository"* ]]
	run -3 tool mirror "$T/none" "$M"
	[[ $output == *"No such file"* ]]
	run -3 tool mirror http://127.0.0.1:1/none.git "$M"
	[[ $output == *"onnect"* ]]
}

@test "a shallow clone is refused with the reason" {
	served
	git clone -q --bare --depth 1 "file://$T/work" "$T/shallow.git"
	run -3 tool mirror "$T/shallow.git" "$M"
	[[ $output == *"shallow"* ]]
	rm -rf "$R" && cp -r "$T/shallow.git" "$R"
	run -3 tool mirror "$GIT_HTTP/$N.git" "$M"
	[[ $output == *"shallow"* ]]
}

@test "submodules are named, and LFS pointers found" {
	work
	cd "$T/work"
	printf '[submodule "lib"]\n\tpath = lib\n\turl = ../lib.git\n' >.gitmodules
	git update-index --add --cacheinfo "160000,$(git rev-parse HEAD),lib"
	git add .gitmodules
	printf '*.bin filter=lfs diff=lfs merge=lfs -text\n' >.gitattributes
	printf 'version https://git-lfs.github.com/spec/v1\noid sha256:%064d\nsize 12345\n' 7 >a.bin
	git -c filter.lfs.clean=cat add .gitattributes a.bin
	git commit -q -m submodule
	git clone -q --mirror "$T/work" "$R"
	run -0 tool mirror "$GIT_HTTP/$N.git" "$M"
	[[ $output == *"submodule ../lib.git"* ]]
	[[ $output == *"lfs 0000000000000000000000000000000000000000000000000000000000000007 12345"* ]]
	# Known from the notes of the first run.
	run -0 tool mirror "$GIT_HTTP/$N.git" "$M"
	[[ $output == *"received 0"*"lfs 00000"* ]]
}

# --- LFS

lfs_server() { # [MODE]: $VIA
	mkdir -p "$T/store"
	rm -f "$T/port"
	"$TOP/tests/storage/git/lfs-server" "$T/port" "$GIT_HTTP" "$T/store" "$GIT_USER" "$GIT_PASSWORD_FILE" "$@" >"$T/lfs.log" 3>&- &
	PROXY_PID=$!
	await [ -e "$T/port" ]
	VIA=http://127.0.0.1:$(<"$T/port")
}

lfs_object() { # $OID and $SIZE, in $T/store
	mkdir -p "$T/store"
	head -c 300000 /dev/urandom >"$T/object"
	OID=$(sha256sum "$T/object" | cut -d' ' -f1) SIZE=300000
	cp "$T/object" "$T/store/$OID"
	AT=lfs/objects/${OID:0:2}/${OID:2:2}/$OID
}

@test "LFS: an object is fetched, checked, and not fetched again; and pushed back" {
	lfs_object
	lfs_server
	run -0 tool lfs-fetch "$VIA/$N.git" "$M" "$OID" "$SIZE"
	[[ $output == "moved 1" ]]
	cmp "$M/$AT" "$T/object"
	run -0 tool lfs-fetch "$VIA/$N.git" "$M" "$OID" "$SIZE"
	[[ $output == "moved 0" ]]
	rm "$T/store/$OID"
	run -0 tool lfs-push "$VIA/$N.git" "$M"
	[[ $output == "moved 1" ]]
	cmp "$T/store/$OID" "$T/object"
	grep -q "^POST /store/verify Basic" "$T/lfs.log"
}

@test "LFS: an object that was damaged where it lies is fetched anew, or is not there" {
	lfs_object
	lfs_server
	run -0 tool lfs-fetch "$VIA/$N.git" "$M" "$OID" "$SIZE"
	printf X | dd of="$M/$AT" bs=1 seek=1000 conv=notrunc status=none
	run -0 tool lfs-fetch "$VIA/$N.git" "$M" "$OID" "$SIZE"
	[[ $output == "moved 1" ]]
	cmp "$M/$AT" "$T/object"
	printf X | dd of="$M/$AT" bs=1 seek=1000 conv=notrunc status=none
	rm "$T/store/$OID"
	run -0 tool lfs-fetch "$VIA/$N.git" "$M" "$OID" "$SIZE"
	[[ $output == *"failed $OID"* ]]
	[ ! -e "$M/$AT" ]
}

@test "LFS: an object that is damaged in a file path is written again" {
	lfs_object
	git init -q --bare "$R"
	git init -q --bare "$T/back.git"
	mkdir -p "$R/${AT%/*}" && cp "$T/object" "$R/$AT"
	run -0 tool lfs-fetch "$R" "$M" "$OID" "$SIZE"
	run -0 tool lfs-push "$T/back.git" "$M"
	[[ $output == "moved 1" ]]
	printf X | dd of="$T/back.git/$AT" bs=1 seek=1000 conv=notrunc status=none
	run -0 tool lfs-push "$T/back.git" "$M"
	[[ $output == "moved 1" ]]
	cmp "$T/back.git/$AT" "$T/object"
	run -0 tool lfs-push "$T/back.git" "$M"
	[[ $output == "moved 0" ]]
}

@test "LFS: an object that is missing, cut short or another one is named and not kept" {
	lfs_object
	lfs_server
	run -0 tool lfs-fetch "$VIA/$N.git" "$M" "${OID//[0-4]/5}" "$SIZE"
	[[ $output == *"failed"*"404 Object does not exist"* ]]
	for mode in truncate wrong; do
		kill "$PROXY_PID"
		lfs_server $mode
		run -0 tool lfs-fetch "$VIA/$N.git" "$M" "$OID" "$SIZE"
		[[ $output == *"failed $OID what the server sent is another object"* ]]
		[ -z "$(find "$M" -type f)" ]
	done
}

@test "LFS: the storage of another host gets its own token and never our password" {
	lfs_object
	lfs_server elsewhere
	run -0 tool lfs-fetch "$VIA/$N.git" "$M" "$OID" "$SIZE"
	[[ $output == "moved 1" ]]
	grep -q "^GET /store/$OID RemoteAuth" "$T/lfs.log"
	run ! grep -q "store.*Basic" "$T/lfs.log"
}

@test "LFS: a wrong password is refused; a file path is copied" {
	lfs_object
	lfs_server
	PASSWORD_FILE=$GIT_PASSWORD_WRONG_FILE run -3 tool lfs-fetch "$VIA/$N.git" "$M" "$OID" "$SIZE"
	[[ $output == *401* ]]
	git init -q --bare "$R"
	mkdir -p "$R/${AT%/*}" && cp "$T/object" "$R/$AT"
	run -0 tool lfs-fetch "$R" "$M" "$OID" "$SIZE"
	cmp "$M/$AT" "$T/object"
	git init -q --bare "$T/back.git"
	run -0 tool lfs-push "$T/back.git" "$M"
	cmp "$T/back.git/$AT" "$T/object"
}

# --- push

@test "push: every ref and object, over http, https and ssh and into a path" {
	served
	run -0 tool mirror "$GIT_HTTP/$N.git" "$M"
	for base in "$GIT_HTTP" "$GIT_HTTPS" "$GIT_SSH_BASE" "$GIT_REPOS"; do
		rm -rf "$GIT_REPOS/$N-back.git"
		git init -q --bare -b main "$GIT_REPOS/$N-back.git"
		run -0 tool push "$base/$N-back.git" "$M"
		[ "$(grep -c ^created <<<"$output")" = 14 ]
		same "$GIT_REPOS/$N-back.git" "$R"
		run -0 tool push "$base/$N-back.git" "$M"
		[ "$(grep -c ^unchanged <<<"$output")" = 14 ]
	done
	rm -rf "$GIT_REPOS/$N-back.git"
}

@test "push: a repository that is not there is made in a path and over ssh, not over http" {
	served
	run -0 tool mirror "$GIT_HTTP/$N.git" "$M"
	for base in "$GIT_SSH_BASE" "$GIT_REPOS"; do
		run -0 tool push "$base/$N-new.git" "$M"
		[[ $output == *"repository created"*"head refs/heads/main target refs/heads/main set"* ]]
		same "$GIT_REPOS/$N-new.git" "$R"
		# In a path, whoever may read its config may read all of it.
		[ "$base" != "$GIT_REPOS" ] ||
		    [ -z "$(find "$GIT_REPOS/$N-new.git" -type f ! -perm -0044)" ]
		rm -rf "$GIT_REPOS/$N-new.git"
	done
	run -3 tool push "$GIT_HTTP/$N-new.git" "$M"
	[[ $output == *"make an empty one"* ]]
}

@test "push: only what is missing goes to a target that has some" {
	served
	run -0 tool mirror "$GIT_HTTP/$N.git" "$M"
	cp -r "$R" "$T/old.git"
	cd "$T/work"
	for i in {1..10}; do echo "$i" >>file && git commit -q -a -m "$i"; done
	git branch -q -D dir && git branch -q dir/below
	publish
	run -0 tool mirror "$GIT_HTTP/$N.git" "$M"
	for base in "$GIT_HTTP" "$GIT_SSH_BASE" "$GIT_REPOS"; do
		rm -rf "$GIT_REPOS/$N-back.git"
		cp -r "$T/old.git" "$GIT_REPOS/$N-back.git"
		run -3 tool push "$base/$N-back.git" "$M"
		[[ $output == *"refs/heads/dir"*"--overwrite-refs"* ]]
		same "$GIT_REPOS/$N-back.git" "$T/old.git"
		FORCE=1 PRUNE=1 run -0 tool push "$base/$N-back.git" "$M"
		[[ $output == *"deleted refs/heads/dir"* ]]
		same "$GIT_REPOS/$N-back.git" "$R"
	done
	rm -rf "$GIT_REPOS/$N-back.git"
}

@test "push: history that the snapshot has not is not overwritten without force" {
	served
	run -0 tool mirror "$GIT_HTTP/$N.git" "$M"
	cd "$T/work" && echo newer >file && git commit -q -a -m newer && publish
	new=$(git rev-parse main)
	for base in "$GIT_HTTP" "$GIT_REPOS"; do
		run -3 tool push "$base/$N.git" "$M"
		[[ $output == *"history that the snapshot has not"* ]]
		[ "$(git -C "$R" rev-parse main)" = "$new" ]
	done
	DRY_RUN=1 FORCE=1 run -0 tool push "$GIT_HTTP/$N.git" "$M"
	[[ $output == *"updated refs/heads/main"* ]]
	[ "$(git -C "$R" rev-parse main)" = "$new" ]
	FORCE=1 run -0 tool push "$GIT_HTTP/$N.git" "$M"
	[[ $output == *"updated refs/heads/main"* ]]
	same "$R" "$M"
}

@test "push: hidden and protected refs are named and stop nothing else" {
	served
	run -0 tool mirror "$GIT_HTTP/$N.git" "$M"
	B=$GIT_REPOS/$N-back.git
	git init -q --bare -b main "$B"
	git -C "$B" config receive.hideRefs refs/pull
	printf '#!/bin/sh\n[ "$1" != refs/heads/side ] || { echo protected; exit 1; }\n' >"$B/hooks/update"
	chmod +x "$B/hooks/update"
	run -0 tool push "$GIT_HTTP/$N-back.git" "$M"
	[[ $output == *"refused refs/pull/1/head deny updating a hidden ref"* ]]
	[[ $output == *"refused refs/heads/side hook declined"* ]]
	[ "$(grep -c ^created <<<"$output")" = 12 ]
	[ "$(git -C "$B" for-each-ref | wc -l)" = 12 ]
	git -C "$B" fsck --full --strict
	rm -rf "$B"
}

@test "push: a host that refuses the whole for one branch gets the rest by itself" {
	served
	run -0 tool mirror "$GIT_HTTP/$N.git" "$M"
	B=$GIT_REPOS/$N-back.git
	git init -q --bare -b main "$B"
	printf '#!/bin/sh\nwhile read a b c; do [ $c != refs/heads/main ] || exit 1; done\n' >"$B/hooks/pre-receive"
	chmod +x "$B/hooks/pre-receive"
	run -0 tool push "$GIT_HTTP/$N-back.git" "$M"
	[[ $output == *"refused refs/heads/main pre-receive hook declined"* ]]
	[ "$(grep -c ^created <<<"$output")" = 13 ]
	git -C "$B" fsck --full --strict
	rm -rf "$B"
}

@test "push: hidden refs and a protected branch at once stop nothing else, and the host's words are told" {
	served
	tool mirror "$R" "$M"
	git init -q --bare "$GIT_REPOS/$N-back.git"
	git -C "$GIT_REPOS/$N-back.git" config transfer.hideRefs refs/pull
	cat >"$GIT_REPOS/$N-back.git/hooks/pre-receive" <<-'E'
		#!/bin/sh
		while read -r o n r; do
		    case $r in refs/heads/side) printf 'GitLab: \033[31mprotected branch\n' >&2; exit 1 ;; esac
		done
	E
	chmod +x "$GIT_REPOS/$N-back.git/hooks/pre-receive"
	run tool push "$GIT_HTTP/$N-back.git" "$M"
	[[ $output == *"refused refs/heads/side pre-receive hook declined (it said: GitLab: "*"protected branch)"* ]]
	[[ $output == *"refused refs/pull/1/head deny updating a hidden ref"* ]]
	[[ $output != *$'\033'* ]]
	[ "$(grep -c '^refused' <<<"$output")" = 2 ]
	[ "$(git -C "$GIT_REPOS/$N-back.git" for-each-ref | wc -l)" = 12 ]
}

@test "push: a project that takes nothing is not asked again for each half" {
	work
	head -c 1000000 /dev/urandom >"$T/work/noise"
	git -C "$T/work" add noise && git -C "$T/work" commit -q -m noise
	for i in $(seq 250); do echo "create refs/tags/v$i HEAD"; done | git -C "$T/work" update-ref --stdin
	git clone -q --mirror "$T/work" "$R"
	tool mirror "$R" "$M"
	git init -q --bare "$GIT_REPOS/$N-back.git"
	printf '#!/bin/sh\necho once >>"%s"\necho "This project is archived" >&2\nexit 1\n' "$T/calls" >"$GIT_REPOS/$N-back.git/hooks/pre-receive"
	chmod +x "$GIT_REPOS/$N-back.git/hooks/pre-receive"
	run tool push "$GIT_HTTP/$N-back.git" "$M"
	[ "$(grep -c '^refused .*This project is archived' <<<"$output")" = "$(git -C "$R" for-each-ref | wc -l)" ]
	[ "$(wc -l <"$T/calls")" -le 6 ]
}

@test "push: what the host has against an object is told" {
	git init -q --bare -b main "$R"
	blob=$(echo deep | git -C "$R" hash-object -w --stdin)
	tree=$(printf '0100644 x\0%b' "$(sed 's/../\\x&/g' <<<"$blob")" |
	    git -C "$R" hash-object -w -t tree --literally --stdin)
	git -C "$R" update-ref refs/heads/main "$(git -C "$R" commit-tree -m odd "$tree")"
	tool mirror "$R" "$M"
	git init -q --bare "$GIT_REPOS/$N-back.git"
	git -C "$GIT_REPOS/$N-back.git" config receive.fsckObjects true
	run -3 tool push "$GIT_HTTP/$N-back.git" "$M"
	[[ $output == *"could not unpack"*"object $tree: zeroPaddedFilemode"* ]]
}

# Gitea (#3913), GitLab, GitHub and Bitbucket make the first branch that they
# are sent the default one; a hook does that here.
@test "push: the branch that HEAD names is sent first" {
	served
	for b in alpha zeta; do git -C "$R" branch -q --no-track $b main; done
	tool mirror "$R" "$M"
	git init -q --bare -b master "$GIT_REPOS/$N-back.git"
	cat >"$GIT_REPOS/$N-back.git/hooks/post-receive" <<-'E'
		#!/bin/sh
		git rev-parse -q --verify HEAD >/dev/null && exit 0
		while read -r o n r; do
		    case $r in refs/heads/*) git symbolic-ref HEAD "$r"; exit 0 ;; esac
		done
	E
	chmod +x "$GIT_REPOS/$N-back.git/hooks/post-receive"
	for base in "$GIT_HTTP" "$GIT_SSH_BASE"; do
		git -C "$GIT_REPOS/$N-back.git" for-each-ref --format='delete %(refname)' |
		    git -C "$GIT_REPOS/$N-back.git" update-ref --stdin
		git -C "$GIT_REPOS/$N-back.git" symbolic-ref HEAD refs/heads/master
		run -0 tool push "$base/$N-back.git" "$M"
		[ "$(git -C "$GIT_REPOS/$N-back.git" symbolic-ref HEAD)" = refs/heads/main ]
	done
}

@test "push: a HEAD that cannot be set is told" {
	served
	run -0 tool mirror "$GIT_HTTP/$N.git" "$M"
	git init -q --bare -b other "$GIT_REPOS/$N-back.git"
	run -0 tool push "$GIT_HTTP/$N-back.git" "$M"
	[[ $output == *"head refs/heads/main target refs/heads/other not set"* ]]
	rm -rf "$GIT_REPOS/$N-back.git"
}

@test "push: many packs become one, and an empty repository comes back" {
	served
	run -0 tool mirror "$GIT_HTTP/$N.git" "$M"
	cd "$T/work"
	for i in 1 2 3; do
		for j in {1..5}; do echo "$i$j" >>file && git commit -q -a -m "$i$j"; done
		publish
		run -0 tool mirror "$GIT_HTTP/$N.git" "$M"
	done
	# The same objects once more, in a pack of their own.
	git -C "$M" rev-list --objects --all | git -C "$M" pack-objects -q "$M/objects/pack/pack" >/dev/null
	git init -q --bare -b main "$GIT_REPOS/$N-back.git"
	git -C "$GIT_REPOS/$N-back.git" config receive.fsckObjects true
	run -0 tool push "$GIT_HTTP/$N-back.git" "$M"
	same "$GIT_REPOS/$N-back.git" "$R"
	git init -q --bare -b trunk "$T/empty.git"
	run -0 tool mirror "$T/empty.git" "$T/e.git"
	run -0 tool push "$GIT_REPOS/$N-e.git" "$T/e.git"
	[ "$(cat "$GIT_REPOS/$N-e.git/HEAD")" = "ref: refs/heads/trunk" ]
	rm -rf "$GIT_REPOS/$N-back.git" "$GIT_REPOS/$N-e.git"
}

# --- verify

@test "verify: a flipped byte anywhere in a pack or its index is found" {
	served
	run -0 tool mirror "$GIT_HTTP/$N.git" "$M"
	run -0 tool verify "$M"
	[[ $output == *"refs 14"* ]]
	chmod u+w "$M"/objects/pack/*
	for f in "$M"/objects/pack/*; do
		size=$(stat -c %s "$f")
		for ((at = 0; at < size; at += 37)); do
			flip_bit "$f" $at
			run -5 tool verify "$M"
			flip_bit "$f" $at
		done
	done
	run -0 tool verify "$M"
}

@test "verify: an object that is missing is named with the ref that needs it" {
	served
	blob=$(git -C "$R" rev-parse side:side)
	run -0 tool mirror "$R" "$M"
	rm -rf "$M"/objects/pack/* "$M"/objects/??
	git -C "$R" --no-replace-objects rev-list --objects --all | cut -d' ' -f1 | grep -v "$blob" |
	    git -C "$R" pack-objects -q "$M/objects/pack/pack"
	run -5 tool verify "$M"
	echo "$output"
	[[ $output == *refs/*"$blob is missing"* ]]
}

@test "verify: an object that nothing needs may name one that is gone" {
	served
	run -0 tool mirror "$R" "$M"
	tree=$(printf '100644 blob 00000000000000000000000000000000000000ff\tgone\n' | git -C "$R" mktree --missing)
	rm -rf "$M"/objects/pack/* "$M"/objects/??
	{ git -C "$R" --no-replace-objects rev-list --objects --all | cut -d' ' -f1; echo "$tree"; } |
	    git -C "$R" pack-objects -q "$M/objects/pack/pack"
	run tool verify "$M"
	echo "$output"
	[ "$status" = 0 ]
	git -C "$M" update-ref refs/tags/bad "$tree" || echo "$tree refs/tags/bad" >>"$M/packed-refs"
	run -5 tool verify "$M"
	[[ $output == *refs/tags/bad*"missing"* ]]
}
