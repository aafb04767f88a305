#!/bin/bash
# Ceph's S3 gateway (Debian 12, radosgw 16.2.15+ds-0+deb12u2): in a bucket with
# versioning enabled, "If-None-Match: *" on PUT guards nothing. In a bucket
# without versions the second writer of a key is refused with 412; once
# versioning is enabled, both writers get 200, and the second one's object is
# the one that is read. "If-Match" with a wrong ETag is refused in both.
# A lock that is one object made with If-None-Match is then held by everybody.
#
# Seen:
#	plain bucket, second PUT: 412
#	versioned bucket, second PUT: 200
#	what is read: second
#	versioned bucket, PUT with a wrong If-Match: 412
set -euo pipefail
# shellcheck source=findings/lib/gateway.bash
. "$(dirname "$0")/lib/gateway.bash"
gateway
bucket plain
bucket versioned Enabled
for name in plain versioned; do
	expect "$name bucket, first PUT" \
		"$(status -X PUT -d first -H 'If-None-Match: *' "$S3/$name/lock")" 200
done
expect 'plain bucket, second PUT' \
	"$(status -X PUT -d second -H 'If-None-Match: *' "$S3/plain/lock")" 412
expect 'versioned bucket, second PUT' \
	"$(status -X PUT -d second -H 'If-None-Match: *' "$S3/versioned/lock")" 200
expect 'what is read' "$(s3 "$S3/versioned/lock")" second
expect 'versioned bucket, PUT with a wrong If-Match' "$(status -X PUT -d third \
	-H 'If-Match: "00000000000000000000000000000000"' "$S3/versioned/lock")" 412
