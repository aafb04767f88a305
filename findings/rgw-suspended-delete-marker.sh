#!/bin/bash
# Ceph's S3 gateway (Debian 12, radosgw 16.2.15+ds-0+deb12u2): in a bucket whose
# versioning is suspended, a deleted key is gone for GET (404) and there for
# "If-None-Match: *" (412), so that the key can never be made again under that
# condition. Deleting the delete marker, by version id "null", releases it.
#
# Seen:
#	PUT: 200
#	DELETE: 204
#	GET: 404
#	PUT with If-None-Match of the deleted key: 412
#	DELETE of the marker, versionId=null: 204
#	PUT with If-None-Match: 200
set -euo pipefail
# shellcheck source=findings/lib/gateway.bash
. "$(dirname "$0")/lib/gateway.bash"
gateway
bucket suspended Enabled
versioning suspended Suspended
key=$S3/suspended/lock
expect PUT "$(status -X PUT -d one -H 'If-None-Match: *' "$key")" 200
expect DELETE "$(status -X DELETE "$key")" 204
expect GET "$(status "$key")" 404
expect 'PUT with If-None-Match of the deleted key' \
	"$(status -X PUT -d two -H 'If-None-Match: *' "$key")" 412
expect 'DELETE of the marker, versionId=null' \
	"$(status -X DELETE "$key?versionId=null")" 204
expect 'PUT with If-None-Match' \
	"$(status -X PUT -d two -H 'If-None-Match: *' "$key")" 200
