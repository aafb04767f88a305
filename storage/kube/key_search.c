#include "storage/kube/key_search.h"

#include "storage/base/cleanup.h"
#include "storage/base/str.h"

#include <string.h>

/* What a key consists of, in the order of the store. */
static const char LETTERS[] = "-./0123456789abcdefghijklmnopqrstuvwxyz";

enum {
	FIRST_OF_NAME = 3,	/* a name begins with a digit or a letter */
	MAX_KEY = 63 + 1 + 253, /* namespace, slash, name */
};

struct search {
	const char *after;
	kube_key_search_fn *ask;
	void *ctx;
};

static bool begins_name(const struct buf *key)
{
	return !key->len || key->data[key->len - 1] == '/';
}

/* Whether the object is at the key with that letter, or behind it. */
static int reaches(const struct search *s, const struct buf *key, char letter,
    bool *yes, struct err *err)
{
	cleanup(buf_done) struct buf start = BUF_INIT;

	buf_printf(&start, "%s%c", buf_str(key), letter);
	/* The server refuses a key that ends with a slash. */
	if (letter == '/')
		buf_add_char(&start, LETTERS[FIRST_OF_NAME]);
	*yes = strcmp(buf_str(&start), s->after) <= 0;
	return *yes ? 0 : s->ask(s->ctx, buf_str(&start), yes, err);
}

/* Adds the next letter of the key, or sets *whole. */
static int add_letter(
    const struct search *s, struct buf *key, bool *whole, struct err *err)
{
	int first = begins_name(key) ? FIRST_OF_NAME : 0;
	int low = first - 1; /* the last letter that is known to be reached */
	int high = (int)strlen(LETTERS);
	bool yes;

	while (high - low > 1) {
		int middle = low + (high - low) / 2;
		if (reaches(s, key, LETTERS[middle], &yes, err))
			return -1;
		if (yes)
			low = middle;
		else
			high = middle;
	}
	*whole = low < first;
	if (!*whole)
		buf_add_char(key, LETTERS[low]);
	return 0;
}

int kube_key_search(const char *after, kube_key_search_fn *ask, void *ctx,
    struct buf *key, struct err *err)
{
	struct search s = {.after = after, .ask = ask, .ctx = ctx};
	bool whole = false;

	buf_clear(key);
	while (!whole && key->len <= MAX_KEY)
		if (add_letter(&s, key, &whole, err))
			return -1;
	if (whole && !begins_name(key) && strcmp(buf_str(key), after) > 0)
		return 0;
	return err_set(err, ERR_FORMAT,
	    "the name of the object cannot be found out: the lists that fail "
	    "and those that do not fit no name");
}
