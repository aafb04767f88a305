#include "storage/base/pieces.h"

#include "storage/base/cleanup.h"
#include "storage/base/json.h"
#include "storage/base/json_text.h"
#include "tests/support/test.h"

#include <stdio.h>
#include <stdlib.h>

enum { MANY = 100000 };

struct taken {
	struct buf text;
	size_t pieces, longest;
};

static void take(void *ctx, const char *text, size_t len)
{
	struct taken *t = ctx;

	test_take(&t->text, text, len);
	t->pieces++;
	if (len > t->longest)
		t->longest = len;
}

/* As one document, wherever it was cut, and never much of it at a time. */
static void a_long_document_is_handed_on_in_pieces(void **state)
{
	struct taken taken = {.text = BUF_INIT};
	struct pieces p = {.take = take, .ctx = &taken};

	(void)state;
	json_text_array(&p.text, NULL);
	for (int i = 0; i < MANY; i++) {
		json_text_line(&p.text);
		json_text_object(&p.text, NULL);
		json_text_int(&p.text, "n", i);
		pieces_pass(&p);
		json_text_str(&p.text, "name", "a name");
		json_text_object_end(&p.text);
		pieces_pass(&p);
	}
	json_text_array_end(&p.text);
	pieces_end(&p);
	assert_true(taken.pieces > 10);
	assert_true(taken.longest < taken.text.len / 10);
	cleanup(json_freep) struct json_object *j =
	    test_json(buf_str(&taken.text));
	assert_int_equal(json_len(j), MANY);
	for (int i = 0; i < MANY; i++)
		assert_int_equal(
		    json_get_int(json_at(j, (size_t)i), "n", -1), i);
	buf_done(&taken.text);
}

static void what_is_short_is_handed_on_at_the_end(void **state)
{
	struct taken taken = {.text = BUF_INIT};
	struct pieces p = {.take = take, .ctx = &taken};

	(void)state;
	buf_add_str(&p.text, "short");
	pieces_pass(&p);
	assert_int_equal(taken.pieces, 0);
	pieces_end(&p);
	assert_string_equal(buf_str(&taken.text), "short");
	buf_add_str(&p.text, " again");
	pieces_end(&p);
	assert_string_equal(buf_str(&taken.text), "short again");
	buf_done(&taken.text);
}

static void a_file_takes_any_bytes(void **state)
{
	autofree char *written = NULL;
	size_t len = 0;
	FILE *file = open_memstream(&written, &len);
	struct pieces p = {.take = pieces_to_file, .ctx = file};

	(void)state;
	buf_add(&p.text, "a\0b", 3);
	pieces_end(&p);
	fclose(file);
	assert_int_equal(len, 3);
	assert_memory_equal(written, "a\0b", 3);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_long_document_is_handed_on_in_pieces),
	    cmocka_unit_test(what_is_short_is_handed_on_at_the_end),
	    cmocka_unit_test(a_file_takes_any_bytes),
	};
	return cmocka_run_group_tests_name("pieces", tests, NULL, NULL);
}
