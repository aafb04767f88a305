"""JSON patch (RFC 6902) and JSON merge patch (RFC 7386)."""

import json


class PatchError(Exception):
    pass


def merge_patch(target, patch, drop_only=False):
    """drop_only: only the nulls of the patch take effect."""
    if not isinstance(patch, dict):
        return target if drop_only else patch
    out = dict(target) if isinstance(target, dict) else {}
    for k, v in patch.items():
        if v is None:
            out.pop(k, None)
        elif drop_only:
            if isinstance(v, dict) and isinstance(out.get(k), dict):
                out[k] = merge_patch(out[k], v, True)
        else:
            out[k] = merge_patch(out.get(k), v)
    return out


def _walk(doc, parts):
    for p in parts:
        try:
            doc = doc[int(p)] if isinstance(doc, list) else doc[p]
        except (KeyError, IndexError, ValueError, TypeError):
            raise PatchError(p)
    return doc


def _split(path):
    if path == "":
        return []
    if not path.startswith("/"):
        raise PatchError(path)
    return [p.replace("~1", "/").replace("~0", "~")
            for p in path[1:].split("/")]


def json_patch(doc, ops):
    if not isinstance(ops, list):
        raise PatchError("not a list")
    doc = json.loads(json.dumps(doc))
    for op in ops:
        kind = op.get("op")
        parts = _split(op.get("path", ""))
        if kind == "test":
            if _walk(doc, parts) != op.get("value"):
                raise PatchError("test")
            continue
        if kind in ("move", "copy"):
            src = _split(op["from"])
            value = json.loads(json.dumps(_walk(doc, src)))
            if kind == "move":
                _change(doc, src, "remove", None)
            kind = "add"
        else:
            value = op.get("value")
        _change(doc, parts, kind, value)
    return doc


def _change(doc, parts, kind, value):
    if not parts:
        raise PatchError("the whole document")
    parent = _walk(doc, parts[:-1])
    last = parts[-1]
    if isinstance(parent, list):
        try:
            i = len(parent) if last == "-" else int(last)
        except ValueError:
            raise PatchError(last)
        if kind == "add" and 0 <= i <= len(parent):
            parent.insert(i, value)
        elif kind in ("replace", "remove") and 0 <= i < len(parent):
            if kind == "remove":
                del parent[i]
            else:
                parent[i] = value
        else:
            raise PatchError(last)
    elif isinstance(parent, dict):
        if kind == "add":
            parent[last] = value
        elif kind in ("replace", "remove") and last in parent:
            if kind == "remove":
                del parent[last]
            else:
                parent[last] = value
        else:
            raise PatchError(last)
    else:
        raise PatchError(last)
