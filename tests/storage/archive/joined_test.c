/* A snapshot of several archives is what one archive of the same entries would
 * be, read whole or entry by entry; and a list that is not true is refused. */
#include "storage/archive/joined.h"

#include "storage/archive/known.h"
#include "storage/archive/lane.h"
#include "storage/archive/seek.h"
#include "storage/archive/writer.h"
#include "storage/base/cleanup.h"
#include "storage/base/file.h"
#include "storage/base/mem.h"
#include "storage/base/str.h"
#include "tests/support/sink.h"
#include "tests/support/test.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { ENTRIES = 400, SNAPSHOTS = 4, BYTES = 3000 };

/* Snapshot n of a chain: each changes every 40th entry, from the n-th on, and
 * the last leaves out every 50th. */
struct made {
	struct buf archive;
	struct buf contents;
	struct manifest manifest;
	struct archive_totals totals, known;
};

struct chain {
	char *dir;
	struct test_random random;
	struct secret *key;
	struct age_identities *identities;
	char *recipient;
	struct made made[SNAPSHOTS];
	uint64_t read;	   /* bytes that were asked for in parts */
	bool wrong_at_end; /* whole archives, by their digest */
	/* A whole archive can be read only once the next was asked for: */
	bool in_pairs;
	pthread_mutex_t lock;
	pthread_cond_t changed;
	size_t opened, first_read;
};

static bool is_in(size_t snapshot, size_t i)
{
	return snapshot + 1 < SNAPSHOTS || i % 50 != 7;
}

/* The last snapshot that changed it. */
static size_t version_of(size_t snapshot, size_t i)
{
	size_t version = 0;

	for (size_t n = 1; n <= snapshot; n++)
		if (i % 40 == n)
			version = n;
	return version;
}

static void content(size_t snapshot, size_t i, struct buf *out)
{
	unsigned seed = (unsigned)(i * 7 + version_of(snapshot, i) * 100003);

	for (size_t n = 0; n < BYTES / 4 && i; n++) {
		seed = seed * 1664525u + 1013904223u;
		buf_add(out, &seed, 4);
	}
}

static void add(struct archive_lane *lane, struct chain *c, size_t snapshot,
    size_t i, bool file)
{
	cleanup(buf_done) struct buf data = BUF_INIT;
	autofree char *path = str_printf("all/%05zu", i);
	autofree char *value = str_printf("of %zu", version_of(snapshot, i));
	char source[DIGEST_SHA256_HEX]; /* does not compress */
	const struct archive_attr attr = {.name = "tag", .value = value};
	const struct archive_entry e = {.path = path,
	    .source = source,
	    .attrs = &attr,
	    .attr_count = i % 5 == 0};
	struct err err = ERR_INIT;

	digest_sha256_hex(path, strlen(path), source);
	content(snapshot, i, &data);
	if (!file) {
		assert_ok(
		    archive_lane_add(lane, &e, buf_str(&data), data.len, &err),
		    err);
		return;
	}
	autofree char *name = str_printf("%s/%zu-%zu", c->dir, snapshot, i);
	assert_ok(
	    file_write_durably(name, buf_str(&data), data.len, &err), err);
	assert_ok(archive_lane_add_file(lane, &e, name, &err), err);
}

static void fill(struct archive_writer *w, struct chain *c, size_t snapshot)
{
	static const enum archive_rank ranks[] = {
	    RANK_KUBERNETES, RANK_TERRAFORM, RANK_GIT};
	struct err err = ERR_INIT;

	for (size_t r = 0; r < RANK_COUNT; r++) {
		struct archive_lane *lane = archive_lane_open(w, ranks[r], 0);
		for (size_t i = r * ENTRIES; i < (r + 1) * ENTRIES; i++)
			if (is_in(snapshot, i))
				add(lane, c, snapshot, i, ranks[r] == RANK_GIT);
		assert_ok(archive_lane_commit(lane, &err), err);
		archive_lane_free(lane);
		archive_writer_rank_done(w, ranks[r]);
	}
}

static void fill_manifest(struct chain *c, size_t n, struct archive_writer *w)
{
	struct made *m = &c->made[n];
	struct manifest *to = &m->manifest;

	manifest_init(to);
	to->name = str_dup("prod");
	to->label = str_printf("prod-2026010%zuT000000Z", n + 1);
	to->archive.file = str_printf("%s.tar.zst.age", to->label);
	to->archive.bytes = m->archive.len;
	to->archive.entries = m->totals.entries - m->known.entries;
	to->archive.content_bytes = m->totals.bytes - m->known.bytes;
	to->archive.has_index = true;
	to->archive.index = archive_writer_index(w);
	digest_sha256_hex(m->archive.data, m->archive.len, to->archive.sha256);
	to->is_list = true;
	to->entries = m->totals.entries;
	to->content_bytes = m->totals.bytes;
	for (size_t i = 0; n && i <= c->made[n - 1].manifest.earlier.len; i++) {
		struct manifest_archive a =
		    manifest_archive_at(&c->made[n - 1].manifest, i);
		if (archive_writer_needs(w, i))
			manifest_add_earlier(to, &a);
	}
}

static void make(struct chain *c, size_t n)
{
	struct made *m = &c->made[n];
	struct err err = ERR_INIT;
	cleanup(strvec_done) struct strvec to = VEC_INIT;
	autofree char *record = str_printf("%s/record-%zu", c->dir, n);
	cleanup(known_freep) struct known *known = NULL;

	strvec_add(&to, c->recipient);
	struct sink *sink =
	    age_encrypt(&to, &c->random.random, test_sink(&m->archive), &err);
	if (n) {
		known =
		    known_read(record, NULL, &c->made[n - 1].manifest, &err);
		assert_non_null(known);
	}
	const struct archive_options o = {.compression = ARCHIVE_ZSTD,
	    .scratch = c->dir,
	    .mtime = 1700000000,
	    .form = CONTENTS_LIST,
	    .known = known};
	struct archive_writer *w = archive_writer_new(&o, sink, &err);
	fill(w, c, n);
	assert_ok(archive_writer_finish(w, &m->totals, &err), err);
	m->known = archive_writer_known(w);
	fill_manifest(c, n, w);
	struct sink *contents = test_sink(&m->contents);
	struct source *text = archive_writer_contents(w);
	assert_true(stream_copy(text, contents, &err) > 0);
	source_free(text);
	assert_ok(sink_finish(contents, &err), err);
	sink_free(contents);
	archive_writer_free(w);
	autofree char *next = str_printf("%s/record-%zu", c->dir, n + 1);
	assert_ok(
	    file_write_durably(next, m->contents.data, m->contents.len, &err),
	    err);
}

static void make_chain(struct chain *c)
{
	struct err err = ERR_INIT;

	*c = (struct chain){.dir = test_dir_make()};
	pthread_mutex_init(&c->lock, NULL);
	pthread_cond_init(&c->changed, NULL);
	test_random_init(&c->random, 3);
	c->key = age_keygen(&c->random.random, 0, &c->recipient);
	c->identities = age_identities_new();
	assert_ok(age_identities_add(c->identities, c->key, "key", &err), err);
	for (size_t n = 0; n < SNAPSHOTS; n++)
		make(c, n);
}

static void unmake(struct chain *c)
{
	for (size_t n = 0; n < SNAPSHOTS; n++) {
		buf_done(&c->made[n].archive);
		buf_done(&c->made[n].contents);
		manifest_done(&c->made[n].manifest);
	}
	pthread_cond_destroy(&c->changed);
	pthread_mutex_destroy(&c->lock);
	age_identities_free(c->identities);
	secret_free(c->key);
	free(c->recipient);
	test_dir_remove(c->dir);
}

/* An archive as the vault hands it out. */
struct handed {
	struct source source;
	struct source *from;
	struct chain *chain;
	bool begun;
};

static const struct made *made_of(const struct chain *c, const char *file)
{
	for (size_t n = 0; n < SNAPSHOTS; n++)
		if (str_eq(c->made[n].manifest.archive.file, file))
			return &c->made[n];
	return NULL;
}

/* Of SNAPSHOTS - 1 earlier ones, the last has none behind it. Neither this nor
 * what opens one is called on the thread of the test. */
static bool await_next(struct chain *c)
{
	enum { PATIENCE_S = 120 };
	struct timespec until;

	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += PATIENCE_S;
	pthread_mutex_lock(&c->lock);
	size_t read = ++c->first_read;
	size_t expected = read < SNAPSHOTS - 1 ? read + 1 : read;
	while (c->opened < expected &&
	       !pthread_cond_timedwait(&c->changed, &c->lock, &until))
		;
	bool was_opened = c->opened >= expected;
	pthread_mutex_unlock(&c->lock);
	return was_opened;
}

static ssize_t handed_read(
    struct source *s, void *data, size_t len, struct err *err)
{
	struct handed *h = (struct handed *)s;

	if (!h->begun && h->chain->in_pairs && !await_next(h->chain))
		return err_set(err, ERR_SYSTEM, "the next was not opened");
	h->begun = true;
	ssize_t n = source_read(h->from, data, len, err);
	if (n == 0 && h->chain->wrong_at_end)
		return err_set(err, ERR_INTEGRITY, "its digest is wrong");
	return n;
}

static void handed_release(struct source *s)
{
	source_free(((struct handed *)s)->from);
	free(s);
}

static struct source *open_whole(
    void *ctx, const struct manifest_archive *archive, struct err *err)
{
	static const struct source_ops ops = {
	    .read = handed_read, .release = handed_release};
	struct chain *c = ctx;
	const struct made *m = made_of(c, archive->file);

	if (!m || archive->entries != m->manifest.archive.entries) {
		err_set(err, ERR_SYSTEM, "another one was asked for");
		return NULL;
	}
	struct handed *h = mem_zalloc(sizeof(*h));
	h->source.ops = &ops;
	h->from = source_from_memory(m->archive.data, m->archive.len);
	h->chain = c;
	pthread_mutex_lock(&c->lock);
	c->opened++;
	pthread_cond_signal(&c->changed);
	pthread_mutex_unlock(&c->lock);
	return &h->source;
}

static struct source *open_part(
    void *ctx, const char *file, uint64_t offset, uint64_t len, struct err *err)
{
	struct chain *c = ctx;
	const struct made *m = made_of(c, file);

	(void)err;
	assert_non_null(m);
	assert_true(len > 0 && offset + len <= m->archive.len);
	c->read += len;
	return source_from_memory(m->archive.data + offset, (size_t)len);
}

static int extract(struct chain *c, size_t n, const char *dir,
    struct reader_totals *totals, struct err *err)
{
	const struct made *m = &c->made[n];
	const struct reader_earlier earlier = {
	    .manifest = &m->manifest, .open = open_whole, .ctx = c};
	const struct reader_totals expected = {
	    .entries = m->manifest.archive.entries,
	    .bytes = m->manifest.archive.content_bytes};
	const struct reader_options o = {.compression = ARCHIVE_ZSTD,
	    .identities = c->identities,
	    .scratch = c->dir,
	    .expected = &expected,
	    .earlier = &earlier};

	return archive_extract(
	    source_from_memory(m->archive.data, m->archive.len), &o, dir,
	    totals, err);
}

/* ---- what a list gives --------------------------------------------------- */

static void assert_same(const struct buf *got, const struct buf *expected)
{
	assert_int_equal(got->len, expected->len);
	assert_memory_equal(buf_str(got), buf_str(expected), got->len);
}

static void check_tree(const char *dir, size_t snapshot)
{
	cleanup(strvec_done) struct strvec names = VEC_INIT;
	autofree char *all = file_join(dir, "all");
	struct err err = ERR_INIT;
	size_t count = 0;

	for (size_t i = 0; i < (size_t)RANK_COUNT * ENTRIES; i++) {
		cleanup(buf_done) struct buf expected = BUF_INIT;
		cleanup(buf_done) struct buf got = BUF_INIT;
		autofree char *path = str_printf("%s/%05zu", all, i);
		if (!is_in(snapshot, i))
			continue;
		count++;
		content(snapshot, i, &expected);
		assert_ok(file_read(path, 1 << 20, &got, &err), err);
		assert_same(&got, &expected);
	}
	assert_ok(file_list_dir(all, &names, &err), err);
	assert_int_equal(names.len, count);
}

static void a_list_is_read_as_one(void **state)
{
	struct chain c;
	struct err err = ERR_INIT;

	(void)state;
	make_chain(&c);
	for (size_t n = 0; n < SNAPSHOTS; n++) {
		autofree char *dir = str_printf("%s/tree-%zu", c.dir, n);
		struct reader_totals totals;
		assert_ok(file_mkdirs(dir, &err), err);
		assert_ok(extract(&c, n, dir, &totals, &err), err);
		assert_int_equal(totals.entries, c.made[n].totals.entries);
		assert_int_equal(totals.bytes, c.made[n].totals.bytes);
		check_tree(dir, n);
		assert_int_equal(c.made[n].manifest.earlier.len, n);
		/* One entry in 40 is written again. */
		if (n)
			assert_in_range(c.made[n].archive.len * 20, 1,
			    c.made[0].archive.len);
	}
	unmake(&c);
}

/* Each earlier archive ends in a list of all that its snapshot had. */
static void what_is_behind_the_last_that_is_needed_is_not_opened(void **state)
{
	enum { AGE_CHUNK = 64 * 1024 };
	struct chain c;
	struct reader_totals totals;
	struct err err = ERR_INIT;

	(void)state;
	make_chain(&c);
	autofree char *dir = str_printf("%s/tree", c.dir);
	struct made *first = &c.made[0];
	assert_true(first->manifest.archive.index.bytes > AGE_CHUNK);
	first->archive.data[first->archive.len - 1] ^= 1;
	assert_ok(file_mkdirs(dir, &err), err);
	assert_ok(extract(&c, 1, dir, &totals, &err), err);
	assert_int_equal(totals.entries, c.made[1].totals.entries);
	check_tree(dir, 1);
	unmake(&c);
}

/* Each comes over a network, or is read for its digest first. */
static void the_next_is_opened_while_one_is_read(void **state)
{
	const size_t last = SNAPSHOTS - 1;
	struct chain c;
	struct reader_totals totals;
	struct err err = ERR_INIT;

	(void)state;
	make_chain(&c);
	autofree char *dir = str_printf("%s/tree", c.dir);
	c.in_pairs = true;
	assert_ok(file_mkdirs(dir, &err), err);
	assert_ok(extract(&c, last, dir, &totals, &err), err);
	assert_int_equal(c.opened, last);
	check_tree(dir, last);
	unmake(&c);
}

struct looking {
	struct chain *c;
	struct seek *seek;
	size_t snapshot, next, seen;
};

/* In the order that one archive would have. */
static int look_into(void *ctx, const struct contents_entry *e, struct err *err)
{
	struct looking *l = ctx;
	size_t i = (size_t)strtoul(strchr(e->path, '/') + 1, NULL, 10);
	cleanup(buf_done) struct buf expected = BUF_INIT;
	cleanup(buf_done) struct buf got = BUF_INIT;
	struct spool spool;

	assert_true(i >= l->next);
	l->next = i + 1;
	if (l->seen++ % 9)
		return 0;
	content(l->snapshot, i, &expected);
	spool_init(&spool, l->c->dir, 1 << 20);
	int failed = seek_read(l->seek, e, &spool, err);
	assert_ok(failed, *err);
	buf_reserve(&got, expected.len);
	assert_int_equal(spool_len(&spool), expected.len);
	assert_ok(spool_read(&spool, 0, got.data, expected.len, err), *err);
	got.len = expected.len;
	assert_same(&got, &expected);
	spool_done(&spool);
	return 0;
}

static struct seek *seek_into(struct chain *c, size_t n, struct err *err)
{
	const struct seek_options o = {.manifest = &c->made[n].manifest,
	    .identities = c->identities,
	    .scratch = c->dir,
	    .open = open_part,
	    .ctx = c};

	return seek_open(&o, err);
}

static void entries_are_read_alone(void **state)
{
	struct chain c;
	struct err err = ERR_INIT;

	(void)state;
	make_chain(&c);
	for (size_t n = 0; n < SNAPSHOTS; n++) {
		struct looking l = {.c = &c, .snapshot = n};
		l.seek = seek_into(&c, n, &err);
		assert_non_null(l.seek);
		assert_ok(seek_each(l.seek, look_into, &l, &err), err);
		assert_int_equal(l.seen, c.made[n].totals.entries);
		seek_free(l.seek);
	}
	unmake(&c);
}

/* An archive of which nothing is needed any more is on no list. */
static void what_nobody_needs_is_not_named(void **state)
{
	struct chain c;

	(void)state;
	make_chain(&c);
	const struct manifest *last = &c.made[SNAPSHOTS - 1].manifest;
	assert_string_equal(
	    last->earlier.items[0].label, c.made[0].manifest.label);
	struct err err = ERR_INIT;
	autofree char *record = str_printf("%s/record-%d", c.dir, SNAPSHOTS);
	cleanup(known_freep) struct known *known =
	    known_read(record, NULL, last, &err);
	const struct archive_options o = {
	    .scratch = c.dir, .form = CONTENTS_LIST, .known = known};
	cleanup(buf_done) struct buf out = BUF_INIT;
	struct archive_writer *w =
	    archive_writer_new(&o, test_sink(&out), &err);
	struct archive_lane *lane = archive_lane_open(w, RANK_KUBERNETES, 0);
	struct archive_totals totals;
	/* One that only snapshot 2 has in this version, and a new one. */
	add(lane, &c, 3, 2, false);
	add(lane, &c, 3, 90000, false);
	assert_ok(archive_lane_commit(lane, &err), err);
	archive_lane_free(lane);
	for (int r = 0; r < RANK_COUNT; r++)
		archive_writer_rank_done(w, (enum archive_rank)r);
	assert_ok(archive_writer_finish(w, &totals, &err), err);
	assert_int_equal(totals.entries, 2);
	assert_int_equal(archive_writer_known(w).entries, 1);
	for (size_t i = 0; i < known_archives(known); i++)
		assert_int_equal(archive_writer_needs(w, i), i == 2);
	archive_writer_free(w);
	unmake(&c);
}

/* ---- what is refused ----------------------------------------------------- */

static void refuses(struct chain *c, size_t n, const char *why)
{
	autofree char *dir = str_printf("%s/refused", c->dir);
	struct err err = ERR_INIT;

	assert_ok(file_mkdirs(dir, &err), err);
	assert_fails(extract(c, n, dir, NULL, &err), err, ERR_INTEGRITY);
	assert_contains(err.message, why);
	assert_ok(file_remove_tree(dir, &err), err);
}

/* An archive of the list that is a good one, but another: nothing of it is
 * taken for what is needed. */
static void another_archive_is_refused(void **state)
{
	struct chain c;

	(void)state;
	make_chain(&c);
	struct manifest *m = &c.made[2].manifest;
	struct manifest_archive first = m->earlier.items[0];
	m->earlier.items[0] = m->earlier.items[1];
	refuses(&c, 2, "lacks something that the snapshot needs");
	m->earlier.items[0] = first;
	struct buf archive = c.made[1].archive;
	c.made[1].archive = c.made[0].archive;
	refuses(&c, 2, "which it needs");
	c.made[1].archive = archive;
	unmake(&c);
}

/* The vault knows only at its end whether an archive is the signed one. */
static void an_archive_is_read_to_its_end(void **state)
{
	struct chain c;

	(void)state;
	make_chain(&c);
	c.wrong_at_end = true;
	refuses(&c, 2, "its digest is wrong");
	unmake(&c);
}

static void what_the_manifest_does_not_count_is_refused(void **state)
{
	struct chain c;

	(void)state;
	make_chain(&c);
	c.made[1].manifest.entries++;
	refuses(&c, 1, "and the manifest says");
	c.made[1].manifest.entries--;
	c.made[1].manifest.content_bytes--;
	refuses(&c, 1, "and the manifest says");
	unmake(&c);
}

/* A list that is shorter than what CONTENTS.json speaks of. */
static void an_archive_that_is_not_named_is_refused(void **state)
{
	struct chain c;
	struct err err = ERR_INIT;

	(void)state;
	make_chain(&c);
	struct manifest *m = &c.made[2].manifest;
	m->earlier.len--;
	autofree char *dir = str_printf("%s/refused", c.dir);
	assert_ok(file_mkdirs(dir, &err), err);
	assert_fails(extract(&c, 2, dir, NULL, &err), err, ERR_INTEGRITY);
	assert_null(seek_into(&c, 2, &err));
	assert_int_equal(err.code, ERR_INTEGRITY);
	m->earlier.len++;
	unmake(&c);
}

/* What the agent remembers is taken for true only by the signed digest. */
static void a_record_that_was_changed_is_refused(void **state)
{
	struct chain c;
	struct err err = ERR_INIT;

	(void)state;
	make_chain(&c);
	struct buf *text = &c.made[1].contents;
	autofree char *file = str_printf("%s/record", c.dir);
	text->data[text->len / 2] ^= 1;
	assert_ok(file_write_durably(file, text->data, text->len, &err), err);
	assert_null(known_read(file, NULL, &c.made[1].manifest, &err));
	assert_int_equal(err.code, ERR_INTEGRITY);
	assert_null(known_read(file, NULL, &c.made[2].manifest, &err));
	unmake(&c);
}

/* It has plain digests: the agent seals it for itself. */
static void a_sealed_record_is_read_with_its_key_alone(void **state)
{
	struct chain c;
	struct err err = ERR_INIT;
	cleanup(strvec_done) struct strvec to = VEC_INIT;
	cleanup(buf_done) struct buf sealed = BUF_INIT;
	cleanup(age_identities_freep) struct age_identities *none =
	    age_identities_new();

	(void)state;
	make_chain(&c);
	autofree char *file = str_printf("%s/record", c.dir);
	struct buf *text = &c.made[1].contents;
	strvec_add(&to, c.recipient);
	struct sink *sink =
	    age_encrypt(&to, &c.random.random, test_sink(&sealed), &err);
	assert_ok(sink_write(sink, text->data, text->len, &err), err);
	assert_ok(sink_finish(sink, &err), err);
	sink_free(sink);
	assert_ok(file_write_durably(file, sealed.data, sealed.len, &err), err);
	cleanup(known_freep) struct known *known =
	    known_read(file, c.identities, &c.made[1].manifest, &err);
	assert_non_null(known);
	assert_int_equal(known_archives(known), 2);
	assert_null(known_read(file, none, &c.made[1].manifest, &err));
	assert_int_equal(err.code, ERR_DENIED);
	assert_null(known_read(file, NULL, &c.made[1].manifest, &err));
	assert_int_equal(err.code, ERR_INTEGRITY);
	unmake(&c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_list_is_read_as_one),
	    cmocka_unit_test(
		what_is_behind_the_last_that_is_needed_is_not_opened),
	    cmocka_unit_test(the_next_is_opened_while_one_is_read),
	    cmocka_unit_test(entries_are_read_alone),
	    cmocka_unit_test(what_nobody_needs_is_not_named),
	    cmocka_unit_test(another_archive_is_refused),
	    cmocka_unit_test(an_archive_is_read_to_its_end),
	    cmocka_unit_test(what_the_manifest_does_not_count_is_refused),
	    cmocka_unit_test(an_archive_that_is_not_named_is_refused),
	    cmocka_unit_test(a_record_that_was_changed_is_refused),
	    cmocka_unit_test(a_sealed_record_is_read_with_its_key_alone),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
