#include "tests/support/sharded.h"

#include "storage/base/cleanup.h"
#include "storage/base/file.h"
#include "storage/base/mem.h"
#include "storage/crypto/age.h"
#include "storage/vault/vault_dir.h"
#include "tests/support/packs.h"

#include <stdlib.h>

static char *repository(const struct test_sharded *f, int i)
{
	return str_printf("%s/from/r%d.git", f->dir, i);
}

static void make_repositories(struct test_sharded *f)
{
	struct err err = ERR_INIT;

	for (int i = 0; i < SHARDED_REPOSITORIES; i++) {
		autofree char *dir = repository(f, i);
		assert_ok(file_mkdirs(dir, &err), err);
		test_mirror(dir);
		struct git_id id = test_commit(dir, "one", NULL, 0);
		test_ref(dir, "refs/heads/main", &id);
	}
}

void test_sharded_lose_repository(struct test_sharded *f, int i)
{
	test_dir_remove(repository(f, i));
}

void test_sharded_configure(
    struct test_sharded *f, const char *state_dir, const char *more)
{
	cleanup(buf_done) struct buf text = BUF_INIT;
	struct err err = ERR_INIT;

	buf_printf(&text,
	    "name: prod\nsigning: {secret_key_file: %s/key}\n"
	    "vaults: [{name: a, directory: %s/vault}]\nstate_dir: %s/%s\n%s%s"
	    "git:\n  repositories:\n",
	    f->dir, f->dir, f->dir, state_dir,
	    strstr(more, "encryption:") ? "" : "encryption: none\n", more);
	for (int i = 0; i < SHARDED_REPOSITORIES; i++) {
		autofree char *url = repository(f, i);
		buf_printf(&text, "  - {name: r%d, url: %s}\n", i, url);
	}
	settings_free(f->settings);
	autofree char *file = file_join(f->dir, "c.yaml");
	f->settings = settings_parse(buf_str(&text), text.len, file, &err);
	if (!f->settings)
		fail_msg("%s", err.message);
	f->agent.settings = f->settings;
}

static void make_key(struct test_sharded *f)
{
	cleanup(buf_done) struct buf public = BUF_INIT;
	cleanup(secret_freep) struct secret *text =
	    minisign_keygen(&f->random.random, &public);
	autofree char *path = file_join(f->dir, "key");
	struct err err = ERR_INIT;

	assert_ok(file_write_durably(
		      path, secret_reveal(text), secret_len(text), &err),
	    err);
}

static void make_vault(struct test_sharded *f)
{
	autofree char *dir = file_join(f->dir, "vault");
	cleanup(minisign_key_freep) struct minisign_key *key = NULL;
	struct vault_marker m;
	struct err err = ERR_INIT;

	f->vault = vault_dir_open(dir, true, &err);
	assert_non_null(f->vault);
	assert_ok(connect_signing_key(f->settings, &key, &err), err);
	assert_ok(connect_trust(f->settings, &f->trust, &err), err);
	const struct vault_marker_new o = {.key = key,
	    .random = &f->random.random,
	    .now = 1700000000,
	    .by = "h"};
	assert_ok(vault_marker_write(f->vault, &o, &m, &err), err);
}

void test_sharded_recipient(struct test_sharded *f)
{
	autofree char *recipient = NULL,
		      *path = file_join(f->dir, "recipients");
	uint8_t raw[32];
	struct err err = ERR_INIT;

	random_fill(&f->random.random, raw, sizeof(raw));
	cleanup(secret_freep) struct secret *secret =
	    secret_new(raw, sizeof(raw));
	secret_free(age_key_of(secret, &recipient));
	assert_ok(
	    file_write_durably(path, recipient, strlen(recipient), &err), err);
}

int test_sharded_setup(void **state)
{
	struct test_sharded *f = mem_new(struct test_sharded);

	f->dir = test_dir_make();
	test_clock_init(&f->clock, clock_now_ms(clock_system()));
	test_random_init(&f->random, 5);
	f->options.run = "r";
	f->agent = (struct agent){.command = "backup",
	    .options = &f->options,
	    .env = {.clock = &f->clock.clock,
		.random = &f->random.random,
		.cancel = &f->cancel}};
	make_repositories(f);
	make_key(f);
	test_sharded_configure(f, "state", "");
	make_vault(f);
	*state = f;
	return 0;
}

int test_sharded_teardown(void **state)
{
	struct test_sharded *f = *state;

	vault_free(f->vault);
	snapshot_trust_done(&f->trust);
	settings_free(f->settings);
	buf_done(&f->out);
	test_dir_remove(f->dir);
	free(f);
	return 0;
}

int test_sharded_capture(
    struct test_sharded *f, const char *shard, struct err *err)
{
	f->options.shard = shard;
	buf_clear(&f->out);
	return backup_shard(&f->agent, &f->out, err);
}

int test_sharded_seal(struct test_sharded *f, bool waits, struct err *err)
{
	f->options.shard = NULL;
	return backup_seal(&f->agent, waits, &f->left, err);
}

int test_sharded_run(struct test_sharded *f, struct shard_run *run)
{
	struct err err = ERR_INIT;
	int found = shard_run_find(
	    f->vault, "prod", f->options.run, &f->trust, run, &err);

	if (found < 0)
		fail_msg("%s", err.message);
	return found;
}

int test_sharded_part(
    struct test_sharded *f, uint32_t index, struct manifest *part)
{
	struct shard_run run;
	struct err err = ERR_INIT;

	assert_int_equal(test_sharded_run(f, &run), 1);
	int found =
	    shard_part_find(f->vault, &run, index, &f->trust, part, &err);
	shard_run_done(&run);
	if (found < 0)
		fail_msg("%s", err.message);
	return found;
}

bool test_sharded_snapshot(struct test_sharded *f, struct manifest *m)
{
	struct shard_run run;
	struct err err = ERR_INIT;

	if (!test_sharded_run(f, &run))
		return false;
	int sealed = shard_run_sealed(f->vault, &run, &f->trust, m, &err);
	shard_run_done(&run);
	if (sealed < 0)
		fail_msg("%s", err.message);
	return sealed;
}

size_t test_sharded_objects(struct test_sharded *f, const char *part)
{
	cleanup(vault_items_done) struct vault_items items = VEC_INIT;
	struct err err = ERR_INIT;
	size_t count = 0;

	assert_ok(vault_list(f->vault, "", &items, &err), err);
	VEC_EACH (&items, item)
		count += strstr(item->name, part) != NULL;
	return count;
}
