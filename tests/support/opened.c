#include "tests/support/opened.h"

#include "config/settings.h"
#include "storage/base/cleanup.h"
#include "storage/base/file.h"
#include "storage/base/json.h"
#include "storage/vault/snapshot.h"
#include "storage/vault/vault_dir.h"
#include "storage/vault/vault_marker.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

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
	minisign_key_free(t->key);
	free(t->label);
}

void test_opened_sign(struct test_opened *t)
{
	cleanup(buf_done) struct buf public = BUF_INIT;
	cleanup(secret_freep) struct secret *text =
	    minisign_keygen(&t->random.random, &public);
	autofree char *path = file_join(t->dir, "signing.key");
	struct err err = ERR_INIT;

	t->key = minisign_key_parse(text, NULL, "key", &err);
	assert_non_null(t->key);
	assert_ok(file_write_durably(
		      path, secret_reveal(text), secret_len(text), &err),
	    err);
}

static void configure(struct test_opened *t, const char *config)
{
	autofree char *keys =
	    str_printf("{secret_key_file: %s/signing.key, record_key_file: "
		       "%s/signing.key}",
		t->dir, t->dir);
	autofree char *text =
	    str_printf("name: prod\nvaults: [{name: a, directory: %s/vault}, "
		       "{name: b, directory: %s/other}]\n"
		       "state_dir: %s/state\nencryption: none\nsigning: %s\n%s",
		t->dir, t->dir, t->dir, t->key ? keys : "none", config);
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
	m->archive.has_index = !t->unindexed;
	m->archive.entries = totals.entries;
	m->archive.content_bytes = totals.bytes;
}

void test_opened_add(struct test_opened *t, const struct minisign_key *key)
{
	cleanup(snapshot_trust_done) struct snapshot_trust trust = {
	    .unsigned_allowed = !t->key};
	const struct snapshot_options o = {.name = "prod",
	    .encryption = ARCHIVE_PLAIN,
	    .clock = &t->clock.clock,
	    .trust = &trust};
	autofree char *path = file_join(t->dir, "vault");
	struct err err = ERR_INIT;
	struct manifest m;

	if (t->key)
		*vec_add(&trust.keys) = *minisign_key_public(t->key);
	struct vault *v = vault_dir_open(path, true, &err);
	assert_non_null(v);
	struct snapshot_writer *w = snapshot_begin(&v, 1, &o, &err);
	assert_non_null(w);
	manifest_init(&m);
	if (t->sources) {
		json_free(m.sources);
		m.sources = test_json(t->sources);
	}
	write_archive(t, w, &m);
	assert_ok(snapshot_commit(w, &m, key, &err), err);
	free(t->label);
	t->label = str_dup(m.label);
	manifest_done(&m);
	snapshot_writer_free(w);
	vault_free(v);
}

void test_opened_commit(struct test_opened *t, const char *config)
{
	autofree char *state = file_join(t->dir, "state");
	struct err err = ERR_INIT;

	configure(t, config);
	assert_ok(file_mkdirs(state, &err), err);
	test_opened_add(t, t->key);
}

char *test_opened_file(const struct test_opened *t, const char *end)
{
	return str_printf("%s/vault/%s%s", t->dir, t->label, end);
}

struct vault *test_opened_other(const struct test_opened *t)
{
	autofree char *path = file_join(t->dir, "other");
	const struct vault_marker_new o = {.key = t->key,
	    .random = &t->random.random,
	    .now = t->clock.now_ms / 1000,
	    .by = "test"};
	struct vault_marker marker;
	struct err err = ERR_INIT;
	struct vault *v = vault_dir_open(path, true, &err);

	assert_non_null(v);
	assert_ok(vault_marker_write(v, &o, &marker, &err), err);
	return v;
}

size_t test_opened_count(const struct test_opened *t, const char *end)
{
	autofree char *path = file_join(t->dir, "vault");
	DIR *dir = opendir(path);
	const struct dirent *entry;
	size_t count = 0;

	assert_non_null(dir);
	while ((entry = readdir(dir)))
		count += str_ends(entry->d_name, end);
	closedir(dir);
	return count;
}

void test_opened_damage(const struct test_opened *t, const char *end)
{
	autofree char *path = test_opened_file(t, end);
	cleanup(buf_done) struct buf bytes = BUF_INIT;
	struct err err = ERR_INIT;

	assert_ok(file_read(path, 1024 * 1024, &bytes, &err), err);
	bytes.data[bytes.len / 2] ^= 1;
	assert_int_equal(unlink(path), 0);
	assert_ok(file_write_durably(path, bytes.data, bytes.len, &err), err);
}

int test_opened_run(const struct test_opened *t,
    int (*command)(const struct command *c, struct err *err), struct buf *out,
    struct err *err)
{
	autofree char *path = file_join(t->dir, "stdout");
	int fd = open(path, O_CREAT | O_RDWR | O_TRUNC | O_CLOEXEC, 0600);
	struct err unread = ERR_INIT;

	fflush(stdout);
	int saved = dup(STDOUT_FILENO);
	dup2(fd, STDOUT_FILENO);
	int status = command(&t->command, err);
	fflush(stdout);
	dup2(saved, STDOUT_FILENO);
	close(saved);
	close(fd);
	assert_ok(file_read(path, 1024 * 1024, out, &unread), unread);
	return status;
}

void test_opened_succeed(const struct test_opened *t,
    int (*command)(const struct command *c, struct err *err), struct buf *out,
    struct err *err)
{
	*err = (struct err)ERR_INIT;
	buf_wipe(out);
	if (test_opened_run(t, command, out, err))
		fail_msg("%s", err->message);
}

void test_opened_fail(const struct test_opened *t,
    int (*command)(const struct command *c, struct err *err), struct buf *out,
    struct err *err, enum err_code code)
{
	*err = (struct err)ERR_INIT;
	buf_wipe(out);
	assert_int_equal(test_opened_run(t, command, out, err), -1);
	if (err->code != code)
		fail_msg("code %d: %s", err->code, err->message);
}
