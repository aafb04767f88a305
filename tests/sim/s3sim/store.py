"""Buckets, objects, versions and multipart uploads, in memory."""

import base64
import bisect
import hashlib
import itertools
import secrets
import threading


class Object:
    def __init__(self, body, headers, when, etag=None):
        self.body = body
        self.headers = headers      # kept and given back as they came
        self.when = when
        self.etag = etag or hashlib.md5(body).hexdigest()
        self.version = None
        self.marker = False         # a delete marker
        self.tags = None
        self.checksums = {}         # headers, as they were put
        self.lock_mode = None
        self.lock_until = None
        self.hold = False


class Upload:
    def __init__(self, key, headers, when):
        self.id = secrets.token_hex(16)
        self.key = key
        self.headers = headers
        self.when = when
        self.parts = {}
        self.done = None


class Bucket:
    def __init__(self, name, when, lock=False):
        self.name = name
        self.when = when
        self.versioning = "Enabled" if lock else ""
        self.object_lock = lock
        self.default_lock = None
        self.keys = []              # sorted as UTF-8 bytes
        self.objects = {}           # key -> list of Object, newest last
        self.uploads = {}

    def current(self, key):
        versions = self.objects.get(key)
        if not versions or versions[-1].marker:
            return None
        return versions[-1]

    def put(self, key, obj):
        if self.versioning == "Enabled":
            obj.version = secrets.token_hex(16)
            versions = self.objects.setdefault(key, [])
        else:
            versions = [o for o in self.objects.get(key, [])
                        if o.version not in (None, "null")]
            obj.version = "null" if self.versioning else None
            self.objects[key] = versions
        versions.append(obj)
        k = key.encode("utf-8", "surrogateescape")
        i = bisect.bisect_left(self.keys, k)
        if i == len(self.keys) or self.keys[i] != k:
            self.keys.insert(i, k)

    def drop(self, key, version=None):
        versions = self.objects.get(key, [])
        versions[:] = [o for o in versions if version is not None
                       and o.version != version]
        if not versions:
            self.objects.pop(key, None)
            k = key.encode("utf-8", "surrogateescape")
            i = bisect.bisect_left(self.keys, k)
            if i < len(self.keys) and self.keys[i] == k:
                del self.keys[i]

    def find(self, key, version):
        for o in self.objects.get(key, []):
            if o.version == version or (version == "null"
                                        and o.version is None):
                return o
        return None

    def walk(self, prefix, after):
        """Keys with the prefix that sort behind after, in order."""
        p = prefix.encode("utf-8", "surrogateescape")
        a = after.encode("utf-8", "surrogateescape")
        i = bisect.bisect_left(self.keys, p)
        if a:
            i = max(i, bisect.bisect_right(self.keys, a))
        for k in itertools.islice(self.keys, i, None):
            if not k.startswith(p):
                return
            yield k.decode("utf-8", "surrogateescape")


class Store:
    def __init__(self):
        self.lock = threading.RLock()
        self.buckets = {}


def multipart_etag(parts):
    digest = hashlib.md5(b"".join(bytes.fromhex(p.etag) for p in parts))
    return "%s-%d" % (digest.hexdigest(), len(parts))


def md5_b64(body):
    return base64.b64encode(hashlib.md5(body).digest()).decode()


def sha256_b64(body):
    return base64.b64encode(hashlib.sha256(body).digest()).decode()
