"""The objects: one record each, with its JSON kept ready to send.

All changes happen under Store.lock.  A record is never changed, only
replaced, so that a reader (a page of a list, a watch) holds a consistent one.
"""

import bisect
import collections
import json
import threading
import time
import uuid

ENCODER = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"))


def encode(obj):
    """JSON as the API server writes it: <, > and & escaped."""
    s = ENCODER.encode(obj)
    if "<" in s or ">" in s or "&" in s:
        s = (s.replace("&", "\\u0026").replace("<", "\\u003c")
             .replace(">", "\\u003e"))
    if "\u2028" in s or "\u2029" in s:
        s = s.replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")
    return s.encode("utf-8", "surrogatepass")


def _float(text):
    f = float(text)
    return int(f) if f.is_integer() and abs(f) < 1e21 else f


DECODER = json.JSONDecoder(parse_float=_float)


def decode(data):
    if isinstance(data, (bytes, bytearray)):
        data = data.decode("utf-8")
    return DECODER.decode(data)


def now():
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())


# Writes that are remembered; etcd forgets by time, and so never in a test.
HISTORY = 200000


class Record:
    __slots__ = ("res", "key", "ns", "name", "uid", "rv", "tail", "obj")

    def __init__(self, res, key, obj, rv):
        meta = obj["metadata"]
        self.res = res
        self.key = key
        self.ns = meta.get("namespace", "")
        self.name = meta["name"]
        self.uid = meta["uid"]
        self.rv = rv
        self.obj = obj          # without apiVersion and kind; never changed
        self.tail = encode(obj)[1:]

    def copy(self):
        """A private copy of the object."""
        return decode(b"{" + self.tail)


class Table:
    """The records of one resource, sorted as etcd sorts their keys."""

    def __init__(self):
        self.recs = {}
        self.keys = []

    def put(self, rec):
        if rec.key not in self.recs:
            bisect.insort(self.keys, rec.key)
        self.recs[rec.key] = rec

    def pop(self, key):
        rec = self.recs.pop(key, None)
        if rec is not None:
            del self.keys[bisect.bisect_left(self.keys, key)]
        return rec

    def scan(self, ns):
        if not ns:
            return [self.recs[k] for k in self.keys]
        lo = bisect.bisect_left(self.keys, ns + "/")
        hi = bisect.bisect_left(self.keys, ns + "0")   # "0" follows "/"
        return [self.recs[k] for k in self.keys[lo:hi]]


class Store:
    def __init__(self):
        self.lock = threading.RLock()
        self.changed = threading.Condition(self.lock)
        self.rv = 1
        self.tables = {}        # (group, plural) -> Table
        self.by_uid = {}        # uid -> (table id, key)
        self.dependents = collections.defaultdict(set)
        self.events = collections.deque(maxlen=50000)
        # What each event put an end to, so that older revisions can be told:
        # (revision, table, key, the record before, or None).
        self.history = collections.deque()
        self.compacted = 0      # revisions below it are forgotten
        self.watchers = 0
        self.hooks = []         # called as hook(kind of event, record, old)

    def table(self, res):
        tid = (res.group, res.plural)
        t = self.tables.get(tid)
        if t is None:
            t = self.tables[tid] = Table()
        return t

    @staticmethod
    def key(ns, name):
        return ns + "/" + name if ns else name

    def get(self, res, ns, name):
        return self.table(res).recs.get(self.key(ns, name))

    def find_uid(self, uid):
        where = self.by_uid.get(uid)
        return self.tables[where[0]].recs.get(where[1]) if where else None

    def save(self, res, obj):
        """Stores obj (which becomes the store's) under a new version."""
        with self.lock:
            self.rv += 1
            meta = obj["metadata"]
            meta["resourceVersion"] = str(self.rv)
            table = self.table(res)
            key = self.key(meta.get("namespace", ""), meta["name"])
            old = table.recs.get(key)
            rec = Record(res, key, obj, self.rv)
            table.put(rec)
            tid = (res.group, res.plural)
            self.by_uid[rec.uid] = (tid, key)
            self._index(old, rec)
            self._event("MODIFIED" if old else "ADDED", rec, old)
            return rec

    def remove(self, rec):
        with self.lock:
            if self.table(rec.res).recs.get(rec.key) is not rec:
                return
            self.rv += 1
            self.table(rec.res).pop(rec.key)
            self.by_uid.pop(rec.uid, None)
            self._index(rec, None)
            self._event("DELETED", rec, rec)

    def _index(self, old, new):
        for rec, add in ((old, False), (new, True)):
            if rec is None:
                continue
            for ref in rec.obj["metadata"].get("ownerReferences") or []:
                entry = ((rec.res.group, rec.res.plural), rec.key)
                deps = self.dependents[ref.get("uid")]
                (deps.add if add else deps.discard)(entry)
                if not deps:
                    del self.dependents[ref.get("uid")]

    def _event(self, kind, rec, old):
        self.events.append((self.rv, kind, rec))
        self.history.append((self.rv, (rec.res.group, rec.res.plural),
                             rec.key, old))
        if len(self.history) > HISTORY:
            self.compacted = self.history.popleft()[0]
        for hook in self.hooks:
            hook(kind, rec, old)
        if self.watchers:
            self.changed.notify_all()

    def compact(self):
        """Forgets all revisions but the last, after one more write."""
        with self.lock:
            self.rv += 1
            self.compacted = self.rv
            self.history.clear()

    def at(self, res, ns, rv):
        """The records of the resource as they were at that revision, or None
        where it is forgotten."""
        with self.lock:
            if rv < self.compacted:
                return None
            now = self.table(res)
            table = Table()
            table.recs, table.keys = dict(now.recs), list(now.keys)
            tid = (res.group, res.plural)
            for at, where, key, old in reversed(self.history):
                if at <= rv:
                    break
                if where != tid:
                    continue
                if old is None:
                    table.pop(key)
                else:
                    table.put(old)
            return table.scan(ns)

    def dependents_of(self, uid):
        with self.lock:
            out = [self.tables[tid].recs.get(key)
                   for tid, key in self.dependents.get(uid, ())]
        return [r for r in out if r is not None]


def new_uid():
    return str(uuid.uuid4())
