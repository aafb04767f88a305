#!/usr/bin/env bats
# CONTRIBUTING.md names files and rooms that are there, and every room.

setup() {
	cd "$BATS_TEST_DIRNAME/../.." || exit
}

# What stands in backquotes and looks like a path.
paths() {
	grep -o '`[^` ]*`' CONTRIBUTING.md | tr -d '`' |
	    grep -E '^(\.ci|agent|config|findings|restore|scripts|storage|tests)(/|$)' |
	    sort -u
}

@test "each path that CONTRIBUTING names is there" {
	local path missing=
	while IFS= read -r path; do
		[ -e "$path" ] || missing+="$path "
	done < <(paths)
	[ "$(paths | wc -l)" -gt 50 ]
	[ -z "$missing" ] || { echo "not there: $missing"; false; }
}

@test "the map has each room of scripts/check-includes, and no other" {
	local rooms='(agent|config|restore|storage)[a-z/]*'
	diff <(sed -nE "s#^\| \`($rooms)\` \|.*#\1#p" CONTRIBUTING.md | sort) \
	    <(sed -nE "s#^	\[($rooms)\]=.*#\1#p" scripts/check-includes | sort)
}
