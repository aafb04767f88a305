/* When the parts of a run become a snapshot, what it says of those that are not
 * there, and that nothing is made of parts that are not whole. */
#include "agent/backup_shard.h"

#include "storage/base/cleanup.h"
#include "storage/base/file.h"
#include "storage/base/json.h"
#include "tests/support/sharded.h"

#include <stdlib.h>
#include <unistd.h>

static void capture(struct test_sharded *f, const char *shard)
{
	struct err err = ERR_INIT;

	assert_ok(test_sharded_capture(f, shard, &err), err);
}

static void assert_no_snapshot(struct test_sharded *f)
{
	struct manifest m;

	assert_false(test_sharded_snapshot(f, &m));
	assert_int_equal(test_sharded_objects(f, "lock"), 0);
}

static void without_a_run_there_is_nothing_to_seal(void **state)
{
	struct test_sharded *f = *state;
	struct err err = ERR_INIT;

	assert_fails(test_sharded_seal(f, false, &err), err, ERR_NOT_FOUND);
	assert_contains(err.message, "backup --seal: ");
	assert_contains(err.message, "no shard of run 'r' of 'prod' has begun");
	assert_no_snapshot(f);
}

static void without_a_part_neither(void **state)
{
	struct test_sharded *f = *state;
	struct err err = ERR_INIT;

	cancel_request(&f->cancel);
	assert_fails(test_sharded_capture(f, "0/2", &err), err, ERR_CANCELLED);
	f->cancel.requested = false;
	f->options.allow_partial = true;
	assert_fails(test_sharded_seal(f, false, &err), err, ERR_NOT_FOUND);
	assert_contains(err.message, "has no part yet");
	assert_no_snapshot(f);
}

static void a_part_that_is_missing_is_waited_for_or_named(void **state)
{
	struct test_sharded *f = *state;
	struct err err = ERR_INIT;

	capture(f, "1/3");
	assert_ok(test_sharded_seal(f, true, &err), err);
	assert_int_equal(f->left, 2);
	assert_fails(test_sharded_seal(f, false, &err), err, ERR_NOT_FOUND);
	assert_contains(err.message, "these parts are missing: 0/3, 2/3;");
	assert_contains(err.message, "--allow-partial");
	assert_no_snapshot(f);
}

static void the_snapshot_is_of_all_its_parts(void **state)
{
	struct test_sharded *f = *state;
	struct err err = ERR_INIT;
	uint64_t entries = 0;
	struct manifest m, parts[2];

	capture(f, "0/2");
	f->clock.now_ms += 60000;
	f->options.hold = true;
	strvec_add(&f->options.tags, "t");
	capture(f, "1/2");
	f->options.hold = false;
	strvec_done(&f->options.tags);
	for (uint32_t i = 0; i < 2; i++) {
		assert_int_equal(test_sharded_part(f, i, &parts[i]), 1);
		entries += parts[i].entries;
	}
	f->clock.now_ms += 60000;
	assert_ok(test_sharded_seal(f, false, &err), err);
	assert_int_equal(f->left, 0);
	assert_true(test_sharded_snapshot(f, &m));
	assert_string_equal(m.label, parts[0].label);
	assert_false(m.partial);
	assert_int_equal(json_len(m.missing), 0);
	assert_int_equal(m.entries, entries);
	/* From the beginning of the first to the end of the last. */
	assert_int_equal(m.started, parts[0].started);
	assert_int_equal(m.finished, parts[1].finished);
	assert_true(m.hold);
	assert_true(strvec_has(&m.tags, "t"));
	assert_int_equal(m.earlier.len, 2);
	for (size_t i = 0; i < 2; i++) {
		assert_string_equal(
		    m.earlier.items[i].file, parts[i].archive.file);
		assert_string_equal(
		    m.earlier.items[i].sha256, parts[i].archive.sha256);
		/* Of the part its archive stays, and nothing else. */
		assert_int_equal(
		    test_sharded_objects(f, parts[i].archive.file), 1);
		autofree char *list = shard_list_name(&parts[i]);
		assert_int_equal(test_sharded_objects(f, list), 0);
		manifest_done(&parts[i]);
	}
	assert_int_equal(test_sharded_objects(f, "lock"), 0);
	manifest_done(&m);
}

static void what_is_sealed_is_sealed_once(void **state)
{
	struct test_sharded *f = *state;
	struct err err = ERR_INIT;

	capture(f, "0/1");
	assert_ok(test_sharded_seal(f, true, &err), err);
	size_t objects = test_sharded_objects(f, "");
	assert_ok(test_sharded_seal(f, true, &err), err);
	assert_int_equal(f->left, 0);
	assert_ok(test_sharded_seal(f, false, &err), err);
	assert_int_equal(test_sharded_objects(f, ""), objects);
}

/* With what would have been in it. */
static void a_part_that_is_left_out_is_named(void **state)
{
	struct test_sharded *f = *state;
	cleanup(buf_done) struct buf missing = BUF_INIT;
	struct err err = ERR_INIT;
	struct manifest m, part;

	capture(f, "0/2");
	assert_int_equal(test_sharded_part(f, 0, &part), 1);
	f->options.allow_partial = true;
	assert_int_equal(test_sharded_seal(f, false, &err), 1);
	assert_true(test_sharded_snapshot(f, &m));
	assert_true(m.partial);
	assert_int_equal(m.earlier.len, 1);
	json_write(&missing, m.missing, JSON_COMPACT);
	assert_contains(buf_str(&missing), "part 1/2");
	const struct json_object *own =
	    json_get(json_at(part.sources, 0), "repositories");
	assert_int_equal(
	    json_len(m.missing) - 1 + json_len(own), SHARDED_REPOSITORIES);
	for (size_t i = 0; i < json_len(own); i++) {
		autofree char *name = str_printf(
		    "repository '%s'", json_get_str(json_at(own, i), "name"));
		assert_null(strstr(buf_str(&missing), name));
	}
	manifest_done(&part);
	manifest_done(&m);
	/* It stays what it is. */
	assert_int_equal(test_sharded_seal(f, false, &err), 1);
}

static void it_is_sealed_with_the_configuration_of_its_shards(void **state)
{
	struct test_sharded *f = *state;
	struct err err = ERR_INIT;

	capture(f, "0/1");
	test_sharded_configure(f, "state", "closure: none\n");
	assert_fails(test_sharded_seal(f, false, &err), err, ERR_USAGE);
	assert_contains(err.message, "was begun with another configuration");
	assert_no_snapshot(f);
	/* Of another machine it may be. */
	test_sharded_configure(f, "other", "");
	assert_ok(test_sharded_seal(f, false, &err), err);
}

/* A list or a closure; the caller frees. */
static char *object_path(
    struct test_sharded *f, char *name(const struct manifest *))
{
	struct manifest part;

	assert_int_equal(test_sharded_part(f, 0, &part), 1);
	autofree char *object = name(&part);
	manifest_done(&part);
	return str_printf("%s/vault/%s", f->dir, object);
}

static void damage(const char *path)
{
	cleanup(buf_done) struct buf text = BUF_INIT;
	struct err err = ERR_INIT;

	assert_ok(file_read(path, 1U << 20, &text, &err), err);
	text.data[text.len / 2] ^= 0x10;
	assert_ok(file_write_durably(path, text.data, text.len, &err), err);
}

static void a_part_that_is_damaged_is_no_part(void **state)
{
	struct test_sharded *f = *state;
	struct err err = ERR_INIT;

	capture(f, "0/1");
	autofree char *closure = object_path(f, shard_closure_name);
	damage(closure);
	assert_fails(test_sharded_seal(f, false, &err), err, ERR_INTEGRITY);
	assert_contains(err.message, strrchr(closure, '/') + 1);
	assert_no_snapshot(f);
	autofree char *list = object_path(f, shard_list_name);
	damage(list);
	assert_fails(test_sharded_seal(f, false, &err), err, ERR_INTEGRITY);
	assert_contains(err.message, strrchr(list, '/') + 1);
	assert_int_equal(unlink(list), 0);
	assert_fails(test_sharded_seal(f, false, &err), err, ERR_INTEGRITY);
	assert_contains(err.message, strrchr(list, '/') + 1);
	assert_no_snapshot(f);
	/* What it was made of is still there to be looked at. */
	assert_int_equal(test_sharded_objects(f, ".tar."), 1);
}

/* Who opens the snapshot opens all of it. */
static void all_parts_are_for_the_same_recipients(void **state)
{
	struct test_sharded *f = *state;
	struct err err = ERR_INIT;

	test_sharded_recipient(f);
	test_sharded_configure(f, "state", SHARDED_ENCRYPTED);
	capture(f, "0/2");
	test_sharded_recipient(f);
	capture(f, "1/2");
	assert_fails(test_sharded_seal(f, false, &err), err, ERR_INTEGRITY);
	assert_contains(err.message, "encrypted to other recipients");
	assert_no_snapshot(f);
}

static void one_that_is_cancelled_leaves_the_parts(void **state)
{
	struct test_sharded *f = *state;
	struct err err = ERR_INIT;

	capture(f, "0/1");
	size_t objects = test_sharded_objects(f, "");
	cancel_request(&f->cancel);
	assert_fails(test_sharded_seal(f, false, &err), err, ERR_CANCELLED);
	assert_no_snapshot(f);
	assert_int_equal(test_sharded_objects(f, ""), objects);
	f->cancel.requested = false;
	assert_ok(test_sharded_seal(f, false, &err), err);
}

#define TEST(name)                                                             \
	cmocka_unit_test_setup_teardown(                                       \
	    name, test_sharded_setup, test_sharded_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(without_a_run_there_is_nothing_to_seal),
	    TEST(without_a_part_neither),
	    TEST(a_part_that_is_missing_is_waited_for_or_named),
	    TEST(the_snapshot_is_of_all_its_parts),
	    TEST(what_is_sealed_is_sealed_once),
	    TEST(a_part_that_is_left_out_is_named),
	    TEST(it_is_sealed_with_the_configuration_of_its_shards),
	    TEST(a_part_that_is_damaged_is_no_part),
	    TEST(all_parts_are_for_the_same_recipients),
	    TEST(one_that_is_cancelled_leaves_the_parts),
	};

	return cmocka_run_group_tests_name("backup_seal", tests, NULL, NULL);
}
