#!/bin/bash
# rclone 1.60.1 (Debian 12, rclone 1.60.1+dfsg-2+b5) from an S3 bucket to a
# folder: a key with an empty part, such as a//b, is left out. It is logged at
# the level of an error, as "ignoring", yet `sync` exits with 0 and counts no
# error, and `check` of the two then finds no difference and exits with 0. `ls`
# and `size` know both objects. Such keys come from joining paths.
#
# Seen, of the keys a/b and a//b:
#	objects by rclone size: 2
#	sync: 0
#	files: 1
#	check: 0
set -euo pipefail
# shellcheck source=findings/lib/gateway.bash
. "$(dirname "$0")/lib/gateway.bash"
gateway rclone=1.60.1+dfsg-2+b5
export RCLONE_CONFIG=/dev/null RCLONE_CONFIG_R_TYPE=s3 RCLONE_CONFIG_R_PROVIDER=Ceph
export RCLONE_CONFIG_R_ENDPOINT=$S3 RCLONE_CONFIG_R_ACCESS_KEY_ID=finding
export RCLONE_CONFIG_R_SECRET_ACCESS_KEY=finding
unset AWS_CA_BUNDLE # see rclone-aws-ca-bundle.sh
# Written without a signature, since curl does not sign such keys rightly.
expect 'make a bucket for all' \
	"$(status -X PUT -H 'x-amz-acl: public-read-write' "$S3/plain")" 200
for key in a/b a//b; do
	expect "PUT $key" "$(curl -sS --path-as-is -o "$W/body" -w '%{http_code}' \
		-X PUT -d "$key" "$S3/plain/$key")" 200
done
result() { "$@" >>"$W/log" 2>&1 && echo 0 || echo $?; }

expect 'objects by rclone size' "$(rclone size --json R:plain | grep -o '"count":[0-9]*' |
	cut -d : -f 2)" 2
expect sync "$(result rclone sync R:plain "$W/out")" 0
expect files "$(find "$W/out" -type f | wc -l)" 1
expect check "$(result rclone check R:plain "$W/out")" 0
