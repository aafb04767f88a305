/*
 * What a witness is shown of a vault, and what of its answer is kept: the log
 * grows by each snapshot, and nothing that was signed is taken out again.
 */
#include "agent/backup.h"

#include "storage/base/base64.h"
#include "storage/base/be.h"
#include "storage/base/cleanup.h"
#include "storage/base/file.h"
#include "storage/base/log.h"
#include "storage/base/mem.h"
#include "storage/crypto/note.h"
#include "storage/vault/vault_log.h"
#include "tests/support/keys.h"
#include "tests/support/script_server.h"
#include "tests/support/snapshots.h"

#include <stdlib.h>

#define VAULT_ID "0123456789abcdef0123456789abcdef"
#define ORIGIN "backstay/prod/" VAULT_ID
#define WITNESS "w.example.org/1"
#define ANSWER(STATUS, BODY)                                                   \
	"HTTP/1.1 " STATUS "\r\nConnection: close\r\n\r\n" BODY

enum { ANSWERS = 4 };

struct fixture {
	struct test_snapshots s;
	char *state_dir;
	struct minisign_key *witness;
	struct note_key key; /* of the witness */
	struct script_server *server;
	struct script_reply replies[ANSWERS];
	char *answers[ANSWERS];
	size_t planned;
	struct settings *settings;
	struct agent agent;
	struct vault *open;
	struct backup_run run;
};

static void configure(struct fixture *f)
{
	autofree char *url = script_server_url(f->server, "");
	cleanup(buf_done) struct buf vkey = BUF_INIT;
	struct err err = ERR_INIT;

	note_key_write(&f->key, &vkey);
	autofree char *text = str_printf(
	    "name: prod\nvaults: [{name: a, directory: /v}]\nencryption: none\n"
	    "signing: {secret_key_file: /k}\nstate_dir: %s\n"
	    "witness: {url: '%s', key: '%s'}\n",
	    f->state_dir, url, buf_str(&vkey));
	f->settings = settings_parse(text, strlen(text), "c.yaml", &err);
	if (!f->settings)
		fail_msg("%s", err.message);
}

static int set_up(void **state)
{
	struct fixture *f = mem_new(struct fixture);

	test_snapshots_init(&f->s, 0);
	vault_set_id(&f->s.t->vault, VAULT_ID);
	vault_set_name(&f->s.t->vault, "a");
	f->state_dir = test_dir_make();
	f->witness = test_key_make(&f->s.random);
	note_key_make(WITNESS, NOTE_COSIGNATURE,
	    minisign_key_public(f->witness)->key, &f->key);
	for (size_t i = 0; i < ANSWERS; i++)
		f->replies[i].close = 1;
	f->server = script_server_start(f->replies, ANSWERS);
	configure(f);
	f->agent.env = (struct connect_env){
	    .clock = &f->s.clock.clock, .random = &f->s.random.random};
	f->open = &f->s.t->vault;
	f->run = (struct backup_run){.a = &f->agent,
	    .settings = f->settings,
	    .key = f->s.key,
	    .trust = f->s.trust,
	    .open = &f->open,
	    .open_count = 1};
	*state = f;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;

	snapshot_writer_free(f->run.snapshot);
	script_server_stop(f->server);
	for (size_t i = 0; i < ANSWERS; i++)
		free(f->answers[i]);
	settings_free(f->settings);
	minisign_key_free(f->witness);
	test_dir_remove(f->state_dir);
	test_snapshots_done(&f->s);
	free(f);
	return 0;
}

static void add_snapshot(struct fixture *f)
{
	test_snapshots_add(&f->s, NULL);
	f->s.clock.now_ms += 60000;
}

/* All snapshots so far, which the witness is to be shown. */
static void read_log(struct fixture *f, struct vault_log *log)
{
	cleanup(snapshots_done) struct snapshots list = VEC_INIT;
	struct err err = ERR_INIT;

	assert_ok(snapshot_list(f->s.t->real, "prod", &list, &err), err);
	VEC_EACH (&list, s) {
		char sha256[DIGEST_SHA256_HEX];
		struct manifest m;
		assert_ok(snapshot_manifest(
			      f->s.t->real, s, &f->s.trust, &m, sha256, &err),
		    err);
		manifest_done(&m);
		vault_log_add(log, s->label, sha256);
	}
}

static void answer(struct fixture *f, char *bytes)
{
	f->answers[f->planned] = bytes;
	f->replies[f->planned++].bytes = bytes;
}

/* The signature of the witness, as if by that key, of the log so far. */
static void answer_signed(struct fixture *f, const struct minisign_key *key)
{
	cleanup(vault_log_done) struct vault_log log = {.object = NULL};
	cleanup(buf_done) struct buf note = BUF_INIT, message = BUF_INIT,
				     line = BUF_INIT;
	cleanup(buf_done) struct buf raw = BUF_INIT;
	uint8_t signature[MINISIGN_RAW_LEN];
	struct err err = ERR_INIT;
	size_t len;

	read_log(f, &log);
	vault_log_checkpoint(&log, ORIGIN, f->s.key, &note);
	assert_ok(note_text(note.data, note.len, &len, &err), err);
	buf_add_str(&message, "cosignature/v1\ntime 1700000000\n");
	buf_add(&message, note.data, len);
	minisign_raw_sign(key, message.data, message.len, signature);
	buf_add(&raw, f->key.id, NOTE_ID_LEN);
	be_add32(&raw, 0);
	be_add32(&raw, 1700000000);
	buf_add(&raw, signature, sizeof(signature));
	buf_add_str(&line, "\xe2\x80\x94 " WITNESS " ");
	base64_add(&line, raw.data, raw.len, true);
	buf_add_str(&line, "\n");
	answer(f, str_printf(ANSWER("200 OK", "%s"), buf_str(&line)));
}

/* After the newest snapshot. */
static void witness(struct fixture *f)
{
	cleanup(snapshots_done) struct snapshots list = VEC_INIT;
	struct vault *v = f->open;
	const struct snapshot_options o = {.name = "prod",
	    .encryption = ARCHIVE_AGE,
	    .clock = &f->s.clock.clock,
	    .trust = &f->s.trust};
	struct err err = ERR_INIT;
	struct manifest m;

	assert_ok(snapshot_list(v, "prod", &list, &err), err);
	assert_ok(snapshot_manifest(v, &list.items[list.len - 1], &f->s.trust,
		      &m, NULL, &err),
	    err);
	snapshot_writer_free(steal(f->run.snapshot));
	f->s.t->passed_s =
	    (f->s.clock.now_ms - clock_now_ms(clock_system())) / 1000;
	f->run.snapshot = snapshot_begin(&v, 1, &o, &err);
	if (!f->run.snapshot)
		fail_msg("%s", err.message);
	backup_witness(&f->run, &m);
	manifest_done(&m);
}

/* The log in the vault, and what was co-signed last, as so many snapshots. */
static void assert_kept(struct fixture *f, size_t logged, uint64_t cosigned)
{
	const struct vault_log_place place = {
	    .vault = f->open, .name = "prod", .origin = ORIGIN};
	cleanup(vault_log_done) struct vault_log log = {.object = NULL};
	cleanup(vault_cosigned_done) struct vault_cosigned newest = {
	    .object = NULL};
	struct err err = ERR_INIT;

	assert_ok(vault_log_read(&place, &f->s.trust.keys, &log, &err), err);
	assert_int_equal(log.leaves.len, logged);
	assert_int_equal(test_vault_count(f->s.t, ".witness-log"), 1);
	if (!cosigned)
		assert_int_equal(test_vault_count(f->s.t, ".witnessed"), 0);
	else
		assert_ok(
		    vault_cosigned_read(&place, &f->key, &newest, &err), err);
	assert_int_equal(newest.size, cosigned);
}

static void assert_asked(struct fixture *f, size_t i, const char *from)
{
	assert_true(str_starts(script_server_body(f->server, i), from));
}

static void assert_warned(const char *part)
{
	cleanup(buf_done) struct buf all = BUF_INIT;

	log_tail(&all, 4000);
	assert_contains(buf_str(&all), part);
}

static void each_snapshot_joins_what_was_co_signed(void **state)
{
	struct fixture *f = *state;

	add_snapshot(f);
	answer_signed(f, f->witness);
	witness(f);
	assert_asked(f, 0, "old 0\n\n" ORIGIN "\n1\n");
	assert_kept(f, 1, 1);
	add_snapshot(f);
	answer_signed(f, f->witness);
	witness(f);
	/* With the proof that the first is still in it. */
	assert_asked(f, 1, "old 1\n");
	assert_contains(
	    script_server_body(f->server, 1), "\n\n" ORIGIN "\n2\n");
	assert_kept(f, 2, 2);
}

static void what_was_not_co_signed_is_shown_again(void **state)
{
	struct fixture *f = *state;

	add_snapshot(f);
	answer(f, str_dup(ANSWER("400 Bad Request", "not now")));
	witness(f);
	assert_kept(f, 1, 0);
	assert_warned(
	    "vault 'a': the snapshot is not co-signed by the witness");
	assert_warned("not now");
	add_snapshot(f);
	answer(f, str_dup(ANSWER("409 Conflict", "0\n")));
	answer_signed(f, f->witness);
	witness(f);
	assert_asked(f, 1, "old 1\n");
	assert_asked(f, 2, "old 0\n\n" ORIGIN "\n2\n");
	assert_kept(f, 2, 2);
}

static void a_signature_of_another_is_not_kept(void **state)
{
	struct fixture *f = *state;

	add_snapshot(f);
	answer_signed(f, f->s.key);
	witness(f);
	assert_kept(f, 1, 0);
	assert_warned("what it answered: ");
}

/* The vault was put back, and so was what this machine remembers. */
static void a_log_that_is_shorter_than_what_was_signed_is_told(void **state)
{
	struct fixture *f = *state;

	add_snapshot(f);
	answer(f, str_dup(ANSWER("409 Conflict", "7\n")));
	witness(f);
	assert_kept(f, 1, 0);
	assert_warned("it has co-signed a log of 7 snapshots, and what is left "
		      "of it here and in the vault has 1: ");
	assert_int_equal(script_server_count(f->server), 1);
}

static void who_does_not_know_the_log_is_told_its_key(void **state)
{
	struct fixture *f = *state;
	struct note_key log;
	cleanup(buf_done) struct buf vkey = BUF_INIT;

	add_snapshot(f);
	answer(f, str_dup(ANSWER("404 Not Found", "")));
	witness(f);
	note_key_make(
	    ORIGIN, NOTE_SIGNATURE, minisign_key_public(f->s.key)->key, &log);
	note_key_write(&log, &vkey);
	assert_warned(
	    "have its operator add the log '" ORIGIN "' with the key ");
	assert_warned(buf_str(&vkey));
}

static char *object_of(struct fixture *f, const char *end)
{
	cleanup(vault_items_done) struct vault_items items = VEC_INIT;
	struct err err = ERR_INIT;

	assert_ok(vault_list(f->open, "", &items, &err), err);
	VEC_EACH (&items, i)
		if (str_ends(i->name, end))
			return str_dup(i->name);
	fail_msg("no object ends in '%s'", end);
	return NULL;
}

/* Nothing that was signed once is taken out again. */
static void what_the_vault_lost_this_machine_remembers(void **state)
{
	struct fixture *f = *state;
	struct err err = ERR_INIT;

	add_snapshot(f);
	answer_signed(f, f->witness);
	witness(f);
	autofree char *object = object_of(f, ".witness-log");
	assert_int_equal(vault_remove(f->open, object, &err), 0);
	add_snapshot(f);
	answer_signed(f, f->witness);
	witness(f);
	assert_asked(f, 1, "old 1\n");
	assert_kept(f, 2, 2);
}

static void what_this_machine_has_and_does_not_hold_gives_way(void **state)
{
	struct fixture *f = *state;
	autofree char *path =
	    str_printf("%s/witness/" VAULT_ID ":prod.log", f->state_dir);
	struct err err = ERR_INIT;

	add_snapshot(f);
	answer_signed(f, f->witness);
	witness(f);
	assert_ok(file_write_durably(path, "{}", 2, &err), err);
	add_snapshot(f);
	answer_signed(f, f->witness);
	witness(f);
	assert_warned("does not hold, and what the vault has takes its place");
	assert_kept(f, 2, 2);
}

static void without_a_witness_nothing_is_written(void **state)
{
	struct fixture *f = *state;
	char *url = f->settings->witness.url;

	add_snapshot(f);
	f->settings->witness.url = NULL;
	witness(f);
	f->settings->witness.url = url;
	f->run.key = NULL;
	witness(f);
	assert_int_equal(test_vault_count(f->s.t, ".witness-log"), 0);
	assert_int_equal(script_server_count(f->server), 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(each_snapshot_joins_what_was_co_signed),
	    TEST(what_was_not_co_signed_is_shown_again),
	    TEST(a_signature_of_another_is_not_kept),
	    TEST(a_log_that_is_shorter_than_what_was_signed_is_told),
	    TEST(who_does_not_know_the_log_is_told_its_key),
	    TEST(what_the_vault_lost_this_machine_remembers),
	    TEST(what_this_machine_has_and_does_not_hold_gives_way),
	    TEST(without_a_witness_nothing_is_written),
	};

	return cmocka_run_group_tests_name("backup_witness", tests, NULL, NULL);
}
