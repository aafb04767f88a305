#!/bin/bash
# git 2.39.5 (Debian 12, git 1:2.39.5-0+deb12u3): a repository that goes through
# `git fast-export --all` and `git fast-import` loses the signatures of its
# commits, so that they and all that follow have other ids. Of tags that are
# signed it asks what to do, and of tags that name a tree it warns; of commits it
# says nothing, and the exit status is 0. What a GitOps controller has pinned, and
# the policy that wants signed commits, no longer find them.
#
# Seen, of a signed commit and an unsigned one before it:
#	export: 0, 0 lines of warnings
#	unsigned commit: the same
#	signed commit: another one, 0 signatures
set -euo pipefail
# shellcheck source=findings/lib/git.bash
. "$(dirname "$0")/lib/git.bash"
git_alone
git init --quiet --bare --initial-branch main source.git
git init --quiet --bare --initial-branch main restored.git
tree=$(git -C source.git mktree </dev/null)
unsigned=$(git -C source.git commit-tree -m one "$tree")
signed=$(git -C source.git hash-object -t commit -w --stdin <<X
tree $tree
parent $unsigned
author finding <finding@example.com> 1700000000 +0000
committer finding <finding@example.com> 1700000000 +0000
gpgsig -----BEGIN SSH SIGNATURE-----
 U1NIU0lHAAAAAQ==
 -----END SSH SIGNATURE-----

two
X
)
git -C source.git update-ref refs/heads/main "$signed"
git -C source.git fsck --strict

result=0
git -C source.git fast-export --all >exported 2>warnings || result=$?
expect export "$result, $(wc -l <warnings) lines of warnings" '0, 0 lines of warnings'
git -C restored.git fast-import --quiet <exported
same() { [ "$(git -C restored.git rev-parse "$1")" = "$2" ] && echo 'the same' || echo 'another one'; }
expect 'unsigned commit' "$(same main^ "$unsigned")" 'the same'
expect 'signed commit' "$(same main "$signed"), $(git -C restored.git cat-file commit main | grep -c gpgsig || true) signatures" \
	'another one, 0 signatures'
