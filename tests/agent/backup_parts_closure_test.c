/* What parts point to, on its way through the vault: nobody but the shards
 * reads it, and what is judged is what was signed for. */
#include "agent/backup_shard.h"

#include "agent/closure/closure.h"
#include "storage/base/cleanup.h"
#include "storage/base/json.h"
#include "storage/base/mem.h"
#include "tests/support/keys.h"
#include "tests/support/vaults.h"

#include <stdlib.h>

enum { PARTS = 2 };

struct fixture {
	struct test_vault *t;
	char *dir;
	struct test_random random;
	struct minisign_key *key;
	struct settings *settings;
	struct agent agent;
	struct vault *open;
	struct backup_run run;
	struct backup_shard shard;
	struct manifest parts[PARTS];
};

static void configure(struct fixture *f, const char *closure)
{
	autofree char *text =
	    str_printf("name: prod\nvaults: [{name: a, directory: /v}]\n"
		       "encryption: {passphrase_file: p}\n"
		       "signing: {secret_key_file: k}\nclosure: %s\n",
		closure);
	struct err err = ERR_INIT;

	settings_free(f->settings);
	f->settings = settings_parse(text, strlen(text), "c.yaml", &err);
	if (!f->settings)
		fail_msg("%s", err.message);
	f->run.settings = f->settings;
}

static int set_up(void **state)
{
	struct fixture *f = mem_new(struct fixture);

	f->t = test_vault_open(0);
	f->dir = test_dir_make();
	test_random_init(&f->random, 5);
	f->key = test_key_make(&f->random);
	f->agent.env.random = &f->random.random;
	f->open = &f->t->vault;
	f->run = (struct backup_run){.a = &f->agent,
	    .key = f->key,
	    .scratch = SCRATCH_INIT,
	    .open = &f->open,
	    .open_count = 1};
	f->run.scratch.path = f->dir;
	configure(f, "warn");
	f->shard = (struct backup_shard){.count = PARTS};
	backup_parts_keys(&f->run, &f->shard);
	for (size_t i = 0; i < PARTS; i++)
		manifest_init(&f->parts[i]);
	*state = f;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;

	backup_closure_done(&f->run);
	backup_parts_done(&f->shard);
	for (size_t i = 0; i < PARTS; i++)
		manifest_done(&f->parts[i]);
	settings_free(f->settings);
	minisign_key_free(f->key);
	test_dir_remove(f->dir);
	test_vault_free(f->t);
	free(f);
	return 0;
}

/* Its cluster has a ServiceAccount that needs a Secret, which is not there. */
static void write_part(struct fixture *f, uint32_t i)
{
	static const char text[] =
	    "{\"imagePullSecrets\":[{\"name\":\"gone\"}]}";
	struct manifest *m = &f->parts[i];
	autofree char *cluster = str_printf("c%u", (unsigned)i);
	struct err err = ERR_INIT;

	m->archive.compression = ARCHIVE_ZSTD;
	m->archive.encryption = ARCHIVE_AGE;
	m->archive.file = format_part_name("prod-20260101T000000Z", i, PARTS,
	    "0123abcd", format_suffix(ARCHIVE_ZSTD, ARCHIVE_AGE));
	f->shard.index = i;
	f->run.closure = closure_new();
	closure_note_object(f->run.closure, cluster, "serviceaccounts", "n",
	    "s", text, sizeof(text) - 1);
	assert_ok(backup_parts_closure_write(&f->run, &f->shard, m, &err), err);
	/* Keys need not be kept any longer. */
	assert_null(f->run.closure);
	free(steal(f->shard.closure));
	json_set_int(m->part, "index", i);
}

static int judge(struct fixture *f, size_t count, struct err *err)
{
	backup_closure_done(&f->run);
	return backup_parts_closure_judge(
	    &f->run, &f->shard, f->parts, count, err);
}

static void assert_lacks(const struct fixture *f, const char *lines)
{
	cleanup(buf_done) struct buf all = BUF_INIT;

	VEC_EACH (&f->run.lacks, l)
		buf_printf(&all, "%s\n", l->what);
	assert_string_equal(buf_str(&all), lines);
}

#define LACKS(CLUSTER)                                                         \
	"Secret 'n/gone', which cluster '" CLUSTER                             \
	"': serviceaccounts n/s names, was not captured\n"

/* The object of a part, which the test may change. */
static void read_object(struct fixture *f, uint32_t i, struct buf *out)
{
	autofree char *name = shard_closure_name(&f->parts[i]);
	struct err err = ERR_INIT;

	assert_ok(vault_read(f->open, name, 1U << 20, out, &err), err);
}

static void write_object(struct fixture *f, uint32_t i, const struct buf *text)
{
	autofree char *name = shard_closure_name(&f->parts[i]);
	struct err err = ERR_INIT;

	assert_int_equal(vault_remove(f->open, name, &err), 0);
	assert_ok(vault_put_small(f->open, name, text->data, text->len,
		      VAULT_RETAIN_NONE, &err),
	    err);
}

static void the_parts_are_judged_together(void **state)
{
	struct fixture *f = *state;
	cleanup(buf_done) struct buf text = BUF_INIT;
	struct err err = ERR_INIT;

	write_part(f, 0);
	write_part(f, 1);
	read_object(f, 0, &text);
	assert_null(memmem(text.data, text.len, "gone", 4));
	assert_ok(judge(f, PARTS, &err), err);
	assert_lacks(f, LACKS("c0") LACKS("c1"));
	assert_null(f->run.closure);
}

static void what_is_not_known_of_a_part_is_a_lack(void **state)
{
	struct fixture *f = *state;
	struct err err = ERR_INIT;

	write_part(f, 0);
	assert_ok(judge(f, 1, &err), err);
	assert_lacks(f, LACKS("c0") "what part 1/2 points to is not known\n");
	/* One of an agent that did not write it yet. */
	f->parts[1].part = json_new_object();
	json_set_int(f->parts[1].part, "index", 1);
	assert_ok(judge(f, PARTS, &err), err);
	assert_lacks(f, LACKS("c0") "what part 1/2 points to is not known\n");
}

static void assert_not_whole(struct fixture *f, const char *why)
{
	autofree char *name = shard_closure_name(&f->parts[0]);
	struct err err = ERR_INIT;

	assert_fails(judge(f, 1, &err), err, ERR_INTEGRITY);
	assert_contains(err.message, name);
	assert_contains(err.message, why);
	assert_int_equal(f->run.lacks.len, 0);
}

static void what_was_not_signed_for_is_refused(void **state)
{
	struct fixture *f = *state;
	cleanup(buf_done) struct buf text = BUF_INIT;

	write_part(f, 0);
	read_object(f, 0, &text);
	for (size_t cut = 0; cut < text.len; cut += text.len / 5) {
		cleanup(buf_done) struct buf part = BUF_INIT;
		buf_add(&part, text.data, cut);
		write_object(f, 0, &part);
		assert_not_whole(f, "");
	}
	write_object(f, 0, &text);
	f->t->flips = ".closure.age";
	f->t->flip_at = text.len - 1;
	assert_not_whole(f, "");
	f->t->flips = NULL;
	struct json_object *where = json_get(f->parts[0].part, "closure");
	json_set_str(where, "sha256", "00");
	assert_not_whole(f, "it is not what was signed for");
	json_remove(where, "bytes");
	assert_not_whole(f, "does not say how long it is");
}

static void a_text_that_it_cannot_have_is_refused(void **state)
{
	static const int64_t texts[] = {-1, 1 << 20, INT64_MAX};
	struct fixture *f = *state;

	write_part(f, 0);
	struct json_object *where = json_get(f->parts[0].part, "closure");
	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
		json_set_int(where, "text", texts[i]);
		assert_not_whole(f, "gives no length that it can have");
	}
	json_set_int(where, "text", 3);
	assert_not_whole(f, "");
}

/* It may be there tomorrow, unlike what is gone. */
static void a_store_that_does_not_answer_has_lost_nothing(void **state)
{
	static const struct {
		enum err_code code, expected;
	} cases[] = {{ERR_NETWORK, ERR_NETWORK}, {ERR_DENIED, ERR_DENIED},
	    {ERR_NOT_FOUND, ERR_INTEGRITY}};
	struct fixture *f = *state;
	struct err err = ERR_INIT;

	write_part(f, 0);
	f->t->unread = ".closure.age";
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		f->t->unread_code = cases[i].code;
		f->t->unread_times = 1;
		assert_fails(judge(f, 1, &err), err, cases[i].expected);
	}
	assert_ok(judge(f, 1, &err), err);
}

/* Another key of the platform: its lists are not ours. */
static void only_shards_with_the_key_read_it(void **state)
{
	struct fixture *f = *state;
	struct minisign_key *own = f->key;

	write_part(f, 0);
	f->key = test_key_make(&f->random);
	minisign_key_free(own);
	f->run.key = f->key;
	backup_parts_done(&f->shard);
	f->shard = (struct backup_shard){.count = PARTS};
	backup_parts_keys(&f->run, &f->shard);
	assert_not_whole(f, "");
}

static void where_it_is_not_wanted_nothing_is_written(void **state)
{
	struct fixture *f = *state;
	struct err err = ERR_INIT;

	configure(f, "none");
	assert_ok(
	    backup_parts_closure_write(&f->run, &f->shard, &f->parts[0], &err),
	    err);
	assert_null(f->parts[0].part);
	assert_int_equal(test_vault_count(f->t, ""), 0);
	assert_ok(judge(f, 0, &err), err);
	assert_lacks(f, "");
}

static void a_vault_that_takes_nothing_is_an_error(void **state)
{
	struct fixture *f = *state;
	struct err err = ERR_INIT;

	f->parts[0].archive.encryption = ARCHIVE_AGE;
	f->parts[0].archive.file = format_part_name("prod-20260101T000000Z", 0,
	    PARTS, "0123abcd", format_suffix(ARCHIVE_ZSTD, ARCHIVE_AGE));
	f->t->put_fails = ".closure.age";
	f->run.closure = closure_new();
	assert_fails(
	    backup_parts_closure_write(&f->run, &f->shard, &f->parts[0], &err),
	    err, ERR_SYSTEM);
	assert_contains(err.message, "what the part points to: ");
	/* Nothing is promised that is not there. */
	assert_null(f->parts[0].part);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(the_parts_are_judged_together),
	    TEST(what_is_not_known_of_a_part_is_a_lack),
	    TEST(what_was_not_signed_for_is_refused),
	    TEST(a_text_that_it_cannot_have_is_refused),
	    TEST(a_store_that_does_not_answer_has_lost_nothing),
	    TEST(only_shards_with_the_key_read_it),
	    TEST(where_it_is_not_wanted_nothing_is_written),
	    TEST(a_vault_that_takes_nothing_is_an_error),
	};

	return cmocka_run_group_tests_name(
	    "backup_parts_closure", tests, NULL, NULL);
}
