#include "agent/closure/closure_room.h"

#include "agent/discover/revision_files.h"
#include "storage/base/cleanup.h"
#include "storage/base/mem.h"
#include "storage/base/yaml.h"
#include "storage/gitops/repository.h"

#include <stdlib.h>
#include <string.h>

struct searching {
	struct closure_documents found;
	const struct closure_mirror *m;
	const char *at; /* the revision; NULL: HEAD */
};

static void searching_done(struct searching *s)
{
	closure_documents_done(&s->found);
}

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

static void keep_one(
    struct closure_documents *to, const char *text, size_t len, const char *by)
{
	struct err why = ERR_INIT;
	cleanup(yaml_node_freep) struct yaml_node *document =
	    yaml_load(text, len, by, &why);
	const struct yaml_node *items = yaml_get(document, "items");

	/* A template, perhaps, or what only another parser takes: nobody
	 * applies it as it is. */
	if (!document)
		return;
	closure_keep_document(to, document, by);
	for (size_t i = 0; i < yaml_len(items); i++)
		closure_keep_document(to, items->items.items[i], by);
}

/* Says of those that a file has added at which revision it has them. */
static void note_revision(struct searching *s, size_t before)
{
	for (size_t i = before; s->at && i < s->found.len; i++) {
		struct closure_document *d = &s->found.items[i];
		char *by = str_printf("%s (of '%s')", d->by, s->at);
		free(d->by);
		d->by = by;
	}
}

static int read_file(void *ctx, const char *path, const char *name,
    const struct buf *text, struct err *err)
{
	struct searching *s = ctx;
	autofree char *by = str_printf("repository '%s': %s", s->m->name, path);
	const char *at = buf_str(text), *end = at + text->len;
	size_t before = s->found.len;

	(void)err;
	if (!may_matter(at, text->len))
		return 0;
	if (is_lines(name)) {
		closure_keep_lines(&s->found, at, text->len, by);
		at = NULL;
	}
	while (at) {
		const char *next = next_document(at, end);
		keep_one(&s->found, at, (size_t)((next ? next : end) - at), by);
		at = next;
	}
	note_revision(s, before);
	return 1;
}

/* In one order, whichever the objects were captured in. The name that somebody
 * gave a revision is before the id of what runs. */
static int by_name(const void *a, const void *b)
{
	const struct closure_revision *const *x = a, *const *y = b;

	return (*x)->runs != (*y)->runs ? (*x)->runs - (*y)->runs
					: strcmp((*x)->name, (*y)->name);
}

/* Those of this repository, by the names that it goes by: what objects name and
 * run, or what submodules pin. What the mirror has comes out, each once. */
static int find_revisions(struct closure *c, const struct closure_mirror *m,
    bool pins, struct strvec *out, struct err *err)
{
	cleanup(strvec_done) struct strvec names = VEC_INIT;
	VEC_DEFINE(, struct closure_revision *) of = VEC_INIT;
	autofree char *own = repository_name(m->url);

	VEC_EACH (&c->revisions, r)
		if (r->pins == pins && str_eq(r->repository, own))
			*vec_add(&of) = r;
	vec_sort(&of, by_name);
	VEC_EACH (&of, r)
		strvec_add(&names, (*r)->name);
	autofree bool *there = mem_zalloc(names.len + 1);
	int status =
	    names.len ? revision_files_find(m->dir, &names, there, err) : 0;
	for (size_t i = 0; status == 0 && i < of.len; i++) {
		of.items[i]->searched = true;
		of.items[i]->there |= there[i];
		if (there[i] && !strvec_has(out, names.items[i]))
			strvec_add(out, names.items[i]);
	}
	vec_done(&of);
	return status;
}

static bool is_read(struct closure *c, const char *name)
{
	pthread_mutex_lock(&c->lock);
	bool is = strvec_has(&c->read, name);
	pthread_mutex_unlock(&c->lock);
	return is;
}

static void note_read(struct closure *c, struct searching *s)
{
	pthread_mutex_lock(&c->lock);
	VEC_EACH (&s->found, d)
		*vec_add(&c->documents) = *d;
	strvec_add(&c->read, s->m->name);
	pthread_mutex_unlock(&c->lock);
	/* They are the closure's now. */
	vec_done(&s->found);
}

static struct revision_files files_of(const struct closure_mirror *m,
    struct searching *s, struct quiet *quiet, const struct cancel *cancel)
{
	return (struct revision_files){.dir = m->dir,
	    .name = m->name,
	    .locked = m->locked,
	    .cancel = cancel,
	    .ctx = s,
	    .wants = wants,
	    /* Nobody keeps a Secret of a megabyte. */
	    .file = read_file,
	    .quiet = quiet};
}

static int read_documents(struct closure *c, const struct closure_mirror *m,
    const struct cancel *cancel, struct err *err)
{
	cleanup(quiet_done) struct quiet quiet = QUIET_INIT;
	cleanup(searching_done) struct searching s = {.m = m};
	const struct revision_files files = files_of(m, &s, &quiet, cancel);

	quiet_load(&quiet, m->memory);
	if (revision_files_read(&files, err))
		return -1;
	note_read(c, &s);
	quiet_save(&quiet, m->memory);
	return 0;
}

/* One mirror at a time: the captures are at work, and have the memory. */
int closure_read(struct closure *c, const struct closure_mirror *m,
    const struct cancel *cancel, struct err *err)
{
	pthread_mutex_lock(&c->reading);
	int status = read_documents(c, m, cancel, err);
	pthread_mutex_unlock(&c->reading);
	return status;
}

static void begin_revision(void *ctx, const char *name)
{
	struct searching *s = ctx;

	s->at = name;
}

/* What is as HEAD has it is known already. */
static int read_revisions(struct closure *c, const struct closure_mirror *m,
    const struct strvec *revisions, const struct cancel *cancel,
    struct err *err)
{
	cleanup(quiet_done) struct quiet quiet = QUIET_INIT;
	cleanup(searching_done) struct searching s = {.m = m};
	struct revision_files files = files_of(m, &s, &quiet, cancel);

	files.revisions = revisions;
	files.revision = begin_revision;
	quiet_load(&quiet, m->memory);
	if (revision_files_read(&files, err))
		return -1;
	closure_add_documents(&c->documents, &s.found);
	quiet_save(&quiet, m->memory);
	return 0;
}

int closure_search(struct closure *c, const struct closure_mirror *m,
    const struct cancel *cancel, struct err *err)
{
	cleanup(strvec_done) struct strvec revisions = VEC_INIT;

	if (find_revisions(c, m, false, &revisions, err))
		return -1;
	if (!is_read(c, m->name) && closure_read(c, m, cancel, err))
		return -1;
	if (revisions.len && read_revisions(c, m, &revisions, cancel, err))
		return -1;
	if (closure_search_submodules(c, m, &revisions, cancel, err))
		return -1;
	return closure_search_lfs(c, m, &revisions, cancel, err);
}

int closure_search_pins(
    struct closure *c, const struct closure_mirror *m, struct err *err)
{
	cleanup(strvec_done) struct strvec unread = VEC_INIT;

	return find_revisions(c, m, true, &unread, err);
}
