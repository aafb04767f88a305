#!/usr/bin/env bats
# The sample platform: loaded, wiped and loaded again, it is the same.

setup_file() {
	cd "$BATS_TEST_DIRNAME" || return
	SIM_TMP=$BATS_FILE_TMPDIR
	export SIM_TMP
}

teardown_file() {
	cd "$BATS_TEST_DIRNAME" || return
	for d in old new; do ./kube stop "$SIM_TMP/$d"; done
	[ ! -e "$SIM_TMP/real" ] || ../servers/kube stop "$SIM_TMP/real"
}

setup() { cd "$BATS_TEST_DIRNAME/../data/platform" || return; }

round() { # KUBECONFIG
	./load kube "$1"
	./dump kube "$1" >"$SIM_TMP/before"
	[ "$(wc -l <"$SIM_TMP/before")" -ge 120 ]
	./load kube "$1"
	./dump kube "$1" | diff "$SIM_TMP/before" -
	./wipe kube "$1"
	[ "$(./dump kube "$1" | grep -cE ' (production|staging|infrastructure|monitoring) ')" = 0 ]
	./load kube "$1"
	./dump kube "$1" | diff "$SIM_TMP/before" -
}

@test "a cluster, as Kubernetes 1.20 serves it" {
	../../sim/kube start "$SIM_TMP/old" --release 1.20
	round "$SIM_TMP/old/kubeconfig"
	cp "$SIM_TMP/before" "$SIM_TMP/of-1.20"
}

@test "a cluster of today" {
	../../sim/kube start "$SIM_TMP/new"
	round "$SIM_TMP/new/kubeconfig"
}

@test "a real cluster, which says the same of it as the simulated one" {
	assets=${KUBEBUILDER_ASSETS:-$HOME/.cache/backstay/kube}
	[ -x "$assets/kube-apiserver" ] || skip "no kube-apiserver in $assets: scripts/kube-assets makes it"
	../../servers/kube start "$SIM_TMP/real"
	round "$SIM_TMP/real/kubeconfig"
	diff "$SIM_TMP/of-1.20" "$SIM_TMP/before"
}

@test "repositories with the same object ids everywhere" {
	mkdir "$SIM_TMP/git"
	./load git "$SIM_TMP/git"
	[ "$(./dump git "$SIM_TMP/git" | grep '^organization-gitops .* commit refs/heads/main$')" = \
		'organization-gitops 59cae74781fc69296e8d838f4bdbc6eb6c69a8c5 commit refs/heads/main' ]
	for r in "$SIM_TMP"/git/*.git; do git -C "$r" fsck --strict; done
	./wipe git "$SIM_TMP/git"
	[ -z "$(ls "$SIM_TMP/git")" ]
}
