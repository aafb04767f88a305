#!/bin/bash
# python-zstandard 0.20.0 (Debian 12, python3-zstandard 0.20.0-3): of data in
# several zstd frames, as pzstd and appending archivers write it, read_to_iter
# and decompress give the first frame and end without an error, while
# stream_reader, copy_stream and open of the same object read on. A tar that is
# opened over read_to_iter looks cut off, or, where a frame ends between two
# entries, whole and shorter.
#
# Seen, of two frames with ten lines each:
#	zstd -d: 20
#	stream_reader: 20
#	copy_stream: 20
#	read_to_iter: 10
#	decompress: 10
set -euo pipefail
# shellcheck source=findings/lib/packages.bash
. "$(dirname "$0")/lib/packages.bash"
debian python3-zstandard=0.20.0-3 zstd=1.5.4+dfsg2-5
export PYTHONPATH=$W/root/usr/lib/python3/dist-packages
cd "$W"
seq 10 >ten
for _ in 1 2; do zstd -qc ten >>both.zst; done
expect 'zstd -d' "$(zstd -qdc both.zst | wc -l)" 20
lines() { # EXPRESSION
	/usr/bin/python3 -c "import io, zstandard
data = open('both.zst', 'rb').read()
source, target, d = io.BytesIO(data), io.BytesIO(), zstandard.ZstdDecompressor()
def copy():
    d.copy_stream(source, target)
    return target.getvalue()
print(($1).count(b'\n'))"
}
expect stream_reader "$(lines 'd.stream_reader(source).read()')" 20
expect copy_stream "$(lines 'copy()')" 20
expect read_to_iter "$(lines "b''.join(d.read_to_iter(source))")" 10
expect decompress "$(lines 'd.decompress(data)')" 10
