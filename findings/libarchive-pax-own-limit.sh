#!/bin/bash
# libarchive 3.6.2 (Debian 12, libarchive13 3.6.2-1+deb12u5) writes pax headers
# that it does not read: the writer takes extended attributes of any size and
# reports success, and the reader ends the whole archive at a header of more than
# 1 MiB, so that the entries after it are lost to it too. GNU tar lists them all.
#
# Seen, of three entries, the second with an attribute of 800,000 bytes:
#	writing: 0 0 0 0
#	by libarchive: one | Special header too large
#	by GNU tar: one two three
set -euo pipefail
# shellcheck source=findings/lib/packages.bash
. "$(dirname "$0")/lib/packages.bash"
debian libarchive13=3.6.2-1+deb12u5

python3 - "$W/out.tar" >"$W/seen" <<'X'
import ctypes, sys
c = ctypes.CDLL("libarchive.so.13")
P = ctypes.c_void_p
for f in ("write_new", "entry_new", "read_new"):
    getattr(c, "archive_" + f).restype = P
c.archive_entry_pathname.restype = c.archive_error_string.restype = ctypes.c_char_p
path = sys.argv[1].encode()
a = P(c.archive_write_new())
c.archive_write_set_format_pax_restricted(a)
c.archive_write_open_filename(a, path)
results = []
for name in (b"one", b"two", b"three"):
    e = P(c.archive_entry_new())
    c.archive_entry_set_pathname(e, name)
    c.archive_entry_set_size(e, ctypes.c_int64(0))
    c.archive_entry_set_filetype(e, 0o100000)
    if name == b"two":
        value = b"x" * 800000
        c.archive_entry_xattr_add_entry(e, b"user.note", value,
            ctypes.c_size_t(len(value)))
    results.append(c.archive_write_header(a, e))
results.append(c.archive_write_free(a))
print(*results)

a, e = P(c.archive_read_new()), P()
c.archive_read_support_format_tar(a)
c.archive_read_open_filename(a, path, ctypes.c_size_t(10240))
names = []
while c.archive_read_next_header(a, ctypes.byref(e)) == 0:
    names.append(c.archive_entry_pathname(e).decode())
print(*names, "|", c.archive_error_string(a).decode())
X
mapfile -t seen <"$W/seen"
expect writing "${seen[0]}" '0 0 0 0'
expect 'by libarchive' "${seen[1]}" 'one | Special header too large'
expect 'by GNU tar' "$(tar -tf "$W/out.tar" 2>>"$W/log" | paste -sd ' ')" 'one two three'
