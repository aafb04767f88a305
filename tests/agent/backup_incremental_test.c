/* When a snapshot goes on from the one before, and what is kept for that. */
#include "agent/backup.h"

#include "storage/archive/known.h"
#include "storage/archive/lane.h"
#include "storage/base/cleanup.h"
#include "storage/base/file.h"
#include "storage/base/log.h"
#include "tests/support/configs.h"
#include "tests/support/keys.h"
#include "tests/support/snapshots.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

struct fixture {
	struct test_snapshots s;
	struct settings *settings;
	char *dir; /* state_dir */
	struct agent agent;
	struct backup_run run;
	struct minisign_key *key; /* of the agent, or NULL */
};

static int set_up(void **state)
{
	struct fixture *f = mem_new(struct fixture);
	struct err err = ERR_INIT;

	test_snapshots_init(&f->s, 0);
	f->dir = test_dir_make();
	autofree char *text = str_printf(
	    "%sstate_dir: %s\nincremental: {}\n", CONFIG_HEAD, f->dir);
	f->settings = settings_parse(text, strlen(text), "c.yaml", &err);
	if (!f->settings)
		fail_msg("%s", err.message);
	f->agent.env.random = &f->s.random.random;
	*state = f;
	return 0;
}

static void end(struct fixture *f)
{
	backup_incremental_done(&f->run);
	archive_writer_free(f->run.archive);
	snapshot_writer_free(f->run.snapshot);
	strvec_done(&f->run.recipients);
	f->run = (struct backup_run){.settings = NULL};
}

static int tear_down(void **state)
{
	struct fixture *f = *state;

	end(f);
	minisign_key_free(f->key);
	settings_free(f->settings);
	test_dir_remove(f->dir);
	test_snapshots_done(&f->s);
	free(f);
	return 0;
}

/* A run up to where it decides whether it goes on. */
static void begin(struct fixture *f)
{
	struct vault *v = &f->s.t->vault;
	const struct snapshot_options o = {.name = "prod",
	    .compression = ARCHIVE_ZSTD,
	    .encryption = ARCHIVE_PLAIN,
	    .clock = &f->s.clock.clock,
	    .trust = &f->s.trust};
	struct err err = ERR_INIT;

	end(f);
	f->run = (struct backup_run){
	    .a = &f->agent, .settings = f->settings, .key = f->key};
	f->run.snapshot = snapshot_begin(&v, 1, &o, &err);
	if (!f->run.snapshot)
		fail_msg("%s", err.message);
}

/* The last line of the log. */
static void assert_told(const char *part)
{
	cleanup(buf_done) struct buf all = BUF_INIT;

	log_tail(&all, 2000);
	char *text = all.data;
	if (all.len && text[all.len - 1] == '\n')
		text[all.len - 1] = '\0';
	const char *line = strrchr(buf_str(&all), '\n');
	assert_contains(line ? line : buf_str(&all), part);
}

static void begin_full(struct fixture *f, const char *why)
{
	begin(f);
	backup_incremental_begin(&f->run);
	assert_null(f->run.known);
	assert_told("the snapshot is full: ");
	assert_told(why);
}

static void begin_known(struct fixture *f)
{
	begin(f);
	backup_incremental_begin(&f->run);
	assert_told("what is unchanged since 'prod-");
	assert_told("' is named, not written again");
	assert_non_null(f->run.known);
}

static void add(
    struct archive_lane *lane, const char *path, const char *content)
{
	const struct archive_entry e = {.path = path, .source = "test"};
	struct err err = ERR_INIT;

	assert_ok(
	    archive_lane_add(lane, &e, content, strlen(content), &err), err);
}

/* Its archive has "a", always the same, and "b"; m is its manifest. */
static void finish(struct fixture *f, const char *b, struct manifest *m)
{
	struct backup_run *r = &f->run;
	const struct archive_options o = {.compression = ARCHIVE_ZSTD,
	    .scratch = f->dir,
	    .form = CONTENTS_LIST,
	    .known = r->known};
	struct err err = ERR_INIT;

	r->archive = archive_writer_new(
	    &o, snapshot_writer_sink(r->snapshot, &err), &err);
	if (!r->archive)
		fail_msg("%s", err.message);
	struct archive_lane *lane =
	    archive_lane_open(r->archive, RANK_KUBERNETES, 0);
	for (int rank = 0; rank < RANK_COUNT; rank++)
		archive_writer_rank_done(r->archive, (enum archive_rank)rank);
	add(lane, "a", "always");
	add(lane, "b", b);
	assert_ok(archive_lane_commit(lane, &err), err);
	archive_lane_free(lane);
	assert_ok(archive_writer_finish(r->archive, &r->totals, &err), err);
	manifest_init(m);
	m->archive.has_index = true;
	m->archive.index = archive_writer_index(r->archive);
	backup_incremental_fill(r, m);
	assert_ok(snapshot_commit(r->snapshot, m, f->s.key, &err), err);
	backup_incremental_remember(r);
	f->s.clock.now_ms += 1000;
}

/* A first snapshot, which is remembered. */
static void make_first(struct fixture *f)
{
	struct manifest m;

	begin_full(f, "");
	finish(f, "1", &m);
	manifest_done(&m);
}

static char *record(const struct fixture *f, bool sealed)
{
	return str_printf("%s/incremental/prod.contents.json%s", f->dir,
	    sealed ? ".age" : "");
}

static void use_key(struct fixture *f)
{
	struct test_random random;

	test_random_init(&random, 77);
	minisign_key_free(f->key);
	f->key = test_key_make(&random);
}

/* ---- going on ------------------------------------------------------------ */

static void where_it_is_not_configured_nothing_is_looked_for(void **state)
{
	struct fixture *f = *state;
	autofree char *path = record(f, false);

	f->settings->has_incremental = false;
	begin(f);
	backup_incremental_begin(&f->run);
	assert_false(f->run.has_before);
	assert_null(f->run.known);
	backup_incremental_remember(&f->run);
	assert_false(file_exists(path));
}

static void the_first_is_full(void **state)
{
	struct fixture *f = *state;
	struct manifest m;

	begin_full(f, "");
	assert_false(f->run.has_before);
	finish(f, "1", &m);
	assert_true(m.is_list);
	assert_int_equal(m.earlier.len, 0);
	assert_int_equal(m.entries, m.archive.entries);
	assert_int_equal(m.content_bytes, m.archive.content_bytes);
	manifest_done(&m);
}

static void the_next_names_what_is_unchanged(void **state)
{
	struct fixture *f = *state;
	struct manifest m;

	make_first(f);
	begin_known(f);
	finish(f, "22", &m);
	/* "a" is in the first, "b" and the index in its own. */
	assert_int_equal(m.earlier.len, 1);
	assert_int_equal(manifest_archive_count(&m), 2);
	assert_string_equal(m.earlier.items[0].label, f->run.before.label);
	assert_int_equal(m.entries - m.archive.entries, 1);
	assert_int_equal(
	    m.content_bytes - m.archive.content_bytes, strlen("always"));
	manifest_done(&m);
}

/* An archive of which nothing is needed any more is not on the list. */
static void what_is_not_needed_is_not_listed(void **state)
{
	struct fixture *f = *state;
	struct manifest m;

	make_first(f);
	begin_known(f);
	finish(f, "22", &m);
	manifest_done(&m);
	begin_known(f);
	assert_int_equal(known_archives(f->run.known), 2);
	finish(f, "333", &m);
	assert_int_equal(m.earlier.len, 1);
	assert_string_equal(
	    m.earlier.items[0].label, manifest_archive_at(&m, 0).label);
	manifest_done(&m);
}

/* ---- why not ------------------------------------------------------------- */

static void a_passphrase_makes_each_full(void **state)
{
	struct fixture *f = *state;
	cleanup(secret_freep) struct secret *phrase = secret_new("p", 1);

	make_first(f);
	begin(f);
	f->run.passphrase = phrase;
	backup_incremental_begin(&f->run);
	assert_null(f->run.known);
	assert_false(f->run.has_before);
	assert_told("the snapshot is full: it is encrypted with a passphrase");
}

static void other_recipients_make_it_full(void **state)
{
	struct fixture *f = *state;

	make_first(f);
	f->settings->encryption_none = false;
	begin(f);
	strvec_add(&f->run.recipients, "age1one");
	backup_incremental_begin(&f->run);
	assert_null(f->run.known);
	assert_told("the snapshot is full: the recipients are not those of "
		    "'prod-");
}

static void a_long_chain_makes_it_full(void **state)
{
	struct fixture *f = *state;
	struct manifest m;

	make_first(f);
	begin_known(f);
	finish(f, "22", &m);
	manifest_done(&m);
	f->settings->incremental.chain_max = 3;
	begin_known(f);
	f->settings->incremental.chain_max = 2;
	begin_full(f, "' has 2 archives, and chain_max is 2");
}

static void an_old_archive_makes_it_full(void **state)
{
	struct fixture *f = *state;

	make_first(f);
	f->settings->incremental.full_every = 10 * 1000;
	begin_known(f);
	f->settings->incremental.full_every = 1000;
	begin_full(f, "the oldest archive that it would need, of 'prod-");
	assert_told("is older than full_every");
}

static void without_a_record_it_is_full(void **state)
{
	struct fixture *f = *state;
	autofree char *path = record(f, false);

	make_first(f);
	assert_int_equal(remove(path), 0);
	begin_full(f, "there is no record of 'prod-");
	assert_told(path);
}

/* What a record says is believed by the digest in the signed manifest alone. */
static void a_record_that_was_changed_is_not_believed(void **state)
{
	struct fixture *f = *state;
	autofree char *path = record(f, false);
	cleanup(buf_done) struct buf text = BUF_INIT;
	struct err err = ERR_INIT;

	make_first(f);
	assert_ok(file_read(path, 1 << 20, &text, &err), err);
	text.data[text.len / 2] ^= 1;
	assert_ok(file_write_durably(path, text.data, text.len, &err), err);
	begin_full(f, path);
	text.data[text.len / 2] ^= 1;
	assert_ok(file_write_durably(path, text.data, text.len, &err), err);
	begin_known(f);
}

/* ---- the record ---------------------------------------------------------- */

static void the_record_is_for_its_owner_alone(void **state)
{
	struct fixture *f = *state;
	autofree char *path = record(f, false);
	struct stat is;

	make_first(f);
	assert_int_equal(stat(path, &is), 0);
	assert_int_equal(is.st_mode & 0777, 0600);
}

/* Plain digests are no secret's friend: with a key, it is sealed. */
static void with_a_key_the_record_is_sealed(void **state)
{
	struct fixture *f = *state;
	autofree char *plain = record(f, false);
	autofree char *sealed = record(f, true);
	cleanup(buf_done) struct buf text = BUF_INIT;
	struct manifest m;
	struct err err = ERR_INIT;

	make_first(f);
	assert_true(file_exists(plain));
	/* One of before there was a key still does. */
	use_key(f);
	begin_known(f);
	finish(f, "22", &m);
	manifest_done(&m);
	assert_false(file_exists(plain));
	assert_ok(file_read(sealed, 1 << 20, &text, &err), err);
	assert_true(str_starts(buf_str(&text), "age-encryption.org/v1\n"));
	begin_known(f);
	/* Another agent's key does not open it. */
	minisign_key_free(f->key);
	f->key = test_key_make(&f->s.random);
	begin_full(f, "prod.contents.json.age");
	/* And without a key nothing is known of it. */
	minisign_key_free(f->key);
	f->key = NULL;
	begin_full(f, "there is no record of 'prod-");
}

static void what_cannot_be_remembered_is_only_a_warning(void **state)
{
	struct fixture *f = *state;
	autofree char *path = str_printf("%s/incremental", f->dir);
	struct err err = ERR_INIT;
	struct manifest m;

	assert_ok(file_write_durably(path, "x", 1, &err), err);
	begin_full(f, "");
	finish(f, "1", &m);
	manifest_done(&m);
	assert_told("the next snapshot will be full, since what this one has "
		    "could not be remembered: ");
}

/* ---- recipients ---------------------------------------------------------- */

static void recipients_of(
    struct fixture *f, const char *const *all, char out[DIGEST_SHA256_HEX])
{
	end(f);
	f->run.settings = f->settings;
	for (; *all; all++)
		strvec_add(&f->run.recipients, *all);
	backup_incremental_recipients(&f->run, out);
}

static void recipients_are_a_set(void **state)
{
	struct fixture *f = *state;
	char one[DIGEST_SHA256_HEX], other[DIGEST_SHA256_HEX];

	f->settings->encryption_none = false;
	recipients_of(f, (const char *const[]){"age1b", "age1a", NULL}, one);
	/* Of "age1a\nage1b\n". */
	assert_string_equal(one,
	    "a1f22ff735c8780191fc499234b33df9558a8cde629821cbbf4b6eb7ce9295bd");
	recipients_of(f, (const char *const[]){"age1a", "age1b", NULL}, other);
	assert_string_equal(one, other);
	recipients_of(f, (const char *const[]){"age1a", NULL}, other);
	assert_string_not_equal(one, other);
	recipients_of(f, (const char *const[]){"age1aage1b", NULL}, other);
	assert_string_not_equal(one, other);
	f->settings->encryption_none = true;
	recipients_of(f, (const char *const[]){"age1a", NULL}, other);
	assert_string_equal(other, "");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(where_it_is_not_configured_nothing_is_looked_for),
	    TEST(the_first_is_full),
	    TEST(the_next_names_what_is_unchanged),
	    TEST(what_is_not_needed_is_not_listed),
	    TEST(a_passphrase_makes_each_full),
	    TEST(other_recipients_make_it_full),
	    TEST(a_long_chain_makes_it_full),
	    TEST(an_old_archive_makes_it_full),
	    TEST(without_a_record_it_is_full),
	    TEST(a_record_that_was_changed_is_not_believed),
	    TEST(the_record_is_for_its_owner_alone),
	    TEST(with_a_key_the_record_is_sealed),
	    TEST(what_cannot_be_remembered_is_only_a_warning),
	    TEST(recipients_are_a_set),
	};

	return cmocka_run_group_tests_name(
	    "backup_incremental", tests, NULL, NULL);
}
