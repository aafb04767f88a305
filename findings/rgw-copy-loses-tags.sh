#!/bin/bash
# Ceph's S3 gateway (Debian 12, radosgw 16.2.15+ds-0+deb12u2): CopyObject keeps
# the tags of an object, and loses all of them where the metadata is replaced
# ("x-amz-metadata-directive: REPLACE"), even if "x-amz-tagging-directive: COPY"
# asks for them. S3 decides the two apart. Whoever changes the metadata or the
# storage class of an object by a copy has to put its tags again.
#
# Seen:
#	tags of the object: <TagSet><Tag><Key>team</Key><Value>platform</Value></Tag></TagSet>
#	tags of a copy: <TagSet><Tag><Key>team</Key><Value>platform</Value></Tag></TagSet>
#	tags of a copy with other metadata: <TagSet></TagSet>
#	and where the tags are to be copied: <TagSet></TagSet>
set -euo pipefail
# shellcheck source=findings/lib/gateway.bash
. "$(dirname "$0")/lib/gateway.bash"
gateway
bucket plain

tags() { s3 "$S3/plain/$1?tagging=" | grep -o '<TagSet>.*</TagSet>'; }
copy() { # TO HEADER...
	local headers=(-H 'x-amz-copy-source: plain/from') header
	for header in "${@:2}"; do headers+=(-H "$header"); done
	expect "copy to $1" "$(status -X PUT "${headers[@]}" "$S3/plain/$1")" 200
}

kept='<TagSet><Tag><Key>team</Key><Value>platform</Value></Tag></TagSet>'
expect PUT "$(status -X PUT -d one -H 'x-amz-tagging: team=platform' "$S3/plain/from")" 200
expect 'tags of the object' "$(tags from)" "$kept"
copy same
expect 'tags of a copy' "$(tags same)" "$kept"
copy other 'x-amz-metadata-directive: REPLACE' 'x-amz-meta-owner: ops'
expect 'tags of a copy with other metadata' "$(tags other)" '<TagSet></TagSet>'
copy both 'x-amz-metadata-directive: REPLACE' 'x-amz-meta-owner: ops' \
	'x-amz-tagging-directive: COPY'
expect 'and where the tags are to be copied' "$(tags both)" '<TagSet></TagSet>'
