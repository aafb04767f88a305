#include "storage/crypto/note.h"

#include "storage/base/cleanup.h"
#include "storage/base/str.h"
#include "tests/support/keys.h"
#include "tests/support/test.h"

#include <ctype.h>

#define DASH "\xe2\x80\x94 "

/* The example of c2sp.org/signed-note. */
#define FOO                                                                    \
	"example.com/"                                                         \
	"foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k"
static const char foo_note[] =
    "This is an example message.\n\n" DASH "example.com/foo "
    "Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXm"
    "RKuwHjG1Yu72IneyaQM=\n";

/* Both of the key whose seed is the bytes 00 to 1f, made with openssl. */
#define LOG_KEY                                                                \
	"example.com/log+d455c521+"                                            \
	"AQOhB7/zzhC+HXDdGOdLwJln5NYwm6UNXx3chmQSVTG4"
#define WITNESS_KEY                                                            \
	"witness.example.org/w1+cfcd1a67+"                                     \
	"BAOhB7/zzhC+HXDdGOdLwJln5NYwm6UNXx3chmQSVTG4"
#define CHECKPOINT                                                             \
	"example.com/log\n0\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n"
#define LOG_LINE                                                               \
	DASH "example.com/log "                                                \
	     "1FXFIXIShRBLxRBEZXqVdy1Nkx+1zbp9Y0+6j7NZG/kHjr9NfsYnV9EfS77h9cS" \
	     "pgRjjZDwPKs8Cs27wuiMjKxk9QgE=\n"
#define WITNESS_LINE                                                           \
	DASH "witness.example.org/w1 "                                         \
	     "z80aZwAAAABkGFDLEvYiddNaFn0OWsWYThsgI90s4WT4B/akqN3IhncG3YBMjFA" \
	     "RTmpSCSgEX4co4S6XNHk9KEgkq2GUQ+/2pcT2Cg==\n"
#define COSIGNED CHECKPOINT "\n" LOG_LINE WITNESS_LINE

static struct note_key key_of(const char *vkey)
{
	struct err err = ERR_INIT;
	struct note_key key;

	assert_ok(note_key_parse(vkey, &key, &err), err);
	return key;
}

static int64_t verify(const char *vkey, const char *note)
{
	struct note_key key = key_of(vkey);
	struct err err = ERR_INIT;
	int64_t time = -1;

	assert_ok(note_verify(note, strlen(note), &key, &time, &err), err);
	return time;
}

static void refuse(const char *vkey, const char *note, enum err_code code)
{
	struct note_key key = key_of(vkey);
	struct err err;
	int64_t time;

	assert_fails(
	    note_verify(note, strlen(note), &key, &time, &err), err, code);
}

static void a_note_of_the_specification_holds(void **state)
{
	(void)state;
	assert_int_equal(verify(FOO, foo_note), 0);
	refuse(LOG_KEY, foo_note, ERR_INTEGRITY);
}

static void a_cosignature_has_its_time(void **state)
{
	cleanup(buf_done) struct buf line = BUF_INIT;
	struct note_key key = key_of(WITNESS_KEY);

	(void)state;
	assert_int_equal(verify(LOG_KEY, COSIGNED), 0);
	assert_int_equal(verify(WITNESS_KEY, COSIGNED), 1679315147);
	note_line(COSIGNED, strlen(COSIGNED), &key, &line);
	assert_string_equal(buf_str(&line), WITNESS_LINE);
	refuse(WITNESS_KEY, CHECKPOINT "\n" LOG_LINE, ERR_INTEGRITY);
	/* Of another text, and one that is too short beside one that holds. */
	refuse(WITNESS_KEY, "x\n" COSIGNED, ERR_INTEGRITY);
	refuse(WITNESS_KEY, COSIGNED DASH "witness.example.org/w1 z80aZwA=\n",
	    ERR_INTEGRITY);
}

static void what_is_no_note_is_refused(void **state)
{
	static const char *const bad[] = {"", "\n", "\n\n", "text\n",
	    "text\n\n", "\n" LOG_LINE, "text\n\n" DASH "a b\n",
	    "text\n\n" DASH "a AAAA\n", "text\n\n" DASH "a+b AAAAAAA=\n",
	    "text\n\n" DASH "a AAAAAAA=", "te\rxt\n\n" DASH "a AAAAAAA=\n",
	    "te\xffxt\n\n" DASH "a AAAAAAA=\n",
	    "text\n\n" DASH "a AAAAAAA=\nmore\n"};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		refuse(LOG_KEY, bad[i], ERR_FORMAT);
}

static void keys_are_written_as_they_are_read(void **state)
{
	static const char *const bad[] = {"", "a", "a+b+c",
	    /* another id, another kind, a short key, a name with a space */
	    "example.com/log+d455c522+"
	    "AQOhB7/zzhC+HXDdGOdLwJln5NYwm6UNXx3chmQSVTG4",
	    "example.com/log+d455c521+"
	    "AgOhB7/zzhC+HXDdGOdLwJln5NYwm6UNXx3chmQSVTG4",
	    "example.com/log+d455c521+AQOhB7/z",
	    "example.com log+d455c521+"
	    "AQOhB7/zzhC+HXDdGOdLwJln5NYwm6UNXx3chmQSVTG4"};
	cleanup(buf_done) struct buf text = BUF_INIT;
	struct note_key key = key_of(WITNESS_KEY);
	struct err err;

	(void)state;
	note_key_write(&key, &text);
	assert_string_equal(buf_str(&text), WITNESS_KEY);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_fails(
		    note_key_parse(bad[i], &key, &err), err, ERR_FORMAT);
}

/* Other programs of C2SP read an ID in capitals, and so it is typed. */
static void an_id_is_read_in_capitals(void **state)
{
	cleanup(buf_done) struct buf text = BUF_INIT;
	char vkey[] = WITNESS_KEY;
	struct note_key key;

	(void)state;
	for (char *c = strchr(vkey, '+') + 1; *c != '+'; c++)
		*c = (char)toupper((unsigned char)*c);
	assert_string_not_equal(vkey, WITNESS_KEY);
	key = key_of(vkey);
	note_key_write(&key, &text);
	assert_string_equal(buf_str(&text), WITNESS_KEY);
}

static void what_is_signed_here_holds(void **state)
{
	cleanup(buf_done) struct buf note = BUF_INIT, vkey = BUF_INIT;
	cleanup(minisign_key_freep) struct minisign_key *secret = NULL;
	struct test_random random;
	struct note_key key;

	(void)state;
	test_random_init(&random, 3);
	secret = test_key_make(&random);
	note_sign(CHECKPOINT, strlen(CHECKPOINT), "a/b", secret, &note);
	note_key_make(
	    "a/b", NOTE_SIGNATURE, minisign_key_public(secret)->key, &key);
	note_key_write(&key, &vkey);
	assert_int_equal(verify(buf_str(&vkey), buf_str(&note)), 0);
	note.data[0]++;
	refuse(buf_str(&vkey), buf_str(&note), ERR_INTEGRITY);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_note_of_the_specification_holds),
	    cmocka_unit_test(a_cosignature_has_its_time),
	    cmocka_unit_test(what_is_no_note_is_refused),
	    cmocka_unit_test(keys_are_written_as_they_are_read),
	    cmocka_unit_test(an_id_is_read_in_capitals),
	    cmocka_unit_test(what_is_signed_here_holds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
