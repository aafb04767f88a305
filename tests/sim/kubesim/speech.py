"""How the refusals of Kubernetes 1.36 read, where 1.20 words them otherwise.

Each pair was recorded from both servers (../kube_transcript.txt and
../kube_transcript_1.36.txt): values are JSON there and were Go here.
"""

import re

STRING = r'"(?:[^"\\]|\\.)*"'
PAIRS = [
    (r"\[\]string\{(%s)\}" % STRING, r"[\1]"),
    (r"map\[string\]string\{([^}]*)\}", lambda m: "{%s}" % m.group(1).replace(
        '", "', '","')),
    (r"v1\.LabelSelector\{MatchLabels:(\{[^}]*\}), MatchExpressions:"
     r"\[\]v1\.LabelSelectorRequirement\(nil\)\}", r'{"matchLabels":\1}'),
    (r'rbac\.RoleRef\{APIGroup:("[^"]*"), Kind:("[^"]*"), Name:("[^"]*")\}',
     r'{"APIGroup":\1,"Kind":\2,"Name":\3}'),
    (r"v1\.Secret\.Data: decode base64: illegal", "illegal"),
    (r"must have at most (\d+) bytes", r"may not be more than \1 bytes"),
    (r"provided IP is not in the valid range\. The range of valid IPs is "
     r"[0-9./]+", "the provided network does not match the current range"),
    (r"failed to allocated ip:(\S+) with error:",
     r"failed to allocate IP \1: "),
    (r"uid must not be empty", "must not be empty"),
    (r'(failed calling webhook %s: )Post' % STRING,
     r"\1failed to call webhook: Post"),
    (r'endpoints ("[^"]*") not found', r"no endpoints available for service "
     r"\1"),
]


def modern(text):
    for old, new in PAIRS:
        text = re.sub(old, new, text)
    return text


def modernize(error):
    """Changes an ApiError."""
    error.message = modern(error.message)
    for cause in (error.details or {}).get("causes") or []:
        cause["message"] = modern(cause["message"])
