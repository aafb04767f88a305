#!/usr/bin/env bats
# The simulated S3 server: it believes nobody, stores what it is given, and
# breaks as it is told.

setup_file() {
	cd "$BATS_TEST_DIRNAME" || return
	SIM_TMP=$BATS_FILE_TMPDIR
	export SIM_TMP
	./s3 start "$SIM_TMP/s3" --min-part 10
	./s3 start "$SIM_TMP/tls" --tls --region eu-west-1
}

teardown_file() {
	cd "$BATS_TEST_DIRNAME" || return
	./s3 stop "$SIM_TMP/s3"
	./s3 stop "$SIM_TMP/tls"
}

setup() {
	cd "$BATS_TEST_DIRNAME" || return
	set -a
	# shellcheck disable=SC1091
	. "$SIM_TMP/s3/env"
	set +a
}

talk() { ./s3_talk.py "$@"; }
faults() { curl -fsS -d "$1" "$S3_SIM_URL/faults"; }
code() { sed -n 's:.*<Code>\([A-Za-z0-9]*\)</Code>.*:\1:p'; }

teardown() {
	curl -kfsS -X DELETE "$S3_SIM_URL/faults" -o /dev/null
	curl -kfsS -d '{"offset_s": 0}' "$S3_SIM_URL/clock" -o /dev/null
}

@test "the platform's states come back byte for byte" {
	p=../data/platform
	"$p/load" s3 "$S3_ENDPOINT"
	[ "$("$p/dump" s3 "$S3_ENDPOINT" | wc -l)" = 11 ]
	"$p/dump" s3 "$S3_ENDPOINT" | grep -F "aws/production/vpc.tfstate $(stat -c %s "$p/state/aws/production/vpc.tfstate") $(sha256sum <"$p/state/aws/production/vpc.tfstate" | cut -d' ' -f1) application/json x-amz-meta-origin=terraform"
	"$p/dump" s3 "$S3_ENDPOINT" | grep -F 'aws//double/./slash.tfstate'
	"$p/wipe" s3 "$S3_ENDPOINT"
	[ -z "$("$p/dump" s3 "$S3_ENDPOINT")" ]
}

@test "a signature by the published example" {
	# AWS's own worked example of SigV4 for S3 (GET Object).
	run python3 - <<-'X'
		import sys
		sys.dont_write_bytecode = not sys.pycache_prefix
		sys.path.insert(0, ".")
		import calendar, time
		from simlib.httpd import Request
		from s3sim.sigv4 import Key, verify
		empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
		r = Request("GET", "/test.txt", {
		    "host": "examplebucket.s3.amazonaws.com", "range": "bytes=0-9",
		    "x-amz-content-sha256": empty, "x-amz-date": "20130524T000000Z",
		    "authorization": "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request,"
		    "SignedHeaders=host;range;x-amz-content-sha256;x-amz-date,"
		    "Signature=f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41"}, b"")
		now = calendar.timegm(time.strptime("20130524T000000Z", "%Y%m%dT%H%M%SZ"))
		verify(r, {"AKIAIOSFODNN7EXAMPLE": Key("wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY")}, "us-east-1", now)
	X
	[ "$status" -eq 0 ]
}

@test "wrong keys, clocks, digests and regions are refused by name" {
	talk PUT k body >/dev/null
	[ "$(AWS_SECRET_ACCESS_KEY=wrong talk GET k | code)" = SignatureDoesNotMatch ]
	[ "$(AWS_ACCESS_KEY_ID=AKIANOBODY talk GET k | code)" = InvalidAccessKeyId ]
	[ "$(SKEW_S=-1000 talk GET k | code)" = RequestTimeTooSkewed ]
	[ "$(SKEW_S=1000 talk GET k | code)" = RequestTimeTooSkewed ]
	[ "$(SKEW_S=800 talk GET k)" = "$(printf '200\nbody')" ]
	[ "$(SIGN_BODY=other talk PUT k body | code)" = XAmzContentSHA256Mismatch ]
	[ "$(REGION=eu-west-1 talk GET k | code)" = AuthorizationHeaderMalformed ]
	[[ $(REGION=eu-west-1 talk GET k) == *'<Region>us-east-1</Region>'* ]]
	[ "$(talk PUT k body content-md5:1B2M2Y8AsgTpgAmY7PhCfg== | code)" = BadDigest ]
	[ "$(AWS_SESSION_TOKEN=x talk GET k | code)" = InvalidToken ]
	[ "$(curl -sS "$S3_ENDPOINT/$S3_BUCKET/k" | code)" = AccessDenied ]
}

@test "a clock that is off shows in Date and refuses honest requests" {
	curl -fsS -d '{"offset_s": 7200}' "$S3_SIM_URL/clock" -o /dev/null
	[ "$(talk GET '' | code)" = RequestTimeTooSkewed ]
	SKEW_S=7200 talk GET '' | grep -q ListBucketResult
	date=$(SHOW=Date SKEW_S=7200 talk GET '' | sed -n 's/^Date: //p')
	ahead=$(($(date -d "$date" +%s) - $(date +%s)))
	[ "$ahead" -gt 7100 ] && [ "$ahead" -lt 7300 ]
}

@test "lists page by page, with delimiter and url encoding" {
	for i in 1 2 3 4 5; do talk PUT "l/$i/x y" "$i" >/dev/null; done
	talk PUT l/z z >/dev/null
	one=$(talk GET '?list-type=2&prefix=l/&max-keys=4')
	[[ $one == *'<IsTruncated>true<'* && $one == *'<KeyCount>4<'* ]]
	token=$(sed -n 's:.*<NextContinuationToken>\([^<]*\)<.*:\1:p' <<<"$one")
	two=$(talk GET "?list-type=2&prefix=l/&max-keys=4&continuation-token=$token")
	[[ $two == *'<KeyCount>2<'* && $two == *'<Key>l/5/x y</Key>'* && $two == *'<Key>l/z</Key>'* && $two == *'<IsTruncated>false<'* ]]
	folded=$(talk GET '?list-type=2&prefix=l/&delimiter=/&encoding-type=url')
	[[ $folded == *'<Prefix>l/1/</Prefix>'* && $folded == *'<Key>l/z</Key>'* && $folded != *'x y'* ]]
	talk GET '?list-type=2&prefix=l/&encoding-type=url' | grep -q 'l/1/x%20y'
	[ "$(talk GET '?list-type=2&continuation-token=!' | code)" = InvalidArgument ]
}

@test "ranges, conditions and metadata" {
	talk PUT r 0123456789 x-amz-meta-a:b content-type:text/x >/dev/null
	[ "$(talk GET r '' range:bytes=2-4)" = "$(printf '206\n234')" ]
	[ "$(talk GET r '' range:bytes=-3)" = "$(printf '206\n789')" ]
	[ "$(talk GET r '' range:bytes=10- | code)" = InvalidRange ]
	[ "$(SHOW=x-amz-meta-a,Content-Type,Content-Length talk HEAD r)" = "$(printf '200\nx-amz-meta-a: b\nContent-Type: text/x\nContent-Length: 10')" ]
	[ "$(talk PUT r new 'if-none-match:*' | code)" = PreconditionFailed ]
	[ "$(talk PUT r2 new 'if-none-match:*')" = 200 ]
	[ "$(talk GET missing | code)" = NoSuchKey ]
	[ "$(talk HEAD missing)" = 404 ]
}

@test "multipart: in order, large enough, once" {
	id=$(talk POST 'm?uploads' | sed -n 's:.*<UploadId>\(.*\)</UploadId>.*:\1:p')
	etag() { sed -n 's/^ETag: //p'; }
	e1=$(SHOW=ETag talk PUT "m?partNumber=1&uploadId=$id" 0123456789 | etag)
	e2=$(SHOW=ETag talk PUT "m?partNumber=2&uploadId=$id" abc | etag)
	part() { echo "<Part><PartNumber>$1</PartNumber><ETag>$2</ETag></Part>"; }
	done_() { talk POST "m?uploadId=$id" "<CompleteMultipartUpload>$1</CompleteMultipartUpload>"; }
	[ "$(done_ "$(part 2 "$e2")$(part 1 "$e1")" | code)" = InvalidPartOrder ]
	[ "$(done_ "$(part 1 wrong)" | code)" = InvalidPart ]
	faults '{"method": "POST", "path": "uploadId", "kind": "error200", "count": 1}'
	answer=$(done_ "$(part 1 "$e1")$(part 2 "$e2")")
	[[ $answer == 200* && $(code <<<"$answer") == InternalError ]]
	[ "$(talk HEAD m)" = 404 ]
	faults '{"method": "POST", "path": "uploadId", "kind": "lost", "count": 1}'
	run done_ "$(part 1 "$e1")$(part 2 "$e2")"
	[ "$status" -ne 0 ]
	[ "$(done_ "$(part 1 "$e1")$(part 2 "$e2")" | code)" = NoSuchUpload ]
	[ "$(talk GET m)" = "$(printf '200\n0123456789abc')" ]
	[[ $(SHOW=ETag talk HEAD m) == *-2\"* ]]
}

@test "versions hide and are deleted one by one; a locked one stays" {
	export BUCKET=locked-bucket
	talk PUT '' '' x-amz-bucket-object-lock-enabled:true >/dev/null
	talk PUT v one >/dev/null
	until=$(date -u -d '+1 day' +%Y-%m-%dT%H:%M:%SZ)
	[ "$(talk PUT v two x-amz-object-lock-mode:COMPLIANCE x-amz-object-lock-retain-until-date:"$until" | code)" = InvalidRequest ]
	md5=$(printf two | openssl md5 -binary | base64)
	[ "$(talk PUT v two x-amz-object-lock-mode:COMPLIANCE x-amz-object-lock-retain-until-date:"$until" content-md5:"$md5")" = 200 ]
	talk DELETE v >/dev/null
	[ "$(talk GET v | code)" = NoSuchKey ]
	versions=$(talk GET '?versions')
	[ "$(grep -o '<Version>' <<<"$versions" | wc -l)" = 2 ]
	[[ $versions == *'<DeleteMarker>'* ]]
	two=$(grep -o '<Version>.*' <<<"$versions" | sed 's:.*<Version><Key>v</Key><VersionId>\([^<]*\)</VersionId><IsLatest>false.*<Version>.*:\1:')
	[ "$(talk GET "v?versionId=$two")" = "$(printf '200\ntwo')" ]
	[ "$(talk DELETE "v?versionId=$two" | code)" = AccessDenied ]
}

@test "batch delete wants a digest and names what it kept" {
	talk PUT d1 x >/dev/null
	body='<Delete><Object><Key>d1</Key></Object><Object><Key>d2</Key></Object></Delete>'
	[ "$(talk POST '?delete' "$body" | code)" = InvalidRequest ]
	answer=$(talk POST '?delete' "$body" content-md5:"$(printf %s "$body" | openssl md5 -binary | base64)")
	[ "$(grep -o '<Deleted>' <<<"$answer" | wc -l)" = 2 ]
	[ "$(talk HEAD d1)" = 404 ]
}

@test "faults in S3's own words" {
	talk PUT f "$(head -c 3000 /dev/zero | tr '\0' x)" >/dev/null
	faults '{"kind": "503", "count": 1}'
	[ "$(talk GET f | code)" = SlowDown ]
	faults '{"kind": "400", "code": "RequestTimeout", "count": 1}'
	[ "$(talk GET f | code)" = RequestTimeout ]
	faults '{"kind": "400", "code": "ExpiredToken", "count": 1}'
	[ "$(talk GET f | code)" = ExpiredToken ]
	faults '{"kind": "region", "region": "eu-central-1", "count": 1}'
	[[ $(SHOW=x-amz-bucket-region talk GET f) == 301*eu-central-1*PermanentRedirect* ]]
	faults '{"kind": "redirect", "location": "http://127.0.0.1:1", "count": 1}'
	[[ $(SHOW=Location talk GET f) == *"Location: http://127.0.0.1:1/$S3_BUCKET/f"* ]]
	faults '{"kind": "reset_after", "bytes": 1000, "count": 1}'
	run talk GET f
	[ "$status" -ne 0 ]
	[ "$(talk GET f | tail -c 3000 | wc -c)" = 3000 ]
}

@test "virtual hosts, and TLS in another region" {
	talk PUT vh hosted >/dev/null
	ENDPOINT=${S3_VIRTUAL_HOST_ENDPOINT/localhost/$S3_BUCKET.localhost}
	[ "$(curl -sS -o /dev/null -w '%{http_code}' --resolve "$S3_BUCKET.localhost:${ENDPOINT##*:}:127.0.0.1" "$ENDPOINT/vh" \
		--aws-sigv4 aws:amz:us-east-1:s3 --user "$AWS_ACCESS_KEY_ID:$AWS_SECRET_ACCESS_KEY" \
		-H 'x-amz-content-sha256: UNSIGNED-PAYLOAD')" = 200 ]
	set -a
	# shellcheck disable=SC1091
	. "$SIM_TMP/tls/env"
	set +a
	[ "$(AWS_CA_BUNDLE=$S3_CA talk PUT t x)" = 200 ]
	run env AWS_CA_BUNDLE="$S3_CA_WRONG" ./s3_talk.py PUT t x
	[ "$status" -ne 0 ]
}

@test "instance metadata wants its token, and its keys open the bucket until they expire" {
	m=$SIM_IMDS_URL/latest
	[ "$(curl -sS -o /dev/null -w '%{http_code}' "$m/meta-data/iam/security-credentials/")" = 401 ]
	token=$(curl -sS -X PUT -H 'X-aws-ec2-metadata-token-ttl-seconds: 60' "$m/api/token")
	role=$(curl -sS -H "X-aws-ec2-metadata-token: $token" "$m/meta-data/iam/security-credentials/")
	keys=$(curl -sS -H "X-aws-ec2-metadata-token: $token" "$m/meta-data/iam/security-credentials/$role")
	of() { python3 -c 'import json,sys; print(json.loads(sys.argv[1])[sys.argv[2]])' "$keys" "$1"; }
	# shellcheck disable=SC2030,SC2031
	export AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY AWS_SESSION_TOKEN
	AWS_ACCESS_KEY_ID=$(of AccessKeyId)
	AWS_SECRET_ACCESS_KEY=$(of SecretAccessKey)
	AWS_SESSION_TOKEN=$(of Token)
	[ "$(talk PUT i x)" = 200 ]
	curl -fsS -X POST "$S3_SIM_URL/expire" -o /dev/null
	[ "$(talk PUT i x | code)" = ExpiredToken ]
	faults '{"path": "^/latest/", "kind": "hang"}'
	run curl -sS -m 1 -X PUT "$m/api/token"
	[ "$status" -eq 28 ]
}

@test "container credentials and web identity" {
	[ "$(curl -sS -o /dev/null -w '%{http_code}' "$SIM_CONTAINER_URL")" = 401 ]
	curl -sS -H "Authorization: $(<"$SIM_CONTAINER_TOKEN_FILE")" "$SIM_CONTAINER_URL" | grep -q SecretAccessKey
	sts() {
		curl -sS "$SIM_STS_URL/" -d Action=AssumeRoleWithWebIdentity -d Version=2011-06-15 \
			-d RoleArn=arn:aws:iam::0:role/r -d RoleSessionName=s --data-urlencode "WebIdentityToken=$1"
	}
	[ "$(sts wrong | code)" = InvalidIdentityToken ]
	answer=$(sts "$(<"$SIM_WEB_IDENTITY_TOKEN_FILE")")
	of() { sed -n "s:.*<$1>\([^<]*\)<.*:\1:p" <<<"$answer"; }
	# shellcheck disable=SC2030,SC2031
	export AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY AWS_SESSION_TOKEN
	AWS_ACCESS_KEY_ID=$(of AccessKeyId)
	AWS_SECRET_ACCESS_KEY=$(of SecretAccessKey)
	AWS_SESSION_TOKEN=$(of SessionToken)
	[ "$(talk PUT w x)" = 200 ]
	[ "$(AWS_SESSION_TOKEN='' talk PUT w x | code)" = InvalidAccessKeyId ]
}
