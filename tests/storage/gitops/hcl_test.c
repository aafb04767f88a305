#include "storage/gitops/hcl.h"

#include "tests/support/test.h"

#include <string.h>

/* The tokens of a text: w:word t:text, T for a text that is computed, a
 * character as it is, each with its line where that is not the first. */
static void assert_tokens(const char *text, size_t len, const char *expected)
{
	struct buf out = BUF_INIT;
	struct hcl h;

	hcl_init(&h, text, len);
	for (;;) {
		hcl_next(&h);
		if (h.kind == HCL_END)
			break;
		if (out.len)
			buf_add_char(&out, ' ');
		if (h.line > 1)
			buf_printf(&out, "%zu", h.line);
		if (h.kind == HCL_CHAR)
			buf_add_char(&out, h.c);
		else if (h.computed)
			buf_add_char(&out, 'T');
		else
			buf_printf(&out, "%s:%s",
			    h.kind == HCL_WORD ? "w" : "t", buf_str(&h.text));
	}
	/* At the end it stays. */
	hcl_next(&h);
	assert_int_equal(h.kind, HCL_END);
	assert_string_equal(buf_str(&out), expected);
	hcl_done(&h);
	buf_done(&out);
}

static void texts_words_and_the_rest(void **state)
{
	static const struct {
		const char *text;
		const char *tokens;
	} rows[] = {
	    {"", ""},
	    {" \t\r\n\f", ""},
	    {"backend \"s3\" {\n  key = \"a/b\"\n}",
		"w:backend t:s3 { 2w:key 2= 2t:a/b 3}"},
	    {"a-b_c1 -x 1.5", "w:a-b_c1 - w:x w:1 . w:5"},
	    {"a# b\nc // d \"\ne /* f\n\" */ g", "w:a 2w:c 3w:e 4w:g"},
	    {"a /* no end", "w:a"},
	    {"a / b", "w:a / w:b"},
	    {"\"\\n\\t\\r\\\\\\\"\\x\"", "t:\n\t\r\\\"x"},
	    {"\"ends with its line\nx", "t:ends with its line 2w:x"},
	    {"\"no end", "t:no end"},
	    {"\"backslash at the end\\", "t:backslash at the end"},
	    {"\"\" x", "t: w:x"},
	    /* Templates, and what only looks like one. */
	    {"\"a${var.x}b\" c", "T w:c"},
	    {"\"%{if a}b%{endif}\"", "T"},
	    {"\"$${a} %%{b} $a %b {c}\"", "t:${a} %{b} $a %b {c}"},
	    {"\"${ {a = \"}\"} }b\" c", "T w:c"},
	    {"\"${f(\"x${y}\")}z\" c", "T w:c"},
	    {"\"${no end\" c", "T"},
	    /* Heredocs end on a line of their own. */
	    {"<<EOT\na\nEOT x\n EOT\nb", "T 5w:b"},
	    {"a << b", "w:a < < w:b"},
	    {"a <<- b", "w:a < < - w:b"},
	    {"a <<9", "w:a < < w:9"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		assert_tokens(
		    rows[i].text, strlen(rows[i].text), rows[i].tokens);
}

/* Files come from anybody's repository. */
static void no_bytes_harm(void **state)
{
	struct buf deep = BUF_INIT;

	(void)state;
	assert_tokens("a\0b", 3, "w:a w:b");
	assert_tokens("\"abc", 1, "t:");
	assert_tokens("/", 1, "/");
	assert_tokens("<<", 2, "< <");
	assert_tokens("<<-", 3, "< < -");
	/* What is nested deeper than anybody nests ends the text. */
	for (int i = 0; i < 2000; i++)
		buf_add_str(&deep, "\"${");
	struct hcl h;
	size_t tokens = 0;
	hcl_init(&h, deep.data, deep.len);
	for (hcl_next(&h); h.kind != HCL_END; hcl_next(&h))
		tokens++;
	assert_true(tokens > 1);
	hcl_done(&h);
	buf_done(&deep);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(texts_words_and_the_rest),
	    cmocka_unit_test(no_bytes_harm),
	};

	return cmocka_run_group_tests_name("hcl", tests, NULL, NULL);
}
