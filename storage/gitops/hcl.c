#include "storage/gitops/hcl.h"

#include <ctype.h>
#include <string.h>

/* Texts and templates within one another; what is deeper is not Terraform of
 * this world, and ends the text. */
enum { MAX_NESTED = 64 };

void hcl_init(struct hcl *h, const char *text, size_t len)
{
	*h = (struct hcl){.at = text, .end = text + len, .next_line = 1};
}

void hcl_done(struct hcl *h)
{
	buf_done(&h->text);
}

static bool starts(const struct hcl *h, const char *with)
{
	size_t len = strlen(with);

	return (size_t)(h->end - h->at) >= len && memcmp(h->at, with, len) == 0;
}

static void skip(struct hcl *h, size_t count)
{
	for (; count && h->at < h->end; count--, h->at++)
		h->next_line += *h->at == '\n';
}

static void skip_line(struct hcl *h)
{
	const char *newline = memchr(h->at, '\n', (size_t)(h->end - h->at));

	h->at = newline ? newline : h->end;
}

static void skip_blank(struct hcl *h)
{
	while (h->at < h->end) {
		if (isspace((unsigned char)*h->at) || !*h->at) {
			skip(h, 1);
		} else if (*h->at == '#' || starts(h, "//")) {
			skip_line(h);
		} else if (starts(h, "/*")) {
			skip(h, 2);
			while (h->at < h->end && !starts(h, "*/"))
				skip(h, 1);
			skip(h, 2);
		} else {
			return;
		}
	}
}

static void add_escaped(struct hcl *h)
{
	static const char names[] = "nrt", values[] = "\n\r\t";

	if (h->end - h->at < 2) {
		skip(h, 1);
		return;
	}
	const char *known = h->at[1] ? strchr(names, h->at[1]) : NULL;
	buf_add_char(&h->text, known ? values[known - names] : h->at[1]);
	skip(h, 2);
}

/* Behind the quote. How it nests: 0 is a text, other numbers are a template
 * with so many braces open. */
static void read_text(struct hcl *h)
{
	size_t nested[MAX_NESTED] = {0}, depth = 1;

	while (h->at < h->end && depth) {
		size_t *braces = &nested[depth - 1];
		char c = *h->at;
		bool in_text = !*braces;
		if (in_text && c == '\\') {
			add_escaped(h);
			continue;
		}
		if (in_text && c == '\n')
			return; /* a text ends on its line */
		if (in_text && (starts(h, "$${") || starts(h, "%%{"))) {
			skip(h, 1);
			buf_add(&h->text, h->at, 2);
			skip(h, 2);
			continue;
		}
		bool template = in_text && (starts(h, "${") || starts(h, "%{"));
		if (template || (!in_text && c == '"')) {
			if (depth == MAX_NESTED)
				return;
			nested[depth++] = template;
			h->computed = true;
			skip(h, template ? 2 : 1);
			continue;
		}
		if (in_text ? c == '"' : c == '}' && !--*braces)
			depth--;
		else if (in_text)
			buf_add_char(&h->text, c);
		else
			*braces += c == '{';
		skip(h, 1);
	}
}

/* Behind "<<" and a '-' that may follow; the name of the end stands there. */
static void read_heredoc(struct hcl *h)
{
	const char *name = h->at;

	while (h->at < h->end && (isalnum((unsigned char)*h->at) ||
				     *h->at == '_' || *h->at == '-'))
		h->at++;
	size_t len = (size_t)(h->at - name);
	h->computed = true;
	while (h->at < h->end) {
		skip_line(h);
		skip(h, 1);
		while (h->at < h->end && (*h->at == ' ' || *h->at == '\t'))
			h->at++;
		const char *line = h->at;
		skip_line(h);
		size_t have = (size_t)(h->at - line);
		while (have && isspace((unsigned char)line[have - 1]))
			have--;
		if (have == len && memcmp(line, name, len) == 0)
			return;
	}
}

static bool heredoc(struct hcl *h)
{
	if (!starts(h, "<<"))
		return false;
	const char *p = h->at + 2;
	p += p < h->end && *p == '-';
	if (p == h->end || (!isalpha((unsigned char)*p) && *p != '_'))
		return false;
	h->at = p;
	return true;
}

void hcl_next(struct hcl *h)
{
	buf_clear(&h->text);
	h->computed = false;
	skip_blank(h);
	h->line = h->next_line;
	if (h->at == h->end) {
		h->kind = HCL_END;
		return;
	}
	if (*h->at == '"') {
		h->kind = HCL_TEXT;
		skip(h, 1);
		read_text(h);
		return;
	}
	if (heredoc(h)) {
		h->kind = HCL_TEXT;
		read_heredoc(h);
		return;
	}
	if (!isalnum((unsigned char)*h->at) && *h->at != '_') {
		h->kind = HCL_CHAR;
		h->c = *h->at;
		skip(h, 1);
		return;
	}
	h->kind = HCL_WORD;
	while (h->at < h->end && (isalnum((unsigned char)*h->at) ||
				     *h->at == '_' || *h->at == '-'))
		buf_add_char(&h->text, *h->at++);
}
