#include "storage/archive/key_path.h"

#include <stdlib.h>
#include <string.h>

enum { MAX_PART_BYTES = 200 };

void key_paths_done(struct key_paths *p)
{
	strvec_done(&p->above);
}

/* Keys come in order, so all keys between `a` and the last of `a/...` begin
 * with `a`. Once one does not, nothing below `a` will follow. */
static void forget_others(struct key_paths *p, const char *key)
{
	while (
	    p->above.len && !str_starts(key, p->above.items[p->above.len - 1]))
		free(p->above.items[--p->above.len]);
}

/* Whether key[0..len) is itself a key. */
static bool is_above(const struct key_paths *p, const char *key, size_t len)
{
	VEC_EACH (&p->above, a) {
		if (strlen(*a) == len && memcmp(*a, key, len) == 0)
			return true;
	}
	return false;
}

struct writing {
	struct buf *out;
	size_t part; /* bytes in the part that is being written */
};

static void add(struct writing *w, const char *text, size_t len)
{
	if (w->part + len > MAX_PART_BYTES) {
		buf_add_str(w->out, "%/");
		w->part = 0;
	}
	buf_add(w->out, text, len);
	w->part += len;
}

/* Bytes of the character at `at`, of a text that is UTF-8. */
static size_t character(const char *at)
{
	size_t n = 1;

	while (((unsigned char)at[n] & 0xc0) == 0x80)
		n++;
	return n;
}

static void add_escaped(struct writing *w, char c)
{
	static const char hex[] = "0123456789ABCDEF";
	const char text[] = {'%', hex[((unsigned char)c) >> 4], hex[c & 0x0f]};

	add(w, text, sizeof(text));
}

/* Whether this slash can separate two parts of a path. */
static bool separates(const struct key_paths *p, const char *key, size_t i)
{
	return p && i && key[i + 1] && key[i + 1] != '/' &&
	       !is_above(p, key, i);
}

static bool is_dots(const char *key, size_t i)
{
	bool starts = i == 0 || key[i - 1] == '/';
	size_t n = strspn(key + i, ".");

	return starts && (n == 1 || n == 2) &&
	       (key[i + n] == '/' || key[i + n] == '\0');
}

void key_path_add(struct key_paths *p, struct buf *out, const char *key)
{
	struct writing w = {.out = out};
	bool utf8 = str_utf8_valid(key, strlen(key));

	if (p)
		forget_others(p, key);
	for (size_t i = 0, n = 1; key[i]; i += n) {
		n = 1;
		unsigned char c = (unsigned char)key[i];
		if (c == '/' && separates(p, key, i)) {
			buf_add_char(out, '/');
			w.part = 0;
		} else if (c == '/' || c == '%' || c < 0x20 || c == 0x7f ||
			   (c >= 0x80 && !utf8) || is_dots(key, i) ||
			   (c == '.' && w.part == MAX_PART_BYTES)) {
			add_escaped(&w, key[i]);
		} else {
			/* Not within a character: that would make two names
			 * that are not UTF-8. */
			n = utf8 ? character(key + i) : 1;
			add(&w, key + i, n);
		}
	}
	if (p)
		strvec_add(&p->above, key);
}
