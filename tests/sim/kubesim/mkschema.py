#!/usr/bin/env python3
"""Condenses a real server's /openapi/v2 into schema.json: what server-side
apply must know of each built-in kind (field names, list keys, atomic parts).

Usage: mkschema.py openapi.json > schema.json

A type is "" (a scalar or anything goes), the name of a definition,
["d", T] a map, ["a", T] an atomic list, ["s"] a set, ["m", [keys], T] a list
with keys.  A definition maps field names to types; "!" marks an atomic one.
"""

import json
import re
import sys

SCALARS = ("Quantity", "IntOrString", "Time", "MicroTime", "FieldsV1",
           "RawExtension", "JSON", "JSONSchemaPropsOrArray",
           "JSONSchemaPropsOrBool", "JSONSchemaPropsOrStringArray")


def short(ref):
    name = ref.replace("#/definitions/", "")
    if name.split(".")[-1] in SCALARS:
        return ""
    return re.sub(r"^io\.k8s\.(api\.|)", "", name)


def convert(v):
    if "$ref" in v:
        return short(v["$ref"])
    if v.get("type") == "array":
        item = convert(v["items"])
        kind = v.get("x-kubernetes-list-type")
        merge = v.get("x-kubernetes-patch-merge-key")
        if kind == "map":
            return ["m", v["x-kubernetes-list-map-keys"], item]
        if kind == "set":
            return ["s"]
        if kind is None and "merge" in v.get("x-kubernetes-patch-strategy",
                                             ""):
            return ["m", [merge], item] if merge else ["s"]
        return ["a", item]
    if "additionalProperties" in v:
        return ["d", convert(v["additionalProperties"])]
    return ""


def main():
    with open(sys.argv[1]) as f:
        defs = json.load(f)["definitions"]
    kinds = {}
    out = {}
    for name, d in defs.items():
        for g in d.get("x-kubernetes-group-version-kind", []):
            if len(d["x-kubernetes-group-version-kind"]) == 1 and not (
                    name.endswith("List")):
                kinds["%s/%s/%s" % (g["group"], g["version"],
                                    g["kind"])] = short(name)
        if short(name):
            fields = {k: convert(v)
                      for k, v in d.get("properties", {}).items()}
            if d.get("x-kubernetes-map-type") == "atomic":
                fields["!"] = ""
            out[short(name)] = fields
    used = {}

    def walk(t):
        if isinstance(t, list):
            if t[0] in "dam":
                walk(t[-1])
        elif t and t not in used:
            used[t] = out[t]
            for f in out[t].values():
                walk(f)

    for t in kinds.values():
        walk(t)
    lines = ['"kinds": ' + json.dumps(kinds, sort_keys=True)]
    lines += ['%s: %s' % (json.dumps(n), json.dumps(used[n], sort_keys=True))
              for n in sorted(used)]
    print("{" + ",\n".join(lines) + "}")


main()
