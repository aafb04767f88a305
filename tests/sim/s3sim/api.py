"""The S3 API over the store: what each request means and answers."""

import base64
import calendar
import collections
import json
import re
import threading
import time
import xml.etree.ElementTree as ET
from email.utils import formatdate, parsedate_to_datetime
from urllib.parse import quote, unquote

from simlib.httpd import Response

from .cloud import Cloud
from .sigv4 import Refused, verify
from .store import (Bucket, Object, Store, Upload, md5_b64, multipart_etag,
                    sha256_b64)
from .xmlout import document, error

KEEP = ("content-type", "content-encoding", "content-disposition",
        "content-language", "cache-control", "expires",
        "x-amz-storage-class", "x-amz-server-side-encryption",
        "x-amz-website-redirect-location")
MIN_PART = 5 * 1024 * 1024
FAULTS = ("error200", "redirect", "region")


def iso(t):
    return time.strftime("%Y-%m-%dT%H:%M:%S.000Z", time.gmtime(t))


def local(tag):
    return tag.rpartition("}")[2]


class Api:
    def __init__(self, options, faults, keys, region):
        self.o = options
        self.faults = faults
        self.keys = keys
        self.region = region
        self.store = Store()
        self.offset = 0
        self.cloud = Cloud(keys, self.clock, region)
        self.stats = collections.Counter()
        self.stats_lock = threading.Lock()
        self.port = 0

    def clock(self):
        """The server's own idea of the time; a test may set it off."""
        return time.time() + self.offset

    # --- entry

    def handle(self, req):
        if req.path.startswith("/_sim/"):
            return self.admin(req)
        with self.stats_lock:
            self.stats[req.method] += 1
        try:
            resp = self.cloud.handle(req)
            if resp is None:
                resp = self.s3(req)
        except Refused as e:
            with self.stats_lock:
                self.stats[e.code] += 1
            headers = {}
            if "Region" in e.extra:
                headers["x-amz-bucket-region"] = e.extra["Region"]
            resp = Response(e.status, error(e.code, e.message, req.rawpath,
                                            **e.extra),
                            "application/xml", headers)
        resp.headers.setdefault("x-amz-request-id", "SIM0000000000001")
        resp.headers.setdefault("Server", "AmazonS3")
        return resp

    def place(self, req):
        """Bucket and key, by path or by virtual host."""
        host = req.headers.get("host", "").rsplit(":", 1)[0]
        path = unquote(req.rawpath, errors="surrogateescape")
        if host.endswith(".localhost") and host != "localhost":
            return host[:-len(".localhost")], path[1:]
        bucket, _, key = path[1:].partition("/")
        return bucket, key

    def s3(self, req):
        key = verify(req, self.keys, self.region, self.clock())
        self.digests(req)
        rule = self.faults.pick_extra(req, "redirect")
        if rule:
            return Response(307, error("TemporaryRedirect", "Please re-send "
                                       "this request to the specified "
                                       "temporary endpoint."),
                            "application/xml",
                            {"Location": rule["location"] + req.target})
        rule = self.faults.pick_extra(req, "region")
        if rule:
            return Response(301, error("PermanentRedirect", "The bucket you "
                                       "are attempting to access must be "
                                       "addressed using the specified "
                                       "endpoint.", Region=rule["region"]),
                            "application/xml",
                            {"x-amz-bucket-region": rule["region"]})
        rule = self.faults.pick_extra(req, "error200")
        if rule:
            return Response(200, error(rule.get("code", "InternalError"),
                                       "We encountered an internal error. "
                                       "Please try again."),
                            "application/xml")
        bucket, name = self.place(req)
        q = dict(reversed([(k, v) for k, v in req.query_list()]))
        with self.store.lock:
            if not bucket:
                return self.buckets(key)
            if not name:
                return self.bucket(req, bucket, q)
            b = self.need(bucket)
            return self.object(req, b, name, q)

    @staticmethod
    def digests(req):
        md5 = req.headers.get("content-md5")
        if md5 is not None and md5 != md5_b64(req.body):
            raise Refused(400, "BadDigest", "The Content-MD5 you specified "
                          "did not match what we received.")
        sha = req.headers.get("x-amz-checksum-sha256")
        if sha is not None and sha != sha256_b64(req.body):
            raise Refused(400, "BadDigest", "The SHA256 you specified did not "
                          "match the calculated checksum.")

    def need(self, bucket):
        b = self.store.buckets.get(bucket)
        if b is None:
            raise Refused(404, "NoSuchBucket",
                          "The specified bucket does not exist",
                          BucketName=bucket)
        return b

    # --- buckets

    def buckets(self, key):
        return self.xml("ListAllMyBucketsResult", [
            ("Owner", [("ID", key.name)]),
            ("Buckets", [("Bucket", [("Name", b.name),
                                     ("CreationDate", iso(b.when))])
                         for b in self.store.buckets.values()])])

    @staticmethod
    def xml(name, children, status=200, **headers):
        return Response(status, document(name, children), "application/xml",
                        dict(headers))

    def bucket(self, req, bucket, q):
        m = req.method
        if m == "PUT" and not q:
            if bucket in self.store.buckets:
                raise Refused(409, "BucketAlreadyOwnedByYou", "Your previous "
                              "request to create the named bucket succeeded "
                              "and you already own it.")
            if not re.match(r"^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$", bucket):
                raise Refused(400, "InvalidBucketName",
                              "The specified bucket is not valid.")
            lock = req.headers.get("x-amz-bucket-object-lock-enabled",
                                   "").lower() == "true"
            self.store.buckets[bucket] = Bucket(bucket, self.clock(), lock)
            return Response(200, b"", None, {"Location": "/" + bucket})
        b = self.need(bucket)
        if m == "HEAD":
            return Response(200, b"", "application/xml",
                            {"x-amz-bucket-region": self.region})
        if m == "DELETE":
            if b.objects:
                raise Refused(409, "BucketNotEmpty", "The bucket you tried to "
                              "delete is not empty")
            del self.store.buckets[bucket]
            return Response(204, b"", None)
        if m == "POST" and "delete" in q:
            return self.batch_delete(req, b)
        if "versioning" in q:
            if m == "PUT":
                root = self.parse(req.body)
                b.versioning = next((c.text for c in root
                                     if local(c.tag) == "Status"), "")
                return Response(200, b"", None)
            return self.xml("VersioningConfiguration",
                            [("Status", b.versioning)] if b.versioning
                            else [])
        if "location" in q:
            return self.xml("LocationConstraint", [])
        if "object-lock" in q:
            return self.lock_config(req, b)
        if m != "GET":
            raise Refused(501, "NotImplemented", "A header or query you "
                          "provided implies functionality that is not "
                          "implemented")
        if "versions" in q:
            return self.list_versions(b, q)
        if "uploads" in q:
            return self.xml("ListMultipartUploadsResult", [
                ("Bucket", b.name), ("IsTruncated", False)] + [
                ("Upload", [("Key", u.key), ("UploadId", u.id),
                            ("Initiated", iso(u.when))])
                for u in b.uploads.values() if not u.done
                and u.key.startswith(q.get("prefix", ""))])
        if q.get("list-type") == "2":
            return self.list_v2(b, q)
        return self.list_v1(b, q)

    @staticmethod
    def parse(body):
        if b"<!DOCTYPE" in body or b"<!ENTITY" in body:
            raise Refused(400, "MalformedXML", "The XML you provided was not "
                          "well-formed or did not validate against our "
                          "published schema")
        try:
            return ET.fromstring(body)
        except ET.ParseError:
            raise Refused(400, "MalformedXML", "The XML you provided was not "
                          "well-formed or did not validate against our "
                          "published schema")

    def lock_config(self, req, b):
        if req.method == "PUT":
            root = self.parse(req.body)
            found = {local(e.tag): e.text for e in root.iter()}
            b.default_lock = (found.get("Mode"), int(found.get("Days") or 0))
            return Response(200, b"", None)
        if not b.object_lock:
            raise Refused(404, "ObjectLockConfigurationNotFoundError",
                          "Object Lock configuration does not exist for this "
                          "bucket")
        rule = []
        if b.default_lock:
            rule = [("Rule", [("DefaultRetention", [
                ("Mode", b.default_lock[0]), ("Days", b.default_lock[1])])])]
        return self.xml("ObjectLockConfiguration",
                        [("ObjectLockEnabled", "Enabled")] + rule)

    # --- lists

    @staticmethod
    def _max(q):
        text = q.get("max-keys", "1000")
        if not text.isdigit():
            raise Refused(400, "InvalidArgument", "Provided max-keys not an "
                          "integer or within integer range")
        return min(int(text), 1000)

    def _page(self, b, q, after):
        """(contents, common prefixes, last, truncated) of one page."""
        prefix, delim = q.get("prefix", ""), q.get("delimiter", "")
        limit = self._max(q)
        contents, prefixes, last = [], [], ""
        for key in b.walk(prefix, after):
            o = b.current(key)
            if o is None:
                continue
            group = None
            if delim:
                cut = key.find(delim, len(prefix))
                if cut >= 0:
                    group = key[:cut + len(delim)]
                    if group in prefixes or after.startswith(group):
                        last = key
                        continue
            if len(contents) + len(prefixes) >= limit:
                return contents, prefixes, last, limit > 0
            if group is not None:
                prefixes.append(group)
            else:
                contents.append((key, o))
            last = key
        return contents, prefixes, last, False

    def _shown(self, q):
        if q.get("encoding-type") == "url":
            return lambda k: quote(k, safe="/-._~*",
                                   errors="surrogateescape")
        return lambda k: k

    def list_v2(self, b, q):
        token = q.get("continuation-token")
        after = q.get("start-after", "")
        if token is not None:
            try:
                after = base64.b64decode(
                    token, b"-_", True).decode("utf-8", "surrogateescape")
            except ValueError:
                raise Refused(400, "InvalidArgument", "The continuation token "
                              "provided is incorrect")
        contents, prefixes, last, more = self._page(b, q, after)
        show = self._shown(q)
        out = [("Name", b.name), ("Prefix", show(q.get("prefix", ""))),
               ("KeyCount", len(contents) + len(prefixes)),
               ("MaxKeys", self._max(q))]
        if q.get("delimiter"):
            out.append(("Delimiter", show(q["delimiter"])))
        if q.get("encoding-type"):
            out.append(("EncodingType", q["encoding-type"]))
        out.append(("IsTruncated", more))
        if token is not None:
            out.append(("ContinuationToken", token))
        if more:
            out.append(("NextContinuationToken", base64.urlsafe_b64encode(
                last.encode("utf-8", "surrogateescape")).decode()))
        if q.get("start-after"):
            out.append(("StartAfter", show(q["start-after"])))
        out += self._entries(contents, prefixes, show)
        return self.xml("ListBucketResult", out)

    def list_v1(self, b, q):
        contents, prefixes, last, more = self._page(b, q, q.get("marker", ""))
        show = self._shown(q)
        out = [("Name", b.name), ("Prefix", show(q.get("prefix", ""))),
               ("Marker", show(q.get("marker", ""))),
               ("MaxKeys", self._max(q)), ("IsTruncated", more)]
        if q.get("encoding-type"):
            out.append(("EncodingType", q["encoding-type"]))
        if more:
            out.append(("NextMarker", show(last)))
        return self.xml("ListBucketResult",
                        out + self._entries(contents, prefixes, show))

    @staticmethod
    def _entries(contents, prefixes, show):
        out = [("Contents", [
            ("Key", show(k)), ("LastModified", iso(o.when)),
            ("ETag", '"%s"' % o.etag), ("Size", len(o.body)),
            ("StorageClass", "STANDARD")]) for k, o in contents]
        return out + [("CommonPrefixes", [("Prefix", show(p))])
                      for p in prefixes]

    def list_versions(self, b, q):
        show = self._shown(q)
        limit = self._max(q)
        marker, vmarker = q.get("key-marker", ""), q.get("version-id-marker")
        flat = []
        for key in b.walk(q.get("prefix", ""), ""):
            for i, o in enumerate(reversed(b.objects[key])):
                flat.append((key, o, i == 0))
        start = 0
        for i, (key, o, _) in enumerate(flat):
            if (vmarker and key == marker and o.version == vmarker) or \
                    (not vmarker and key.encode() <= marker.encode()):
                start = i + 1
        page = flat[start:start + limit]
        more = start + limit < len(flat)
        out = [("Name", b.name), ("Prefix", show(q.get("prefix", ""))),
               ("KeyMarker", show(marker)), ("MaxKeys", limit),
               ("IsTruncated", more)]
        if q.get("encoding-type"):
            out.append(("EncodingType", q["encoding-type"]))
        if more and page:
            out += [("NextKeyMarker", show(page[-1][0])),
                    ("NextVersionIdMarker", page[-1][1].version or "null")]
        for key, o, latest in page:
            e = [("Key", show(key)), ("VersionId", o.version or "null"),
                 ("IsLatest", latest), ("LastModified", iso(o.when))]
            if not o.marker:
                e += [("ETag", '"%s"' % o.etag), ("Size", len(o.body)),
                      ("StorageClass", "STANDARD")]
            out.append(("DeleteMarker" if o.marker else "Version", e))
        return self.xml("ListVersionsResult", out)

    # --- objects

    def object(self, req, b, name, q):
        m = req.method
        if len(name.encode("utf-8", "surrogateescape")) > 1024:
            raise Refused(400, "KeyTooLongError", "Your key is too long")
        if "tagging" in q:
            return self.tagging(req, b, name, q)
        if "retention" in q or "legal-hold" in q:
            return self.retention(req, b, name, q)
        if m in ("GET", "HEAD"):
            if "uploadId" in q:
                return self.list_parts(b, q)
            return self.get(req, b, name, q)
        if m == "PUT":
            if "uploadId" in q:
                return self.put_part(req, b, q)
            if "x-amz-copy-source" in req.headers:
                return self.copy(req, b, name)
            return self.put(req, b, name)
        if m == "DELETE":
            if "uploadId" in q:
                u = self.upload(b, q)
                del b.uploads[u.id]
                return Response(204, b"", None)
            return self.delete(b, name, q.get("versionId"))
        if m == "POST" and "uploads" in q:
            u = Upload(name, self.kept(req), self.clock())
            u.lock = self.lock_of(req, b)
            b.uploads[u.id] = u
            return self.xml("InitiateMultipartUploadResult", [
                ("Bucket", b.name), ("Key", name), ("UploadId", u.id)])
        if m == "POST" and "uploadId" in q:
            return self.complete(req, b, name, q)
        raise Refused(405, "MethodNotAllowed", "The specified method is not "
                      "allowed against this resource.")

    @staticmethod
    def kept(req):
        return {k: v for k, v in req.headers.items()
                if k in KEEP or k.startswith("x-amz-meta-")}

    def lock_of(self, req, b):
        """(mode, until, hold) asked for or given by the bucket."""
        mode = req.headers.get("x-amz-object-lock-mode")
        until = req.headers.get("x-amz-object-lock-retain-until-date")
        hold = req.headers.get("x-amz-object-lock-legal-hold") == "ON"
        if (mode or until or hold):
            if not b.object_lock:
                raise Refused(400, "InvalidRequest", "Bucket is missing "
                              "Object Lock Configuration")
            if bool(mode) != bool(until):
                raise Refused(400, "InvalidArgument",
                              "x-amz-object-lock-retain-until-date and "
                              "x-amz-object-lock-mode must both be supplied")
        if b.object_lock and (mode or hold or b.default_lock) and \
                req.method == "PUT" and not (
                    "content-md5" in req.headers or any(
                        h.startswith("x-amz-checksum-")
                        for h in req.headers)):
            raise Refused(400, "InvalidRequest", "Content-MD5 OR x-amz-"
                          "checksum- HTTP header is required for Put Object "
                          "requests with Object Lock parameters")
        if mode:
            t = calendar.timegm(time.strptime(until[:19],
                                              "%Y-%m-%dT%H:%M:%S"))
            return mode, t, hold
        if b.default_lock:
            return (b.default_lock[0],
                    self.clock() + 86400 * b.default_lock[1], hold)
        return None, None, hold

    def conditions(self, req, b, name):
        cur = b.current(name)
        if req.headers.get("if-none-match") == "*" and cur is not None:
            raise Refused(412, "PreconditionFailed", "At least one of the "
                          "pre-conditions you specified did not hold",
                          Condition="If-None-Match")
        want = req.headers.get("if-match")
        if want is not None:
            if cur is None:
                raise Refused(404, "NoSuchKey",
                              "The specified key does not exist.", Key=name)
            if want != "*" and want.strip('"') != cur.etag:
                raise Refused(412, "PreconditionFailed", "At least one of the "
                              "pre-conditions you specified did not hold",
                              Condition="If-Match")

    def put(self, req, b, name):
        self.conditions(req, b, name)
        lock = self.lock_of(req, b)
        o = Object(req.body, self.kept(req), self.clock())
        o.lock_mode, o.lock_until, o.hold = lock
        o.tags = req.headers.get("x-amz-tagging")
        o.checksums = {k: v for k, v in req.headers.items()
                       if re.match("x-amz-checksum-(sha|crc)", k)}
        # Of what the key service encrypts, the ETag is not the MD5.
        if o.headers.get("x-amz-server-side-encryption") == "aws:kms":
            o.etag = base64.b64decode(md5_b64(b"key" + req.body)).hex()
        b.put(name, o)
        h = {"ETag": '"%s"' % o.etag}
        if o.version:
            h["x-amz-version-id"] = o.version
        return Response(200, b"", None, h)

    def copy(self, req, b, name):
        src = unquote(req.headers["x-amz-copy-source"]).lstrip("/")
        src, _, version = src.partition("?versionId=")
        sb, _, skey = src.partition("/")
        so = self.need(sb).find(skey, version) if version else \
            self.need(sb).current(skey)
        if so is None:
            raise Refused(404, "NoSuchKey",
                          "The specified key does not exist.", Key=skey)
        headers = (self.kept(req) if req.headers.get(
            "x-amz-metadata-directive") == "REPLACE" else dict(so.headers))
        o = Object(so.body, headers, self.clock())
        b.put(name, o)
        return self.xml("CopyObjectResult", [
            ("LastModified", iso(o.when)), ("ETag", '"%s"' % o.etag)])

    def find(self, b, name, version):
        o = b.find(name, version) if version else b.current(name)
        if o is None:
            if version:
                raise Refused(404, "NoSuchVersion", "The specified version "
                              "does not exist.", Key=name, VersionId=version)
            raise Refused(404, "NoSuchKey",
                          "The specified key does not exist.", Key=name)
        if o.marker:
            raise Refused(405, "MethodNotAllowed", "The specified method is "
                          "not allowed against this resource.")
        return o

    def get(self, req, b, name, q):
        o = self.find(b, name, q.get("versionId"))
        h = dict(o.headers)
        h.setdefault("content-type", "binary/octet-stream")
        h.update({"ETag": '"%s"' % o.etag, "Accept-Ranges": "bytes",
                  "Last-Modified": formatdate(o.when, usegmt=True)})
        if o.version:
            h["x-amz-version-id"] = o.version
        if o.lock_mode:
            h["x-amz-object-lock-mode"] = o.lock_mode
            h["x-amz-object-lock-retain-until-date"] = iso(o.lock_until)
        if o.tags:
            h["x-amz-tagging-count"] = str(o.tags.count("=") or 1)
        match = req.headers.get("if-match")
        if match and match != "*" and match.strip('"') != o.etag:
            raise Refused(412, "PreconditionFailed", "At least one of the "
                          "pre-conditions you specified did not hold",
                          Condition="If-Match")
        if req.headers.get("if-none-match", "").strip('"') == o.etag:
            return Response(304, b"", None, h)
        since = req.headers.get("if-unmodified-since")
        if since and parsedate_to_datetime(since).timestamp() < int(o.when):
            raise Refused(412, "PreconditionFailed", "At least one of the "
                          "pre-conditions you specified did not hold",
                          Condition="If-Unmodified-Since")
        status, body = 200, o.body
        m = re.match(r"^bytes=(\d*)-(\d*)$", req.headers.get("range", ""))
        if m and (m.group(1) or m.group(2)):
            n = len(body)
            lo = int(m.group(1)) if m.group(1) else max(
                0, n - int(m.group(2)))
            hi = int(m.group(2)) if m.group(1) and m.group(2) else n - 1
            hi = min(hi, n - 1)
            if lo >= n or lo > hi:
                raise Refused(416, "InvalidRange", "The requested range is "
                              "not satisfiable", ActualObjectSize=str(n))
            body = body[lo:hi + 1]
            h["Content-Range"] = "bytes %d-%d/%d" % (lo, hi, n)
            status = 206
        elif req.headers.get("x-amz-checksum-mode") == "ENABLED":
            h.update(o.checksums)
        if req.method == "HEAD":
            h["Content-Length"] = str(len(body))
        return Response(status, body, None, h)

    def locked(self, o):
        return o.hold or (o.lock_mode and o.lock_until > self.clock())

    def delete(self, b, name, version):
        h = {}
        if version is not None:
            o = b.find(name, version)
            if o is not None:
                if self.locked(o):
                    raise Refused(403, "AccessDenied", "Access Denied because "
                                  "object protected by object lock.")
                b.drop(name, o.version)
                if o.marker:
                    h["x-amz-delete-marker"] = "true"
            h["x-amz-version-id"] = version
        elif b.versioning:
            o = Object(b"", {}, self.clock())
            o.marker = True
            b.put(name, o)
            h["x-amz-delete-marker"] = "true"
            h["x-amz-version-id"] = o.version
        elif name in b.objects:
            b.drop(name)
        return Response(204, b"", None, h)

    def batch_delete(self, req, b):
        if "content-md5" not in req.headers and not any(
                h.startswith("x-amz-checksum-") for h in req.headers):
            raise Refused(400, "InvalidRequest", "Missing required header for "
                          "this request: Content-MD5 OR x-amz-checksum-*")
        root = self.parse(req.body)
        out, quiet, count = [], False, 0
        for e in root:
            if local(e.tag) == "Quiet":
                quiet = e.text == "true"
            if local(e.tag) != "Object":
                continue
            count += 1
            f = {local(c.tag): c.text or "" for c in e}
            try:
                r = self.delete(b, f["Key"], f.get("VersionId"))
                if not quiet:
                    d = [("Key", f["Key"])]
                    if f.get("VersionId"):
                        d.append(("VersionId", f["VersionId"]))
                    if r.headers.get("x-amz-delete-marker"):
                        d.append(("DeleteMarker", True))
                    out.append(("Deleted", d))
            except Refused as x:
                d = [("Key", f["Key"])]
                if f.get("VersionId"):
                    d.append(("VersionId", f["VersionId"]))
                out.append(("Error", d + [("Code", x.code),
                                          ("Message", x.message)]))
        if not 1 <= count <= 1000:
            raise Refused(400, "MalformedXML", "The XML you provided was not "
                          "well-formed or did not validate against our "
                          "published schema")
        return self.xml("DeleteResult", out)

    def tagging(self, req, b, name, q):
        o = self.find(b, name, q.get("versionId"))
        if req.method == "PUT":
            tags = []
            for e in self.parse(req.body).iter():
                if local(e.tag) == "Tag":
                    f = {local(c.tag): c.text or "" for c in e}
                    tags.append("%s=%s" % (quote(f["Key"], safe=""),
                                           quote(f["Value"], safe="")))
            o.tags = "&".join(tags)
            return Response(200, b"", None)
        if req.method == "DELETE":
            o.tags = None
            return Response(204, b"", None)
        pairs = [t.partition("=") for t in (o.tags or "").split("&") if t]
        return self.xml("Tagging", [("TagSet", [
            ("Tag", [("Key", unquote(k.replace("+", " "))),
                     ("Value", unquote(v.replace("+", " ")))])
            for k, _, v in pairs])])

    def retention(self, req, b, name, q):
        o = self.find(b, name, q.get("versionId"))
        if req.method == "PUT":
            f = {local(e.tag): e.text for e in self.parse(req.body).iter()}
            if "legal-hold" in q:
                o.hold = f.get("Status") == "ON"
                return Response(200, b"", None)
            until = calendar.timegm(time.strptime(
                f["RetainUntilDate"][:19], "%Y-%m-%dT%H:%M:%S"))
            if o.lock_mode == "COMPLIANCE" and self.locked(o) and \
                    until < o.lock_until:
                raise Refused(403, "AccessDenied", "Access Denied because "
                              "object protected by object lock.")
            o.lock_mode, o.lock_until = f["Mode"], until
            return Response(200, b"", None)
        if "legal-hold" in q:
            return self.xml("LegalHold", [("Status",
                                           "ON" if o.hold else "OFF")])
        if not o.lock_mode:
            raise Refused(404, "NoSuchObjectLockConfiguration", "The "
                          "specified object does not have a ObjectLock "
                          "configuration")
        return self.xml("Retention", [("Mode", o.lock_mode), (
            "RetainUntilDate", iso(o.lock_until))])

    # --- multipart uploads

    @staticmethod
    def upload(b, q):
        u = b.uploads.get(q["uploadId"])
        if u is None or u.done:
            raise Refused(404, "NoSuchUpload", "The specified upload does not "
                          "exist. The upload ID may be invalid, or the upload "
                          "may have been aborted or completed.",
                          UploadId=q["uploadId"])
        return u

    def put_part(self, req, b, q):
        u = self.upload(b, q)
        n = q.get("partNumber", "")
        if not n.isdigit() or not 1 <= int(n) <= 10000:
            raise Refused(400, "InvalidArgument", "Part number must be an "
                          "integer between 1 and 10000, inclusive")
        o = Object(req.body, {}, self.clock())
        u.parts[int(n)] = o
        return Response(200, b"", None, {"ETag": '"%s"' % o.etag})

    def list_parts(self, b, q):
        u = self.upload(b, q)
        return self.xml("ListPartsResult", [
            ("Bucket", b.name), ("Key", u.key), ("UploadId", u.id),
            ("IsTruncated", False)] + [
            ("Part", [("PartNumber", n), ("ETag", '"%s"' % p.etag),
                      ("Size", len(p.body))])
            for n, p in sorted(u.parts.items())])

    def complete(self, req, b, name, q):
        u = self.upload(b, q)
        chosen, last = [], 0
        for e in self.parse(req.body):
            if local(e.tag) != "Part":
                continue
            f = {local(c.tag): c.text or "" for c in e}
            n = int(f["PartNumber"])
            p = u.parts.get(n)
            if n <= last:
                raise Refused(400, "InvalidPartOrder", "The list of parts was "
                              "not in ascending order.")
            if p is None or f["ETag"].strip('"') != p.etag:
                raise Refused(400, "InvalidPart", "One or more of the "
                              "specified parts could not be found.",
                              PartNumber=str(n))
            last = n
            chosen.append(p)
        if not chosen:
            raise Refused(400, "MalformedXML", "You must specify at least one "
                          "part")
        if any(len(p.body) < self.o.min_part for p in chosen[:-1]):
            raise Refused(400, "EntityTooSmall", "Your proposed upload is "
                          "smaller than the minimum allowed size")
        self.conditions(req, b, name)
        o = Object(b"".join(p.body for p in chosen), u.headers, self.clock(),
                   multipart_etag(chosen))
        o.lock_mode, o.lock_until, o.hold = u.lock
        b.put(name, o)
        u.done = o
        u.parts = {}
        h = {"x-amz-version-id": o.version} if o.version else {}
        return self.xml("CompleteMultipartUploadResult", [
            ("Location", "/%s/%s" % (b.name, name)), ("Bucket", b.name),
            ("Key", name), ("ETag", '"%s"' % o.etag)], 200, **h)

    # --- the tests' own door

    def admin(self, req):
        what = req.path[6:]
        if what == "faults":
            return self.faults.admin(req)
        if what == "clock":
            self.offset = json.loads(req.body)["offset_s"]
            return Response(200, b"{}")
        if what == "cloud":
            self.cloud.lifetime_s = json.loads(req.body)["lifetime_s"]
            return Response(200, b"{}")
        if what == "expire":
            for k in self.keys.values():
                if k.token:
                    k.expires = 0
            return Response(200, b"{}")
        if what == "stats":
            with self.stats_lock:
                if req.method == "DELETE":
                    self.stats.clear()
                out = {"requests": dict(self.stats),
                       "issued": self.cloud.issued,
                       "open_uploads": sum(
                           not u.done for b in self.store.buckets.values()
                           for u in b.uploads.values())}
            return Response(200, json.dumps(out).encode())
        return Response(404, b"", "text/plain")
