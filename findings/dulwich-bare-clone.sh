#!/bin/bash
# Dulwich 0.21.2 (Debian 12, python3-dulwich 0.21.2-1+b1): a bare clone is laid
# out like the clone of somebody who works in it: the default branch is a branch,
# and every other one is a remote-tracking ref. So who clones that backup gets one
# branch. `git clone --bare` makes every branch a branch.
#
# Seen, of a repository with the branches main and other:
#	branches by git clone --bare: refs/heads/main refs/heads/other
#	branches by dulwich: refs/heads/main
#	branches of a clone of that: origin/main
set -euo pipefail
# shellcheck source=findings/lib/git.bash
. "$(dirname "$0")/lib/git.bash"
git_alone python3-dulwich=0.21.2-1+b1
export PYTHONPATH=$W/root/usr/lib/python3/dist-packages
refs() { git -C "$1" for-each-ref --format="%(${3:-refname})" "$2" | paste -sd ' '; }

git init --quiet --initial-branch main work
git -C work commit --quiet --allow-empty --message one
git -C work branch other
git clone --quiet --bare "file://$W/work" by-git
expect 'branches by git clone --bare' "$(refs by-git refs/heads)" 'refs/heads/main refs/heads/other'
/usr/bin/python3 -c 'from dulwich import porcelain
porcelain.clone("work", "by-dulwich", bare=True)' >>log 2>&1
expect 'branches by dulwich' "$(refs by-dulwich refs/heads)" refs/heads/main
git clone --quiet "file://$W/by-dulwich" again
git -C again remote set-head origin --delete
expect 'branches of a clone of that' "$(refs again refs/remotes refname:short)" origin/main
