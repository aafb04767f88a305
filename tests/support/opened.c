#include "tests/support/opened.h"

#include "config/settings.h"
#include "storage/base/cleanup.h"
#include "storage/base/file.h"
#include "storage/vault/snapshot.h"
#include "storage/vault/vault_dir.h"

#include <stdlib.h>
#include <string.h>

void test_opened_init(struct test_opened *t)
{
	*t = (struct test_opened){.dir = test_dir_make()};
	test_clock_init(&t->clock, clock_now_ms(clock_system()));
	test_random_init(&t->random, 5);
	test_tree_init(&t->tree);
}

void test_opened_done(struct test_opened *t)
{
	settings_free(t->settings);
	test_tree_done(&t->tree);
	test_dir_remove(t->dir);
	free(t->label);
}

static void configure(struct test_opened *t, const char *config)
{
	autofree char *text = str_printf(
	    "name: prod\nvaults: [{name: a, directory: %s/vault}]\n"
	    "state_dir: %s/state\nencryption: none\nsigning: none\n%s",
	    t->dir, t->dir, config);
	struct err err = ERR_INIT;

	t->settings = settings_parse(text, strlen(text), "c.yaml", &err);
	if (!t->settings)
		fail_msg("%s: %s", err.message, text);
	t->command = (struct command){.name = "drift",
	    .options = &t->options,
	    .settings = t->settings,
	    .which = "latest",
	    .env = {.clock = &t->clock.clock,
		.random = &t->random.random,
		.cancel = &t->cancel}};
}

static void write_archive(
    struct test_opened *t, struct snapshot_writer *w, struct manifest *m)
{
	struct archive_totals totals;
	struct err err = ERR_INIT;

	test_tree_pack(&t->tree, snapshot_writer_sink(w, &err), &totals,
	    &m->archive.index);
	m->archive.has_index = true;
	m->archive.entries = totals.entries;
	m->archive.content_bytes = totals.bytes;
}

void test_opened_commit(struct test_opened *t, const char *config)
{
	const struct snapshot_trust trust = {.unsigned_allowed = true};
	const struct snapshot_options o = {.name = "prod",
	    .encryption = ARCHIVE_PLAIN,
	    .clock = &t->clock.clock,
	    .trust = &trust};
	autofree char *path = file_join(t->dir, "vault");
	autofree char *state = file_join(t->dir, "state");
	struct err err = ERR_INIT;
	struct manifest m;

	configure(t, config);
	assert_ok(file_mkdirs(state, &err), err);
	struct vault *v = vault_dir_open(path, true, &err);
	assert_non_null(v);
	struct snapshot_writer *w = snapshot_begin(&v, 1, &o, &err);
	assert_non_null(w);
	manifest_init(&m);
	write_archive(t, w, &m);
	assert_ok(snapshot_commit(w, &m, NULL, &err), err);
	t->label = str_dup(m.label);
	manifest_done(&m);
	snapshot_writer_free(w);
	vault_free(v);
}
