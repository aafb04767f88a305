"""What the server says it serves: the old documents and the aggregated one."""

import hashlib
import json

from . import kinds

AGG = "apidiscovery.k8s.io"


def groups(api):
    """group -> list of versions in order of preference; "" is core."""
    out = {g: [] for g in [""] + kinds.GROUPS}
    for res in api.all_resources():
        have = out.setdefault(res.group, [])
        for v in res.versions:
            if v not in have:
                have.append(v)
    for g in out:
        out[g].sort(key=kinds.version_rank)
    if api.release == "1.20":
        out["autoscaling"] = ["v1", "v2beta1", "v2beta2"]
    for g, v, _ in api.remote_apis():
        have = out.setdefault(g, [])
        if v not in have:
            have.append(v)
    return {g: v for g, v in out.items() if v}


def _resources(api, group, version):
    for res in api.all_resources():
        if res.group == group and version in res.versions:
            yield res


def _sub(res, sub):
    verbs = ["get", "patch", "update"]
    kind, group, version = res.kind, "", ""
    if sub == "scale":
        kind, group, version = "Scale", "autoscaling", "v1"
    elif sub == "token":
        kind, group, version = ("TokenRequest", "authentication.k8s.io", "v1")
        verbs = ["create"]
    elif sub == "finalize":
        verbs = ["update"]
    return kind, group, version, verbs


def _subs(api, res, version):
    return api.crd_version(res, version)["subs"] if res.crd else res.subs


def resource_list(api, group, version):
    out = []
    for res in _resources(api, group, version):
        r = {"name": res.plural,
             "singularName": res.singular if res.crd
             or api.release != "1.20" else "",
             "namespaced": res.namespaced, "kind": res.kind,
             "verbs": sorted(res.verbs)}
        if res.short:
            r["shortNames"] = list(res.short)
        if res.categories:
            r["categories"] = list(res.categories)
        if "list" in res.verbs and res.plural != "componentstatuses":
            stored = res.crd["stored"] if res.crd else res.versions[0]
            digest = hashlib.sha256(("%s/%s/%s" % (
                group, stored, res.kind)).encode()).digest()
            r["storageVersionHash"] = __import__("base64").b64encode(
                digest[:8]).decode()
        out.append(r)
        for sub in _subs(api, res, version):
            kind, g, v, verbs = _sub(res, sub)
            s = {"name": res.plural + "/" + sub, "singularName": "",
                 "namespaced": res.namespaced}
            if g:
                s["group"] = g
                s["version"] = v
            s["kind"] = kind
            s["verbs"] = verbs
            out.append(s)
    gv = group + "/" + version if group else version
    return {"kind": "APIResourceList", "apiVersion": "v1",
            "groupVersion": gv, "resources": out}


def api_group(group, versions):
    vs = [{"groupVersion": group + "/" + v, "version": v} for v in versions]
    return {"name": group, "versions": vs, "preferredVersion": vs[0]}


def group_list(api):
    return {"kind": "APIGroupList", "apiVersion": "v1", "groups": [
        api_group(g, v) for g, v in groups(api).items() if g]}


def api_versions(port):
    return {"kind": "APIVersions", "versions": ["v1"],
            "serverAddressByClientCIDRs": [
                {"clientCIDR": "0.0.0.0/0",
                 "serverAddress": "127.0.0.1:%d" % port}]}


def aggregated(api, core, agg_version):
    """APIGroupDiscoveryList of the core group, or of all the others."""
    items = []
    down = {(g, v) for g, v, ok in api.remote_apis() if not ok}
    for g, versions in groups(api).items():
        if (g == "") != core:
            continue
        vs = []
        for v in versions:
            entry = {"version": v, "resources": [],
                     "freshness": "Stale" if (g, v) in down else "Current"}
            for res in _resources(api, g, v):
                entry["resources"].append(_agg_resource(api, res, g, v))
            if not entry["resources"]:
                del entry["resources"]
            vs.append(entry)
        items.append({"metadata": {"name": g, "creationTimestamp": None}
                      if g else {"creationTimestamp": None}, "versions": vs})
    return {"kind": "APIGroupDiscoveryList",
            "apiVersion": AGG + "/" + agg_version, "metadata": {},
            "items": items}


def _agg_resource(api, res, g, v):
    r = {"resource": res.plural,
         "responseKind": {"group": g, "version": v, "kind": res.kind},
         "scope": "Namespaced" if res.namespaced else "Cluster",
         "singularResource": res.singular, "verbs": sorted(res.verbs)}
    if res.short:
        r["shortNames"] = list(res.short)
    if res.categories:
        r["categories"] = list(res.categories)
    subs = []
    for sub in _subs(api, res, v):
        kind, sg, sv, verbs = _sub(res, sub)
        subs.append({"subresource": sub, "responseKind": {
            "group": sg or g, "version": sv or v, "kind": kind},
            "verbs": verbs})
    if subs:
        r["subresources"] = subs
    return r


def negotiate(accept, mode):
    """Which form to answer /api and /apis in: "v2", "v2beta1", "old", None.

    mode is the newest the server knows: "v2", "v2beta1" or "old".
    """
    offered = []
    for part in accept.split(","):
        fields = [f.strip() for f in part.split(";")]
        args = dict(f.split("=", 1) for f in fields[1:] if "=" in f)
        offered.append((fields[0], args))
    for media, args in offered:
        if media == "application/json" and args.get("g") == AGG and \
                args.get("as") == "APIGroupDiscoveryList":
            v = args.get("v")
            if v == "v2" and mode == "v2" or \
                    v == "v2beta1" and mode in ("v2", "v2beta1"):
                return v
        elif media in ("application/json", "*/*", "application/*", "") and \
                "as" not in args:
            return "old"
    return None


def dumps(obj):
    return json.dumps(obj, separators=(",", ":")).encode()
