# Sourced by the benchmarks that need Git repositories with a history, after
# tests/servers/git has started: they lie where it serves them from.

# shellcheck disable=SC2153 # GIT_REPOS is the server's
make_repository() { # NAME SEED COMMITS FILES BINARY-KIB
	local at=$GIT_REPOS/$1.git
	git init -q --bare -b main --object-format="${FORMAT:-sha1}" "$at"
	tests/data/git-history "${@:2}" | git -C "$at" fast-import --quiet
	git -C "$at" repack -q -a -d -f
}

sizes() { # NAME...: what was made
	local n objects mib total=0 least=0 most=0 all=0
	for n in "$@"; do
		read -r objects mib < <(git -C "$GIT_REPOS/$n.git" count-objects -v |
		    awk '/^in-pack/ {o = $2} /^size-pack/ {print o, int(($2 + 512) / 1024)}')
		((total += mib, all += objects)) || true
		((least == 0 || mib < least)) && least=$mib
		((mib > most)) && most=$mib
	done
	echo "$# of $least to $most MiB, together $all objects in $total MiB"
}
