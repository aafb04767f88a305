#include "storage/aws/s3_call.h"

#include "storage/base/cleanup.h"
#include "storage/base/xml.h"
#include "tests/support/test.h"

#include <stdlib.h>
#include <string.h>

static int read_page(struct s3_list *l, const char *text,
    struct s3_object_vec *objects, struct strvec *prefixes, struct err *err)
{
	cleanup(xml_freep) struct xml *x = xml_parse(text, strlen(text), err);

	assert_non_null(x);
	*err = (struct err)ERR_INIT;
	return s3_list_read(l, x, objects, prefixes, err);
}

static void a_page_is_read(void **state)
{
	cleanup(s3_objects_done) struct s3_object_vec objects = VEC_INIT;
	cleanup(strvec_done) struct strvec prefixes = VEC_INIT;
	cleanup(s3_list_done) struct s3_list l = {.token = NULL};
	struct err err;

	(void)state;
	assert_ok(read_page(&l,
		      "<R><EncodingType>url</EncodingType>"
		      "<IsTruncated>true</IsTruncated>"
		      "<NextContinuationToken>t%2B+</NextContinuationToken>"
		      "<Contents><Key>a%2Bb+c%00</Key><Size>7</Size>"
		      "<ETag>\"e\"</ETag>"
		      "<LastModified>1970-01-01T00:00:09.000Z</LastModified>"
		      "</Contents><CommonPrefixes><Prefix>p%20/</Prefix>"
		      "</CommonPrefixes><Else/></R>",
		      &objects, &prefixes, &err),
	    err);
	assert_false(l.ended);
	/* A token is sent back as it came. */
	assert_string_equal(l.token, "t%2B+");
	assert_int_equal(objects.len, 1);
	assert_string_equal(objects.items[0].key, "a+b c%00");
	assert_int_equal(objects.items[0].size, 7);
	assert_int_equal(objects.items[0].mtime, 9);
	assert_string_equal(objects.items[0].etag, "\"e\"");
	assert_true(objects.items[0].latest);
	assert_string_equal(prefixes.items[0], "p /");
	/* The last one; a store that does not name the encoding has none. */
	assert_ok(read_page(&l,
		      "<R><Contents><Key>a%2Bb</Key><Size>0</Size></Contents>"
		      "<CommonPrefixes><Prefix>q</Prefix></CommonPrefixes></R>",
		      &objects, NULL, &err),
	    err);
	assert_true(l.ended);
	assert_string_equal(objects.items[1].key, "a%2Bb");
}

static void versions_have_their_own_tokens(void **state)
{
	cleanup(s3_objects_done) struct s3_object_vec objects = VEC_INIT;
	cleanup(s3_list_done) struct s3_list l = {.versions = true};
	struct err err;

#define NEXT(KEY, VERSION)                                                     \
	"<R><EncodingType>url</EncodingType><IsTruncated>true</IsTruncated>"   \
	"<NextKeyMarker>" KEY "</NextKeyMarker><NextVersionIdMarker>" VERSION  \
	"</NextVersionIdMarker>"
	(void)state;
	assert_ok(read_page(&l,
		      NEXT("a%2F", "1") "<Version><Key>k</Key><Size>1</Size>"
					"<VersionId>v</VersionId>"
					"<IsLatest>false</IsLatest></Version>"
					"<DeleteMarker><Key>k</Key><IsLatest>"
					"true</IsLatest></DeleteMarker></R>",
		      &objects, NULL, &err),
	    err);
	assert_string_equal(l.token, "a/");
	assert_string_equal(l.version_token, "1");
	assert_int_equal(objects.len, 2);
	assert_false(objects.items[0].latest);
	assert_false(objects.items[0].delete_marker);
	assert_string_equal(objects.items[0].version_id, "v");
	assert_true(objects.items[1].latest);
	assert_true(objects.items[1].delete_marker);
	/* Of one key there may be many pages. */
	assert_ok(
	    read_page(&l, NEXT("a%2F", "2") "</R>", &objects, NULL, &err), err);
	assert_int_equal(
	    read_page(&l, NEXT("a%2F", "2") "</R>", &objects, NULL, &err), -1);
	assert_int_equal(err.code, ERR_FORMAT);
	assert_contains(err.message, "goes in circles");
}

/* However many pages the circle has, and wherever it begins. */
static void a_circle_of_any_length_is_found(void **state)
{
	enum { LONGEST = 40 };

	(void)state;
	for (int before = 0; before < LONGEST; before += 3)
		for (int len = 1; len < LONGEST; len++) {
			cleanup(s3_objects_done) struct s3_object_vec objects =
			    VEC_INIT;
			cleanup(s3_list_done) struct s3_list l = {0};
			struct err err = ERR_INIT;
			int n = 0;
			while (err.code == ERR_NONE && n < 8 * LONGEST) {
				autofree char *page = str_printf(
				    "<R><IsTruncated>true</IsTruncated>"
				    "<NextContinuationToken>%d"
				    "</NextContinuationToken><Contents><Key>k"
				    "</Key><Size>1</Size></Contents></R>",
				    n < before ? -1 - n : (n - before) % len);
				(void)read_page(&l, page, &objects, NULL, &err);
				n++;
			}
			assert_int_equal(err.code, ERR_FORMAT);
			assert_contains(err.message, "goes in circles");
			assert_true(n > before + len);
		}
}

/* Empty pages may come, and one with an entry begins to count anew. */
static void pages_without_an_entry_end(void **state)
{
	cleanup(s3_objects_done) struct s3_object_vec objects = VEC_INIT;
	cleanup(s3_list_done) struct s3_list l = {0};
	struct err err = ERR_INIT;
	int n = 0;

	(void)state;
	while (err.code == ERR_NONE && n < 3000) {
		autofree char *page =
		    str_printf("<R><IsTruncated>true</IsTruncated>"
			       "<NextContinuationToken>%d"
			       "</NextContinuationToken>%s</R>",
			n,
			n == 500 ? "<Contents><Key>k</Key><Size>1</Size>"
				   "</Contents>"
				 : "");
		(void)read_page(&l, page, &objects, NULL, &err);
		n++;
	}
	assert_int_equal(n, 501 + 1000);
	assert_int_equal(err.code, ERR_FORMAT);
	assert_contains(err.message, "does not end: 1501 pages came, the last "
				     "1000 without an entry");
}

static void a_page_that_misleads_is_refused(void **state)
{
	static const char *const bad[] = {
	    "<R><Contents><Size>1</Size></Contents></R>",
	    "<R><Contents><Key>a</Key></Contents></R>",
	    "<R><Contents><Key>a</Key><Size>-1</Size></Contents></R>",
	    "<R><Contents><Key>a</Key><Size>x</Size></Contents></R>",
	    "<R><Contents><Key>a</Key><Size>9223372036854775808</Size>"
	    "</Contents></R>",
	    "<R><Contents><Key>a</Key><Size>1</Size><LastModified>yesterday"
	    "</LastModified></Contents></R>",
	    "<R><IsTruncated>true</IsTruncated></R>",
	};
	struct err err;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		cleanup(s3_objects_done) struct s3_object_vec v = VEC_INIT;
		cleanup(s3_list_done) struct s3_list l = {0};
		if (read_page(&l, bad[i], &v, NULL, &err) == 0)
			fail_msg("taken: %s", bad[i]);
		assert_int_equal(err.code, ERR_FORMAT);
	}
}

static void what_is_no_escape_stays(void **state)
{
	static const char *const rows[][2] = {{"a+b", "a b"}, {"%41%2f", "A/"},
	    {"%", "%"}, {"%4", "%4"}, {"%4g", "%4g"}, {"%00", "%00"},
	    {"%e2%82%ac", "\xe2\x82\xac"}, {"", ""}};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		autofree char *text = s3_url_decode(rows[i][0]);
		assert_string_equal(text, rows[i][1]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_page_is_read),
	    cmocka_unit_test(versions_have_their_own_tokens),
	    cmocka_unit_test(a_circle_of_any_length_is_found),
	    cmocka_unit_test(pages_without_an_entry_end),
	    cmocka_unit_test(a_page_that_misleads_is_refused),
	    cmocka_unit_test(what_is_no_escape_stays),
	};

	return cmocka_run_group_tests_name("s3_list", tests, NULL, NULL);
}
