# shellcheck shell=bash
# What each finding starts from: a temporary folder, $W, that is removed at the
# end together with what was started in it, and pinned packages in $W/root.

set -euo pipefail
W=$(mktemp -d "${TMPDIR:-/tmp}/finding-XXXXXX")
PIDS=()
finding_end() {
	local status=$?
	((${#PIDS[@]} == 0)) || { kill -KILL "${PIDS[@]}" && wait "${PIDS[@]}"; } \
		2>/dev/null || true
	((status == 0)) || [ ! -s "$W/log" ] || tail -n 20 "$W/log" >&2
	rm -rf "$W"
}
trap finding_end EXIT
trap 'exit 1' INT TERM HUP

# Debian packages and what they depend on, unpacked and not installed. The C
# library and the interpreters of this machine stay in use.
debian() { # NAME=VERSION...
	mkdir -p "$W/debs/partial" "$W/root"
	(
		cd "$W/debs"
		apt-get -qq -y --no-install-recommends --download-only \
			-o Dir::State::status=/dev/null -o Dir::Cache::archives="$W/debs" \
			-o APT::Sandbox::User=root -o Debug::NoLocking=1 \
			install "$@" >"$W/apt.log" 2>&1 || {
			cat "$W/apt.log" >&2
			echo "not to be had: $* (is the list of packages up to date?)" >&2
			exit 1
		}
		rm -f libc6_* libc-bin_*
		for deb in *.deb; do dpkg -x "$deb" "$W/root"; done
	)
	rm -r "$W/debs"
	export PATH=$W/root/usr/bin:$W/root/usr/sbin:$PATH
	local libs=$W/root/usr/lib/x86_64-linux-gnu
	export LD_LIBRARY_PATH=$libs:$libs/ceph:$W/root/lib/x86_64-linux-gnu
}

# Compares what was seen with what the header of the finding says.
expect() { # WHAT SEEN EXPECTED
	if [ "$2" != "$3" ]; then
		printf 'changed: %s\n  seen:     %s\n  expected: %s\n' "$1" "$2" "$3" >&2
		exit 1
	fi
	printf '%s: %s\n' "$1" "$2"
}

free_port() {
	python3 -c 'import socket
s = socket.socket()
s.bind(("127.0.0.1", 0))
print(s.getsockname()[1])'
}

# In the background until the finding ends.
background() { # COMMAND...
	"$@" >>"$W/log" 2>&1 </dev/null &
	PIDS+=($!)
}

until_true() { # COMMAND...
	local end=$((SECONDS + 120))
	until "$@" >/dev/null 2>&1; do
		((SECONDS < end)) || {
			echo "not in two minutes: $*" >&2
			exit 1
		}
		sleep 0.2
	done
}
