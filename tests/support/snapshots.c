#include "tests/support/snapshots.h"

#include "storage/base/cleanup.h"
#include "tests/support/keys.h"

void test_snapshots_init(struct test_snapshots *s, int kind)
{
	*s = (struct test_snapshots){.t = test_vault_open(kind)};
	test_clock_init(&s->clock, clock_now_ms(clock_system()));
	test_random_init(&s->random, 5);
	s->key = test_key_make(&s->random);
	*vec_add(&s->trust.keys) = *minisign_key_public(s->key);
	*vec_add(&s->trust.pruners) = *minisign_key_public(s->key);
	*vec_add(&s->trust.verifiers) = *minisign_key_public(s->key);
}

void test_snapshots_done(struct test_snapshots *s)
{
	test_vault_free(s->t);
	minisign_key_free(s->key);
	snapshot_trust_done(&s->trust);
}

void test_snapshots_add(struct test_snapshots *s, test_snapshot_change *change)
{
	struct vault *v = &s->t->vault;
	const struct snapshot_options o = {.name = "prod",
	    .encryption = ARCHIVE_AGE,
	    .clock = &s->clock.clock,
	    .trust = &s->trust};
	struct err err = ERR_INIT;
	struct manifest m;
	int64_t passed_s = s->t->passed_s;

	/* The store's clock said then what ours said. */
	s->t->passed_s =
	    (s->clock.now_ms - clock_now_ms(clock_system())) / 1000;
	struct snapshot_writer *w = snapshot_begin(&v, 1, &o, &err);
	s->t->passed_s = passed_s;
	assert_non_null(w);
	struct sink *sink = snapshot_writer_sink(w, &err);
	assert_ok(sink_write(sink, "x", 1, &err), err);
	assert_ok(sink_finish(sink, &err), err);
	sink_free(sink);
	manifest_init(&m);
	if (change)
		change(w, &m);
	assert_ok(snapshot_commit(w, &m, s->key, &err), err);
	manifest_done(&m);
	snapshot_writer_free(w);
}

void test_snapshot_begin_list(struct snapshot_writer *w, struct manifest *m)
{
	(void)w;
	m->is_list = m->archive.has_index = true;
	m->archive.index = (struct contents_where){.bytes = 1, .len = 1};
}

void test_snapshot_go_on(struct snapshot_writer *w, struct manifest *m)
{
	struct err err = ERR_INIT;
	struct manifest before;

	assert_int_equal(snapshot_writer_link(w, &before, &err), 1);
	for (size_t i = 0; i < manifest_archive_count(&before); i++) {
		struct manifest_archive a = manifest_archive_at(&before, i);
		manifest_add_earlier(m, &a);
	}
	manifest_done(&before);
	test_snapshot_begin_list(w, m);
}
