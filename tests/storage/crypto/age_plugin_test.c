/* Against tests/data/age-plugin/age-plugin-scripted, which the age program
 * (1.1.1) writes and reads with, too. */
#include "storage/crypto/age_plugin.h"

#include "storage/base/cleanup.h"
#include "storage/base/mem.h"
#include "storage/base/str.h"
#include "storage/crypto/age.h"
#include "storage/crypto/age_crypto.h"
#include "tests/support/sink.h"
#include "tests/support/test.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define RECIPIENT "age1scripted1qypqxzt2tjk"
#define IDENTITY "AGE-PLUGIN-SCRIPTED-1QYPQXJVG024"
#define CLASSIC "age1rmm44gv4xf682ht9ncylm6q6x66gk6z9pvla9wqwgnkwjlnvw3msn7907s"

/* What the plugin is to do, and its file in PATH. */
static void behave(const char *manners)
{
	autofree char *here = getcwd(NULL, 0);
	autofree char *path =
	    str_printf("%s/tests/data/age-plugin:/usr/bin:/bin", here);

	setenv("PATH", path, 1);
	setenv("AGE_PLUGIN_SCRIPTED", manners, 1);
}

struct person {
	const char *pin;
	int confirmed;
	int shown;
	struct cancel cancel;
	bool stops; /* at the first question */
	int asked;  /* how often for the PIN */
};

static int ask(
    void *ctx, enum age_plugin_ask what, const char *text, struct buf *answer)
{
	struct person *p = ctx;

	switch (what) {
	case AGE_PLUGIN_SHOW:
		assert_string_equal(text, "touch the key");
		p->shown++;
		return 0;
	case AGE_PLUGIN_CONFIRM:
		assert_string_equal(text, "sure?");
		return p->confirmed;
	case AGE_PLUGIN_SECRET:
		assert_string_equal(text, "PIN");
		p->asked++;
		if (p->stops)
			cancel_request(&p->cancel);
		buf_add_str(answer, p->pin);
		return 0;
	case AGE_PLUGIN_PUBLIC:
	default:
		fail();
		return -1;
	}
}

/* An age file with "hello" in it. */
static int seal(const char *const *recipients, size_t count, struct buf *out,
    struct err *err)
{
	cleanup(strvec_done) struct strvec list = VEC_INIT;

	for (size_t i = 0; i < count; i++)
		strvec_add(&list, recipients[i]);
	struct sink *to =
	    age_encrypt(&list, random_system(), test_sink(out), err);
	if (!to)
		return -1;
	int failed = sink_write(to, "hello", 5, err) || sink_finish(to, err);
	sink_free(to);
	return failed ? -1 : 0;
}

static int unseal_with(const struct buf *sealed, const char *identities,
    struct person *person, struct err *err)
{
	cleanup(age_identities_freep) struct age_identities *ids =
	    age_identities_new();
	cleanup(secret_freep) struct secret *text =
	    secret_new(identities, strlen(identities));
	const struct age_plugin_person who = {.ask = ask,
	    .ctx = person,
	    .cancel = person ? &person->cancel : NULL};
	char plain[16];

	assert_int_equal(age_identities_add(ids, text, "ids", err), 0);
	if (person)
		age_identities_set_person(ids, &who);
	struct source *from = age_decrypt(
	    source_from_memory(sealed->data, sealed->len), ids, err);
	if (!from)
		return -1;
	assert_int_equal(source_read(from, plain, sizeof(plain), err), 5);
	assert_memory_equal(plain, "hello", 5);
	source_free(from);
	return 0;
}

static int unseal(
    const struct buf *sealed, struct person *person, struct err *err)
{
	return unseal_with(sealed, IDENTITY, person, err);
}

static void names_lead_to_programs(void **state)
{
	static const char *const none[] = {"", "age1", CLASSIC, "age1scripted",
	    "age1scripted1qypqxzt2tjl", "AGE1SCRIPTED1QYPQXZT2TJK", IDENTITY};
	struct err err = ERR_INIT;

	(void)state;
	behave("");
	autofree char *of = age_plugin_of_recipient(RECIPIENT);
	assert_string_equal(of, "age-plugin-scripted");
	assert_int_equal(age_plugin_check(of, &err), 0);
	autofree char *to = age_plugin_of_identity(IDENTITY, strlen(IDENTITY));
	assert_string_equal(to, "age-plugin-scripted");
	assert_null(age_plugin_of_identity(RECIPIENT, strlen(RECIPIENT)));
	for (size_t i = 0; i < sizeof(none) / sizeof(*none); i++)
		assert_null(age_plugin_of_recipient(none[i]));
	/* A Bech32 text of "age1../x", which would leave PATH. */
	assert_null(age_plugin_of_recipient("age1../x1qypqxuxcc5m"));
	assert_fails(
	    age_plugin_check("age-plugin-pq", &err), err, ERR_NOT_FOUND);
	assert_contains(err.message, "age 1.3");
	assert_fails(age_recipient_check("age1pq1qqqq", &err), err, ERR_FORMAT);
	setenv("PATH", "", 1);
	assert_fails(age_recipient_usable(RECIPIENT, &err), err, ERR_NOT_FOUND);
	assert_contains(err.message, "'age-plugin-scripted' is not in PATH");
}

static void a_file_key_goes_there_and_back(void **state)
{
	static const char *const manners[] = {
	    "", "msg", "unknown", "pin", "confirm", "msg pin unknown confirm"};
	const char *const recipients[] = {RECIPIENT, CLASSIC};

	(void)state;
	for (size_t i = 0; i < sizeof(manners) / sizeof(*manners); i++) {
		cleanup(buf_done) struct buf sealed = BUF_INIT;
		struct person person = {.pin = "1234"};
		struct err err = ERR_INIT;
		behave("unknown");
		assert_ok(seal(recipients, 2, &sealed, &err), err);
		behave(manners[i]);
		assert_ok(unseal(&sealed, &person, &err), err);
		assert_int_equal(
		    person.shown, strstr(manners[i], "msg") != NULL);
	}
}

static void what_a_plugin_fails_at_is_told(void **state)
{
	static const struct {
		const char *manners;
		const char *says;
		bool unwrapping_too;
	} cases[] = {{"early", "ended early: the key is not plugged in", true},
	    {"garbage",
		"'age-plugin-scripted': its answer is broken in line 1: no "
		"stanza starts here",
		true},
	    {"flood", "without an end", true},
	    {"error", "it says: the key is locked", true},
	    {"pin", "it says: the PIN is wrong", true},
	    {"confirm", "it says: not confirmed", true},
	    {"none", "wrapped nothing", false}};
	const char *const recipients[] = {RECIPIENT};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		cleanup(buf_done) struct buf sealed = BUF_INIT;
		cleanup(buf_done) struct buf nothing = BUF_INIT;
		struct person person = {.pin = "4321", .confirmed = 1};
		struct err err = ERR_INIT;
		behave("");
		assert_ok(seal(recipients, 1, &sealed, &err), err);
		behave(cases[i].manners);
		assert_int_equal(seal(recipients, 1, &nothing, &err), -1);
		assert_contains(err.message, "age-plugin-scripted");
		assert_contains(err.message, cases[i].says);
		assert_int_equal(nothing.len, 0);
		err = (struct err)ERR_INIT;
		assert_fails(unseal(&sealed, &person, &err), err, ERR_DENIED);
		if (cases[i].unwrapping_too)
			assert_contains(err.message, cases[i].says);
	}
}

static void nobody_can_be_asked(void **state)
{
	cleanup(buf_done) struct buf sealed = BUF_INIT;
	const char *const recipients[] = {RECIPIENT};
	struct err err = ERR_INIT;

	(void)state;
	behave("");
	assert_ok(seal(recipients, 1, &sealed, &err), err);
	behave("pin");
	assert_fails(unseal(&sealed, NULL, &err), err, ERR_DENIED);
	assert_contains(err.message, "the PIN is wrong");
}

/* Whoever stops at a prompt is not asked by the next plugin. */
static void a_stop_is_the_end_of_it(void **state)
{
	cleanup(buf_done) struct buf sealed = BUF_INIT;
	const char *const recipients[] = {RECIPIENT};
	struct person person = {.pin = "4321", .stops = true};
	struct err err = ERR_INIT;

	(void)state;
	behave("");
	assert_ok(seal(recipients, 1, &sealed, &err), err);
	behave("pin");
	assert_fails(
	    unseal_with(&sealed, IDENTITY "\n" IDENTITY, &person, &err), err,
	    ERR_CANCELLED);
	assert_int_equal(person.asked, 1);
}

static void kinds_do_not_mix(void **state)
{
	cleanup(buf_done) struct buf sealed = BUF_INIT;
	const char *const mixed[] = {CLASSIC, RECIPIENT};
	const char *const alike[] = {RECIPIENT, RECIPIENT};
	struct err err = ERR_INIT;

	(void)state;
	behave("labels");
	assert_fails(seal(mixed, 2, &sealed, &err), err, ERR_USAGE);
	assert_contains(err.message, "classic and postquantum");
	assert_ok(seal(alike, 2, &sealed, &err), err);
	assert_ok(unseal(&sealed, NULL, &err), err);
}

/* Recipients of both kinds; how long the header becomes, or 0 with err. */
static size_t header_of(
    size_t scripted, size_t classic, struct buf *sealed, struct err *err)
{
	autofree const char **all =
	    mem_zalloc((scripted + classic) * sizeof(*all));

	for (size_t i = 0; i < scripted + classic; i++)
		all[i] = i < scripted ? RECIPIENT : CLASSIC;
	if (seal(all, scripted + classic, sealed, err))
		return 0;
	return sealed->len - AGE_PAYLOAD_NONCE_LEN - strlen("hello") -
	       AGE_TAG_LEN;
}

/* A file that nobody opens is not written. */
static void a_header_is_not_written_longer_than_it_is_read(void **state)
{
	cleanup(buf_done) struct buf base = BUF_INIT, full = BUF_INIT;
	cleanup(buf_done) struct buf more = BUF_INIT;
	struct err err = ERR_INIT;

	(void)state;
	behave("long");
	size_t one = header_of(1, 0, &base, &err);
	buf_clear(&base);
	size_t long_ones = AGE_HEADER_MAX_BYTES / one;
	size_t len = header_of(long_ones, 0, &base, &err);
	buf_clear(&base);
	size_t each = header_of(long_ones, 1, &base, &err) - len;
	size_t fits = (AGE_HEADER_MAX_BYTES - len) / each;
	assert_int_equal(
	    header_of(long_ones, fits, &full, &err), len + fits * each);
	assert_ok(unseal(&full, NULL, &err), err);
	assert_int_equal(header_of(long_ones, fits + 1, &more, &err), 0);
	assert_int_equal(err.code, ERR_USAGE);
	assert_contains(err.message, "bytes; 262144 are allowed");
	assert_int_equal(more.len, 0);
}

static void stanzas_are_not_more_than_are_read(void **state)
{
	cleanup(buf_done) struct buf full = BUF_INIT, more = BUF_INIT;
	struct err err = ERR_INIT;

	(void)state;
	behave("");
	assert_int_not_equal(header_of(1, 1023, &full, &err), 0);
	assert_ok(unseal(&full, NULL, &err), err);
	assert_int_equal(header_of(1, 1024, &more, &err), 0);
	assert_int_equal(err.code, ERR_USAGE);
	assert_contains(
	    err.message, "a header of 1025 stanzas; 1024 are allowed");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(names_lead_to_programs),
	    cmocka_unit_test(a_file_key_goes_there_and_back),
	    cmocka_unit_test(what_a_plugin_fails_at_is_told),
	    cmocka_unit_test(nobody_can_be_asked),
	    cmocka_unit_test(a_stop_is_the_end_of_it),
	    cmocka_unit_test(kinds_do_not_mix),
	    cmocka_unit_test(a_header_is_not_written_longer_than_it_is_read),
	    cmocka_unit_test(stanzas_are_not_more_than_are_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
