#!/bin/bash
# curl 7.88.1 (Debian 12, 7.88.1-10+deb12u15), which is libcurl's
# CURLOPT_AWS_SIGV4, against an S3 server (Ceph's gateway 16.2.15): it signs the
# query and the path as they are written instead of in their canonical form.
# Requests that every server of S3 accepts when an SDK signs them are answered
# 403 SignatureDoesNotMatch: parameters that are not sorted by name, a
# subresource without "=" such as "?versioning" or "?uploads", and a key with
# "+" or ":". Sorted by hand, with "=" and percent-encoded, they work.
#
# Seen:
#	?list-type=2&prefix=k: 200
#	?prefix=k&list-type=2: 403
#	?versioning=: 200
#	?versioning: 403
#	PUT a%3Ab: 200
#	PUT a:b: 403
set -euo pipefail
# shellcheck source=findings/lib/gateway.bash
. "$(dirname "$0")/lib/gateway.bash"
gateway curl=7.88.1-10+deb12u15 libcurl4=7.88.1-10+deb12u15
curl --version | head -n 1
bucket plain
expect '?list-type=2&prefix=k' "$(status "$S3/plain?list-type=2&prefix=k")" 200
expect '?prefix=k&list-type=2' "$(status "$S3/plain?prefix=k&list-type=2")" 403
expect '?versioning=' "$(status "$S3/plain?versioning=")" 200
expect '?versioning' "$(status "$S3/plain?versioning")" 403
expect 'PUT a%3Ab' "$(status -X PUT -d x "$S3/plain/a%3Ab")" 200
expect 'PUT a:b' "$(status -X PUT -d x "$S3/plain/a:b")" 403
