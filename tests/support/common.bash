# shellcheck shell=bash
# For the tests in bash, also those that set up no platform.

# Until the command is true. The minute is for a machine that is slow; nothing
# that is well takes as long.
await() { # COMMAND...
	local end=$((EPOCHSECONDS + 60))
	until "$@"; do
		((EPOCHSECONDS < end)) || { echo "not within a minute: $*"; return 1; }
		sleep 0.05
	done
}

# Changes one bit, so that the byte is another one whatever it was.
flip_bit() { # FILE OFFSET
	local byte
	byte=$(od -An -tu1 -j "$2" -N 1 "$1")
	[ -n "$byte" ] || { echo "$1 has no byte $2"; return 1; }
	# shellcheck disable=SC2059 # the byte is made by its format
	printf "\\x$(printf %x $((byte ^ 4)))" |
	    dd of="$1" bs=1 seek="$2" conv=notrunc status=none
}
