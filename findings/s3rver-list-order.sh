#!/bin/bash
# s3rver 3.7.1 (npm), which stands for S3 in tests of backup tools: it lists keys
# in the order of its folders, "env/prod.tfstate" before "env-old" before "env",
# where S3 lists by bytes, and goes on after a page with what is greater than the
# marker by bytes. So two of four keys are on no page; a tool that passes its
# tests there may still rely on an order, and one that is right loses keys.
#
# Seen, of env, env-old, env/prod.tfstate and z:
#	one page: env/prod.tfstate env-old env z
#	pages of one: env/prod.tfstate z
set -euo pipefail
# shellcheck source=findings/lib/packages.bash
. "$(dirname "$0")/lib/packages.bash"
cd "$W"
npm install --silent --no-audit --no-fund --prefix "$W" s3rver@3.7.1 >"$W/log" 2>&1
port=$(free_port)
background node -e "new (require('s3rver'))({port: $port, address: '127.0.0.1',
	silent: true, directory: '$W/data', configureBuckets: [{name: 'state'}]}).run()"
until_true curl -sS "http://127.0.0.1:$port/"
s3() { # KEY-OR-QUERY CURL-ARG...
	curl -sS --aws-sigv4 aws:amz:us-east-1:s3 -u S3RVER:S3RVER \
		-H 'x-amz-content-sha256: UNSIGNED-PAYLOAD' "http://127.0.0.1:$port/state$1" "${@:2}"
}
keys() { grep -o '<Key>[^<]*' | cut -d '>' -f 2 | paste -sd ' '; }

for key in env env-old env/prod.tfstate z; do
	expect "PUT $key" "$(s3 "/$key" -X PUT -d x -o "$W/body" -w '%{http_code}')" 200
done
expect 'one page' "$(s3 '' | keys)" 'env/prod.tfstate env-old env z'
pages=()
marker=
while :; do
	s3 "?marker=${marker//\//%2F}&max-keys=1" >"$W/page"
	marker=$(keys <"$W/page")
	pages+=("$marker")
	grep -q '<IsTruncated>true' "$W/page" || break
done
expect 'pages of one' "${pages[*]}" 'env/prod.tfstate z'
