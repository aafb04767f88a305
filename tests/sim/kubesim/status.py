"""Errors as the real API server words them: Status objects."""

import json


class ApiError(Exception):
    def __init__(self, code, reason, message, details=None, headers=None):
        super().__init__(message)
        self.code = code
        self.reason = reason
        self.message = message
        self.details = details
        self.headers = headers or {}

    def body(self):
        out = {"kind": "Status", "apiVersion": "v1", "metadata": {},
               "status": "Failure", "message": self.message}
        if self.reason:
            out["reason"] = self.reason
        if self.details is not None:
            out["details"] = self.details
        out["code"] = self.code
        return json.dumps(out, ensure_ascii=False).encode()


def qualified(plural, group):
    return plural + "." + group if group else plural


def det(name, group, kind, **more):
    out = {}
    if name:
        out["name"] = name
    if group:
        out["group"] = group
    out["kind"] = kind
    out.update(more)
    return out


def not_found(res, name):
    return ApiError(404, "NotFound", '%s "%s" not found'
                    % (qualified(res.plural, res.group), name),
                    det(name, res.group, res.plural))


def no_resource():
    return ApiError(404, "NotFound",
                    "the server could not find the requested resource", {})


def exists(res, name, deleting=False):
    return ApiError(409, "AlreadyExists", '%s%s "%s" already exists'
                    % ("object is being deleted: " if deleting else "",
                       qualified(res.plural, res.group), name),
                    det(name, res.group, res.plural))


def conflict(res, name, why):
    return ApiError(409, "Conflict",
                    'Operation cannot be fulfilled on %s "%s": %s'
                    % (qualified(res.plural, res.group), name, why),
                    det(name, res.group, res.plural))


def modified(res, name):
    return conflict(res, name, "the object has been modified; please apply "
                    "your changes to the latest version and try again")


def bad_request(message):
    return ApiError(400, "BadRequest", message)


def forbidden(plural, group, name, why, **more):
    what = qualified(plural, group)
    if name:
        what += ' "%s"' % name
    return ApiError(403, "Forbidden", "%s is forbidden: %s" % (what, why),
                    det(name, group, plural, **more))


REASON = {"Invalid value": "FieldValueInvalid",
          "Required value": "FieldValueRequired",
          "Forbidden": "FieldValueForbidden",
          "Too long": "FieldValueTooLong",
          "Unsupported value": "FieldValueNotSupported",
          "Duplicate value": "FieldValueDuplicate"}


def invalid(kind, group, name, causes):
    """causes: a list of (field, message), message beginning with its kind."""
    text = list(dict.fromkeys("%s: %s" % c for c in causes))
    joined = text[0] if len(text) == 1 else "[" + ", ".join(text) + "]"
    return ApiError(
        422, "Invalid", '%s "%s" is invalid: %s'
        % (qualified(kind, group), name, joined),
        det(name, group, kind, causes=[
            {"reason": REASON[m.split(":")[0]], "message": m, "field": f}
            for f, m in causes]))


def internal(message, details=None):
    return ApiError(500, "InternalError",
                    "Internal error occurred: " + message,
                    details if details is not None else
                    {"causes": [{"message": message}]})


def plain500(message):
    return ApiError(500, "", message)
