/* A snapshot that is listed, and of which single entries are read. */
#include "restore/browse.h"

#include "storage/archive/unpack_file.h"
#include "storage/base/cleanup.h"
#include "storage/base/file.h"
#include "storage/base/json.h"
#include "tests/support/opened.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct fixture {
	struct test_opened t;
	struct browse browse;
};

static int set_up(void **state)
{
	struct fixture *f = mem_new(struct fixture);

	test_opened_init(&f->t);
	f->browse = (struct browse)BROWSE_INIT;
	*state = f;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;

	browse_done(&f->browse);
	test_opened_done(&f->t);
	free(f);
	return 0;
}

/* One becomes a file where all is unpacked, one does not. */
#define STATE "terraform/b/k"
#define MAP "kubernetes/prod/namespaces/ns/configmaps/a.json"

static void commit(struct fixture *f, const char *map, bool unindexed)
{
	test_tree_add(&f->t.tree, MAP, NULL, map);
	test_tree_add(&f->t.tree, STATE, NULL, "a state");
	f->t.unindexed = unindexed;
	test_opened_commit(&f->t, "");
}

static void open_it(struct fixture *f)
{
	struct err err = ERR_INIT;

	assert_ok(browse_open(&f->t.command, &f->browse, &err), err);
}

/* The text of an entry, of at most so many bytes. */
struct reading {
	struct browse *browse;
	const char *path;
	size_t max_bytes;
	struct buf text;
	size_t seen;
};

static int read_it(void *ctx, const struct contents_entry *e, struct err *err)
{
	struct reading *r = ctx;

	r->seen++;
	return str_eq(e->path, r->path)
		   ? browse_read_text(r->browse, e, r->max_bytes, &r->text, err)
		   : 0;
}

static int try_read(struct fixture *f, struct reading *r, const char *path,
    size_t max_bytes, struct err *err)
{
	*err = (struct err)ERR_INIT;
	*r = (struct reading){
	    .browse = &f->browse, .path = path, .max_bytes = max_bytes};
	buf_add_str(&r->text, "> ");
	return browse_each(&f->browse, read_it, r, err);
}

static void assert_text(struct fixture *f, const char *path, const char *text)
{
	struct reading r;
	struct err err;

	assert_ok(try_read(f, &r, path, 100, &err), err);
	assert_int_equal(r.seen, 2);
	/* It is appended. */
	assert_string_equal(buf_str(&r.text), text);
	buf_done(&r.text);
}

/* ---- either way ---------------------------------------------------------- */

static void single_entries_are_read(void **state)
{
	(void)state;
	for (int unindexed = 0; unindexed < 2; unindexed++) {
		void *one;
		set_up(&one);
		struct fixture *f = one;

		commit(f, "{\"x\":1}", unindexed);
		open_it(f);
		assert_int_equal(f->browse.seek != NULL, !unindexed);
		assert_text(f, MAP, "> {\"x\":1}");
		assert_text(f, STATE, "> a state");
		tear_down(&one);
	}
}

static void a_longer_one_is_refused_and_not_read(void **state)
{
	(void)state;
	for (int unindexed = 0; unindexed < 2; unindexed++) {
		void *one;
		set_up(&one);
		struct fixture *f = one;
		struct reading r;
		struct err err;

		commit(f, "{\"x\":1}", unindexed);
		open_it(f);
		assert_fails(try_read(f, &r, STATE, 6, &err), err, ERR_FORMAT);
		assert_contains(err.message, STATE);
		assert_string_equal(buf_str(&r.text), "> ");
		buf_done(&r.text);
		assert_ok(try_read(f, &r, STATE, 7, &err), err);
		buf_done(&r.text);
		tear_down(&one);
	}
}

static void an_object_is_found_by_its_path(void **state)
{
	(void)state;
	for (int unindexed = 0; unindexed < 2; unindexed++) {
		void *one;
		set_up(&one);
		struct fixture *f = one;
		struct json_object *object = NULL;
		struct err err = ERR_INIT;

		commit(f, "{\"x\":1}", unindexed);
		open_it(f);
		assert_ok(
		    browse_read_object(&f->browse, MAP, &object, &err), err);
		assert_json(object, "{\"x\":1}");
		json_free(object);
		assert_ok(
		    browse_read_object(&f->browse, MAP ".json", &object, &err),
		    err);
		assert_null(object);
		assert_fails(
		    browse_read_object(&f->browse, STATE, &object, &err), err,
		    ERR_FORMAT);
		assert_contains(err.message, STATE);
		assert_null(object);
		tear_down(&one);
	}
}

static void another_snapshot_is_another(void **state)
{
	(void)state;
	for (int unindexed = 0; unindexed < 2; unindexed++) {
		void *one;
		set_up(&one);
		struct fixture *f = one;
		struct err err = ERR_INIT;

		commit(f, "{\"x\":1}", unindexed);
		test_tree_done(&f->t.tree);
		test_tree_init(&f->t.tree);
		test_tree_add(&f->t.tree, MAP, NULL, "{\"x\":2}");
		test_tree_add(&f->t.tree, STATE, NULL, "another");
		test_opened_add(&f->t, NULL);
		assert_ok(browse_vault(&f->t.command, &f->browse, &err), err);
		const struct snapshots *list = &f->browse.opened.list;
		assert_int_equal(list->len, 2);
		for (int i = 0; i < 2; i++) {
			assert_ok(
			    browse_snapshot(&f->browse, &list->items[0], &err),
			    err);
			assert_text(f, MAP, "> {\"x\":1}");
			assert_text(f, STATE, "> a state");
			assert_ok(
			    browse_snapshot(&f->browse, &list->items[1], &err),
			    err);
			assert_text(f, MAP, "> {\"x\":2}");
			assert_text(f, STATE, "> another");
		}
		tear_down(&one);
	}
}

/* ---- what does not hold -------------------------------------------------- */

static void flip(int fd, off_t at)
{
	uint8_t byte;

	assert_int_equal(pread(fd, &byte, 1, at), 1);
	byte ^= 1;
	assert_int_equal(pwrite(fd, &byte, 1, at), 1);
}

/* Whether that is noticed; else all that is read is right. */
static bool is_noticed(struct fixture *f)
{
	struct reading map = {.browse = NULL}, state = {.browse = NULL};
	struct err err = ERR_INIT;
	bool noticed = browse_open(&f->t.command, &f->browse, &err) ||
		       try_read(f, &map, MAP, 100, &err) ||
		       try_read(f, &state, STATE, 100, &err);

	if (!noticed) {
		assert_string_equal(buf_str(&map.text), "> {\"x\":1}");
		assert_string_equal(buf_str(&state.text), "> a state");
	} else if (err.code != ERR_INTEGRITY) {
		fail_msg("code %d: %s", err.code, err.message);
	} else {
		assert_contains(err.message, f->t.label);
	}
	buf_done(&map.text);
	buf_done(&state.text);
	browse_done(&f->browse);
	return noticed;
}

/* With an index, damage in what is not read goes unseen; never is anything
 * handed out that is wrong. */
static void damage_is_an_integrity_error(void **state)
{
	(void)state;
	for (int unindexed = 0; unindexed < 2; unindexed++) {
		void *one;
		set_up(&one);
		struct fixture *f = one;
		size_t noticed = 0, tried = 0;

		commit(f, "{\"x\":1}", unindexed);
		autofree char *path = test_opened_file(&f->t, ".tar.zst");
		int fd = open(path, O_RDWR | O_CLOEXEC);
		off_t end = lseek(fd, 0, SEEK_END);
		for (off_t at = 5; at < end; at += 17, tried++) {
			flip(fd, at);
			noticed += is_noticed(f);
			flip(fd, at);
		}
		close(fd);
		assert_true(tried > 10);
		assert_true(unindexed ? noticed == tried : noticed > 0);
		assert_false(is_noticed(f));
		tear_down(&one);
	}
}

/* ---- as a file ----------------------------------------------------------- */

struct writing {
	struct fixture *f;
	struct unpack_file file;
};

static int write_it(void *ctx, const struct contents_entry *e, struct err *err)
{
	struct writing *w = ctx;
	struct spool spool;

	spool_init(&spool, w->f->browse.opened.scratch.path, 1);
	int failed = browse_read(&w->f->browse, e, &spool, err) ||
		     browse_write(&w->file, e->path, &spool, err);
	spool_done(&spool);
	return failed ? -1 : 0;
}

static void what_was_read_is_written_to_files(void **state)
{
	struct fixture *f = *state;
	autofree char *dir = file_join(f->t.dir, "out");
	autofree char *path = file_join(dir, STATE);
	struct writing w = {.f = f};
	cleanup(buf_done) struct buf text = BUF_INIT;
	struct err err = ERR_INIT;

	commit(f, "{\"x\":1}", false);
	open_it(f);
	assert_ok(file_mkdirs(dir, &err), err);
	unpack_file_init(&w.file, dir);
	assert_ok(browse_each(&f->browse, write_it, &w, &err), err);
	unpack_file_done(&w.file);
	assert_ok(file_read(path, 100, &text, &err), err);
	assert_string_equal(buf_str(&text), "a state");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(single_entries_are_read),
	    cmocka_unit_test(a_longer_one_is_refused_and_not_read),
	    cmocka_unit_test(an_object_is_found_by_its_path),
	    cmocka_unit_test(another_snapshot_is_another),
	    cmocka_unit_test(damage_is_an_integrity_error),
	    TEST(what_was_read_is_written_to_files),
	};

	return cmocka_run_group_tests_name("browse", tests, NULL, NULL);
}
