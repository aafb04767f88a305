#include "agent/closure/closure_room.h"

#include "agent/discover/revision_files.h"
#include "storage/base/cleanup.h"
#include "storage/base/mem.h"
#include "storage/git/lfs/files.h"
#include "storage/git/mirror/mirror.h"
#include "storage/git/repo/submodules.h"
#include "storage/gitops/repository.h"

#include <stdlib.h>
#include <string.h>

/* ---- submodules ---------------------------------------------------------- */

void closure_source(struct closure *c, const char *url)
{
	*vec_add(&c->sources) = repository_name(url);
}

static bool is_relative(const char *url)
{
	return str_starts(url, "./") || str_starts(url, "../");
}

static bool has_submodule(const struct closure_submodules *all,
    const char *repository, const char *url)
{
	VEC_EACH (all, s)
		if (str_eq(s->repository, repository) && str_eq(s->url, url))
			return true;
	return false;
}

static bool was_pinned(
    struct object_links *pinned, const char *url, const char *commit)
{
	autofree char *both = str_printf("%s\n%s", url, commit);
	uint8_t id[GIT_ID_LEN];

	digest_of(DIGEST_SHA256, both, strlen(both), id);
	bool was = object_links_has(pinned, id);
	if (!was)
		object_links_add(pinned, id);
	return was;
}

static void keep_pin(struct closure *c, const struct closure_mirror *m,
    const char *at, const char *url, const struct submodule *s)
{
	autofree char *by =
	    str_printf("submodule '%s' of repository '%s'%s%s%s", s->path,
		m->name, at ? " (of '" : "", at ? at : "", at ? "')" : "");

	if (closure_revision(c, url, s->commit, by))
		c->revisions.items[c->revisions.len - 1].pins = true;
}

void closure_keep_submodule(struct closure *c, const struct closure_mirror *m,
    const char *at, const struct submodule *s, struct object_links *pinned)
{
	autofree char *url = is_relative(s->url)
				 ? submodules_url(m->url, s->url)
				 : str_dup(s->url);

	if (!has_submodule(&c->submodules, m->name, url))
		*vec_add(&c->submodules) =
		    (struct closure_submodule){.repository = str_dup(m->name),
			.url = str_dup(url),
			.at = at ? str_dup(at) : NULL};
	if (*s->commit && !was_pinned(pinned, url, s->commit))
		keep_pin(c, m, at, url, s);
}

static int keep_at(struct closure *c, const struct closure_mirror *m,
    const char *at, struct object_links *pinned, struct err *err)
{
	cleanup(submodules_done) struct submodulevec all = VEC_INIT;

	if (revision_files_submodules(m->dir, at, &all, err))
		return -1;
	VEC_EACH (&all, s)
		closure_keep_submodule(c, m, at, s, pinned);
	return 0;
}

int closure_search_submodules(struct closure *c, const struct closure_mirror *m,
    const struct strvec *revisions, const struct cancel *cancel,
    struct err *err)
{
	cleanup(object_links_done) struct object_links pinned =
	    OBJECT_LINKS_INIT;

	if (keep_at(c, m, NULL, &pinned, err))
		return -1;
	VEC_EACH (revisions, at)
		if (cancel_check(cancel, err) ||
		    keep_at(c, m, *at, &pinned, err))
			return -1;
	return 0;
}

void closure_submodules_done(struct closure_submodules *submodules)
{
	VEC_EACH (submodules, s) {
		free(s->repository);
		free(s->url);
		free(s->at);
	}
	vec_done(submodules);
}

void closure_judge_submodules(struct closure *c)
{
	VEC_EACH (&c->submodules, s) {
		autofree char *name = repository_name(s->url);
		if (strvec_has(&c->sources, name))
			continue;
		closure_lack(c, true,
		    "repository '%s', which is a submodule of repository '%s'"
		    "%s%s%s, is not a source",
		    s->url, s->repository, s->at ? " (of '" : "",
		    s->at ? s->at : "", s->at ? "')" : "");
	}
}

/* ---- LFS objects --------------------------------------------------------- */

struct counting {
	const char *at;		      /* the revision; NULL: HEAD */
	struct lfs_objectvec lacking; /* of the mirror: sorted */
	bool *counted;		      /* of each */
	size_t objects;
	uint64_t bytes;
	char *first; /* a file, and its object */
};

static void counting_done(struct counting *k)
{
	vec_done(&k->lacking);
	free(k->counted);
	free(k->first);
}

static bool any(const char *name)
{
	(void)name;
	return true;
}

static int by_id(const void *a, const void *b)
{
	return strcmp(((const struct lfs_object *)a)->sha256,
	    ((const struct lfs_object *)b)->sha256);
}

static void count(
    struct counting *k, const struct lfs_object *o, const char *path)
{
	const struct lfs_object *found = bsearch(o, k->lacking.items,
	    k->lacking.len, sizeof(*k->lacking.items), by_id);
	size_t i = found ? (size_t)(found - k->lacking.items) : 0;

	if (!found || k->counted[i])
		return;
	k->counted[i] = true;
	k->objects++;
	k->bytes += found->bytes;
	if (!k->first)
		k->first =
		    str_printf("%s%s%s%s, %s", path, k->at ? " (of '" : "",
			k->at ? k->at : "", k->at ? "')" : "", found->sha256);
}

static int read_pointer(void *ctx, const char *path, const char *name,
    const struct buf *text, struct err *err)
{
	struct lfs_object o;

	(void)name;
	(void)err;
	if (lfs_pointer_parse(buf_str(text), text->len, &o))
		return 0;
	count(ctx, &o, path);
	return 1;
}

static void begin_revision(void *ctx, const char *name)
{
	struct counting *k = ctx;

	k->at = name;
}

static int read_pointers(struct counting *k, const struct closure_mirror *m,
    const struct strvec *revisions, const struct cancel *cancel,
    struct err *err)
{
	cleanup(quiet_done) struct quiet quiet = QUIET_INIT;
	const struct revision_files files = {.dir = m->dir,
	    .name = m->name,
	    .locked = m->locked,
	    .cancel = cancel,
	    .ctx = k,
	    .wants = any,
	    .file = read_pointer,
	    .max_bytes = LFS_POINTER_MAX,
	    .quiet = &quiet,
	    .revisions = revisions,
	    .revision = begin_revision};

	quiet_load(&quiet, m->lfs_memory);
	if (revision_files_read(&files, err))
		return -1;
	quiet_save(&quiet, m->lfs_memory);
	return 0;
}

/* Those of the mirror that are not in the snapshot: of most there is none, and
 * then no file need be looked into. */
static int find_lacking(
    struct counting *k, const struct closure_mirror *m, struct err *err)
{
	size_t left = 0;

	if (mirror_lfs(m->dir, &k->lacking, err))
		return -1;
	VEC_EACH (&k->lacking, o)
		if (!m->lfs || !lfs_files_has(m->dir, o))
			k->lacking.items[left++] = *o;
	k->lacking.len = left;
	k->counted = mem_zalloc(left + 1);
	return 0;
}

/* Where LFS is off, they are where they were; else the server did not give
 * them. */
static void lack_objects(
    struct closure *c, const struct closure_mirror *m, const struct counting *k)
{
	cleanup(buf_done) struct buf size = BUF_INIT;

	str_add_bytes(&size, k->bytes);
	closure_lack(c, !m->lfs,
	    "%zu LFS object%s (%s) of files of repository '%s' %s%s: the first "
	    "is of %s",
	    k->objects, k->objects == 1 ? "" : "s", buf_str(&size), m->name,
	    k->objects == 1 ? "was" : "were",
	    m->lfs ? " not captured" : " left out, as `lfs: false` says",
	    k->first);
}

int closure_search_lfs(struct closure *c, const struct closure_mirror *m,
    const struct strvec *revisions, const struct cancel *cancel,
    struct err *err)
{
	cleanup(counting_done) struct counting k = {.lacking = VEC_INIT};

	if (find_lacking(&k, m, err))
		return -1;
	if (!k.lacking.len)
		return 0;
	if (read_pointers(&k, m, NULL, cancel, err) ||
	    (revisions->len && read_pointers(&k, m, revisions, cancel, err)))
		return -1;
	if (k.objects)
		lack_objects(c, m, &k);
	return 0;
}
