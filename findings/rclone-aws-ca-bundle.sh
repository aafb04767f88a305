#!/bin/bash
# rclone 1.60.1 (Debian 12, rclone 1.60.1+dfsg-2+b5): with AWS_CA_BUNDLE set, as
# it is where a company's proxy has a CA of its own, no S3 remote can be opened at
# all, with any valid bundle and over plain http too. The SDK inside wants to put
# the bundle into rclone's transport, whose type it does not know. rclone's own
# way, --ca-cert, works once the variable is unset.
#
# Seen, of a remote where nobody listens:
#	without the variable: connection refused
#	with it: unable to load custom CA bundle, HTTPClient's transport unsupported type
#	with --ca-cert: connection refused
set -euo pipefail
# shellcheck source=findings/lib/packages.bash
. "$(dirname "$0")/lib/packages.bash"
debian rclone=1.60.1+dfsg-2+b5
export RCLONE_CONFIG=/dev/null RCLONE_CONFIG_R_TYPE=s3 RCLONE_CONFIG_R_PROVIDER=Ceph
export RCLONE_CONFIG_R_ACCESS_KEY_ID=finding RCLONE_CONFIG_R_SECRET_ACCESS_KEY=finding
RCLONE_CONFIG_R_ENDPOINT=http://127.0.0.1:$(free_port)
export RCLONE_CONFIG_R_ENDPOINT
unset AWS_CA_BUNDLE
openssl req -x509 -newkey ed25519 -nodes -subj /CN=company -days 1 \
	-keyout "$W/key.pem" -out "$W/bundle.pem" 2>>"$W/log"

reason() { # OPTION...
	rclone lsf R:bucket --retries 1 --low-level-retries 1 "$@" 2>&1 |
		grep -oE "unable to load custom CA bundle.*|connection refused" | head -n 1
}

expect 'without the variable' "$(reason)" 'connection refused'
expect 'with it' "$(AWS_CA_BUNDLE=$W/bundle.pem reason)" \
	"unable to load custom CA bundle, HTTPClient's transport unsupported type"
expect 'with --ca-cert' "$(reason --ca-cert "$W/bundle.pem")" 'connection refused'
