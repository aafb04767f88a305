#!/usr/bin/env bats
# shellcheck disable=SC2154 # run sets stderr
# What Git hosts do beyond Git: an organisation's repositories are listed at
# each run, a missing one is made by a restore, and the default branch is set.
# Against a simulated host with the APIs of GitHub, GitLab and Gitea, written
# after their documentation: tests/sim/hosts names the pages.

bats_require_minimum_version 1.5.0
load ../support/common

setup_file() {
	TOP=$(cd "$BATS_TEST_DIRNAME/../.." && pwd)
	export TOP
	export BUILD=${BACKSTAY_BUILD:-$TOP/build}
	export GIT_AUTHOR_NAME=t GIT_AUTHOR_EMAIL=t@example.org
	export GIT_COMMITTER_NAME=t GIT_COMMITTER_EMAIL=t@example.org
	export GIT_CONFIG_GLOBAL=/dev/null GIT_CONFIG_SYSTEM=/dev/null
}

setup() {
	T=$BATS_TEST_TMPDIR
	export BACKSTAY_CONFIG=$T/backstay.yaml
	"$TOP/tests/sim/hosts" start "$T/host"
	# shellcheck disable=SC1091
	. "$T/host/env"
	git init -q -b main "$T/work"
	for i in 1 2 3; do
		echo $i >"$T/work/file"
		git -C "$T/work" add file
		git -C "$T/work" commit -q -m $i
	done
	git -C "$T/work" branch alpha HEAD~1
	for path in team/web team/api team/old team/.github team/sub/deep; do
		repository "$path"
	done
	touch "$HOST_REPOS/team/old.git/archived"
	cd "$T" || return
}

teardown() {
	"$TOP/tests/sim/hosts" stop "$T/host"
}

repository() { # PATH
	git clone -q --mirror "$T/work" "$HOST_REPOS/$1.git"
	git -C "$HOST_REPOS/$1.git" config http.receivepack true
}

config() { # KIND [MORE-OF-THE-ORGANISATION [RESTORE]]
	cat >"$BACKSTAY_CONFIG" <<-E
		name: hosts
		state_dir: $T/state
		vaults: [{name: v, directory: $T/vault}]
		encryption: none
		signing: none
		git:
		  organisations:
		    - {url: $HOST_URL/team, kind: $1${2:+, $2}}
		  credentials:
		    - {url: $HOST_URL/, kind: $1, token_file: $HOST_TOKEN_FILE}
		restore: {${3:-existing: skip}}
	E
	chmod 600 "$BACKSTAY_CONFIG"
	[ -d "$T/vault" ] || "$BUILD/backstay-agent" vault init
}

fault() { # JSON
	curl -fsS -X POST -d "$1" "$HOST_SIM_URL/faults" >/dev/null
}

no_faults() {
	curl -fsS -X DELETE "$HOST_SIM_URL/faults" >/dev/null
}

captured() {
	"$BUILD/backstay-restore" show latest -o json |
	    jq -r '[.sources[].repositories[]?.name] | sort | join(" ")'
}

@test "each kind of host: every repository of an organisation, over several pages" {
	for kind in github gitlab gitea; do
		config "$kind"
		run -0 --separate-stderr "$BUILD/backstay-agent" backup
		[[ $stderr == *"organisation '$HOST_URL/team': 5 repositories"* ]]
		[ "$(captured)" = "team/.github team/api team/old team/sub/deep team/web" ]
	done
	# The token went to no other host, and no repository is fetched from where
	# the answers say.
	[ "$(grep -c 'page=2' "$T/host/requests")" -ge 3 ]
}

@test "include, exclude and archived choose; what is left out is counted" {
	config gitea "include: [web, old, sub/*, api], exclude: [api], archived: false"
	run -0 --separate-stderr "$BUILD/backstay-agent" backup
	[[ $stderr == *": 2 repositories, 1 archived left out, 2 left out by include and exclude"* ]]
	[ "$(captured)" = "team/sub/deep team/web" ]
	run -0 "$BUILD/backstay-agent" check
	[[ $output == *"organisation '$HOST_URL/team'"*"2 repositories, 1 archived left out"* ]]
	[[ $output == *"repository 'team/web'"* ]]
}

@test "one that disappears is named, and one that comes is taken" {
	config github
	"$BUILD/backstay-agent" backup
	mv "$HOST_REPOS/team/api.git" "$T/away.git"
	repository team/new
	run -0 --separate-stderr "$BUILD/backstay-agent" backup
	[[ $stderr == *"repository 'team/api' is not among the repositories of '$HOST_URL/team' any more"*"it had 2 references"* ]]
	[[ $(captured) == *"team/new"* ]]
	# A token that sees far less makes the snapshot partial.
	mv "$HOST_REPOS"/team/{web,new,old}.git "$T"
	run -1 --separate-stderr "$BUILD/backstay-agent" backup
	[[ $stderr == *"organisation '$HOST_URL/team'"*"has 2 repositories, and had 5 in 'hosts-"* ]]
}

@test "a repository that the configuration names keeps its name and is taken once" {
	config gitlab
	sed -i "s|^git:|git:\n  repositories: [{url: $HOST_URL/team/web.git, name: shop}]|" "$BACKSTAY_CONFIG"
	run -0 --separate-stderr "$BUILD/backstay-agent" backup
	[[ $stderr == *": 4 repositories, 1 that git.repositories names"* ]]
	[ "$(captured)" = "shop team/.github team/api team/old team/sub/deep" ]
}

@test "the token's own user is listed where there is no such organisation" {
	repository me/dotfiles
	for kind in github gitlab gitea; do
		config "$kind"
		sed -i "s|$HOST_URL/team|$HOST_URL/me|" "$BACKSTAY_CONFIG"
		run -0 "$BUILD/backstay-agent" backup
		[ "$(captured)" = me/dotfiles ]
	done
	sed -i "s|$HOST_URL/me|$HOST_URL/nobody|" "$BACKSTAY_CONFIG"
	run -3 --separate-stderr "$BUILD/backstay-agent" backup
	[[ $stderr == *"there is no organisation 'nobody' that the token may see"* ]]
}

@test "an organisation that cannot be listed makes the snapshot partial, with the reason" {
	config github
	repository other/one
	sed -i "s|^git:|git:\n  repositories: [{url: $HOST_URL/other/one.git}]|" "$BACKSTAY_CONFIG"
	"$BUILD/backstay-agent" backup
	# The second page fails: a part of the list is none.
	fault '{"path": "page=2", "kind": "reply", "status": 403, "body": {"message": "Resource not accessible"}}'
	run -1 --separate-stderr "$BUILD/backstay-agent" backup
	[[ $stderr == *"missing: repositories of organisation '$HOST_URL/team': "*"GitHub answered 403: Resource not accessible; the token of git.credentials may not do that"* ]]
	[[ $stderr != *"is not among the repositories"* ]]
	[ "$(captured)" = one ]
	run -1 "$BUILD/backstay-agent" check
	[[ $output == *"Resource not accessible"* ]]
	no_faults
	echo wrong >"$HOST_TOKEN_FILE"
	run -3 --separate-stderr "$BUILD/backstay-agent" backup
	[[ $stderr == *"GitHub answered 401: Bad credentials; the token of git.credentials is wrong or has expired"* ]]
	[[ $stderr != *tok-3n* ]]
}

@test "a limit is waited for where it is short, and told where it is long" {
	config github
	fault '{"path": "page=2", "kind": "429", "retry_after": 1, "count": 1}'
	run -0 "$BUILD/backstay-agent" backup
	[ "$(captured)" = "team/.github team/api team/old team/sub/deep team/web" ]
	fault '{"path": "orgs", "kind": "reply", "status": 403, "body": {"message": "API rate limit exceeded"}, "headers": {"X-RateLimit-Remaining": "0", "Retry-After": "1800"}}'
	run -3 --separate-stderr "$BUILD/backstay-agent" backup
	[[ $stderr == *"GitHub limits how many requests it answers (403: API rate limit exceeded); ask again in 1800 seconds"* ]]
}

@test "a renamed organisation is followed on its host, and to no other" {
	config github
	fault '{"path": "orgs/team", "kind": "reply", "status": 301, "headers": {"Location": "/api/v3/orgs/renamed/repos?per_page=100"}}'
	mv "$HOST_REPOS/team" "$HOST_REPOS/renamed"
	run -0 "$BUILD/backstay-agent" backup
	[[ $(captured) == "renamed/.github "* ]]
	no_faults
	fault '{"path": "orgs/team", "kind": "reply", "status": 302, "headers": {"Location": "http://127.0.0.2:1/steal"}}'
	run -3 --separate-stderr "$BUILD/backstay-agent" backup
	[[ $stderr == *"sends it on to http://127.0.0.2:1/steal; that is another place, which gets no token"* ]]
}

@test "what is no answer of that API is said to be none" {
	config gitea
	for fault in '"html"' '"reply", "body": {"data": []}' '"reply", "body": [{"full_name": "../../etc"}]'; do
		fault "{\"path\": \"orgs\", \"kind\": $fault}"
		run -3 --separate-stderr "$BUILD/backstay-agent" backup
		[[ $stderr == *"repositories of organisation '$HOST_URL/team': GET $HOST_URL/api/v1/orgs/team/repos"* ]]
		no_faults
	done
}

@test "a missing repository is made, private, with its default branch" {
	git -C "$HOST_REPOS/team/web.git" symbolic-ref HEAD refs/heads/alpha
	for kind in github gitlab gitea; do
		config "$kind" "include: [web]" "create_repositories: true"
		"$BUILD/backstay-agent" backup
		rm -rf "$HOST_REPOS/team/web.git"
		run -0 "$BUILD/backstay-restore" plan latest --server
		[[ $output == *"it is not there and would be made"* ]]
		[ ! -e "$HOST_REPOS/team/web.git" ]
		run -0 "$BUILD/backstay-restore" apply latest --yes
		[ -e "$HOST_REPOS/team/web.git/private" ]
		[ "$(git -C "$HOST_REPOS/team/web.git" symbolic-ref HEAD)" = refs/heads/alpha ]
		[ "$(git -C "$HOST_REPOS/team/web.git" rev-parse main)" = "$(git -C "$T/work" rev-parse main)" ]
	done
}

@test "without that setting nothing is made, and it is said that it could be" {
	config gitea "include: [web]"
	"$BUILD/backstay-agent" backup
	rm -rf "$HOST_REPOS/team/web.git"
	run -1 "$BUILD/backstay-restore" apply latest --yes
	[[ $output == *"restore.create_repositories: true has the API"* ]]
	[ ! -e "$HOST_REPOS/team/web.git" ]
	config gitea "include: [web]" "create_repositories: true"
	fault '{"method": "POST", "path": "orgs/team/repos", "kind": "reply", "status": 403, "body": {"message": "token has no write:organization"}}'
	run -1 "$BUILD/backstay-restore" apply latest --yes
	[[ $output == *"it could not be made: POST "*"token has no write:organization"* ]]
}

@test "the default branch of a target that is there is set; a refusal is told with the way by hand" {
	for kind in github gitlab gitea; do
		config "$kind" "include: [web]"
		"$BUILD/backstay-agent" backup
		git -C "$HOST_REPOS/team/web.git" symbolic-ref HEAD refs/heads/alpha
		run -0 "$BUILD/backstay-restore" apply latest --yes
		[ "$(git -C "$HOST_REPOS/team/web.git" symbolic-ref HEAD)" = refs/heads/main ]
		[[ $output != *"make that the default branch"* ]]
	done
	git -C "$HOST_REPOS/team/web.git" symbolic-ref HEAD refs/heads/alpha
	fault '{"method": "PATCH", "kind": "reply", "status": 403, "body": {"message": "must be an owner"}}'
	run -0 "$BUILD/backstay-restore" apply latest --yes
	[[ $output == *"the default branch could not be set: PATCH "*"must be an owner"* ]]
	[[ $output == *"make that the default branch in the host's settings"* ]]
}

@test "a configuration that is wrong is refused before anything is asked" {
	config github
	refused() { # SED ERROR
		sed "$1" "$BACKSTAY_CONFIG" >"$T/bad.yaml"
		chmod 600 "$T/bad.yaml"
		run -2 --separate-stderr "$BUILD/backstay-agent" check --config "$T/bad.yaml"
		[[ $stderr == *"$2"* ]]
	}
	refused "s|/team, kind: github|/team|" "git.organisations[0].kind: is needed for a host of that name"
	refused "s|kind: github}|kind: bitbucket}|" "git.organisations[0].kind"
	refused "s|/team, |/team/web, |" "is no URL of an organisation"
	refused "s|url: http://127.0.0.1[^,]*team|url: http://git.example.com/team|" "would send a token in the clear"
	refused "s|url: http://127|url: http://u:p@127|" "holds a user or password"
	refused "s|, kind: github}|, kind: github, include: []}|" "include"
	# A known host needs no kind.
	sed "s|$HOST_URL/team, kind: github|https://github.com/team|" "$BACKSTAY_CONFIG" >"$T/good.yaml"
	chmod 600 "$T/good.yaml"
	"$BUILD/backstay-agent" check --show-config --config "$T/good.yaml" | grep -F "https://github.com/team"
	# And no token is none.
	sed -i "/token_file/d; /credentials:/d" "$BACKSTAY_CONFIG"
	run -1 "$BUILD/backstay-agent" check
	[[ $output == *"the API of GitHub needs a token"* ]]
}
