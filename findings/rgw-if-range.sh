#!/bin/bash
# Ceph's S3 gateway (Debian 12, radosgw 16.2.15+ds-0+deb12u2) ignores If-Range
# (RFC 9110, 13.1.5): a download that is gone on with after the object was
# replaced gets the rest of the new one with 206, where the whole object with 200
# is due, and the two are put together without an error. "If-Match" beside the
# range is honoured and refuses. `curl --continue-at -` sends neither.
#
# Seen:
#	the range of an unchanged object: 206 56789
#	with If-Range, after the object was replaced: 206 fghij
#	with If-Match instead: 412
set -euo pipefail
# shellcheck source=findings/lib/gateway.bash
. "$(dirname "$0")/lib/gateway.bash"
gateway
bucket plain
key=$S3/plain/key

put() { # TEXT: its ETag
	s3 -X PUT -d "$1" -D - -o /dev/null "$key" | tr -d '\r' | sed -n 's/^ETag: //p'
}
range() { # HEADER
	printf '%s %s' "$(status -H 'Range: bytes=5-' -H "$1" "$key")" "$(<"$W/body")"
}

etag=$(put 0123456789)
expect 'the range of an unchanged object' "$(range "If-Range: $etag")" '206 56789'
put abcdefghij >/dev/null
expect 'with If-Range, after the object was replaced' \
	"$(range "If-Range: $etag")" '206 fghij'
expect 'with If-Match instead' "$(status -H 'Range: bytes=5-' -H "If-Match: $etag" "$key")" 412
