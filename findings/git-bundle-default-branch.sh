#!/bin/bash
# git 2.39.5 (Debian 12, git 1:2.39.5-0+deb12u3): a bundle keeps the commit of
# HEAD, but not the branch that it names. Who restores a repository from
# `git bundle create --all` by `git clone --mirror` gets a branch that is
# guessed from the commit: where several branches are at it, as after a release
# branch was made, this is the last by name. Nothing is said. A clone of the
# repository itself keeps the default branch.
#
# Seen, of a repository with the branches main and release at one commit:
#	cloned: refs/heads/main
#	restored from the bundle: refs/heads/release
set -euo pipefail
# shellcheck source=findings/lib/git.bash
. "$(dirname "$0")/lib/git.bash"
git_alone
git init --quiet --bare --initial-branch main source.git
commit=$(git -C source.git commit-tree -m one "$(git -C source.git mktree </dev/null)")
git -C source.git update-ref refs/heads/main "$commit"
git -C source.git update-ref refs/heads/release "$commit"

git clone --quiet --mirror "file://$W/source.git" cloned.git
expect cloned "$(git -C cloned.git symbolic-ref HEAD)" refs/heads/main
git -C source.git bundle create --quiet "$W/bundle" --all
git -C source.git bundle verify --quiet "$W/bundle" >>log 2>&1
git clone --quiet --mirror bundle restored.git
expect 'restored from the bundle' "$(git -C restored.git symbolic-ref HEAD)" refs/heads/release
