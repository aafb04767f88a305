#include "agent/closure/closure_room.h"

#include "agent/discover/head_files.h"
#include "storage/base/cleanup.h"
#include "storage/base/file.h"
#include "storage/base/yaml.h"
#include "storage/git/repo/git_id.h"
#include "storage/gitops/repository.h"
#include "storage/gitops/sops.h"

#include <stdlib.h>
#include <string.h>

struct searching {
	struct closure *c;
	const char *name;
};

static bool is_lines(const char *name)
{
	return str_ends(name, ".env") || str_ends(name, ".ini");
}

static bool wants(const char *name)
{
	return is_lines(name) || str_ends(name, ".yaml") ||
	       str_ends(name, ".yml") || str_ends(name, ".json");
}

/* Where the next document of a file of YAML begins; NULL: there is none. Within
 * a text, a line of three dashes is indented. */
static const char *next_document(const char *at, const char *end)
{
	while ((at = memchr(at, '\n', (size_t)(end - at)))) {
		at++;
		if (end - at >= 3 && memcmp(at, "---", 3) == 0 &&
		    (end - at == 3 || strchr(" \t\r\n", at[3])))
			return at;
	}
	return NULL;
}

/* Most files have neither, and are not parsed. */
static bool may_matter(const char *text, size_t len)
{
	return memmem(text, len, "sops", 4) ||
	       memmem(text, len, "SealedSecret", 12);
}

static void judge_one(
    struct closure *c, const char *text, size_t len, const char *by)
{
	struct err why = ERR_INIT;
	cleanup(yaml_node_freep) struct yaml_node *document =
	    yaml_load(text, len, by, &why);
	const struct yaml_node *items = yaml_get(document, "items");

	/* A template, perhaps, or what only another parser takes: nobody
	 * applies it as it is. */
	if (!document)
		return;
	closure_judge_document(c, document, by);
	for (size_t i = 0; i < yaml_len(items); i++)
		closure_judge_document(c, items->items.items[i], by);
}

static int read_file(void *ctx, const char *path, const char *name,
    const struct buf *text, struct err *err)
{
	const struct searching *s = ctx;
	autofree char *by = str_printf("repository '%s': %s", s->name, path);
	const char *at = buf_str(text), *end = at + text->len;

	(void)err;
	if (!may_matter(at, text->len))
		return 0;
	if (is_lines(name)) {
		closure_judge_lines(s->c, at, text->len, by);
		return 1;
	}
	while (at) {
		const char *next = next_document(at, end);
		judge_one(s->c, at, (size_t)((next ? next : end) - at), by);
		at = next;
	}
	return 1;
}

static void too_large(void *ctx, const char *path)
{
	(void)ctx;
	(void)path; /* nobody keeps a Secret of a megabyte */
}

static int find_revisions(
    struct closure *c, const char *dir, const char *url, struct err *err)
{
	autofree char *own = repository_name(url);

	VEC_EACH (&c->revisions, r) {
		autofree char *name = repository_name(r->url);
		if (!str_eq(name, own))
			continue;
		int there = head_files_has(dir, r->id, err);
		if (there < 0)
			return -1;
		r->searched = true;
		r->there |= there == 1;
	}
	return 0;
}

/* Whatever is not read as it was written counts for nothing. */
static void recall(const char *path, struct buf *quiet)
{
	enum { MAX_BYTES = 64 * 1024 * 1024 };
	struct err ignored = ERR_INIT;

	if (!path || file_read(path, MAX_BYTES, quiet, &ignored) ||
	    quiet->len % GIT_ID_LEN)
		buf_truncate(quiet, 0);
}

static int by_id(const void *a, const void *b)
{
	return memcmp(a, b, GIT_ID_LEN);
}

/* Sorted, each once. */
static void sort_ids(struct buf *ids)
{
	size_t n = ids->len / GIT_ID_LEN, kept = 0;

	if (n)
		qsort(ids->data, n, GIT_ID_LEN, by_id);
	for (size_t i = 0; i < n; i++) {
		char *to = ids->data + kept * GIT_ID_LEN;
		const char *one = ids->data + i * GIT_ID_LEN;
		if (kept && by_id(to - GIT_ID_LEN, one) == 0)
			continue;
		memmove(to, one, GIT_ID_LEN);
		kept++;
	}
	buf_truncate(ids, kept * GIT_ID_LEN);
}

/* What was known stays known, as the directories below a quiet one are not
 * visited; but not for ever. Best effort: without it, the next run reads all
 * again. */
static void remember(
    const char *path, const struct buf *known, struct buf *quiet)
{
	enum { REMEMBERED = 200000 };
	struct err ignored = ERR_INIT;

	if (!path)
		return;
	if (known->len && known->len / GIT_ID_LEN <= REMEMBERED)
		buf_add(quiet, known->data, known->len);
	sort_ids(quiet);
	autofree char *dir = file_parent(path);
	if (file_mkdirs(dir, &ignored) == 0)
		(void)file_update_durably(
		    path, buf_str(quiet), quiet->len, &ignored);
}

int closure_search(struct closure *c, const struct closure_mirror *m,
    const struct cancel *cancel, struct err *err)
{
	cleanup(buf_done) struct buf quiet = BUF_INIT;
	cleanup(buf_done) struct buf quiet_now = BUF_INIT;
	struct searching s = {.c = c, .name = m->name};
	const struct head_files files = {.dir = m->dir,
	    .name = m->name,
	    .cancel = cancel,
	    .ctx = &s,
	    .wants = wants,
	    .file = read_file,
	    .too_large = too_large,
	    .quiet = &quiet,
	    .quiet_now = &quiet_now};

	recall(m->memory, &quiet);
	if (find_revisions(c, m->dir, m->url, err) ||
	    head_files_read(&files, err))
		return -1;
	remember(m->memory, &quiet, &quiet_now);
	return 0;
}
