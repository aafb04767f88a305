"""Refusals that depend on other objects: namespaces, webhooks, pods' needs."""

from .selectors import match_selector
from .status import ApiError, forbidden, internal


def namespace(api, res, ns, name, creating):
    """NamespaceLifecycle: a create needs a namespace that lives."""
    if not creating:
        return
    rec = api.store.get(api.res("", "namespaces"), "", ns)
    if rec is None:
        raise ApiError(404, "NotFound", 'namespaces "%s" not found' % ns,
                       {"name": ns, "kind": "namespaces"})
    if rec.obj["metadata"].get("deletionTimestamp"):
        raise forbidden(
            res.plural, res.group, name, "unable to create new content in "
            "namespace %s because it is being terminated" % ns,
            causes=[{"reason": "NamespaceTerminating", "message":
                     "namespace %s is being terminated" % ns,
                     "field": "metadata.namespace"}])


def pod(api, res, ns, obj):
    """ServiceAccount and Priority admission for pods."""
    if res.kind != "Pod" or res.crd:
        return
    name = obj["metadata"].get("name", "")
    spec = obj.get("spec") or {}
    sa = spec.get("serviceAccountName") or "default"
    if api.store.get(api.res("", "serviceaccounts"), ns, sa) is None:
        raise forbidden("pods", "", name, "error looking up service account "
                        '%s/%s: serviceaccount "%s" not found'
                        % (ns, sa, sa))
    pc = spec.get("priorityClassName")
    if pc and api.store.get(api.res("scheduling.k8s.io", "priorityclasses"),
                            "", pc) is None:
        raise forbidden("pods", "", name,
                        "no PriorityClass with name %s was found" % pc)
    rc = spec.get("runtimeClassName")
    if rc and api.store.get(api.res("node.k8s.io", "runtimeclasses"), "",
                            rc) is None:
        raise forbidden("pods", "", name, "pod rejected: RuntimeClass \"%s\" "
                        "not found" % rc)


def _rule_matches(rule, res, version, operation, sub):
    ops = rule.get("operations") or []
    if operation not in ops and "*" not in ops:
        return False
    groups = rule.get("apiGroups") or []
    if res.group not in groups and "*" not in groups:
        return False
    versions = rule.get("apiVersions") or []
    # matchPolicy Equivalent: any version of the same resource counts.
    if not (set(versions) & (set(res.versions) | {version, "*"})):
        return False
    scope = rule.get("scope", "*")
    if scope != "*" and (scope == "Namespaced") != res.namespaced:
        return False
    wanted = rule.get("resources") or []
    full = res.plural + "/" + sub if sub else res.plural
    return (full in wanted or "*/*" in wanted or (not sub and "*" in wanted)
            or res.plural + "/*" in wanted)


def _ready(api, ns, name):
    rec = api.store.get(api.res("", "endpoints"), ns, name)
    if rec is None:
        return 'endpoints "%s" not found' % name
    for s in rec.obj.get("subsets") or []:
        if s.get("addresses"):
            return None
    return 'no endpoints available for service "%s"' % name


def webhooks(api, res, version, operation, sub, ns, obj):
    """Calls to webhooks whose service is away fail as the policy says.

    A service with ready endpoints is taken to allow everything.
    """
    if res.group == "admissionregistration.k8s.io":
        return
    for plural in ("mutatingwebhookconfigurations",
                   "validatingwebhookconfigurations"):
        table = api.store.table(api.res("admissionregistration.k8s.io",
                                        plural))
        for rec in list(table.recs.values()):
            for hook in rec.obj.get("webhooks") or []:
                _webhook(api, hook, res, version, operation, sub, ns, obj)


def _webhook(api, hook, res, version, operation, sub, ns, obj):
    if not any(_rule_matches(r, res, version, operation, sub)
               for r in hook.get("rules") or []):
        return
    meta = obj.get("metadata") or {}
    if res.namespaced or res.plural == "namespaces":
        if res.namespaced:
            rec = api.store.get(api.res("", "namespaces"), "", ns)
            labels = rec.obj["metadata"].get("labels") if rec else None
        else:
            labels = meta.get("labels")
        if not match_selector(hook.get("namespaceSelector") or {},
                              labels or {}):
            return
    if not match_selector(hook.get("objectSelector") or {},
                          meta.get("labels") or {}):
        return
    svc = (hook.get("clientConfig") or {}).get("service")
    if not svc or hook.get("failurePolicy") != "Fail":
        return
    why = None
    if api.store.get(api.res("", "services"), svc["namespace"],
                     svc["name"]) is None:
        why = 'service "%s" not found' % svc["name"]
    else:
        why = _ready(api, svc["namespace"], svc["name"])
    if why is None:
        return
    path = svc.get("path") or "/"
    raise internal('failed calling webhook "%s": Post "https://%s.%s.svc:%d%s'
                   '?timeout=%ds": %s'
                   % (hook["name"], svc["name"], svc["namespace"],
                      svc.get("port", 443), path,
                      hook.get("timeoutSeconds", 10), why))
