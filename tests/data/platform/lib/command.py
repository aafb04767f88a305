"""The command line of load, dump and wipe: KIND PLACE."""

import sys

from . import git, kube, s3

WHAT = {"kube": kube, "git": git, "s3": s3}


def run(verb, usage):
    args = sys.argv[1:]
    if len(args) != 2 or args[0] not in WHAT:
        sys.stderr.write(usage)
        return 2
    getattr(WHAT[args[0]], verb)(args[1])
    return 0
