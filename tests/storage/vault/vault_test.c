/* What is the same for each kind of vault: which names are asked for at all,
 * what becomes of a list, how far an object is read. The store is a few bytes
 * in memory that says what a test wrote down. */
#include "storage/vault/vault.h"

#include "storage/base/cleanup.h"
#include "storage/base/mem.h"
#include "storage/base/str.h"
#include "tests/support/sink.h"
#include "tests/support/test.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct store {
	struct vault vault;
	struct vault_ops ops;
	struct buf log; /* each call */
	/* What list and get give; NULL ends the names. */
	const char *const *names;
	const char *content;
	size_t content_len;
	bool breaks;
	bool list_fails;
	int *released;
};

static struct store *of(struct vault *v)
{
	return (struct store *)v;
}

static struct sink *store_put(struct vault *v, const char *name,
    enum vault_retain retain, struct err *err)
{
	buf_printf(&of(v)->log, "put %s %s\n", name,
	    retain == VAULT_RETAIN_SNAPSHOT ? "kept" : "passing");
	err_set(err, ERR_EXISTS, "there already");
	return NULL;
}

static int store_put_small(struct vault *v, const char *name, const void *data,
    size_t len, enum vault_retain retain, struct err *err)
{
	(void)err;
	buf_printf(&of(v)->log, "put_small %s %.*s %s\n", name, (int)len,
	    (const char *)data,
	    retain == VAULT_RETAIN_SNAPSHOT ? "kept" : "passing");
	return 0;
}

static int store_list(struct vault *v, const char *prefix,
    struct vault_items *out, struct err *err)
{
	uint64_t n = 0;

	buf_printf(&of(v)->log, "list '%s'\n", prefix);
	for (const char *const *name = of(v)->names; *name; name++)
		*vec_add(out) =
		    (struct vault_item){.name = str_dup(*name), .bytes = ++n};
	return of(v)->list_fails ? err_set(err, ERR_NETWORK, "cut short") : 0;
}

static struct source *store_get(
    struct vault *v, const char *name, uint64_t offset, struct err *err)
{
	struct store *s = of(v);

	(void)err;
	buf_printf(&s->log, "get %s %llu\n", name, (unsigned long long)offset);
	return test_source(s->content + offset, s->content_len - (size_t)offset,
	    1000, s->breaks);
}

static struct source *store_get_range(struct vault *v, const char *name,
    uint64_t offset, uint64_t len, struct err *err)
{
	struct store *s = of(v);

	(void)err;
	buf_printf(&s->log, "get_range %s %llu %llu\n", name,
	    (unsigned long long)offset, (unsigned long long)len);
	/* More than was asked for. */
	return test_source(s->content + offset, s->content_len - (size_t)offset,
	    1000, s->breaks);
}

static int store_stat(
    struct vault *v, const char *name, struct vault_stat *out, struct err *err)
{
	(void)err;
	buf_printf(&of(v)->log, "stat %s\n", name);
	out->bytes = 5;
	return 0;
}

static int store_remove(struct vault *v, const char *name, struct err *err)
{
	buf_printf(&of(v)->log, "remove %s\n", name);
	return err_set(err, ERR_DENIED, "locked");
}

static int store_keep(struct vault *v, const char *name, struct err *err)
{
	buf_printf(&of(v)->log, "keep %s\n", name);
	return err_set(err, ERR_DENIED, "cannot be kept");
}

static int store_check(struct vault *v, struct err *err)
{
	(void)v;
	return err_set(err, ERR_USAGE, "it has no Object Lock");
}

static void store_cleaning(struct vault *v, bool begins)
{
	buf_add_str(&of(v)->log, begins ? "begin\n" : "end\n");
}

static void store_release(struct vault *v)
{
	struct store *s = of(v);

	++*s->released;
	buf_done(&s->log);
	free(s);
}

static int released;

static int setup(void **state)
{
	struct store *s = mem_new(struct store);

	s->ops = (struct vault_ops){.put = store_put,
	    .put_small = store_put_small,
	    .list = store_list,
	    .get = store_get,
	    .stat = store_stat,
	    .remove = store_remove,
	    .release = store_release};
	s->vault.ops = &s->ops;
	s->vault.description = str_dup("bucket 'b'");
	s->released = &released;
	*state = s;
	return 0;
}

static int teardown(void **state)
{
	released = 0;
	vault_free(*state);
	assert_int_equal(released, 1);
	vault_free(NULL);
	return 0;
}

static void refused(int failed, const struct err *err)
{
	assert_int_equal(failed, -1);
	assert_int_equal(err->code, ERR_USAGE);
	assert_true(str_starts(err->message, "bucket 'b': '"));
	assert_contains(err->message, "is not a name for an object");
}

/* Each operation, with a name that is none: the store is not asked. */
static void what_is_no_name_does_not_reach_the_store(void **state)
{
	static const char *const none[] = {"", ".", "..", ".tmp", "a/b",
	    "/etc/passwd", "../up", "a\nb", "\x1b[2Jclear", "a\x7f"};
	struct store *s = *state;
	struct vault *v = &s->vault;

	s->ops.get_range = store_get_range;
	s->ops.keep = store_keep;
	for (size_t i = 0; i < sizeof(none) / sizeof(*none); i++) {
		const char *name = none[i];
		cleanup(buf_done) struct buf out = BUF_INIT;
		struct vault_stat st;
		struct err err = ERR_INIT;

		refused(vault_put(v, name, &err) ? 0 : -1, &err);
		refused(vault_put_passing(v, name, &err) ? 0 : -1, &err);
		refused(
		    vault_put_small(v, name, "x", 1, VAULT_RETAIN_NONE, &err),
		    &err);
		refused(vault_stat(v, name, &st, &err), &err);
		refused(vault_get(v, name, 0, &err) ? 0 : -1, &err);
		refused(vault_get_range(v, name, 0, 1, &err) ? 0 : -1, &err);
		refused(vault_read(v, name, 100, &out, &err), &err);
		refused(vault_remove(v, name, &err), &err);
		refused(vault_keep(v, name, &err), &err);
	}
	assert_string_equal(buf_str(&s->log), "");
}

static void what_is_of_a_snapshot_is_kept(void **state)
{
	struct store *s = *state;
	struct vault *v = &s->vault;
	struct err err = ERR_INIT;

	assert_null(vault_put(v, "a.tar", &err));
	assert_int_equal(err.code, ERR_EXISTS);
	assert_null(vault_put_passing(v, "a.lock", &err));
	assert_ok(
	    vault_put_small(v, "m.json", "{}", 2, VAULT_RETAIN_SNAPSHOT, &err),
	    err);
	assert_ok(
	    vault_put_small(v, "l", "x", 1, VAULT_RETAIN_NONE, &err), err);
	assert_string_equal(buf_str(&s->log),
	    "put a.tar kept\nput a.lock passing\n"
	    "put_small m.json {} kept\nput_small l x passing\n");
	assert_fails(vault_remove(v, "m.json", &err), err, ERR_DENIED);
}

static char *joined(const struct vault_items *items)
{
	struct buf b = BUF_INIT;

	VEC_EACH (items, item)
		buf_printf(&b, "%s ", item->name);
	return buf_steal(&b);
}

/* By bytes, not by anybody's language; names of others only where all are
 * asked for. */
static void a_list_is_sorted_and_has_each_name_once(void **state)
{
	static const char *const names[] = {"b", "a", "\xc3\xa9", "folder/x",
	    "B", "a", "b", ".hidden", "line\nend", "a", "folder/x", "a-", NULL};
	struct store *s = *state;
	cleanup(vault_items_done) struct vault_items ours = VEC_INIT;
	cleanup(vault_items_done) struct vault_items all = VEC_INIT;
	struct err err = ERR_INIT;

	s->names = names;
	assert_ok(vault_list(&s->vault, "pre", &ours, &err), err);
	autofree char *got = joined(&ours);
	assert_string_equal(got, "B a a- b \xc3\xa9 ");
	assert_ok(vault_list_all(&s->vault, &all, &err), err);
	autofree char *whole = joined(&all);
	assert_string_equal(
	    whole, ".hidden B a a- b folder/x line\nend \xc3\xa9 ");
	assert_string_equal(buf_str(&s->log), "list 'pre'\nlist ''\n");
	/* What is known of each goes with its name. */
	assert_int_equal(ours.items[0].bytes, 5);
	assert_int_equal(ours.items[2].bytes, 12);
}

static void half_a_list_is_an_error(void **state)
{
	static const char *const names[] = {"b", "a", NULL};
	struct store *s = *state;
	cleanup(vault_items_done) struct vault_items out = VEC_INIT;
	struct err err = ERR_INIT;

	s->names = names;
	s->list_fails = true;
	assert_fails(vault_list(&s->vault, "", &out, &err), err, ERR_NETWORK);
	assert_fails(vault_list_all(&s->vault, &out, &err), err, ERR_NETWORK);
}

static void an_object_is_read_up_to_what_is_allowed(void **state)
{
	enum { LEN = 70000 };
	struct store *s = *state;
	autofree char *content = mem_zalloc(LEN);
	struct err err = ERR_INIT;

	memset(content, 'x', LEN);
	content[0] = 'a';
	s->content = content;
	for (int over = -1; over <= 1; over++) {
		cleanup(buf_done) struct buf out = BUF_INIT;
		buf_add_str(&out, "before ");
		s->content_len = (size_t)(LEN - 1 + over);
		if (over > 0) {
			assert_fails(
			    vault_read(&s->vault, "o", LEN - 1, &out, &err),
			    err, ERR_FORMAT);
			assert_contains(
			    err.message, "larger than the 69999 bytes");
			assert_contains(err.message, "bucket 'b': 'o'");
			continue;
		}
		assert_ok(vault_read(&s->vault, "o", LEN - 1, &out, &err), err);
		assert_int_equal(out.len, 7 + s->content_len);
		assert_int_equal(strlen(out.data), out.len);
		assert_true(str_starts(out.data, "before ax"));
	}
}

/* A thousand times what is allowed is not read to its end. */
static void no_more_is_read_than_it_takes_to_know(void **state)
{
	enum { LEN = 4 << 20 };
	struct store *s = *state;
	autofree char *content = mem_zalloc(LEN);
	cleanup(buf_done) struct buf out = BUF_INIT;
	struct err err = ERR_INIT;

	s->content = content;
	s->content_len = LEN;
	s->breaks = true;
	assert_fails(
	    vault_read(&s->vault, "o", 4096, &out, &err), err, ERR_FORMAT);
	assert_true(out.len <= 4096 + 65536);
	s->content_len = 100;
	assert_fails(
	    vault_read(&s->vault, "o", 4096, &out, &err), err, ERR_NETWORK);
}

static void read_range(struct store *s, const char *expected)
{
	cleanup(buf_done) struct buf got = BUF_INIT;
	struct err err = ERR_INIT;
	cleanup(source_freep) struct source *from =
	    vault_get_range(&s->vault, "o", 2, 5, &err);
	cleanup(sink_freep) struct sink *to = test_sink(&got);

	assert_non_null(from);
	assert_true(stream_copy(from, to, &err) >= 0);
	assert_string_equal(buf_str(&got), expected);
}

/* Whether the store can fetch a part alone, and whatever it sends. */
static void a_range_has_no_more_than_its_length(void **state)
{
	struct store *s = *state;

	s->content = "0123456789";
	s->content_len = 10;
	read_range(s, "23456");
	s->content_len = 4;
	read_range(s, "23");
	s->ops.get_range = store_get_range;
	s->content_len = 10;
	read_range(s, "23456");
	assert_string_equal(
	    buf_str(&s->log), "get o 2\nget o 2\nget_range o 2 5\n");
}

static void what_a_store_says_of_an_object_is_all_there_is(void **state)
{
	struct store *s = *state;
	struct vault_stat st = {.stored_at = 99, .kept_until = 99};
	struct err err = ERR_INIT;

	assert_ok(vault_stat(&s->vault, "o", &st, &err), err);
	assert_int_equal(st.bytes, 5);
	assert_int_equal(st.stored_at, 0);
	assert_int_equal(st.kept_until, 0);
}

/* A directory keeps nothing, promises nothing and is asked for nothing. */
static void what_a_store_cannot_do_is_not_asked_for(void **state)
{
	struct store *s = *state;
	struct err err = ERR_INIT;

	assert_ok(vault_keep(&s->vault, "o", &err), err);
	assert_ok(vault_check(&s->vault, &err), err);
	vault_cleanup_begin(&s->vault);
	vault_cleanup_end(&s->vault);
	assert_string_equal(buf_str(&s->log), "");
	s->ops.keep = store_keep;
	s->ops.check = store_check;
	s->ops.cleaning = store_cleaning;
	assert_fails(vault_keep(&s->vault, "o", &err), err, ERR_DENIED);
	assert_fails(vault_check(&s->vault, &err), err, ERR_USAGE);
	vault_cleanup_begin(&s->vault);
	vault_cleanup_begin(&s->vault);
	vault_cleanup_end(&s->vault);
	assert_string_equal(buf_str(&s->log), "keep o\nbegin\nbegin\nend\n");
}

static void it_is_called_as_it_was_named_last(void **state)
{
	struct store *s = *state;
	struct vault *v = &s->vault;
	char before[DIGEST_SHA256_HEX], after[DIGEST_SHA256_HEX];

	assert_string_equal(vault_name(v), "");
	vault_location_digest(v, before);
	vault_set_name(v, "first");
	vault_set_name(v, "second");
	vault_set_id(v, "id");
	vault_set_memory(v, "/var/lib/x");
	assert_string_equal(vault_name(v), "second");
	/* sha256sum of its description: another name is the same place. */
	vault_location_digest(v, after);
	assert_string_equal(after,
	    "88fcd44defc1f9002ffc51da1d6f7c1cfac441d95791ab1ad5ad0a809e919078");
	assert_string_equal(before, after);
}

static void no_room_is_told_from_other_failures(void **state)
{
	struct err err = ERR_INIT;

	(void)state;
	err_system(&err, ENOSPC, "x");
	assert_true(vault_is_full(&err));
	err_system(&err, EDQUOT, "x");
	assert_true(vault_is_full(&err));
	/* The errno of what came before is not this one's. */
	err_set(&err, ERR_NETWORK, "x");
	assert_false(vault_is_full(&err));
	err_system(&err, EIO, "x");
	assert_false(vault_is_full(&err));
}

#define TEST(function)                                                         \
	cmocka_unit_test_setup_teardown(function, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(what_is_no_name_does_not_reach_the_store),
	    TEST(what_is_of_a_snapshot_is_kept),
	    TEST(a_list_is_sorted_and_has_each_name_once),
	    TEST(half_a_list_is_an_error),
	    TEST(an_object_is_read_up_to_what_is_allowed),
	    TEST(no_more_is_read_than_it_takes_to_know),
	    TEST(a_range_has_no_more_than_its_length),
	    TEST(what_a_store_says_of_an_object_is_all_there_is),
	    TEST(what_a_store_cannot_do_is_not_asked_for),
	    TEST(it_is_called_as_it_was_named_last),
	    TEST(no_room_is_told_from_other_failures),
	};

	return cmocka_run_group_tests_name("vault", tests, NULL, NULL);
}
