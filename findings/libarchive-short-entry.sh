#!/bin/bash
# libarchive 3.6.2 (Debian 12, libarchive13 3.6.2-1+deb12u5), writing tar: an
# entry that got fewer bytes than its header says is filled up with zeros, and
# neither archive_write_finish_entry nor archive_write_free reports it. The
# close callback is called as after a success, so that a callback that renames
# or completes an upload commits an archive with a torn file. A writer that
# gives up has to call archive_write_fail first, or count the bytes itself.
#
# Seen, of an entry of 100000 bytes that got 3:
#	header, data, finish_entry, free: 0 3 0 0
#	closed: 1
#	size in the archive: 100000
#	zeros after the 3 bytes: 99997
set -euo pipefail
# shellcheck source=findings/lib/packages.bash
. "$(dirname "$0")/lib/packages.bash"
debian libarchive13=3.6.2-1+deb12u5

python3 - "$W/out.tar" >"$W/seen" <<'X'
import ctypes, sys, tarfile
c = ctypes.CDLL("libarchive.so.13")
P = ctypes.c_void_p
c.archive_write_new.restype = c.archive_entry_new.restype = P
c.archive_write_data.restype = ctypes.c_ssize_t
closed = []
out = open(sys.argv[1], "wb")
WRITE = ctypes.CFUNCTYPE(ctypes.c_ssize_t, P, P, P, ctypes.c_size_t)
CLOSE = ctypes.CFUNCTYPE(ctypes.c_int, P, P)
write = WRITE(lambda a, d, p, n: out.write(ctypes.string_at(p, n)))
close = CLOSE(lambda a, d: closed.append(1) or 0)
a, e = P(c.archive_write_new()), P(c.archive_entry_new())
c.archive_write_set_format_pax_restricted(a)
c.archive_write_open(a, None, None, write, close)
c.archive_entry_set_pathname(e, b"state")
c.archive_entry_set_size(e, ctypes.c_int64(100000))
c.archive_entry_set_filetype(e, 0o100000)
results = [c.archive_write_header(a, e),
    c.archive_write_data(a, b"abc", ctypes.c_size_t(3)),
    c.archive_write_finish_entry(a), c.archive_write_free(a)]
out.close()
with tarfile.open(sys.argv[1]) as t:
    data = t.extractfile("state").read()
print(*results)
print(len(closed))
print(len(data))
print(data.count(0))
X
mapfile -t seen <"$W/seen"
expect 'header, data, finish_entry, free' "${seen[0]}" '0 3 0 0'
expect closed "${seen[1]}" 1
expect 'size in the archive' "${seen[2]}" 100000
expect 'zeros after the 3 bytes' "${seen[3]}" 99997
