"""Loads, wipes and prints the bucket of Terraform states, with a signer of
its own.  Keys come from the environment: AWS_ACCESS_KEY_ID,
AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN, AWS_REGION (us-east-1),
AWS_CA_BUNDLE; BUCKET (terraform-state-bucket) names the bucket."""

import hashlib
import hmac
import http.client
import os
import ssl
import sys
import time
import xml.etree.ElementTree as ET
from urllib.parse import quote, urlsplit

from .kube import HERE

METADATA = {"x-amz-meta-team": "platform", "x-amz-meta-origin": "terraform"}


class S3Error(Exception):
    def __init__(self, code, what, text):
        super().__init__("%s: %d %s" % (what, code, text))
        self.code = code


def sign(key, date, region, text):
    k = ("AWS4" + key).encode()
    for part in (date, region, "s3", "aws4_request"):
        k = hmac.new(k, part.encode(), hashlib.sha256).digest()
    return hmac.new(k, text.encode(), hashlib.sha256).hexdigest()


class Client:
    def __init__(self, endpoint, bucket=None):
        u = urlsplit(endpoint)
        self.host = u.netloc
        self.bucket = bucket or os.environ.get("BUCKET",
                                               "terraform-state-bucket")
        self.region = os.environ.get("AWS_REGION", "us-east-1")
        self.access = os.environ["AWS_ACCESS_KEY_ID"]
        self.secret = os.environ["AWS_SECRET_ACCESS_KEY"]
        self.session = os.environ.get("AWS_SESSION_TOKEN")
        if u.scheme == "https":
            ctx = ssl.create_default_context(
                cafile=os.environ.get("AWS_CA_BUNDLE"))
            self.conn = http.client.HTTPSConnection(u.hostname, u.port,
                                                    context=ctx, timeout=60)
        else:
            self.conn = http.client.HTTPConnection(u.hostname, u.port,
                                                   timeout=60)

    def call(self, method, key="", query=(), body=b"", headers=()):
        path = "/" + self.bucket + ("/" + quote(key, safe="/-._~")
                                    if key else "")
        qs = "&".join("%s=%s" % (quote(k, safe="-._~"),
                                 quote(v, safe="-._~"))
                      for k, v in sorted(query))
        now = time.gmtime()
        stamp = time.strftime("%Y%m%dT%H%M%SZ", now)
        digest = hashlib.sha256(body).hexdigest()
        h = {k.lower(): v for k, v in dict(headers).items()}
        h.update({"host": self.host, "x-amz-date": stamp,
                  "x-amz-content-sha256": digest})
        if self.session:
            h["x-amz-security-token"] = self.session
        names = ";".join(sorted(h))
        canonical = "\n".join([method, path, qs] + [
            "%s:%s" % (k, h[k].strip()) for k in sorted(h)]
            + ["", names, digest])
        scope = "%s/%s/s3/aws4_request" % (stamp[:8], self.region)
        text = "\n".join(["AWS4-HMAC-SHA256", stamp, scope,
                          hashlib.sha256(os.fsencode(canonical)).hexdigest()])
        h["authorization"] = (
            "AWS4-HMAC-SHA256 Credential=%s/%s, SignedHeaders=%s, "
            "Signature=%s" % (self.access, scope, names, sign(
                self.secret, stamp[:8], self.region, text)))
        target = path + ("?" + qs if qs else "")
        # As the bytes that an argument of ours was.
        self.conn.request(method, target, body=body,
                          headers={k: os.fsencode(v) for k, v in h.items()})
        r = self.conn.getresponse()
        data = r.read()
        if r.status >= 300:
            raise S3Error(r.status, "%s %s" % (method, target),
                          data.decode("utf-8", "replace")[:400])
        return r, data

    def keys(self, versions=False):
        token = None
        while True:
            query = [("list-type", "2")]
            if token:
                query.append(("continuation-token", token))
            root = ET.fromstring(self.call("GET", query=query)[1])
            ns = root.tag.partition("}")[0] + "}" if "}" in root.tag else ""
            for c in root.findall(ns + "Contents"):
                yield c.find(ns + "Key").text
            token = root.findtext(ns + "NextContinuationToken")
            if not token:
                return


def files():
    top = os.path.join(HERE, "state")
    for folder, _, names in os.walk(top):
        for n in names:
            path = os.path.join(folder, n)
            yield os.path.relpath(path, top), path


def load(endpoint):
    c = Client(endpoint)
    try:
        c.call("HEAD")
    except S3Error as e:
        if e.code != 404:
            raise
        c.call("PUT")
    n = 0
    for key, path in sorted(files()):
        with open(path, "rb") as f:
            c.call("PUT", key, body=f.read(), headers=dict(
                METADATA, **{"content-type": "application/json"}))
        n += 1
    # A file system cannot hold this name, a bucket can.
    c.call("PUT", "aws//double/./slash.tfstate", body=b'{"version": 4}\n',
           headers={"content-type": "application/json"})
    print("%d objects loaded into %s" % (n + 1, c.bucket))


def wipe(endpoint):
    c = Client(endpoint)
    try:
        keys = list(c.keys())
    except S3Error as e:
        if e.code == 404:
            return
        raise
    for key in keys:
        c.call("DELETE", key)


def dump(endpoint, out=sys.stdout):
    """Key, digest, type and metadata of every object."""
    c = Client(endpoint)
    for key in sorted(c.keys()):
        r, data = c.call("GET", key)
        meta = sorted("%s=%s" % (k.lower(), v) for k, v in r.getheaders()
                      if k.lower().startswith("x-amz-meta-"))
        print("%s %d %s %s %s" % (
            key, len(data), hashlib.sha256(data).hexdigest(),
            r.getheader("Content-Type"), " ".join(meta)), file=out)
