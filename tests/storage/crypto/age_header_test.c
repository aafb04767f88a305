#include "storage/crypto/age_header.h"

#include "storage/base/cleanup.h"
#include "tests/support/test.h"

#include <stdlib.h>
#include <string.h>

/* 32 bytes in base64 without padding. */
#define MAC "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8"
#define END "--- " MAC "\n"
#define L64 "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"

static void a_header_is_read(void **state)
{
	static const char text[] =
	    AGE_VERSION_LINE "-> X25519 arg\nAAEC\n"
			     "-> grease ! ~\n" L64 "\nAAEC\n"
			     "-> empty\n\n" END;
	struct age_header h;
	struct err err = ERR_INIT;

	(void)state;
	assert_ok(age_header_parse(text, strlen(text), &h, &err), err);
	assert_int_equal(h.stanzas.len, 3);
	assert_int_equal(h.stanzas.items[0].args.len, 2);
	assert_string_equal(h.stanzas.items[0].args.items[1], "arg");
	assert_memory_equal(h.stanzas.items[0].body.data, "\0\1\2", 3);
	assert_int_equal(h.stanzas.items[1].args.len, 3);
	assert_string_equal(h.stanzas.items[1].args.items[2], "~");
	assert_int_equal(h.stanzas.items[1].body.len, 48 + 3);
	assert_int_equal(h.stanzas.items[2].body.len, 0);
	for (uint8_t i = 0; i < AGE_MAC_LEN; i++)
		assert_int_equal(h.mac[i], i);
	/* Up to and with the three dashes. */
	assert_int_equal(h.mac_covers, strlen(text) - strlen(END) + 3);
	age_header_done(&h);
}

static void what_is_no_header_is_refused(void **state)
{
#define ONE "-> X25519 arg\nAAEC\n"
	static const struct {
		const char *text;
		const char *wrong;
	} rows[] = {
	    {"", "its first line"},
	    {"age-encryption.org/v2\n" ONE END, "its first line"},
	    {"age-encryption.org/v1 \n" ONE END, "its first line"},
	    {"age-encryption.org/v1", "its first line"},
	    {AGE_VERSION_LINE END, "no recipients"},
	    {AGE_VERSION_LINE ONE, "it has no end"},
	    {AGE_VERSION_LINE "->X25519\nAAEC\n" END, "no stanza starts here"},
	    {AGE_VERSION_LINE "\n" ONE END, "no stanza starts here"},
	    {AGE_VERSION_LINE "-> \nAAEC\n" END, "an empty argument"},
	    {AGE_VERSION_LINE "-> a  b\nAAEC\n" END, "an empty argument"},
	    {AGE_VERSION_LINE "-> a \nAAEC\n" END, "an empty argument"},
	    {AGE_VERSION_LINE "-> a\tb\nAAEC\n" END, "not allowed"},
	    {AGE_VERSION_LINE "-> \x7f\nAAEC\n" END, "not allowed"},
	    {AGE_VERSION_LINE "-> \xc3\xa4\nAAEC\n" END, "not allowed"},
	    {AGE_VERSION_LINE "-> a\r\nAAEC\n" END, "not allowed"},
	    {AGE_VERSION_LINE "-> a\n", "it ends in a stanza"},
	    /* A full line needs one behind it, be it an empty one. */
	    {AGE_VERSION_LINE "-> a\n" L64 "\n" END, "base64"},
	    {AGE_VERSION_LINE "-> a\n" L64 "A\n\n" END, "too long a line"},
	    {AGE_VERSION_LINE "-> a\nAAE=\n" END, "not canonical"},
	    {AGE_VERSION_LINE "-> a\nAB\n" END, "not canonical"},
	    {AGE_VERSION_LINE ONE "---\n", "a bad MAC line"},
	    {AGE_VERSION_LINE ONE "---" MAC "\n", "a bad MAC line"},
	    {AGE_VERSION_LINE ONE "---  " MAC "\n", "a bad MAC line"},
	    {AGE_VERSION_LINE ONE "--- AAEC\n", "a bad MAC line"},
	    {AGE_VERSION_LINE ONE "--- " MAC "AA\n", "a bad MAC line"},
	    {AGE_VERSION_LINE ONE "--- " MAC "=\n", "a bad MAC line"},
	    {AGE_VERSION_LINE ONE END "x", "bytes after its end"},
	};
	struct age_header h;
	struct err err = ERR_INIT;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		if (age_header_parse(
			rows[i].text, strlen(rows[i].text), &h, &err) == 0)
			fail_msg("taken: %s", rows[i].text);
		assert_int_equal(err.code, ERR_FORMAT);
		assert_contains(err.message, rows[i].wrong);
		assert_int_equal(h.stanzas.len, 0);
	}
}

/* Without a limit a header could make a reader work for hours. */
static void too_many_recipients_are_refused(void **state)
{
	cleanup(buf_done) struct buf text = BUF_INIT;
	struct age_header h;
	struct err err = ERR_INIT;

	(void)state;
	buf_add_str(&text, AGE_VERSION_LINE);
	for (int i = 0; i < 1024; i++)
		buf_add_str(&text, "-> a\n\n");
	const size_t full = text.len;
	buf_add_str(&text, END);
	assert_ok(age_header_parse(text.data, text.len, &h, &err), err);
	assert_int_equal(h.stanzas.len, 1024);
	age_header_done(&h);
	buf_truncate(&text, full);
	buf_add_str(&text, "-> a\n\n" END);
	assert_fails(
	    age_header_parse(text.data, text.len, &h, &err), err, ERR_FORMAT);
	assert_contains(err.message, "too many recipients");
}

static void a_header_is_whole_with_its_last_line(void **state)
{
	static const char text[] = AGE_VERSION_LINE "-> a --- b\nAAEC\n" END;
	const size_t len = strlen(text);

	(void)state;
	for (size_t n = 0; n < len; n++)
		assert_int_equal(age_header_is_whole(text, n), 0);
	assert_int_equal(age_header_is_whole(text, len), 1);
}

static void a_stanza_has_as_many_arguments_as_are_given(void **state)
{
	cleanup(buf_done) struct buf text = BUF_INIT;

	(void)state;
	age_header_add_stanza(&text, "done", NULL, NULL, "", 0);
	age_header_add_stanza(&text, "ok", "yes", NULL, "", 0);
	age_header_add_stanza(&text, "scrypt", "salt", "18", "\0\1\2", 3);
	assert_string_equal(buf_str(&text),
	    "-> done\n\n-> ok yes\n\n-> scrypt salt 18\nAAEC\n");
}

/* Whatever the length of the body, it is read back: one that fills its last
 * line is followed by an empty one. */
static void what_is_written_is_read_back(void **state)
{
	uint8_t body[200];

	(void)state;
	memset(body, 0xa5, sizeof(body));
	for (size_t len = 0; len <= sizeof(body); len++) {
		cleanup(buf_done) struct buf text = BUF_INIT;
		struct age_header h;
		struct err err = ERR_INIT;

		buf_add_str(&text, AGE_VERSION_LINE);
		age_header_add_stanza(
		    &text, "scrypt", "salt", len % 2 ? "18" : NULL, body, len);
		buf_add_str(&text, END);
		assert_ok(age_header_parse(text.data, text.len, &h, &err), err);
		assert_int_equal(h.stanzas.items[0].args.len, len % 2 ? 3 : 2);
		assert_int_equal(h.stanzas.items[0].body.len, len);
		if (len)
			assert_memory_equal(
			    h.stanzas.items[0].body.data, body, len);
		age_header_done(&h);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_header_is_read),
	    cmocka_unit_test(what_is_no_header_is_refused),
	    cmocka_unit_test(too_many_recipients_are_refused),
	    cmocka_unit_test(a_header_is_whole_with_its_last_line),
	    cmocka_unit_test(a_stanza_has_as_many_arguments_as_are_given),
	    cmocka_unit_test(what_is_written_is_read_back),
	};

	return cmocka_run_group_tests_name("age_header", tests, NULL, NULL);
}
