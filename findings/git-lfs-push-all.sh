#!/bin/bash
# git-lfs 3.3.0 (Debian 12, git-lfs 3.3.0-1+deb12u2): `fetch --all` and
# `push --all` mean different refs. In a mirror, `git lfs fetch --all` takes the
# objects of every ref, and `git lfs push --all` sends those of branches and tags
# only: what other refs need (refs/merge-requests, refs/pull, refs/notes) stays
# behind, with exit status 0, and `git lfs fsck` at the target finds no fault.
# Naming the objects (`push --object-id`) sends them.
#
# Seen, of a file on a branch and one on refs/merge-requests/1/head:
#	objects of the source: 2
#	objects after fetch --all: 2
#	push --all: 0
#	objects at the target: 1
#	fsck there: Git LFS fsck OK
#	objects after push --object-id: 2
set -euo pipefail
# shellcheck source=findings/lib/git.bash
. "$(dirname "$0")/lib/git.bash"
git_alone git-lfs=3.3.0-1+deb12u2

git lfs install --skip-repo >>log

objects() { find "$1/lfs/objects" -type f | wc -l; }

git init --quiet --initial-branch main work
cd work
git lfs track '*.bin' >>../log
echo one >one.bin
git add .
git commit --quiet --message one
echo two >two.bin
git add .
git commit --quiet --message two
git update-ref refs/merge-requests/1/head HEAD
git reset --quiet --hard HEAD~1
cd ..
git clone --quiet --mirror "file://$W/work" source 2>>log
mkdir -p source/lfs
cp -r work/.git/lfs/objects source/lfs/
expect 'objects of the source' "$(objects source)" 2

git clone --quiet --mirror "file://$W/source" mirror
git -C mirror lfs fetch --all >>log 2>&1
expect 'objects after fetch --all' "$(objects mirror)" 2
git init --quiet --bare --initial-branch main target
git -C mirror push --quiet --no-verify --mirror "file://$W/target"
result=0
git -C mirror lfs push --all "file://$W/target" >>log 2>&1 || result=$?
expect 'push --all' "$result" 0
expect 'objects at the target' "$(objects target)" 1
expect 'fsck there' "$(git -C target lfs fsck)" 'Git LFS fsck OK'
mapfile -t ids < <(find mirror/lfs/objects -type f -printf '%f\n')
git -C mirror lfs push --object-id "file://$W/target" "${ids[@]}" >>log 2>&1
expect 'objects after push --object-id' "$(objects target)" 2
