/* Parts of an archive read alone are what reading all of it gives; an index
 * that lies is refused, and so is what was changed. */
#include "storage/archive/seek.h"

#include "storage/archive/lane.h"
#include "storage/archive/writer.h"
#include "storage/base/cleanup.h"
#include "storage/base/file.h"
#include "storage/base/mem.h"
#include "tests/support/sink.h"
#include "tests/support/test.h"

#include <stdlib.h>
#include <string.h>

struct archive {
	char *dir;
	struct test_random random;
	struct secret *key;
	struct age_identities *identities;
	struct buf bytes;
	struct buf contents[3]; /* of the large entries */
	struct manifest manifest;
	uint64_t read; /* bytes that were asked for */
};

enum { SMALL = 3000, SMALL_BYTES = 4000 };

static void add_noise(struct buf *out, size_t bytes, unsigned seed)
{
	for (size_t i = 0; i < bytes / 4; i++) {
		seed = seed * 1664525u + 1013904223u;
		buf_add(out, &seed, 4);
	}
}

static void add_words(struct buf *out, size_t bytes)
{
	for (size_t i = 0; out->len < bytes; i++)
		buf_printf(out, "the word %zu, ", i * i % 10007);
}

static void small_content(size_t i, struct buf *out)
{
	add_noise(out, SMALL_BYTES / 4, (unsigned)i + 1);
	for (size_t n = 0; n < SMALL_BYTES / 8; n++)
		buf_printf(out, "%zu ", i % 7);
}

static struct archive_lane *open_lane(
    struct archive_writer *w, enum archive_rank rank)
{
	return archive_lane_open(w, rank, 0);
}

/* A lane that is packed on its way, of which the objects do not all fit into
 * one frame. */
static void add_small(struct archive_writer *w)
{
	struct archive_lane *lane = open_lane(w, RANK_KUBERNETES);
	struct err err = ERR_INIT;

	for (size_t i = 0; i < SMALL; i++) {
		cleanup(buf_done) struct buf content = BUF_INIT;
		autofree char *path = str_printf("small/%05zu", i);
		const struct archive_entry e = {.path = path, .source = "s"};
		small_content(i, &content);
		assert_ok(
		    archive_lane_add(lane, &e, content.data, content.len, &err),
		    err);
	}
	assert_ok(archive_lane_commit(lane, &err), err);
	archive_lane_free(lane);
}

/* Some that no frame holds: one that compresses, one that does not; and one
 * that is empty. */
static void add_large(struct archive *a, struct archive_writer *w)
{
	struct archive_lane *lane = open_lane(w, RANK_GIT);
	struct err err = ERR_INIT;

	add_words(&a->contents[0], 11 << 20);
	add_noise(&a->contents[1], 5 << 20, 9);
	for (size_t i = 0; i < 3; i++) {
		autofree char *path = str_printf("large/%zu", i);
		autofree char *name = str_printf("large-%zu", i);
		autofree char *file = file_join(a->dir, name);
		const struct archive_entry e = {.path = path};
		assert_ok(file_write_durably(file, a->contents[i].data,
			      a->contents[i].len, &err),
		    err);
		assert_ok(archive_lane_add_file(lane, &e, file, &err), err);
	}
	assert_ok(archive_lane_commit(lane, &err), err);
	archive_lane_free(lane);
}

static void make(struct archive *a, enum archive_compression compression,
    enum archive_encryption encryption)
{
	struct err err = ERR_INIT;
	struct archive_totals totals;

	*a = (struct archive){.dir = test_dir_make()};
	test_random_init(&a->random, 3);
	struct sink *sink = test_sink(&a->bytes);
	if (encryption == ARCHIVE_AGE) {
		cleanup(strvec_done) struct strvec to = VEC_INIT;
		autofree char *recipient;
		a->key = age_keygen(&a->random.random, 0, &recipient);
		a->identities = age_identities_new();
		assert_ok(
		    age_identities_add(a->identities, a->key, "key", &err),
		    err);
		strvec_add(&to, recipient);
		sink = age_encrypt(&to, &a->random.random, sink, &err);
	}
	const struct archive_options o = {.compression = compression,
	    .scratch = a->dir,
	    .threads = 2,
	    .mtime = 1700000000};
	struct archive_writer *w = archive_writer_new(&o, sink, &err);
	add_small(w);
	archive_writer_rank_done(w, RANK_KUBERNETES);
	archive_writer_rank_done(w, RANK_TERRAFORM);
	add_large(a, w);
	archive_writer_rank_done(w, RANK_GIT);
	assert_ok(archive_writer_finish(w, &totals, &err), err);
	manifest_init(&a->manifest);
	a->manifest.archive.compression = compression;
	a->manifest.archive.encryption = encryption;
	a->manifest.archive.bytes = a->bytes.len;
	a->manifest.archive.has_index = true;
	a->manifest.archive.index = archive_writer_index(w);
	archive_writer_free(w);
}

static void unmake(struct archive *a)
{
	buf_done(&a->bytes);
	for (size_t i = 0; i < 3; i++)
		buf_done(&a->contents[i]);
	age_identities_free(a->identities);
	secret_free(a->key);
	manifest_done(&a->manifest);
	test_dir_remove(a->dir);
}

static struct source *open_part(
    void *ctx, const char *file, uint64_t offset, uint64_t len, struct err *err)
{
	struct archive *a = ctx;

	(void)file;
	(void)err;
	assert_true(len > 0 && offset + len <= a->bytes.len);
	a->read += len;
	return source_from_memory(a->bytes.data + offset, (size_t)len);
}

static struct seek *look(struct archive *a, struct err *err)
{
	const struct seek_options o = {.manifest = &a->manifest,
	    .identities = a->identities,
	    .scratch = a->dir,
	    .open = open_part,
	    .ctx = a};

	return seek_open(&o, err);
}

struct checking {
	struct archive *archive;
	struct seek *seek;
	size_t every, at, read;
	size_t refused;
};

static void expected_content(
    const struct archive *a, const char *path, struct buf *out)
{
	const char *number = strchr(path, '/') + 1;
	size_t i = (size_t)strtoul(number, NULL, 10);

	if (str_starts(path, "small/"))
		small_content(i, out);
	else
		buf_add(out, buf_str(&a->contents[i]), a->contents[i].len);
}

static int check(void *ctx, const struct contents_entry *e, struct err *err)
{
	struct checking *c = ctx;
	cleanup(buf_done) struct buf expected = BUF_INIT;
	struct spool got;
	struct err failed = ERR_INIT;

	(void)err;
	if (c->at++ % c->every)
		return 0;
	spool_init(&got, c->archive->dir, 1 << 20);
	expected_content(c->archive, e->path, &expected);
	if (seek_read(c->seek, e, &got, &failed)) {
		assert_int_equal(failed.code, ERR_INTEGRITY);
		c->refused++;
	} else {
		autofree char *text = mem_alloc((size_t)spool_len(&got) + 1);
		assert_int_equal(spool_len(&got), expected.len);
		assert_ok(
		    spool_read(&got, 0, text, expected.len, &failed), failed);
		assert_memory_equal(text, buf_str(&expected), expected.len);
	}
	spool_done(&got);
	c->read++;
	return 0;
}

static void each_entry_is_what_was_written(void **state)
{
	(void)state;
	for (int i = 0; i < 4; i++) {
		struct archive a;
		struct err err = ERR_INIT;
		make(&a, i & 1 ? ARCHIVE_GZIP : ARCHIVE_ZSTD,
		    i & 2 ? ARCHIVE_PLAIN : ARCHIVE_AGE);
		for (size_t every = 1; every < 1000; every *= 31) {
			struct seek *s = look(&a, &err);
			assert_ok(s ? 0 : -1, err);
			struct checking c = {
			    .archive = &a, .seek = s, .every = every};
			assert_ok(seek_each(s, check, &c, &err), err);
			assert_true(c.at == SMALL + 3 && c.refused == 0);
			assert_true(seek_bytes(s) == a.read);
			a.read = 0;
			seek_free(s);
		}
		unmake(&a);
	}
}

static void one_entry_costs_one_frame(void **state)
{
	struct archive a;
	struct err err = ERR_INIT;

	(void)state;
	make(&a, ARCHIVE_ZSTD, ARCHIVE_AGE);
	struct seek *s = look(&a, &err);
	assert_non_null(s);
	uint64_t before = a.read;
	struct checking c = {.archive = &a, .seek = s, .every = SMALL + 3};
	assert_ok(seek_each(s, check, &c, &err), err);
	assert_int_equal(c.read, 1);
	assert_true(a.read - before <= FRAMES_BYTES);
	assert_true(before + 3 * 65552 < a.bytes.len / 10);
	seek_free(s);
	unmake(&a);
}

/* Wherever a byte is changed: nothing else than what was captured comes out. */
static void what_was_changed_is_refused(void **state)
{
	struct archive a;
	size_t refused = 0, tried = 0;

	(void)state;
	make(&a, ARCHIVE_ZSTD, ARCHIVE_PLAIN);
	for (size_t at = 11; at < a.bytes.len; at += a.bytes.len / 12) {
		struct err err = ERR_INIT;
		a.bytes.data[at] = (char)(a.bytes.data[at] ^ 4);
		struct seek *s = look(&a, &err);
		struct checking c = {.archive = &a, .seek = s, .every = 1};
		if (s)
			assert_ok(seek_each(s, check, &c, &err), err);
		else
			assert_int_equal(err.code, ERR_INTEGRITY);
		refused += !s || c.refused > 0;
		tried++;
		seek_free(s);
		a.bytes.data[at] = (char)(a.bytes.data[at] ^ 4);
	}
	assert_true(refused > tried / 2);
	unmake(&a);
}

static void a_false_digest_of_the_index_is_refused(void **state)
{
	struct archive a;
	struct err err = ERR_INIT;

	(void)state;
	make(&a, ARCHIVE_ZSTD, ARCHIVE_AGE);
	a.manifest.archive.index.sha256[3] ^= 1;
	assert_null(look(&a, &err));
	assert_int_equal(err.code, ERR_INTEGRITY);
	a.manifest.archive.index.sha256[3] ^= 1;
	a.manifest.archive.index.bytes += 70000;
	err = (struct err)ERR_INIT;
	assert_null(look(&a, &err));
	assert_int_equal(err.code, ERR_INTEGRITY);
	unmake(&a);
}

/* ---- an index that lies ---- */

static int nothing(void *ctx, const struct contents_entry *e, struct err *err)
{
	(void)ctx;
	(void)e;
	(void)err;
	return 0;
}

#define SHA "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
#define ENTRY(FRAME, AT, PATH, BYTES)                                          \
	"{\"frame\":" #FRAME ",\"at\":" #AT ",\"path\":\"" PATH                \
	"\",\"bytes\":" #BYTES ",\"sha256\":\"" SHA "\",\"mtime\":1}"
#define INDEX(ENTRIES, COUNT, FRAMES)                                          \
	"{\"version\":2,\"entries\":[\n" ENTRIES "\n],\"count\":" #COUNT       \
	",\"frames\":[\n" FRAMES "\n]}\n"

static int read_places(const char *text, bool quick, struct err *err)
{
	cleanup(source_freep) struct source *from =
	    source_from_memory(text, strlen(text));
	struct frames frames = VEC_INIT;
	const uint64_t end = 300;
	const struct contents_archives archives = {
	    .count = 1, .ends = &end, .frames = &frames};
	int r = contents_each_located(
	    from, quick ? NULL : nothing, NULL, &archives, err);

	vec_done(&frames);
	return r;
}

static void an_index_that_lies_is_refused(void **state)
{
	static const struct {
		const char *text;
		enum err_code code; /* ERR_NONE: it is good */
	} cases[] = {
	    {INDEX(ENTRY(0, 512, "a", 100) ",\n" ENTRY(1, 0, "b", 900), 2,
		 "[0,100,1024],\n[100,200,1024]"),
		ERR_NONE},
	    /* on into the next frame */
	    {INDEX(ENTRY(0, 512, "a", 1000) ",\n" ENTRY(1, 488, "b", 9), 2,
		 "[0,100,1024],\n[100,200,1024]"),
		ERR_NONE},
	    {INDEX(ENTRY(0, 512, "a", 1000) ",\n" ENTRY(1, 487, "b", 9), 2,
		 "[0,100,1024],\n[100,200,1024]"),
		ERR_INTEGRITY},
	    {INDEX(ENTRY(0, 512, "a", 100) ",\n" ENTRY(0, 600, "b", 9), 2,
		 "[0,100,1024],\n[100,200,1024]"),
		ERR_INTEGRITY},
	    {INDEX(ENTRY(1, 0, "a", 100) ",\n" ENTRY(0, 600, "b", 9), 2,
		 "[0,100,1024],\n[100,200,1024]"),
		ERR_INTEGRITY},
	    {INDEX(ENTRY(1, 512, "a", 513), 1, "[0,100,1024],\n[100,200,1024]"),
		ERR_INTEGRITY},
	    {INDEX(ENTRY(7, 0, "a", 1), 1, "[0,100,1024],\n[100,200,1024]"),
		ERR_INTEGRITY},
	    {INDEX(ENTRY(0, 9223372036854775807, "a", 9), 1,
		 "[0,100,1024],\n[100,200,1024]"),
		ERR_INTEGRITY},
	    /* frames that overlap, leave a gap, go beyond, or fall short */
	    {INDEX(ENTRY(0, 0, "a", 1), 1, "[0,100,1024],\n[99,201,1024]"),
		ERR_INTEGRITY},
	    {INDEX(ENTRY(0, 0, "a", 1), 1, "[0,100,1024],\n[101,199,1024]"),
		ERR_INTEGRITY},
	    {INDEX(ENTRY(0, 0, "a", 1), 1, "[0,100,1024],\n[100,201,1024]"),
		ERR_INTEGRITY},
	    {INDEX(ENTRY(0, 0, "a", 1), 1, "[0,100,1024],\n[100,199,1024]"),
		ERR_INTEGRITY},
	    {INDEX(ENTRY(0, 0, "a", 1), 1, "[0,0,1024],\n[0,300,1024]"),
		ERR_INTEGRITY},
	    {INDEX(ENTRY(0, 0, "a", 1), 1, "[0,-1,1024],\n[0,300,1024]"),
		ERR_FORMAT},
	    {INDEX(ENTRY(0, 0, "a", 1), 1, "[0,300,1024],"), ERR_FORMAT},
	    {INDEX(ENTRY(0, -1, "a", 1), 1, "[0,300,1024]"), ERR_FORMAT},
	    {INDEX(ENTRY(0, 0, "../a", 1), 1, "[0,300,1024]"), ERR_FORMAT},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		for (int quick = 0; quick < 2; quick++) {
			struct err err = ERR_INIT;
			int r = read_places(cases[i].text, quick, &err);
			/* The quick way does not look at the paths. */
			if (quick && strstr(cases[i].text, "../"))
				continue;
			if ((r != 0) != (cases[i].code != ERR_NONE) ||
			    err.code != cases[i].code)
				fail_msg("case %zu: %d: %s", i, err.code,
				    err.message);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(each_entry_is_what_was_written),
	    cmocka_unit_test(one_entry_costs_one_frame),
	    cmocka_unit_test(what_was_changed_is_refused),
	    cmocka_unit_test(a_false_digest_of_the_index_is_refused),
	    cmocka_unit_test(an_index_that_lies_is_refused),
	};

	return cmocka_run_group_tests_name("seek", tests, NULL, NULL);
}
