#include "tests/support/ssh_script.h"

#include "storage/base/cleanup.h"
#include "storage/base/file.h"

#include <stdlib.h>
#include <sys/stat.h>

void test_ssh_init(struct test_ssh *t)
{
	struct err err = ERR_INIT;

	*t = (struct test_ssh){.where = LOCATION_INIT};
	test_clock_init(&t->clock, 1700000000000);
	t->dir = test_dir_make();
	t->access = (struct git_access){
	    .scratch = t->dir, .clock = &t->clock.clock, .cancel = &t->cancel};
	assert_ok(location_parse("ssh://git@host.example:2222/team/r.git",
		      &t->where, &err),
	    err);
	t->path = str_dup(getenv("PATH"));
	autofree char *path = str_printf("%s:%s", t->dir, t->path);
	setenv("PATH", path, 1);
}

void test_ssh_done(struct test_ssh *t)
{
	setenv("PATH", t->path, 1);
	free(t->path);
	location_done(&t->where);
	test_dir_remove(t->dir);
}

void test_ssh_does(struct test_ssh *t, const char *script)
{
	struct err err = ERR_INIT;
	autofree char *file = file_join(t->dir, "ssh");
	autofree char *text =
	    str_printf("#!/bin/sh\nhere=${0%%/*}\n%s\n", script);

	assert_ok(file_write_durably(file, text, strlen(text), &err), err);
	assert_int_equal(chmod(file, 0700), 0);
}

char *test_ssh_wrote(struct test_ssh *t, const char *name)
{
	struct buf out = BUF_INIT;
	struct err err = ERR_INIT;
	autofree char *file = file_join(t->dir, name);

	assert_ok(file_read(file, 1 << 20, &out, &err), err);
	return buf_steal(&out);
}
