#!/bin/bash
# aws 2.9.19 (Debian 12, awscli 2.9.19-1): a Terraform state that was saved from
# a bucket with `s3 sync` is not put back by `s3 sync` when the state in the
# bucket has gone on and is of the same length, as from serial 41 to 42. Length
# and time decide: what was saved carries the time of the old object, so it is
# never the newer of the two. Nothing is written, nothing is said, and the exit
# status is 0. `s3 cp --recursive` puts it back.
#
# Seen:
#	saved: {"serial":41}
#	sync back: 0, 0 lines
#	in the bucket after sync: {"serial":42}
#	in the bucket after cp: {"serial":41}
set -euo pipefail
# shellcheck source=findings/lib/gateway.bash
. "$(dirname "$0")/lib/gateway.bash"
gateway awscli=2.9.19-1
export AWS_CONFIG_FILE=/dev/null AWS_SHARED_CREDENTIALS_FILE=/dev/null
export AWS_ACCESS_KEY_ID=finding AWS_SECRET_ACCESS_KEY=finding AWS_DEFAULT_REGION=default
unset AWS_CA_BUNDLE
aws() { /usr/bin/python3 "$W/root/usr/bin/aws" --endpoint-url "$S3" --no-progress s3 "$@"; }
put() { expect "PUT serial $1" "$(status -X PUT -d "{\"serial\":$1}" "$S3/state/env/a.tfstate")" 200; }

bucket state
put 41
aws sync s3://state "$W/saved" >"$W/out"
expect saved "$(<"$W/saved/env/a.tfstate")" '{"serial":41}'
sleep 2 # times in a bucket have whole seconds
put 42
result=0
aws sync "$W/saved" s3://state >"$W/out" 2>&1 || result=$?
expect 'sync back' "$result, $(wc -l <"$W/out") lines" '0, 0 lines'
expect 'in the bucket after sync' "$(s3 "$S3/state/env/a.tfstate")" '{"serial":42}'
aws cp --recursive "$W/saved" s3://state >"$W/out"
expect 'in the bucket after cp' "$(s3 "$S3/state/env/a.tfstate")" '{"serial":41}'
