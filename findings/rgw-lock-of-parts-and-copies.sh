#!/bin/bash
# Ceph's S3 gateway (Debian 12, radosgw 16.2.15+ds-0+deb12u2), buckets with
# Object Lock: the mode and the date that a request names hold for PUT alone. An
# upload in parts takes them when it is begun and then makes an object without a
# lock. A copy ignores its own and takes over those of its source. All answer
# 200, so the lock of an object has to be read back, and put again by
# PutObjectRetention.
#
# Seen, of objects to be held for 20 days, the copied one for 5:
#	PUT: GOVERNANCE, 20 days
#	upload in parts: no lock
#	copy: GOVERNANCE, 5 days
set -euo pipefail
# shellcheck source=findings/lib/gateway.bash
. "$(dirname "$0")/lib/gateway.bash"
gateway
b=$S3/locked
expect 'make a bucket with Object Lock' \
	"$(status -X PUT -H 'x-amz-bucket-object-lock-enabled: true' "$b")" 200
now=$(date +%s)

hold() { # DAYS: sets $headers
	headers=(-H 'x-amz-object-lock-mode: GOVERNANCE' -H
		"x-amz-object-lock-retain-until-date: $(date -u -d "@$((now + $1 * 86400))" +%FT%TZ)")
}
lock() { # KEY
	s3 -I "$b/$1" | tr -d '\r' >"$W/head"
	local mode until
	mode=$(sed -n 's/^x-amz-object-lock-mode: //p' "$W/head")
	until=$(sed -n 's/^x-amz-object-lock-retain-until-date: //p' "$W/head")
	[ -n "$mode" ] || { echo 'no lock'; return; }
	echo "$mode, $((($(date -d "$until" +%s) - now) / 86400)) days"
}

hold 20
s3 -o "$W/body" -X PUT -d text "${headers[@]}" "$b/put"
expect PUT "$(lock put)" 'GOVERNANCE, 20 days'

upload=$(s3 -X POST "${headers[@]}" "$b/parts?uploads=" |
	sed -n 's/.*<UploadId>\([^<]*\).*/\1/p')
etag=$(s3 -X PUT -d text -D - -o /dev/null "$b/parts?partNumber=1&uploadId=$upload" |
	tr -d '\r' | sed -n 's/^ETag: //p')
expect 'upload in parts, its status' "$(status -X POST "$b/parts?uploadId=$upload" -d \
	"<CompleteMultipartUpload><Part><PartNumber>1</PartNumber><ETag>$etag</ETag></Part></CompleteMultipartUpload>")" 200
expect 'upload in parts' "$(lock parts)" 'no lock'

hold 5
s3 -o "$W/body" -X PUT -d text "${headers[@]}" "$b/from"
hold 20
expect 'copy, its status' "$(status -X PUT "${headers[@]}" \
	-H 'x-amz-copy-source: locked/from' "$b/copy")" 200
expect 'copy' "$(lock copy)" 'GOVERNANCE, 5 days'
