"""Verifies AWS Signature Version 4, from the published algorithm alone."""

import calendar
import hashlib
import hmac
import time
from urllib.parse import quote, unquote

MAX_SKEW_S = 15 * 60


class Refused(Exception):
    """code and message of an S3 error, its HTTP status and extra elements."""

    def __init__(self, status, code, message, **extra):
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.extra = extra


class Key:
    def __init__(self, secret, token=None, expires=None, name="tester"):
        self.secret = secret
        self.token = token
        self.expires = expires
        self.name = name


def parse_authorization(text):
    if not text.startswith("AWS4-HMAC-SHA256 "):
        raise Refused(400, "InvalidArgument", "Unsupported Authorization Type")
    parts = {}
    for p in text[len("AWS4-HMAC-SHA256 "):].split(","):
        k, _, v = p.strip().partition("=")
        parts[k] = v
    try:
        scope = parts["Credential"].rsplit("/", 4)
        if len(scope) != 5 or scope[4] != "aws4_request":
            raise KeyError
        return scope, parts["SignedHeaders"].split(";"), parts["Signature"]
    except KeyError:
        raise Refused(400, "AuthorizationHeaderMalformed",
                      "The authorization header is malformed.")


def canonical_query(rawquery):
    pairs = []
    for part in rawquery.split("&"):
        if part:
            k, _, v = part.partition("=")
            pairs.append((quote(unquote(k), safe="-._~"),
                          quote(unquote(v), safe="-._~")))
    return "&".join("%s=%s" % p for p in sorted(pairs))


def signing_key(secret, date, region, service):
    k = ("AWS4" + secret).encode()
    for part in (date, region, service, "aws4_request"):
        k = hmac.new(k, part.encode(), hashlib.sha256).digest()
    return k


def verify(req, keys, region, now, service="s3"):
    """The Key that signed req; raises Refused, worded as S3 words it."""
    auth = req.headers.get("authorization")
    if not auth:
        raise Refused(403, "AccessDenied", "Access Denied")
    (access, date, scope_region, scope_service, _), signed, signature = \
        parse_authorization(auth)
    key = keys.get(access)
    if key is None:
        raise Refused(403, "InvalidAccessKeyId", "The AWS Access Key Id you "
                      "provided does not exist in our records.",
                      AWSAccessKeyId=access)
    if scope_region != region:
        raise Refused(400, "AuthorizationHeaderMalformed",
                      "The authorization header is malformed; the region '%s' "
                      "is wrong; expecting '%s'" % (scope_region, region),
                      Region=region)
    if scope_service != service:
        raise Refused(400, "AuthorizationHeaderMalformed",
                      "The authorization header is malformed; incorrect "
                      "service \"%s\". This endpoint belongs to \"%s\"."
                      % (scope_service, service))
    stamp = req.headers.get("x-amz-date", "")
    try:
        when = calendar.timegm(time.strptime(stamp, "%Y%m%dT%H%M%SZ"))
    except ValueError:
        raise Refused(403, "AccessDenied", "AWS authentication requires a "
                      "valid Date or x-amz-date header")
    if not stamp.startswith(date):
        raise Refused(403, "SignatureDoesNotMatch",
                      "Date in Credential scope does not match YYYYMMDD from "
                      "ISO-8601 version of date from HTTP")
    if abs(now - when) > MAX_SKEW_S:
        raise Refused(403, "RequestTimeTooSkewed", "The difference between "
                      "the request time and the current time is too large.",
                      RequestTime=stamp, ServerTime=time.strftime(
                          "%Y-%m-%dT%H:%M:%SZ", time.gmtime(now)),
                      MaxAllowedSkewMilliseconds="900000")
    must = {"host"} | {h for h in req.headers if h.startswith("x-amz-")}
    missing = sorted(must - set(signed))
    if missing:
        raise Refused(403, "AccessDenied", "There were headers present in the "
                      "request which were not signed",
                      HeadersNotSigned=", ".join(missing))
    digest = req.headers.get("x-amz-content-sha256")
    if service == "s3" and not digest:
        raise Refused(400, "InvalidRequest", "Missing required header for "
                      "this request: x-amz-content-sha256")
    actual = hashlib.sha256(req.body).hexdigest()
    path = quote(unquote(req.rawpath), safe="/-._~")
    canonical = "\n".join(
        [req.method, path, canonical_query(req.rawquery)]
        + ["%s:%s" % (h, " ".join(req.headers.get(h, "").split()))
           for h in signed] + ["", ";".join(signed), digest or actual])
    scope = "/".join((date, scope_region, scope_service, "aws4_request"))
    to_sign = "\n".join(["AWS4-HMAC-SHA256", stamp, scope, hashlib.sha256(
        canonical.encode("latin-1")).hexdigest()])
    want = hmac.new(signing_key(key.secret, date, scope_region,
                                scope_service),
                    to_sign.encode(), hashlib.sha256).hexdigest()
    if signed != sorted(signed) or not hmac.compare_digest(want, signature):
        raise Refused(403, "SignatureDoesNotMatch", "The request signature we "
                      "calculated does not match the signature you provided. "
                      "Check your key and signing method.",
                      AWSAccessKeyId=access, StringToSign=to_sign,
                      CanonicalRequest=canonical)
    token = req.headers.get("x-amz-security-token")
    if (key.token or None) != (token or None):
        raise Refused(400 if token else 403,
                      "InvalidToken" if token else "InvalidAccessKeyId",
                      "The provided token is malformed or otherwise invalid.")
    if key.expires is not None and now > key.expires:
        raise Refused(400, "ExpiredToken", "The provided token has expired.")
    if digest not in (None, "UNSIGNED-PAYLOAD") and digest != actual:
        raise Refused(400, "XAmzContentSHA256Mismatch",
                      "The provided 'x-amz-content-sha256' header does not "
                      "match what was computed.",
                      ClientComputedContentSHA256=digest,
                      S3ComputedContentSHA256=actual)
    return key
