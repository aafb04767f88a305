"""Loads, wipes and prints the platform's Kubernetes objects, over plain HTTP:
a client independent of what is being tested, the same on every server."""

import glob
import http.client
import json
import os
import sys
import time
from urllib.parse import quote, urlsplit

from .kubeconf import Config

HERE = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
NAMESPACES = ("production", "staging", "infrastructure", "monitoring")
APPLY = "application/apply-patch+yaml"
AGGREGATED = ("application/json;g=apidiscovery.k8s.io;v=v2;"
              "as=APIGroupDiscoveryList,application/json")
CRDS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"

# Never compared: what a cluster makes by itself.
DERIVED = {"events", "events.events.k8s.io", "endpoints",
           "endpointslices.discovery.k8s.io", "leases.coordination.k8s.io",
           "nodes", "csinodes.storage.k8s.io", "componentstatuses",
           "volumeattachments.storage.k8s.io",
           "flowschemas.flowcontrol.apiserver.k8s.io",
           "prioritylevelconfigurations.flowcontrol.apiserver.k8s.io",
           "controllerrevisions.apps"}
META = ("uid", "resourceVersion", "generation", "creationTimestamp",
        "selfLink", "managedFields", "deletionTimestamp",
        "deletionGracePeriodSeconds")
ANNOTATIONS = ("deployment.kubernetes.io/revision",
               "deprecated.daemonset.template.generation",
               "pv.kubernetes.io/bind-completed",
               "pv.kubernetes.io/bound-by-controller",
               "volume.beta.kubernetes.io/storage-provisioner",
               "volume.kubernetes.io/storage-provisioner",
               "volume.kubernetes.io/selected-node",
               "autoscaling.alpha.kubernetes.io/conditions",
               "autoscaling.alpha.kubernetes.io/current-metrics",
               "control-plane.alpha.kubernetes.io/leader",
               "kubectl.kubernetes.io/last-applied-configuration")


class ApiError(Exception):
    def __init__(self, code, what, text):
        super().__init__("%s: %d %s" % (what, code, text))
        self.code = code


class Client:
    def __init__(self, kubeconfig):
        self.config = Config(kubeconfig)
        u = urlsplit(self.config.server)
        if self.config.tls:
            self.conn = http.client.HTTPSConnection(
                u.hostname, u.port, context=self.config.tls, timeout=60)
        else:
            self.conn = http.client.HTTPConnection(u.hostname, u.port,
                                                   timeout=60)
        self.resources = []
        self.discover()

    def send(self, method, path, body, headers):
        for attempt in (1, 2, 3):
            try:
                self.conn.request(method, path, body=body, headers=headers)
                r = self.conn.getresponse()
                return r, r.read()
            except (http.client.HTTPException, OSError):
                self.conn.close()
                if attempt == 3:
                    raise

    def call(self, method, path, body=None, ctype="application/json",
             accept="application/json"):
        headers = {"Accept": accept,
                   "User-Agent": "platform/1"}
        if self.config.token:
            headers["Authorization"] = "Bearer " + self.config.token
        if body is not None:
            headers["Content-Type"] = ctype
            body = json.dumps(body).encode()
        # 429: a definition's storage is being made anew; every client of
        # an API server comes back later.
        for _ in range(60):
            r, data = self.send(method, path, body, headers)
            if r.status != 429:
                break
            time.sleep(0.5)
        if r.status >= 400:
            raise ApiError(r.status, "%s %s" % (method, path),
                           data.decode("utf-8", "replace")[:400])
        return json.loads(data) if data else None

    def discover(self):
        """(group, version, preferred, resource) of all that can be listed."""
        found = []
        gvs = [("", "v1", True)]
        for g in self.call("GET", "/apis")["groups"]:
            for v in g["versions"]:
                gvs.append((g["name"], v["version"], v["version"] ==
                            g["preferredVersion"]["version"]))
        for g, v, pref in gvs:
            try:
                rs = self.call("GET", "/apis/%s/%s" % (g, v) if g
                               else "/api/v1")["resources"]
            except ApiError as e:
                if e.code == 503 or e.code == 404:
                    continue
                raise
            for r in rs:
                if "/" not in r["name"] and "list" in r["verbs"]:
                    found.append((g, v, pref, r))
        self.resources = found

    def groups(self):
        """A definition's own comes a little after it, and goes so too."""
        return [g["name"] for g in self.call("GET", "/apis")["groups"]]

    def serves(self, group, version, plural):
        """Whether who asks what there is is told of it, in either form of
        discovery: each comes a little after the definition by itself."""
        if group not in self.groups():
            return False
        try:
            found = self.call("GET", self.base(group, version))["resources"]
        except ApiError as e:
            if e.code in (404, 503):
                return False
            raise
        return any(r["name"] == plural for r in found) and \
            self.aggregates(group, version, plural)

    def aggregates(self, group, version, plural):
        """Servers before 1.26 answer with a list of groups."""
        doc = self.call("GET", "/apis", accept=AGGREGATED)
        if doc["kind"] != "APIGroupDiscoveryList":
            return True
        return any(r["resource"] == plural
                   for g in doc["items"] if g["metadata"]["name"] == group
                   for v in g["versions"] if v["version"] == version
                   for r in v.get("resources") or [])

    def path_of(self, obj):
        """The URL of an object, in a served version of its kind; obj's
        apiVersion is changed where the server has only another one."""
        group, _, version = obj["apiVersion"].rpartition("/")
        best = None
        for g, v, pref, r in self.resources:
            if g == group and r["kind"] == obj["kind"]:
                if v == version:
                    best = (g, v, r)
                    break
                if best is None or pref:
                    best = (g, v, r)
        if best is None:
            raise SystemExit("no resource for %s %s"
                             % (obj["apiVersion"], obj["kind"]))
        g, v, r = best
        obj["apiVersion"] = "%s/%s" % (g, v) if g else v
        return self.base(g, v) + (
            "/namespaces/" + obj["metadata"]["namespace"]
            if r["namespaced"] else "") + "/%s/%s" % (
                r["name"], quote(obj["metadata"]["name"], safe=""))

    @staticmethod
    def base(group, version):
        return "/apis/%s/%s" % (group, version) if group else "/api/v1"

    def apply(self, obj):
        path = self.path_of(obj)
        for ref in obj["metadata"].get("ownerReferences", []):
            owner = {"apiVersion": ref["apiVersion"], "kind": ref["kind"],
                     "metadata": {"name": ref["name"], "namespace":
                                  obj["metadata"].get("namespace")}}
            ref["uid"] = self.call("GET", self.path_of(owner)
                                   )["metadata"]["uid"]
        return self.call("PATCH", path + "?fieldManager=platform&force=true",
                         obj, APPLY)

    def wait(self, what, fn, seconds=120):
        end = time.time() + seconds
        while True:
            try:
                if fn():
                    return
            except ApiError as e:
                if e.code != 404:
                    raise
            if time.time() > end:
                raise SystemExit("gave up waiting for " + what)
            time.sleep(0.1)

    def list(self, path):
        """Every item, page by page."""
        token = ""
        while True:
            page = self.call("GET", "%s?limit=500%s" % (
                path, "&continue=" + quote(token) if token else ""))
            for item in page["items"]:
                yield item
            token = page["metadata"].get("continue")
            if not token:
                return


def read(pattern):
    out = []
    for name in sorted(glob.glob(os.path.join(HERE, pattern))):
        with open(name, encoding="utf-8") as f:
            out.append(json.load(f))
    return out


def rank(obj):
    """Owners before what they own; ServiceAccounts and claims first."""
    kinds = ["Namespace", "StorageClass", "PriorityClass", "IngressClass",
             "ServiceAccount", "Secret", "ConfigMap"]
    depth = {"release-train-car": 1, "a-seat-in-the-car": 2}.get(
        obj["metadata"]["name"], 0)
    owned = len(obj["metadata"].get("ownerReferences", [])) * 10
    k = obj["kind"]
    return (owned + depth, kinds.index(k) if k in kinds else 9)


def load(kubeconfig):
    c = Client(kubeconfig)
    crds = read("crds/*.json")
    for crd in crds:
        c.apply(crd)
    for crd in crds:
        name = crd["metadata"]["name"]

        def established():
            st = c.call("GET", CRDS + "/" + name).get("status") or {}
            return any(x["type"] == "Established" and x["status"] == "True"
                       for x in st.get("conditions") or [])
        c.wait("CRD " + name, established)
        group, plural = crd["spec"]["group"], crd["spec"]["names"]["plural"]
        for v in (v["name"] for v in crd["spec"]["versions"] if v["served"]):
            c.wait("kind of " + name, lambda: c.call(
                "GET", "/apis/%s/%s/%s?limit=1" % (group, v, plural))
                and c.serves(group, v, plural))
    c.discover()
    objs = read("manifests/*/*.json")
    for obj in sorted(objs, key=rank):
        c.apply(obj)
    print("%d objects and %d CRDs loaded" % (len(objs), len(crds)))


def wipe(kubeconfig):
    c = Client(kubeconfig)

    def drop(path):
        try:
            c.call("DELETE", path)
        except ApiError as e:
            if e.code not in (404, 409):
                raise
    for ns in NAMESPACES:
        drop("/api/v1/namespaces/" + ns)
    # The definitions last: a namespace empties itself through them.
    for ns in NAMESPACES:
        c.wait("the end of namespace " + ns, lambda: gone(
            c, "/api/v1/namespaces/" + ns))
    for obj in read("manifests/_cluster/*.json"):
        if obj["kind"] == "Namespace":
            continue
        try:
            drop(c.path_of(obj))
        except SystemExit:
            pass        # its CRD is gone already
    crds = read("crds/*.json")
    for crd in crds:
        drop(CRDS + "/" + crd["metadata"]["name"])
    for crd in crds:
        name = crd["metadata"]["name"]
        c.wait("the end of CRD " + name, lambda: gone(c, CRDS + "/" + name)
               and crd["spec"]["group"] not in c.groups())


def gone(c, path):
    try:
        c.call("GET", path)
    except ApiError as e:
        if e.code == 404:
            return True
        raise
    return False


def skip(what, obj):
    meta = obj["metadata"]
    labels = meta.get("labels") or {}
    name = meta["name"]
    if any(r.get("controller") and r["kind"] in (
            "ReplicaSet", "Deployment", "StatefulSet", "DaemonSet", "Job",
            "CronJob") for r in meta.get("ownerReferences") or []):
        return True
    if what == "namespaces":
        return name not in NAMESPACES and name.startswith("kube-") or \
            name == "default"
    return (what == "configmaps" and name == "kube-root-ca.crt"
            or what == "serviceaccounts" and name == "default"
            or what == "secrets" and obj.get("type") ==
            "kubernetes.io/service-account-token"
            or "kubernetes.io/bootstrapping" in labels
            or "kube-aggregator.kubernetes.io/automanaged" in labels
            or name.startswith(("system:", "system-")))


def claimed_ports(meta):
    """Node ports somebody asked for, told from those given out: port keys
    under which a field manager holds nodePort."""
    out = set()
    for m in meta.get("managedFields") or []:
        ports = m.get("fieldsV1", {}).get("f:spec", {}).get("f:ports", {})
        for k, v in ports.items():
            if "f:nodePort" in v and k.startswith("k:"):
                out.add(json.loads(k[2:]).get("port"))
    return out


def normalise(obj):
    """Without what a server owns; equal before and after a restore."""
    meta = obj["metadata"]
    explicit = claimed_ports(meta)
    for k in META:
        meta.pop(k, None)
    for r in meta.get("ownerReferences") or []:
        r.pop("uid", None)
    notes = meta.get("annotations") or {}
    for k in ANNOTATIONS:
        notes.pop(k, None)
    if not notes:
        meta.pop("annotations", None)
    obj.pop("status", None)
    spec = obj.get("spec") if isinstance(obj.get("spec"), dict) else {}
    kind = obj["kind"]
    if kind == "Service":
        if spec.get("clusterIP") != "None":
            spec.pop("clusterIP", None)
            spec.pop("clusterIPs", None)
        spec.pop("healthCheckNodePort", None)
        for p in spec.get("ports") or []:
            if p.get("port") not in explicit:
                p.pop("nodePort", None)
    elif kind == "ServiceAccount":
        left = [s for s in obj.get("secrets") or []
                if "-token-" not in s.get("name", "")]
        obj.pop("secrets", None)
        if left:
            obj["secrets"] = left
    elif kind == "Job" and not spec.get("manualSelector"):
        spec.pop("selector", None)
        for m in (meta, spec["template"]["metadata"]):
            for k in ("controller-uid", "batch.kubernetes.io/controller-uid",
                      "job-name", "batch.kubernetes.io/job-name"):
                (m.get("labels") or {}).pop(k, None)
            if not m.get("labels"):
                m.pop("labels", None)
    elif kind == "PersistentVolume":
        for k in ("uid", "resourceVersion"):
            (spec.get("claimRef") or {}).pop(k, None)
    return obj


def dump(kubeconfig, out=sys.stdout):
    """One JSON line for each object that a restore must bring back."""
    c = Client(kubeconfig)
    lines = []
    # One version of each; a group's preferred one may not have the resource.
    chosen = {}
    for g, v, pref, r in c.resources:
        if pref or (g, r["name"]) not in chosen:
            chosen[g, r["name"]] = (g, v, r)
    for g, v, r in chosen.values():
        what = r["name"] + ("." + g if g else "")
        if what in DERIVED or g == "extensions":
            continue
        for obj in c.list(c.base(g, v) + "/" + r["name"]):
            ns = obj["metadata"].get("namespace", "")
            if r["namespaced"] and ns not in NAMESPACES:
                continue
            if skip(what, obj):
                continue
            obj.setdefault("kind", r["kind"])
            obj["apiVersion"] = "%s/%s" % (g, v) if g else v
            lines.append("%s %s %s %s" % (
                what, ns or "-", obj["metadata"]["name"],
                json.dumps(normalise(obj), sort_keys=True,
                           ensure_ascii=False)))
    for line in sorted(lines):
        print(line, file=out)
