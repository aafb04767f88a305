#!/bin/bash
# libarchive 3.6.2 (Debian 12, libarchive13 3.6.2-1+deb12u5), reading tar: a name
# in a pax header is normalised to composed Unicode (NFC), on Linux and in every
# locale, though files there are named by bytes. Two entries that differ only in
# that come out under one name, and extracting them leaves one file. A name in a
# GNU header comes out as it is, and GNU tar keeps both names of the pax archive.
#
# Seen, of two entries named e + U+0301 and U+00E9:
#	pax, by libarchive: c3a9 c3a9
#	pax, by GNU tar: 65cc81 c3a9
#	GNU, by libarchive: 65cc81 c3a9
set -euo pipefail
# shellcheck source=findings/lib/packages.bash
. "$(dirname "$0")/lib/packages.bash"
debian libarchive13=3.6.2-1+deb12u5

names() { # PAX_FORMAT|GNU_FORMAT
	python3 - "$1" "$W/names.tar" <<-'X'
	import ctypes, sys, tarfile
	with tarfile.open(sys.argv[2], "w", format=getattr(tarfile, sys.argv[1])) as t:
	    for name in "e\u0301", "\u00e9":
	        t.addfile(tarfile.TarInfo(name))
	c = ctypes.CDLL("libarchive.so.13")
	c.archive_read_new.restype = ctypes.c_void_p
	c.archive_entry_pathname.restype = ctypes.c_char_p
	a, e = ctypes.c_void_p(c.archive_read_new()), ctypes.c_void_p()
	c.archive_read_support_format_tar(a)
	c.archive_read_open_filename(a, sys.argv[2].encode(), ctypes.c_size_t(10240))
	seen = []
	while c.archive_read_next_header(a, ctypes.byref(e)) == 0:
	    seen.append(c.archive_entry_pathname(e).hex())
	print(*seen)
	X
}

expect 'pax, by libarchive' "$(names PAX_FORMAT)" 'c3a9 c3a9'
expect 'pax, by GNU tar' "$(tar --quoting-style=literal -tf "$W/names.tar" |
	python3 -c 'import sys
print(*[line[:-1].hex() for line in sys.stdin.buffer])')" '65cc81 c3a9'
expect 'GNU, by libarchive' "$(names GNU_FORMAT)" '65cc81 c3a9'
