#!/usr/bin/env bats
# scripts/check-cleanup accepts the tree as it is, and refuses a variable with a
# cleanup attribute that may be released before it has a value.

setup() {
	local script
	script=$(cd "$BATS_TEST_DIRNAME/../../scripts" && pwd)/check-cleanup
	mkdir -p "$BATS_TEST_TMPDIR/copy/scripts"
	cd "$BATS_TEST_TMPDIR/copy"
	git init -q
	cp "$script" scripts
}

body() { # LINES: of a function in a.c
	printf 'int f(int n)\n{\n%s\n}\n' "$1" >a.c
	run scripts/check-cleanup
	echo "$output"
}

@test "the tree as it is" {
	"$BATS_TEST_DIRNAME/../../scripts/check-cleanup"
}

@test "a return before the first use" {
	body '	cleanup(thing_done) struct thing t;
	if (n)
		return -1;
	thing_init(&t);
	return 0;'
	[ "$status" -ne 0 ]
	[ "$output" = 'a.c:3: t: is released before it has a value' ]
}

@test "a first use that may be passed over" {
	body '	autofree char *text;
	if (check(n) ||
	    read_it(&text))
		return -1;
	return 0;'
	[ "$status" -ne 0 ]
	[ "$output" = 'a.c:3: text: is released also where it was passed over' ]
}

@test "a value at once, before any way out, and in the next function" {
	body '	cleanup(thing_done) struct thing t = {.n = n}, u;
	autoclose int fd;

	fd = open_it(&u);
	return 0;
}

int g(int n)
{
	return n;'
	[ "$status" -eq 0 ]
}
