#include "storage/vault/vault_dir.h"

#include "storage/base/cleanup.h"
#include "storage/base/file.h"
#include "tests/support/sink.h"
#include "tests/support/test.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct fixture {
	char *dir;
	struct vault *vault;
	struct err err;
};

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	f->dir = test_dir_make();
	f->vault = vault_dir_open(f->dir, false, &f->err);
	assert_non_null(f->vault);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	vault_free(f->vault);
	test_dir_remove(f->dir);
	free(f);
	return 0;
}

static char *path_of(struct fixture *f, const char *name)
{
	return file_join(f->dir, name);
}

static void put(struct fixture *f, const char *name, const char *text)
{
	assert_ok(vault_put_small(f->vault, name, text, strlen(text),
		      VAULT_RETAIN_NONE, &f->err),
	    f->err);
}

static void set_age(struct fixture *f, const char *name, int64_t seconds)
{
	autofree char *path = path_of(f, name);
	int64_t now;

	assert_ok(vault_now(f->vault, &now, &f->err), f->err);
	const struct timespec times[2] = {
	    {.tv_sec = now - seconds}, {.tv_sec = now - seconds}};
	assert_int_equal(utimensat(AT_FDCWD, path, times, 0), 0);
}

static size_t files(struct fixture *f)
{
	cleanup(strvec_done) struct strvec names = VEC_INIT;

	assert_ok(file_list_dir(f->dir, &names, &f->err), f->err);
	return names.len;
}

static void it_opens_a_directory_and_makes_one_if_asked(void **state)
{
	struct fixture *f = *state;
	autofree char *deep = path_of(f, "a/b");
	autofree char *file = path_of(f, "file");
	struct err err = ERR_INIT;
	struct stat st;

	assert_fails(
	    vault_dir_open(deep, false, &err) ? 0 : -1, err, ERR_NOT_FOUND);
	assert_contains(err.message, deep);
	cleanup(vault_freep) struct vault *made =
	    vault_dir_open(deep, true, &err);
	assert_non_null(made);
	assert_int_equal(stat(deep, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0700);
	assert_contains(vault_describe(made), deep);
	assert_non_null(made->file_system);
	put(f, "file", "x");
	assert_fails(
	    vault_dir_open(file, false, &err) ? 0 : -1, err, ERR_USAGE);
	assert_contains(err.message, "is not a directory");
}

static void an_object_is_written_once(void **state)
{
	struct fixture *f = *state;
	cleanup(buf_done) struct buf text = BUF_INIT;
	struct err err = ERR_INIT;

	put(f, "one", "first");
	assert_fails(vault_put_small(
			 f->vault, "one", "second", 6, VAULT_RETAIN_NONE, &err),
	    err, ERR_EXISTS);
	/* Nor where another is quicker, while this one is in the making. */
	cleanup(sink_freep) struct sink *slow =
	    vault_put(f->vault, "two", &err);
	assert_ok(sink_write(slow, "mine", 4, &err), err);
	put(f, "two", "theirs");
	assert_fails(sink_finish(slow, &err), err, ERR_EXISTS);
	assert_ok(vault_read(f->vault, "two", 10, &text, &err), err);
	assert_string_equal(buf_str(&text), "theirs");
	sink_free(slow);
	slow = NULL;
	assert_int_equal(files(f), 2); /* nothing of it is left */
}

/* What is in the making, and what is no plain file, is not listed. */
static void a_list_has_whole_objects_alone(void **state)
{
	struct fixture *f = *state;
	autofree char *dir = path_of(f, "prod-dir");
	autofree char *link = path_of(f, "prod-link");
	autofree char *pipe = path_of(f, "prod-pipe");
	autofree char *hidden = path_of(f, ".prod-hidden");
	cleanup(vault_items_done) struct vault_items items = VEC_INIT;
	struct err err = ERR_INIT;
	int64_t now;

	put(f, "prod-1", "four");
	put(f, "other", "x");
	assert_int_equal(mkdir(dir, 0700), 0);
	assert_int_equal(symlink("other", link), 0);
	assert_int_equal(mkfifo(pipe, 0600), 0);
	assert_ok(file_write_durably(hidden, "x", 1, &err), err);
	cleanup(sink_freep) struct sink *unfinished =
	    vault_put(f->vault, "prod-2", &err);
	assert_ok(sink_write(unfinished, "x", 1, &err), err);
	assert_ok(vault_list(f->vault, "prod-", &items, &err), err);
	assert_int_equal(items.len, 1);
	assert_string_equal(items.items[0].name, "prod-1");
	assert_int_equal(items.items[0].bytes, 4);
	assert_ok(vault_now(f->vault, &now, &err), err);
	assert_true(now >= items.items[0].stored_at);
	/* Asked by name, such a thing is named as what it is. */
	struct vault_stat st;
	cleanup(buf_done) struct buf text = BUF_INIT;
	static const char *const odd[] = {"prod-dir", "prod-link", "prod-pipe"};
	for (size_t i = 0; i < sizeof(odd) / sizeof(*odd); i++) {
		assert_fails(
		    vault_stat(f->vault, odd[i], &st, &err), err, ERR_FORMAT);
		assert_fails(vault_read(f->vault, odd[i], 10, &text, &err), err,
		    ERR_FORMAT);
		assert_contains(err.message, odd[i]);
	}
	assert_fails(
	    vault_stat(f->vault, "gone", &st, &err), err, ERR_NOT_FOUND);
	assert_fails(
	    vault_read(f->vault, "gone", 10, &text, &err), err, ERR_NOT_FOUND);
}

static void reading_begins_where_it_is_asked_to(void **state)
{
	struct fixture *f = *state;
	struct err err = ERR_INIT;
	static const struct {
		uint64_t offset;
		const char *rest;
	} cases[] = {{0, "content"}, {3, "tent"}, {7, ""}, {8, ""}};

	put(f, "one", "content");
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		cleanup(buf_done) struct buf out = BUF_INIT;
		cleanup(sink_freep) struct sink *to = test_sink(&out);
		cleanup(source_freep) struct source *from =
		    vault_get(f->vault, "one", cases[i].offset, &err);
		assert_non_null(from);
		assert_true(stream_copy(from, to, &err) >= 0);
		assert_string_equal(buf_str(&out), cases[i].rest);
	}
	/* A cap is one: not a byte more is read. */
	cleanup(buf_done) struct buf text = BUF_INIT;
	assert_ok(vault_read(f->vault, "one", 7, &text, &err), err);
	assert_fails(
	    vault_read(f->vault, "one", 6, &text, &err), err, ERR_FORMAT);
	assert_ok(vault_remove(f->vault, "one", &err), err);
	assert_ok(vault_remove(f->vault, "one", &err), err);
	assert_int_equal(files(f), 0);
}

static bool is_meant(void *ctx, const char *name)
{
	struct strvec *asked = ctx;

	strvec_add(asked, name);
	return strcmp(name, "prod-kept") != 0;
}

/* As a run that died leaves it. */
static void leave(struct fixture *f, const char *name, int64_t age_s)
{
	autofree char *path = path_of(f, name);

	assert_ok(file_write_durably(path, "x", 1, &f->err), f->err);
	set_age(f, name, age_s);
}

static void only_what_is_old_and_meant_is_tidied(void **state)
{
	struct fixture *f = *state;
	cleanup(strvec_done) struct strvec asked = VEC_INIT;
	const struct vault_tidy what = {.prefix = "prod-",
	    .meant = is_meant,
	    .ctx = &asked,
	    .older_than_s = 1000};
	struct err err = ERR_INIT;

	leave(f, ".prod-old.tmp-abcdef", 2000);
	/* A name may have the mark in it, too. */
	leave(f, ".prod-a.tmp-b.tmp-abcdef", 2000);
	leave(f, ".prod-kept.tmp-abcdef", 2000);
	leave(f, ".prod-young.tmp-abcdef", 500);
	leave(f, ".other.tmp-abcdef", 2000);
	leave(f, ".prod-hidden", 2000);
	leave(f, "prod-whole.tmp-abcdef", 2000);
	assert_int_equal(vault_tidy(f->vault, &what, &err), 2);
	strvec_sort(&asked);
	assert_int_equal(asked.len, 3);
	assert_string_equal(asked.items[0], "prod-a.tmp-b");
	assert_string_equal(asked.items[1], "prod-kept");
	assert_string_equal(asked.items[2], "prod-old");
	assert_int_equal(files(f), 5);
}

/* Somebody took the directory away: that is no empty vault. */
static void a_directory_that_is_gone_is_an_error(void **state)
{
	struct fixture *f = *state;
	cleanup(vault_items_done) struct vault_items items = VEC_INIT;
	struct err err = ERR_INIT;
	int64_t now;

	assert_int_equal(rmdir(f->dir), 0);
	assert_fails(
	    vault_list(f->vault, "", &items, &err), err, ERR_NOT_FOUND);
	assert_contains(err.message, f->dir);
	assert_fails(vault_now(f->vault, &now, &err), err, ERR_NOT_FOUND);
	assert_fails(
	    vault_put_small(f->vault, "one", "x", 1, VAULT_RETAIN_NONE, &err),
	    err, ERR_NOT_FOUND);
}

#define TEST(function)                                                         \
	cmocka_unit_test_setup_teardown(function, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(it_opens_a_directory_and_makes_one_if_asked),
	    TEST(an_object_is_written_once),
	    TEST(a_list_has_whole_objects_alone),
	    TEST(reading_begins_where_it_is_asked_to),
	    TEST(only_what_is_old_and_meant_is_tidied),
	    TEST(a_directory_that_is_gone_is_an_error),
	};

	return cmocka_run_group_tests_name("vault_dir", tests, NULL, NULL);
}
