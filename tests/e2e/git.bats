#!/usr/bin/env bats
# shellcheck disable=SC2154 # run sets stderr
# Repositories through the two programs: backup, verify, extract and clone,
# apply, and what the report says where something is wrong.

# bats file_tags=slow
bats_require_minimum_version 1.5.0
load ../support/common

setup_file() {
	TOP=$(cd "$BATS_TEST_DIRNAME/../.." && pwd)
	export TOP
	export BUILD=${BACKSTAY_BUILD:-$TOP/build}
	export D=$BATS_FILE_TMPDIR/server
	"$TOP/tests/servers/git" start "$D"
	export GIT_AUTHOR_NAME=t GIT_AUTHOR_EMAIL=t@example.org
	export GIT_COMMITTER_NAME=t GIT_COMMITTER_EMAIL=t@example.org
	export GIT_CONFIG_GLOBAL=/dev/null GIT_CONFIG_SYSTEM=/dev/null
}

teardown_file() {
	"$TOP/tests/servers/git" stop "$D"
}

setup() {
	# shellcheck disable=SC1091
	. "$D/env"
	T=$BATS_TEST_TMPDIR
	export BACKSTAY_CONFIG=$T/backstay.yaml
	rm -rf "${GIT_REPOS:?}"/*
	git init -q -b main "$T/work"
	cd "$T/work" || return
	for i in 1 2 3; do echo $i >file && git add file && git commit -q -m $i; done
	git tag -a -m x v1
	git branch gone
	git update-ref refs/pull/1/head HEAD~1
	git clone -q --mirror . "$GIT_REPOS/web.git"
	mkdir -p "$GIT_REPOS/team"
	git clone -q --mirror . "$GIT_REPOS/team/lib.git"
	git init -q --bare -b trunk "$GIT_REPOS/empty.git"
	cd "$T" || return
	config "$GIT_HTTP/web.git" "$GIT_SSH_BASE/team/lib.git" "$GIT_REPOS/empty.git"
}

config() { # URL...
	{
		cat <<-E
			name: git
			state_dir: $T/state
			vaults: [{name: v, directory: $T/vault}]
			encryption: none
			signing: none
			git:
			  repositories:
		E
		for url in "$@"; do echo "    - url: $url"; done
		cat <<-E
			  credentials:
			    - {url: $GIT_HTTP/, username: $GIT_USER, password_file: $GIT_PASSWORD_FILE}
			    - {url: $GIT_SSH_BASE/, ssh_key_file: $GIT_SSH_KEY, known_hosts_file: $GIT_SSH_KNOWN_HOSTS}
			restore:
			  targets:
			    repositories:
			      $GIT_HTTP/: $GIT_HTTP/back/
			      $GIT_SSH_BASE/: $GIT_SSH_BASE/back/
			      $GIT_REPOS/: $GIT_REPOS/back/
		E
	} >"$BACKSTAY_CONFIG"
}

teardown() {
	[ -z "${FRONT-}" ] || kill "$FRONT" 2>/dev/null || true
}

# An LFS server before the Git server, $VIA, with an object in its $T/store and
# a pointer to it in web.git.
lfs() { # BINARY
	mkdir -p "$T/store"
	"$TOP/tests/storage/git/lfs-server" "$T/port" "$GIT_HTTP" "$T/store" "$GIT_USER" \
	    "$GIT_PASSWORD_FILE" >"$T/lfs.log" 3>&- &
	FRONT=$!
	await [ -e "$T/port" ]
	VIA=http://127.0.0.1:$(<"$T/port")
	OID=$(sha256sum "$1" | cut -d' ' -f1)
	cp "$1" "$T/store/$OID"
	printf 'version https://git-lfs.github.com/spec/v1\noid sha256:%s\nsize %d\n' \
	    "$OID" "$(stat -c %s "$1")" >"$T/work/image.bin"
	echo '*.bin filter=lfs diff=lfs merge=lfs -text' >"$T/work/.gitattributes"
	git -C "$T/work" -c filter.lfs.clean=cat add .gitattributes image.bin
	git -C "$T/work" commit -q -m lfs
	git -C "$T/work" push -q "$GIT_REPOS/web.git" main
	GIT_HTTP=$VIA config "$VIA/web.git"
}

logged() { # PATTERN: the server writes its log with some delay
	await grep -q "$1" "$GIT_ACCESS_LOG"
}

manifest() { # JQ EXPRESSION on the newest manifest
	jq -c "$1" "$(find "$T/vault" -name '*.manifest.json' | sort | tail -1)"
}

agent() {
	# As an operator does once; where it is refused, the backup says why.
	case $1 in backup | check) "$BUILD/backstay-agent" vault init >/dev/null 2>&1 || true ;; esac
	"$BUILD/backstay-agent" "$@"
}
restore() { "$BUILD/backstay-restore" "$@"; }

@test "what was backed up can be cloned with git alone, and fsck finds nothing" {
	run -0 agent backup
	run -0 restore verify latest
	run -0 restore extract latest --to "$T/out"
	for r in web lib; do
		at=$(find "$T/out/git" -type d -name "$r.git")
		from=$(find "$GIT_REPOS" -type d -name "$r.git")
		diff <(git -C "$at" for-each-ref) <(git -C "$from" for-each-ref)
		git -C "$at" fsck --full --strict
		git clone -q "$at" "$T/clone-$r"
		[ "$(git -C "$T/clone-$r" rev-parse HEAD)" = "$(git -C "$T/work" rev-parse main)" ]
	done
	git clone -q "$T/out/git/empty.git" "$T/clone-empty"
	[ "$(cat "$T/out/git/empty.git/HEAD")" = "ref: refs/heads/trunk" ]
	[ -z "$(find "$T/out/git" -name hooks)" ]
	run ! grep -rqF "$(<"$GIT_PASSWORD_FILE")" "$T/out" "$T/state" "$T/vault"
}

@test "a pack that does not compress is stored, and zstd and tar read on after it" {
	head -c 3000000 /dev/urandom >"$T/work/noise"
	git -C "$T/work" add noise
	git -C "$T/work" commit -q -m noise
	git -C "$T/work" push -q "$GIT_REPOS/web.git" main
	run -0 agent backup
	archive=$(echo "$T"/vault/*.tar.zst)
	zstd -qt "$archive"
	mkdir "$T/x"
	tar --zstd -xC "$T/x" -f "$archive"
	[ -f "$T/x/CONTENTS.json" ]
	at=$(find "$T/x/git" -type d -name web.git)
	git -C "$at" fsck --full --strict
	[ "$(git -C "$at" rev-parse main:noise)" = "$(git -C "$T/work" rev-parse main:noise)" ]
	# The frames that come before and after it, and its own.
	[ "$(zstd -lv "$archive" | awk '/Frames/ {print $NF}')" -ge 3 ]
}

# Grafts make a server send a history that it cuts off, without a word.
@test "a history that the server cuts off is refused, the next time too" {
	run -0 agent backup
	sleep 1.1
	for i in 4 5; do git -C "$T/work" commit -q --allow-empty -m "$i"; done
	git -C "$T/work" push -q "$GIT_REPOS/web.git" main
	git -C "$T/work" rev-parse main >"$GIT_REPOS/web.git/info/grafts"
	for _ in 1 2 3; do
		run -1 --separate-stderr agent backup
		echo "$output$stderr"
		grep -q "missing: reference 'refs/heads/main' of repository 'web': the server's pack is incomplete: .*kept as the run before left it" <<<"$stderr"
	done
	rm "$GIT_REPOS/web.git/info/grafts"
	run -0 agent backup
	run -0 restore verify latest
}

# There is no mirror yet, in which an object could be looked for.
@test "a first mirror that cannot be proven says which object is missing, or what is wrong with it" {
	for i in 4 5; do git -C "$T/work" commit -q --allow-empty -m "$i"; done
	web=$GIT_REPOS/web.git
	git -C "$T/work" push -q "$web" main
	lost=$(git -C "$T/work" rev-parse main~1)
	why="the server's pack is incomplete: refs/heads/main: object $lost is missing"
	git -C "$web" rev-parse main >"$web/info/grafts"
	for url in "$GIT_HTTP/web.git" "$GIT_SSH_BASE/web.git"; do
		rm -rf "$T/state" "$T/vault"
		config "$url"
		run -1 --separate-stderr agent backup
		echo "$output$stderr"
		grep -q "missing: reference 'refs/heads/main' of repository 'web': $why\$" <<<"$stderr"
		[ "$(grep -c missing: <<<"$stderr")" = 1 ]
	done
	# No reference is whole.
	git -C "$web" for-each-ref --format='delete %(refname)' |
	    grep -v 'refs/heads/main$' | git -C "$web" update-ref --stdin
	rm -rf "$T/state" "$T/vault"
	run -3 agent backup
	[[ $output == *"repository 'web': "*"$why"* ]]
	rm "$web/info/grafts"
	# By a path: an object that is lost, and one that is no commit.
	git -C "$web" repack -q -a -d && mv "$web"/objects/pack/*.pack "$T/all.pack"
	rm -f "$web"/objects/pack/*
	git -C "$web" unpack-objects -q <"$T/all.pack"
	rm "$web/objects/${lost:0:2}/${lost:2}"
	git -C "$web" update-ref refs/heads/whole "$(git -C "$T/work" rev-parse main~2)"
	bad=$(printf 'author A <a@example.org> 1 +0000\n\nx\n' |
	    git -C "$web" hash-object -w -t commit --literally --stdin)
	echo "$bad" >"$web/refs/heads/bad"
	rm -rf "$T/state" "$T/vault"
	config "$web"
	run -1 --separate-stderr agent backup
	echo "$output$stderr"
	grep -q "missing: reference 'refs/heads/main' of repository 'web': object $lost is missing\$" <<<"$stderr"
	grep -q "missing: reference 'refs/heads/bad' of repository 'web': commit $bad is malformed\$" <<<"$stderr"
	[ "$(grep -c missing: <<<"$stderr")" = 2 ]
}

# A server after a disk fault: git upload-pack gives up on all that is asked of
# it at once (it says "possible repository corruption").
@test "a source that lost an object gives the refs that do without it, and names the others" {
	cd "$T/work"
	git checkout -q -b hurt main
	echo old >lost && git add lost && git commit -q -m old
	old=$(git rev-parse hurt)
	git checkout -q main
	git branch healthy && git checkout -q healthy && git commit -q --allow-empty -m healthy
	hurt=$GIT_REPOS/hurt.git
	for url in "$GIT_HTTP/hurt.git" "$GIT_SSH_BASE/hurt.git" "$GIT_REPOS/hurt.git"; do
		rm -rf "$hurt" "$T/state" "$T/vault" "$T/out"
		git init -q --bare -b main "$hurt"
		git push -q "$hurt" main healthy hurt
		config "$url"
		run -0 agent backup
		git checkout -q hurt
		echo new >lost && git commit -q -a -m new
		git push -q "$hurt" hurt && git push -q "$hurt" hurt:refs/heads/also HEAD~1:refs/heads/newer
		git push -q "$hurt" healthy:refs/heads/whole
		git checkout -q main
		blob=$(git rev-parse hurt:lost)
		git -C "$hurt" repack -q -a -d && mv "$hurt"/objects/pack/*.pack "$T/all.pack"
		rm -f "$hurt"/objects/pack/*
		git -C "$hurt" unpack-objects -q <"$T/all.pack"
		rm "$hurt/objects/${blob:0:2}/${blob:2}"
		sleep 1.1
		# With the mirror of the run before, and anew.
		run -1 --separate-stderr agent backup
		grep -q "missing: reference 'refs/heads/hurt' of repository 'hurt': .*$blob.*; kept as the run before left it, at $old" <<<"$stderr"
		grep -q "missing: reference 'refs/heads/also' of repository 'hurt': .*$blob" <<<"$stderr"
		[ "$(grep -c missing: <<<"$stderr")" = 2 ]
		run -0 restore extract latest --to "$T/out"
		for ref in main healthy whole newer; do
			[ "$(git -C "$T/out/git/hurt.git" rev-parse "$ref")" = "$(git -C "$hurt" rev-parse "$ref")" ]
		done
		[ "$(git -C "$T/out/git/hurt.git" rev-parse hurt)" = "$old" ]
		run -1 git -C "$T/out/git/hurt.git" rev-parse -q --verify also
		git -C "$T/out/git/hurt.git" fsck --full
		rm -rf "$T/state" "$T/out"
		sleep 1.1
		run -1 --separate-stderr agent backup
		[ "$(grep -c missing: <<<"$stderr")" = 2 ]
		! grep -q 'kept as' <<<"$stderr" || false
		run -0 restore extract latest --to "$T/out"
		[ "$(git -C "$T/out/git/hurt.git" for-each-ref --format='%(refname:short)' | sort | tr '\n' ' ')" = 'healthy main newer whole ' ]
		# Whoever has accepted the loss is told of it, and no more.
		sed -i "s|^git:|&\n  accept_missing: ['hurt:refs/heads/hurt', 'hurt:refs/heads/also']|" "$BACKSTAY_CONFIG"
		sleep 1.1
		run -0 agent backup
		[[ $output == *"reference 'refs/heads/also' is missing, as git.accept_missing allows: "*complete* ]]
		config "$url"
		# It is mended: all is there again.
		(cd "$T/work" && git cat-file blob "$blob") | git -C "$hurt" hash-object -w --stdin >/dev/null
		sleep 1.1
		run -0 agent backup
		git reset -q --hard && git branch -q -f hurt "$old"
	done
}

@test "an object that was forged to collide is refused with what reaches it, and the rest is captured" {
	preload=$BUILD/tests/tools/preload/forged.so
	cd "$T/work"
	forged=$GIT_REPOS/forged.git
	git checkout -q -b small main
	echo 'taken for a forged object' >forged && git add forged && git commit -q -m forged
	blob=$(git rev-parse small:forged)
	# A large one is hashed as it passes, one that is less large on another
	# thread, and a delta once its base is known.
	for name in medium=200000 large=1500000; do
		git checkout -q -b "${name%=*}" main
		{ echo 'taken for a forged object'; head -c "${name#*=}" /dev/urandom; } >forged
		git add forged && git commit -q -m "$name"
	done
	git checkout -q -b delta main
	seq 1 2000 >forged && git add forged && git commit -q -m base
	echo 'taken for a forged object' >>forged && git commit -q -a -m delta
	git init -q --bare -b main "$forged"
	git push -q "$forged" main small medium large delta
	git -C "$forged" repack -q -a -d -f
	git -C "$forged" verify-pack -v "$forged"/objects/pack/*.idx | awk 'NF == 7 && $2 == "blob"' | grep -q .
	for url in "$GIT_HTTP/forged.git" "$GIT_REPOS/forged.git"; do
		rm -rf "$T/state" "$T/vault" "$T/out"
		config "$url" "$GIT_SSH_BASE/team/lib.git"
		LD_PRELOAD=$preload run -1 --separate-stderr agent backup
		for ref in small medium large delta; do
			grep "missing: reference 'refs/heads/$ref' of repository 'forged': " <<<"$stderr" |
				grep -q 'the blob of [0-9]* bytes .*the same SHA-1 as another'
		done
		grep -q "refs/heads/small.* bytes $blob looks" <<<"$stderr"
		[ "$(grep -c missing: <<<"$stderr")" = 4 ]
		run -0 restore extract latest --to "$T/out"
		[ "$(git -C "$T/out/git/forged.git" for-each-ref --format='%(refname:short)')" = main ]
		[ "$(git -C "$T/out/git/lib.git" rev-parse main)" = "$(git rev-parse main)" ]
		# Whoever looks at all of its objects finds nothing of it.
		run -0 git -C "$T/out/git/forged.git" cat-file --batch-all-objects --batch-check
		[[ $output != *"$blob"* ]]
	done
	# Where nothing does without it, the repository is what is missing.
	git push -q -f "$forged" small:main small:delta small:large small:medium
	rm -rf "$T/state" "$T/vault"
	LD_PRELOAD=$preload run -1 --separate-stderr agent backup
	grep -q "missing: .*repository 'forged': .*$blob looks" <<<"$stderr"
	run -0 restore verify latest
	# Without that answer, all is as ever.
	sleep 1.1
	run -0 agent backup
}

@test "a password in a submodule's URL goes nowhere" {
	git -C "$T/work" config -f .gitmodules submodule.x.path x
	git -C "$T/work" config -f .gitmodules submodule.x.url https://me:s3same@git.example.org/x.git
	git -C "$T/work" config -f .gitmodules submodule.y.url ssh://me:s3same@git.example.org/y.git
	git -C "$T/work" add .gitmodules
	git -C "$T/work" commit -q -m modules
	git -C "$T/work" push -q "$GIT_REPOS/web.git" main
	run -0 --separate-stderr agent backup
	echo "$output$stderr"
	grep -q 'submodule https://git.example.org/x.git is in no repository' <<<"$stderr"
	run -0 restore extract latest --to "$T/out"
	run ! grep -q s3same "$T/out/CONTENTS.json" "$T"/vault/*.manifest.json <(echo "$stderr")
}

@test "the refs with their ids are in the contents index" {
	run -0 agent backup
	run -0 restore extract latest --to "$T/out"
	python3 - "$T/out/CONTENTS.json" "$GIT_REPOS/web.git" <<-'E'
		import json, subprocess, sys
		entries = json.load(open(sys.argv[1]))["entries"]
		facts = next(e["facts"] for e in entries if e["path"] == "git/web.git/HEAD")
		lines = subprocess.run(["git", "-C", sys.argv[2], "for-each-ref", "--format=%(refname) %(objectname)"],
		                       check=True, capture_output=True, text=True).stdout.split("\n")
		assert facts["refs"] == dict(l.split(" ") for l in lines if l), facts
		assert facts["head"] == "refs/heads/main"
	E
}

@test "refs whose names are not UTF-8 go there and back" {
	git -C "$GIT_REPOS/web.git" update-ref "refs/heads/caf"$'\xe9' main
	git -C "$GIT_REPOS/web.git" update-ref "refs/heads/caf"$'\xe8' main
	config "$GIT_REPOS/web.git"
	run -0 agent backup
	run -0 restore verify latest
	run -0 restore extract latest --to "$T/out"
	[ "$(jq -r '.entries[].facts.refs // {} | keys[]' "$T/out/CONTENTS.json" | grep caf | tr '\n' ' ')" = 'refs/heads/caf\xe8 refs/heads/caf\xe9 ' ]
	run -0 restore apply latest --yes
	diff <(git -C "$GIT_REPOS/back/web.git" for-each-ref) <(git -C "$GIT_REPOS/web.git" for-each-ref)
}

@test "more refs than a host has for its pull requests" {
	local id
	id=$(git -C "$GIT_REPOS/web.git" rev-parse main)
	{
		echo '# pack-refs with: peeled fully-peeled sorted '
		seq -f "$id refs/pull/%.0f/head" 1000000 1999999
	} >"$T/packed"
	git init -q --bare "$GIT_REPOS/many.git"
	cp -r "$GIT_REPOS/web.git/objects" "$GIT_REPOS/many.git/"
	mv "$T/packed" "$GIT_REPOS/many.git/packed-refs"
	config "$GIT_REPOS/many.git"
	run -0 agent backup
	run -0 restore verify latest
	[ "$(manifest '.sources[0].repositories[0].refs')" -eq 1000000 ]
	# Not each of them is told in the contents, but how many there are.
	run -0 restore extract latest --to "$T/out"
	jq -e '[.entries[].facts | select(.refs_count) | {n: .refs_count, refs}] == [{n: 1000000, refs: null}]' "$T/out/CONTENTS.json"
	[ "$(git -C "$T/out/git/many.git" for-each-ref | wc -l)" -eq 1000000 ]
}

@test "neither the user's configuration of Git nor who owns a path changes what is captured" {
	config "$GIT_REPOS/web.git" "$GIT_HTTP/team/lib.git"
	mkdir "$T/home"
	printf '[core\nbroken\n' >"$T/home/.gitconfig"
	# What root may do alone.
	[ "$(id -u)" -ne 0 ] || chown -R 65534 "$GIT_REPOS/web.git"
	HOME=$T/home run -0 agent backup
	HOME=$T/home run -0 restore verify latest
}

@test "two backups of the same repositories hold the same bytes of them" {
	run -0 agent backup
	run -0 restore extract latest --to "$T/one"
	sleep 1
	run -0 agent backup
	run -0 restore extract latest --to "$T/two"
	diff -r "$T/one/git" "$T/two/git"
}

@test "what was deleted upstream stays in the older snapshot" {
	run -0 agent backup
	first=$(find "$T/vault" -name '*.manifest.json' -printf '%f\n' | sed 's/\.manifest\.json//')
	git -C "$GIT_REPOS/web.git" update-ref -d refs/heads/gone
	sleep 1
	run -0 agent backup
	run -0 restore extract latest --to "$T/new"
	run ! git -C "$T/new/git/web.git" show-ref --verify refs/heads/gone
	run -0 restore extract "$first" --to "$T/old"
	git -C "$T/old/git/web.git" show-ref --verify refs/heads/gone
}

@test "apply pushes all back: into an empty repository, over ssh and into a path that are not there" {
	run -0 agent backup
	mkdir -p "$GIT_REPOS/back/team"
	git init -q --bare -b main "$GIT_REPOS/back/web.git"
	run -0 restore apply latest --yes
	for r in web.git team/lib.git empty.git; do
		diff <(git -C "$GIT_REPOS/back/$r" for-each-ref) <(git -C "$GIT_REPOS/$r" for-each-ref)
		git -C "$GIT_REPOS/back/$r" fsck --full --strict
		[ "$(cat "$GIT_REPOS/back/$r/HEAD")" = "$(cat "$GIT_REPOS/$r/HEAD")" ]
	done
}

# plan and apply: the same outcomes, and the same exit status.
both() { # STATUS OUTCOME-OF-WEB OUTCOME-OF-LIB OUTCOME-OF-EMPTY
	local before command
	before=$(cd "$GIT_REPOS" && find back | sort)
	for command in "plan latest --server --all" "apply latest --yes"; do
		# shellcheck disable=SC2086
		run --separate-stderr restore $command -o json
		echo "$command: $status: $output"
		[ "$status" -eq "$1" ]
		[ "$(jq -rs '[.. | objects | select(.outcome?) | .outcome] | join(" ")' <<<"$output")" = "$4 $3 $2" ]
		[ "${command% latest*}" != plan ] || [ "$(cd "$GIT_REPOS" && find back | sort)" = "$before" ]
	done
}

@test "plan --server says of each repository what apply comes to, and makes none" {
	run -0 agent backup
	mkdir -p "$GIT_REPOS/back/team"
	both 1 failed created created
	[[ $output == *"none can be made over HTTP"* ]]
	git init -q --bare -b main "$GIT_REPOS/back/web.git"
	both 0 created unchanged unchanged
	both 0 unchanged unchanged unchanged
	git -C "$GIT_REPOS/back/web.git" update-ref refs/heads/main refs/heads/main~1
	git -C "$GIT_REPOS/back/team/lib.git" update-ref -d refs/heads/gone
	both 0 updated updated unchanged
	# No repository, and nothing that one could be made of.
	rm -rf "$GIT_REPOS/back/empty.git"
	mkdir "$GIT_REPOS/back/empty.git"
	echo x >"$GIT_REPOS/back/empty.git/other"
	both 1 unchanged unchanged failed
}

@test "apply refuses a target with other refs, and overwrites it with --overwrite-refs" {
	run -0 agent backup
	mkdir -p "$GIT_REPOS/back/team"
	git clone -q --mirror "$T/work" "$GIT_REPOS/back/web.git"
	git -C "$GIT_REPOS/back/web.git" branch precious main
	run -1 restore apply latest --yes --only git:web
	[[ $output == *"refs/heads/precious"*"--overwrite-refs"* ]]
	[[ $output != *"--take-fields"* && $output != *"--overwrite-state"* ]]
	# Each says yes to its own risk and to no other.
	run -1 restore apply latest --yes --only git:web --take-fields --overwrite-state
	run -2 restore apply latest --yes --only git:web --force
	for option in --take-fields --overwrite-state --overwrite-refs; do
		[[ $output == *"$option ("* ]]
	done
	run -0 restore apply latest --yes --only git:web --overwrite-refs
	git -C "$GIT_REPOS/back/web.git" show-ref --verify refs/heads/precious
}

@test "apply --prune --overwrite-refs removes the refs that the snapshot has not, and names them" {
	run -0 agent backup
	mkdir -p "$GIT_REPOS/back/team"
	for r in web team/lib; do
		git clone -q --mirror "$T/work" "$GIT_REPOS/back/$r.git"
		git -C "$GIT_REPOS/back/$r.git" branch stray main
		git -C "$GIT_REPOS/back/$r.git" update-ref refs/pull/9/head main
	done
	run -1 restore apply latest --yes --only git --prune
	[[ $output == *"refs/heads/stray"*"--overwrite-refs"* ]]
	for r in web team/lib; do git -C "$GIT_REPOS/back/$r.git" show-ref -q --verify refs/heads/stray; done
	run -0 restore apply latest --yes --only git --prune --overwrite-refs
	echo "$output"
	for r in web team/lib; do
		diff <(git -C "$GIT_REPOS/back/$r.git" for-each-ref) <(git -C "$GIT_REPOS/$r.git" for-each-ref)
		git -C "$GIT_REPOS/back/$r.git" fsck --full --strict
	done
}

@test "refs that the host refuses are named, and the rest is there" {
	run -0 agent backup
	git init -q --bare -b other "$GIT_REPOS/back/web.git"
	git -C "$GIT_REPOS/back/web.git" config receive.hideRefs refs/heads/gone
	run -1 restore apply latest --yes --only git:web
	[[ $output == *"refs/heads/gone was refused: deny updating a hidden ref"* ]]
	[[ $output == *"git symbolic-ref HEAD refs/heads/main"* ]]
	[ "$(git -C "$GIT_REPOS/back/web.git" rev-parse main)" = "$(git -C "$T/work" rev-parse main)" ]
}

# GitHub's refs/pull/*: 500 lines of refusals were no news to anybody.
@test "refs that the host makes itself and hides are one line, and no failure" {
	for i in $(seq 500); do echo "create refs/pull/$i/merge HEAD"; done | git -C "$T/work" update-ref --stdin
	git -C "$T/work" push -q --mirror "$GIT_REPOS/web.git"
	run -0 agent backup
	git init -q --bare -b main "$GIT_REPOS/back/web.git"
	git -C "$GIT_REPOS/back/web.git" config transfer.hideRefs refs/pull
	run -0 restore apply latest --yes --only git:web -o json
	[ "$(grep -o 'refs/pull/[0-9]*' <<<"$output" | wc -l)" = 1 ]
	[[ $output == *"501 references that the host keeps for itself and hides (first: refs/pull/1/head)"* ]]
	# Again: nothing is to be done, and that is told.
	run -0 restore apply latest --yes --only git:web
	[[ $output == *unchanged* ]]
}

@test "a blank in a URL is %20, over http and ssh and in a path" {
	mkdir -p "$GIT_REPOS/My Project" "$GIT_REPOS/back"
	git clone -q --mirror "$T/work" "$GIT_REPOS/My Project/Repö.git"
	for base in "$GIT_HTTP" "$GIT_SSH_BASE" "file://$GIT_REPOS"; do
		rm -rf "$T/state" "$T/vault" "$T/out"
		config "$base/My%20Project/Rep%C3%B6.git"
		run -0 agent backup
		run -0 restore extract latest --to "$T/out"
		[ "$(find "$T/out/git" -name HEAD | wc -l)" = 1 ]
	done
}

@test "one repository that fails makes the snapshot partial; all of them, none" {
	config "$GIT_HTTP/web.git" "$GIT_HTTP/none.git"
	run -1 agent backup
	[[ $output == *"repository 'none'"*404* ]]
	[ "$(find "$T/vault" -name '*.manifest.json' | wc -l)" = 1 ]
	config "$GIT_HTTP/none.git"
	run -3 agent backup
	[ "$(find "$T/vault" -name '*.manifest.json' | wc -l)" = 1 ]
}

@test "a damaged mirror is made anew with a warning, and the snapshot is whole" {
	run -0 agent backup
	pack=$(find "$T/state/git/web.git" -name '*.pack')
	chmod u+w "$pack"
	flip_bit "$pack" 40
	sleep 1
	run -0 agent backup
	[[ $output == *"web"*"damaged and is made anew"* ]]
	run -0 restore verify latest
}

@test "verify names a repository that lacks an object, whatever the digests say" {
	run -0 agent backup
	id=$(git -C "$T/work" rev-parse main:file)
	mirror=$T/state/git/web.git
	git -C "$mirror" rev-list --objects --all | cut -d' ' -f1 | grep -v "$id" >"$T/ids"
	rm -rf "$T/state/git/web.git/objects/pack"/*
	git -C "$GIT_REPOS/web.git" pack-objects -q "$mirror/objects/pack/pack" <"$T/ids"
	sleep 1
	run -0 agent backup
	run -5 restore verify latest
	[[ $output == *"web"*"$id is missing"* ]]
}

@test "LFS objects come into the archive and back to the server" {
	head -c 300000 /dev/urandom >"$T/image"
	lfs "$T/image"
	run -0 agent backup
	[ "$(manifest '.. | .lfs? // empty')" = '{"objects":1,"bytes":300000,"stored":1,"missing":0}' ]
	run -0 restore verify latest
	run -0 restore extract latest --to "$T/out"
	cmp "$T/image" "$T/out/git/web.git/lfs/objects/${OID:0:2}/${OID:2:2}/$OID"
	git -C "$T/out/git/web.git" fsck --full --strict
	rm "$T/store/$OID"
	mkdir -p "$GIT_REPOS/back"
	git init -q --bare -b main "$GIT_REPOS/back/web.git"
	run -0 restore apply latest --yes
	cmp "$T/image" "$T/store/$OID"
	diff <(git -C "$GIT_REPOS/back/web.git" for-each-ref) <(git -C "$GIT_REPOS/web.git" for-each-ref)
}

@test "an LFS object that was damaged in the state directory is fetched anew, and said" {
	head -c 1000 /dev/urandom >"$T/image"
	lfs "$T/image"
	run -0 agent backup
	sleep 1
	head -c 1000 /dev/zero >"$T/state/git/web.git/lfs/objects/${OID:0:2}/${OID:2:2}/$OID"
	run -0 agent backup
	[[ $output == *"'web': 1 LFS objects of its mirror were damaged"* ]]
	run -0 restore extract latest --to "$T/out"
	cmp "$T/image" "$T/out/git/web.git/lfs/objects/${OID:0:2}/${OID:2:2}/$OID"
}

@test "an LFS object that the server has lost makes the snapshot partial, and is named" {
	head -c 1000 /dev/urandom >"$T/image"
	lfs "$T/image"
	rm "$T/store/$OID"
	run -1 agent backup
	[[ $output == *"LFS objects of repository 'web'"*"1 of 1"*"$OID"*404* ]]
	[ "$(manifest '.. | .lfs? // empty')" = '{"objects":1,"bytes":1000,"stored":0,"missing":1}' ]
	# Whoever has accepted the loss is told of it, and no more.
	sed -i "s|^git:|&\n  accept_missing: [$OID]|" "$BACKSTAY_CONFIG"
	sleep 1.1
	run agent backup
	echo "$output"
	[ "$status" -eq 0 ]
	[[ $output == *"LFS object $OID is missing, as git.accept_missing allows"* ]]
	[[ "$(manifest .closure.missing)" == *"1 LFS object (1000 B) of files of repository 'web' was not captured"*"$OID"* ]]
	[[ $output == *complete* ]]
}

@test "an LFS object that the server has lost and no ref reaches any more is not wanted" {
	head -c 3000 /dev/urandom >"$T/blob"
	lfs "$T/blob"
	rm "$T/store/$OID"
	run -1 agent backup
	grep -q "LFS objects of repository 'web'" <<<"$output"
	git -C "$T/work" reset -q --hard HEAD~1
	git -C "$T/work" push -q -f "$GIT_REPOS/web.git" main
	sleep 1.1
	run -0 agent backup
	[[ $output == *complete* ]]
	# And still wanted where a tag has it.
	git -C "$T/work" push -q "$GIT_REPOS/web.git" 'HEAD@{1}:refs/tags/old'
	sleep 1.1
	run -1 agent backup
}

@test "without LFS the manifest says how many objects are missing" {
	head -c 1000 /dev/urandom >"$T/image"
	lfs "$T/image"
	sed -i "s|    - url: $VIA/web.git|&\n      lfs: false|" "$BACKSTAY_CONFIG"
	run -0 agent backup
	[ "$(manifest '.. | .lfs? // empty')" = '{"objects":1,"bytes":1000,"stored":0,"missing":1}' ]
	[[ "$(manifest .closure.outside)" == *"1 LFS object (1000 B) of files of repository 'web' was left out"*"$OID"* ]]
	run ! grep -q batch "$T/lfs.log"
	run -0 restore extract latest --to "$T/out"
	[ ! -e "$T/out/git/web.git/lfs" ]
}

@test "a submodule that no repository of the snapshot has is a warning" {
	cd "$T/work"
	printf '[submodule "a"]\n\tpath = a\n\turl = ../team/lib.git\n' >.gitmodules
	printf '[submodule "b"]\n\tpath = b\n\turl = https://elsewhere.example/b.git\n' >>.gitmodules
	git update-index --add --cacheinfo "160000,$(git rev-parse HEAD),a"
	git update-index --add --cacheinfo "160000,$(git rev-parse HEAD),b"
	git add .gitmodules && git commit -q -m submodules && git push -q "$GIT_REPOS/web.git" main
	config "$GIT_HTTP/web.git" "$GIT_HTTP/team/lib.git"
	run -0 agent backup
	[[ $output == *"repository 'web'"*"https://elsewhere.example/b.git is in no repository of this snapshot"* ]]
	[[ $output != *"team/lib.git is in no"* ]]
	[[ $(manifest .) == *elsewhere.example/b.git* ]]
	[[ $(manifest .closure.outside) == *"repository 'https://elsewhere.example/b.git', which is a submodule of repository 'web', is not a source"* ]]
	[[ $(manifest .closure) != *team/lib* ]]
}

# A backup on a terminal in which each repository is held up with 2 MiB of its
# own, until PATTERN is seen; it must be.
held_up() { # COLUMNS PATTERN REPOSITORY...
	local via columns=$1 pattern=$2
	shift 2
	"$TOP/tests/storage/git/proxy" "$T/port" "$GIT_HTTP" stall 2500000 >"$T/proxy.log" 3>&- &
	FRONT=$!
	await [ -e "$T/port" ]
	via=http://127.0.0.1:$(<"$T/port")
	GIT_HTTP=$via config "${@/#/$via/}"
	"$BUILD/backstay-agent" vault init >/dev/null
	TERM=xterm script -q -f -c "stty cols $columns; echo \$\$ >$T/pid; exec $BUILD/backstay-agent backup" \
	    "$T/typescript" >/dev/null </dev/null 3>&- &
	await grep -qs "$pattern" "$T/typescript" || true
	kill "$(<"$T/pid")"
	wait $!
	grep "$pattern" "$T/typescript"
}

@test "on a terminal each repository shows how far it is" {
	for r in web team/lib; do
		git clone -q "$GIT_REPOS/$r.git" "$T/big"
		head -c 3000000 /dev/urandom >"$T/big/noise"
		git -C "$T/big" add noise
		git -C "$T/big" commit -q -m noise
		git -C "$T/big" push -q origin main
		rm -rf "$T/big"
	done
	held_up 200 'git 0/2 | .*web 2 MiB.*lib 2 MiB' web.git team/lib.git
}

@test "four repositories at once, and never a fifth" {
	git clone -q "$GIT_REPOS/web.git" "$T/big"
	head -c 3000000 /dev/urandom >"$T/big/noise"
	git -C "$T/big" add noise
	git -C "$T/big" commit -q -m noise
	for i in {1..6}; do git clone -q --mirror "$T/big" "$GIT_REPOS/at-once-$i.git"; done
	# All that are under way are held up, so that no fifth can follow a first.
	held_up 400 'git 0/6 |\(.*at-once-[1-6] 2 MiB\)\{4\}' at-once-{1..6}.git
	run ! grep -qs 'git 0/6 |\([^|]*at-once-[1-6]\)\{5\}' <(tr '\r' '\n' <"$T/typescript")
}

@test "a token from a file is the password of user git, unless another is named" {
	printf 'a-token-of-this-test\n' >"$T/token"
	for user in git robot; do
		echo "$user:a-token-of-this-test" >>"$D/htpasswd"
		config "$GIT_HTTP/web.git"
		name=$([ $user = git ] || echo "username: $user, ")
		sed -i "s|{url: $GIT_HTTP/, .*|{url: $GIT_HTTP/, ${name}token_file: $T/token}|" "$BACKSTAY_CONFIG"
		grep -q token_file "$BACKSTAY_CONFIG"
		run -0 agent check
		run -0 agent backup
		logged "Basic $(printf '%s:a-token-of-this-test' $user | base64 -w0) 200 .*web.git"
		sed -i "/^$user:/d" "$D/htpasswd"
		run -1 agent check
		[[ $output == *401* ]]
		sleep 1.1
	done
	run ! grep -rqF a-token-of-this-test "$T/state" "$T/vault"
}

@test "a password goes to the host it is for, and is not written anywhere" {
	config "$GIT_HTTP/web.git" "${GIT_HTTP/127.0.0.1/localhost}/team/lib.git"
	run -1 agent backup
	[[ $output == *"repository 'lib'"*401*"wants credentials"* ]]
	logged '^127.0.0.1:.*Basic.*web.git'
	logged '^localhost:.*team/lib.git'
	run ! grep -q '^localhost:.*Basic' "$GIT_ACCESS_LOG"
	run ! grep -rqF "$(<"$GIT_PASSWORD_FILE")" "$T/state" "$T/vault"
}

@test "a repository of 1 GiB that does not compress goes there and back in little memory" {
	[ -n "${BACKSTAY_TEST_LARGE-}" ] || skip 'writes 6 GiB: set BACKSTAY_TEST_LARGE=1'
	git clone -q "$GIT_REPOS/web.git" "$T/big"
	python3 -c '
import random, sys
r = random.Random(1)
for i in range(1024):
    sys.stdout.buffer.write(r.randbytes(1 << 20))' >"$T/big/large"
	git -C "$T/big" -c core.bigFileThreshold=1m add large
	git -C "$T/big" commit -q -m large
	git -C "$T/big" push -q origin main
	rm -rf "$T/big"
	config "$GIT_HTTP/web.git"
	cat >"$T/peak" <<-'E'
		import resource, subprocess, sys
		subprocess.run(sys.argv[1:], check=True)
		peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
		print("peak", peak // 1024, "MiB of", *sys.argv[2:])
		sys.exit(peak > 150 << 10)
	E
	mkdir -p "$GIT_REPOS/back"
	git init -q --bare -b main "$GIT_REPOS/back/web.git"
	for command in 'agent backup' 'agent backup' 'restore verify latest' 'restore apply latest --yes'; do
		# shellcheck disable=SC2086 # words
		run python3 "$T/peak" "$BUILD/backstay-"$command
		[ "$status" = 0 ] || { echo "$output"; false; }
		echo "# ${lines[-1]}" >&3
	done
	[ "$(git -C "$GIT_REPOS/back/web.git" rev-parse main:large)" = \
	    "$(git -C "$GIT_REPOS/web.git" rev-parse main:large)" ]
}
