#!/usr/bin/env bats
# scripts/check-includes accepts the tree as it is, and refuses an include, a
# call and a circle of calls that the table of rooms does not allow. Each is
# tried in a copy of the tree beside links to the objects of the build; git puts
# the copy back after each test.

setup_file() {
	cd "$BATS_TEST_DIRNAME/../.."
	local build=${BACKSTAY_BUILD:-$PWD/build} copy=$BATS_FILE_TMPDIR/copy
	mkdir -p "$copy/build"
	git ls-files -z --cached --others --exclude-standard agent config restore \
	    scripts storage | xargs -0 cp -p --parents -t "$copy"
	cp -rs "$build"/{agent,config,restore,storage} "$copy/build"
	cd "$copy"
	git init -q
	git add -f .
	git -c user.name=t -c user.email=t@localhost commit -q -m 'as it is'
	export BACKSTAY_BUILD=build
}

setup() { cd "$BATS_FILE_TMPDIR/copy"; }

teardown() {
	git ls-files -z --modified -- '*.[ch]' >"$BATS_TEST_TMPDIR/changed"
	git clean -fdxq
	git checkout -q .
	# A file that git writes anew would be younger than its object.
	xargs -0r touch -d @0 <"$BATS_TEST_TMPDIR/changed"
}

compile() { # FILE.c
	rm "build/${1%.c}.o"
	# shellcheck disable=SC2086 # a launcher and a compiler, perhaps
	${CC:-cc} -std=gnu17 -D_GNU_SOURCE -I. -c -o "build/${1%.c}.o" "$1"
}

# Adds a function to a file, and builds the file.
append() { # FILE.c TEXT
	printf '%s\n' "$2" >>"$1"
	compile "$1"
}

@test "the tree as it is" {
	scripts/check-includes
}

@test "an include that the table does not allow" {
	sed -i '1i #include "restore/run/journal.h"' storage/base/str.c
	run scripts/check-includes
	[ "$status" -eq 1 ]
	[[ $output == *"storage/base/str.c: storage/base may not include restore/run/journal.h"* ]]
}

@test "a header of a library outside its wrapper" {
	sed -i '1i #include <curl/curl.h>' storage/base/str.c
	run scripts/check-includes
	[ "$status" -eq 1 ]
	[[ $output == *"storage/base/str.c: <curl/curl.h> belongs in storage/http/"* ]]
}

@test "a folder that is no room" {
	mkdir storage/attic
	echo >storage/attic/old.c
	run scripts/check-includes
	[ "$status" -eq 1 ]
	[[ $output == *"storage/attic/old.c: is in no known room"* ]]
}

@test "a call into a room that may not be included" {
	append storage/base/str.c \
	    'void json_scan(void); void str_up(void); void str_up(void) { json_scan(); }'
	append storage/json/scan.c 'void json_scan(void); void json_scan(void) {}'
	run scripts/check-includes
	[ "$status" -eq 1 ]
	[[ $output == *"storage/base/str.c: storage/base may not call storage/json/scan.c"* ]]
}

@test "two files that call each other" {
	append storage/base/err.c \
	    'void str_b(void); void err_a(void); void err_a(void) { str_b(); }'
	append storage/base/str.c \
	    'void err_a(void); void str_b(void); void str_b(void) { err_a(); }'
	run scripts/check-includes
	[ "$status" -eq 1 ]
	[[ $output == *"storage/base/err.c storage/base/str.c: these files call each other in a circle"* ]]
}

@test "an object that is older than its source, or missing" {
	touch storage/base/str.c
	rm build/storage/base/err.o
	run scripts/check-includes
	[ "$status" -eq 1 ]
	[[ $output == *"storage/base/str.c: build/storage/base/str.o is not there or is older: run make"* ]]
	[[ $output == *"storage/base/err.c: build/storage/base/err.o is not there"* ]]
}
