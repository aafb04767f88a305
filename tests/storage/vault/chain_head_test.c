/* What is remembered of a vault: it fits on paper, and reads as it was
 * written. */
#include "storage/vault/chain_head.h"

#include "storage/base/cleanup.h"
#include "storage/base/str.h"
#include "storage/crypto/minisign.h"
#include "tests/support/keys.h"
#include "tests/support/test.h"

#include <stdlib.h>
#include <string.h>

#define SHA256                                                                 \
	"0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static void fill(struct chain_head *h)
{
	*h = (struct chain_head){
	    .vault = str_dup("0123456789abcdef0123456789abcdef"),
	    .time = 253402300799,
	    .seen = 253402300798,
	    .since = 253402300799,
	    .unheld = 1000000};
	/* A name of 63 letters, and a stamp. */
	h->label = str_printf("%063d-99991231T235959Z", 0);
	memcpy(h->sha256, SHA256, sizeof(h->sha256));
	for (int i = 0; i < 2 * CHAIN_HEAD_MARKS; i++) {
		autofree char *label = str_printf("prod-%d", i);
		chain_head_mark(&h->marks, label, CHAIN_HEAD_MARKS);
		chain_head_mark(&h->gone, label, CHAIN_HEAD_GONE);
	}
}

static void the_largest_fits_on_paper_with_its_signature(void **state)
{
	cleanup(chain_head_done) struct chain_head h = {.label = NULL};
	cleanup(buf_done) struct buf text = BUF_INIT;
	struct test_random random;
	struct err err = ERR_INIT;

	(void)state;
	test_random_init(&random, 3);
	cleanup(minisign_key_freep) struct minisign_key *key =
	    test_key_make(&random);
	fill(&h);
	chain_head_write(&h, &text);
	assert_ok(
	    minisign_sign(key, text.data, text.len, "head", &text, &err), err);
	assert_true(text.len <= CHAIN_HEAD_MAX_BYTES);
}

static void it_reads_as_it_was_written(void **state)
{
	cleanup(chain_head_done) struct chain_head h = {.label = NULL};
	cleanup(chain_head_done) struct chain_head out = {.label = NULL};
	cleanup(buf_done) struct buf text = BUF_INIT;
	struct err err = ERR_INIT;

	(void)state;
	fill(&h);
	chain_head_write(&h, &text);
	assert_ok(chain_head_parse(text.data, text.len, &out, &err), err);
	assert_string_equal(out.vault, h.vault);
	assert_string_equal(out.label, h.label);
	assert_string_equal(out.sha256, h.sha256);
	assert_int_equal(out.time, h.time);
	assert_int_equal(out.seen, h.seen);
	assert_int_equal(out.since, h.since);
	assert_int_equal(out.unheld, h.unheld);
	assert_int_equal(out.marks.len, h.marks.len);
	assert_memory_equal(out.marks.data, h.marks.data, h.marks.len);
	assert_int_equal(out.gone.len, h.gone.len);
	assert_memory_equal(out.gone.data, h.gone.data, h.gone.len);
}

static void marks_are_found_and_the_oldest_goes(void **state)
{
	cleanup(buf_done) struct buf marks = BUF_INIT;

	(void)state;
	assert_false(chain_head_has(&marks, "a"));
	chain_head_unmark(&marks, "a");
	chain_head_mark(&marks, "a", 2);
	chain_head_mark(&marks, "b", 2);
	chain_head_mark(&marks, "a", 2); /* is the newest now */
	chain_head_mark(&marks, "c", 2);
	assert_true(chain_head_has(&marks, "a"));
	assert_false(chain_head_has(&marks, "b"));
	assert_true(chain_head_has(&marks, "c"));
	chain_head_unmark(&marks, "a");
	assert_false(chain_head_has(&marks, "a"));
	assert_true(chain_head_has(&marks, "c"));
}

static void one_of_an_earlier_version_has_no_marks(void **state)
{
	cleanup(chain_head_done) struct chain_head out = {.label = NULL};
	static const char text[] =
	    "{\"label\":\"a\",\"manifest_sha256\":\"" SHA256
	    "\",\"time\":7,\"marks\":\"AAAA\"}";
	struct err err = ERR_INIT;

	(void)state;
	assert_ok(chain_head_parse(text, strlen(text), &out, &err), err);
	assert_int_equal(out.marks.len, 0);
	assert_int_equal(out.time, 7);
	assert_int_equal(out.since, 8);
	assert_true(out.seen > 253402300799);
}

static void one_without_the_time_of_the_look_is_newer_than_all(void **state)
{
	cleanup(chain_head_done) struct chain_head out = {.label = NULL};
	static const char text[] =
	    "{\"format\":2,\"vault\":\"\",\"label\":\"a\",\"manifest_sha256\":"
	    "\"" SHA256 "\",\"unheld\":0,\"marks\":\"\",\"gone\":\"\"}";
	struct err err = ERR_INIT;

	(void)state;
	assert_ok(chain_head_parse(text, strlen(text), &out, &err), err);
	assert_true(out.seen > 253402300799);
}

static void what_is_none_is_refused(void **state)
{
	static const char *const texts[] = {"", "{", "[]", "{}",
	    "{\"label\":\"a\",\"manifest_sha256\":\"12\"}",
	    "{\"format\":2,\"label\":\"a\",\"manifest_sha256\":\"" SHA256
	    "\",\"time\":7}",
	    "{\"format\":2,\"vault\":\"\",\"label\":\"a\",\"manifest_sha256\":"
	    "\"" SHA256 "\",\"unheld\":-1,\"marks\":\"\",\"gone\":\"\"}",
	    "{\"format\":2,\"vault\":\"\",\"label\":\"a\",\"manifest_sha256\":"
	    "\"" SHA256 "\",\"unheld\":0,\"marks\":\"AAAA\",\"gone\":\"\"}",
	    "{\"format\":2,\"vault\":\"\",\"label\":\"a\",\"manifest_sha256\":"
	    "\"" SHA256 "\",\"unheld\":0,\"marks\":\"AAA*\",\"gone\":\"\"}",
	    "{\"format\":2,\"vault\":\"\",\"label\":\"a\",\"manifest_sha256\":"
	    "\"" SHA256 "\",\"unheld\":0,\"marks\":\"\",\"gone\":\"\","
	    "\"seen\":-1}"};

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
		cleanup(chain_head_done) struct chain_head out = {
		    .label = NULL};
		struct err err = ERR_INIT;
		assert_int_equal(
		    chain_head_parse(texts[i], strlen(texts[i]), &out, &err),
		    -1);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(the_largest_fits_on_paper_with_its_signature),
	    cmocka_unit_test(it_reads_as_it_was_written),
	    cmocka_unit_test(marks_are_found_and_the_oldest_goes),
	    cmocka_unit_test(one_of_an_earlier_version_has_no_marks),
	    cmocka_unit_test(
		one_without_the_time_of_the_look_is_newer_than_all),
	    cmocka_unit_test(what_is_none_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
