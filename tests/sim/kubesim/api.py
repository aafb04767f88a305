"""The API server: routes a request, asks who may, reads or writes."""

import base64
import collections
import json
import os
import re
import secrets
import threading
import time

from simlib.httpd import Response

from . import (convert, discovery, fields, kinds, selectors, speech,
               validate)
from .defaults import Services
from .rbac import Auth
from .status import (ApiError, bad_request, invalid, no_resource, not_found)
from .store import Store, decode, encode, now
from .writes import Writer

VERBS = {"GET": "get", "POST": "create", "PUT": "update", "PATCH": "patch",
         "DELETE": "delete", "HEAD": "get"}
def list_options(why):
    return ApiError(422, "Invalid", 'The ListOptions "" is invalid: '
                    "resourceVersionMatch: " + why, None)


# Kept snapshots of lists, for continue tokens.
KEEP_LISTS = 400
JSON_TYPES = ("application/json", "*/*", "application/*", "")


class Api:
    def __init__(self, options, port=0):
        self.o = options
        self.release = options.release
        fields.use(self.release)
        validate.use(self.release)
        self.store = Store()
        self.lock = self.store.lock
        self.builtin = kinds.builtin(self.release)
        self.index = {}
        for r in self.builtin:
            self.index[(r.group, r.plural)] = r
        self.custom = collections.OrderedDict()     # CRD uid -> Resource
        self.auth = Auth(self.store, self.res, options.open_door)
        self.services = Services(self.release != "1.20")
        self.lists = collections.OrderedDict()
        self.expired_before = 0
        self.unconvertible = {}     # (group, plural, key) -> message
        self.port = port
        self.root_ca = None
        self.stats_lock = threading.Lock()
        self.stats = collections.Counter()
        self.writes = collections.Counter()
        self.peak = None
        self.faults = None

    # --- resources

    def res(self, group, plural):
        return self.index[(group, plural)]

    def all_resources(self):
        return self.builtin + list(self.custom.values())

    def type_of(self, res, version):
        t = res.types.get(version)
        if t is None:
            if res.crd:
                t = fields.type_of_crd(self.crd_version(res, version)
                                       ["schema"], True)
            elif res.kind == "HorizontalPodAutoscaler":
                hub = "v2beta2" if self.release in ("1.20", "1.33") else "v2"
                t = fields.type_of("autoscaling", hub, res.kind)
            elif res.kind == "Ingress":
                t = fields.type_of("networking.k8s.io", "v1", res.kind)
            else:
                t = fields.type_of(res.group, version, res.kind)
            res.types[version] = t
        return t

    @staticmethod
    def crd_version(res, version):
        return res.crd["versions"][version]

    def serve(self, rec):
        """Serves (or serves anew) the kind that a CRD defines."""
        spec = rec.obj["spec"]
        names = spec["names"]
        versions = {}
        for v in spec["versions"]:
            if v.get("served"):
                versions[v["name"]] = {
                    "schema": v["schema"]["openAPIV3Schema"],
                    "subs": tuple(sorted(k for k in (v.get("subresources")
                                                     or {})))}
        order = sorted(versions, key=kinds.version_rank)
        if not order:
            return self.unserve(rec)
        stored = [v["name"] for v in spec["versions"] if v.get("storage")]
        res = kinds.Resource(
            spec["group"], names["plural"], names["kind"],
            spec["scope"] == "Namespaced", order,
            short=names.get("shortNames") or (),
            categories=names.get("categories") or (),
            singular=names.get("singular") or names["kind"].lower(),
            crd={"versions": versions, "uid": rec.uid, "stored": stored[0]},
            list_kind=names.get("listKind"))
        old = self.custom.get(rec.uid)
        if old is not None and old.crd == res.crd and \
                old.versions == res.versions:
            return
        self.custom[rec.uid] = res
        self.index[(res.group, res.plural)] = res

    def unserve(self, rec):
        res = self.custom.pop(rec.uid, None)
        if res is not None:
            self.index.pop((res.group, res.plural), None)
            self.store.tables.pop((res.group, res.plural), None)

    def served_by(self, rec):
        return self.custom.get(rec.uid)

    def names_taken(self, obj):
        spec = obj["spec"]
        for r in self.custom.values():
            if r.group == spec["group"] and \
                    r.kind == spec["names"]["kind"] and \
                    r.plural != spec["names"]["plural"]:
                return '"%s" is already in use' % r.kind
        return None

    def remote_apis(self):
        """(group, version, available) of APIServices that others serve."""
        out = []
        table = self.store.table(self.res("apiregistration.k8s.io",
                                          "apiservices"))
        for r in list(table.recs.values()):
            spec = r.obj.get("spec") or {}
            if spec.get("service"):
                ok = any(c["type"] == "Available" and c["status"] == "True"
                         for c in (r.obj.get("status") or {}).get(
                             "conditions") or [])
                out.append((spec["group"], spec["version"], ok))
        return out

    def new_token(self, user):
        token = secrets.token_urlsafe(32)
        self.auth.tokens[token] = user
        return token

    # --- requests

    def handle(self, req):
        try:
            return self._handle(req)
        except ApiError as e:
            if self.release == "1.36":
                speech.modernize(e)
            with self.stats_lock:
                self.stats["%d" % e.code] += 1
            return Response(e.code, e.body(), headers=dict(e.headers))

    def _handle(self, req):
        path = req.path
        if path.startswith("/_sim/"):
            return self.admin(req)
        if self.faults and self.faults.pick_extra(req, "compact"):
            self.expire()
        user = self.auth.who(req)
        parts = path.strip("/").split("/")
        if parts[0] == "api" and len(parts) > 1:
            group, version, rest = "", parts[1], parts[2:]
        elif parts[0] == "apis" and len(parts) > 2:
            group, version, rest = parts[1], parts[2], parts[3:]
        else:
            return self.documents(req, user, path)
        for g, v, ok in self.remote_apis():
            if (g, v) == (group, version):
                self.auth.demand_path(user, VERBS.get(req.method, "get"),
                                      path)
                return Response(503, b"service unavailable\n",
                                "text/plain; charset=utf-8")
        versions = discovery.groups(self).get(group) if not rest else None
        if not rest:
            self.auth.demand_path(user, "get", path)
            if not versions or version not in versions:
                return self.not_here()
            return self.json(discovery.resource_list(self, group, version))
        return self.resource(req, user, group, version, rest)

    @staticmethod
    def not_here():
        return Response(404, b"404 page not found\n",
                        "text/plain; charset=utf-8")

    @staticmethod
    def json(obj, status=200):
        return Response(status, discovery.dumps(obj))

    def documents(self, req, user, path):
        """Everything that is not a resource."""
        if path not in ("/healthz", "/readyz", "/livez", "/version"):
            self.auth.demand_path(user, VERBS.get(req.method, "get"), path)
        if path in ("/api", "/apis", "/api/", "/apis/"):
            form = discovery.negotiate(req.headers.get("accept", ""),
                                       self.o.discovery)
            if form is None:
                raise ApiError(406, "NotAcceptable", "only the following "
                               "media types are accepted: application/json, "
                               "application/yaml, "
                               "application/vnd.kubernetes.protobuf")
            core = path.startswith("/api") and not path.startswith("/apis")
            if form == "old":
                return self.json(discovery.api_versions(self.port) if core
                                 else discovery.group_list(self))
            resp = self.json(discovery.aggregated(self, core, form))
            resp.headers["Content-Type"] = (
                "application/json;g=apidiscovery.k8s.io;v=%s;as="
                "APIGroupDiscoveryList" % form)
            resp.headers["Vary"] = "Accept"
            return resp
        if path.startswith("/apis/"):
            group = path[6:].strip("/")
            versions = discovery.groups(self).get(group)
            if group and versions:
                out = {"kind": "APIGroup", "apiVersion": "v1"}
                out.update(discovery.api_group(group, versions))
                return self.json(out)
            return self.not_here()
        if path == "/version":
            major, minor = self.release.split(".")
            return self.json({"major": major, "minor": minor,
                              "gitVersion": "v%s.2" % self.release,
                              "gitCommit": "sim", "gitTreeState": "",
                              "buildDate": "1970-01-01T00:00:00Z",
                              "goVersion": "go1.19.8", "compiler": "gc",
                              "platform": "linux/amd64"})
        if path.split("/")[1] in ("healthz", "readyz", "livez"):
            return Response(200, b"ok", "text/plain; charset=utf-8")
        if path == "/openapi/v2":
            # The least document kubectl takes: no kind is described, so it
            # leaves validation to the server.
            if "protobuf" in req.headers.get("accept", ""):
                return Response(200, b"\x0a\x032.0\x12\x0a\x0a\x03sim\x12\x03"
                                b"1.0",
                                "application/octet-stream")
            return self.json({"swagger": "2.0", "info": {
                "title": "sim", "version": "1.0"}, "paths": {},
                "definitions": {}})
        if path != "/" and self.release == "1.36":
            return self.not_here()
        return self.json({"paths": ["/api", "/api/v1", "/apis", "/healthz",
                                    "/openapi/v2", "/version"]},
                         200 if path == "/" else 404)

    def resource(self, req, user, group, version, rest):
        ns = ""
        if rest[0] == "namespaces" and len(rest) > 2 and \
                rest[2] not in ("status", "finalize"):
            ns, rest = rest[1], rest[2:]
        elif group == "" and rest[0] == "namespaces" and len(rest) > 1:
            pass
        plural = rest[0]
        name = rest[1] if len(rest) > 1 else ""
        sub = rest[2] if len(rest) > 2 else ""
        res = self.index.get((group, plural))
        verb = VERBS.get(req.method)
        if verb is None:
            raise ApiError(405, "MethodNotAllowed", "the server does not "
                           "allow this method on the requested resource", {})
        query = req.query() if req.rawquery else {}
        if verb == "get" and not name:
            verb = "watch" if query.get("watch") in ("true", "1") else "list"
        elif verb == "delete" and not name:
            verb = "deletecollection"
        if res is None or version not in res.versions:
            # Who may do nothing with it learns nothing of its absence.
            fake = kinds.Resource(group, plural, plural, True, [version])
            self.auth.demand(user, verb, fake, sub, name, ns)
            if group and group not in discovery.groups(self):
                return self.not_here()
            raise no_resource()
        self.auth.demand(user, verb, res, sub, name,
                         ns if plural != "namespaces" else name)
        with self.stats_lock:
            self.stats[verb] += 1
        if res.verbs == ("create",):
            return self.review(req, res, version, user, ns)
        if len(rest) > 3 or (bool(ns) != res.namespaced and
                             (name or verb == "create" or ns)):
            raise no_resource()
        subs = (self.crd_version(res, version)["subs"] if res.crd
                else res.subs)
        if sub and sub not in subs:
            raise no_resource()
        if verb == "list":
            return self.list(req, res, version, ns, query)
        if verb == "watch":
            return self.watch(res, version, ns, query)
        if verb == "get":
            rec = self.store.get(res, ns, name)
            if rec is None:
                raise not_found(res, name)
            if sub == "scale":
                return self.scale(req, res, version, rec)
            return Response(200, self.render(res, version, rec))
        if verb not in res.verbs or (verb == "create" and name
                                     and sub != "token"):
            raise ApiError(405, "MethodNotAllowed", "the server does not "
                           "allow this method on the requested resource", {})
        return self.write(req, res, version, ns, name, sub, verb, query)

    def write(self, req, res, version, ns, name, sub, verb, query):
        if req.method == "PATCH" and not name:
            raise ApiError(405, "MethodNotAllowed", "the server does not "
                           "allow this method on the requested resource", {})
        if sub == "token":
            return self.token_request(req, ns, name)
        if sub == "scale":
            return self.scale(req, res, version,
                              self.store.get(res, ns, name))
        w = Writer(self, req, res, version, ns, name, sub, query)
        if verb == "deletecollection":
            for rec in self.store.table(res).scan(ns):
                labels = rec.obj["metadata"].get("labels") or {}
                sel = query.get("labelSelector")
                if sel and not selectors.match_labels(
                        selectors.parse_labels(sel), labels):
                    continue
                self.count_write(res, "delete")
                self.delete_record(rec, query.get("propagationPolicy"))
            return self.json({"kind": "Status", "apiVersion": "v1",
                              "metadata": {}, "status": "Success"})
        if req.method == "PATCH":
            status, obj, rec = w.patch()
        else:
            status, obj, rec = {"create": w.create, "update": w.update,
                                "delete": w.delete}[verb]()
        if sub == "finalize" and rec is not None:
            pass
        if rec is not None:
            return Response(status, self.render(res, version, rec))
        if obj.get("kind") == "Status" and "details" in obj:
            return Response(status, encode(obj))
        obj = dict(obj)
        if w.dry and obj["metadata"].get("resourceVersion") is None:
            obj["metadata"].pop("resourceVersion", None)
        return Response(status, self.head(res, version)
                        + encode(convert.from_hub(
                            res, version, json.loads(json.dumps(obj))))[1:])

    def count_write(self, res, verb):
        with self.stats_lock:
            self.writes[verb] += 1
            self.writes[res.kind + " " + verb] += 1

    # --- answers

    @staticmethod
    def head(res, version):
        gv = res.api_version(version)
        if res.crd:
            return ('{"apiVersion":"%s","kind":"%s",'
                    % (gv, res.kind)).encode()
        return ('{"kind":"%s","apiVersion":"%s",' % (res.kind, gv)).encode()

    def converts(self, res, version, rec):
        """What a server of 1.20 and of 1.36 says where the conversion webhook
        of a custom resource refuses an object."""
        why = self.unconvertible.get((res.group, res.plural, rec.key))
        if why is not None:
            raise ApiError(500, "", "conversion webhook for %s, Kind=%s "
                           "failed: %s" % (res.api_version(version), res.kind,
                                           why), None)

    def render(self, res, version, rec):
        self.converts(res, version, rec)
        if convert.shapeless(res, version):
            return self.head(res, version) + rec.tail
        return self.head(res, version) + encode(
            convert.from_hub(res, version, rec.copy()))[1:]

    def item(self, res, version, rec):
        """An object as it stands in a list: a built-in one without kind."""
        self.converts(res, version, rec)
        if res.crd:
            return self.head(res, version) + rec.tail
        if convert.shapeless(res, version):
            return b"{" + rec.tail
        return encode(convert.from_hub(res, version, rec.copy()))

    # --- lists

    def list(self, req, res, version, ns, query):
        accept = req.headers.get("accept", "")
        if accept and not any(a.split(";")[0].strip() in JSON_TYPES
                              and "as=" not in a for a in accept.split(",")):
            raise ApiError(406, "NotAcceptable", "only the following media "
                           "types are accepted: application/json, "
                           "application/yaml, "
                           "application/vnd.kubernetes.protobuf")
        try:
            limit = int(query.get("limit") or 0)
        except ValueError:
            raise bad_request('strconv.ParseInt: parsing "%s": invalid '
                              "syntax" % query["limit"])
        lsel = query.get("labelSelector")
        fsel = query.get("fieldSelector")
        labels = selectors.parse_labels(lsel) if lsel else None
        wanted = selectors.parse_fields(fsel, res) if fsel else None
        token = query.get("continue")
        exact = self.exact(query, token)
        if query.get("resourceVersion") == "0" and not token:
            limit = 0
        if token:
            recs, rv, start = self.resume(res, ns, token)
        elif exact is not None:
            recs, rv, start = self.revision(res, ns, exact), exact, 0
        else:
            with self.lock:
                recs, rv, start = self.store.table(res).scan(ns), \
                    self.store.rv, 0
        out = []
        i = start
        n = len(recs)
        while i < n and not (limit and len(out) == limit):
            rec = recs[i]
            i += 1
            if labels is not None and not selectors.match_labels(
                    labels, rec.obj["metadata"].get("labels") or {}):
                continue
            if wanted is not None and not selectors.match_fields(wanted,
                                                                 rec.obj):
                continue
            out.append(self.item(res, version, rec))
        meta = {"resourceVersion": str(rv)}
        if i < n:
            meta["continue"] = self.remember(res, ns, recs, rv, i)
            if labels is None and wanted is None:
                meta["remainingItemCount"] = n - i
        gv = res.api_version(version)
        m = discovery.dumps(meta).decode()
        if res.crd:
            head = '{"apiVersion":"%s","items":[' % gv
            tail = '],"kind":"%s","metadata":%s}\n' % (res.list_kind, m)
        else:
            head = ('{"kind":"%s","apiVersion":"%s","metadata":%s,"items":['
                    % (res.list_kind, gv, m))
            tail = "]}\n"
        return Response(200, b"".join((head.encode(), b",".join(out),
                                       tail.encode())))

    @staticmethod
    def exact(query, token):
        """The revision that a list is to be of, if of one alone."""
        match = query.get("resourceVersionMatch")
        if not match:
            return None
        at = query.get("resourceVersion")
        if token:
            raise list_options("Forbidden: resourceVersionMatch is forbidden "
                               "when continue is provided")
        if not at:
            raise list_options("Forbidden: resourceVersionMatch is forbidden "
                               "unless resourceVersion is provided")
        if match == "NotOlderThan":
            return None
        if match != "Exact":
            raise list_options('Unsupported value: "%s": supported values: '
                               '"Exact", "NotOlderThan", ""' % match)
        if at == "0":
            raise list_options('Forbidden: resourceVersionMatch "exact" is '
                               'forbidden for resourceVersion "0"')
        try:
            return int(at)
        except ValueError:
            raise bad_request("Invalid value: \"%s\": strconv.ParseUint: "
                              "parsing \"%s\": invalid syntax" % (at, at))

    def revision(self, res, ns, rv):
        if rv > self.store.rv:
            if self.release == "1.20":
                raise ApiError(500, "", "etcdserver: mvcc: required revision "
                               "is a future revision", None)
            raise ApiError(504, "Timeout", "Timeout: Too large resource "
                           "version: %d, current: %d" % (rv, self.store.rv),
                           {"causes": [{"reason": "ResourceVersionTooLarge",
                                        "message": "Too large resource "
                                                   "version"}],
                            "retryAfterSeconds": 1}, {"Retry-After": "1"})
        recs = self.store.at(res, ns, rv)
        if recs is None:
            raise ApiError(410, "Expired", "The resourceVersion for the "
                           "provided list is too old.", None)
        return recs

    def remember(self, res, ns, recs, rv, i):
        key = (res.group, res.plural, ns, rv)
        with self.lock:
            self.lists[key] = (recs, time.time())
            self.lists.move_to_end(key)
            while len(self.lists) > KEEP_LISTS:
                self.lists.popitem(last=False)
        start = recs[i - 1].key
        if ns:
            start = start[len(ns) + 1:]
        doc = {"v": "meta.k8s.io/v1", "rv": rv, "start": start + "\u0000"}
        return base64.urlsafe_b64encode(
            json.dumps(doc, separators=(",", ":")).encode()).decode() \
            .rstrip("=")

    def resume(self, res, ns, token):
        try:
            raw = base64.urlsafe_b64decode(token + "=" * (-len(token) % 4))
            doc = json.loads(raw)
            rv, start = doc["rv"], doc["start"]
            if doc["v"] != "meta.k8s.io/v1":
                raise ValueError
        except (ValueError, KeyError, TypeError):
            raise bad_request("invalid continue token: continue key is not "
                              "valid: invalid character")
        if ns:
            start = ns + "/" + start
        with self.lock:
            if rv == -1:        # the inconsistent token of a 410
                recs, rv = self.store.table(res).scan(ns), self.store.rv
            else:
                kept = self.lists.get((res.group, res.plural, ns, rv))
                recs = kept[0] if kept else self.store.at(res, ns, rv)
                if recs is None or rv <= self.expired_before:
                    raise self.gone(res, ns, start.rstrip("\0"))
        lo, hi = 0, len(recs)
        while lo < hi:
            mid = (lo + hi) // 2
            if recs[mid].key < start:
                lo = mid + 1
            else:
                hi = mid
        return recs, rv, lo

    @staticmethod
    def gone(res, ns, start):
        doc = {"v": "meta.k8s.io/v1", "rv": -1,
               "start": (start[len(ns) + 1:] if ns else start) + "\0"}
        token = base64.urlsafe_b64encode(
            json.dumps(doc, separators=(",", ":")).encode()).decode() \
            .rstrip("=")
        e = ApiError(410, "Expired", "The provided continue parameter is too "
                     "old to display a consistent list result. You can start "
                     "a new list without the continue parameter, or use the "
                     "continue token in this response to retrieve the "
                     "remainder of the results. Continuing with the provided "
                     "token results in an inconsistent list - objects that "
                     "were created, modified, or deleted between the time the "
                     "first chunk was returned and now may show up in the "
                     "list.")
        body = json.loads(e.body())
        body["metadata"] = {"continue": token}
        e.body = lambda: json.dumps(body).encode()
        return e

    # --- watch

    def watch(self, res, version, ns, query):
        lsel = query.get("labelSelector")
        fsel = query.get("fieldSelector")
        labels = selectors.parse_labels(lsel) if lsel else []
        wanted = selectors.parse_fields(fsel, res) if fsel else []
        since = query.get("resourceVersion") or "0"
        end = time.time() + float(query.get("timeoutSeconds") or 1800)

        def match(rec):
            return (rec.res is res or (rec.res.group, rec.res.plural) ==
                    (res.group, res.plural)) and (not ns or rec.ns == ns) \
                and selectors.match_labels(
                    labels, rec.obj["metadata"].get("labels") or {}) \
                and selectors.match_fields(wanted, rec.obj)

        def line(kind, rec):
            return (b'{"type":"%s","object":' % kind.encode()
                    + self.render(res, version, rec) + b"}\n")

        def stream():
            with self.lock:
                self.store.watchers += 1
                if since in ("", "0"):
                    first = [line("ADDED", r)
                             for r in self.store.table(res).scan(ns)
                             if match(r)]
                    at = self.store.rv
                else:
                    first, at = [], int(since)
            try:
                yield b"".join(first)
                while time.time() < end:
                    with self.lock:
                        new = []
                        for rv, kind, rec in reversed(self.store.events):
                            if rv <= at:
                                break
                            if match(rec):
                                new.append(line(kind, rec))
                        at = self.store.rv
                        if not new:
                            self.store.changed.wait(
                                max(0.01, min(1, end - time.time())))
                    if new:
                        yield b"".join(reversed(new))
            finally:
                with self.lock:
                    self.store.watchers -= 1
        return Response(200, stream=stream())

    # --- deletion

    def delete_record(self, rec, policy):
        """Deletes, or marks where finalizers hold it.  None once gone."""
        with self.lock:
            rec = self.store.table(rec.res).recs.get(rec.key)
            if rec is None:
                return None
            meta = rec.obj["metadata"]
            fins = list(meta.get("finalizers") or [])
            if policy == "Foreground":
                fins.append("foregroundDeletion")
            elif policy == "Orphan":
                fins.append("orphan")
            res = rec.res
            own = not res.crd and res.plural == "namespaces"
            if not res.crd and res.plural == "customresourcedefinitions" and \
                    rec.uid in self.custom:
                fins.append("customresourcecleanup.apiextensions.k8s.io")
            if meta.get("deletionTimestamp"):
                return rec
            if not fins and not own:
                self.store.remove(rec)
                return None
            obj = rec.copy()
            obj["metadata"]["deletionTimestamp"] = now()
            obj["metadata"]["deletionGracePeriodSeconds"] = 0
            if res.generation and "generation" in obj["metadata"]:
                obj["metadata"]["generation"] += 1
            if fins:
                obj["metadata"]["finalizers"] = fins
            if own:
                obj.setdefault("status", {})["phase"] = "Terminating"
            return self.store.save(res, obj)

    def drop_finalizers(self, rec, names):
        with self.lock:
            rec = self.store.table(rec.res).recs.get(rec.key)
            if rec is None:
                return
            obj = rec.copy()
            left = [f for f in obj["metadata"].get("finalizers") or []
                    if f not in names]
            obj["metadata"]["finalizers"] = left
            if not left:
                del obj["metadata"]["finalizers"]
            rec = self.store.save(rec.res, obj)
            if not left and obj["metadata"].get("deletionTimestamp"):
                self.store.remove(rec)

    # --- small endpoints

    def review(self, req, res, version, user, ns):
        obj = decode(req.body)
        spec = obj.get("spec") or {}
        obj["apiVersion"] = res.api_version(version)
        obj["kind"] = res.kind
        obj.setdefault("metadata", {})["creationTimestamp"] = None
        if "accessreviews" in res.plural:
            r = spec.get("resourceAttributes") or {}
            who = user
            if not res.plural.startswith("self"):
                from .rbac import User
                who = User(spec.get("user", ""), spec.get("groups") or [])
            ok = self.auth.allowed(who, r.get("verb", ""),
                                   r.get("group", ""), r.get("resource", ""),
                                   r.get("subresource", ""),
                                   r.get("name", ""), r.get("namespace", ""))
            obj["status"] = {"allowed": ok}
        elif res.plural == "selfsubjectrulesreviews":
            obj["status"] = {
                "resourceRules": list(self.auth.rules(
                    user, spec.get("namespace", ""))),
                "nonResourceRules": [], "incomplete": False}
        return Response(201, encode(obj))

    def token_request(self, req, ns, name):
        from .rbac import service_account
        if self.store.get(self.res("", "serviceaccounts"), ns, name) is None:
            raise not_found(self.res("", "serviceaccounts"), name)
        obj = decode(req.body or b"{}")
        seconds = (obj.get("spec") or {}).get("expirationSeconds", 3600)
        token = self.new_token(service_account(ns, name))
        obj.update({"kind": "TokenRequest",
                    "apiVersion": "authentication.k8s.io/v1"})
        obj.setdefault("metadata", {})
        obj["status"] = {"token": token, "expirationTimestamp": time.strftime(
            "%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + seconds))}
        return Response(201, encode(obj))

    def scale(self, req, res, version, rec):
        if rec is None:
            raise not_found(res, "")
        if req.method in ("PUT", "PATCH"):
            want = (decode(req.body).get("spec") or {}).get("replicas")
            with self.lock:
                rec = self.store.table(res).recs[rec.key]
                obj = rec.copy()
                if obj["spec"].get("replicas") != want:
                    obj["spec"]["replicas"] = want
                    obj["metadata"]["generation"] += 1
                    rec = self.store.save(res, obj)
            self.count_write(res, "update")
        meta = {k: rec.obj["metadata"][k] for k in (
            "name", "namespace", "uid", "resourceVersion",
            "creationTimestamp")}
        return self.json({
            "kind": "Scale", "apiVersion": "autoscaling/v1",
            "metadata": meta, "spec": {"replicas": rec.obj["spec"].get(
                "replicas", 1)}, "status": {"replicas": 0}})

    # --- the tests' own door

    def expire(self):
        with self.lock:
            self.expired_before = self.store.rv
            self.store.compact()
            self.lists.clear()

    def admin(self, req):
        what = req.path[6:]
        if what == "faults":
            return self.faults.admin(req)
        if what == "stats":
            with self.stats_lock:
                if req.method == "DELETE":
                    self.stats.clear()
                    self.writes.clear()
                    self.peak.restart(req.query().get("path", ""))
                out = {"requests": dict(self.stats),
                       "writes": dict(self.writes),
                       "max_in_flight": self.peak.most,
                       "objects": sum(len(t.keys) for t in
                                      self.store.tables.values())}
            return self.json(out)
        if what == "unconvertible":
            for key in (doc := json.loads(req.body))["keys"]:
                self.unconvertible[doc["group"], doc["plural"], key] = \
                    doc["message"]
            return self.json({})
        if what == "expire":
            self.expire()
            return self.json({})
        return self.not_here()
