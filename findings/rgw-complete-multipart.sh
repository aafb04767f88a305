#!/bin/bash
# Ceph's S3 gateway (Debian 12, radosgw 16.2.15+ds-0+deb12u2):
# CompleteMultipartUpload ignores "If-None-Match: *" and replaces an object that
# PUT under the same condition leaves alone, and its answer has an empty ETag
# element though the object has an ETag. GET and HEAD of a part by partNumber,
# which says how an object was cut, answer 200 with the whole object.
#
# Seen:
#	PUT over what is there, If-None-Match: 412
#	complete over what is there, If-None-Match: 200
#	ETag that it answers: <ETag></ETag>
#	ETag of the object: "47693b6aafc99e607a33f321da4dc903-2"
#	GET of part 2, which has 4 bytes: 200, 5242884 bytes
set -euo pipefail
# shellcheck source=findings/lib/gateway.bash
. "$(dirname "$0")/lib/gateway.bash"
gateway
bucket plain
key=$S3/plain/key
condition='If-None-Match: *'

put_part() { # NUMBER CURL-ARG...
	s3 -D - -o "$W/body" "${@:2}" "$key?partNumber=$1&uploadId=$upload" |
		tr -d '\r' | sed -n 's/^ETag: //p'
}

expect 'PUT' "$(status -X PUT -d before -H "$condition" "$key")" 200
expect 'PUT over what is there, If-None-Match' \
	"$(status -X PUT -d after -H "$condition" "$key")" 412
upload=$(s3 -X POST "$key?uploads=" | sed -n 's:.*<UploadId>\(.*\)</UploadId>.*:\1:p')
head -c 5242880 /dev/zero >"$W/five"
parts="<Part><PartNumber>1</PartNumber><ETag>$(put_part 1 -T "$W/five")</ETag></Part>"
parts+="<Part><PartNumber>2</PartNumber><ETag>$(put_part 2 -X PUT -d tail)</ETag></Part>"
expect 'complete over what is there, If-None-Match' "$(status -X POST -H "$condition" \
	-d "<CompleteMultipartUpload>$parts</CompleteMultipartUpload>" \
	"$key?uploadId=$upload")" 200
expect 'ETag that it answers' "$(grep -o '<ETag>.*</ETag>' "$W/body")" '<ETag></ETag>'
expect 'ETag of the object' "$(s3 -I "$key" | tr -d '\r' | sed -n 's/^ETag: //p')" \
	'"47693b6aafc99e607a33f321da4dc903-2"'
expect 'GET of part 2, which has 4 bytes' "$(s3 -o "$W/body" \
	-w '%{http_code}, %{size_download} bytes' "$key?partNumber=2")" '200, 5242884 bytes'
