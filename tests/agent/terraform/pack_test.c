#include "agent/terraform/pack.h"

#include "storage/base/cleanup.h"
#include "storage/base/digest.h"
#include "storage/base/file.h"
#include "storage/base/pool.h"
#include "storage/base/str.h"
#include "tests/support/test.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

struct fixture {
	char *dir;
	char *path;
	struct terraform_pack *pack;
};

static int set_up(void **state)
{
	struct fixture *f = mem_new(struct fixture);

	f->dir = test_dir_make();
	f->path = file_join(f->dir, "pack");
	*state = f;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;

	terraform_pack_free(f->pack);
	test_dir_remove(f->dir);
	free(f->path);
	free(f);
	return 0;
}

static void open_again(struct fixture *f)
{
	struct err err = ERR_INIT;

	terraform_pack_free(f->pack);
	f->pack = terraform_pack_open(f->path, &err);
	assert_ok(f->pack ? 0 : -1, err);
}

static void id_of(size_t n, char id[STATE_ID])
{
	digest_sha256_hex(&n, sizeof(n), id);
}

static void content_of(size_t n, struct buf *data, struct buf *facts)
{
	buf_clear(data);
	buf_clear(facts);
	for (size_t i = 0; i < n % 7 * 1000; i++)
		buf_add_char(data, (char)(i * n));
	buf_printf(facts, "{\"n\":%zu}", n);
}

static struct terraform_pack_slot add(struct terraform_pack *p, size_t n)
{
	cleanup(buf_done) struct buf data = BUF_INIT;
	cleanup(buf_done) struct buf facts = BUF_INIT;
	struct terraform_pack_slot at;
	struct err err = ERR_INIT;
	char id[STATE_ID];

	id_of(n, id);
	content_of(n, &data, &facts);
	assert_ok(terraform_pack_add(p, id, &data, &facts, &at, &err), err);
	return at;
}

static void assert_content(const struct buf *is, const struct buf *should)
{
	assert_int_equal(is->len, should->len);
	assert_memory_equal(buf_str(is), buf_str(should), should->len);
}

/* Whether it is there; what is there is whole. */
static bool has(struct terraform_pack *p, size_t n)
{
	cleanup(buf_done) struct buf data = BUF_INIT;
	cleanup(buf_done) struct buf facts = BUF_INIT;
	cleanup(buf_done) struct buf is = BUF_INIT;
	cleanup(buf_done) struct buf said = BUF_INIT;
	struct terraform_pack_slot at;
	struct err err = ERR_INIT;
	char id[STATE_ID];

	id_of(n, id);
	if (!terraform_pack_find(p, id, &is, &said, &at))
		return false;
	content_of(n, &data, &facts);
	assert_content(&is, &data);
	assert_content(&said, &facts);
	assert_ok(terraform_pack_read(&at, &is, &said, &err), err);
	assert_content(&is, &data);
	assert_content(&said, &facts);
	return true;
}

static uint64_t size_of(const char *path)
{
	struct stat st;

	assert_int_equal(stat(path, &st), 0);
	return (uint64_t)st.st_size;
}

static void add_each(void *pack, size_t n)
{
	add(pack, n);
}

static void the_next_run_finds_what_many_threads_added(void **state)
{
	struct fixture *f = *state;

	open_again(f);
	pool_each(8, 500, add_each, f->pack);
	open_again(f);
	for (size_t n = 0; n < 500; n++)
		assert_true(has(f->pack, n));
	assert_false(has(f->pack, 500));
}

static void one_without_a_name_holds_until_it_is_freed(void **state)
{
	struct fixture *f = *state;
	cleanup(buf_done) struct buf is = BUF_INIT;
	cleanup(buf_done) struct buf said = BUF_INIT;
	cleanup(buf_done) struct buf data = BUF_INIT;
	cleanup(buf_done) struct buf facts = BUF_INIT;
	struct err err = ERR_INIT;

	f->pack = terraform_pack_unnamed(f->dir, &err);
	assert_non_null(f->pack);
	add(f->pack, 1);
	struct terraform_pack_slot at = add(f->pack, 5);
	assert_ok(terraform_pack_read(&at, &is, &said, &err), err);
	content_of(5, &data, &facts);
	assert_content(&is, &data);
	assert_content(&said, &facts);
	cleanup(strvec_done) struct strvec names = VEC_INIT;
	assert_ok(file_list_dir(f->dir, &names, &err), err);
	assert_int_equal(names.len, 0);
}

/* Cut anywhere, what lies before the cut is there, and is added to. */
static void a_torn_file_ends_where_it_was_torn(void **state)
{
	struct fixture *f = *state;
	uint64_t ends[4] = {0};

	open_again(f);
	for (size_t n = 1; n < 4; n++) {
		add(f->pack, n);
		ends[n] = size_of(f->path);
	}
	uint64_t whole = ends[3];
	for (uint64_t at = whole - 1; at > 0; at -= at > 997 ? 997 : 1) {
		assert_int_equal(truncate(f->path, (off_t)at), 0);
		open_again(f);
		for (size_t n = 1; n < 4; n++)
			assert_int_equal(has(f->pack, n), ends[n] <= at);
		add(f->pack, 9);
		open_again(f);
		assert_true(has(f->pack, 9));
		if (at < 998)
			break;
	}
}

static void what_is_damaged_is_not_found_and_is_added_anew(void **state)
{
	struct fixture *f = *state;
	struct err err = ERR_INIT;

	open_again(f);
	add(f->pack, 3);
	add(f->pack, 4);
	uint64_t whole = size_of(f->path);
	autoclose int fd = open(f->path, O_RDWR | O_CLOEXEC);
	for (uint64_t at = 0; at < whole; at += 313) {
		char was, is;
		assert_ok(file_pread_all(fd, &was, 1, at, "", &err), err);
		is = (char)(was ^ 4);
		assert_ok(file_pwrite_all(fd, &is, 1, at, "", &err), err);
		open_again(f);
		/* Of two, one is touched at a time; a head that is none ends
		 * the file. */
		bool three = has(f->pack, 3);
		bool four = has(f->pack, 4);
		assert_false(three && four);
		if (size_of(f->path) < whole)
			break;
		assert_ok(file_pwrite_all(fd, &was, 1, at, "", &err), err);
	}
	open_again(f);
	add(f->pack, 3);
	add(f->pack, 4);
	open_again(f);
	assert_true(has(f->pack, 3) && has(f->pack, 4));
}

static void sweeping_leaves_what_was_used(void **state)
{
	struct fixture *f = *state;

	open_again(f);
	for (size_t n = 0; n < 3000; n++)
		add(f->pack, n);
	uint64_t all = size_of(f->path);
	open_again(f);
	for (size_t n = 0; n < 3000; n += 2)
		assert_true(has(f->pack, n));
	/* Half of it is worth nothing yet. */
	terraform_pack_sweep(f->pack);
	assert_int_equal(size_of(f->path), all);
	open_again(f);
	for (size_t n = 0; n < 3000; n += 10)
		assert_true(has(f->pack, n));
	add(f->pack, 5000);
	terraform_pack_sweep(f->pack);
	assert_true(size_of(f->path) < all / 5);
	open_again(f);
	for (size_t n = 0; n < 3000; n++)
		assert_int_equal(has(f->pack, n), n % 10 == 0);
	assert_true(has(f->pack, 5000));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(
		the_next_run_finds_what_many_threads_added, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(
		one_without_a_name_holds_until_it_is_freed, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(
		a_torn_file_ends_where_it_was_torn, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(
		what_is_damaged_is_not_found_and_is_added_anew, set_up,
		tear_down),
	    cmocka_unit_test_setup_teardown(
		sweeping_leaves_what_was_used, set_up, tear_down),
	};

	return cmocka_run_group_tests_name("state pack", tests, NULL, NULL);
}
