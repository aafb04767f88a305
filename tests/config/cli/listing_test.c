/* How snapshots are listed, of a vault in a directory. */
#include "config/cli/listing.h"

#include "storage/base/cleanup.h"
#include "storage/base/json.h"
#include "tests/support/snapshots.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Two snapshots: one three hours, and one a minute old, with a tag. */
struct fixture {
	struct test_snapshots s;
	struct snapshots list;
	struct strvec tags;
	struct listing_options o;
	struct buf out;
};

static void tag(struct snapshot_writer *w, struct manifest *m)
{
	(void)w;
	strvec_add(&m->tags, "release");
	m->hold = true;
}

static int set_up(void **state)
{
	struct fixture *f = mem_new(struct fixture);

	test_snapshots_init(&f->s, 0);
	int64_t now = f->s.clock.now_ms;
	f->s.clock.now_ms = now - 3 * 3600 * 1000;
	test_snapshots_add(&f->s, NULL);
	f->s.clock.now_ms = now - 60 * 1000;
	test_snapshots_add(&f->s, tag);
	f->s.clock.now_ms = now;
	f->o = (struct listing_options){.name = "prod",
	    .tags = &f->tags,
	    .command = "list",
	    .clock = &f->s.clock.clock};
	*state = f;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;

	buf_done(&f->out);
	snapshots_done(&f->list);
	strvec_done(&f->tags);
	test_snapshots_done(&f->s);
	free(f);
	return 0;
}

static int print(struct fixture *f, struct err *err)
{
	*err = (struct err)ERR_INIT;
	snapshots_done(&f->list);
	f->list = (struct snapshots)VEC_INIT;
	buf_clear(&f->out);
	assert_ok(
	    snapshot_list(&f->s.t->vault, f->o.name, &f->list, err), *err);
	return listing_print(
	    &f->s.t->vault, &f->o, &f->list, &f->s.trust, &f->out, err);
}

static void assert_listed(struct fixture *f, int status)
{
	struct err err;
	int listed = print(f, &err);

	if (listed != status)
		fail_msg("%d: %s", listed, err.message);
}

static size_t lines(const struct fixture *f)
{
	size_t count = 0;

	for (const char *c = buf_str(&f->out); *c; c++)
		count += *c == '\n';
	return count;
}

static void the_oldest_is_the_first(void **state)
{
	struct fixture *f = *state;

	assert_listed(f, 0);
	assert_int_equal(lines(f), 3);
	const char *text = buf_str(&f->out);
	assert_int_equal(strncmp(text, "SNAPSHOT ", 9), 0);
	assert_true(strstr(text, f->list.items[0].label) <
		    strstr(text, f->list.items[1].label));
	assert_contains(text, "     3 h  complete");
	/* 60 seconds are not two minutes. */
	assert_contains(text, "    60 s  complete");
	assert_contains(text, "never  (hold)  release\n");
}

static void the_last_are_the_newest(void **state)
{
	struct fixture *f = *state;

	f->o.last = "1";
	assert_listed(f, 0);
	assert_int_equal(lines(f), 2);
	assert_non_null(strstr(buf_str(&f->out), f->list.items[1].label));
	f->o.last = "7";
	assert_listed(f, 0);
	assert_int_equal(lines(f), 3);
}

static void a_count_is_a_whole_number_from_one(void **state)
{
	static const char *const bad[] = {
	    "0", "-1", "x", "", "1x", "4294967296"};
	struct fixture *f = *state;
	struct err err;

	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		f->o.last = bad[i];
		assert_int_equal(print(f, &err), -1);
		assert_int_equal(err.code, ERR_USAGE);
		assert_contains(err.message, "--last takes a count");
	}
}

static void tags_choose(void **state)
{
	struct fixture *f = *state;

	strvec_add(&f->tags, "other");
	assert_listed(f, 0);
	assert_string_equal(
	    buf_str(&f->out), "no snapshot of 2 has such a tag\n");
	strvec_add(&f->tags, "release");
	/* The newest of those that have it. */
	f->o.last = "1";
	assert_listed(f, 0);
	assert_int_equal(lines(f), 2);
	assert_contains(buf_str(&f->out), "release");
}

static void another_name_is_pointed_out(void **state)
{
	struct fixture *f = *state;

	f->o.name = "test";
	assert_listed(f, 0);
	assert_string_equal(buf_str(&f->out),
	    "no snapshots of 'test'; the vault has those of 'prod' (`list "
	    "--all-names` shows them, `name` of the configuration chooses)\n");
	autofree char *none = listing_none(&f->s.t->vault, NULL);
	assert_string_equal(none, "no snapshots");
}

static void one_without_its_archive_is_invalid(void **state)
{
	struct fixture *f = *state;

	assert_listed(f, 0);
	autofree char *path = str_printf(
	    "%s/%s.tar.zst.age", f->s.t->dir, f->list.items[0].label);
	assert_int_equal(unlink(path), 0);
	assert_listed(f, 5);
	assert_contains(buf_str(&f->out), "  invalid ");
	/* And why, in a line of its own. */
	assert_int_equal(lines(f), 4);
	assert_contains(buf_str(&f->out), "\n    ");
}

static void foreign_objects_are_named_and_left_alone(void **state)
{
	struct fixture *f = *state;
	autofree char *path = str_printf("%s/their-file", f->s.t->dir);
	FILE *file = fopen(path, "w");

	assert_non_null(file);
	assert_int_equal(fclose(file), 0);
	assert_listed(f, 0);
	assert_contains(
	    buf_str(&f->out), "1 foreign object, left alone: 'their-file'\n");
}

static void what_lies_ahead_of_the_clock_is_said(void **state)
{
	struct fixture *f = *state;

	f->s.clock.now_ms -= 2 * 24 * 3600 * 1000;
	assert_listed(f, 0);
	assert_contains(
	    buf_str(&f->out), "' lies in the future: every label follows it");
	assert_contains(buf_str(&f->out), "   ahead  complete ");
}

/* The clock of whoever made it may be a little ahead of ours. */
static void what_is_a_second_ahead_is_new(void **state)
{
	struct fixture *f = *state;
	f->s.clock.now_ms -= 61 * 1000;
	assert_listed(f, 0);
	assert_contains(buf_str(&f->out), "     0 s  complete ");
	assert_null(strstr(buf_str(&f->out), "future"));
	f->o.json = true;
	assert_listed(f, 0);
	cleanup(json_freep) struct json_object *j = test_json(buf_str(&f->out));
	const struct json_object *last =
	    json_at(json_get(j, "snapshots"), f->list.len - 1);
	assert_int_equal(json_get_int(last, "age_seconds", -1), 0);
	assert_null(json_get(last, "future"));
}

static void as_json_it_is_a_document(void **state)
{
	struct fixture *f = *state;

	f->o.json = true;
	assert_listed(f, 0);
	cleanup(json_freep) struct json_object *j = test_json(buf_str(&f->out));
	assert_string_equal(json_get_str(j, "command"), "list");
	assert_json(json_get(j, "foreign"), "[]");
	const struct json_object *all = json_get(j, "snapshots");
	assert_int_equal(json_len(all), 2);
	const struct json_object *old = json_at(all, 0);
	assert_string_equal(json_get_str(old, "label"), f->list.items[0].label);
	assert_int_equal(json_get_int(old, "age_seconds", 0), 3 * 3600);
	assert_string_equal(json_get_str(old, "status"), "complete");
	assert_int_equal(json_get_int(old, "bytes", 0), 1);
	assert_null(json_get(old, "verified"));
	assert_null(json_get(old, "future"));
	assert_json(json_get(json_at(all, 1), "tags"), "[\"release\"]");
	assert_true(json_truth(json_get(json_at(all, 1), "hold"), false));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(the_oldest_is_the_first),
	    TEST(the_last_are_the_newest),
	    TEST(a_count_is_a_whole_number_from_one),
	    TEST(tags_choose),
	    TEST(another_name_is_pointed_out),
	    TEST(one_without_its_archive_is_invalid),
	    TEST(foreign_objects_are_named_and_left_alone),
	    TEST(what_lies_ahead_of_the_clock_is_said),
	    TEST(what_is_a_second_ahead_is_new),
	    TEST(as_json_it_is_a_document),
	};

	return cmocka_run_group_tests_name("cli/listing", tests, NULL, NULL);
}
