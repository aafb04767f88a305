/* A page holds its data as data, and lets nothing run but its own script. */
#include "restore/pages/page.h"

#include "restore/pages/assets.h"
#include "storage/base/base64.h"
#include "storage/base/cleanup.h"
#include "storage/base/digest.h"
#include "tests/support/test.h"

#include <string.h>

static size_t count(const char *text, const char *what)
{
	size_t n = 0;

	for (const char *at = text; (at = strstr(at, what)); at++)
		n++;
	return n;
}

static void no_tag_begins_in_the_data(void **state)
{
	static const char json[] =
	    "{\"a\":\"</script><script>x()</script><!--\",\"b\":\"&lt;]]>\"}";
	cleanup(buf_done) struct buf data = BUF_INIT, page = BUF_INIT;

	(void)state;
	buf_add_str(&data, json);
	page_write("plan", &data, &page);
	const char *text = buf_str(&page);
	assert_int_equal(count(text, "<script"), 2);
	assert_int_equal(count(text, "</script>"), 2);
	assert_null(strstr(text, "<!--"));
	assert_non_null(
	    strstr(text, "{\"a\":\"\\u003c/script\\u003e\\u003cscript\\u003ex()"
			 "\\u003c/script\\u003e\\u003c!--\","
			 "\"b\":\"\\u0026lt;]]\\u003e\"}"));
}

static void expect_source(const char *page, const char *text, size_t len,
    const char *before, const char *after)
{
	cleanup(buf_done) struct buf whole = BUF_INIT, source = BUF_INIT;
	uint8_t sha256[DIGEST_SHA256_LEN];

	buf_add_str(&whole, before);
	buf_add(&whole, text, len);
	buf_add_str(&whole, after);
	assert_non_null(strstr(page, buf_str(&whole)));
	digest_of(DIGEST_SHA256, text, len, sha256);
	buf_add_str(&source, "-src 'sha256-");
	base64_add(&source, sha256, sizeof(sha256), true);
	buf_add_str(&source, "';");
	assert_int_equal(count(page, buf_str(&source)), 1);
}

/* By digest, so that the words of the page are the very ones that may run. */
static void the_policy_names_its_own_script_and_style(void **state)
{
	cleanup(buf_done) struct buf data = BUF_INIT, page = BUF_INIT;
	size_t style_len, script_len;
	const char *style = assets_style(&style_len);
	const char *script = assets_script(&script_len);

	(void)state;
	buf_add_str(&data, "{}");
	page_write("diff", &data, &page);
	const char *text = buf_str(&page);
	expect_source(text, style, style_len, "<style>", "</style>");
	expect_source(text, script, script_len, "<script>", "</script>");
	assert_non_null(strstr(text, "default-src 'none'"));
	assert_non_null(strstr(text, "data-view=\"diff\""));
	/* Nothing in it makes markup out of text. */
	assert_null(strstr(text, "innerHTML"));
	assert_null(strstr(text, "eval("));
	/* And no address but the name of a language. */
	assert_int_equal(count(text, "://"), 1);
	assert_non_null(strstr(text, "\"http://www.w3.org/2000/svg\""));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(no_tag_begins_in_the_data),
	    cmocka_unit_test(the_policy_names_its_own_script_and_style),
	};

	return cmocka_run_group_tests_name("page", tests, NULL, NULL);
}
