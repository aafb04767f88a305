"""Between the served versions of a kind and the one form that is stored.

Only two built-in kinds differ in shape: Ingress v1beta1 and the older and
newer HorizontalPodAutoscalers.  The stored form is Ingress v1 and HPA v2.
"""


def _to_v1_backend(b):
    if b is None or "serviceName" not in b:
        return b
    port = b.get("servicePort")
    key = "name" if isinstance(port, str) else "number"
    return {"service": {"name": b["serviceName"], "port": {key: port}}}


def _to_beta_backend(b):
    if b is None or "service" not in b:
        return b
    port = b["service"].get("port") or {}
    return {"serviceName": b["service"]["name"],
            "servicePort": port.get("name") or port.get("number")}


def _ingress(o, f, old, new):
    spec = o.get("spec")
    if not isinstance(spec, dict):
        return o
    if old in spec:
        spec[new] = f(spec.pop(old))
    for r in spec.get("rules") or []:
        for p in (r.get("http") or {}).get("paths") or []:
            if "backend" in p:
                p["backend"] = f(p["backend"])
            if new == "defaultBackend":
                p.setdefault("pathType", "ImplementationSpecific")
    return o


def _hpa_to_hub(version, o):
    spec = o.get("spec")
    if not isinstance(spec, dict):
        return o
    if version == "v1" and "targetCPUUtilizationPercentage" in spec:
        n = spec.pop("targetCPUUtilizationPercentage")
        spec["metrics"] = [{"type": "Resource", "resource": {
            "name": "cpu", "target": {"type": "Utilization",
                                      "averageUtilization": n}}}]
    return o


def _hpa_from_hub(version, o):
    spec = o.get("spec")
    if version != "v1" or not isinstance(spec, dict):
        return o
    left = []
    for m in spec.pop("metrics", None) or []:
        r = m.get("resource") or {}
        n = (r.get("target") or {}).get("averageUtilization")
        if m.get("type") == "Resource" and r.get("name") == "cpu" and \
                n is not None:
            spec["targetCPUUtilizationPercentage"] = n
        else:
            left.append(m)
    if left:
        import json
        o["metadata"].setdefault("annotations", {})[
            "autoscaling.alpha.kubernetes.io/metrics"] = json.dumps(left)
    return o


def shapeless(res, version):
    """True if the stored form is the form of this version."""
    if res.crd:
        return True
    if res.kind == "Ingress":
        return version == "v1"
    if res.kind == "HorizontalPodAutoscaler":
        return version != "v1"
    return True


def to_hub(res, version, o):
    if shapeless(res, version):
        return o
    if res.kind == "Ingress":
        return _ingress(o, _to_v1_backend, "backend", "defaultBackend")
    return _hpa_to_hub(version, o)


def from_hub(res, version, o):
    """o is changed and returned."""
    if shapeless(res, version):
        return o
    if res.kind == "Ingress":
        return _ingress(o, _to_beta_backend, "defaultBackend", "backend")
    return _hpa_from_hub(version, o)
