# shellcheck shell=bash
# The same test of a vault in a directory and, under the name ..._s3.bats, in a
# bucket of a real S3 server: what others do to its objects, in either. Sourced
# after small; object names are without the prefix.
# shellcheck disable=SC2154 # lib sets $top

in_bucket() { [[ $BATS_TEST_FILENAME == *_s3.bats ]]; }

vault_kinds_start() {
	small_start
	in_bucket || return 0
	"$top/tests/servers/s3" start "$P/s3"
}

# A new, empty vault: of the entry that vault_entry prints.
vault_fresh() {
	rm -rf "$P/vault" "$P/offsite" "$P/state" "$P/tier"
	in_bucket || return 0
	set -a
	# shellcheck disable=SC1091 # written by the server
	. "$P/s3/env"
	set +a
	bucket=kinds-$BATS_TEST_NUMBER
	vault_s3 make
}

vault_entry() {
	if in_bucket; then small_bucket "$bucket" | sed 's/name: bucket/name: local/'; else small_directory; fi
}

vault_s3() { # make | names | put NAME FILE | get NAME FILE | rm NAME...
	PYTHONDONTWRITEBYTECODE=1 PYTHONPATH=$top/tests/data/platform BUCKET=$bucket \
	    python3 - "$@" <<-'E'
	import os, sys
	from lib.s3 import Client
	c = Client(os.environ["S3_ENDPOINT"])
	what, more = sys.argv[1], sys.argv[2:]
	prefix = "team/"
	if what == "make":
	    c.call("PUT")
	elif what == "names":
	    print("\n".join(k[len(prefix):] for k in c.keys()))
	elif what == "put":
	    c.call("PUT", prefix + more[0], body=open(more[1], "rb").read())
	elif what == "get":
	    open(more[1], "wb").write(c.call("GET", prefix + more[0])[1])
	elif what == "rm":
	    for name in more:
	        c.call("DELETE", prefix + name)
	E
}

vault_names() {
	if in_bucket; then vault_s3 names; else find "$P/vault" -mindepth 1 -printf '%P\n' | sort; fi
}

vault_has() { vault_names | grep -qxF -- "$1"; }

vault_put() { # NAME, from standard input
	cat >"$BATS_TEST_TMPDIR/put"
	if in_bucket; then
		vault_s3 put "$1" "$BATS_TEST_TMPDIR/put"
	else
		cat "$BATS_TEST_TMPDIR/put" >"$P/vault/$1"
	fi
}

vault_get() { # NAME, to standard output
	if in_bucket; then
		vault_s3 get "$1" "$BATS_TEST_TMPDIR/got"
		cat "$BATS_TEST_TMPDIR/got"
	else
		cat "$P/vault/$1"
	fi
}

vault_rm() { # NAME...
	if in_bucket; then vault_s3 rm "$@"; else (cd "$P/vault" && rm -- "$@"); fi
}

vault_rm_all() { # PATTERN of grep
	local names
	mapfile -t names < <(vault_names | grep -- "$1")
	vault_rm "${names[@]}"
}

# Out of the vault and back, as names that match a pattern of grep.
vault_hide() { # PATTERN
	local name
	mkdir -p "$P/tier"
	for name in $(vault_names | grep -- "$1"); do
		vault_get "$name" >"$P/tier/$name"
		vault_rm "$name"
	done
}

vault_show() {
	local file
	for file in "$P/tier"/*; do
		# shellcheck disable=SC2094 # its name alone
		vault_put "${file##*/}" <"$file"
		rm "$file"
	done
}

vault_flip() { # NAME OFFSET
	vault_get "$1" >"$BATS_TEST_TMPDIR/flipped"
	flip_bit "$BATS_TEST_TMPDIR/flipped" "$2"
	vault_put "$1" <"$BATS_TEST_TMPDIR/flipped"
}
