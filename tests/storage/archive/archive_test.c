/* The writer and the reader together: what goes in comes out, in one order,
 * and what was tampered with does not. */
#include "storage/archive/lane.h"
#include "storage/archive/limits.h"
#include "storage/archive/tree.h"
#include "storage/archive/writer.h"

#include "storage/archive/contents.h"
#include "storage/base/cleanup.h"
#include "storage/base/file.h"
#include "storage/base/json.h"
#include "storage/base/mem.h"
#include "storage/base/pool.h"
#include "tests/support/sink.h"
#include "tests/support/test.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/xattr.h>
#include <unistd.h>

enum { LANES = 12, PER_RANK = LANES / RANK_COUNT };

struct run {
	struct archive_writer *writer;
	struct test_random random;
	const char *dir;
	atomic_int failed;
	atomic_int committed[RANK_COUNT];
};

/* One lane with entries of its own, committed by whoever comes first. */
static void fill_lane(void *ctx, size_t i)
{
	struct run *r = ctx;
	struct err err = ERR_INIT;
	enum archive_rank rank = (enum archive_rank)(i / PER_RANK);
	size_t index = i % PER_RANK;
	struct archive_lane *lane = archive_lane_open(r->writer, rank, index);

	for (int pass = 0; pass < 2; pass++) {
		if (pass == 1)
			archive_lane_reset(lane);
		for (int n = 0; n < 5; n++) {
			cleanup(buf_done) struct buf content = BUF_INIT;
			autofree char *path =
			    str_printf("r%d/l%02zu/e%d", (int)rank, index, n);
			const struct archive_attr attr = {
			    .name = "key", .value = path};
			const struct archive_entry e = {.path = path,
			    .source = "test",
			    .attrs = &attr,
			    .attr_count = 1};
			for (int k = 0; k < 1000 * n; k++)
				buf_printf(&content, "%zu-%d ", i, k);
			if (archive_lane_add(
				lane, &e, buf_str(&content), content.len, &err))
				atomic_fetch_add(&r->failed, 1);
		}
	}
	if (archive_lane_commit(lane, &err))
		atomic_fetch_add(&r->failed, 1);
	archive_lane_free(lane);
	if (atomic_fetch_add(&r->committed[rank], 1) + 1 == PER_RANK)
		archive_writer_rank_done(r->writer, rank);
}

static void write_archive(const char *dir, size_t workers, struct buf *out)
{
	struct err err = ERR_INIT;
	struct archive_totals totals;
	const struct archive_options o = {
	    .compression = ARCHIVE_ZSTD, .scratch = dir, .mtime = 1700000000};
	struct run r = {.dir = dir};

	r.writer = archive_writer_new(&o, test_sink(out), &err);
	assert_non_null(r.writer);
	pool_each(workers, LANES, fill_lane, &r);
	assert_int_equal(r.failed, 0);
	assert_ok(archive_writer_finish(r.writer, &totals, &err), err);
	assert_true(totals.entries == LANES * 5);
	archive_writer_free(r.writer);
}

static void the_same_input_gives_the_same_bytes(void **state)
{
	char *dir = test_dir_make();
	cleanup(buf_done) struct buf a = BUF_INIT, b = BUF_INIT;

	(void)state;
	write_archive(dir, 1, &a);
	write_archive(dir, LANES, &b);
	assert_int_equal(a.len, b.len);
	assert_memory_equal(a.data, b.data, a.len);
	test_dir_remove(dir);
}

static int extract(const struct buf *archive, const char *dir,
    struct reader_totals *totals, struct err *err)
{
	const struct reader_options o = {
	    .compression = ARCHIVE_ZSTD, .encryption = ARCHIVE_PLAIN};

	return archive_extract(source_from_memory(archive->data, archive->len),
	    &o, dir, totals, err);
}

/* As the file has it, or, where the file system knows no such attributes, as
 * the list beside it has it. */
static char *extracted_attr(
    const char *tree, const char *path, const char *name)
{
	autofree char *file = file_join(tree, path);
	autofree char *list = file_join(tree, ".attrs.json");
	autofree char *full = str_printf("user.%s", name);
	cleanup(buf_done) struct buf text = BUF_INIT;
	struct err err = ERR_INIT;
	char value[128];

	ssize_t len = getxattr(file, full, value, sizeof(value));
	if (len >= 0)
		return str_ndup(value, (size_t)len);
	assert_ok(file_read(list, 1 << 20, &text, &err), err);
	cleanup(json_freep) struct json_object *all =
	    json_parse(text.data, text.len, &err);
	const char *kept = json_get_str(json_get(all, path), name);
	return kept ? str_dup(kept) : NULL;
}

static void what_goes_in_comes_out(void **state)
{
	char *dir = test_dir_make();
	autofree char *tree = file_join(dir, "tree");
	autofree char *file = file_join(tree, "r1/l02/e3");
	cleanup(buf_done) struct buf archive = BUF_INIT, got = BUF_INIT;
	struct reader_totals totals;
	struct err err = ERR_INIT;

	(void)state;
	write_archive(dir, 4, &archive);
	assert_ok(file_mkdirs(tree, &err), err);
	assert_ok(extract(&archive, tree, &totals, &err), err);
	assert_true(totals.entries == LANES * 5);
	assert_ok(file_read(file, 1 << 20, &got, &err), err);
	assert_true(str_starts(buf_str(&got), "6-0 6-1 6-2 "));
	autofree char *key = extracted_attr(tree, "r1/l02/e3", "key");
	assert_string_equal(key, "r1/l02/e3");
	test_dir_remove(dir);
}

static void an_archive_holds_what_its_manifest_says(void **state)
{
	char *dir = test_dir_make();
	autofree char *tree = file_join(dir, "tree");
	cleanup(buf_done) struct buf archive = BUF_INIT;
	struct reader_totals all, expected;
	struct err err = ERR_INIT;

	(void)state;
	write_archive(dir, 4, &archive);
	assert_ok(file_mkdirs(tree, &err), err);
	assert_ok(extract(&archive, tree, &all, &err), err);
	for (int i = -1; i <= 1; i++)
		for (int k = -1; k <= 1; k++) {
			cleanup(strvec_done) struct strvec left = VEC_INIT;
			struct err why = ERR_INIT;
			expected = (struct reader_totals){
			    .entries = all.entries + (uint64_t)i,
			    .bytes = all.bytes + (uint64_t)k};
			const struct reader_options o = {
			    .compression = ARCHIVE_ZSTD,
			    .encryption = ARCHIVE_PLAIN,
			    .expected = &expected};
			assert_ok(file_remove_tree(tree, &err), err);
			assert_ok(file_mkdirs(tree, &err), err);
			int r = archive_extract(
			    source_from_memory(archive.data, archive.len), &o,
			    tree, NULL, &why);
			assert_int_equal(
			    why.code, i || k ? ERR_INTEGRITY : ERR_NONE);
			assert_int_equal(r, i || k ? -1 : 0);
			assert_ok(file_list_dir(tree, &left, &err), err);
			assert_int_equal(left.len == 0, i || k);
		}
	test_dir_remove(dir);
}

static void a_changed_or_cut_archive_leaves_nothing(void **state)
{
	char *dir = test_dir_make();
	autofree char *tree = file_join(dir, "tree");
	cleanup(buf_done) struct buf archive = BUF_INIT;
	struct err err = ERR_INIT;
	int tried = 0, found = 0;

	(void)state;
	write_archive(dir, 4, &archive);
	for (size_t at = 10; at < archive.len; at += archive.len / 40) {
		cleanup(strvec_done) struct strvec left = VEC_INIT;
		assert_ok(file_mkdirs(tree, &err), err);
		archive.data[at] ^= 0x20;
		struct err why = ERR_INIT;
		tried++;
		found += extract(&archive, tree, NULL, &why) != 0;
		archive.data[at] ^= 0x20;
		assert_ok(file_list_dir(tree, &left, &err), err);
		assert_int_equal(left.len, 0);
		assert_ok(file_remove_tree(tree, &err), err);
	}
	printf("# %d of %d changed bytes found\n", found, tried);
	assert_int_equal(found, tried);
	assert_ok(file_mkdirs(tree, &err), err);
	archive.len -= 20;
	struct err why = ERR_INIT;
	assert_int_not_equal(extract(&archive, tree, NULL, &why), 0);
	test_dir_remove(dir);
}

static bool is_of_first_rank(const char *path)
{
	return str_starts(path, "r0/");
}

static struct tree *unpack(const struct buf *archive, const char *scratch,
    const char *dir, struct err *err)
{
	const struct reader_options o = {.compression = ARCHIVE_ZSTD,
	    .encryption = ARCHIVE_PLAIN,
	    .scratch = scratch};

	return tree_unpack(source_from_memory(archive->data, archive->len), &o,
	    dir, is_of_first_rank, NULL, err);
}

struct reading_tree {
	const struct tree *tree;
	size_t files, entries;
};

static int read_entry(
    void *ctx, const struct contents_entry *e, struct err *err)
{
	struct reading_tree *r = ctx;
	autofree char *file = tree_path(r->tree, e->path);
	cleanup(buf_done) struct buf got = BUF_INIT;
	uint8_t sha256[DIGEST_SHA256_LEN];
	bool in_file = is_of_first_rank(e->path);

	assert_int_equal(file_exists(file), in_file);
	buf_add_str(&got, "before");
	if (in_file)
		assert_ok(file_read(file, e->bytes, &got, err), *err);
	else
		assert_ok(
		    tree_read(r->tree, e->path, e->bytes, &got, err), *err);
	assert_int_equal(got.len, strlen("before") + e->bytes);
	assert_int_equal(strlen(got.data), got.len);
	digest_of(DIGEST_SHA256, got.data + strlen("before"), e->bytes, sha256);
	assert_memory_equal(sha256, e->sha256, sizeof(sha256));
	r->files += in_file;
	r->entries++;
	return 0;
}

/* By name, whether it is a file or not; and what is none has no name. */
static void a_tree_gives_each_entry_back(void **state)
{
	char *dir = test_dir_make();
	autofree char *below = file_join(dir, "tree");
	cleanup(buf_done) struct buf archive = BUF_INIT, got = BUF_INIT;
	cleanup(strvec_done) struct strvec names = VEC_INIT;
	struct err err = ERR_INIT;

	(void)state;
	write_archive(dir, 4, &archive);
	assert_ok(file_mkdirs(below, &err), err);
	struct tree *t = unpack(&archive, dir, below, &err);
	assert_non_null(t);
	struct reading_tree r = {.tree = t};
	assert_ok(tree_contents(t, read_entry, &r, &err), err);
	assert_int_equal(r.entries, LANES * 5);
	assert_int_equal(r.files, PER_RANK * 5);
	assert_ok(file_list_dir(dir, &names, &err), err);
	assert_int_equal(names.len, 1);
	assert_fails(
	    tree_read(t, "r1/l02/e4", 100, &got, &err), err, ERR_FORMAT);
	assert_fails(
	    tree_read(t, "r1/l02/e5", 100, &got, &err), err, ERR_NOT_FOUND);
	assert_int_equal(got.len, 0);
	tree_free(t);
	test_dir_remove(dir);
}

static void no_tree_comes_of_a_changed_archive(void **state)
{
	char *dir = test_dir_make();
	autofree char *below = file_join(dir, "tree");
	cleanup(buf_done) struct buf archive = BUF_INIT;
	struct err err = ERR_INIT;

	(void)state;
	write_archive(dir, 4, &archive);
	for (size_t at = 10; at < archive.len; at += archive.len / 40) {
		struct err why = ERR_INIT;

		assert_ok(file_mkdirs(below, &err), err);
		archive.data[at] ^= 0x20;
		assert_null(unpack(&archive, dir, below, &why));
		archive.data[at] ^= 0x20;
		assert_int_not_equal(why.code, ERR_NONE);
		assert_ok(file_remove_tree(below, &err), err);
	}
	test_dir_remove(dir);
}

/* A pack, say: after it everything is compressed again. */
static void a_file_that_does_not_compress_is_stored(void **state)
{
	enum { BYTES = 3 << 20 };
	char *dir = test_dir_make();
	autofree char *tree = file_join(dir, "tree");
	autofree char *file = file_join(dir, "pack");
	autofree char *out = file_join(tree, "b");
	autofree uint8_t *data = mem_alloc(BYTES);
	cleanup(buf_done) struct buf archive = BUF_INIT, text = BUF_INIT;
	cleanup(buf_done) struct buf got = BUF_INIT;
	struct archive_totals totals;
	struct test_random random;
	struct err err = ERR_INIT;
	const struct archive_options o = {
	    .compression = ARCHIVE_ZSTD, .scratch = dir};

	(void)state;
	test_random_init(&random, 3);
	random_fill(&random.random, data, BYTES);
	assert_ok(file_write_durably(file, data, BYTES, &err), err);
	for (int i = 0; i < 100000; i++)
		buf_printf(&text, "much that compresses\n");
	struct archive_writer *w =
	    archive_writer_new(&o, test_sink(&archive), &err);
	struct archive_lane *lane = archive_lane_open(w, RANK_KUBERNETES, 0);
	const struct archive_entry a = {.path = "a"}, b = {.path = "b"},
				   c = {.path = "c"};
	assert_ok(archive_lane_add(lane, &a, text.data, text.len, &err), err);
	assert_ok(archive_lane_add_file(lane, &b, file, &err), err);
	assert_ok(archive_lane_add(lane, &c, text.data, text.len, &err), err);
	assert_ok(archive_lane_commit(lane, &err), err);
	archive_lane_free(lane);
	for (int r = 0; r < RANK_COUNT; r++)
		archive_writer_rank_done(w, (enum archive_rank)r);
	assert_ok(archive_writer_finish(w, &totals, &err), err);
	archive_writer_free(w);
	/* Stored, and nothing else is: */
	assert_true(archive.len > BYTES && archive.len < BYTES + 8192);
	assert_ok(file_mkdirs(tree, &err), err);
	assert_ok(extract(&archive, tree, NULL, &err), err);
	assert_ok(file_read(out, BYTES, &got, &err), err);
	assert_int_equal(got.len, BYTES);
	assert_memory_equal(got.data, data, BYTES);
	test_dir_remove(dir);
}

/* A lane of many entries, some of them in a file. */
static struct archive_lane *long_lane(struct archive_writer *w, size_t index,
    const char *name, const char *dir, struct err *err)
{
	struct archive_lane *lane =
	    archive_lane_open(w, RANK_KUBERNETES, index);
	autofree char *file = file_join(dir, "content");
	int failed = file_write_durably(file, "from a file", 11, err);

	for (int n = 0; n < 3000; n++) {
		autofree char *path = str_printf("%s/%d", name, n);
		autofree char *content = str_printf("%0500d", n);
		const struct archive_entry e = {.path = path, .source = "t"};

		failed |= n % 1000 == 999
			      ? archive_lane_add_file(lane, &e, file, err)
			      : archive_lane_add(
				    lane, &e, content, strlen(content), err);
	}
	assert_int_equal(failed, 0);
	return lane;
}

static void a_long_lane_is_packed_and_comes_out_whole(void **state)
{
	static const enum archive_compression each[] = {
	    ARCHIVE_ZSTD, ARCHIVE_GZIP};
	char *dir = test_dir_make();

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		autofree char *tree = str_printf("%s/tree-%zu", dir, i);
		autofree char *file = file_join(tree, "b/2500");
		cleanup(buf_done) struct buf out = BUF_INIT, got = BUF_INIT;
		struct archive_totals totals;
		struct reader_totals read;
		struct err err = ERR_INIT;
		const struct archive_options o = {
		    .compression = each[i], .scratch = dir};
		const struct reader_options how = {
		    .compression = each[i], .encryption = ARCHIVE_PLAIN};
		struct archive_writer *w =
		    archive_writer_new(&o, test_sink(&out), &err);
		struct archive_lane *a = long_lane(w, 0, "a", dir, &err);
		struct archive_lane *b = long_lane(w, 1, "b", dir, &err);

		/* What came before a restart is not in there. */
		archive_lane_reset(a);
		const struct archive_entry again = {
		    .path = "a/again", .source = "t"};
		assert_ok(archive_lane_add(a, &again, "x", 1, &err), err);
		assert_ok(archive_lane_end(b, &err), err);
		assert_ok(archive_lane_commit(a, &err), err);
		assert_ok(archive_lane_commit(b, &err), err);
		archive_lane_free(a);
		archive_lane_free(b);
		for (int r = 0; r < RANK_COUNT; r++)
			archive_writer_rank_done(w, (enum archive_rank)r);
		assert_ok(archive_writer_finish(w, &totals, &err), err);
		archive_writer_free(w);
		assert_int_equal(totals.entries, 3001);
		assert_ok(file_mkdirs(tree, &err), err);
		assert_ok(archive_extract(source_from_memory(out.data, out.len),
			      &how, tree, &read, &err),
		    err);
		assert_int_equal(read.entries, totals.entries);
		assert_int_equal(read.bytes, totals.bytes);
		assert_ok(file_read(file, 1 << 20, &got, &err), err);
		assert_int_equal(got.len, 500);
	}
	test_dir_remove(dir);
}

static void paths_that_collide_are_named(void **state)
{
	char *dir = test_dir_make();
	cleanup(buf_done) struct buf out = BUF_INIT;
	struct err err = ERR_INIT, why = ERR_INIT;
	const struct archive_options o = {.scratch = dir};
	struct archive_writer *w =
	    archive_writer_new(&o, test_sink(&out), &err);
	const struct archive_entry early = {.path = "a/1234", .source = "t"};
	struct archive_lane *first = archive_lane_open(w, RANK_KUBERNETES, 0);
	struct archive_lane *second = long_lane(w, 1, "a", dir, &err);
	struct archive_lane *third = archive_lane_open(w, RANK_KUBERNETES, 2);

	(void)state;
	assert_ok(archive_lane_add(first, &early, "x", 1, &err), err);
	assert_ok(archive_lane_commit(first, &err), err);
	assert_int_equal(archive_lane_commit(second, &why), -1);
	assert_int_equal(why.code, ERR_EXISTS);
	assert_non_null(strstr(why.message, "'a/1234'"));
	assert_ok(archive_lane_add(third, &early, "x", 1, &err), err);
	assert_int_equal(archive_lane_add(third, &early, "x", 1, &why), -1);
	assert_int_equal(why.code, ERR_EXISTS);
	assert_non_null(strstr(why.message, "'a/1234' came twice"));
	assert_int_equal(archive_lane_totals(third).entries, 1);
	archive_lane_free(first);
	archive_lane_free(second);
	archive_lane_free(third);
	archive_writer_free(w);
	test_dir_remove(dir);
}

static void a_path_that_leaves_its_place_is_refused(void **state)
{
	static const char *const bad[] = {
	    "../x", "/x", "a/../../x", "", "a//b", "CONTENTS.json"};
	char *dir = test_dir_make();
	cleanup(buf_done) struct buf out = BUF_INIT;
	struct err err = ERR_INIT;
	const struct archive_options o = {.scratch = dir};
	struct archive_writer *w =
	    archive_writer_new(&o, test_sink(&out), &err);
	struct archive_lane *lane = archive_lane_open(w, RANK_KUBERNETES, 0);

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		const struct archive_entry e = {.path = bad[i], .source = "t"};
		struct err why = ERR_INIT;
		bool refused = archive_lane_add(lane, &e, "x", 1, &why) != 0;
		if (!refused)
			fail_msg("'%s' was taken", bad[i]);
	}
	archive_lane_free(lane);
	archive_writer_free(w);
	test_dir_remove(dir);
}

/* {"x":"aaa...": so many bytes */
static char *long_facts(size_t len)
{
	char *facts = mem_alloc(len + 1);

	memset(facts, 'a', len);
	memcpy(facts, "{\"x\":\"", 6);
	memcpy(facts + len - 2, "\"}", 3);
	return facts;
}

static void what_the_reader_would_not_take_is_refused(void **state)
{
	char *dir = test_dir_make();
	autofree char *tree = file_join(dir, "tree");
	cleanup(buf_done) struct buf out = BUF_INIT;
	struct err err = ERR_INIT, why = ERR_INIT;
	struct archive_totals totals;
	const struct archive_options o = {.scratch = dir};
	struct archive_writer *w =
	    archive_writer_new(&o, test_sink(&out), &err);
	struct archive_lane *lane = archive_lane_open(w, RANK_KUBERNETES, 0);
	autofree char *fits = long_facts(CONTENTS_LINE_MAX - 1024);
	autofree char *over = long_facts(CONTENTS_LINE_MAX);
	const struct archive_entry a = {.path = "a", .facts = fits};
	const struct archive_entry b = {.path = "b", .facts = over};

	(void)state;
	assert_int_equal(archive_lane_add(lane, &b, "x", 1, &why), -1);
	assert_non_null(strstr(why.message, "'b' are too long"));
	assert_ok(archive_lane_add(lane, &a, "x", 1, &err), err);
	assert_ok(archive_lane_commit(lane, &err), err);
	archive_lane_free(lane);
	for (int rank = 0; rank < RANK_COUNT; rank++)
		archive_writer_rank_done(w, (enum archive_rank)rank);
	assert_ok(archive_writer_finish(w, &totals, &err), err);
	archive_writer_free(w);
	assert_ok(file_mkdirs(tree, &err), err);
	assert_ok(extract(&out, tree, NULL, &err), err);
	test_dir_remove(dir);
}

static char *text_of(size_t len, char c)
{
	char *text = mem_alloc(len + 1);

	memset(text, c, len);
	text[len] = '\0';
	return text;
}

/* Parts of 200 bytes. */
static char *path_of(size_t len)
{
	char *path = text_of(len, 'p');

	for (size_t i = 200; i + 1 < len; i += 201)
		path[i] = '/';
	return path;
}

/* What is at a limit goes in and comes out; what is above it costs itself. */
static void each_limit_is_one_for_writer_and_reader(void **state)
{
	char *dir = test_dir_make();
	autofree char *tree = file_join(dir, "tree");
	cleanup(buf_done) struct buf out = BUF_INIT;
	struct err err = ERR_INIT, why = ERR_INIT;
	struct archive_totals totals;
	const struct archive_options o = {.scratch = dir};
	struct archive_writer *w =
	    archive_writer_new(&o, test_sink(&out), &err);
	struct archive_lane *lane = archive_lane_open(w, RANK_KUBERNETES, 0);
	enum { NAMED = sizeof("user.a") - 1 + LIMITS_ATTR_REST };

	(void)state;
	for (int over = -1; over <= 1; over++) {
		autofree char *part =
		    text_of((size_t)(LIMITS_PART_BYTES + over), 'a');
		autofree char *path =
		    path_of((size_t)(LIMITS_PATH_BYTES + over));
		autofree char *name = str_printf("attrs%d", over);
		autofree char *value =
		    text_of((size_t)(LIMITS_ATTRS_BYTES - NAMED + over), 'v');
		const struct archive_attr attr = {.name = "a", .value = value};
		const struct archive_entry entries[] = {{.path = part},
		    {.path = path},
		    {.path = name, .attrs = &attr, .attr_count = 1}};
		for (size_t i = 0; i < 3; i++) {
			int failed =
			    archive_lane_add(lane, &entries[i], "x", 1, &why);
			assert_int_equal(failed, over > 0 ? -1 : 0);
			if (failed)
				assert_int_equal(why.code, ERR_FORMAT);
		}
	}
	assert_ok(archive_lane_commit(lane, &err), err);
	archive_lane_free(lane);
	for (int rank = 0; rank < RANK_COUNT; rank++)
		archive_writer_rank_done(w, (enum archive_rank)rank);
	assert_ok(archive_writer_finish(w, &totals, &err), err);
	archive_writer_free(w);
	assert_int_equal(totals.entries, 6);
	assert_ok(file_mkdirs(tree, &err), err);
	assert_ok(extract(&out, tree, NULL, &err), err);
	test_dir_remove(dir);
}

/* Lane for lane: one that does not fit costs itself, the others stay. */
static void the_count_of_entries_is_one_for_writer_and_reader(void **state)
{
	static const struct {
		int counts[2];
		int in; /* of at most eight */
	} cases[] = {
	    {{4, 3}, 7}, {{4, 4}, 8}, {{8, 1}, 8}, {{4, 5}, 4}, {{9, 8}, 8}};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		cleanup(buf_done) struct buf out = BUF_INIT;
		struct err err = ERR_INIT, why = ERR_INIT;
		struct archive_totals totals;
		const struct archive_options o = {.max_entries = 8};
		struct archive_writer *w =
		    archive_writer_new(&o, test_sink(&out), &err);
		for (size_t l = 0; l < 2; l++) {
			struct archive_lane *lane =
			    archive_lane_open(w, RANK_KUBERNETES, l);
			for (int n = 0; n < cases[i].counts[l]; n++) {
				autofree char *path =
				    str_printf("%zu/%d", l, n);
				assert_ok(
				    archive_lane_add(lane,
					&(struct archive_entry){.path = path},
					"x", 1, &err),
				    err);
			}
			if (archive_lane_commit(lane, &why))
				assert_contains(why.message, "the 8 entries");
			archive_lane_free(lane);
		}
		for (int rank = 0; rank < RANK_COUNT; rank++)
			archive_writer_rank_done(w, (enum archive_rank)rank);
		assert_ok(archive_writer_finish(w, &totals, &err), err);
		archive_writer_free(w);
		assert_int_equal(totals.entries, cases[i].in);
		for (unsigned max = 7; max <= 9; max++) {
			const struct reader_options r = {
			    .encryption = ARCHIVE_PLAIN, .max_entries = max};
			const struct reader_visitor nothing = {.ctx = NULL};
			int failed = archive_reader_run(
			    source_from_memory(out.data, out.len), &r, &nothing,
			    NULL, &why);

			assert_int_equal(failed, totals.entries > max ? -1 : 0);
			if (failed)
				assert_contains(
				    why.message, "too many entries");
		}
	}
}

/* Decomposed letters and syllables, composed ones and others: archives of
 * early versions have keys as they were. */
static void names_of_any_bytes_come_back_as_they_were(void **state)
{
	static const char *const names[] = {"a/e\xcc\x81.tfstate",
	    "a/\xc3\xa9.tfstate", "b/\xe1\x84\x92\xe1\x85\xa1\xe1\x86\xab",
	    "c/\xf0\x9f\x92\xbe", "d/A\xcc\x8a/A\xcc\x8a"};
	enum { NAMES = sizeof(names) / sizeof(*names) };
	cleanup(buf_done) struct buf out = BUF_INIT;
	struct err err = ERR_INIT;
	struct archive_totals totals;
	const struct archive_options o = {.level = 0};
	struct archive_writer *w =
	    archive_writer_new(&o, test_sink(&out), &err);
	struct archive_lane *lane = archive_lane_open(w, RANK_KUBERNETES, 0);

	(void)state;
	for (size_t i = 0; i < NAMES; i++)
		assert_ok(archive_lane_add(lane,
			      &(struct archive_entry){.path = names[i]}, "x", 1,
			      &err),
		    err);
	assert_ok(archive_lane_commit(lane, &err), err);
	archive_lane_free(lane);
	for (int rank = 0; rank < RANK_COUNT; rank++)
		archive_writer_rank_done(w, (enum archive_rank)rank);
	assert_ok(archive_writer_finish(w, &totals, &err), err);
	archive_writer_free(w);
	char *dir = test_dir_make();
	assert_ok(extract(&out, dir, NULL, &err), err);
	for (size_t i = 0; i < NAMES; i++) {
		autofree char *path = file_join(dir, names[i]);
		assert_int_equal(access(path, F_OK), 0);
	}
	test_dir_remove(dir);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(the_same_input_gives_the_same_bytes),
	    cmocka_unit_test(what_goes_in_comes_out),
	    cmocka_unit_test(an_archive_holds_what_its_manifest_says),
	    cmocka_unit_test(a_changed_or_cut_archive_leaves_nothing),
	    cmocka_unit_test(a_tree_gives_each_entry_back),
	    cmocka_unit_test(no_tree_comes_of_a_changed_archive),
	    cmocka_unit_test(a_file_that_does_not_compress_is_stored),
	    cmocka_unit_test(a_long_lane_is_packed_and_comes_out_whole),
	    cmocka_unit_test(paths_that_collide_are_named),
	    cmocka_unit_test(a_path_that_leaves_its_place_is_refused),
	    cmocka_unit_test(what_the_reader_would_not_take_is_refused),
	    cmocka_unit_test(each_limit_is_one_for_writer_and_reader),
	    cmocka_unit_test(the_count_of_entries_is_one_for_writer_and_reader),
	    cmocka_unit_test(names_of_any_bytes_come_back_as_they_were),
	};

	return cmocka_run_group_tests_name("archive", tests, NULL, NULL);
}
