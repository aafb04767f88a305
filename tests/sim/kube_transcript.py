#!/usr/bin/env python3
"""Talks to a Kubernetes API server and prints what it answers, normalised.

The same conversation is held with the simulated server and with a real one;
what the real one said is kept in kube_transcript.txt, so that the simulation
is held against it.  Usage: kube_transcript.py URL TOKEN NOBODY_TOKEN
[PART...]; NOBODY_TOKEN belongs to a user "nobody" who may do nothing yet
"""

import http.client
import json
import re
import ssl
import sys
import time
from urllib.parse import urlsplit

APPLY = "application/apply-patch+yaml"
MERGE = "application/merge-patch+json"
JSONP = "application/json-patch+json"


class Talk:
    def __init__(self, url, token=None):
        u = urlsplit(url)
        self.token = token
        if u.scheme == "https":
            ctx = ssl._create_unverified_context()
            self.c = http.client.HTTPSConnection(u.hostname, u.port,
                                                 context=ctx, timeout=60)
        else:
            self.c = http.client.HTTPConnection(u.hostname, u.port,
                                                timeout=60)

    def raw(self, method, path, body=None, ctype=None, accept=None,
            token=None):
        h = {"Accept": accept or "application/json",
             "User-Agent": "transcript/1.0"}
        token = token or self.token
        if token:
            h["Authorization"] = "Bearer " + token
        if body is not None:
            h["Content-Type"] = ctype or "application/json"
            if not isinstance(body, (bytes, str)):
                body = json.dumps(body)
        self.c.request(method, path, body=body, headers=h)
        r = self.c.getresponse()
        data = r.read()
        return r.status, dict((k.lower(), v) for k, v in r.getheaders()), data

    def js(self, *a, **k):
        s, h, d = self.raw(*a, **k)
        try:
            return s, json.loads(d)
        except ValueError:
            return s, d.decode("utf-8", "replace")


UIDS = {}
NOBODY = sys.argv[3]


def norm(text):
    """Uids, addresses and times become stable names."""
    def uid(m):
        return UIDS.setdefault(m.group(0), "UID%d" % len(UIDS))
    text = re.sub(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-"
                  r"[0-9a-f]{12}", uid, text)
    text = re.sub(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", "TIME", text)
    text = re.sub(r", error found in #10 byte.*?\", \"reason", '", "reason',
                  text)
    text = re.sub(r"(json parse error: invalid character|"
                  r"not valid: invalid character)[^}]*?\", \"reason",
                  r'\1", "reason', text)
    text = re.sub(r"https?://[^ ]*?:\d+", "URL", text)
    return text


def show(label, status, obj):
    print("%s -> %d" % (label, status))
    if isinstance(obj, str):
        print("  " + norm(obj.strip())[:200])
        return
    if obj.get("kind") == "Status":
        out = {k: obj[k] for k in ("status", "reason", "message", "details")
               if k in obj}
        print("  " + norm(json.dumps(out, sort_keys=True)))


def wait(fn, seconds=60):
    end = time.time() + seconds
    while time.time() < end:
        v = fn()
        if v:
            return v
        time.sleep(0.1)
    return None


def managed(obj):
    out = []
    for m in obj["metadata"].get("managedFields", []):
        out.append("%s %s %s %s" % (
            m["manager"], m["operation"], m["apiVersion"],
            json.dumps(m["fieldsV1"], sort_keys=True)))
    return sorted(out)


def cm(name, data=None, ns="t1", **meta):
    m = {"name": name, "namespace": ns}
    m.update(meta)
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": m,
            "data": data if data is not None else {"a": "1"}}


CM = "/api/v1/namespaces/t1/configmaps"


def errors(t):
    def do(label, *a, **k):
        s, o = t.js(*a, **k)
        show(label, s, o)
        return o

    do("get missing", "GET", CM + "/none")
    do("get in missing ns", "GET", "/api/v1/namespaces/no/configmaps/none")
    do("list in missing ns", "GET", "/api/v1/namespaces/no/configmaps")
    do("unknown kind", "GET", "/api/v1/namespaces/t1/widgets")
    do("unknown group", "GET", "/apis/nope.example.com/v1/widgets")
    do("unknown path", "GET", "/nope")
    do("create", "POST", CM, cm("a"))
    do("create again", "POST", CM, cm("a"))
    do("create in missing ns", "POST", "/api/v1/namespaces/no/configmaps",
       cm("a", ns="no"))
    do("ns mismatch", "POST", CM, cm("b", ns="t2"))
    do("name mismatch", "PUT", CM + "/a", cm("b"))
    do("bad name", "POST", CM, cm("Bad_Name"))
    do("no name", "POST", CM, {"apiVersion": "v1", "kind": "ConfigMap",
                               "metadata": {}})
    do("bad json", "POST", CM, "{nope")
    do("wrong kind", "POST", CM, {"apiVersion": "v1", "kind": "Secret",
                                  "metadata": {"name": "x"}})
    do("no kind", "POST", CM, {"metadata": {"name": "x"}})
    do("rv on create", "POST", CM, cm("rv", resourceVersion="12"))
    do("bad method", "PATCH", CM, cm("x"), APPLY)
    do("bad ctype", "PATCH", CM + "/a", cm("a"), "text/plain")
    do("ssa without manager", "PATCH", CM + "/a", cm("a"), APPLY)
    do("ssa name mismatch", "PATCH", CM + "/zz?fieldManager=m", cm("a"),
       APPLY)
    do("ssa managedFields", "PATCH", CM + "/a?fieldManager=m",
       cm("a", managedFields=[{"manager": "x", "operation": "Apply",
                               "apiVersion": "v1",
                               "time": "2020-01-01T00:00:00Z",
                               "fieldsType": "FieldsV1", "fieldsV1": {}}]),
       APPLY)
    do("ssa uid new", "PATCH", CM + "/u?fieldManager=m",
       cm("u", uid="11111111-1111-1111-1111-111111111111"), APPLY)
    do("ssa uid other", "PATCH", CM + "/a?fieldManager=m",
       cm("a", uid="11111111-1111-1111-1111-111111111111"), APPLY)
    do("ssa rv other", "PATCH", CM + "/a?fieldManager=m",
       cm("a", resourceVersion="1"), APPLY)
    do("ssa rv new", "PATCH", CM + "/rvnew?fieldManager=m",
       cm("rvnew", resourceVersion="1"), APPLY)
    do("ssa missing ns", "PATCH",
       "/api/v1/namespaces/no/configmaps/a?fieldManager=m", cm("a", ns="no"),
       APPLY)
    do("put stale rv", "PUT", CM + "/a", cm("a", resourceVersion="1"))
    do("put missing", "PUT", CM + "/zz", cm("zz"))
    do("delete missing", "DELETE", CM + "/zz")
    do("delete uid", "DELETE", CM + "/a",
       {"apiVersion": "v1", "kind": "DeleteOptions",
        "preconditions": {"uid": "11111111-1111-1111-1111-111111111111"}})
    do("bad label selector", "GET", CM + "?labelSelector=a%3D%3D%3Db%2C")
    do("bad field selector", "GET", CM + "?fieldSelector=spec.x%3D1")
    do("bad limit", "GET", CM + "?limit=x")
    do("bad continue", "GET", CM + "?limit=1&continue=xxx")
    do("bad dryrun", "POST", CM + "?dryRun=Some", cm("dr"))
    do("bad label", "POST", CM, cm("bl", labels={"a b": "c"}))
    do("bad data key", "POST", CM, cm("bk", {"a/b": "1"}))
    do("rb roleref", "POST",
       "/apis/rbac.authorization.k8s.io/v1/namespaces/t1/rolebindings",
       {"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "RoleBinding",
        "metadata": {"name": "x:y"},
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role",
                    "name": "r"}, "subjects": []})
    do("rb roleref change", "PUT",
       "/apis/rbac.authorization.k8s.io/v1/namespaces/t1/rolebindings/x:y",
       {"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "RoleBinding",
        "metadata": {"name": "x:y"},
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role",
                    "name": "r2"}, "subjects": []})
    do("sa of pod missing", "POST", "/api/v1/namespaces/t1/pods",
       {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p"},
        "spec": {"serviceAccountName": "nobody", "containers": [
            {"name": "c", "image": "i"}]}})
    do("priority of pod missing", "POST", "/api/v1/namespaces/t1/pods",
       {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p"},
        "spec": {"priorityClassName": "gone", "containers": [
            {"name": "c", "image": "i"}]}})
    dep = {"apiVersion": "apps/v1", "kind": "Deployment",
           "metadata": {"name": "d", "namespace": "t1"},
           "spec": {"replicas": 0,
                    "selector": {"matchLabels": {"app": "d"}},
                    "template": {"metadata": {"labels": {"app": "d"}},
                                 "spec": {"containers": [
                                     {"name": "c", "image": "i"}]}}}}
    D = "/apis/apps/v1/namespaces/t1/deployments"
    do("deployment", "POST", D, dep)
    dep["spec"]["selector"]["matchLabels"]["app"] = "e"
    do("deployment selector mismatch", "POST", D, dep)
    dep["spec"]["template"]["metadata"]["labels"]["app"] = "e"
    do("deployment selector change", "PATCH", D + "/d?fieldManager=m&force=true",
       dep, APPLY)
    do("immutable secret", "POST", "/api/v1/namespaces/t1/secrets",
       {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "im"},
        "immutable": True, "data": {"a": "MQ=="}})
    do("immutable secret change", "PATCH",
       "/api/v1/namespaces/t1/secrets/im", {"data": {"a": "Mg=="}}, MERGE)
    do("secret bad base64", "POST", "/api/v1/namespaces/t1/secrets",
       {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "b64"},
        "data": {"a": "**"}})
    do("secret type change", "PATCH",
       "/api/v1/namespaces/t1/secrets/im", {"type": "x/y"}, MERGE)
    do("configmap too long", "POST", CM, cm("long", {"a": "x" * 1048577}))
    S = "/api/v1/namespaces/t1/services"

    def svc(name, **spec):
        spec.setdefault("ports", [{"port": 80}])
        return {"apiVersion": "v1", "kind": "Service",
                "metadata": {"name": name}, "spec": spec}
    do("service", "POST", S, svc("s1", clusterIP="10.96.77.1"))
    do("service ip taken", "POST", S, svc("s2", clusterIP="10.96.77.1"))
    do("service ip range", "POST", S, svc("s2", clusterIP="10.1.77.1"))
    do("service nodeport", "POST", S, svc(
        "s3", type="NodePort", ports=[{"port": 80, "nodePort": 30080}]))
    do("service nodeport taken", "POST", S, svc(
        "s4", type="NodePort", ports=[{"port": 80, "nodePort": 30080}]))
    do("service nodeport range", "POST", S, svc(
        "s4", type="NodePort", ports=[{"port": 80, "nodePort": 80}]))
    do("service ip change", "PATCH", S + "/s1",
       {"spec": {"clusterIP": "10.96.77.2"}}, MERGE)
    do("owner without uid", "POST", CM, cm("ow", ownerReferences=[
        {"apiVersion": "v1", "kind": "ConfigMap", "name": "a"}]))
    do("unauthorized", "GET", CM, token="wrong")
    do("forbidden list", "GET", CM, token=NOBODY)
    do("forbidden list all", "GET", "/api/v1/secrets", token=NOBODY)
    do("forbidden get", "GET", "/apis/apps/v1/namespaces/t1/deployments/x",
       token=NOBODY)
    do("forbidden create", "POST", CM, cm("x"), token=NOBODY)
    do("forbidden patch", "PATCH", CM + "/x?fieldManager=m", cm("x"), APPLY,
       token=NOBODY)
    do("forbidden status", "PATCH", D + "/d/status", {}, MERGE,
       token=NOBODY)
    do("forbidden path", "GET", "/metrics", token=NOBODY)


def rbac(t):
    R = "/apis/rbac.authorization.k8s.io/v1"
    ver = "rbac.authorization.k8s.io/v1"
    t.js("POST", R + "/namespaces/t1/roles",
         {"apiVersion": ver, "kind": "Role", "metadata": {"name": "reader"},
          "rules": [{"apiGroups": [""], "resources": ["configmaps"],
                     "verbs": ["get", "list"]}]})
    t.js("POST", R + "/namespaces/t1/rolebindings",
         {"apiVersion": ver, "kind": "RoleBinding",
          "metadata": {"name": "reader"},
          "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role",
                      "name": "reader"},
          "subjects": [{"kind": "User", "name": "nobody",
                        "apiGroup": "rbac.authorization.k8s.io"}]})

    def ok():
        return t.raw("GET", CM, token=NOBODY)[0] == 200
    print("nobody may list t1:", bool(wait(ok)))
    print("nobody may list all:",
          t.raw("GET", "/api/v1/configmaps", token=NOBODY)[0])
    print("nobody may write:",
          t.raw("POST", CM, cm("bw"), token=NOBODY)[0])
    s, o = t.js("POST", "/apis/authorization.k8s.io/v1/"
                "selfsubjectaccessreviews",
                {"apiVersion": "authorization.k8s.io/v1",
                 "kind": "SelfSubjectAccessReview",
                 "spec": {"resourceAttributes": {
                     "namespace": "t1", "verb": "list",
                     "resource": "configmaps"}}}, token=NOBODY)
    print("access review:", s, o["status"]["allowed"])


def applies(t):
    def rv(o):
        return o["metadata"]["resourceVersion"]
    s, o = t.js("PATCH", CM + "/ssa?fieldManager=one",
                cm("ssa", {"a": "1", "b": "2"}, labels={"x": "y"}), APPLY)
    print("ssa create", s, managed(o))
    s, p = t.js("PATCH", CM + "/ssa?fieldManager=one",
                cm("ssa", {"a": "1", "b": "2"}, labels={"x": "y"}), APPLY)
    print("ssa same", s, rv(o) == rv(p))
    s, p = t.js("PATCH", CM + "/ssa?fieldManager=two", cm("ssa", {"a": "9"}),
                APPLY)
    show("ssa conflict", s, p)
    s, p = t.js("PATCH", CM + "/ssa?fieldManager=two",
                cm("ssa", {"a": "9", "b": "8"}, labels={"x": "z"}), APPLY)
    show("ssa conflicts", s, p)
    s, p = t.js("PATCH", CM + "/ssa?fieldManager=two&dryRun=All&force=true",
                cm("ssa", {"a": "9"}), APPLY)
    print("ssa dry force", s, p["data"], managed(p))
    s, p = t.js("GET", CM + "/ssa")
    print("after dry", p["data"], rv(o) == rv(p))
    s, p = t.js("PATCH", CM + "/ssa?fieldManager=two&force=true",
                cm("ssa", {"a": "9"}), APPLY)
    print("ssa force", s, p["data"], managed(p))
    less = cm("ssa")
    del less["data"]
    s, p = t.js("PATCH", CM + "/ssa?fieldManager=one", less, APPLY)
    print("ssa give up", s, p.get("data"), managed(p),
          p["metadata"].get("labels"))
    s, p = t.js("POST", CM + "?fieldManager=poster", cm("up", {"k": "v"}))
    print("post", s, managed(p))
    s, p = t.js("PATCH", CM + "/up?fieldManager=one", cm("up", {"k": "z"}),
                APPLY)
    show("ssa over update", s, p)
    s, p = t.js("PATCH", CM + "/up", {"data": {"k": "w", "l": "m"}}, MERGE)
    print("merge", s, p["data"], managed(p)[1:])
    s, p = t.js("PATCH", CM + "/up", [{"op": "replace", "path": "/data/k",
                                       "value": "x"},
                                      {"op": "remove", "path": "/data/l"}],
                JSONP)
    print("json patch", s, p["data"])
    s, p = t.js("PATCH", CM + "/up", [{"op": "test", "path": "/data/k",
                                       "value": "no"}], JSONP)
    show("json patch test", s, p)
    s, p = t.js("PATCH", CM + "/up", [{"op": "remove", "path": "/data/no"}],
                JSONP)
    show("json patch missing", s, p)
    s, p = t.js("POST", CM + "?dryRun=All", cm("dry"))
    print("dry create", s, "resourceVersion" in p["metadata"],
          "uid" in p["metadata"])
    print("dry kept:", t.raw("GET", CM + "/dry")[0])

    D = "/apis/apps/v1/namespaces/t1/deployments"
    dep = {"apiVersion": "apps/v1", "kind": "Deployment",
           "metadata": {"name": "web", "namespace": "t1"},
           "spec": {"replicas": 0,
                    "selector": {"matchLabels": {"app": "web"}},
                    "template": {"metadata": {"labels": {"app": "web"}},
                                 "spec": {"containers": [
                                     {"name": "c", "image": "i",
                                      "ports": [{"containerPort": 80}],
                                      "env": [{"name": "E", "value": "1"}]}
                                 ]}}}}
    s, o = t.js("PATCH", D + "/web?fieldManager=one", dep, APPLY)
    print("dep", s, o["metadata"].get("generation"), managed(o)[0])
    wait(lambda: t.js("GET", D + "/web")[1].get("status", {}).get(
        "observedGeneration"))

    def same():
        """What the controller has to say of it may come in between."""
        o = t.js("GET", D + "/web")[1]
        s, p = t.js("PATCH", D + "/web?fieldManager=one", dep, APPLY)
        return rv(o) == rv(p) and (s, True, p["metadata"]["generation"])
    print("dep same", *wait(same) or ("changes",))
    c2 = {"apiVersion": "apps/v1", "kind": "Deployment",
          "metadata": {"name": "web"},
          "spec": {"template": {"spec": {"containers": [
              {"name": "c", "env": [{"name": "F", "value": "2"}]},
              {"name": "side", "image": "s"}]}}}}
    s, p = t.js("PATCH", D + "/web?fieldManager=two", c2, APPLY)
    cs = p["spec"]["template"]["spec"]["containers"]
    print("dep merged", s, p["metadata"]["generation"],
          [(c["name"], c["image"], c.get("env")) for c in cs])
    c2["spec"]["template"]["spec"]["containers"] = [{"name": "c"}]
    s, p = t.js("PATCH", D + "/web?fieldManager=two", c2, APPLY)
    cs = p["spec"]["template"]["spec"]["containers"]
    print("dep unmerged", s, p["metadata"]["generation"],
          [(c["name"], c["image"], c.get("env")) for c in cs])
    s, p = t.js("PATCH", D + "/web?fieldManager=three",
                {"apiVersion": "apps/v1", "kind": "Deployment",
                 "metadata": {"name": "web"}, "spec": {"replicas": 0,
                 "template": {"spec": {"containers": [
                     {"name": "c", "image": "other"}]}}}}, APPLY)
    show("dep conflict", s, p)
    s, p = t.js("PATCH", D + "/web/status?fieldManager=st",
                {"apiVersion": "apps/v1", "kind": "Deployment",
                 "metadata": {"name": "web"}, "spec": {"replicas": 7},
                 "status": {"collisionCount": 3}}, APPLY)
    show("dep status", s, p)
    s, p = t.js("PATCH", D + "/web/status", {"spec": {"replicas": 7},
                "status": {"collisionCount": 3}}, MERGE)
    print("dep status merge", s, p["spec"]["replicas"],
          p["status"].get("collisionCount"), p["metadata"]["generation"])


def crds(t):
    X = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
    crd = {"apiVersion": "apiextensions.k8s.io/v1",
           "kind": "CustomResourceDefinition",
           "metadata": {"name": "widgets.t.example.com"},
           "spec": {"group": "t.example.com", "scope": "Namespaced",
                    "names": {"plural": "widgets", "kind": "Widget"},
                    "versions": [{
                        "name": "v1", "served": True, "storage": True,
                        "subresources": {"status": {}},
                        "schema": {"openAPIV3Schema": {
                            "type": "object",
                            "properties": {
                                "spec": {"type": "object",
                                         "x-kubernetes-preserve-unknown"
                                         "-fields": True},
                                "status": {"type": "object",
                                           "properties": {
                                               "ready": {"type":
                                                         "boolean"}}}}}}},
                        {"name": "v1beta1", "served": True,
                         "storage": False,
                         "schema": {"openAPIV3Schema": {
                             "type": "object",
                             "x-kubernetes-preserve-unknown-fields":
                             True}}}]}}
    s, o = t.js("PATCH", X + "/widgets.t.example.com?fieldManager=one", crd,
                APPLY)
    print("crd", s, sorted(o["spec"]["names"].items()), o["spec"].get("conversion"))

    def established():
        o = t.js("GET", X + "/widgets.t.example.com")[1]
        cs = o.get("status", {}).get("conditions") or []
        return any(c["type"] == "Established" and c["status"] == "True"
                   for c in cs) and o
    o = wait(established)
    print("crd conditions", sorted(
        (c["type"], c["status"], c["reason"], c["message"])
        for c in o["status"]["conditions"]))
    print("crd status", sorted(o["status"]["acceptedNames"].items()),
          o["status"]["storedVersions"], o["metadata"]["generation"])
    W = "/apis/t.example.com/v1/namespaces/t1/widgets"
    print("served:", bool(wait(lambda: t.raw("GET", W)[0] == 200)))
    w = {"apiVersion": "t.example.com/v1", "kind": "Widget",
         "metadata": {"name": "w", "namespace": "t1"},
         "spec": {"big": 9007199254740993, "real": 1.5, "one": 1.0,
                  "text": "\u00fc<&>\u2028", "list": [1, 2], "none": None,
                  "map": {}}, "status": {"ready": True}, "extra": 1}
    s, o = t.js("PATCH", W + "/w?fieldManager=one", w, APPLY)
    show("cr undeclared", s, o)
    s, o = t.js("POST", W + "?fieldManager=one&dryRun=All", w)
    print("cr pruned", s, sorted(o))
    del w["extra"]
    s, o = t.js("PATCH", W + "/w?fieldManager=one", w, APPLY)
    show("cr apply", s, o)
    print("cr", s, sorted(o["spec"].items()), o.get("status"), o.get("extra"),
          o["metadata"]["generation"], managed(o))
    s, p = t.js("PATCH", W + "/w?fieldManager=one", w, APPLY)
    print("cr same", s, o["metadata"]["resourceVersion"] ==
          p["metadata"]["resourceVersion"], p["metadata"]["generation"])
    s, p = t.js("PATCH", W + "/w/status?fieldManager=one", w, APPLY)
    print("cr status", s, p.get("status") if s == 200 else p,
          p["metadata"].get("generation"))
    w["spec"]["big"] = 1
    s, p = t.js("PATCH", W + "/w?fieldManager=one", w, APPLY)
    print("cr change", s, p["metadata"]["generation"], p.get("status"))
    s, p = t.js("GET", "/apis/t.example.com/v1beta1/namespaces/t1/widgets/w")
    print("cr other version", s, p["apiVersion"])
    s, p = t.js("GET", "/apis/t.example.com/v1/widgets?limit=1")
    print("cr list", s, p["kind"], p["apiVersion"], p["items"][0]["kind"])
    s, p = t.js("POST", W, dict(w, metadata={"name": "Bad_"}))
    show("cr bad name", s, p)
    s, p = t.js("POST", W, dict(w, apiVersion="t.example.com/v1beta1",
                                metadata={"name": "v"}))
    show("cr wrong version", s, p)
    s, p = t.js("DELETE", X + "/widgets.t.example.com")
    print("crd delete", s)
    print("crd gone:", bool(wait(lambda: t.raw(
        "GET", X + "/widgets.t.example.com")[0] == 404)))
    print("kind gone:", bool(wait(lambda: t.raw("GET", W)[0] == 404)))


def lists(t):
    for i in range(7):
        t.js("POST", "/api/v1/namespaces/t1/secrets",
             {"apiVersion": "v1", "kind": "Secret", "metadata": {
                 "name": "l%d" % i, "labels": {"l": "x", "n": str(i)}},
              "stringData": {"a": "b"}})
    L = "/api/v1/namespaces/t1/secrets?labelSelector=l%3Dx"
    s, o = t.js("GET", L + "&limit=3")
    print("page", s, o["kind"], o["apiVersion"], sorted(o["metadata"]),
          [i["metadata"]["name"] for i in o["items"]],
          "kind" in o["items"][0])
    first = o
    t.js("DELETE", "/api/v1/namespaces/t1/secrets/l5")
    s, o = t.js("GET", L + "&limit=3&continue=" + o["metadata"]["continue"])
    print("page 2", s, [i["metadata"]["name"] for i in o["items"]],
          first["metadata"]["resourceVersion"] ==
          o["metadata"]["resourceVersion"])
    s, o = t.js("GET", L + "&limit=3&continue=" + o["metadata"]["continue"])
    print("page 3", s, [i["metadata"]["name"] for i in o["items"]],
          sorted(o["metadata"]))
    s, o = t.js("GET", "/api/v1/namespaces/t1/secrets?limit=1")
    print("remaining", o["metadata"].get("remainingItemCount", 0) > 0)
    s, o = t.js("GET", L.replace("l%3Dx", "n+in+(1,2),l"))
    print("in", [i["metadata"]["name"] for i in o["items"]])
    s, o = t.js("GET", L.replace("l%3Dx", "l,n+notin+(1,2),n!%3D3"))
    print("notin", [i["metadata"]["name"] for i in o["items"]])
    s, o = t.js("GET", "/api/v1/namespaces/t1/secrets?"
                "fieldSelector=metadata.name%3Dl2")
    print("field", [i["metadata"]["name"] for i in o["items"]])
    s, o = t.js("GET", "/api/v1/namespaces/t1/secrets/l2")
    print("secret", o["type"], o["data"], sorted(o))


def services(t):
    s, o = t.js("PATCH", "/api/v1/namespaces/t1/services/np?fieldManager=m",
                {"apiVersion": "v1", "kind": "Service",
                 "metadata": {"name": "np"},
                 "spec": {"ports": [{"port": 80}]}}, APPLY)
    show("service without protocol", s, o)
    s, o = t.js("PATCH", "/api/v1/namespaces/t1/services/np?fieldManager=m",
                {"apiVersion": "v1", "kind": "Service",
                 "metadata": {"name": "np"},
                 "spec": {"type": "NodePort", "selector": {"a": "b"},
                          "ports": [{"port": 80, "name": "http",
                                     "protocol": "TCP"},
                                    {"port": 443, "name": "tls",
                                     "protocol": "TCP"}]}}, APPLY)
    sp = o["spec"]
    print("service", s, bool(sp["clusterIP"]), sp["type"],
          sp["sessionAffinity"],
          [(p["port"], p["protocol"], p["targetPort"],
            30000 <= p["nodePort"] <= 32767) for p in sp["ports"]])
    s, p = t.js("PATCH", "/api/v1/namespaces/t1/services/np?fieldManager=m",
                {"apiVersion": "v1", "kind": "Service",
                 "metadata": {"name": "np"},
                 "spec": {"type": "NodePort", "selector": {"a": "b"},
                          "ports": [{"port": 80, "name": "http",
                                     "protocol": "TCP"},
                                    {"port": 443, "name": "tls",
                                     "protocol": "TCP"}]}}, APPLY)
    print("service same", s, p["metadata"]["resourceVersion"] ==
          o["metadata"]["resourceVersion"])
    s, o = t.js("POST", "/api/v1/namespaces/t1/services",
                {"apiVersion": "v1", "kind": "Service",
                 "metadata": {"name": "hl"},
                 "spec": {"clusterIP": "None", "ports": [{"port": 80}]}})
    print("headless", s, o["spec"]["clusterIP"])


def owners(t):
    def get(n):
        return t.js("GET", CM + "/" + n)[0]

    def orphan(n):
        """Made without an owner that is there, and gone again: then the
        collector has seen what was made before as well."""
        ref = [{"apiVersion": "v1", "kind": "ConfigMap", "name": "own-gone",
                "uid": "22222222-2222-2222-2222-222222222222"}]
        t.js("POST", CM, cm(n, ownerReferences=ref))
        return wait(lambda: get(n) == 404)

    s, a = t.js("POST", CM, cm("own-a"))
    ref = [{"apiVersion": "v1", "kind": "ConfigMap", "name": "own-a",
            "uid": a["metadata"]["uid"]}]
    s, b = t.js("POST", CM, cm("own-b", ownerReferences=ref))
    ref = [{"apiVersion": "v1", "kind": "ConfigMap", "name": "own-b",
            "uid": b["metadata"]["uid"]}]
    t.js("POST", CM, cm("own-c", ownerReferences=ref))
    print("wrong owner collected:", bool(orphan("own-d")))
    print("chain:", get("own-a"), get("own-b"), get("own-c"))
    s, o = t.js("DELETE", CM + "/own-a")
    show("delete", s, o)
    print("cascade:", bool(wait(lambda: get("own-b") == 404 and
                                get("own-c") == 404)))
    s, a = t.js("POST", CM, cm("or-a"))
    ref = [{"apiVersion": "v1", "kind": "ConfigMap", "name": "or-a",
            "uid": a["metadata"]["uid"]}]
    t.js("POST", CM, cm("or-b", ownerReferences=ref))
    orphan("or-c")
    t.js("DELETE", CM + "/or-a?propagationPolicy=Orphan")
    print("orphaned:", bool(wait(lambda: get("or-a") == 404)), bool(wait(
        lambda: not t.js("GET", CM + "/or-b")[1]["metadata"].get(
            "ownerReferences"))))
    s, a = t.js("POST", CM, cm("fin", finalizers=["example.com/hold"]))
    s, o = t.js("DELETE", CM + "/fin")
    print("finalizer", s, o["kind"],
          "deletionTimestamp" in o.get("metadata", {}))
    s, o = t.js("PATCH", CM + "/fin", {"metadata": {"finalizers": None}},
                MERGE)
    print("released", s, get("fin"))
    s, a = t.js("POST", CM, cm("fg"))
    ref = [{"apiVersion": "v1", "kind": "ConfigMap", "name": "fg",
            "uid": a["metadata"]["uid"], "blockOwnerDeletion": True}]
    t.js("POST", CM, cm("fg-b", ownerReferences=ref))
    orphan("fg-c")
    s, o = t.js("DELETE", CM + "/fg", {"kind": "DeleteOptions",
                "apiVersion": "v1", "propagationPolicy": "Foreground"})
    print("foreground", s, o["metadata"].get("finalizers"))
    print("both gone:", bool(wait(lambda: get("fg") == 404 and
                                  get("fg-b") == 404)))


def minor(t):
    return int(t.js("GET", "/version")[1]["minor"].rstrip("+"))


def has_token_secrets(t):
    """Until 1.24 each account got one."""
    return minor(t) < 24


def namespaces(t):
    N = "/api/v1/namespaces"
    s, o = t.js("POST", N, {"apiVersion": "v1", "kind": "Namespace",
                            "metadata": {"name": "t2"}})
    print("ns", s, o["spec"], o["status"], o["metadata"].get("labels"))
    sa = wait(lambda: t.js("GET", N + "/t2/serviceaccounts/default")[0] ==
              200)
    print("default sa:", bool(sa))
    kr = wait(lambda: t.js("GET", N + "/t2/configmaps/kube-root-ca.crt")[0]
              == 200)
    print("root ca:", bool(kr))
    if has_token_secrets(t):
        sec = wait(lambda: [i for i in t.js("GET", N + "/t2/secrets")[1][
            "items"] if i["type"] == "kubernetes.io/service-account-token"])
        print("token secret:", bool(sec), sorted(sec[0]["data"]),
              sorted(sec[0]["metadata"]["annotations"]),
              re.sub("-.....$", "", sec[0]["metadata"]["name"]))
    t.js("POST", N + "/t2/configmaps",
         cm("hold", ns="t2", finalizers=["example.com/hold"]))
    s, o = t.js("DELETE", N + "/t2")
    print("ns delete", s, o["kind"], o.get("status"))
    s, o = t.js("POST", N + "/t2/configmaps", cm("late", ns="t2"))
    show("create while terminating", s, o)
    s, o = t.js("PATCH", N + "/t2/configmaps/late?fieldManager=m",
                cm("late", ns="t2"), APPLY)
    show("apply while terminating", s, o)
    s, o = t.js("POST", N, {"apiVersion": "v1", "kind": "Namespace",
                            "metadata": {"name": "t2"}})
    show("create terminating ns", s, o)

    def conds():
        o = t.js("GET", N + "/t2")[1]
        cs = o.get("status", {}).get("conditions") or []
        return any(c["type"] == "NamespaceFinalizersRemaining" and
                   c["status"] == "True" for c in cs) and cs
    cs = wait(conds)
    print("ns conditions", sorted((c["type"], c["status"], c["reason"],
                                   c["message"]) for c in cs or []))
    t.js("PATCH", N + "/t2/configmaps/hold",
         {"metadata": {"finalizers": None}}, MERGE)
    print("ns gone:", bool(wait(lambda: t.raw("GET", N + "/t2")[0] == 404)))


def webhooks(t):
    A = "/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations"
    N = "/api/v1/namespaces"
    t.js("POST", N, {"apiVersion": "v1", "kind": "Namespace",
                     "metadata": {"name": "t3", "labels": {"hooked": "y"}}})
    hook = {"apiVersion": "admissionregistration.k8s.io/v1",
            "kind": "ValidatingWebhookConfiguration",
            "metadata": {"name": "hook"},
            "webhooks": [{
                "name": "v.hook.example.com", "failurePolicy": "Fail",
                "sideEffects": "None", "admissionReviewVersions": ["v1"],
                "namespaceSelector": {"matchLabels": {"hooked": "y"}},
                "clientConfig": {"service": {
                    "name": "hook", "namespace": "t3", "path": "/v"}},
                "rules": [{"apiGroups": [""], "apiVersions": ["v1"],
                           "operations": ["CREATE"],
                           "resources": ["configmaps"]}]}]}
    s, o = t.js("POST", A, hook)
    print("webhook", s, o["webhooks"][0].get("matchPolicy"),
          o["webhooks"][0].get("timeoutSeconds"))
    u = N + "/t3/configmaps"

    def refused():
        return t.raw("POST", u + "?dryRun=All", cm("x", ns="t3"))[0] == 500
    print("refused:", bool(wait(refused)))
    s, o = t.js("POST", u, cm("x", ns="t3"))
    show("webhook without service", s, o)
    t.js("POST", N + "/t3/services",
         {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "hook"},
          "spec": {"ports": [{"port": 443}]}})
    wait(lambda: "endpoints" in str(t.js("POST", u + "?dryRun=All",
                                         cm("x", ns="t3"))[1]))
    s, o = t.js("POST", u, cm("x", ns="t3"))
    show("webhook without endpoints", s, o)
    s, o = t.js("PATCH", u + "/x?fieldManager=m", cm("x", ns="t3"), APPLY)
    show("webhook on apply", s, o)
    t.js("DELETE", A + "/hook")
    print("accepted:", bool(wait(lambda: t.raw(
        "POST", u + "?dryRun=All", cm("x", ns="t3"))[0] == 201)))
    t.js("DELETE", N + "/t3")


def apiservices(t):
    A = "/apis/apiregistration.k8s.io/v1/apiservices"
    s, o = t.js("POST", A, {
        "apiVersion": "apiregistration.k8s.io/v1", "kind": "APIService",
        "metadata": {"name": "v1.down.example.com"},
        "spec": {"group": "down.example.com", "version": "v1",
                 "groupPriorityMinimum": 100, "versionPriority": 100,
                 "insecureSkipTLSVerify": True,
                 "service": {"name": "no", "namespace": "t1"}}})
    print("apiservice", s)

    def cond():
        o = t.js("GET", A + "/v1.down.example.com")[1]
        return [c for c in o.get("status", {}).get("conditions") or []
                if c["type"] == "Available"]
    c = wait(cond)[0]
    print("available", c["status"], c["reason"], c["message"])
    g = wait(lambda: "down.example.com" in [
        g["name"] for g in t.js("GET", "/apis")[1]["groups"]])
    print("listed:", bool(g))
    wait(lambda: t.raw("GET", "/apis/down.example.com/v1")[0] == 503)
    s, h, d = t.raw("GET", "/apis/down.example.com/v1")
    print("down", s, d)
    s, o = t.js("GET", A + "/v1.")
    print("local", s, o["metadata"].get("labels"), o["spec"].get("service"))
    t.js("DELETE", A + "/v1.down.example.com")


def workload(kind):
    return {"apiVersion": "apps/v1", "kind": kind, "metadata": {"name": "n"},
            "spec": {"selector": {"matchLabels": {"a": "b"}}, "template": {
                "metadata": {"labels": {"a": "b"}}, "spec": {"containers": [
                    {"name": "c", "image": "i"}]}}}}


def counts(t):
    """A status that counts more than there is."""
    A = "/apis/apps/v1/namespaces/t1/"
    for kind in ("Deployment", "ReplicaSet", "StatefulSet"):
        u = A + kind.lower() + "s"
        body = workload(kind)
        body["spec"]["replicas"] = 0
        t.js("POST", u, body)
        for status in ({"replicas": 1, "updatedReplicas": 2},
                       {"replicas": 1, "readyReplicas": 2},
                       {"replicas": 3, "readyReplicas": 1,
                        "availableReplicas": 2},
                       {"replicas": 3, "readyReplicas": 1}):
            # A controller may be quicker than what is kept.
            s, o = t.js("PATCH", u + "/n/status?dryRun=All",
                        {"status": status}, MERGE)
            show("%s %s" % (kind, json.dumps(status)), s, o)
        t.js("DELETE", u + "/n")


def addresses(t):
    """Ways to write an address that a network needs no two of."""
    P = "/apis/networking.k8s.io/v1/namespaces/t1/networkpolicies?dryRun=All"
    for cidr in ("192.0.2.17/24", "192.0.02.0/24", "192.0.2.0/024",
                 "::ffff:192.0.2.0/120", "1.2.3", "192.0.2.0/24"):
        s, o = t.js("POST", P, {
            "apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy",
            "metadata": {"name": "n"}, "spec": {"podSelector": {}, "ingress": [
                {"from": [{"ipBlock": {"cidr": cidr}}]}]}})
        show("ipBlock " + cidr, s, o)
    s, o = t.js("POST", "/api/v1/namespaces/t1/services?dryRun=All", {
        "apiVersion": "v1", "kind": "Service", "metadata": {"name": "n"},
        "spec": {"ports": [{"port": 80}], "externalIPs": ["192.0.02.1"]}})
    show("externalIPs 192.0.02.1", s, o)
    s, o = t.js("POST", "/api/v1/namespaces/t1/endpoints?dryRun=All", {
        "apiVersion": "v1", "kind": "Endpoints", "metadata": {"name": "n"},
        "subsets": [{"addresses": [{"ip": "192.0.02.1"}],
                     "ports": [{"port": 80}]}]})
    show("endpoints 192.0.02.1", s, o)


def main():
    url = sys.argv[1]
    t = Talk(url, sys.argv[2])
    X = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions/"
    t.js("DELETE", X + "widgets.t.example.com")
    wait(lambda: t.raw("GET", X + "widgets.t.example.com")[0] == 404)
    for n in ("t1", "t2", "t3"):
        t.js("DELETE", "/api/v1/namespaces/" + n)
        wait(lambda: t.raw("GET", "/api/v1/namespaces/" + n)[0] == 404)
    t.js("POST", "/api/v1/namespaces",
         {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name":
                                                                "t1"}})
    account = "/api/v1/namespaces/t1/serviceaccounts/default"
    wait(lambda: t.raw("GET", account)[0] == 200 and
         (not has_token_secrets(t) or t.js("GET", account)[1].get("secrets")))
    parts = [errors, rbac, applies, crds, lists, services, owners,
             namespaces, webhooks, apiservices, counts]
    if minor(t) >= 36:
        parts.append(addresses)
    only = sys.argv[4:]
    for f in parts:
        if only and f.__name__ not in only:
            continue
        print("== " + f.__name__)
        try:
            f(t)
        except (KeyError, TypeError, IndexError) as e:
            print("stopped by %r at line %d"
                  % (e, e.__traceback__.tb_next.tb_lineno))
    t.js("DELETE", "/api/v1/namespaces/t1")


main()
