"""What the controllers of a cluster do beside the API: namespaces, garbage
collection, CRDs, service accounts and, on request, running workloads.

One thread works off timed tasks; everything it does takes the store's lock.
"""

import base64
import heapq
import itertools
import json
import os
import threading
import time
import traceback

from .rbac import service_account
from .store import new_uid, now

ROOT_CA = ("-----BEGIN CERTIFICATE-----\nc2ltdWxhdGVk\n"
           "-----END CERTIFICATE-----\n")


class Scheduler:
    def __init__(self):
        self.cond = threading.Condition()
        self.heap = []
        self.order = itertools.count()

    def after(self, seconds, fn, *args):
        with self.cond:
            heapq.heappush(self.heap, (time.monotonic() + seconds,
                                       next(self.order), fn, args))
            self.cond.notify()

    def run(self):
        while True:
            with self.cond:
                while not self.heap or self.heap[0][0] > time.monotonic():
                    self.cond.wait(self.heap[0][0] - time.monotonic()
                                   if self.heap else None)
                _, _, fn, args = heapq.heappop(self.heap)
            try:
                fn(*args)
            except Exception:
                traceback.print_exc()


def condition(type_, status, reason, message):
    return {"type": type_, "status": status, "lastTransitionTime": now(),
            "reason": reason, "message": message}


class Controllers:
    def __init__(self, api, options):
        self.api = api
        self.store = api.store
        self.o = options
        self.tasks = Scheduler()
        self.store.hooks.append(self.on_event)

    def start(self):
        threading.Thread(target=self.tasks.run, daemon=True).start()

    def on_event(self, kind, rec, old):
        """Called under the store's lock for each change."""
        res, meta = rec.res, rec.obj["metadata"]
        later = self.tasks.after
        if kind != "DELETED":
            if meta.get("ownerReferences"):
                later(self.o.gc_delay, self.check_owners, res, rec.ns,
                      rec.name, rec.uid)
            if meta.get("deletionTimestamp") and not (
                    old and old.obj["metadata"].get("deletionTimestamp")):
                fin = meta.get("finalizers") or []
                if "foregroundDeletion" in fin or "orphan" in fin:
                    later(self.o.gc_delay, self.finalize, res, rec.ns,
                          rec.name, rec.uid)
        elif rec.uid in self.store.dependents:
            later(self.o.gc_delay, self.collect, rec.uid)
        if res.crd:
            return
        handler = getattr(self, "_on_" + res.plural, None)
        if handler:
            handler(kind, rec, old)

    # --- namespaces and service accounts

    def _on_namespaces(self, kind, rec, old):
        if kind == "ADDED":
            self.tasks.after(self.o.ns_delay / 2, self.furnish, rec.name)
        elif kind == "MODIFIED" and \
                rec.obj["metadata"].get("deletionTimestamp"):
            if not old.obj["metadata"].get("deletionTimestamp"):
                self.tasks.after(self.o.ns_delay, self.empty, rec.name,
                                 rec.uid)

    def furnish(self, ns):
        rec = self.store.get(self.api.res("", "namespaces"), "", ns)
        if rec is None or rec.obj["metadata"].get("deletionTimestamp"):
            return
        self.put("", "configmaps", ns, "kube-root-ca.crt",
                 {"data": {"ca.crt": self.api.root_ca or ROOT_CA}})
        self.put("", "serviceaccounts", ns, "default", {})

    def put(self, group, plural, ns, name, body, labels=None, owner=None,
            status=None, annotations=None):
        """Creates an object as a controller would, if it is not there."""
        res = self.api.res(group, plural)
        with self.store.lock:
            have = self.store.get(res, ns, name)
            if have:
                return have
            meta = {"name": name, "uid": new_uid(),
                    "creationTimestamp": now()}
            if ns:
                meta["namespace"] = ns
            if labels:
                meta["labels"] = labels
            if annotations:
                meta["annotations"] = annotations
            if owner:
                meta["ownerReferences"] = [owner]
            if res.generation:
                meta["generation"] = 1
            obj = {"metadata": meta}
            obj.update(json.loads(json.dumps(body)))
            if status is not None:
                obj["status"] = status
            return self.store.save(res, obj)

    def _on_serviceaccounts(self, kind, rec, old):
        if kind == "ADDED" and self.o.release == "1.20":
            self.tasks.after(self.o.ns_delay / 2, self.token, rec.ns,
                             rec.name)
        elif kind == "DELETED":
            for r in self.store.table(self.api.res("", "secrets")).scan(
                    rec.ns):
                a = r.obj["metadata"].get("annotations") or {}
                if a.get("kubernetes.io/service-account.uid") == rec.uid:
                    self.tasks.after(0, self.api.delete_record, r, None)

    def token(self, ns, name):
        """The token Secret that 1.20 makes for each ServiceAccount."""
        res = self.api.res("", "serviceaccounts")
        with self.store.lock:
            rec = self.store.get(res, ns, name)
            if rec is None or rec.obj["metadata"].get("deletionTimestamp"):
                return
            secrets = self.store.table(self.api.res("", "secrets"))
            have = {r.name for r in secrets.scan(ns)
                    if r.obj.get("type") ==
                    "kubernetes.io/service-account-token"}
            if any(s.get("name") in have
                   for s in rec.obj.get("secrets") or []):
                return
            secret = "%s-token-%s" % (name, new_uid()[-5:])
            self.put("", "secrets", ns, secret,
                     {"type": "kubernetes.io/service-account-token"},
                     annotations={
                         "kubernetes.io/service-account.name": name,
                         "kubernetes.io/service-account.uid": rec.uid})
            obj = rec.copy()
            obj["secrets"] = (obj.get("secrets") or []) + [{"name": secret}]
            self.store.save(res, obj)

    def _on_secrets(self, kind, rec, old):
        """Fills a service-account-token Secret, whoever made it."""
        if kind != "ADDED" or rec.obj.get("type") != \
                "kubernetes.io/service-account-token":
            return
        if not (rec.obj.get("data") or {}).get("token"):
            self.tasks.after(0, self.fill_token, rec.ns, rec.name)

    def fill_token(self, ns, name):
        with self.store.lock:
            rec = self.store.get(self.api.res("", "secrets"), ns, name)
            if rec is None:
                return
            obj = rec.copy()
            a = obj["metadata"].setdefault("annotations", {})
            sa = self.store.get(self.api.res("", "serviceaccounts"), ns,
                                a.get("kubernetes.io/service-account.name",
                                      ""))
            if sa is None:
                return self.api.delete_record(rec, None)
            a["kubernetes.io/service-account.uid"] = sa.uid
            token = self.api.new_token(service_account(ns, sa.name))
            obj.setdefault("data", {}).update({
                "ca.crt": base64.b64encode(
                    (self.api.root_ca or ROOT_CA).encode()).decode(),
                "namespace": base64.b64encode(ns.encode()).decode(),
                "token": base64.b64encode(token.encode()).decode()})
            self.store.save(rec.res, obj)

    def empty(self, name, uid):
        """Deletes what a terminating namespace holds, then itself."""
        nsres = self.api.res("", "namespaces")
        rec = self.store.get(nsres, "", name)
        if rec is None or rec.uid != uid:
            return
        left, fins = {}, {}
        for res in self.api.all_resources():
            if not res.namespaced or "list" not in res.verbs:
                continue
            with self.store.lock:
                recs = self.store.table(res).scan(name)
                for r in recs:
                    if not r.obj["metadata"].get("deletionTimestamp"):
                        self.api.delete_record(r, None)
                for r in self.store.table(res).scan(name):
                    what = res.plural + ("." + res.group if res.group else "")
                    left[what] = left.get(what, 0) + 1
                    for f in r.obj["metadata"].get("finalizers") or []:
                        fins[f] = fins.get(f, 0) + 1
        with self.store.lock:
            rec = self.store.get(nsres, "", name)
            if rec is None:
                return
            if not left:
                rest = [f for f in rec.obj["metadata"].get("finalizers")
                        or []]
                if not rest:
                    self.store.remove(rec)
                    return
            obj = rec.copy()
            obj.setdefault("status", {})["conditions"] = self._ns_conditions(
                left, fins)
            old = rec.obj.get("status", {}).get("conditions") or []

            def bare(cs):
                return [(c["type"], c["status"], c["message"]) for c in cs]
            if bare(old) != bare(obj["status"]["conditions"]):
                self.store.save(nsres, obj)
        self.tasks.after(0.2, self.empty, name, uid)

    @staticmethod
    def _ns_conditions(left, fins):
        def listed(d, text):
            return ", ".join(text % (k, d[k]) for k in sorted(d))
        return [
            condition("NamespaceDeletionDiscoveryFailure", "False",
                      "ResourcesDiscovered",
                      "All resources successfully discovered"),
            condition("NamespaceDeletionGroupVersionParsingFailure", "False",
                      "ParsedGroupVersions",
                      "All legacy kube types successfully parsed"),
            condition("NamespaceDeletionContentFailure", "False",
                      "ContentDeleted",
                      "All content successfully deleted, may be waiting on "
                      "finalization"),
            condition("NamespaceContentRemaining",
                      "True" if left else "False",
                      "SomeResourcesRemain" if left else "ContentRemoved",
                      "Some resources are remaining: " + listed(
                          left, "%s has %d resource instances").replace(
                              " has", ". has") if left
                      else "All content successfully removed"),
            condition("NamespaceFinalizersRemaining",
                      "True" if fins else "False",
                      "SomeFinalizersRemain" if fins
                      else "ContentHasNoFinalizers",
                      "Some content in the namespace has finalizers "
                      "remaining: " + listed(
                          fins, "%s in %d resource instances") if fins
                      else "All content-preserving finalizers finished"),
        ]

    # --- garbage collection

    def owner_alive(self, ref, rec):
        owner = self.store.find_uid(ref.get("uid"))
        return (owner is not None and owner.name == ref.get("name")
                and owner.ns in ("", rec.ns))

    def check_owners(self, res, ns, name, uid):
        with self.store.lock:
            rec = self.store.get(res, ns, name)
            if rec is None or rec.uid != uid:
                return
            refs = rec.obj["metadata"].get("ownerReferences") or []
            alive = [r for r in refs if self.owner_alive(r, rec)]
            if refs and not alive:
                self.api.delete_record(rec, None)
            elif len(alive) != len(refs):
                obj = rec.copy()
                obj["metadata"]["ownerReferences"] = alive
                self.store.save(res, obj)

    def collect(self, uid):
        for rec in self.store.dependents_of(uid):
            self.check_owners(rec.res, rec.ns, rec.name, rec.uid)

    def finalize(self, res, ns, name, uid):
        """Foreground and orphan deletion."""
        with self.store.lock:
            rec = self.store.get(res, ns, name)
            if rec is None or rec.uid != uid:
                return
            fins = rec.obj["metadata"].get("finalizers") or []
            deps = self.store.dependents_of(uid)
            if "orphan" in fins:
                for d in deps:
                    obj = d.copy()
                    obj["metadata"]["ownerReferences"] = [
                        r for r in obj["metadata"]["ownerReferences"]
                        if r["uid"] != uid]
                    if not obj["metadata"]["ownerReferences"]:
                        del obj["metadata"]["ownerReferences"]
                    self.store.save(d.res, obj)
                deps = []
            for d in deps:
                if not d.obj["metadata"].get("deletionTimestamp"):
                    self.api.delete_record(d, "Foreground"
                                           if self.store.dependents_of(d.uid)
                                           else None)
            deps = self.store.dependents_of(uid)
            if "foregroundDeletion" in fins and any(
                    r.get("blockOwnerDeletion")
                    for d in deps
                    for r in d.obj["metadata"].get("ownerReferences") or []
                    if r["uid"] == uid):
                self.tasks.after(0.1, self.finalize, res, ns, name, uid)
                return
            self.api.drop_finalizers(rec, ("orphan", "foregroundDeletion"))

    # --- finalizers the cluster itself holds

    def _on_persistentvolumeclaims(self, kind, rec, old):
        self._protect(kind, rec, "kubernetes.io/pvc-protection")

    def _on_persistentvolumes(self, kind, rec, old):
        self._protect(kind, rec, "kubernetes.io/pv-protection")

    def _protect(self, kind, rec, fin):
        meta = rec.obj["metadata"]
        if kind == "MODIFIED" and meta.get("deletionTimestamp") and \
                fin in (meta.get("finalizers") or []):
            self.tasks.after(0.05, self._unprotect, rec.res, rec.ns,
                             rec.name, fin)

    def _unprotect(self, res, ns, name, fin):
        with self.store.lock:
            rec = self.store.get(res, ns, name)
            if rec and rec.obj["metadata"].get("deletionTimestamp"):
                self.api.drop_finalizers(rec, (fin,))

    # --- custom resource definitions

    def _on_customresourcedefinitions(self, kind, rec, old):
        if kind == "DELETED":
            self.api.unserve(rec)
            self.tasks.after(0, self.crd_apiservices, rec.obj["spec"]["group"])
        elif rec.obj["metadata"].get("deletionTimestamp"):
            if not (old and old.obj["metadata"].get("deletionTimestamp")):
                self.tasks.after(self.o.crd_delay / 2, self.crd_cleanup,
                                 rec.name, rec.uid)
        elif kind == "ADDED":
            self.tasks.after(self.o.crd_delay, self.crd_establish, rec.name)
        elif self.established(rec.obj):
            self.api.serve(rec)
            self.tasks.after(0, self.crd_apiservices, rec.obj["spec"]["group"])

    @staticmethod
    def established(obj):
        return any(c["type"] == "Established" and c["status"] == "True"
                   for c in obj.get("status", {}).get("conditions") or [])

    def crd_establish(self, name):
        res = self.api.res("apiextensions.k8s.io",
                           "customresourcedefinitions")
        with self.store.lock:
            rec = self.store.get(res, "", name)
            if rec is None or self.established(rec.obj):
                return
            obj = rec.copy()
            names = obj["spec"]["names"]
            taken = self.api.names_taken(obj)
            st = obj.setdefault("status", {})
            if taken:
                st["conditions"] = [
                    condition("NamesAccepted", "False", "KindConflict",
                              taken),
                    condition("Established", "False", "NotAccepted",
                              "not all names are accepted")]
            else:
                st["conditions"] = [
                    condition("NamesAccepted", "True", "NoConflicts",
                              "no conflicts found"),
                    condition("Established", "True", "InitialNamesAccepted",
                              "the initial names have been accepted")]
                st["acceptedNames"] = names
            rec = self.store.save(res, obj)

    def crd_cleanup(self, name, uid):
        """A deleted CRD takes its custom resources along."""
        with self.store.lock:
            res = self.api.res("apiextensions.k8s.io",
                               "customresourcedefinitions")
            rec = self.store.get(res, "", name)
            if rec is None or rec.uid != uid:
                return
            served = self.api.served_by(rec)
            left = 0
            if served:
                for r in self.store.table(served).scan(""):
                    if not r.obj["metadata"].get("deletionTimestamp"):
                        self.api.delete_record(r, None)
                left = len(self.store.table(served).keys)
            if left:
                self.tasks.after(0.2, self.crd_cleanup, name, uid)
            else:
                self.api.drop_finalizers(
                    rec, ("customresourcecleanup.apiextensions.k8s.io",))

    # --- API services

    def local_apiservice(self, group, version, managed):
        """As the API server registers what it serves itself."""
        self.put("apiregistration.k8s.io", "apiservices", "",
                 "%s.%s" % (version, group),
                 {"spec": dict({"version": version, "groupPriorityMinimum":
                                18000, "versionPriority": 1},
                               **({"group": group} if group else {}))},
                 {"kube-aggregator.kubernetes.io/automanaged": managed},
                 status={"conditions": [{
                     "type": "Available", "status": "True",
                     "lastTransitionTime": "2020-01-01T00:00:00Z",
                     "reason": "Local",
                     "message": "Local APIServices are always available"}]})

    def crd_apiservices(self, group):
        """Those of a group of custom resources: as many as it has versions."""
        res = self.api.res("apiregistration.k8s.io", "apiservices")
        with self.store.lock:
            served = {v for r in self.api.custom.values() if r.group == group
                      for v in r.versions}
            for v in served:
                self.local_apiservice(group, v, "true")
            for rec in list(self.store.table(res).recs.values()):
                spec = rec.obj["spec"]
                if (spec.get("group") == group and not spec.get("service")
                        and spec["version"] not in served):
                    self.api.delete_record(rec, None)

    def _on_apiservices(self, kind, rec, old):
        if kind == "ADDED" and (rec.obj.get("spec") or {}).get("service"):
            self.tasks.after(0.1, self.apiservice_status, rec.name)

    def apiservice_status(self, name):
        res = self.api.res("apiregistration.k8s.io", "apiservices")
        with self.store.lock:
            rec = self.store.get(res, "", name)
            if rec is None:
                return
            svc = rec.obj["spec"]["service"]
            obj = rec.copy()
            where = (svc["name"], svc["namespace"])
            if self.store.get(self.api.res("", "services"), where[1],
                              where[0]) is None:
                c = condition("Available", "False", "ServiceNotFound",
                              'service/%s in "%s" is not present' % where)
            elif not self.endpoints_ready(where[1], where[0]):
                c = condition("Available", "False", "MissingEndpoints",
                              'endpoints for service/%s in "%s" have no '
                              "addresses with port name \"\"" % where)
            else:
                c = condition("Available", "True", "Passed",
                              "all checks passed")
            old = obj.get("status", {}).get("conditions") or []
            if [(o["status"], o["message"]) for o in old] != \
                    [(c["status"], c["message"])]:
                obj["status"] = {"conditions": [c]}
                self.store.save(res, obj)
        self.tasks.after(0.5, self.apiservice_status, name)

    def endpoints_ready(self, ns, name):
        rec = self.store.get(self.api.res("", "endpoints"), ns, name)
        return rec is not None and any(
            s.get("addresses") for s in rec.obj.get("subsets") or [])

    # --- services and workloads

    def _on_services(self, kind, rec, old):
        if kind == "DELETED":
            self.api.services.free(rec.uid)
            ep = self.store.get(self.api.res("", "endpoints"), rec.ns,
                                rec.name)
            if ep:
                self.tasks.after(0, self.api.delete_record, ep, None)
        elif rec.obj["spec"].get("selector"):
            self.tasks.after(0.05, self.endpoints, rec.ns, rec.name)

    def endpoints(self, ns, name):
        """Endpoints of a service with a selector, from its ready pods."""
        svc = self.store.get(self.api.res("", "services"), ns, name)
        if svc is None or not svc.obj["spec"].get("selector"):
            return
        sel = svc.obj["spec"]["selector"]
        ready = []
        for p in self.store.table(self.api.res("", "pods")).scan(ns):
            labels = p.obj["metadata"].get("labels") or {}
            if all(labels.get(k) == v for k, v in sel.items()) and \
                    p.obj.get("status", {}).get("podIP"):
                ready.append({"ip": p.obj["status"]["podIP"], "targetRef": {
                    "kind": "Pod", "namespace": ns, "name": p.name,
                    "uid": p.uid}})
        body = {}
        if ready:
            ports = [{"name": p.get("name", ""), "port": p["port"],
                      "protocol": p.get("protocol", "TCP")}
                     for p in svc.obj["spec"].get("ports") or []]
            body["subsets"] = [{"addresses": ready, "ports": ports}]
        with self.store.lock:
            rec = self.put("", "endpoints", ns, name, body)
            if (rec.obj.get("subsets") or []) != body.get("subsets", []):
                obj = rec.copy()
                obj.pop("subsets", None)
                obj.update(body)
                self.store.save(rec.res, obj)

    def _on_pods(self, kind, rec, old):
        if not self.o.run_pods:
            return
        if kind == "ADDED":
            self.tasks.after(self.o.run_pods, self.pod_ready, rec.ns,
                             rec.name)
        else:
            self._poke(rec.ns)

    def _poke(self, ns):
        for r in self.store.table(self.api.res("", "services")).scan(ns):
            self.tasks.after(0.02, self.endpoints, ns, r.name)

    def pod_ready(self, ns, name):
        with self.store.lock:
            rec = self.store.get(self.api.res("", "pods"), ns, name)
            if rec is None:
                return
            obj = rec.copy()
            n = int.from_bytes(os.urandom(2), "big")
            obj["status"].update({
                "phase": "Running",
                "podIP": "10.244.%d.%d" % (n >> 8, n & 255),
                "conditions": [condition("Ready", "True", "", "")]})
            self.store.save(rec.res, obj)

    def _on_deployments(self, kind, rec, old):
        if kind == "DELETED":
            return
        if self.o.run_pods:
            self.tasks.after(0.05, self.roll_out, rec.ns, rec.name)
        elif kind == "ADDED":
            self.tasks.after(0.05, self.observe, rec.res, rec.ns, rec.name)

    def observe(self, res, ns, name):
        with self.store.lock:
            rec = self.store.get(res, ns, name)
            if rec is None:
                return
            gen = rec.obj["metadata"].get("generation")
            if rec.obj.get("status", {}).get("observedGeneration") == gen:
                return
            obj = rec.copy()
            obj.setdefault("status", {})["observedGeneration"] = gen
            self.store.save(res, obj)

    def roll_out(self, ns, name):
        """A Deployment's ReplicaSet and pods; Available once they run."""
        dres = self.api.res("apps", "deployments")
        rec = self.store.get(dres, ns, name)
        if rec is None or rec.obj["metadata"].get("deletionTimestamp"):
            return
        spec = rec.obj["spec"]
        labels = spec["template"]["metadata"].get("labels") or {}

        def owner(kind, r, version):
            return {"apiVersion": version, "kind": kind, "name": r.name,
                    "uid": r.uid, "controller": True,
                    "blockOwnerDeletion": True}
        n = spec.get("replicas", 1)
        rs = self.put("apps", "replicasets", ns, name + "-5d4f8c7b9",
                      {"spec": {"replicas": n, "selector": spec["selector"],
                                "template": spec["template"]}}, labels,
                      owner("Deployment", rec, "apps/v1"),
                      {"replicas": n})
        ready = 0
        for i in range(n):
            pod = self.put("", "pods", ns, "%s-%05d" % (rs.name, i),
                           {"spec": dict(spec["template"]["spec"])}, labels,
                           owner("ReplicaSet", rs, "apps/v1"),
                           {"phase": "Pending"})
            ready += pod.obj["status"]["phase"] == "Running"
        with self.store.lock:
            rec = self.store.get(dres, ns, name)
            if rec is None:
                return
            done = ready == n
            status = {"observedGeneration":
                      rec.obj["metadata"]["generation"],
                      "replicas": n, "updatedReplicas": n,
                      "readyReplicas": ready, "availableReplicas": ready,
                      "conditions": [condition(
                          "Available", "True" if done else "False",
                          "MinimumReplicasAvailable" if done
                          else "MinimumReplicasUnavailable", "")]}
            old = rec.obj.get("status") or {}
            if (old.get("readyReplicas"), old.get("replicas"),
                    old.get("observedGeneration")) != \
                    (ready, n, status["observedGeneration"]):
                obj = rec.copy()
                obj["status"] = status
                self.store.save(dres, obj)
        if not done:
            self.tasks.after(max(self.o.run_pods, 0.05), self.roll_out, ns,
                             name)
