#include "storage/gitops/backend.h"

#include "storage/base/buf.h"
#include "storage/base/cleanup.h"
#include "storage/base/str.h"
#include "storage/gitops/hcl.h"

#include <stdlib.h>
#include <string.h>

static void backend_clear(struct backend *b)
{
	free(b->bucket);
	free(b->key);
	free(b->region);
	free(b->table);
	free(b->endpoint);
	*b = (struct backend){.line = 0};
}

void backends_done(struct backends *b)
{
	VEC_EACH (b, one)
		backend_clear(one);
	vec_done(b);
}

enum backend_file backend_file_of(const char *name)
{
	if (str_ends(name, ".tfbackend"))
		return BACKEND_FILE_SETTINGS;
	if (str_ends(name, ".tf") || str_ends(name, ".tofu") ||
	    str_ends(name, ".hcl"))
		return BACKEND_FILE_BLOCKS;
	return BACKEND_FILE_NONE;
}

static bool is_word(const struct hcl *h, const char *word)
{
	return h->kind == HCL_WORD && str_eq(buf_str(&h->text), word);
}

static bool is_char(const struct hcl *h, char c)
{
	return h->kind == HCL_CHAR && h->c == c;
}

/* Which member a setting goes to. `endpoints` replaced the older settings of
 * one word each. */
static char **member_of(struct backend *b, bool in_endpoints, const char *name)
{
	if (in_endpoints)
		return str_eq(name, "s3") ? &b->endpoint : NULL;
	if (str_eq(name, "bucket"))
		return &b->bucket;
	if (str_eq(name, "key"))
		return &b->key;
	if (str_eq(name, "region"))
		return &b->region;
	if (str_eq(name, "dynamodb_table"))
		return &b->table;
	return str_eq(name, "endpoint") ? &b->endpoint : NULL;
}

/* After the '=' of a setting. Text is the value only if nothing is done with
 * it: the expression ends behind it. Leaves the reader on the token after. */
static void read_value(struct hcl *h, char **member)
{
	autofree char *literal = NULL;
	size_t line = h->line;

	if (h->kind == HCL_TEXT && !h->computed)
		literal = str_dup(buf_str(&h->text));
	if (!literal)
		return;
	hcl_next(h);
	if (h->line > line || h->kind == HCL_END || is_char(h, '}') ||
	    is_char(h, ',')) {
		free(*member);
		*member = steal(literal);
	}
}

/* The settings between braces, or of a whole file; ends behind the brace. */
static void read_settings(struct hcl *h, struct backend *b)
{
	size_t depth = 1, endpoints_at = 0;

	while (h->kind != HCL_END && depth) {
		if (h->kind == HCL_CHAR) {
			if (strchr("{[(", h->c))
				depth++;
			else if (strchr("}])", h->c))
				depth--;
			if (depth < endpoints_at)
				endpoints_at = 0;
			hcl_next(h);
			continue;
		}
		bool named = !h->computed;
		autofree char *name = str_dup(buf_str(&h->text));
		hcl_next(h);
		if (str_eq(name, "endpoints") && depth == 1)
			endpoints_at = 2;
		if (!named || (!is_char(h, '=') && !is_char(h, ':')))
			continue;
		hcl_next(h);
		char **member =
		    depth == 1 || (endpoints_at && depth == endpoints_at)
			? member_of(b, depth == 2, name)
			: NULL;
		if (member)
			read_value(h, member);
	}
}

/* remote_state, and the data source of nearly that name: which backend, and
 * its settings, in any order. */
static void read_remote_state(struct hcl *h, size_t line, struct backends *out)
{
	struct backend b = {.line = line};
	bool s3 = false;
	size_t depth = 1;

	while (h->kind != HCL_END && depth) {
		bool config = depth == 1 && is_word(h, "config");
		bool backend = depth == 1 && is_word(h, "backend");
		if (h->kind == HCL_CHAR && h->c == '{')
			depth++;
		if (h->kind == HCL_CHAR && h->c == '}')
			depth--;
		hcl_next(h);
		if ((!config && !backend) || !is_char(h, '='))
			continue;
		hcl_next(h);
		if (backend)
			s3 = h->kind == HCL_TEXT && !h->computed &&
			     str_eq(buf_str(&h->text), "s3");
		if (config && is_char(h, '{')) {
			hcl_next(h);
			read_settings(h, &b);
		}
	}
	if (s3)
		*vec_add(out) = b;
	else
		backend_clear(&b);
}

static bool is_text(const struct hcl *h, const char *text)
{
	return h->kind == HCL_TEXT && !h->computed &&
	       str_eq(buf_str(&h->text), text);
}

/* A block that may be of interest begins with this word. */
static void read_block(struct hcl *h, struct backends *out)
{
	bool backend = is_word(h, "backend");
	bool data = is_word(h, "data");
	size_t line = h->line;

	hcl_next(h);
	if (backend || data) {
		if (!is_text(h, backend ? "s3" : "terraform_remote_state"))
			return;
		hcl_next(h);
	}
	if (data && h->kind == HCL_TEXT)
		hcl_next(h);
	if (!backend && is_char(h, '='))
		hcl_next(h);
	if (!is_char(h, '{'))
		return;
	hcl_next(h);
	if (!backend) {
		read_remote_state(h, line, out);
		return;
	}
	struct backend b = {.line = line};
	read_settings(h, &b);
	*vec_add(out) = b;
}

void backend_scan(
    enum backend_file kind, const char *text, size_t len, struct backends *out)
{
	cleanup(hcl_done) struct hcl h = {.line = 0};

	hcl_init(&h, text, len);
	hcl_next(&h);
	if (kind == BACKEND_FILE_SETTINGS) {
		struct backend b = {.line = 1};
		read_settings(&h, &b);
		if (b.bucket)
			*vec_add(out) = b;
		else
			backend_clear(&b);
		return;
	}
	while (kind == BACKEND_FILE_BLOCKS && h.kind != HCL_END) {
		if (is_word(&h, "backend") || is_word(&h, "remote_state") ||
		    is_word(&h, "data"))
			read_block(&h, out);
		else
			hcl_next(&h);
	}
}
