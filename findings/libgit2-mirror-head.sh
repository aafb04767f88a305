#!/bin/bash
# libgit2 1.5.1 (Debian 12, libgit2-1.5 1.5.1+ds-1+deb12u2, by python3-pygit2
# 1.11.1-3): a bare clone whose remote fetches +refs/*:refs/* is a mirror in
# which HEAD names refs/heads/master whatever the source's HEAD is, so that a
# clone of the mirror checks out nothing. It also makes a ref that the source
# has not, refs/remotes/origin/HEAD, which a later fetch with prune keeps, though
# it prunes all others that are gone. `git clone --mirror` does neither.
#
# Seen, of a repository whose HEAD is refs/heads/trunk:
#	HEAD of git's mirror: ref: refs/heads/trunk
#	HEAD of libgit2's mirror: ref: refs/heads/master
#	its refs: refs/heads/trunk refs/notes/x refs/remotes/origin/HEAD
#	after the note was deleted and a fetch with prune: refs/heads/trunk refs/remotes/origin/HEAD
set -euo pipefail
# shellcheck source=findings/lib/git.bash
. "$(dirname "$0")/lib/git.bash"
git_alone libgit2-1.5=1.5.1+ds-1+deb12u2 python3-pygit2=1.11.1-3
export PYTHONPATH=$W/root/usr/lib/python3/dist-packages
refs() { git -C "$1" for-each-ref --format='%(refname)' | paste -sd ' '; }

git init --quiet --initial-branch trunk work
git -C work commit --quiet --allow-empty --message one
git -C work update-ref refs/notes/x HEAD
git clone --quiet --mirror "file://$W/work" by-git
expect "HEAD of git's mirror" "$(<by-git/HEAD)" 'ref: refs/heads/trunk'

/usr/bin/python3 - "file://$W/work" <<'X'
import sys, pygit2
pygit2.clone_repository(sys.argv[1], "mirror", bare=True, remote=lambda
    repository, name, url: repository.remotes.create(name, url, "+refs/*:refs/*"))
X
expect "HEAD of libgit2's mirror" "$(<mirror/HEAD)" 'ref: refs/heads/master'
expect 'its refs' "$(refs mirror)" 'refs/heads/trunk refs/notes/x refs/remotes/origin/HEAD'

git -C work update-ref -d refs/notes/x
/usr/bin/python3 - <<'X'
import pygit2
pygit2.Repository("mirror").remotes["origin"].fetch(prune=pygit2.GIT_FETCH_PRUNE)
X
expect 'after the note was deleted and a fetch with prune' "$(refs mirror)" \
	'refs/heads/trunk refs/remotes/origin/HEAD'
