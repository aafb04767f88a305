#!/bin/bash
# json-c 0.16 (Debian 12, libjson-c5 0.16-2): valid JSON that is parsed and
# written again says something else, and no call reports an error. Integers of
# more than 64 bits become the largest or smallest of 64 bits, though reals keep
# their text; -0 loses its sign; a name ends at its first \u0000, so that two
# members become one, while texts keep the character.
#
# Seen:
#	{"serial":18446744073709551616} -> {"serial":18446744073709551615}
#	{"serial":-9223372036854775809} -> {"serial":-9223372036854775808}
#	{"real":100000000000000000000.0} -> {"real":100000000000000000000.0}
#	{"zero":-0} -> {"zero":0}
#	{"a\u0000b":1,"a\u0000c":2} -> {"a":2}
#	{"text":"a\u0000b"} -> {"text":"a\u0000b"}
set -euo pipefail
# shellcheck source=findings/lib/packages.bash
. "$(dirname "$0")/lib/packages.bash"
debian libjson-c5=0.16-2

round_trip() { # JSON
	python3 - "$1" <<-'X'
	import ctypes, sys
	c = ctypes.CDLL("libjson-c.so.5")
	c.json_tokener_parse_verbose.restype = ctypes.c_void_p
	c.json_object_to_json_string_ext.restype = ctypes.c_char_p
	c.json_object_to_json_string_ext.argtypes = [ctypes.c_void_p, ctypes.c_int]
	error = ctypes.c_int(-1)
	value = c.json_tokener_parse_verbose(sys.argv[1].encode(), ctypes.byref(error))
	assert error.value == 0, "json-c reports error %d" % error.value
	print(c.json_object_to_json_string_ext(value, 0).decode())
	X
}

expect 'above 64 bits' "$(round_trip '{"serial":18446744073709551616}')" \
	'{"serial":18446744073709551615}'
expect 'below 64 bits' "$(round_trip '{"serial":-9223372036854775809}')" \
	'{"serial":-9223372036854775808}'
expect 'a real' "$(round_trip '{"real":100000000000000000000.0}')" \
	'{"real":100000000000000000000.0}'
expect 'minus zero' "$(round_trip '{"zero":-0}')" '{"zero":0}'
expect 'two names with \u0000' "$(round_trip '{"a\u0000b":1,"a\u0000c":2}')" '{"a":2}'
expect 'a text with \u0000' "$(round_trip '{"text":"a\u0000b"}')" '{"text":"a\u0000b"}'
