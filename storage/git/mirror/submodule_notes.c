#include "storage/git/mirror/submodule_notes.h"

#include "storage/base/buf.h"
#include "storage/base/cleanup.h"
#include "storage/base/file.h"
#include "storage/git/repo/repo.h"
#include "storage/git/repo/submodules.h"

#include <stdlib.h>
#include <string.h>

enum { MAX_NOTES = 64 * 1024 * 1024 };

/* One submodule of one tip; a tip without any is listed once, without a URL. */
struct note {
	uint8_t tip[GIT_ID_LEN];
	char *url; /* NULL: none */
};
VEC_DEFINE(notevec, struct note);

static void notes_done(struct notevec *v)
{
	VEC_EACH (v, n)
		free(n->url);
	vec_done(v);
}

static int by_tip(const void *a, const void *b)
{
	return memcmp(((const struct note *)a)->tip,
	    ((const struct note *)b)->tip, GIT_ID_LEN);
}

static void add_note(struct notevec *v, const uint8_t *tip, const char *url)
{
	struct note *n = vec_add(v);

	memcpy(n->tip, tip, GIT_ID_LEN);
	n->url = url ? str_dup(url) : NULL;
}

/* "<hex digits>" or "<hex digits> <url>", sorted. Of damaged ones none counts:
 * a tip may have lost one of its lines. */
static void load(enum git_hash hash, const char *path, struct notevec *notes)
{
	cleanup(buf_done) struct buf text = BUF_INIT;
	struct err ignored = ERR_INIT;
	const size_t hex = git_id_digits(hash);
	uint8_t tip[GIT_ID_LEN];

	if (file_read(path, MAX_NOTES, &text, &ignored) || !text.len ||
	    text.data[text.len - 1] != '\n' ||
	    strlen(buf_str(&text)) != text.len)
		return;
	char *rest = text.data;
	for (char *line; (line = strsep(&rest, "\n"));) {
		if (!*line)
			continue;
		if (git_id_parse(hash, line, tip) ||
		    (line[hex] && line[hex] != ' ')) {
			notes_done(notes);
			return;
		}
		add_note(notes, tip, line[hex] ? line + hex + 1 : NULL);
	}
	vec_sort(notes, by_tip);
}

static int save(enum git_hash hash, const char *path, struct notevec *notes,
    struct err *err)
{
	cleanup(buf_done) struct buf text = BUF_INIT;
	char hex[GIT_ID_HEX];

	vec_sort(notes, by_tip);
	VEC_EACH (notes, n) {
		git_id_hex(hash, n->tip, hex);
		buf_printf(&text, "%s%s%s\n", hex, n->url ? " " : "",
		    n->url ? n->url : "");
	}
	return file_write_durably(path, buf_str(&text), text.len, err);
}

/* The first note of a tip, or NULL. */
static const struct note *find(const struct notevec *v, const uint8_t *tip)
{
	struct note key = {.url = NULL};

	memcpy(key.tip, tip, GIT_ID_LEN);
	const struct note *n =
	    v->len ? bsearch(&key, v->items, v->len, sizeof(key), by_tip)
		   : NULL;
	while (n && n > v->items && by_tip(n - 1, &key) == 0)
		n--;
	return n;
}

static void copy_notes(
    const struct notevec *from, const struct note *first, struct notevec *to)
{
	for (const struct note *n = first;
	     n < from->items + from->len && by_tip(n, first) == 0; n++)
		add_note(to, n->tip, n->url);
}

static int read_tip(const char *dir, struct repo **repo,
    const struct git_ref *ref, struct notevec *to, struct err *err)
{
	cleanup(submodules_done) struct submodulevec all = VEC_INIT;
	cleanup(strvec_done) struct strvec urls = VEC_INIT;

	if (!*repo && !(*repo = repo_open(dir, err)))
		return -1;
	if (submodules_of(*repo, ref->id, false, &all, err))
		return err_wrap(err, "%s", ref->name);
	VEC_EACH (&all, s)
		if (!strvec_has(&urls, s->url))
			strvec_add(&urls, s->url);
	VEC_EACH (&urls, url)
		add_note(to, ref->id, *url);
	if (!urls.len)
		add_note(to, ref->id, NULL);
	return 0;
}

/* Notes of all tips, taken from the known ones if they are there. */
static int collect(const char *dir, const struct git_refvec *refs,
    const struct notevec *known, struct notevec *now, size_t *tips_read,
    struct err *err)
{
	cleanup(repo_freep) struct repo *repo = NULL;
	cleanup(object_links_done) struct object_links seen = OBJECT_LINKS_INIT;

	GIT_REFVEC_EACH (refs, ref) {
		if (object_links_has(&seen, ref->id))
			continue;
		object_links_add(&seen, ref->id);
		const struct note *n = find(known, ref->id);
		if (n) {
			copy_notes(known, n, now);
			continue;
		}
		if (read_tip(dir, &repo, ref, now, err))
			return -1;
		++*tips_read;
	}
	return 0;
}

int submodule_notes_find(const char *dir, enum git_hash hash, const char *path,
    const struct git_refvec *refs, struct strvec *urls, struct err *err)
{
	cleanup(notes_done) struct notevec known = VEC_INIT;
	cleanup(notes_done) struct notevec now = VEC_INIT;
	size_t tips_read = 0;

	load(hash, path, &known);
	if (collect(dir, refs, &known, &now, &tips_read, err) ||
	    ((tips_read || now.len != known.len) &&
		save(hash, path, &now, err)))
		return -1;
	VEC_EACH (&now, n) {
		if (n->url && !strvec_has(urls, n->url))
			strvec_add(urls, n->url);
	}
	strvec_sort(urls);
	return 0;
}
