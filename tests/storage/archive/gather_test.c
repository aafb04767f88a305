/* What several machines captured is one snapshot: every entry is listed with
 * its own archive, and a part that is not what was signed for makes none. */
#include "storage/archive/gather.h"

#include "storage/archive/joined.h"
#include "storage/archive/lane.h"
#include "storage/base/cleanup.h"
#include "storage/base/digest.h"
#include "storage/base/mem.h"
#include "tests/support/sink.h"
#include "tests/support/test.h"

#include <stdlib.h>
#include <string.h>

enum { PARTS_MAX = 3 };

/* A part as a machine leaves it: its archive, its list, its manifest. */
struct made {
	struct buf archive, contents;
	struct manifest manifest;
};

struct fixture {
	char *dir;
	struct made parts[PARTS_MAX];
	size_t count;
	struct gather *gather;
};

static int set_up(void **state)
{
	struct fixture *f = mem_new(struct fixture);

	f->dir = test_dir_make();
	f->gather = gather_new(f->dir);
	*state = f;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;

	for (size_t i = 0; i < f->count; i++) {
		buf_done(&f->parts[i].archive);
		buf_done(&f->parts[i].contents);
		manifest_done(&f->parts[i].manifest);
	}
	gather_free(f->gather);
	test_dir_remove(f->dir);
	free(f);
	return 0;
}

/* ---- parts --------------------------------------------------------------- */

static enum archive_rank rank_of(const char *path)
{
	return *path == 'k'   ? RANK_KUBERNETES
	       : *path == 't' ? RANK_TERRAFORM
			      : RANK_GIT;
}

/* The content of each is its path. */
static void fill(struct archive_writer *w, const char *const *paths)
{
	struct err err = ERR_INIT;

	for (int r = 0; r < RANK_COUNT; r++) {
		struct archive_lane *lane =
		    archive_lane_open(w, (enum archive_rank)r, 0);
		for (size_t i = 0; paths[i]; i++) {
			const struct archive_attr attr = {
			    .name = "key", .value = paths[i]};
			const struct archive_entry e = {.path = paths[i],
			    .source = "of a part",
			    .mtime = 1600000000,
			    .attrs = &attr,
			    .attr_count = 1};
			if (rank_of(paths[i]) == (enum archive_rank)r)
				assert_ok(archive_lane_add(lane, &e, paths[i],
					      strlen(paths[i]), &err),
				    err);
		}
		assert_ok(archive_lane_commit(lane, &err), err);
		archive_lane_free(lane);
		archive_writer_rank_done(w, (enum archive_rank)r);
	}
}

static void copy_contents(struct archive_writer *w, struct buf *to)
{
	cleanup(source_freep) struct source *text = archive_writer_contents(w);
	cleanup(sink_freep) struct sink *sink = test_sink(to);
	struct err err = ERR_INIT;

	assert_true(stream_copy(text, sink, &err) > 0);
}

static void describe(struct made *m, size_t index, struct archive_totals totals)
{
	struct manifest *to = &m->manifest;

	to->name = str_dup("prod");
	to->label = str_dup("prod-20260101T000000Z");
	to->archive.file = str_printf(
	    "%s.part-%zu-of-%d-00000000.tar.zst", to->label, index, PARTS_MAX);
	to->archive.bytes = m->archive.len;
	to->archive.encryption = ARCHIVE_PLAIN;
	to->archive.entries = totals.entries;
	to->archive.content_bytes = totals.bytes;
	to->archive.has_index = true;
	digest_sha256_hex(m->archive.data, m->archive.len, to->archive.sha256);
}

/* Good until the next is made. */
static struct made *make(struct fixture *f, const char *const *paths)
{
	struct made *m = &f->parts[f->count];
	const struct archive_options o = {.compression = ARCHIVE_ZSTD,
	    .scratch = f->dir,
	    .mtime = 1700000000,
	    .form = CONTENTS_LIST};
	struct archive_totals totals;
	struct err err = ERR_INIT;

	manifest_init(&m->manifest);
	struct archive_writer *w =
	    archive_writer_new(&o, test_sink(&m->archive), &err);
	assert_non_null(w);
	fill(w, paths);
	assert_ok(archive_writer_finish(w, &totals, &err), err);
	copy_contents(w, &m->contents);
	describe(m, f->count++, totals);
	m->manifest.archive.index = archive_writer_index(w);
	archive_writer_free(w);
	return m;
}

static int take_in(struct fixture *f, const struct made *m, struct err *err)
{
	cleanup(source_freep) struct source *text =
	    test_source(m->contents.data, m->contents.len, 100, false);

	return gather_add(f->gather, text, &m->manifest, err);
}

static void add(struct fixture *f, const char *const *paths)
{
	struct err err = ERR_INIT;

	assert_ok(take_in(f, make(f, paths), &err), err);
}

/* ---- the snapshot -------------------------------------------------------- */

static void write_last(
    struct fixture *f, struct buf *archive, struct contents_where *where)
{
	const struct archive_options o = {
	    .compression = ARCHIVE_ZSTD, .mtime = 1700000000};
	struct err err = ERR_INIT;

	assert_ok(
	    gather_write(f->gather, &o, test_sink(archive), where, &err), err);
}

/* The manifest over all parts, whose own archive is the last. */
static void seal(struct fixture *f, const struct buf *archive,
    const struct contents_where *where, struct manifest *to)
{
	const struct archive_totals totals = gather_totals(f->gather);

	manifest_init(to);
	to->name = str_dup("prod");
	to->label = str_dup("prod-20260101T000000Z");
	to->archive.file = str_printf("%s.tar.zst", to->label);
	to->archive.bytes = archive->len;
	to->archive.encryption = ARCHIVE_PLAIN;
	to->archive.has_index = true;
	to->archive.index = *where;
	to->is_list = true;
	to->entries = totals.entries;
	to->content_bytes = totals.bytes;
	for (size_t i = 0; i < f->count; i++) {
		struct manifest_archive a = manifest_own(&f->parts[i].manifest);
		manifest_add_earlier(to, &a);
	}
}

static struct source *open_part(
    void *ctx, const struct manifest_archive *archive, struct err *err)
{
	const struct fixture *f = ctx;

	for (size_t i = 0; i < f->count; i++) {
		const struct made *m = &f->parts[i];
		if (str_eq(m->manifest.archive.file, archive->file))
			return source_from_memory(
			    m->archive.data, m->archive.len);
	}
	err_set(err, ERR_NOT_FOUND, "no '%s'", archive->file);
	return NULL;
}

struct seen {
	struct buf path, data;
	size_t count;
	struct buf text; /* of CONTENTS.json */
};

static int entry_starts(
    void *ctx, const struct reader_entry *e, struct err *err)
{
	struct seen *s = ctx;

	(void)err;
	buf_clear(&s->path);
	buf_clear(&s->data);
	buf_add_str(&s->path, e->path);
	assert_int_equal(e->mtime, 1600000000);
	assert_int_equal(e->attr_count, 1);
	assert_string_equal(e->attrs[0].value, e->path);
	return 0;
}

static int entry_data(void *ctx, const void *data, size_t len, struct err *err)
{
	struct seen *s = ctx;

	(void)err;
	buf_add(&s->data, data, len);
	return 0;
}

static int entry_ends(void *ctx, struct err *err)
{
	struct seen *s = ctx;

	(void)err;
	assert_string_equal(buf_str(&s->data), buf_str(&s->path));
	s->count++;
	return 0;
}

static int text_of(void *ctx, const char *text, size_t len, struct err *err)
{
	struct seen *s = ctx;

	(void)err;
	buf_add(&s->text, text, len);
	return 0;
}

/* All of it, from all archives; the text of CONTENTS.json into `text`. */
static void read_all(struct fixture *f, const struct buf *archive,
    const struct manifest *m, struct buf *text)
{
	struct seen seen = {.count = 0};
	const struct reader_earlier earlier = {
	    .manifest = m, .open = open_part, .ctx = f};
	const struct reader_options o = {.compression = ARCHIVE_ZSTD,
	    .encryption = ARCHIVE_PLAIN,
	    .scratch = f->dir,
	    .earlier = &earlier};
	const struct reader_visitor visitor = {.start = entry_starts,
	    .data = entry_data,
	    .end = entry_ends,
	    .contents = text_of,
	    .ctx = &seen};
	struct reader_totals totals;
	struct err err = ERR_INIT;

	assert_ok(joined_run(source_from_memory(archive->data, archive->len),
		      &o, &visitor, &totals, &err),
	    err);
	assert_int_equal(seen.count, m->entries);
	assert_int_equal(totals.entries, m->entries);
	assert_int_equal(totals.bytes, m->content_bytes);
	*text = seen.text;
	buf_done(&seen.path);
	buf_done(&seen.data);
}

static int name_place(
    void *ctx, const struct contents_entry *e, struct err *err)
{
	(void)err;
	assert_string_equal(e->source, "of a part");
	assert_true(e->has_attrs && e->located);
	buf_printf(ctx, "%u %s\n", (unsigned)e->archive, e->path);
	return 0;
}

/* Each entry in the order of the list, with the number of its archive. */
static void assert_places(const struct buf *text, const char *expected)
{
	cleanup(source_freep) struct source *from =
	    source_from_memory(text->data, text->len);
	cleanup(buf_done) struct buf places = BUF_INIT;
	struct err err = ERR_INIT;

	assert_ok(contents_each(from, name_place, &places, &err), err);
	assert_string_equal(buf_str(&places), expected);
}

static void parts_are_read_as_one_snapshot(void **state)
{
	static const char *const first[] = {
	    "git/a", "terraform/a", "kubernetes/b", NULL};
	static const char *const second[] = {
	    "kubernetes/a", "git/c", "git/b", NULL};
	static const char *const third[] = {"terraform/b", NULL};
	struct fixture *f = *state;
	cleanup(buf_done) struct buf archive = BUF_INIT, text = BUF_INIT;
	cleanup(manifest_done) struct manifest m;
	struct contents_where where;

	add(f, first);
	add(f, second);
	add(f, third);
	assert_int_equal(gather_totals(f->gather).entries, 7);
	assert_int_equal(gather_totals(f->gather).bytes, 61);
	write_last(f, &archive, &where);
	seal(f, &archive, &where, &m);
	read_all(f, &archive, &m, &text);
	/* By the kind of their source, and of one kind by part. */
	assert_places(&text, "0 kubernetes/b\n1 kubernetes/a\n"
			     "0 terraform/a\n2 terraform/b\n"
			     "0 git/a\n1 git/c\n1 git/b\n");
}

static void where_the_list_is_can_be_signed_for(void **state)
{
	static const char *const first[] = {"git/a", NULL};
	struct fixture *f = *state;
	cleanup(buf_done) struct buf archive = BUF_INIT, text = BUF_INIT;
	cleanup(manifest_done) struct manifest m;
	struct contents_where where;
	uint8_t sha256[DIGEST_SHA256_LEN];

	add(f, first);
	write_last(f, &archive, &where);
	seal(f, &archive, &where, &m);
	read_all(f, &archive, &m, &text);
	/* Nothing is before it, so that its frames are all of the archive. */
	assert_int_equal(where.offset, 0);
	assert_int_equal(where.bytes, archive.len);
	assert_int_equal(where.len, text.len);
	digest_of(DIGEST_SHA256, text.data, text.len, sha256);
	assert_memory_equal(where.sha256, sha256, sizeof(sha256));
}

/* As where fewer sources are dealt out than there are machines. */
static void a_part_may_have_nothing(void **state)
{
	static const char *const none[] = {NULL};
	static const char *const some[] = {"git/b", "git/a", NULL};
	struct fixture *f = *state;
	cleanup(buf_done) struct buf archive = BUF_INIT, text = BUF_INIT;
	cleanup(manifest_done) struct manifest m;
	struct contents_where where;

	add(f, none);
	add(f, some);
	add(f, none);
	write_last(f, &archive, &where);
	seal(f, &archive, &where, &m);
	read_all(f, &archive, &m, &text);
	assert_places(&text, "1 git/b\n1 git/a\n");
}

static void the_same_parts_give_the_same_bytes(void **state)
{
	static const char *const paths[] = {"git/a", "kubernetes/a", NULL};
	struct fixture *f = *state;
	cleanup(buf_done) struct buf once = BUF_INIT, again = BUF_INIT;
	struct contents_where where;
	struct err err = ERR_INIT;

	add(f, paths);
	write_last(f, &once, &where);
	gather_free(f->gather);
	f->gather = gather_new(f->dir);
	assert_ok(take_in(f, &f->parts[0], &err), err);
	write_last(f, &again, &where);
	assert_int_equal(once.len, again.len);
	assert_memory_equal(once.data, again.data, once.len);
}

/* More than is kept in memory, of one part and of all. */
static void long_lists_are_gathered_too(void **state)
{
	enum { MANY = 3000 };
	struct fixture *f = *state;
	cleanup(buf_done) struct buf archive = BUF_INIT, text = BUF_INIT;
	cleanup(manifest_done) struct manifest m;
	struct contents_where where;

	for (size_t part = 0; part < 2; part++) {
		cleanup(strvec_done) struct strvec paths = VEC_INIT;
		for (size_t i = 0; i < MANY; i++) {
			autofree char *path =
			    str_printf("git/%zu/%05zu", part, i);
			strvec_add(&paths, path);
		}
		const char *all[MANY + 1] = {NULL};
		memcpy(all, paths.items, MANY * sizeof(*all));
		add(f, all);
	}
	write_last(f, &archive, &where);
	seal(f, &archive, &where, &m);
	read_all(f, &archive, &m, &text);
	assert_true(text.len > (size_t)512 * 1024);
	assert_int_equal(m.entries, 2 * MANY);
}

/* ---- what is refused ----------------------------------------------------- */

static void an_entry_of_two_parts_is_refused(void **state)
{
	static const char *const first[] = {"git/a", "git/b", NULL};
	static const char *const second[] = {"git/c", "git/b", NULL};
	struct fixture *f = *state;
	struct err err;

	add(f, first);
	assert_fails(take_in(f, make(f, second), &err), err, ERR_INTEGRITY);
	assert_contains(err.message,
	    "'git/b' is in two parts: the same source was dealt out twice");
}

static void assert_not_signed_for(struct fixture *f, const struct made *m)
{
	struct err err;

	assert_fails(take_in(f, m, &err), err, ERR_INTEGRITY);
	assert_contains(err.message,
	    "not the one that was signed for: it was cut off or replaced");
	assert_int_equal(gather_totals(f->gather).entries, 0);
}

static void a_list_that_was_not_signed_for_is_refused(void **state)
{
	static const char *const paths[] = {"git/a", "git/b", NULL};
	struct fixture *f = *state;
	struct made *m = make(f, paths);
	char *digit = strstr(m->contents.data, "git/b");

	/* Another path, which the list could have. */
	digit[4] = 'c';
	assert_not_signed_for(f, m);
	digit[4] = 'b';
	m->contents.len--;
	assert_not_signed_for(f, m);
	m->contents.len++;
	buf_add_str(&m->contents, "\n");
	assert_not_signed_for(f, m);
	/* Its length alone. */
	m->contents.len--;
	m->manifest.archive.index.len++;
	assert_not_signed_for(f, m);
}

static void a_part_is_what_its_manifest_counts(void **state)
{
	static const char *const paths[] = {"git/a", "git/b", NULL};
	struct fixture *f = *state;
	struct made *m = make(f, paths);
	struct err err;

	m->manifest.archive.entries++;
	assert_fails(take_in(f, m, &err), err, ERR_INTEGRITY);
	assert_contains(err.message, "its list has 2 entries of 10 bytes, and "
				     "its manifest says 3 of 10");
	assert_int_equal(gather_totals(f->gather).entries, 0);
	gather_free(f->gather);
	f->gather = gather_new(f->dir);
	m->manifest.archive.entries--;
	m->manifest.archive.content_bytes--;
	assert_fails(take_in(f, m, &err), err, ERR_INTEGRITY);
	assert_contains(err.message, "its list has 2 entries of 10 bytes, and "
				     "its manifest says 2 of 9");
}

/* The frames of a part end where its manifest says that its list begins. */
static void a_place_outside_of_the_part_is_refused(void **state)
{
	static const char *const paths[] = {"git/a", NULL};
	struct fixture *f = *state;
	struct made *m = make(f, paths);
	struct err err;

	m->manifest.archive.index.offset--;
	assert_fails(take_in(f, m, &err), err, ERR_INTEGRITY);
}

static void a_list_that_breaks_off_while_it_is_read_is_an_error(void **state)
{
	static const char *const paths[] = {"git/a", NULL};
	struct fixture *f = *state;
	struct made *m = make(f, paths);
	cleanup(source_freep) struct source *text =
	    test_source(m->contents.data, m->contents.len, 10, true);
	struct err err;

	assert_fails(
	    gather_add(f->gather, text, &m->manifest, &err), err, ERR_NETWORK);
}

static void a_disk_that_is_full_is_an_error(void **state)
{
	static const char *const paths[] = {"git/a", NULL};
	const struct archive_options o = {.compression = ARCHIVE_GZIP};
	struct fixture *f = *state;
	cleanup(buf_done) struct buf archive = BUF_INIT;
	struct contents_where where;
	struct err err;

	add(f, paths);
	assert_fails(gather_write(f->gather, &o, test_sink_full(&archive, 20),
			 &where, &err),
	    err, ERR_SYSTEM);
	assert_contains(err.message, "writing CONTENTS.json");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	static const struct CMUnitTest tests[] = {
	    TEST(parts_are_read_as_one_snapshot),
	    TEST(where_the_list_is_can_be_signed_for),
	    TEST(a_part_may_have_nothing),
	    TEST(the_same_parts_give_the_same_bytes),
	    TEST(long_lists_are_gathered_too),
	    TEST(an_entry_of_two_parts_is_refused),
	    TEST(a_list_that_was_not_signed_for_is_refused),
	    TEST(a_part_is_what_its_manifest_counts),
	    TEST(a_place_outside_of_the_part_is_refused),
	    TEST(a_list_that_breaks_off_while_it_is_read_is_an_error),
	    TEST(a_disk_that_is_full_is_an_error),
	};

	return cmocka_run_group_tests_name("gather", tests, NULL, NULL);
}
