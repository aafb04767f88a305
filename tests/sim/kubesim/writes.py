"""Changes to objects: create, replace, patch, server-side apply, delete."""

import json

from . import admission, convert, defaults, fields, ips, validate
from .jsonpatch import PatchError, json_patch, merge_patch
from .status import (ApiError, bad_request, conflict, exists, invalid,
                     modified, not_found, plain500)
from .store import decode, new_uid, now

APPLY = "application/apply-patch+yaml"
MERGE = "application/merge-patch+json"
STRATEGIC = "application/strategic-merge-patch+json"
JSONPATCH = "application/json-patch+json"

# What the server owns in metadata: never part of a field set.
OWNED_META = ("name", "namespace", "creationTimestamp", "selfLink", "uid",
              "clusterName", "generation", "managedFields",
              "resourceVersion", "deletionTimestamp",
              "deletionGracePeriodSeconds", "generateName")


def strip(obj):
    """obj without what field sets never cover."""
    out = {k: v for k, v in obj.items() if k not in ("apiVersion", "kind")}
    meta = {k: v for k, v in (out.pop("metadata", None) or {}).items()
            if k not in OWNED_META}
    if meta:
        out["metadata"] = meta
    return out


def same(a, b):
    """Equal but for the times in managedFields."""
    if strip(a) != strip(b):
        return False
    ma, mb = a["metadata"], b["metadata"]
    for k in OWNED_META:
        if k not in ("managedFields", "resourceVersion") and \
                ma.get(k) != mb.get(k):
            return False

    def bare(m):
        return [{k: v for k, v in e.items() if k != "time"}
                for e in m.get("managedFields") or []]
    return bare(ma) == bare(mb)


class Writer:
    """One write request: its resource, version, options and manager."""

    def __init__(self, api, req, res, version, ns, name, sub, query):
        self.api = api
        self.store = api.store
        self.req = req
        self.res = res
        self.version = version
        self.ns = ns
        self.name = name
        self.sub = sub
        self.query = query
        self.type = api.type_of(res, version)
        self.dry = self._dry()
        self.manager = query.get("fieldManager") or \
            req.headers.get("user-agent", "unknown").split("/")[0][:128]

    def _dry(self):
        v = self.query.get("dryRun")
        if v is None or v == "":
            return False
        if v != "All":
            kind = {"POST": "CreateOptions", "PUT": "UpdateOptions",
                    "PATCH": "PatchOptions"}.get(self.req.method,
                                                 "DeleteOptions")
            raise invalid(kind, "meta.k8s.io", "", [(
                "dryRun", 'Unsupported value: []string{"%s"}: supported '
                'values: "All"' % v)])
        return True

    # --- reading what was sent

    def body(self):
        res = self.res
        try:
            obj = decode(self.req.body)
        except (ValueError, RecursionError):
            text = self.req.body[:60].decode("utf-8", "replace")
            raise bad_request(
                "the object provided is unrecognized (must be of type %s): "
                "couldn't get version/kind; json parse error: invalid "
                "character looking for beginning of value (%s)"
                % (res.kind, text))
        self.drop(obj)
        return self.typed(obj)

    def drop(self, obj):
        """A release drops the fields of built-in kinds that it has not."""
        if not self.res.crd and self.api.release != "1.33":
            fields.drop(obj, dict(fields.DEFS.get(self.type) or {"*": "?"},
                                  kind="", apiVersion=""))

    def typed(self, obj):
        res = self.res
        if not isinstance(obj, dict):
            raise bad_request("the object provided is unrecognized (must be "
                              "of type %s)" % res.kind)
        gv = res.api_version(self.version)
        kind = obj.pop("kind", None)
        got = obj.pop("apiVersion", None)
        if kind is not None and kind != res.kind:
            raise bad_request(
                '%s in version "%s" cannot be handled as a %s: converting '
                "(%s.%s) to (core.%s): unknown conversion"
                % (kind, (got or "").split("/")[-1], res.kind,
                   (got or "").split("/")[-1], kind, res.kind))
        if got is not None and got != gv:
            raise bad_request(
                "the API version in the data (%s) does not match the expected "
                "API version (%s)" % (got, gv))
        if not isinstance(obj.get("metadata"), dict):
            obj["metadata"] = {}
        return convert.to_hub(res, self.version, obj)

    def place(self, obj):
        """Checks name and namespace of obj against the URL."""
        meta = obj["metadata"]
        if self.res.namespaced:
            if meta.get("namespace") and meta["namespace"] != self.ns:
                raise bad_request("the namespace of the provided object does "
                                  "not match the namespace sent on the "
                                  "request")
            meta["namespace"] = self.ns
        else:
            meta.pop("namespace", None)
        if self.name:
            if not meta.get("name") and self.req.method == "PATCH":
                meta["name"] = self.name
            if meta.get("name") != self.name:
                raise bad_request(
                    "the name of the object (%s) does not match the name on "
                    "the URL (%s)" % (meta.get("name", ""), self.name))

    # --- managed fields

    def entry(self, op, fset):
        return {"manager": self.manager, "operation": op,
                "apiVersion": self.res.api_version(self.version),
                "time": now(), "fieldsType": "FieldsV1", "fieldsV1": fset}

    def track_update(self, old, new):
        """managedFields after a write that is not an apply. Those that come
        with it count, as on a real server; it may set them alone."""
        if old is None:
            fset = fields.fieldset(strip(new), self.type, True) or {}
            new["metadata"]["managedFields"] = (
                [self.entry("Update", fset)] if fset else [])
            if not fset:
                del new["metadata"]["managedFields"]
            return
        entries = [dict(e) for e in new["metadata"].get("managedFields") or
                   old["metadata"].get("managedFields") or []]
        changed, removed = fields.compare(strip(old), strip(new), self.type)
        if not changed and not removed:
            if entries:
                new["metadata"]["managedFields"] = entries
            return
        gv = self.res.api_version(self.version)
        gone = fields.union(json.loads(json.dumps(removed)), changed)
        out = []
        mine = None
        for e in entries:
            if e["operation"] == "Update" and e["manager"] == self.manager \
                    and e["apiVersion"] == gv:
                mine = fields.subtract(e["fieldsV1"], removed)
                continue
            left = fields.subtract(e["fieldsV1"], gone)
            if left:
                e["fieldsV1"] = left
                out.append(e)
        fset = fields.union(mine or {}, changed)
        if fset:
            out.append(self.entry("Update", fset))
        new["metadata"]["managedFields"] = out

    # --- create

    def create(self, obj=None):
        if obj is None:
            obj = self.body()
            self.place(obj)
            if obj["metadata"].get("resourceVersion"):
                raise plain500("resourceVersion should not be set on objects "
                               "to be created")
        return self._create(obj, lambda o: self.track_update(None, o))

    def _create(self, obj, track):
        res, meta = self.res, obj["metadata"]
        if not meta.get("name") and meta.get("generateName"):
            meta["name"] = meta["generateName"] + new_uid()[-5:]
        for k in ("managedFields", "selfLink", "deletionTimestamp",
                  "deletionGracePeriodSeconds", "resourceVersion"):
            meta.pop(k, None)
        meta["uid"] = new_uid()
        meta["creationTimestamp"] = now()
        meta.pop("generation", None)
        if res.generation:
            meta["generation"] = 1
        name = meta.get("name", "")
        if res.namespaced:
            admission.namespace(self.api, res, self.ns, name, True)
        track(obj)
        self.tidy(obj, None)
        admission.pod(self.api, res, self.ns, obj)
        admission.webhooks(self.api, res, self.version, "CREATE", self.sub,
                           self.ns, obj)
        more = self.crd_causes(obj)
        if self.api.release == "1.36" and not res.crd:
            more = list(more) + ips.causes(res.kind, obj)
        validate.check(res, obj, None, more)
        with self.store.lock:
            old = self.store.get(res, self.ns, name)
            if old is not None:
                raise exists(res, name, bool(
                    old.obj["metadata"].get("deletionTimestamp")))
            if res.kind == "Service" and not res.crd:
                self.api.services.allocate(obj, self.dry)
            if self.dry:
                return 201, obj, None
            rec = self.store.save(res, obj)
        self.api.count_write(res, "create")
        return 201, rec.obj, rec

    def tidy(self, obj, old):
        """Pruning, status rules and defaults, before validation."""
        res = self.res
        if res.crd:
            v = self.api.crd_version(res, self.version)
            validate.crd_prune(obj, v["schema"], True)
            if "status" in v["subs"] and self.sub != "status":
                obj.pop("status", None)
                if old is not None and "status" in old:
                    obj["status"] = old["status"]
            return
        if "status" in res.subs and self.sub != "status":
            obj.pop("status", None)
            if old is not None and "status" in old:
                obj["status"] = old["status"]
        if res.kind == "Namespace" and self.api.release != "1.20":
            meta = obj["metadata"]
            meta["labels"] = dict(meta.get("labels") or {}, **{
                "kubernetes.io/metadata.name": meta.get("name", "")})
        if res.kind == "Service":
            self.api.services.defaults(obj)
        elif res.kind in defaults.BY_KIND:
            defaults.BY_KIND[res.kind](obj, old is None)

    def crd_causes(self, obj):
        if not self.res.crd:
            return ()
        return validate.crd_causes(
            obj, self.api.crd_version(self.res, self.version)["schema"])

    # --- replace

    def update(self):
        obj = self.body()
        self.place(obj)
        with self.store.lock:
            rec = self.store.get(self.res, self.ns, self.name)
            if rec is None:
                raise not_found(self.res, self.name)
            return self._update(rec, obj)

    def _update(self, rec, obj, track=None):
        """Stores obj in the place of rec; unchanged ones cost nothing."""
        res, old = self.res, rec.obj
        meta, om = obj["metadata"], old["metadata"]
        if meta.get("resourceVersion") and \
                meta["resourceVersion"] != om["resourceVersion"]:
            raise modified(res, self.name)
        if meta.get("uid") and meta["uid"] != om["uid"]:
            if self.req.method == "PUT":
                raise conflict(res, self.name, "Precondition failed: UID in "
                               "precondition: %s, UID in object meta: %s"
                               % (meta["uid"], om["uid"]))
            cause = ("metadata.uid", 'Invalid value: "%s": field is immutable'
                     % meta["uid"])
            raise invalid(res.kind, res.group, self.name, [cause, cause])
        if self.sub == "status":
            obj = dict(rec.copy(), status=obj.get("status"))
            if obj["status"] is None:
                obj.pop("status")
            meta = obj["metadata"]
        for k in ("uid", "creationTimestamp", "generation",
                  "deletionTimestamp", "deletionGracePeriodSeconds"):
            if k in om:
                meta[k] = om[k]
            else:
                meta.pop(k, None)
        meta["resourceVersion"] = om["resourceVersion"]
        self.carry(old, obj)
        self.tidy(obj, old)
        if track is None:
            self.track_update(old, obj)
        admission.webhooks(self.api, res, self.version, "UPDATE", self.sub,
                           self.ns, obj)
        validate.check(res, obj, old, self.crd_causes(obj))
        if res.kind == "Service" and not res.crd:
            self.api.services.allocate(obj, self.dry)
        if res.generation:
            def core(o):
                return {k: v for k, v in o.items()
                        if k not in ("metadata", "status")}
            if core(old) != core(obj):
                meta["generation"] = om.get("generation", 0) + 1
        if same(old, obj):
            return 200, old, rec
        if self.dry:
            return 200, obj, None
        if meta.get("deletionTimestamp") and not meta.get("finalizers") and \
                not (res.plural == "namespaces"):
            self.store.save(res, obj)
            rec = self.store.get(res, self.ns, self.name)
            self.store.remove(rec)
            return 200, obj, rec
        rec = self.store.save(res, obj)
        self.api.count_write(res, "update")
        return 200, rec.obj, rec

    def carry(self, old, obj):
        """Values the server gave out and that a writer may leave out."""
        if self.res.crd:
            return
        if self.res.kind == "Service":
            a, b = old.get("spec", {}), obj.setdefault("spec", {})
            if b.get("type") != "ExternalName":
                if not b.get("clusterIP"):
                    b["clusterIP"] = a.get("clusterIP")
                b.pop("clusterIPs", None)
            ports = {(p.get("port"), p.get("protocol")): p.get("nodePort")
                     for p in a.get("ports") or []}
            for p in b.get("ports") or []:
                n = ports.get((p.get("port"), p.get("protocol", "TCP")))
                if n and not p.get("nodePort"):
                    p["nodePort"] = n
        if self.res.kind == "Job":
            a, b = old.get("spec", {}), obj.setdefault("spec", {})
            if not b.get("selector"):
                b["selector"] = a.get("selector")

    # --- patches

    def patch(self):
        ctype = self.req.headers.get("content-type", "").split(";")[0]
        known = (APPLY, MERGE, JSONPATCH, STRATEGIC)
        if ctype not in known or (ctype == STRATEGIC and self.res.crd):
            raise ApiError(415, "UnsupportedMediaType",
                           "415: Unsupported Media Type"
                           if ctype not in known else
                           "the body of the request was in an unknown format "
                           "- accepted media types include: " + ", ".join(
                               (JSONPATCH, MERGE, APPLY)), {})
        if ctype == APPLY:
            return self.apply()
        try:
            doc = decode(self.req.body)
        except ValueError:
            raise bad_request("error decoding patch: invalid character")
        with self.store.lock:
            rec = self.store.get(self.res, self.ns, self.name)
            if rec is None:
                raise not_found(self.res, self.name)
            obj = convert.from_hub(self.res, self.version, rec.copy())
            if ctype == JSONPATCH:
                try:
                    obj = json_patch(obj, doc)
                except PatchError:
                    raise ApiError(422, "Invalid", "the server rejected our "
                                   "request due to an error in our request",
                                   {})
            elif ctype == STRATEGIC:
                obj = fields.merge(obj, doc, self.type)
                obj = merge_patch(obj, doc, drop_only=True)
            else:
                obj = merge_patch(obj, doc)
            self.drop(obj)
            obj = self.typed(obj)
            self.place(obj)
            return self._update(rec, obj)

    def apply(self):
        """Server-side apply."""
        if not self.query.get("fieldManager"):
            raise invalid("PatchOptions", "meta.k8s.io", "", [(
                "fieldManager", "Required value: is required for apply "
                "patch")])
        try:
            doc = decode(self.req.body)
        except (ValueError, RecursionError):
            raise bad_request("error decoding YAML: the simulated server "
                              "wants JSON")
        if not isinstance(doc, dict) or not doc.get("kind") or \
                not doc.get("apiVersion"):
            raise bad_request("error decoding YAML: Object 'Kind' is missing")
        doc = self.typed(doc)
        if not self.res.crd:
            doc = drop_nulls(doc)
        self.place(doc)
        meta = doc["metadata"]
        if meta.get("managedFields"):
            raise bad_request("metadata.managedFields must be nil")
        force = self.query.get("force") in ("true", "1")
        if self.api.release not in ("1.20", "1.33"):
            self._reset(doc)
        asked = strip(doc)
        strict = self.res.crd or self.api.release != "1.33"
        if strict:
            try:
                fields.check(asked, self.type)
                if self.res.kind == "Service" and self.api.release == "1.20":
                    self._ports(asked)
            except fields.Undeclared as e:
                raise plain500("failed to create typed patch object%s: %s"
                               % (self._which(), e))
        aset = fields.fieldset(asked, self.type) or {}
        with self.store.lock:
            rec = self.store.get(self.res, self.ns, self.name)
            if rec is not None:
                obj = self._merge(rec, doc, asked, aset, force)
                return self._update(rec, obj, track=True)
        if meta.get("uid"):
            raise conflict(self.res, self.name, "uid mismatch: the provided "
                           "object specified uid %s, and no existing object "
                           "was found" % meta["uid"])
        if self.sub:
            raise not_found(self.res, self.name)
        meta.pop("resourceVersion", None)

        def track(o):
            if aset:
                o["metadata"]["managedFields"] = [self.entry("Apply", aset)]
        return self._create(doc, track)

    def _reset(self, doc):
        """What the endpoint does not write, nobody owns by it: since 1.22."""
        subs = (self.api.crd_version(self.res, self.version)["subs"]
                if self.res.crd else self.res.subs)
        if self.sub == "status":
            doc.pop("spec", None)
        elif not self.sub and "status" in subs:
            doc.pop("status", None)

    def _which(self):
        if self.api.release in ("1.20", "1.33"):
            return ""
        return " (%s; %s, Kind=%s)" % (
            self.ns + "/" + self.name if self.ns else "/" + self.name,
            self.res.api_version(self.version), self.res.kind)

    @staticmethod
    def _ports(asked):
        """1.20 knows no default for a ServicePort's protocol here."""
        for i, p in enumerate((asked.get("spec") or {}).get("ports") or []):
            if "protocol" not in p:
                raise plain500(
                    "failed to create typed patch object: .spec.ports: "
                    "element %d: associative list with keys has an element "
                    'that omits key field "protocol" (and doesn\'t have '
                    "default value)" % i)

    def _merge(self, rec, doc, asked, aset, force):
        live = rec.copy()
        entries = live["metadata"].pop("managedFields", None) or []
        bare = strip(live)
        # The field sets of others, and the conflicts with them.
        mine, others, found = None, [], []
        for e in entries:
            if e["operation"] == "Apply" and e["manager"] == self.manager:
                mine = e
                continue
            others.append(e)
            for path, keys in fields.conflicts(e["fieldsV1"], aset, bare,
                                               asked, self.type):
                found.append((e, path, keys))
        if found and not force:
            raise self._conflicts(found)
        for e, _, keys in found:
            fields.discard(e["fieldsV1"], keys)
        others = [e for e in others if e["fieldsV1"]]
        merged = fields.merge(live, {k: v for k, v in asked.items()
                                     if k != "metadata"}, self.type)
        merged["metadata"] = fields.merge(
            live["metadata"], asked.get("metadata", {}),
            "apimachinery.pkg.apis.meta.v1.ObjectMeta")
        if mine is not None:
            gone = fields.subtract_exact(mine["fieldsV1"], aset)
            held = {}
            for e in others:
                fields.union(held, e["fieldsV1"])
            fields.union(held, aset)
            fields.prune(merged, self.type, gone, held)
        for k in ("uid", "resourceVersion"):
            if doc["metadata"].get(k):
                merged["metadata"][k] = doc["metadata"][k]
        out = others
        if aset:
            e = self.entry("Apply", aset)
            if mine is not None and mine["fieldsV1"] == aset:
                e["time"] = mine["time"]
            out = [e] + others
        if out:
            merged["metadata"]["managedFields"] = out
        return merged

    @staticmethod
    def _conflicts(found):
        def who(e):
            if e["operation"] == "Apply":
                return '"%s"' % e["manager"]
            return '"%s" using %s' % (e["manager"], e["apiVersion"])
        causes = [{"reason": "FieldManagerConflict",
                   "message": "conflict with " + who(e), "field": p}
                  for e, p, _ in sorted(found, key=lambda f: f[1])]
        n = len(found)
        if n == 1:
            text = "conflict with %s: %s" % (who(found[0][0]), found[0][1])
        else:
            groups = {}
            for e, p, _ in found:
                groups.setdefault(who(e), []).append(p)
            text = "\n".join("conflicts with %s:\n%s" % (
                w, "\n".join("- " + p for p in sorted(groups[w])))
                for w in sorted(groups))
        return ApiError(409, "Conflict", "Apply failed with %d conflict%s: %s"
                        % (n, "" if n == 1 else "s", text),
                        {"causes": causes})

    # --- delete

    def delete(self):
        opts = {}
        if self.req.body:
            try:
                opts = decode(self.req.body)
            except ValueError:
                raise bad_request("couldn't get version/kind; json parse "
                                  "error")
        if opts.get("dryRun"):
            self.dry = True
        pre = opts.get("preconditions") or {}
        policy = (opts.get("propagationPolicy")
                  or self.query.get("propagationPolicy"))
        if opts.get("orphanDependents"):
            policy = "Orphan"
        with self.store.lock:
            rec = self.store.get(self.res, self.ns, self.name)
            if rec is None:
                raise not_found(self.res, self.name)
            if pre.get("uid") and pre["uid"] != rec.uid:
                raise ApiError(
                    409, "Conflict", "Operation cannot be fulfilled on %s "
                    "\"%s\": the UID in the precondition (%s) does not match "
                    "the UID in record (%s). The object might have been "
                    "deleted and then recreated"
                    % (self.res.kind, self.name, pre["uid"], rec.uid),
                    {"name": self.name, "kind": self.res.kind})
            admission.webhooks(self.api, self.res, self.version, "DELETE",
                               "", self.ns, rec.obj)
            if self.dry:
                return self._gone(rec)
            self.api.count_write(self.res, "delete")
            left = self.api.delete_record(rec, policy)
            if left is None:
                return self._gone(rec)
            return 200, left.obj, left

    def _gone(self, rec):
        details = {"name": rec.name}
        if self.res.group:
            details["group"] = self.res.group
        details["kind"] = self.res.plural
        details["uid"] = rec.uid
        return 200, {"kind": "Status", "apiVersion": "v1", "metadata": {},
                     "status": "Success", "details": details}, None


def drop_nulls(v):
    """Without the nulls of a map: server-side apply takes them as absent."""
    if isinstance(v, dict):
        return {k: drop_nulls(c) for k, c in v.items() if c is not None}
    if isinstance(v, list):
        return [drop_nulls(c) for c in v]
    return v
