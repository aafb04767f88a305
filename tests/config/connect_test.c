/* What settings become for the drivers: whose word counts, which secret goes
 * where, and when a place is no vault of ours. */
#include "config/connect.h"

#include "storage/base/cleanup.h"
#include "storage/base/file.h"
#include "storage/base/mem.h"
#include "storage/vault/vault_dir.h"
#include "storage/vault/vault_known.h"
#include "tests/support/environment.h"

#include <stdlib.h>
#include <unistd.h>

struct fixture {
	char *dir;
	struct settings *s;
	struct test_environment env;
};

static int set_up(void **state)
{
	struct fixture *f = mem_new(struct fixture);

	f->dir = test_dir_make();
	test_environment_init(&f->env);
	*state = f;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;

	settings_free(f->s);
	test_dir_remove(f->dir);
	free(f);
	return 0;
}

/* Paths stand beside its file. */
static void configure(struct fixture *f, const char *text)
{
	autofree char *file = file_join(f->dir, "c.yaml");
	struct err err = ERR_INIT;

	settings_free(f->s);
	f->s = settings_parse(text, strlen(text), file, &err);
	if (!f->s)
		fail_msg("%s", err.message);
}

static void write_file(
    const struct fixture *f, const char *name, const char *text, size_t len)
{
	autofree char *path = file_join(f->dir, name);
	struct err err = ERR_INIT;

	assert_ok(file_write_durably(path, text, len, &err), err);
}

/* NAME and NAME.pub; the key's id. */
static void make_key(
    struct fixture *f, const char *name, char id[MINISIGN_KEY_ID_TEXT])
{
	cleanup(buf_done) struct buf public = BUF_INIT;
	cleanup(secret_freep) struct secret *secret =
	    minisign_keygen(&f->env.random.random, &public);
	autofree char *public_name = str_printf("%s.pub", name);
	struct minisign_public key;
	struct err err = ERR_INIT;

	write_file(f, name, secret_reveal(secret), secret_len(secret));
	write_file(f, public_name, public.data, public.len);
	assert_ok(
	    minisign_public_parse(public.data, public.len, name, &key, &err),
	    err);
	minisign_key_id(&key, id);
}

/* ---- whose word counts --------------------------------------------------- */

#define REST "name: prod\nvaults: [{name: a, directory: v}]\nstate_dir: state\n"
#define OPEN REST "encryption: none\n"

static void assert_keys(
    const struct minisign_publics *keys, const char *a, const char *b)
{
	const char *const expected[] = {a, b};
	size_t count = b ? 2 : a ? 1 : 0;

	assert_int_equal(keys->len, count);
	for (size_t i = 0; i < count; i++) {
		char id[MINISIGN_KEY_ID_TEXT];
		minisign_key_id(&keys->items[i], id);
		assert_string_equal(id, expected[i]);
	}
}

static void each_key_counts_for_what_it_may(void **state)
{
	struct fixture *f = *state;
	cleanup(snapshot_trust_done) struct snapshot_trust trust = {0};
	char own[MINISIGN_KEY_ID_TEXT], other[MINISIGN_KEY_ID_TEXT],
	    pruner[MINISIGN_KEY_ID_TEXT], record[MINISIGN_KEY_ID_TEXT];
	struct err err = ERR_INIT;

	make_key(f, "own", own);
	make_key(f, "other", other);
	make_key(f, "pruner", pruner);
	make_key(f, "record", record);
	configure(f, OPEN
	    "signing: {public_key_files: [own.pub], record_key_file: record, "
	    "trusted: [{public_key_file: other.pub, may: [snapshots, verify]}, "
	    "{public_key_file: pruner.pub, may: [prune]}]}\n");
	assert_ok(connect_trust(f->s, &trust, &err), err);
	assert_false(trust.unsigned_allowed);
	assert_keys(&trust.keys, own, other);
	assert_keys(&trust.pruners, own, pruner);
	assert_keys(&trust.verifiers, other, record);
}

static void who_has_only_the_secret_key_trusts_it(void **state)
{
	struct fixture *f = *state;
	cleanup(snapshot_trust_done) struct snapshot_trust trust = {0};
	cleanup(minisign_key_freep) struct minisign_key *key = NULL;
	char own[MINISIGN_KEY_ID_TEXT], id[MINISIGN_KEY_ID_TEXT];
	struct err err = ERR_INIT;

	make_key(f, "own", own);
	configure(f, OPEN "signing: {secret_key_file: own}\n");
	assert_ok(connect_trust(f->s, &trust, &err), err);
	assert_keys(&trust.keys, own, NULL);
	assert_keys(&trust.pruners, own, NULL);
	assert_keys(&trust.verifiers, NULL, NULL);
	assert_ok(connect_signing_key(f->s, &key, &err), err);
	minisign_key_id(minisign_key_public(key), id);
	assert_string_equal(id, own);
}

static void without_signatures_there_are_no_keys(void **state)
{
	struct fixture *f = *state;
	cleanup(snapshot_trust_done) struct snapshot_trust trust = {0};
	struct minisign_key *key;
	struct err err = ERR_INIT;

	configure(f, OPEN "signing: none\n");
	assert_ok(connect_trust(f->s, &trust, &err), err);
	assert_true(trust.unsigned_allowed);
	assert_keys(&trust.keys, NULL, NULL);
	assert_ok(connect_signing_key(f->s, &key, &err), err);
	assert_null(key);
	assert_ok(connect_record_key(f->s, &key, &err), err);
	assert_null(key);
}

static void a_key_that_is_missing_is_named_by_its_setting(void **state)
{
	struct fixture *f = *state;
	cleanup(snapshot_trust_done) struct snapshot_trust trust = {0};
	char own[MINISIGN_KEY_ID_TEXT];
	struct minisign_key *key;
	struct err err = ERR_INIT;

	make_key(f, "own", own);
	configure(f, OPEN "signing: {public_key_files: [own.pub]}\n");
	assert_fails(connect_signing_key(f->s, &key, &err), err, ERR_USAGE);
	assert_contains(err.message, "signing: lacks 'secret_key_file'");
	configure(f, OPEN "signing: {secret_key_file: gone}\n");
	assert_int_equal(connect_signing_key(f->s, &key, &err), -1);
	assert_contains(err.message, "c.yaml: signing.secret_key_file: ");
	configure(f, OPEN "signing: {public_key_files: [own]}\n");
	assert_int_equal(connect_trust(f->s, &trust, &err), -1);
	assert_contains(err.message, "c.yaml: signing.public_key_files: ");
}

/* ---- to whom it is encrypted --------------------------------------------- */

static char *recipient_of(char c)
{
	char raw[32];
	char *recipient = NULL;

	memset(raw, c, sizeof(raw));
	cleanup(secret_freep) struct secret *secret =
	    secret_new(raw, sizeof(raw));
	secret_free(age_key_of(secret, &recipient));
	return recipient;
}

#define SIGNED_NOT REST "signing: none\n"
#define FROM_FILE SIGNED_NOT "encryption: {recipients_file: r}\n"

static void recipients_are_of_list_and_file(void **state)
{
	struct fixture *f = *state;
	cleanup(strvec_done) struct strvec out = VEC_INIT;
	autofree char *a = recipient_of('a'), *b = recipient_of('b'),
		      *c = recipient_of('c');
	autofree char *file =
	    str_printf("# ops\r\n\r\n  %s  Ann's\r\n%s\n#%s", b, c, a);
	autofree char *config = str_printf(SIGNED_NOT
	    "encryption: {recipients: [%s], recipients_file: r}\n",
	    a);
	struct err err = ERR_INIT;

	write_file(f, "r", file, strlen(file));
	configure(f, config);
	assert_ok(connect_recipients(f->s, &out, &err), err);
	assert_int_equal(out.len, 3);
	assert_string_equal(out.items[0], a);
	assert_string_equal(out.items[1], b);
	assert_string_equal(out.items[2], c);
}

/* Nobody would miss the others before the day that they are needed. */
static void a_file_of_recipients_is_taken_as_a_whole(void **state)
{
	struct fixture *f = *state;
	autofree char *a = recipient_of('a'), *b = recipient_of('b');
	autofree char *two = str_printf("%s\n \n%s\n", a, b);
	static const struct {
		const char *text, *refusal;
	} cases[] = {{"", "names no recipient"},
	    {"# none\n", "names no recipient"},
	    {"age1nonsense\n", "c.yaml: encryption: "}};
	struct err err = ERR_INIT;

	configure(f, FROM_FILE);
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		cleanup(strvec_done) struct strvec out = VEC_INIT;
		write_file(f, "r", cases[i].text, strlen(cases[i].text));
		assert_fails(
		    connect_recipients(f->s, &out, &err), err, ERR_USAGE);
		assert_contains(err.message, cases[i].refusal);
	}
	cleanup(strvec_done) struct strvec out = VEC_INIT;
	size_t len = strlen(two);
	two[strlen(a) + 1] = '\0';
	write_file(f, "r", two, len);
	assert_fails(connect_recipients(f->s, &out, &err), err, ERR_USAGE);
	assert_contains(err.message, "encryption.recipients_file: ");
}

/* ---- places -------------------------------------------------------------- */

static struct vault *vault_in(const struct fixture *f)
{
	autofree char *path = file_join(f->dir, "v");
	struct err err = ERR_INIT;
	struct vault *v = vault_dir_open(path, true, &err);

	assert_non_null(v);
	return v;
}

/* As `vault init` does. key NULL: unsigned. */
static void mark(struct fixture *f, const char *key)
{
	cleanup(vault_freep) struct vault *v = vault_in(f);
	autofree char *path = key ? file_join(f->dir, key) : NULL;
	struct err err = ERR_INIT;
	cleanup(minisign_key_freep) struct minisign_key *k =
	    path ? minisign_key_read(path, NULL, &err) : NULL;
	const struct vault_marker_new o = {.key = k,
	    .random = &f->env.random.random,
	    .now = 1700000000,
	    .by = "h"};
	struct vault_marker m;

	assert_ok(vault_marker_write(v, &o, &m, &err), err);
}

static void unmark(const struct fixture *f)
{
	autofree char *object = file_join(f->dir, "v/" VAULT_MARKER_OBJECT);

	assert_int_equal(unlink(object), 0);
}

static int open_marked(struct fixture *f, struct err *err)
{
	cleanup(connect_vault_done) struct connect_vault v = {.vault = NULL};

	if (connect_vault_marked(
		f->s, &f->s->vaults.items[0], &f->env.connect, &v, err))
		return -1;
	assert_string_equal(vault_name(v.vault), "a");
	struct err why = ERR_INIT;
	assert_ok(
	    vault_known_remember(f->s->state_dir, v.vault, &v.marker, &why),
	    why);
	return 0;
}

static void a_vault_is_where_it_was_made_one(void **state)
{
	struct fixture *f = *state;
	autofree char *path = file_join(f->dir, "v");
	struct err err = ERR_INIT;

	configure(f, OPEN "signing: none\n");
	assert_fails(open_marked(f, &err), err, ERR_NOT_FOUND);
	assert_contains(err.message, "vault 'a': directory '");
	assert_contains(err.message, "is not there. Mount it, or");
	assert_false(file_exists(path));
	vault_free(vault_in(f));
	assert_fails(open_marked(f, &err), err, ERR_NOT_FOUND);
	assert_contains(err.message, "it is not known to be a vault");
	mark(f, NULL);
	assert_ok(open_marked(f, &err), err);
}

/* A disk that is not mounted, or the wrong one, is no new vault. */
static void what_was_there_before_is_remembered(void **state)
{
	struct fixture *f = *state;
	autofree char *path = file_join(f->dir, "v");
	struct err err = ERR_INIT;

	configure(f, OPEN "signing: none\n");
	mark(f, NULL);
	assert_ok(open_marked(f, &err), err);
	unmark(f);
	assert_fails(open_marked(f, &err), err, ERR_NOT_FOUND);
	assert_null(strstr(err.message, "If it is a new vault"));
	mark(f, NULL);
	assert_fails(open_marked(f, &err), err, ERR_NOT_FOUND);
	unmark(f);
	assert_int_equal(rmdir(path), 0);
	assert_fails(open_marked(f, &err), err, ERR_NOT_FOUND);
	assert_null(strstr(err.message, "if this is a new vault"));
}

/* Signing keys change; that a machine has written there counts on. */
static void a_mark_is_of_a_trusted_key_or_remembered(void **state)
{
	struct fixture *f = *state;
	char old[MINISIGN_KEY_ID_TEXT], new[MINISIGN_KEY_ID_TEXT];
	struct err err = ERR_INIT;

	make_key(f, "old", old);
	make_key(f, "new", new);
	mark(f, "old");
	configure(f, OPEN "signing: {secret_key_file: new}\n");
	assert_fails(open_marked(f, &err), err, ERR_INTEGRITY);
	assert_contains(err.message, "who marked it as a vault is not trusted");
	configure(f, OPEN "signing: {secret_key_file: old}\n");
	assert_ok(open_marked(f, &err), err);
	configure(f, OPEN "signing: {secret_key_file: new}\n");
	assert_ok(open_marked(f, &err), err);
}

static void one_vault_has_one_name(void **state)
{
	struct err err = ERR_INIT;

	(void)state;
	assert_ok(connect_vault_differs("1", "2", "b", &err), err);
	assert_fails(
	    connect_vault_differs("1", "1", "b", &err), err, ERR_USAGE);
	assert_contains(err.message, "the same as vault 'b', or a copy of it");
}

static void scratch_space_is_below_what_is_made(void **state)
{
	struct fixture *f = *state;
	cleanup(scratch_done) struct scratch scratch = SCRATCH_INIT;
	autofree char *below = file_join(f->dir, "x/scratch/");
	struct err err = ERR_INIT;
	int removed = -1;

	configure(f, OPEN "signing: none\nscratch_dir: x/scratch\n");
	assert_ok(connect_scratch(f->s, &scratch, &removed, &err), err);
	assert_int_equal(removed, 0);
	assert_true(str_starts(scratch.path, below));
	assert_true(file_exists(f->s->state_dir));
	write_file(f, "file", "", 0);
	configure(f, OPEN "signing: none\nscratch_dir: file/x\n");
	assert_int_equal(connect_scratch(f->s, &scratch, &removed, &err), -1);
	assert_contains(err.message, "c.yaml: scratch_dir: ");
}

/* ---- who to be ----------------------------------------------------------- */

static void a_url_has_the_credentials_of_its_beginning(void **state)
{
	struct fixture *f = *state;
	cleanup(connect_git_done) struct connect_git g = {.password = NULL};
	cleanup(connect_git_done) struct connect_git none = {.password = NULL};
	struct err err = ERR_INIT;

	write_file(f, "pw", "secret\n", 7);
	configure(f, OPEN
	    "signing: none\ngit: {repositories: [{url: 'https://h/a'}], "
	    "stall_timeout: 7s, credentials: [{url: 'https://h/', username: u, "
	    "password_file: pw, ca_file: ca, redirect_hosts: [cdn]}]}\n");
	assert_ok(connect_git(&f->s->git, "https://h/a", "/s", &f->env.connect,
		      &g, &err),
	    err);
	assert_string_equal(g.access.user, "u");
	assert_string_equal(secret_reveal(g.access.password), "secret");
	assert_true(str_ends(g.access.ca_file, "/ca"));
	assert_string_equal(g.access.redirect_hosts->items[0], "cdn");
	assert_int_equal(g.access.stall_timeout_ms, 7000);
	assert_string_equal(g.access.scratch, "/s");
	assert_ok(connect_git(&f->s->git, "https://h.evil/a", "/s",
		      &f->env.connect, &none, &err),
	    err);
	assert_null(none.access.user);
	assert_null(none.access.password);
	assert_null(none.access.redirect_hosts);
}

static void a_bucket_has_its_keys_and_headers(void **state)
{
	struct fixture *f = *state;
	cleanup(connect_s3_done) struct connect_s3 c = {.s3 = NULL};
	cleanup(connect_s3_done) struct connect_s3 fails = {.s3 = NULL};
	struct err err = ERR_INIT;

	write_file(f, "id", "AKIA", 4);
	write_file(f, "key", "secret", 6);
	configure(f, OPEN
	    "signing: none\nterraform: {buckets: [{bucket: bkt, region: "
	    "eu-west-1, access_key_id_file: id, secret_access_key_file: key, "
	    "headers: {x-amz-acl: private}}]}\n");
	const struct settings_s3 *s = &f->s->terraform.buckets.items[0].s3;
	assert_ok(connect_s3(s, "locks", &f->env.connect, &c, &err), err);
	assert_string_equal(s3_bucket(c.s3), "bkt");
	assert_string_equal(secret_reveal(c.access_key_id), "AKIA");
	assert_string_equal(secret_reveal(c.secret_access_key), "secret");
	assert_int_equal(c.headers.len, 1);
	assert_string_equal(c.headers.items[0], "x-amz-acl: private");
	assert_string_equal(dynamodb_table(c.locks), "locks");
	autofree char *key = file_join(f->dir, "key");
	assert_int_equal(unlink(key), 0);
	assert_int_equal(
	    connect_s3(s, NULL, &f->env.connect, &fails, &err), -1);
	assert_contains(err.message, "secret_access_key_file");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(each_key_counts_for_what_it_may),
	    TEST(who_has_only_the_secret_key_trusts_it),
	    TEST(without_signatures_there_are_no_keys),
	    TEST(a_key_that_is_missing_is_named_by_its_setting),
	    TEST(recipients_are_of_list_and_file),
	    TEST(a_file_of_recipients_is_taken_as_a_whole),
	    TEST(a_vault_is_where_it_was_made_one),
	    TEST(what_was_there_before_is_remembered),
	    TEST(a_mark_is_of_a_trusted_key_or_remembered),
	    cmocka_unit_test(one_vault_has_one_name),
	    TEST(scratch_space_is_below_what_is_made),
	    TEST(a_url_has_the_credentials_of_its_beginning),
	    TEST(a_bucket_has_its_keys_and_headers),
	};

	return cmocka_run_group_tests_name("connect", tests, NULL, NULL);
}
