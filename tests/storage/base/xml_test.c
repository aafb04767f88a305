#include "storage/base/xml.h"

#include "storage/base/buf.h"
#include "storage/base/cleanup.h"
#include "tests/support/test.h"

#include <string.h>

static struct xml *parse(const char *text, struct err *err)
{
	return xml_parse(text, strlen(text), err);
}

static void reads_elements_and_text(void **state)
{
	static const char text[] =
	    "<?xml version=\"1.0\"?><s3:List xmlns:s3=\"u\" a=\"b\">"
	    "<Key>a&amp;b&#65;</Key><Key/><Other>x<b>y</b>z</Other>"
	    "<Key>last</Key></s3:List>";
	struct err err = ERR_INIT;
	cleanup(xml_freep) struct xml *x = parse(text, &err);

	(void)state;
	assert_non_null(x);
	assert_string_equal(x->name, "List");
	assert_null(x->parent);
	const struct xml *key = xml_child(x, "Key");
	assert_string_equal(key->text, "a&bA");
	assert_ptr_equal(key->parent, x);
	key = xml_again(key, "Key");
	assert_string_equal(key->text, "");
	key = xml_again(key, "Key");
	assert_string_equal(key->text, "last");
	assert_null(xml_again(key, "Key"));
	assert_string_equal(xml_text(x, "Other"), "xz");
	assert_string_equal(xml_text(xml_child(x, "Other"), "b"), "y");
	assert_null(xml_text(x, "b"));
	assert_null(xml_child(x, "key"));
	assert_null(xml_child(NULL, "Key"));
	assert_null(xml_again(NULL, "Key"));
	assert_null(xml_text(NULL, "Key"));
}

static void refuses_what_is_no_document(void **state)
{
	static const char *const table[] = {"", "   ", "text", "<a>", "<a></b>",
	    "<a/><b/>", "<a>&nbsp;</a>", "<a>\x01</a>", "<a>\xff</a>",
	    "<a b=c/>"};
	struct err err = ERR_INIT;

	(void)state;
	for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++) {
		err = (struct err)ERR_INIT;
		assert_null(parse(table[i], &err));
		assert_int_equal(err.code, ERR_FORMAT);
		assert_contains(err.message, "XML, line ");
	}
	assert_null(xml_parse("<a>\0</a>", 8, &err));
	assert_null(parse("<a>\n\n</b>", &err));
	assert_contains(err.message, "line 3");
}

/* Entities of the document's own may grow without end, or name files. */
static void refuses_document_types(void **state)
{
	struct err err = ERR_INIT;

	(void)state;
	assert_null(parse("<!DOCTYPE a [<!ENTITY x \"y\">]><a>&x;</a>", &err));
	assert_contains(err.message, "a document type is not allowed");
	err = (struct err)ERR_INIT;
	assert_null(
	    parse("<!DOCTYPE a SYSTEM \"file:///etc/passwd\"><a/>", &err));
	assert_contains(err.message, "a document type is not allowed");
}

static struct xml *nested(size_t levels, struct err *err)
{
	cleanup(buf_done) struct buf text = BUF_INIT;

	for (size_t i = 0; i < levels; i++)
		buf_add_str(&text, "<a>");
	for (size_t i = 0; i < levels; i++)
		buf_add_str(&text, "</a>");
	return xml_parse(text.data, text.len, err);
}

static void limits_the_depth(void **state)
{
	struct err err = ERR_INIT;
	cleanup(xml_freep) struct xml *deepest = nested(64, &err);
	size_t levels = 0;

	(void)state;
	for (const struct xml *x = deepest; x; x = x->first)
		levels++;
	assert_int_equal(levels, 64);
	assert_null(nested(65, &err));
	assert_int_equal(err.code, ERR_FORMAT);
	assert_contains(err.message, "nested too deeply");
}

static struct xml *siblings(size_t all, struct err *err)
{
	cleanup(buf_done) struct buf text = BUF_INIT;

	buf_add_str(&text, "<a>");
	for (size_t i = 1; i < all; i++)
		buf_add_str(&text, "<b/>");
	buf_add_str(&text, "</a>");
	return xml_parse(text.data, text.len, err);
}

static void limits_the_number(void **state)
{
	struct err err = ERR_INIT;
	cleanup(xml_freep) struct xml *most = siblings(1000 * 1000, &err);

	(void)state;
	assert_non_null(most);
	assert_null(siblings(1000 * 1000 + 1, &err));
	assert_int_equal(err.code, ERR_FORMAT);
	assert_contains(err.message, "too many elements");
}

static void text_survives_the_way_there_and_back(void **state)
{
	static const char text[] = "<&>\"' ]]> gr\xc3\xbc\xc3\x9f";
	cleanup(buf_done) struct buf out = BUF_INIT;
	cleanup(buf_done) struct buf control = BUF_INIT;
	struct err err = ERR_INIT;

	(void)state;
	buf_add_str(&out, "<a>");
	xml_add_text(&out, text);
	buf_add_str(&out, "</a>");
	cleanup(xml_freep) struct xml *x = xml_parse(out.data, out.len, &err);
	assert_non_null(x);
	assert_string_equal(x->text, text);
	xml_add_text(&control, "a\x01\r\n");
	assert_string_equal(buf_str(&control), "a&#1;&#13;&#10;");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(reads_elements_and_text),
	    cmocka_unit_test(refuses_what_is_no_document),
	    cmocka_unit_test(refuses_document_types),
	    cmocka_unit_test(limits_the_depth),
	    cmocka_unit_test(limits_the_number),
	    cmocka_unit_test(text_survives_the_way_there_and_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
