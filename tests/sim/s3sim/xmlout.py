"""S3's XML: answers and errors."""

from xml.sax.saxutils import escape

NS = "http://s3.amazonaws.com/doc/2006-03-01/"


def el(name, value):
    """value: text, a list of (name, value), or raw markup as bytes."""
    if isinstance(value, list):
        inner = "".join(el(n, v) for n, v in value)
    elif isinstance(value, bool):
        inner = "true" if value else "false"
    else:
        inner = escape(str(value), {"\r": "&#13;"})
    return "<%s>%s</%s>" % (name, inner, name)


def document(name, children):
    body = "".join(el(n, v) for n, v in children)
    return ('<?xml version="1.0" encoding="UTF-8"?>\n<%s xmlns="%s">%s</%s>'
            % (name, NS, body, name)).encode("utf-8", "surrogatepass")


def error(code, message, resource="", **extra):
    children = [("Code", code), ("Message", message)]
    children += [(k, v) for k, v in extra.items()]
    children += [("Resource", resource), ("RequestId", "SIM0000000000001"),
                 ("HostId", "sim")]
    return ('<?xml version="1.0" encoding="UTF-8"?>\n'
            + el("Error", children)).encode("utf-8", "surrogatepass")
