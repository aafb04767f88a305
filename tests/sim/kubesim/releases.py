"""What each release of Kubernetes serves and knows, for those that were not
recorded whole.

Sources: https://kubernetes.io/docs/reference/using-api/deprecation-guide/ for
the versions, and the tables of feature gates
(https://kubernetes.io/docs/reference/command-line-tools-reference/feature-gates/
and .../feature-gates-removed/) for the fields: the release in which the gate
was first on by default.
"""

FIRST, LAST = 20, 37
RECORDED = (20, 33, 36)

# (group, plural): "version:first-last", the preferred one first. A kind that is
# not named has the versions of 1.20 until 1.21, and those of 1.33 from 1.22 on.
VERSIONS = {
    ("batch", "cronjobs"): "v1:21- v1beta1:-24",
    ("policy", "poddisruptionbudgets"): "v1:21- v1beta1:-24",
    ("policy", "podsecuritypolicies"): "v1beta1:-24",
    ("events.k8s.io", "events"): "v1:19- v1beta1:-24",
    ("discovery.k8s.io", "endpointslices"): "v1:21- v1beta1:-24",
    ("autoscaling", "horizontalpodautoscalers"):
        "v2:23- v1:1- v2beta1:-24 v2beta2:-25",
    ("node.k8s.io", "runtimeclasses"): "v1:20- v1beta1:-24",
    ("extensions", "ingresses"): "v1beta1:-21",
    ("flowcontrol.apiserver.k8s.io", "flowschemas"):
        "v1:29- v1beta3:26-31 v1beta2:23-28 v1beta1:20-25",
    ("flowcontrol.apiserver.k8s.io", "prioritylevelconfigurations"):
        "v1:29- v1beta3:26-31 v1beta2:23-28 v1beta1:20-25",
    ("storage.k8s.io", "csistoragecapacities"): "v1:24- v1beta1:21-26",
    ("storage.k8s.io", "volumeattributesclasses"): "v1:34-",
    ("admissionregistration.k8s.io", "validatingadmissionpolicies"): "v1:30-",
    ("admissionregistration.k8s.io", "validatingadmissionpolicybindings"):
        "v1:30-",
    ("admissionregistration.k8s.io", "mutatingadmissionpolicies"): "v1:36-",
    ("admissionregistration.k8s.io", "mutatingadmissionpolicybindings"):
        "v1:36-",
    ("networking.k8s.io", "ipaddresses"): "v1:33-",
    ("networking.k8s.io", "servicecidrs"): "v1:33-",
    ("resource.k8s.io", "deviceclasses"): "v1:34-",
    ("resource.k8s.io", "resourceclaims"): "v1:34-",
    ("resource.k8s.io", "resourceclaimtemplates"): "v1:34-",
    ("resource.k8s.io", "resourceslices"): "v1:34-",
}

# (type, field, the release in which a server first kept it by default)
FIELDS = [
    ("batch.v1.CronJobSpec", "timeZone", 25),
    ("batch.v1.JobSpec", "suspend", 22),
    ("batch.v1.JobSpec", "completionMode", 22),
    ("batch.v1.JobSpec", "podFailurePolicy", 26),
    ("batch.v1.JobSpec", "backoffLimitPerIndex", 29),
    ("batch.v1.JobSpec", "podReplacementPolicy", 29),
    ("batch.v1.JobSpec", "successPolicy", 31),
    ("batch.v1.JobSpec", "managedBy", 32),
    ("networking.v1.NetworkPolicyPort", "endPort", 22),
    ("core.v1.ServiceSpec", "internalTrafficPolicy", 22),
    ("core.v1.ServiceSpec", "loadBalancerClass", 22),
    ("core.v1.ServiceSpec", "allocateLoadBalancerNodePorts", 22),
    ("core.v1.ServiceSpec", "ipFamilies", 21),
    ("core.v1.ServiceSpec", "ipFamilyPolicy", 21),
    ("core.v1.ServiceSpec", "trafficDistribution", 31),
    ("core.v1.PodSpec", "os", 24),
    ("core.v1.PodSpec", "schedulingGates", 27),
    ("core.v1.Container", "restartPolicy", 29),
    ("core.v1.Container", "resizePolicy", 33),
    ("core.v1.PodSecurityContext", "appArmorProfile", 30),
    ("core.v1.PodSecurityContext", "supplementalGroupsPolicy", 33),
    ("core.v1.SecurityContext", "appArmorProfile", 30),
    ("core.v1.TopologySpreadConstraint", "matchLabelKeys", 27),
    ("core.v1.PodAffinityTerm", "matchLabelKeys", 31),
    ("core.v1.PersistentVolumeClaimSpec", "dataSourceRef", 24),
    ("core.v1.PersistentVolumeClaimSpec", "volumeAttributesClassName", 34),
    ("apps.v1.StatefulSetSpec", "minReadySeconds", 23),
    ("apps.v1.StatefulSetSpec", "persistentVolumeClaimRetentionPolicy", 27),
    ("apps.v1.StatefulSetSpec", "ordinals", 27),
    ("autoscaling.v2.MetricSpec", "containerResource", 27),
    ("policy.v1.PodDisruptionBudgetSpec", "unhealthyPodEvictionPolicy", 27),
    ("admissionregistration.v1.ValidatingWebhook", "matchConditions", 28),
    ("admissionregistration.v1.MutatingWebhook", "matchConditions", 28),
    ("apiextensions-apiserver.pkg.apis.apiextensions.v1.JSONSchemaProps",
     "x-kubernetes-validations", 25),
    ("apiextensions-apiserver.pkg.apis.apiextensions.v1."
     "CustomResourceDefinitionVersion", "selectableFields", 31),
    ("storage.v1.CSIDriverSpec", "seLinuxMount", 27),
]


def minor(release):
    return int(release.split(".")[1])


def served(group, plural, release, old, new):
    """The versions of a kind; old and new are those of 1.20 and of 1.33."""
    n = minor(release)
    known = VERSIONS.get((group, plural))
    if n in RECORDED or known is None:
        return (old if n <= 21 else new).split()
    out = []
    for one in known.split():
        version, _, span = one.partition(":")
        first, _, last = span.partition("-")
        if int(first or 0) <= n <= int(last or LAST):
            out.append(version)
    return out


def unknown_fields(release):
    n = minor(release)
    return [(t, f) for t, f, since in FIELDS if since > n]
