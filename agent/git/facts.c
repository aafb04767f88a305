#include "agent/git/facts.h"

#include "storage/base/cleanup.h"
#include "storage/base/json.h"
#include "storage/git/lfs/files.h"
#include "storage/git/lfs/lfs.h"
#include "storage/git/repo/submodules.h"
#include "storage/gitops/repository.h"

#include <stdlib.h>
#include <string.h>

/* What is told of a repository is kept small: its packed-refs has them all. */
enum { MAX_REFS = 10000 };

static struct json_object *strings(const struct strvec *v)
{
	struct json_object *array = json_new_array();

	VEC_EACH (v, s)
		json_append(array, json_new_str(*s));
	return array;
}

/* A name of a reference, which need not be UTF-8: what is none stands as \xNN,
 * and no name holds a backslash. The caller frees. */
static char *name_shown(const char *name)
{
	struct buf shown = BUF_INIT;

	str_add_printable(&shown, name, strlen(name));
	return buf_steal(&shown);
}

static void set_head(struct json_object *to, const struct git_captured *t)
{
	const struct mirror_state *s = t->state;
	autofree char *head =
	    s->head && !s->head_unknown ? name_shown(s->head) : NULL;

	json_set_str(to, "head", head);
}

static struct json_object *lfs_facts(const struct git_captured *t)
{
	struct json_object *j = json_new_object();
	uint64_t bytes = 0;
	int64_t stored = 0;

	VEC_EACH (&t->state->lfs, o) {
		bytes += o->bytes;
		stored += t->r->lfs && lfs_files_has(t->dir, o);
	}
	json_set_int(j, "objects", (int64_t)t->state->lfs.len);
	json_set_int(j, "bytes", (int64_t)bytes);
	json_set_int(j, "stored", stored);
	json_set_int(j, "missing", (int64_t)t->state->lfs.len - stored);
	return j;
}

static struct json_object *refs_facts(const struct mirror_state *s)
{
	struct json_object *refs = json_new_object();
	char hex[GIT_ID_HEX];

	GIT_REFVEC_EACH (&s->refs, r) {
		autofree char *name = name_shown(r->name);
		git_id_hex(s->hash, r->id, hex);
		json_set_str(refs, name, hex);
	}
	return refs;
}

struct json_object *git_facts_json(
    const struct git_captured *t, const struct strvec *uncovered)
{
	struct json_object *facts = json_new_object();

	json_set_str(facts, "url", t->r->url);
	set_head(facts, t);
	json_set_bool(facts, "head_unborn", t->state->head_unborn);
	json_set_int(facts, "refs_count", (int64_t)t->refs);
	if (t->refs <= MAX_REFS)
		json_set(facts, "refs", refs_facts(t->state));
	if (t->state->lfs.len)
		json_set(facts, "lfs", lfs_facts(t));
	if (uncovered->len)
		json_set(facts, "submodules", strings(uncovered));
	return facts;
}

void git_facts_uncovered(const struct capture_git_options *o,
    const struct git_captured *t, struct strvec *urls)
{
	cleanup(strvec_done) struct strvec sources = VEC_INIT;

	VEC_EACH (o->sources, url)
		*vec_add(&sources) = repository_name(*url);
	VEC_EACH (&t->state->submodules, url) {
		autofree char *full = submodules_url(t->r->url, *url);
		autofree char *name = repository_name(full);
		if (!strvec_has(&sources, name))
			strvec_add(urls, *url);
	}
}

struct json_object *git_facts_summary(
    const struct git_captured *t, uint64_t archive_bytes)
{
	struct json_object *j = json_new_object();

	json_set_str(j, "name", t->r->name);
	json_set_str(j, "url", t->r->url);
	set_head(j, t);
	json_set_int(j, "refs", (int64_t)t->refs);
	json_set_int(j, "bytes", (int64_t)archive_bytes);
	json_set_int(j, "received_bytes", (int64_t)t->state->received_bytes);
	if (t->state->lfs.len)
		json_set(j, "lfs", lfs_facts(t));
	return j;
}
