#!/bin/bash
# git-crypt 0.7.0 with git 2.39.5 (Debian 12, git-crypt 0.7.0-0.1, git
# 1:2.39.5-0+deb12u3): what a backup of a repository with encrypted secrets holds
# depends on where it is made. `git archive` runs the filters of the checkout, so
# that in an unlocked repository the tar has the secrets in plain text, and in a
# mirror, which has no key, the same commit gives them encrypted. `git bundle`
# and `clone --mirror` give what is stored, in both.
#
# Seen, the first bytes of a secret "hunter2":
#	stored in the commit: \0GITCRYPT\0
#	git archive of the unlocked repository: hunter2
#	git archive of a mirror of it: \0GITCRYPT\0
#	in a clone of a bundle: \0GITCRYPT\0
set -euo pipefail
# shellcheck source=findings/lib/git.bash
. "$(dirname "$0")/lib/git.bash"
git_alone git-crypt=0.7.0-0.1
start() { head -c 10 | sed 's/\x0/\\0/g'; }
in_archive() { git -C "$1" archive HEAD secret | tar -xO; }

git init --quiet --initial-branch main work
(cd work && git-crypt init >"$W/log" 2>&1)
echo 'secret filter=git-crypt diff=git-crypt' >work/.gitattributes
echo hunter2 >work/secret
git -C work add .
git -C work commit --quiet --message one
expect 'stored in the commit' "$(git -C work cat-file -p HEAD:secret | start)" '\0GITCRYPT\0'
expect 'git archive of the unlocked repository' "$(in_archive work)" hunter2
git clone --quiet --mirror "file://$W/work" mirror
expect 'git archive of a mirror of it' "$(in_archive mirror | start)" '\0GITCRYPT\0'
git -C work bundle create --quiet "$W/all.bundle" HEAD main
git clone --quiet all.bundle clone
expect 'in a clone of a bundle' "$(start <clone/secret)" '\0GITCRYPT\0'
