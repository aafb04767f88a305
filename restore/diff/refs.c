#include "restore/diff/refs.h"

#include "storage/base/str.h"
#include "storage/git/repo/ancestry.h"

#include <string.h>

/* "\"<hex>\"": a ref's value as JSON. */
static bool read_id(const char *text, enum git_hash *hash, uint8_t *id)
{
	size_t len = text ? strlen(text) : 0;

	if (len < 2 || text[0] != '"' || text[len - 1] != '"')
		return false;
	*hash = len - 2 == git_id_digits(GIT_SHA256) ? GIT_SHA256 : GIT_SHA1;
	return len - 2 == git_id_digits(*hash) &&
	       git_id_parse(*hash, text + 1, id) == 0;
}

static char *describe(const struct ancestry *a)
{
	unsigned long long ahead = a->ahead, behind = a->behind;

	if (!behind)
		return str_printf("ahead by %llu", ahead);
	if (!ahead)
		return str_printf("behind by %llu", behind);
	return str_printf("rewritten: %llu %s new, %llu %s gone", ahead,
	    ahead == 1 ? "commit is" : "commits are", behind,
	    behind == 1 ? "is" : "are");
}

static void note(struct change *c, const char *from_dir, const char *to_dir)
{
	uint8_t from[GIT_ID_LEN], to[GIT_ID_LEN];
	enum git_hash hash, other;
	struct ancestry a;
	struct err ignored = ERR_INIT;

	if (!read_id(c->from, &hash, from) || !read_id(c->to, &other, to) ||
	    hash != other)
		return;
	/* A repository that has a commit has its ancestors: if neither has both
	 * commits, neither commit descends from the other. */
	if (ancestry_compare(to_dir, hash, from, to, &a, &ignored) == 0 ||
	    ancestry_compare(from_dir, hash, from, to, &a, &ignored) == 0)
		c->note = describe(&a);
	else
		c->note = str_dup("rewritten");
}

void refs_note_moves(
    struct changes *changes, const char *from_dir, const char *to_dir)
{
	VEC_EACH (changes, c)
		note(c, from_dir, to_dir);
}
