#include "storage/crypto/age_header.h"

#include "storage/base/base64.h"
#include "storage/base/cleanup.h"

#include <stdbool.h>
#include <string.h>

enum {
	COLUMNS = 64,
	/* "--- ", the MAC in base64, and the line's end. */
	LAST_LINE_BYTES = 4 + 43 + 1,
};

int age_header_is_whole(const char *text, size_t len)
{
	const char *line = text;
	const char *end = text + len;

	while (line < end) {
		const char *newline = memchr(line, '\n', (size_t)(end - line));
		if (!newline)
			return 0;
		if (newline - line >= 3 && memcmp(line, "---", 3) == 0)
			return 1;
		line = newline + 1;
	}
	return 0;
}

int age_header_check_size(const struct buf *lines, struct err *err)
{
	size_t bytes = lines->len + LAST_LINE_BYTES;
	size_t stanzas = 0;

	/* The lines of a body are base64, which has no '>'. */
	for (const char *at = buf_str(lines); (at = strstr(at, "\n-> ")); at++)
		stanzas++;
	if (bytes > AGE_HEADER_MAX_BYTES)
		return err_set(err, ERR_USAGE,
		    "the recipients need a header of %zu bytes; %d are allowed",
		    bytes, AGE_HEADER_MAX_BYTES);
	if (stanzas > AGE_HEADER_MAX_STANZAS)
		return err_set(err, ERR_USAGE,
		    "the recipients need a header of %zu stanzas; %d are "
		    "allowed",
		    stanzas, AGE_HEADER_MAX_STANZAS);
	return 0;
}

void age_header_stanza_done(struct age_stanza *s)
{
	strvec_done(&s->args);
	buf_wipe(&s->body);
}

void age_header_done(struct age_header *h)
{
	VEC_EACH (&h->stanzas, s)
		age_header_stanza_done(s);
	vec_done(&h->stanzas);
}

/* Where the reader stands in the text. */
struct cursor {
	const char *name; /* what the text is, for errors */
	const char *at;
	const char *end;
	size_t line;
};

static int broken(const struct cursor *c, const char *what, struct err *err)
{
	return err_set(err, ERR_FORMAT, "%s is broken in line %zu: %s", c->name,
	    c->line, what);
}

static int parse_args(struct age_stanza *s, const struct cursor *c,
    const char *text, size_t len, struct err *err)
{
	const char *end = text + len;

	for (;;) {
		const char *space = memchr(text, ' ', (size_t)(end - text));
		const char *stop = space ? space : end;
		if (stop == text)
			return broken(c, "an empty argument", err);
		for (const char *p = text; p < stop; p++)
			if (*p < 33 || *p > 126)
				return broken(
				    c, "a character that is not allowed", err);
		*vec_add(&s->args) = str_ndup(text, (size_t)(stop - text));
		if (!space)
			return 0;
		text = space + 1;
	}
}

/* The next line without its end, or NULL. */
static const char *next_line(struct cursor *c, size_t *len)
{
	const char *start = c->at;
	const char *newline =
	    start < c->end ? memchr(start, '\n', (size_t)(c->end - start))
			   : NULL;

	if (!newline)
		return NULL;
	*len = (size_t)(newline - start);
	c->at = newline + 1;
	c->line++;
	return start;
}

static int parse_body(struct age_stanza *s, struct cursor *c, struct err *err)
{
	for (;;) {
		size_t len;
		const char *text = next_line(c, &len);
		if (!text)
			return broken(c, "it ends in a stanza", err);
		if (len > COLUMNS)
			return broken(c, "too long a line", err);
		if (base64_decode(text, len, false, &s->body))
			return broken(c, "not canonical base64", err);
		if (len < COLUMNS)
			return 0;
	}
}

static int parse_lines(
    struct cursor *c, struct age_header *h, const char *base, struct err *err)
{
	size_t len;
	const char *text = next_line(c, &len);

	if (!text || len != strlen(AGE_VERSION_LINE) - 1 ||
	    memcmp(text, AGE_VERSION_LINE, len))
		return err_set(err, ERR_FORMAT,
		    "this is not an age file of version 1: its first line is "
		    "not "
		    "'age-encryption.org/v1'");
	while ((text = next_line(c, &len))) {
		if (len >= 3 && memcmp(text, "---", 3) == 0) {
			cleanup(buf_done) struct buf mac = BUF_INIT;
			if (len < 4 || text[3] != ' ' ||
			    base64_decode(text + 4, len - 4, false, &mac) ||
			    mac.len != AGE_MAC_LEN)
				return broken(c, "a bad MAC line", err);
			if (!h->stanzas.len)
				return broken(c, "no recipients", err);
			memcpy(h->mac, mac.data, AGE_MAC_LEN);
			h->mac_covers = (size_t)(text - base) + 3;
			return c->at == c->end
				   ? 0
				   : broken(c, "bytes after its end", err);
		}
		if (len < 3 || memcmp(text, "-> ", 3))
			return broken(c, "no stanza starts here", err);
		if (h->stanzas.len == AGE_HEADER_MAX_STANZAS)
			return broken(c, "too many recipients", err);
		struct age_stanza *s = vec_add(&h->stanzas);
		if (parse_args(s, c, text + 3, len - 3, err) ||
		    parse_body(s, c, err))
			return -1;
	}
	return broken(c, "it has no end", err);
}

int age_header_parse(
    const char *text, size_t len, struct age_header *h, struct err *err)
{
	struct cursor c = {
	    .name = "the age header", .at = text, .end = text + len};

	*h = (struct age_header){.mac_covers = 0};
	if (parse_lines(&c, h, text, err)) {
		age_header_done(h);
		return -1;
	}
	return 0;
}

int age_header_parse_stanza(
    const char *text, size_t len, struct age_stanza *s, struct err *err)
{
	struct cursor c = {.name = "its answer", .at = text, .end = text + len};
	size_t n = 0;
	const char *line = next_line(&c, &n);

	*s = (struct age_stanza){0};
	if (!line || n < 3 || memcmp(line, "-> ", 3) != 0)
		return broken(&c, "no stanza starts here", err);
	if (!parse_args(s, &c, line + 3, n - 3, err) &&
	    !parse_body(s, &c, err)) {
		if (c.at == c.end)
			return 0;
		broken(&c, "bytes after its end", err);
	}
	age_header_stanza_done(s);
	return -1;
}

static void add_body(struct buf *out, const void *body, size_t len)
{
	cleanup(buf_wipe) struct buf text = BUF_INIT;
	size_t at = 0;

	/* Reserved at once: growing would leave copies of a secret. */
	buf_reserve(&text, len * 4 / 3 + 4);
	base64_add(&text, body, len, false);
	for (; text.len - at >= COLUMNS; at += COLUMNS) {
		buf_add(out, text.data + at, COLUMNS);
		buf_add_char(out, '\n');
	}
	buf_add(out, buf_str(&text) + at, text.len - at);
	buf_add_char(out, '\n');
}

void age_header_write_stanza(
    struct buf *out, const struct strvec *args, const void *body, size_t len)
{
	buf_add_str(out, "->");
	VEC_EACH (args, arg)
		buf_printf(out, " %s", *arg);
	buf_add_char(out, '\n');
	add_body(out, body, len);
}

void age_header_add_stanza(struct buf *out, const char *type, const char *arg1,
    const char *arg2, const void *body, size_t len)
{
	const char *const args[] = {type, arg1, arg2};

	buf_add_str(out, "->");
	for (size_t i = 0; i < sizeof(args) / sizeof(*args) && args[i]; i++)
		buf_printf(out, " %s", args[i]);
	buf_add_char(out, '\n');
	add_body(out, body, len);
}
