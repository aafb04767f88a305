"""The built-in kinds, and which versions of them a server release serves.

"1.20" and "1.36" are as real servers of 1.20.2 and 1.36.2 answer; "1.33" serves
the versions of today, knows every field, and speaks as 1.20. What the others
serve is in releases.py.
"""

from . import releases

ALL = ("create", "delete", "deletecollection", "get", "list", "patch",
       "update", "watch")


class Resource:
    """One kind: where it is served and how it behaves."""

    def __init__(self, group, plural, kind, namespaced, versions, short=(),
                 categories=(), subs=(), generation=False, singular="",
                 verbs=ALL, crd=None, list_kind=None):
        self.group = group
        self.plural = plural
        self.kind = kind
        self.list_kind = list_kind or kind + "List"
        self.namespaced = namespaced
        self.versions = list(versions)      # served; the first is preferred
        self.short = tuple(short)
        self.categories = tuple(categories)
        self.subs = tuple(subs)
        self.generation = generation or crd is not None
        self.singular = singular or kind.lower()
        self.verbs = verbs
        self.crd = crd
        self.types = {}

    def api_version(self, version):
        return self.group + "/" + version if self.group else version


ST = ("status",)
SC = ("status", "scale")
NS, CL = True, False

# group, plural, kind, namespaced, versions in 1.20, versions in 1.33, extras
TABLE = [
    ("", "configmaps", "ConfigMap", NS, "v1", "v1", {"short": ["cm"]}),
    ("", "endpoints", "Endpoints", NS, "v1", "v1", {"short": ["ep"]}),
    ("", "events", "Event", NS, "v1", "v1", {"short": ["ev"]}),
    ("", "limitranges", "LimitRange", NS, "v1", "v1", {"short": ["limits"]}),
    ("", "namespaces", "Namespace", CL, "v1", "v1",
     {"short": ["ns"], "subs": ("finalize", "status"),
      "verbs": tuple(v for v in ALL if v != "deletecollection")}),
    ("", "nodes", "Node", CL, "v1", "v1", {"short": ["no"], "subs": ST}),
    ("", "persistentvolumeclaims", "PersistentVolumeClaim", NS, "v1", "v1",
     {"short": ["pvc"], "subs": ST}),
    ("", "persistentvolumes", "PersistentVolume", CL, "v1", "v1",
     {"short": ["pv"], "subs": ST}),
    ("", "pods", "Pod", NS, "v1", "v1",
     {"short": ["po"], "categories": ["all"], "subs": ST}),
    ("", "podtemplates", "PodTemplate", NS, "v1", "v1", {}),
    ("", "replicationcontrollers", "ReplicationController", NS, "v1", "v1",
     {"short": ["rc"], "categories": ["all"], "subs": SC,
      "generation": True}),
    ("", "resourcequotas", "ResourceQuota", NS, "v1", "v1",
     {"short": ["quota"], "subs": ST}),
    ("", "secrets", "Secret", NS, "v1", "v1", {}),
    ("", "serviceaccounts", "ServiceAccount", NS, "v1", "v1",
     {"short": ["sa"], "subs": ("token",)}),
    ("", "services", "Service", NS, "v1", "v1",
     {"short": ["svc"], "categories": ["all"], "subs": ST}),
    ("apiregistration.k8s.io", "apiservices", "APIService", CL, "v1 v1beta1",
     "v1", {"categories": ["api-extensions"], "subs": ST}),
    ("apps", "controllerrevisions", "ControllerRevision", NS, "v1", "v1", {}),
    ("apps", "daemonsets", "DaemonSet", NS, "v1", "v1",
     {"short": ["ds"], "categories": ["all"], "subs": ST,
      "generation": True}),
    ("apps", "deployments", "Deployment", NS, "v1", "v1",
     {"short": ["deploy"], "categories": ["all"], "subs": SC,
      "generation": True}),
    ("apps", "replicasets", "ReplicaSet", NS, "v1", "v1",
     {"short": ["rs"], "categories": ["all"], "subs": SC,
      "generation": True}),
    ("apps", "statefulsets", "StatefulSet", NS, "v1", "v1",
     {"short": ["sts"], "categories": ["all"], "subs": SC,
      "generation": True}),
    ("events.k8s.io", "events", "Event", NS, "v1 v1beta1", "v1",
     {"short": ["ev"]}),
    ("autoscaling", "horizontalpodautoscalers", "HorizontalPodAutoscaler",
     NS, "v1 v2beta1 v2beta2", "v2 v1",
     {"short": ["hpa"], "categories": ["all"], "subs": ST}),
    ("batch", "jobs", "Job", NS, "v1", "v1",
     {"categories": ["all"], "subs": ST}),
    ("batch", "cronjobs", "CronJob", NS, "v1beta1", "v1",
     {"short": ["cj"], "categories": ["all"], "subs": ST}),
    ("certificates.k8s.io", "certificatesigningrequests",
     "CertificateSigningRequest", CL, "v1 v1beta1", "v1",
     {"short": ["csr"], "subs": ("approval", "status")}),
    ("networking.k8s.io", "ingressclasses", "IngressClass", CL, "v1 v1beta1",
     "v1", {"generation": True}),
    ("networking.k8s.io", "ingresses", "Ingress", NS, "v1 v1beta1", "v1",
     {"short": ["ing"], "subs": ST, "generation": True}),
    ("networking.k8s.io", "networkpolicies", "NetworkPolicy", NS, "v1", "v1",
     {"short": ["netpol"], "generation": True}),
    ("extensions", "ingresses", "Ingress", NS, "v1beta1", "",
     {"short": ["ing"], "subs": ST, "generation": True}),
    ("policy", "poddisruptionbudgets", "PodDisruptionBudget", NS, "v1beta1",
     "v1", {"short": ["pdb"], "subs": ST, "generation": True}),
    ("policy", "podsecuritypolicies", "PodSecurityPolicy", CL, "v1beta1", "",
     {"short": ["psp"]}),
    ("rbac.authorization.k8s.io", "clusterrolebindings",
     "ClusterRoleBinding", CL, "v1 v1beta1", "v1", {}),
    ("rbac.authorization.k8s.io", "clusterroles", "ClusterRole", CL,
     "v1 v1beta1", "v1", {}),
    ("rbac.authorization.k8s.io", "rolebindings", "RoleBinding", NS,
     "v1 v1beta1", "v1", {}),
    ("rbac.authorization.k8s.io", "roles", "Role", NS, "v1 v1beta1", "v1",
     {}),
    ("storage.k8s.io", "csidrivers", "CSIDriver", CL, "v1 v1beta1", "v1", {}),
    ("storage.k8s.io", "csinodes", "CSINode", CL, "v1 v1beta1", "v1", {}),
    ("storage.k8s.io", "storageclasses", "StorageClass", CL, "v1 v1beta1",
     "v1", {"short": ["sc"]}),
    ("storage.k8s.io", "volumeattachments", "VolumeAttachment", CL,
     "v1 v1beta1", "v1", {"subs": ST}),
    ("admissionregistration.k8s.io", "mutatingwebhookconfigurations",
     "MutatingWebhookConfiguration", CL, "v1 v1beta1", "v1",
     {"categories": ["api-extensions"], "generation": True}),
    ("admissionregistration.k8s.io", "validatingwebhookconfigurations",
     "ValidatingWebhookConfiguration", CL, "v1 v1beta1", "v1",
     {"categories": ["api-extensions"], "generation": True}),
    ("apiextensions.k8s.io", "customresourcedefinitions",
     "CustomResourceDefinition", CL, "v1 v1beta1", "v1",
     {"short": ["crd", "crds"], "categories": ["api-extensions"],
      "subs": ST, "generation": True}),
    ("scheduling.k8s.io", "priorityclasses", "PriorityClass", CL,
     "v1 v1beta1", "v1", {"short": ["pc"], "generation": True}),
    ("coordination.k8s.io", "leases", "Lease", NS, "v1 v1beta1", "v1", {}),
    ("node.k8s.io", "runtimeclasses", "RuntimeClass", CL, "v1 v1beta1", "v1",
     {}),
    ("discovery.k8s.io", "endpointslices", "EndpointSlice", NS, "v1beta1",
     "v1", {"generation": True}),
    ("flowcontrol.apiserver.k8s.io", "flowschemas", "FlowSchema", CL,
     "v1beta1", "v1", {"subs": ST, "generation": True}),
    ("flowcontrol.apiserver.k8s.io", "prioritylevelconfigurations",
     "PriorityLevelConfiguration", CL, "v1beta1", "v1",
     {"subs": ST, "generation": True}),
]

# Kinds that are new in 1.36; all are v1.
NEW = [
    ("networking.k8s.io", "ipaddresses", "IPAddress", CL, {"short": ["ip"]}),
    ("networking.k8s.io", "servicecidrs", "ServiceCIDR", CL, {"subs": ST}),
    ("storage.k8s.io", "csistoragecapacities", "CSIStorageCapacity", NS, {}),
    ("storage.k8s.io", "volumeattributesclasses", "VolumeAttributesClass", CL,
     {"short": ["vac"]}),
    ("admissionregistration.k8s.io", "mutatingadmissionpolicies",
     "MutatingAdmissionPolicy", CL,
     {"categories": ["api-extensions"], "generation": True}),
    ("admissionregistration.k8s.io", "mutatingadmissionpolicybindings",
     "MutatingAdmissionPolicyBinding", CL,
     {"categories": ["api-extensions"], "generation": True}),
    ("admissionregistration.k8s.io", "validatingadmissionpolicies",
     "ValidatingAdmissionPolicy", CL,
     {"categories": ["api-extensions"], "subs": ST, "generation": True}),
    ("admissionregistration.k8s.io", "validatingadmissionpolicybindings",
     "ValidatingAdmissionPolicyBinding", CL,
     {"categories": ["api-extensions"], "generation": True}),
    ("resource.k8s.io", "deviceclasses", "DeviceClass", CL,
     {"generation": True}),
    ("resource.k8s.io", "resourceclaims", "ResourceClaim", NS, {"subs": ST}),
    ("resource.k8s.io", "resourceclaimtemplates", "ResourceClaimTemplate", NS,
     {}),
    ("resource.k8s.io", "resourceslices", "ResourceSlice", CL,
     {"generation": True}),
]

# Kinds that can only be asked with POST.
REVIEWS = [
    ("authentication.k8s.io", "tokenreviews", "TokenReview", CL),
    ("authorization.k8s.io", "localsubjectaccessreviews",
     "LocalSubjectAccessReview", NS),
    ("authorization.k8s.io", "selfsubjectaccessreviews",
     "SelfSubjectAccessReview", CL),
    ("authorization.k8s.io", "selfsubjectrulesreviews",
     "SelfSubjectRulesReview", CL),
    ("authorization.k8s.io", "subjectaccessreviews", "SubjectAccessReview",
     CL),
]

# The order in which groups are listed.
GROUPS = ["apiregistration.k8s.io", "apps", "events.k8s.io",
          "authentication.k8s.io", "authorization.k8s.io", "autoscaling",
          "batch", "certificates.k8s.io", "networking.k8s.io", "extensions",
          "policy", "rbac.authorization.k8s.io", "storage.k8s.io",
          "admissionregistration.k8s.io", "apiextensions.k8s.io",
          "scheduling.k8s.io", "coordination.k8s.io", "node.k8s.io",
          "discovery.k8s.io", "resource.k8s.io",
          "flowcontrol.apiserver.k8s.io"]


def builtin(release):
    """The resources of a release, in the order of GROUPS."""
    out = []
    for group, plural, kind, ns, old, new, more in TABLE:
        versions = releases.served(group, plural, release, old, new)
        if versions:
            out.append(Resource(group, plural, kind, ns, versions, **more))
    for group, plural, kind, ns, more in NEW:
        versions = releases.served(group, plural, release, "",
                                   "v1" if release == "1.36" else "")
        if versions:
            out.append(Resource(group, plural, kind, ns, versions, **more))
    if releases.minor(release) >= 28 and release != "1.33":
        out.append(Resource("authentication.k8s.io", "selfsubjectreviews",
                            "SelfSubjectReview", CL, ["v1"],
                            verbs=("create",)))
    for group, plural, kind, ns in REVIEWS:
        versions = (["v1", "v1beta1"] if releases.minor(release) < 22
                    else ["v1"])
        out.append(Resource(group, plural, kind, ns, versions,
                            verbs=("create",)))
    out.append(Resource("", "componentstatuses", "ComponentStatus", CL,
                        ["v1"], short=["cs"], verbs=("get", "list")))
    out.append(Resource("", "bindings", "Binding", NS, ["v1"],
                        verbs=("create",)))
    order = {g: i for i, g in enumerate([""] + GROUPS)}
    out.sort(key=lambda r: (order[r.group], r.plural))
    return out


def version_rank(v):
    """Kubernetes' order of versions: v2, v1, v1beta2, v1beta1, v1alpha1."""
    import re
    m = re.match(r"^v(\d+)(?:(alpha|beta)(\d+))?$", v)
    if not m:
        return (3, v)
    stage = {None: 0, "beta": 1, "alpha": 2}[m.group(2)]
    return (stage, -int(m.group(1)), -int(m.group(3) or 0))
