"""Defaults that matter to somebody who reads an object back, and the values
the server alone gives out: service addresses and node ports."""

import base64

from .status import bad_request, invalid


def _set(d, k, v):
    if d.get(k) is None:
        d[k] = v


def pod_spec(spec):
    _set(spec, "restartPolicy", "Always")
    _set(spec, "terminationGracePeriodSeconds", 30)
    _set(spec, "dnsPolicy", "ClusterFirst")
    _set(spec, "securityContext", {})
    _set(spec, "schedulerName", "default-scheduler")
    if spec.get("serviceAccountName"):
        _set(spec, "serviceAccount", spec["serviceAccountName"])
    for c in (spec.get("containers") or []) + (spec.get("initContainers")
                                               or []):
        _set(c, "resources", {})
        _set(c, "terminationMessagePath", "/dev/termination-log")
        _set(c, "terminationMessagePolicy", "File")
        image = c.get("image", "")
        tag = image.rsplit("/", 1)[-1].partition(":")[2]
        _set(c, "imagePullPolicy",
             "Always" if tag in ("", "latest") and "@" not in image
             else "IfNotPresent")
        for p in c.get("ports") or []:
            _set(p, "protocol", "TCP")
        for probe in ("livenessProbe", "readinessProbe", "startupProbe"):
            if c.get(probe):
                p = c[probe]
                for k, v in (("timeoutSeconds", 1), ("periodSeconds", 10),
                             ("successThreshold", 1),
                             ("failureThreshold", 3)):
                    _set(p, k, v)
                if p.get("httpGet"):
                    _set(p["httpGet"], "scheme", "HTTP")
                    _set(p["httpGet"], "path", "/")
        for e in c.get("env") or []:
            ref = (e.get("valueFrom") or {}).get("fieldRef")
            if ref:
                _set(ref, "apiVersion", "v1")
    for v in spec.get("volumes") or []:
        for k in ("configMap", "secret", "projected"):
            if v.get(k) is not None:
                _set(v[k], "defaultMode", 420)
        if set(v) == {"name"}:
            v["emptyDir"] = {}


def _template(spec):
    t = spec.setdefault("template", {})
    t.setdefault("metadata", {}).setdefault("creationTimestamp", None)
    pod_spec(t.setdefault("spec", {}))


def _deployment(o, new):
    spec = o.setdefault("spec", {})
    _set(spec, "replicas", 1)
    _template(spec)
    _set(spec, "strategy", {})
    _set(spec["strategy"], "type", "RollingUpdate")
    if spec["strategy"]["type"] == "RollingUpdate":
        _set(spec["strategy"], "rollingUpdate", {})
        _set(spec["strategy"]["rollingUpdate"], "maxUnavailable", "25%")
        _set(spec["strategy"]["rollingUpdate"], "maxSurge", "25%")
    _set(spec, "revisionHistoryLimit", 10)
    _set(spec, "progressDeadlineSeconds", 600)
    _set(o, "status", {})


def _replicaset(o, new):
    spec = o.setdefault("spec", {})
    _set(spec, "replicas", 1)
    _template(spec)
    _set(o, "status", {"replicas": 0})


def _statefulset(o, new):
    spec = o.setdefault("spec", {})
    _set(spec, "replicas", 1)
    _template(spec)
    _set(spec, "podManagementPolicy", "OrderedReady")
    _set(spec, "updateStrategy", {"type": "RollingUpdate",
                                  "rollingUpdate": {"partition": 0}})
    _set(spec, "revisionHistoryLimit", 10)
    for c in spec.get("volumeClaimTemplates") or []:
        _set(c, "apiVersion", "v1")
        _set(c, "kind", "PersistentVolumeClaim")
        _set(c.setdefault("spec", {}), "volumeMode", "Filesystem")
        _set(c, "status", {"phase": "Pending"})
    _set(o, "status", {"replicas": 0})


def _daemonset(o, new):
    spec = o.setdefault("spec", {})
    _template(spec)
    _set(spec, "updateStrategy", {"type": "RollingUpdate", "rollingUpdate":
                                  {"maxUnavailable": 1}})
    _set(spec, "revisionHistoryLimit", 10)
    _set(o, "status", {"currentNumberScheduled": 0, "numberMisscheduled": 0,
                       "desiredNumberScheduled": 0, "numberReady": 0})


def _job(o, new):
    spec = o.setdefault("spec", {})
    _template(spec)
    _set(spec, "parallelism", 1)
    _set(spec, "completions", 1)
    _set(spec, "backoffLimit", 6)
    if new and not spec.get("manualSelector"):
        uid = o["metadata"]["uid"]
        labels = spec["template"]["metadata"].setdefault("labels", {})
        _set(labels, "controller-uid", uid)
        _set(labels, "job-name", o["metadata"]["name"])
        if spec.get("selector"):
            raise invalid("Job", "batch", o["metadata"]["name"], [
                ("spec.selector", "Invalid value: %s: `selector` will be "
                 "auto-generated" % spec["selector"])])
        spec["selector"] = {"matchLabels": {"controller-uid": uid}}
    _set(o, "status", {})


def _cronjob(o, new):
    spec = o.setdefault("spec", {})
    _set(spec, "concurrencyPolicy", "Allow")
    _set(spec, "suspend", False)
    _set(spec, "successfulJobsHistoryLimit", 3)
    _set(spec, "failedJobsHistoryLimit", 1)
    t = spec.setdefault("jobTemplate", {})
    t.setdefault("metadata", {}).setdefault("creationTimestamp", None)
    _template(t.setdefault("spec", {}))
    _set(o, "status", {})


def _secret(o, new):
    if o.get("stringData"):
        data = o.setdefault("data", {}) or {}
        o["data"] = data
        for k, v in o["stringData"].items():
            data[k] = base64.b64encode(v.encode()).decode()
    o.pop("stringData", None)
    _set(o, "type", "Opaque")
    for k, v in (o.get("data") or {}).items():
        try:
            base64.b64decode(v, validate=True)
        except (ValueError, TypeError):
            raise bad_request(
                'Secret in version "v1" cannot be handled as a Secret: '
                "v1.Secret.Data: decode base64: illegal base64 data at input "
                "byte 0")


def _pvc(o, new):
    _set(o.setdefault("spec", {}), "volumeMode", "Filesystem")
    if new:
        o["metadata"].setdefault("finalizers",
                                 ["kubernetes.io/pvc-protection"])
        o["status"] = {"phase": "Pending"}


def _pv(o, new):
    spec = o.setdefault("spec", {})
    _set(spec, "persistentVolumeReclaimPolicy", "Retain")
    _set(spec, "volumeMode", "Filesystem")
    if new:
        o["metadata"].setdefault("finalizers",
                                 ["kubernetes.io/pv-protection"])
        o["status"] = {"phase": "Pending"}


def _networkpolicy(o, new):
    spec = o.setdefault("spec", {})
    _set(spec, "policyTypes", ["Ingress", "Egress"] if spec.get("egress")
         else ["Ingress"])
    for r in (spec.get("ingress") or []) + (spec.get("egress") or []):
        for p in r.get("ports") or []:
            _set(p, "protocol", "TCP")


def _webhooks(o, new):
    for w in o.get("webhooks") or []:
        _set(w, "failurePolicy", "Fail")
        _set(w, "matchPolicy", "Equivalent")
        _set(w, "namespaceSelector", {})
        _set(w, "objectSelector", {})
        _set(w, "timeoutSeconds", 10)
        for r in w.get("rules") or []:
            _set(r, "scope", "*")
        svc = (w.get("clientConfig") or {}).get("service")
        if svc:
            _set(svc, "port", 443)


def _crd(o, new):
    spec = o.setdefault("spec", {})
    names = spec.setdefault("names", {})
    if names.get("kind"):
        _set(names, "singular", names["kind"].lower())
        _set(names, "listKind", names["kind"] + "List")
    _set(spec, "conversion", {"strategy": "None"})
    if new:
        versions = spec.get("versions") or []
        o["status"] = {
            "conditions": [],
            "acceptedNames": {"plural": "", "kind": ""},
            "storedVersions": [v["name"] for v in versions
                               if v.get("storage")]}


def _bindings(o, new):
    for s in o.get("subjects") or []:
        if s.get("kind") in ("User", "Group"):
            _set(s, "apiGroup", "rbac.authorization.k8s.io")


def _ingress(o, new):
    _set(o, "status", {"loadBalancer": {}})


def _hpa(o, new):
    _set(o.setdefault("spec", {}), "minReplicas", 1)
    _set(o, "status", {"currentReplicas": 0, "desiredReplicas": 0})


def _storageclass(o, new):
    _set(o, "reclaimPolicy", "Delete")
    _set(o, "volumeBindingMode", "Immediate")


def _pod(o, new):
    spec = o.setdefault("spec", {})
    pod_spec(spec)
    _set(spec, "serviceAccountName", "default")
    _set(spec, "serviceAccount", spec["serviceAccountName"])
    _set(spec, "enableServiceLinks", True)
    _set(spec, "priority", 0)
    _set(spec, "preemptionPolicy", "PreemptLowerPriority")
    if new:
        o["status"] = {"phase": "Pending", "qosClass": "BestEffort"}


def _namespace(o, new):
    _set(o.setdefault("spec", {}), "finalizers", ["kubernetes"])
    if new:
        o["status"] = {"phase": "Active"}


def _apiservice(o, new):
    if (o.get("spec") or {}).get("service"):
        _set(o["spec"]["service"], "port", 443)
    _set(o, "status", {})


def _quota(o, new):
    _set(o, "status", {})


def _priorityclass(o, new):
    _set(o, "preemptionPolicy", "PreemptLowerPriority")
    if not o.get("globalDefault"):
        o.pop("globalDefault", None)


BY_KIND = {
    "Deployment": _deployment, "ReplicaSet": _replicaset,
    "StatefulSet": _statefulset, "DaemonSet": _daemonset, "Job": _job,
    "CronJob": _cronjob, "Secret": _secret, "PersistentVolume": _pv,
    "PersistentVolumeClaim": _pvc, "NetworkPolicy": _networkpolicy,
    "ValidatingWebhookConfiguration": _webhooks,
    "MutatingWebhookConfiguration": _webhooks,
    "CustomResourceDefinition": _crd, "RoleBinding": _bindings,
    "ClusterRoleBinding": _bindings, "Ingress": _ingress,
    "HorizontalPodAutoscaler": _hpa, "StorageClass": _storageclass,
    "Pod": _pod, "Namespace": _namespace, "APIService": _apiservice,
    "ResourceQuota": _quota, "PriorityClass": _priorityclass,
}


class Services:
    """Cluster addresses and node ports: given out, kept, given back."""

    def __init__(self, modern):
        self.modern = modern
        self.ips = {}
        self.ports = {}
        self.next_ip = 1
        self.next_port = 31000

    def defaults(self, o):
        spec = o.setdefault("spec", {})
        _set(spec, "type", "ClusterIP")
        _set(spec, "sessionAffinity", "None")
        for p in spec.get("ports") or []:
            _set(p, "protocol", "TCP")
            if not p.get("targetPort"):
                p["targetPort"] = p.get("port")
        if spec["type"] in ("NodePort", "LoadBalancer"):
            _set(spec, "externalTrafficPolicy", "Cluster")
        if self.modern and spec["type"] != "ExternalName":
            _set(spec, "internalTrafficPolicy", "Cluster")
            _set(spec, "ipFamilies", ["IPv4"])
            _set(spec, "ipFamilyPolicy", "SingleStack")
        _set(o, "status", {"loadBalancer": {}})

    def allocate(self, o, dry):
        """Checks what is asked for and gives out the rest."""
        name = o["metadata"]["name"]
        uid = o["metadata"]["uid"]
        spec = o["spec"]
        if spec["type"] == "ExternalName":
            return
        ip = spec.get("clusterIP") or (spec.get("clusterIPs") or [None])[0]
        if not ip:
            while True:
                self.next_ip += 1
                ip = "10.96.%d.%d" % (self.next_ip // 250 % 250,
                                      self.next_ip % 250 + 2)
                if ip not in self.ips:
                    break
        elif ip != "None":
            why = None
            if not ip.startswith("10.96."):
                why = ("provided IP is not in the valid range. The range of "
                       "valid IPs is 10.96.0.0/16")
            elif self.ips.get(ip, uid) != uid:
                why = "provided IP is already allocated"
            if why:
                raise invalid("Service", "", name, [(
                    "spec.clusterIPs", 'Invalid value: []string{"%s"}: failed '
                    "to allocated ip:%s with error:%s" % (ip, ip, why))])
        spec["clusterIP"] = ip
        spec["clusterIPs"] = [ip]
        wants = spec["type"] in ("NodePort", "LoadBalancer")
        taken = {}
        for i, p in enumerate(spec.get("ports") or []):
            port = p.get("nodePort")
            if not wants:
                p.pop("nodePort", None)
                continue
            field = "spec.ports[%d].nodePort" % i
            if port and not 30000 <= port <= 32767:
                raise invalid("Service", "", name, [(
                    field, "Invalid value: %d: provided port is not in the "
                    "valid range. The range of valid ports is 30000-32767"
                    % port)])
            if port and self.ports.get(port, uid) != uid:
                raise invalid("Service", "", name, [(
                    field, "Invalid value: %d: provided port is already "
                    "allocated" % port)])
            while not port:
                self.next_port = 30000 + (self.next_port - 29999) % 2768
                if self.next_port not in self.ports and \
                        self.next_port not in taken:
                    port = self.next_port
            p["nodePort"] = port
            taken[port] = uid
        if not dry:
            self.free(uid)
            if ip != "None":
                self.ips[ip] = uid
            self.ports.update(taken)

    def free(self, uid):
        for d in (self.ips, self.ports):
            for k in [k for k, v in d.items() if v == uid]:
                del d[k]
