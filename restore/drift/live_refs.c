#include "restore/drift/live_refs.h"

#include "config/organisations.h"
#include "restore/diff/refs.h"
#include "restore/repository.h"
#include "storage/archive/facts.h"
#include "storage/base/cleanup.h"
#include "storage/base/file.h"
#include "storage/base/json.h"
#include "storage/git/mirror/mirror.h"
#include "storage/git/mirror/upstream.h"

#include <stdlib.h>
#include <string.h>

struct live {
	struct meeting *m;
	const struct settings_repository *r;
	struct connect_git git;
	struct err history; /* why it could not be had; or none */
};

/* A name need not be UTF-8; facts of the archive have it so. */
static char *name_shown(const char *name)
{
	struct buf shown = BUF_INIT;

	str_add_printable(&shown, name, strlen(name));
	return buf_steal(&shown);
}

static void add_facts(const struct upstream *u, struct facts *out)
{
	cleanup(json_freep) struct json_object *facts = json_new_object();
	struct json_object *refs = json_new_object();
	char hex[GIT_ID_HEX];

	GIT_REFVEC_EACH (&u->refs, ref) {
		autofree char *name = name_shown(ref->name);
		git_id_hex(u->hash, ref->id, hex);
		json_set_str(refs, name, hex);
	}
	autofree char *head =
	    u->head && !u->head_unknown ? name_shown(u->head) : NULL;
	json_set_str(facts, "head", head);
	json_set(facts, "refs", refs);
	facts_from_tree(out, facts);
}

/* Of refs the facts are all there is. */
static int load(void *ctx, const struct contents_entry *e, struct version *out,
    struct err *err)
{
	struct live *l = ctx;

	return version_load(&l->m->browse, e, &l->m->exclude, out, err);
}

/* The repository as it is now, for its history. */
static int note_moves(
    void *ctx, const struct version *from, struct changes *c, struct err *err)
{
	struct live *l = ctx;
	struct browse *browse = &l->m->browse;
	cleanup(mirror_state_done) struct mirror_state state =
	    MIRROR_STATE_INIT;

	(void)from;
	autofree char *before = repository_unpack(browse, l->r->name, err);
	if (!before)
		return -1;
	autofree char *dir = str_printf(
	    "%s/live-%s.git", browse->opened.scratch.path, l->r->name);
	const struct mirror_options o = {
	    .url = l->r->url, .dir = dir, .access = &l->git.access};
	struct mirror_lock *lock = mirror_lock(dir, &l->history);
	/* The refs are known to differ also where the history cannot be had;
	 * only how they moved is not. */
	if (lock && mirror_update(&o, &state, &l->history) == 0)
		refs_note_moves(c, before, dir);
	mirror_unlock(lock);
	return 0;
}

static int meet(struct live *l, const char *path, struct err *why, bool *asked,
    struct err *err)
{
	const struct differences_notes notes = {.add = note_moves, .ctx = l};
	const struct meeting_load loads = {
	    .load = load, .ctx = l, .notes = &notes};
	struct opened *o = &l->m->browse.opened;

	if (connect_git(&l->m->browse.command->settings->git, l->r->url,
		o->scratch.path, &l->m->browse.command->env, &l->git, why))
		return 0;
	l->git.access.scratch = o->scratch.path;
	cleanup(upstream_freep) struct upstream *u =
	    upstream_open(l->r->url, &l->git.access, why);
	if (!u)
		return 0;
	*asked = true;
	cleanup(facts_done) struct facts facts = FACTS_INIT;
	add_facts(u, &facts);
	const struct contents_entry e = {.path = path, .facts = &facts};
	return meeting_live(l->m, &e, &loads, err);
}

static int meet_repository(
    struct meeting *m, const struct settings_repository *r, struct err *err)
{
	cleanup(buf_done) struct buf path = BUF_INIT, prefix = BUF_INIT;
	struct live l = {.m = m, .r = r};
	struct err why = ERR_INIT;
	bool asked = false;

	layout_git_path(r->name, "HEAD", &path);
	layout_git_path(r->name, "", &prefix);
	int failed = meet(&l, buf_str(&path), &why, &asked, err);
	connect_git_done(&l.git);
	if (failed)
		return failed;
	if (asked && l.history.code == ERR_NONE)
		return 0;
	if (asked)
		why = l.history;
	if (why.code == ERR_CANCELLED) {
		*err = why;
		return -1;
	}
	autofree char *what =
	    str_printf(asked ? "git:%s, its history" : "git:%s", r->name);
	meeting_not_seen(m, buf_str(&prefix), NULL, NULL, what, &why);
	return 0;
}

struct search {
	struct meeting *m;
	const struct organisations *known;
};

/* Why a repository of the snapshot is none that the configuration knows. */
static const char *why_unknown(
    const struct organisations *known, const char *url)
{
	VEC_EACH (&known->each, o)
		if (o->err.code != ERR_NONE && url &&
		    organisations_covers(o->settings, url))
			return o->err.message;
	return "neither git.repositories nor git.organisations of the "
	       "configuration has it";
}

/* Repositories of the snapshot that the configuration does not name, or of
 * which it does not tell the refs. */
static int note_unknown(
    void *ctx, const struct contents_entry *e, struct err *err)
{
	struct search *s = ctx;
	cleanup(layout_git_done) struct layout_git at = {.repository = NULL};
	struct err why = ERR_INIT;

	if (!facts_has(e->facts, "refs_count"))
		return 0;
	if (layout_git_split(e->path, &at, err))
		return -1;
	bool named = false;
	VEC_EACH (&s->known->settings.git.repositories, r)
		named |= str_eq(r->name, at.repository);
	if (named && facts_has(e->facts, "refs"))
		return 0;
	cleanup(buf_done) struct buf prefix = BUF_INIT;
	layout_git_path(at.repository, "", &prefix);
	autofree char *what = str_printf("git:%s", at.repository);
	err_set(&why, ERR_NOT_FOUND, "%s",
	    named ? "it has too many references for the index to name them"
		  : why_unknown(s->known, facts_str(e->facts, "url")));
	meeting_not_seen(s->m, buf_str(&prefix), NULL, NULL, what, &why);
	return 0;
}

/* Whether that was said of it: neither is it new, nor can it be compared. */
static bool is_noted(const struct meeting *m, const char *name)
{
	autofree char *what = str_printf("git:%s", name);

	return meeting_is_unseen(m, what);
}

int live_refs_meet(struct meeting *m, struct err *err)
{
	const struct command *c = m->browse.command;
	struct organisations known;
	struct search s = {.m = m, .known = &known};
	const struct meeting_also also = {.entry = note_unknown, .ctx = &s};

	int status = organisations_list(c->settings, &c->env, &known, err) ||
		     meeting_begin(m, LAYOUT_GIT, &also, err);
	VEC_EACH (&known.settings.git.repositories, r)
		if (!status && !is_noted(m, r->name))
			status = meet_repository(m, r, err);
	organisations_done(&known);
	return status ? -1 : meeting_end(m, LAYOUT_GIT, err);
}
