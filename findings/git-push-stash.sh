#!/bin/bash
# git 2.39.5 (Debian 12, git 1:2.39.5-0+deb12u3): `push --mirror` of a mirror
# leaves out refs of one part below refs/, such as refs/stash, and exits with 0.
# `clone --mirror` takes them, since upload-pack offers them. Pushed by name they
# are refused by the server ("funny refname"), so that a stash can be mirrored
# and not be put back over the protocol.
#
# Seen, of a repository with a branch, a stash and refs/changes/1:
#	refs of the mirror: refs/changes/1 refs/heads/main refs/stash
#	push --mirror: 0
#	refs of the target: refs/changes/1 refs/heads/main
#	push of refs/stash by name: 1
#	what the server says: funny refname
set -euo pipefail
# shellcheck source=findings/lib/git.bash
. "$(dirname "$0")/lib/git.bash"
git_alone

refs() { git -C "$1" for-each-ref --format='%(refname)' | paste -sd ' '; }
push() { # OPTION-OR-REF...
	local result=0
	git -C mirror push "$@" >pushed 2>&1 || result=$?
	echo "$result"
}

git init --quiet --initial-branch main work
echo one >work/file
git -C work add file
git -C work commit --quiet --message one
git -C work update-ref refs/changes/1 HEAD
echo two >work/file
git -C work stash --quiet
git clone --quiet --mirror "file://$W/work" mirror
expect 'refs of the mirror' "$(refs mirror)" 'refs/changes/1 refs/heads/main refs/stash'

git init --quiet --bare target
expect 'push --mirror' "$(push --mirror "file://$W/target")" 0
expect 'refs of the target' "$(refs target)" 'refs/changes/1 refs/heads/main'
expect 'push of refs/stash by name' "$(push "file://$W/target" refs/stash:refs/stash)" 1
expect 'what the server says' "$(grep -o 'funny refname' pushed | head -n 1)" 'funny refname'
