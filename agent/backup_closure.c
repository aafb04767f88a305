#include "agent/backup.h"

#include "agent/covering.h"
#include "storage/base/cleanup.h"
#include "storage/base/json.h"
#include "storage/base/json_text.h"
#include "storage/base/log.h"
#include "storage/base/mem.h"

#include <string.h>

/* How many lines a manifest names; the rest is a count. */
enum { NAMED = 500 };

static void note(void *ctx, const char *cluster, const char *key,
    const char *ns, const char *name, const char *text, size_t len)
{
	const struct backup_run *r = ctx;

	closure_note_object(r->closure, cluster, key, ns, name, text, len);
}

static char *memory_of(const struct backup_run *r, const char *name)
{
	return str_printf("%s/closure/%s.trees", r->settings->state_dir, name);
}

static char *lfs_memory_of(const struct backup_run *r, const char *name)
{
	return str_printf(
	    "%s/closure/%s.lfs-trees", r->settings->state_dir, name);
}

/* What it fails of, the search tries again, and reports. */
static void mirrored(
    void *ctx, const char *name, const char *url, const char *dir)
{
	const struct backup_run *r = ctx;
	autofree char *memory = memory_of(r, name);
	const struct closure_mirror m = {.dir = dir,
	    .name = name,
	    .url = url,
	    .memory = memory,
	    .locked = true};
	struct err ignored = ERR_INIT;

	(void)closure_read(r->closure, &m, r->a->env.cancel, &ignored);
}

void backup_closure_begin(struct backup_run *r, struct capture_env *env)
{
	if (r->settings->closure == SETTINGS_CLOSURE_NONE)
		return;
	r->closure = closure_new();
	env->note = note;
	env->mirrored = mirrored;
	env->note_ctx = r;
}

void backup_closure_done(struct backup_run *r)
{
	closure_free(steal(r->closure));
	closure_lacks_done(&r->lacks);
}

void backup_closure_unsearched(struct backup_run *r,
    const struct settings_repository *one, const struct err *why)
{
	*vec_add(&r->lacks) = (struct closure_lack){
	    .what = str_printf("repository '%s' was not searched: %s",
		one->name, why->message)};
}

char *backup_closure_mirror(
    const struct backup_run *r, const struct settings_repository *one)
{
	return str_printf("%s/git/%s.git", r->settings->state_dir, one->name);
}

/* A mirror that is not there is missing already, as the repository is. Of one
 * that cannot be searched it is not known what it needs. */
static int search(struct backup_run *r, const struct settings_repository *one,
    bool *searched, struct err *err)
{
	autofree char *dir = backup_closure_mirror(r, one);
	autofree char *memory = memory_of(r, one->name);
	autofree char *lfs_memory = lfs_memory_of(r, one->name);
	const struct closure_mirror m = {.dir = dir,
	    .name = one->name,
	    .url = one->url,
	    .memory = memory,
	    .lfs_memory = lfs_memory,
	    .lfs = one->lfs};
	struct err why = ERR_INIT;

	*searched = closure_search(r->closure, &m, r->a->env.cancel, &why) == 0;
	if (*searched)
		return 0;
	if (why.code == ERR_CANCELLED) {
		*err = why;
		return -1;
	}
	if (why.code != ERR_NOT_FOUND)
		backup_closure_unsearched(r, one, &why);
	return 0;
}

static void search_pins(
    struct backup_run *r, const struct settings_repository *one)
{
	autofree char *dir = backup_closure_mirror(r, one);
	const struct closure_mirror m = {
	    .dir = dir, .name = one->name, .url = one->url};
	struct err why = ERR_INIT;

	if (closure_search_pins(r->closure, &m, &why))
		backup_closure_unsearched(r, one, &why);
}

static int search_all(struct backup_run *r, struct err *err)
{
	const struct settings_repositories *all =
	    &r->settings->git.repositories;
	autofree bool *searched = mem_zalloc(all->len + 1);

	for (size_t i = 0; i < all->len; i++)
		if (search(r, &all->items[i], &searched[i], err))
			return -1;
	for (size_t i = 0; i < all->len; i++)
		if (searched[i])
			search_pins(r, &all->items[i]);
	return 0;
}

static size_t count_outside(const struct backup_run *r)
{
	size_t n = 0;

	VEC_EACH (&r->lacks, l)
		n += l->outside;
	return n;
}

static int by_text(const void *a, const void *b)
{
	const struct closure_lack *x = a, *y = b;

	return strcmp(x->what, y->what);
}

void backup_closure_end(struct backup_run *r)
{
	cleanup(buf_done) struct buf facts = BUF_INIT;

	closure_judge(r->closure, &r->lacks);
	/* In one order, whether one machine found them or several. */
	vec_sort(&r->lacks, by_text);
	/* Keys need not be kept any longer. */
	closure_free(r->closure);
	r->closure = NULL;
	size_t outside = count_outside(r), missing = r->lacks.len - outside;
	json_text_int(&facts, "outside", (int64_t)outside);
	json_text_int(&facts, "missing", (int64_t)missing);
	if (r->lacks.len)
		log_named(LOG_LEVEL_INFO, "closure.judged", &facts,
		    "of what its parts point to, %zu are outside of the "
		    "snapshot and %zu missing; `backstay-restore show` names "
		    "them",
		    outside, missing);
}

/* What a shard has seen is judged together with what the others have. */
int backup_closure_judge(struct backup_run *r, struct err *err)
{
	if (!r->closure)
		return 0;
	if (r->shard && backup_closure_ask(r, err))
		return -1;
	if (search_all(r, err))
		return -1;
	/* Of a shard's own settings, the sources of the others are not a part.
	 */
	const struct settings *all = &r->organisations.settings;
	covering_settings(all, closure_found(r->closure));
	VEC_EACH (&all->git.repositories, one)
		closure_source(r->closure, one->url);
	if (!r->shard)
		backup_closure_end(r);
	return 0;
}

static struct json_object *list_of(const struct backup_run *r, bool outside)
{
	struct json_object *list = json_new_array();

	VEC_EACH (&r->lacks, l)
		if (l->outside == outside && json_len(list) < NAMED)
			json_append(list, json_new_str(l->what));
	return list;
}

void backup_closure_fill(const struct backup_run *r, struct manifest *m)
{
	bool required = r->settings->closure == SETTINGS_CLOSURE_REQUIRED;
	size_t named = 0;

	/* A part, which is no snapshot, says nothing of it. */
	if (r->settings->closure == SETTINGS_CLOSURE_NONE || !r->snapshot)
		return;
	m->closure = json_new_object();
	json_set_bool(m->closure, "alone", !r->lacks.len);
	json_set_int(m->closure, "lacks", (int64_t)r->lacks.len);
	json_set(m->closure, "missing", list_of(r, false));
	json_set(m->closure, "outside", list_of(r, true));
	VEC_EACH (&r->lacks, l) {
		if ((l->outside && !required) || ++named > NAMED)
			continue;
		if (required) {
			manifest_add_missing(m, l->what,
			    "the snapshot needs it to be used alone, and "
			    "closure is required");
			log_named(LOG_LEVEL_ERROR, "missing", NULL,
			    "missing: closure: %s", l->what);
		} else {
			manifest_add_warning(m, l->what);
			log_warn("closure: %s", l->what);
		}
	}
}
