# shellcheck shell=bash
# Git of Debian 12 with no configuration of this machine, in $W.

# shellcheck source=findings/lib/packages.bash
. "$(dirname "${BASH_SOURCE[0]}")/packages.bash"

# shellcheck disable=SC2120 # some need no more packages
git_alone() { # [NAME=VERSION...]: more packages
	debian git=1:2.39.5-0+deb12u3 "$@"
	export HOME=$W GIT_CONFIG_NOSYSTEM=1 GIT_EXEC_PATH=$W/root/usr/lib/git-core
	export GIT_TEMPLATE_DIR='' GIT_AUTHOR_NAME=finding GIT_AUTHOR_EMAIL=finding@example.com
	export GIT_COMMITTER_NAME=finding GIT_COMMITTER_EMAIL=finding@example.com
	git --version
	cd "$W" || return
}
