"""What a new cluster holds before anybody used it."""

import json
import os

from . import discovery

BOOT = {"kubernetes.io/bootstrapping": "rbac-defaults"}
ALL_RULES = [{"apiGroups": ["*"], "resources": ["*"], "verbs": ["*"]},
             {"nonResourceURLs": ["*"], "verbs": ["*"]}]
READ = ["get", "list", "watch"]
RBAC = "rbac.authorization.k8s.io"


def fill(api, ctl):
    for ns in ("default", "kube-system", "kube-public", "kube-node-lease"):
        labels = None if api.release == "1.20" else {
            "kubernetes.io/metadata.name": ns}
        ctl.put("", "namespaces", "", ns,
                {"spec": {"finalizers": ["kubernetes"]}}, labels,
                status={"phase": "Active"})
    ctl.put("", "services", "default", "kubernetes",
            {"spec": {"ports": [{"name": "https", "protocol": "TCP",
                                 "port": 443, "targetPort": 6443}],
                      "clusterIP": "10.96.0.1", "clusterIPs": ["10.96.0.1"],
                      "type": "ClusterIP", "sessionAffinity": "None"}},
            {"component": "apiserver", "provider": "kubernetes"},
            status={"loadBalancer": {}})
    api.services.ips["10.96.0.1"] = "kubernetes"
    ctl.put("", "endpoints", "default", "kubernetes",
            {"subsets": [{"addresses": [{"ip": "127.0.0.1"}],
                          "ports": [{"name": "https", "port": 6443,
                                     "protocol": "TCP"}]}]})
    ctl.put("coordination.k8s.io", "leases", "kube-system",
            "kube-controller-manager", {"spec": {"holderIdentity": "sim"}})
    ctl.put("", "configmaps", "kube-system",
            "extension-apiserver-authentication",
            {"data": {"requestheader-allowed-names": "[]"}})
    for name, value in (("system-cluster-critical", 2000000000),
                        ("system-node-critical", 2000001000)):
        ctl.put("scheduling.k8s.io", "priorityclasses", "", name,
                {"value": value, "description": "Used for system critical "
                 "pods.", "preemptionPolicy": "PreemptLowerPriority"})
    if api.release == "1.36":
        _recorded(ctl)
    _roles(ctl)
    for group, versions in discovery.groups(api).items():
        for v in versions:
            ctl.local_apiservice(group, v, "onstart")


def _recorded(ctl):
    """What a real 1.36.2 holds of kinds that 1.20 had not, or had empty."""
    name = os.path.join(os.path.dirname(__file__), "objects_1.36.json")
    with open(name) as f:
        for group, plural, o in json.load(f):
            meta = o.pop("metadata")
            ctl.put(group, plural, "", meta["name"], o, meta.get("labels"),
                    annotations=meta.get("annotations"),
                    status=o.pop("status", None))


def _roles(ctl):
    paths = ["/healthz", "/livez", "/readyz", "/version", "/version/"]
    roles = {
        "cluster-admin": ALL_RULES,
        "admin": [{"apiGroups": ["", "apps", "batch", "autoscaling",
                                 "networking.k8s.io", "policy", RBAC],
                   "resources": ["*"], "verbs": ["*"]}],
        "edit": [{"apiGroups": ["", "apps", "batch", "autoscaling",
                                "networking.k8s.io", "policy"],
                  "resources": ["*"], "verbs": ["*"]}],
        "view": [{"apiGroups": ["", "apps", "batch", "autoscaling",
                                "networking.k8s.io", "policy"],
                  "resources": ["configmaps", "namespaces", "pods",
                                "services", "deployments", "ingresses"],
                  "verbs": READ}],
        "system:basic-user": [{"apiGroups": ["authorization.k8s.io"],
                               "resources": ["selfsubjectaccessreviews",
                                             "selfsubjectrulesreviews"],
                               "verbs": ["create"]}],
        "system:discovery": [{"nonResourceURLs": ["/api", "/api/*", "/apis",
                                                  "/apis/*", "/openapi",
                                                  "/openapi/*"] + paths,
                              "verbs": ["get"]}],
        "system:public-info-viewer": [{"nonResourceURLs": paths,
                                       "verbs": ["get"]}],
    }
    for name, rules in roles.items():
        ctl.put(RBAC, "clusterroles", "", name, {"rules": rules}, BOOT,
                annotations={"rbac.authorization.kubernetes.io/autoupdate":
                             "true"})
    binds = {"cluster-admin": "system:masters",
             "system:basic-user": "system:authenticated",
             "system:discovery": "system:authenticated",
             "system:public-info-viewer": "system:authenticated"}
    ctl.put(RBAC, "clusterrolebindings", "", "backstay-test-viewers",
            {"roleRef": {"apiGroup": RBAC, "kind": "ClusterRole",
                         "name": "view"},
             "subjects": [{"apiGroup": RBAC, "kind": "Group",
                           "name": "viewers"}]})
    for role, group in binds.items():
        ctl.put(RBAC, "clusterrolebindings", "", role,
                {"roleRef": {"apiGroup": RBAC, "kind": "ClusterRole",
                             "name": role},
                 "subjects": [{"apiGroup": RBAC, "kind": "Group",
                               "name": group}]}, BOOT,
                annotations={"rbac.authorization.kubernetes.io/autoupdate":
                             "true"})
