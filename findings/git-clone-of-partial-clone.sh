#!/bin/bash
# git 2.39.5 (Debian 12, git 1:2.39.5-0+deb12u3): a partial clone cannot be
# cloned, fetched from or mirrored when it lacks an object that is asked for,
# although its promisor is there and the partial clone itself gets the object
# from it on demand. upload-pack does not fetch what is missing, since a fix of
# 2.39.4; the client is told of corruption. `git cat-file` in the partial clone
# fetches the object, after which serving it works.
#
# Seen:
#	clone of the whole repository: 0
#	clone of the partial clone: 128
#	what the server says: warning: lazy fetching disabled; some objects may not be available
#	reads of the missing file there: 0
#	clone of it then: 0
set -euo pipefail
# shellcheck source=findings/lib/git.bash
. "$(dirname "$0")/lib/git.bash"
git_alone

clone() { # FROM TO
	local result=0
	git clone --quiet --mirror "file://$W/$1" "$2" 2>"$2.log" || result=$?
	echo "$result"
}

git init --quiet --initial-branch main work
echo before >work/file
git -C work add file
git -C work commit --quiet --message one
git clone --quiet --bare work whole
git -C whole config uploadpack.allowFilter true
git clone --quiet --bare --filter=blob:none "file://$W/whole" partial
expect 'clone of the whole repository' "$(clone whole copy)" 0
expect 'clone of the partial clone' "$(clone partial failed)" 128
expect 'what the server says' "$(sed -n 's/^remote: \(warning:.*[^ ]\) *$/\1/p' failed.log)" \
	'warning: lazy fetching disabled; some objects may not be available'
expect 'reads of the missing file there' \
	"$(git -C partial cat-file blob main:file >/dev/null 2>&1; echo $?)" 0
expect 'clone of it then' "$(clone partial again)" 0
