#!/usr/bin/env bats
# scripts/deps on a root of its own, where apt-get is one that enables services
# as Debian's packages do.
# shellcheck disable=SC2154
bats_require_minimum_version 1.5.0

top=$BATS_TEST_DIRNAME/../..

setup() {
	export BACKSTAY_DEPS_ROOT=$BATS_TEST_TMPDIR/root R=$BATS_TEST_TMPDIR/root
	mkdir -p "$R"/usr/sbin "$R"/etc/{systemd/system/multi-user.target.wants,rc2.d,rc5.d} "$BATS_TEST_TMPDIR/bin"
	ln -s ../ssh.service "$R/etc/systemd/system/multi-user.target.wants/ssh.service"
	ln -s ../init.d/cron "$R/etc/rc2.d/S01cron"
	find "$R/etc" -type l | sort >"$BATS_TEST_TMPDIR/before"
	cat >"$BATS_TEST_TMPDIR/bin/dpkg-query" <<-'X'
	#!/bin/sh
	exit 1
	X
	cat >"$BATS_TEST_TMPDIR/bin/apt-get" <<-'X'
	#!/bin/bash
	printf '%s\n' "$*" >>"$BATS_TEST_TMPDIR/asked"
	[[ $* == *" install "* ]] || exit 0
	[ ! -e "$BATS_TEST_TMPDIR/fails" ] || { echo "E: certificate verify failed"; exit 100; }
	"$R/usr/sbin/policy-rc.d"
	[ $? -eq 101 ] || exit 1
	mkdir -p "$R/etc/systemd/system/timers.target.wants" "$R/etc/systemd/system/ceph.target.wants"
	ln -s ../smartd.service "$R/etc/systemd/system/multi-user.target.wants/smartd.service"
	ln -s ../uuidd.timer "$R/etc/systemd/system/timers.target.wants/uuidd.timer"
	ln -s ../ceph-mon.target "$R/etc/systemd/system/ceph.target.wants/ceph-mon.target"
	ln -s ../init.d/lighttpd "$R/etc/rc2.d/S01lighttpd"
	ln -s ../init.d/ceph "$R/etc/rc5.d/S01ceph"
	X
	cat >"$BATS_TEST_TMPDIR/bin/sudo" <<-'X'
	#!/bin/sh
	exec "$@"
	X
	chmod +x "$BATS_TEST_TMPDIR"/bin/*
	export PATH=$BATS_TEST_TMPDIR/bin:$PATH BATS_TEST_TMPDIR
}

@test "nothing that packages enable stays enabled, and what was there stays" {
	run -0 "$top/scripts/deps" --demo
	echo "$output"
	find "$R/etc" -type l -name '[^K]*' | sort | diff "$BATS_TEST_TMPDIR/before" -
	# Its K says that it is not to start: without it, it would be enabled anew.
	[ -L "$R/etc/rc2.d/K01lighttpd" ]
	[ ! -e "$R/usr/sbin/policy-rc.d" ]
}

@test "--build, --demo and all: each has what the one before it has" {
	"$top/scripts/deps" --build
	grep -o ' install .*' "$BATS_TEST_TMPDIR/asked" | tail -1 | tr ' ' '\n' | sort >"$BATS_TEST_TMPDIR/build"
	rm -r "${R:?}/etc"; mkdir -p "$R"/etc/{systemd/system/multi-user.target.wants,rc2.d,rc5.d}
	"$top/scripts/deps" --demo
	grep -o ' install .*' "$BATS_TEST_TMPDIR/asked" | tail -1 | tr ' ' '\n' | sort >"$BATS_TEST_TMPDIR/demo"
	[ -z "$(comm -23 "$BATS_TEST_TMPDIR/build" "$BATS_TEST_TMPDIR/demo")" ]
	grep -qx radosgw "$BATS_TEST_TMPDIR/demo"
	run ! grep -qx 'npm\|nodejs\|clang\|bats\|prometheus-pushgateway' "$BATS_TEST_TMPDIR/demo"
	run ! grep -qx 'age\|lighttpd' "$BATS_TEST_TMPDIR/build"
	grep -q 'scripts/deps --demo' "$top/scripts/demo"
}

@test "a download that fails says what to do, and leaves nothing behind" {
	touch "$BATS_TEST_TMPDIR/fails"
	run -1 "$top/scripts/deps" --demo
	grep -q 'certificate verify failed' <<<"$output"
	grep -q 'http_proxy' <<<"$output"
	grep -q 'update-ca-certificates' <<<"$output"
	[ ! -e "$R/usr/sbin/policy-rc.d" ]
}
