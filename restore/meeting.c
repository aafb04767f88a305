#include "restore/meeting.h"

#include "restore/things.h"
#include "storage/archive/facts.h"
#include "storage/base/cleanup.h"
#include "storage/base/json.h"

#include <stdlib.h>
#include <string.h>

void meeting_init(struct meeting *m)
{
	*m = (struct meeting){.browse = BROWSE_INIT};
	m->found.schemas.browse = &m->browse;
	pthread_mutex_init(&m->lock, NULL);
}

void meeting_done(struct meeting *m)
{
	VEC_EACH (&m->unseen, u) {
		free(u->prefix);
		free(u->resource);
		free(u->ns);
		free(u->what);
		free(u->reason);
	}
	vec_done(&m->unseen);
	indexed_done(&m->known);
	pathset_done(&m->added);
	list_schemas_done(&m->found.schemas);
	browse_done(&m->browse);
	pthread_mutex_destroy(&m->lock);
}

bool meeting_wants(const struct meeting *m, const char *kind)
{
	size_t len = strlen(kind);

	VEC_EACH (m->only, text)
		if (!things_is_named(*text) ||
		    (str_starts(*text, kind) &&
			((*text)[len] == ':' || !(*text)[len])))
			return true;
	return !m->only->len;
}

static bool is_meant(const struct meeting *m, const struct contents_entry *e)
{
	if (m->paths && !pathset_has(m->paths, e->path))
		return false;
	return !m->only->len || things_match_any(m->only, e);
}

struct walk {
	struct meeting *m;
	enum layout_kind kind;
	const struct meeting_also *also; /* or NULL */
};

static bool is_of_walk(const struct walk *w, const struct contents_entry *e)
{
	return layout_kind_of(e->path) == w->kind && version_is_one(e) &&
	       is_meant(w->m, e);
}

static int check(const struct meeting *m, struct err *err)
{
	return cancel_check(m->browse.command->env.cancel, err);
}

static int note(void *ctx, const struct contents_entry *e, struct err *err)
{
	struct walk *w = ctx;

	if (is_of_walk(w, e))
		indexed_add(&w->m->known, e);
	if (w->also && layout_kind_of(e->path) == w->kind &&
	    w->also->entry(w->also->ctx, e, err))
		return -1;
	return check(w->m, err);
}

/* By the signed manifest, so that the index need not be read to find none. */
static bool may_have(const struct meeting *m, enum layout_kind kind)
{
	static const char *const names[] = {[LAYOUT_GIT] = "git",
	    [LAYOUT_KUBERNETES] = "kubernetes",
	    [LAYOUT_TERRAFORM] = "terraform"};
	const struct json_object *sources = m->browse.opened.manifest.sources;
	size_t count = json_len(sources);

	for (size_t i = 0; i < count; i++)
		if (str_eq(
			json_get_str(json_at(sources, i), "kind"), names[kind]))
			return true;
	return !count;
}

int meeting_begin(struct meeting *m, enum layout_kind kind,
    const struct meeting_also *also, struct err *err)
{
	struct walk w = {.m = m, .kind = kind, .also = also};

	indexed_clear(&m->known);
	if (!may_have(m, kind))
		return 0;
	if (browse_each(&m->browse, note, &w, err))
		return -1;
	indexed_sort(&m->known);
	return 0;
}

static struct indexed *find(const struct meeting *m, const char *path)
{
	uint8_t hash[DIGEST_SHA256_LEN];

	digest_of(DIGEST_SHA256, path, strlen(path), hash);
	return indexed_find(&m->known, hash);
}

bool meeting_has(struct meeting *m, const char *path)
{
	pthread_mutex_lock(&m->lock);
	bool has = find(m, path) != NULL;
	pthread_mutex_unlock(&m->lock);
	return has;
}

static bool is_of_other_server(const struct meeting *m, const char *path)
{
	if (m->other_servers)
		VEC_EACH (m->other_servers, start)
			if (str_starts(path, *start))
				return true;
	return false;
}

static int compare(struct meeting *m, const struct indexed *k,
    const struct contents_entry *e, const struct meeting_load *load,
    struct err *err)
{
	cleanup(version_done) struct version from = {.kind = VERSION_NONE};
	cleanup(version_done) struct version to = {.kind = VERSION_NONE};

	if (load->load(load->ctx, e, &to, err))
		return -1;
	if (k) {
		const struct contents_entry was = indexed_entry(k, e);
		if (version_load(&m->browse, &was, &m->exclude, &from, err))
			return -1;
	}
	m->found.other_server = is_of_other_server(m, e->path);
	if (m->new_uids) {
		version_forget_uids(&from);
		version_forget_uids(&to);
	}
	if (m->bare) {
		version_forget_marks(&from);
		version_forget_marks(&to);
	}
	m->found.schemas.ask = load->schema;
	m->found.schemas.ask_ctx = load->ctx;
	return differences_print(&m->found, &from,
	    m->browse.opened.snapshot->label, &to, NULL, load->notes, err);
}

static int meet(struct meeting *m, const struct contents_entry *e,
    const struct meeting_load *load, struct err *err)
{
	struct indexed *k = find(m, e->path);
	uint8_t version[DIGEST_SHA256_LEN];

	if (!k && (!is_meant(m, e) || !pathset_add(&m->added, e->path)))
		return 0;
	if (k && k->met)
		return 0;
	version_digest(e, version);
	if (k)
		k->met = true;
	if (k && memcmp(k->version, version, sizeof(version)) == 0)
		return 0;
	return compare(m, k, e, load, err);
}

int meeting_live(struct meeting *m, const struct contents_entry *e,
    const struct meeting_load *load, struct err *err)
{
	if (check(m, err))
		return -1;
	pthread_mutex_lock(&m->lock);
	int failed = meet(m, e, load, err);
	pthread_mutex_unlock(&m->lock);
	return failed;
}

static bool is_unseen(const struct meeting *m, const struct contents_entry *e)
{
	VEC_EACH (&m->unseen, u)
		if (str_starts(e->path, u->prefix) &&
		    (!u->resource ||
			str_eq(u->resource, facts_str(e->facts, "resource"))) &&
		    (!u->ns || str_eq(u->ns, facts_str(e->facts, "namespace"))))
			return true;
	return false;
}

static int miss(void *ctx, const struct contents_entry *e, struct err *err)
{
	struct walk *w = ctx;
	struct meeting *m = w->m;
	cleanup(version_done) struct version from = {.kind = VERSION_NONE};

	if (check(m, err))
		return -1;
	if (!is_of_walk(w, e) || find(m, e->path)->met || is_unseen(m, e))
		return 0;
	if (version_load(&m->browse, e, &m->exclude, &from, err))
		return -1;
	return differences_print(&m->found, &from,
	    m->browse.opened.snapshot->label, NULL, NULL, NULL, err);
}

int meeting_end(struct meeting *m, enum layout_kind kind, struct err *err)
{
	struct walk w = {.m = m, .kind = kind};

	VEC_EACH (&m->known, k)
		if (!k->met)
			return browse_each(&m->browse, miss, &w, err);
	return 0;
}

void meeting_not_seen(struct meeting *m, const char *prefix,
    const char *resource, const char *ns, const char *what,
    const struct err *why)
{
	pthread_mutex_lock(&m->lock);
	*vec_add(&m->unseen) =
	    (struct meeting_unseen){.prefix = str_dup(prefix),
		.resource = resource ? str_dup(resource) : NULL,
		.ns = ns ? str_dup(ns) : NULL,
		.what = str_dup(what),
		.reason = str_dup(why->message)};
	pthread_mutex_unlock(&m->lock);
}

bool meeting_is_unseen(const struct meeting *m, const char *what)
{
	VEC_EACH (&m->unseen, u)
		if (str_eq(u->what, what))
			return true;
	return false;
}
