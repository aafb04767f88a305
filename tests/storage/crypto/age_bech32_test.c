#include "storage/crypto/age_bech32.h"

#include "storage/base/cleanup.h"
#include "tests/support/test.h"

#include <ctype.h>
#include <string.h>

static void what_is_written_is_read_back(void **state)
{
	static const char *const prefixes[] = {"age", "age-secret-key-"};

	(void)state;
	for (int i = 0; i < 256; i++) {
		cleanup(buf_done) struct buf text = BUF_INIT;
		const char *hrp = prefixes[i % 2];
		uint8_t data[32], back[32] = {0};
		memset(data, i, sizeof(data));
		data[i % 32] ^= 0x5a;
		age_bech32_add(&text, hrp, data);
		assert_int_equal(text.len, strlen(hrp) + 1 + 52 + 6);
		assert_int_equal(
		    age_bech32_decode(text.data, text.len, hrp, back), 0);
		assert_memory_equal(back, data, sizeof(data));
	}
}

#define KEY "age1zvkyg2lqzraa2lnjvqej32nkuu0ues2s82hzrye869xeexvn73equnujwj"

/* The recipient in age's own README. */
static void a_key_of_age_is_read(void **state)
{
	cleanup(buf_done) struct buf again = BUF_INIT;
	uint8_t data[32];
	char upper[sizeof(KEY)];

	(void)state;
	assert_int_equal(age_bech32_decode(KEY, strlen(KEY), "age", data), 0);
	age_bech32_add(&again, "age", data);
	assert_string_equal(buf_str(&again), KEY);
	for (size_t i = 0; i < sizeof(KEY); i++)
		upper[i] = (char)toupper((unsigned char)KEY[i]);
	assert_int_equal(age_bech32_decode(upper, strlen(KEY), "AGE", data), 0);
	assert_int_equal(
	    age_bech32_decode(upper, strlen(KEY), "age", data), -1);
	upper[20] = (char)tolower((unsigned char)upper[20]);
	assert_int_equal(
	    age_bech32_decode(upper, strlen(KEY), "AGE", data), -1);
}

/* Each character counts in the checksum; and a text that is refused leaves
 * nothing of it behind. */
static void a_mistyped_character_is_noticed(void **state)
{
	char text[sizeof(KEY)];
	uint8_t data[32];

	(void)state;
	for (size_t i = 0; i < strlen(KEY); i++) {
		memcpy(text, KEY, sizeof(KEY));
		text[i] = text[i] == 'q' ? 'p' : 'q';
		assert_int_equal(
		    age_bech32_decode(text, strlen(KEY), "age", data), -1);
		memcpy(text, KEY, sizeof(KEY));
		text[i] = 'b'; /* not of the alphabet */
		assert_int_equal(
		    age_bech32_decode(text, strlen(KEY), "age", data), -1);
	}
	memcpy(text, KEY, sizeof(KEY));
	memset(data, 7, sizeof(data));
	text[60] = text[60] == 'q' ? 'p' : 'q';
	assert_int_equal(age_bech32_decode(text, strlen(KEY), "age", data), -1);
	for (size_t i = 0; i < sizeof(data); i++)
		assert_int_equal(data[i], 0);
	assert_int_equal(
	    age_bech32_decode(KEY, strlen(KEY) - 1, "age", data), -1);
	assert_int_equal(
	    age_bech32_decode(KEY "q", strlen(KEY) + 1, "age", data), -1);
	assert_int_equal(age_bech32_decode(KEY, strlen(KEY), "agf", data), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(what_is_written_is_read_back),
	    cmocka_unit_test(a_key_of_age_is_read),
	    cmocka_unit_test(a_mistyped_character_is_noticed),
	};

	return cmocka_run_group_tests_name("age_bech32", tests, NULL, NULL);
}
