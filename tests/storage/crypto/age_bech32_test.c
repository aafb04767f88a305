#include "storage/crypto/age_bech32.h"

#include "storage/base/cleanup.h"
#include "storage/base/file.h"
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
		age_bech32_add(&text, hrp, data, 32);
		assert_int_equal(text.len, strlen(hrp) + 1 + 52 + 6);
		assert_int_equal(
		    age_bech32_decode(text.data, text.len, hrp, back, 32), 0);
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
	assert_int_equal(
	    age_bech32_decode(KEY, strlen(KEY), "age", data, 32), 0);
	age_bech32_add(&again, "age", data, 32);
	assert_string_equal(buf_str(&again), KEY);
	for (size_t i = 0; i < sizeof(KEY); i++)
		upper[i] = (char)toupper((unsigned char)KEY[i]);
	assert_int_equal(
	    age_bech32_decode(upper, strlen(KEY), "AGE", data, 32), 0);
	assert_int_equal(
	    age_bech32_decode(upper, strlen(KEY), "age", data, 32), -1);
	upper[20] = (char)tolower((unsigned char)upper[20]);
	assert_int_equal(
	    age_bech32_decode(upper, strlen(KEY), "AGE", data, 32), -1);
}

/* Made by age-keygen -pq (1.3.2); 1,216 bytes. */
static void a_long_one_is_read_and_written(void **state)
{
	cleanup(buf_done) struct buf text = BUF_INIT, again = BUF_INIT;
	struct err err = ERR_INIT;
	uint8_t data[1216];

	(void)state;
	assert_ok(
	    file_read("tests/data/age-pq/key.pub", 4096, &text, &err), err);
	assert_int_equal(text.len, age_bech32_len("age1pq", sizeof data));
	assert_int_equal(
	    age_bech32_decode(text.data, text.len, "age1pq", data, sizeof data),
	    0);
	age_bech32_add(&again, "age1pq", data, sizeof data);
	assert_string_equal(buf_str(&again), buf_str(&text));
	/* Of another length, though its checksum is right. */
	assert_int_equal(age_bech32_decode(text.data, text.len, "age1pq", data,
			     sizeof data - 1),
	    -1);
	text.data[1000] = text.data[1000] == 'q' ? 'p' : 'q';
	assert_int_equal(
	    age_bech32_decode(text.data, text.len, "age1pq", data, sizeof data),
	    -1);
	for (size_t i = 0; i < sizeof data; i++)
		assert_int_equal(data[i], 0);
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
		    age_bech32_decode(text, strlen(KEY), "age", data, 32), -1);
		memcpy(text, KEY, sizeof(KEY));
		text[i] = 'b'; /* not of the alphabet */
		assert_int_equal(
		    age_bech32_decode(text, strlen(KEY), "age", data, 32), -1);
	}
	memcpy(text, KEY, sizeof(KEY));
	memset(data, 7, sizeof(data));
	text[60] = text[60] == 'q' ? 'p' : 'q';
	assert_int_equal(
	    age_bech32_decode(text, strlen(KEY), "age", data, 32), -1);
	for (size_t i = 0; i < sizeof(data); i++)
		assert_int_equal(data[i], 0);
	assert_int_equal(
	    age_bech32_decode(KEY, strlen(KEY) - 1, "age", data, 32), -1);
	assert_int_equal(
	    age_bech32_decode(KEY "q", strlen(KEY) + 1, "age", data, 32), -1);
	assert_int_equal(
	    age_bech32_decode(KEY, strlen(KEY), "agf", data, 32), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(what_is_written_is_read_back),
	    cmocka_unit_test(a_key_of_age_is_read),
	    cmocka_unit_test(a_long_one_is_read_and_written),
	    cmocka_unit_test(a_mistyped_character_is_noticed),
	};

	return cmocka_run_group_tests_name("age_bech32", tests, NULL, NULL);
}
