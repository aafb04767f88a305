#!/bin/bash
# git-lfs 3.3.0 (Debian 12, git-lfs 3.3.0-1+deb12u2): a push to and a fetch from
# a remote given by path (file://) makes hard links of the objects where both
# sides are on one file system. The backup, the mirror and the working repository
# are then one file: a fault of the disk or a write through one name is in all of
# them. `git clone` links a local source unless it is given as file://; git-lfs
# links just there.
#
# Seen:
#	names of the pushed object: 2
#	names of it after a fetch into a mirror: 3
#	names of git's own pack in the mirror: 1
set -euo pipefail
# shellcheck source=findings/lib/git.bash
. "$(dirname "$0")/lib/git.bash"
git_alone git-lfs=3.3.0-1+deb12u2
git lfs install --skip-repo >>log

names() { # FOLDER NAME: how many names its file has
	find "$1" -type f -name "$2" -printf '%n\n' | head -n 1
}

git init --quiet --initial-branch main work
git init --quiet --bare backup
cd work
git lfs track '*.bin' >>../log
echo chart >chart.bin
git add .
git commit --quiet --message one
object=$(git lfs ls-files --long | cut -d ' ' -f 1)
git push --quiet --no-verify "file://$W/backup" main
git lfs push --all "file://$W/backup" >>../log 2>&1
cd ..
expect 'names of the pushed object' "$(names backup/lfs "$object")" 2
git clone --quiet --mirror "file://$W/backup" mirror
git -C mirror lfs fetch --all >>log 2>&1
expect 'names of it after a fetch into a mirror' "$(names mirror/lfs "$object")" 3
expect "names of git's own pack in the mirror" "$(names mirror/objects '*.pack')" 1
