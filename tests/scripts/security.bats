#!/usr/bin/env bats
# SECURITY.md speaks of commands that there are, and README leads to it.

setup() {
	cd "$BATS_TEST_DIRNAME/../.." || return
	build=${BACKSTAY_BUILD:-build}
}

@test "each command that SECURITY.md names is known to its program" {
	local program command
	mapfile -t named < <(grep -oE 'backstay-(agent|restore) [a-z]+' SECURITY.md | sort -u)
	[ "${#named[@]}" -ge 3 ]
	for one in "${named[@]}"; do
		read -r program command <<<"$one"
		"$build/$program" --help | grep -qE "^ +$command\b" ||
		    { echo "$program knows no '$command'"; return 1; }
	done
}

@test "each option that SECURITY.md names is one of a command" {
	local help program command o
	help=$(grep -oE 'backstay-(agent|restore) [a-z]+' SECURITY.md | sort -u |
	    while read -r program command; do "$build/$program" "$command" --help; done)
	mapfile -t options < <(grep -oE -- ' --[a-z-]+' SECURITY.md | sort -u)
	[ "${#options[@]}" -ge 2 ]
	for o in "${options[@]}"; do
		grep -qF -- "${o# }" <<<"$help" || { echo "no such option:$o"; return 1; }
	done
}

@test "each attack that it says is named is named by the program" {
	local attack
	for attack in delete truncate fork replay mix back-date freeze flood; do
		grep -qF "**$attack**" SECURITY.md
	done
	for attack in delete truncate fork replay mix back-date freeze flood; do
		grep -qF "\"$attack\"" storage/vault/chain.c
		"$build/backstay-restore" verify --help | grep -qF "$attack"
	done
}

@test "README leads to it" {
	grep -qF '(SECURITY.md)' README.md
}
