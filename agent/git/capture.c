#include "agent/git/capture.h"

#include "agent/git/facts.h"
#include "storage/archive/known.h"
#include "storage/archive/lane.h"
#include "storage/archive/layout.h"
#include "storage/base/cleanup.h"
#include "storage/base/digest.h"
#include "storage/base/file.h"
#include "storage/base/json.h"
#include "storage/base/mem.h"
#include "storage/base/pool.h"
#include "storage/git/lfs/files.h"
#include "storage/git/lfs/lfs.h"
#include "storage/git/mirror/mirror.h"
#include "storage/git/mirror/upstream.h"
#include "storage/git/repo/lfs_reach.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum {
	DEFAULT_PARALLEL = 4,
	MAX_LOST_NAMED = 100,
	/* How many repositories may be fetched, or under way, that the archive
	 * has not read yet: each keeps its lock, and what is told of it. */
	AHEAD = 64,
	AHEAD_BYTES = 4 * 1024 * 1024,
};

#define PACK_DIR "objects/pack/"

struct under_way {
	bool active;
	uint64_t mib; /* received */
};

struct capture {
	const struct capture_git_options *o;
	const struct capture_env *env;
	pthread_mutex_t lock; /* of what follows */
	struct capture_report *report;
	struct json_object **summaries; /* one for each repository */
	struct under_way *under_way;	/* the same */
	uint64_t ended;
	size_t ahead;	    /* of struct work */
	size_t ahead_bytes; /* of what these keep */
	pthread_cond_t changed;
	struct err fatal; /* cancelled, or no archive any more */
};

/* One repository, from its fetch until nobody reads its mirror any more. */
struct work {
	struct capture *c;
	const struct capture_git_repository *r;
	struct mirror_lock *lock; /* NULL: it was not fetched */
	struct git_access access;
	char *dir; /* of the mirror */
	struct mirror_state state;
	size_t refs; /* how many, as `state` does not keep them */
	struct archive_lane *lane;
	struct archive_totals totals; /* of the lane; a commit empties it */
	struct strvec uncovered;      /* submodules, by URL */
	size_t bytes;		      /* that it keeps until it is archived */
	/* Under the lock of the capture: */
	bool fetched; /* or failed to; all of the above is settled */
	int readers;  /* of the mirror; the last one ends the work */
};

static struct git_access access_of(
    const struct capture_git_repository *r, const struct capture_env *env)
{
	struct git_access a = r->access;

	a.scratch = env->scratch;
	a.clock = env->clock;
	a.random = env->random;
	a.cancel = env->cancel;
	return a;
}

static struct git_captured captured_of(const struct work *w)
{
	return (struct git_captured){
	    .r = w->r, .state = &w->state, .refs = w->refs, .dir = w->dir};
}

/* --- progress: all that are under way, each with what it has received */

static void report_progress(struct capture *c)
{
	cleanup(buf_done) struct buf text = BUF_INIT;

	for (size_t i = 0; i < c->o->count; i++) {
		if (!c->under_way[i].active)
			continue;
		if (text.len)
			buf_add_str(&text, ", ");
		buf_add_str(&text, c->o->repositories[i].name);
		if (c->under_way[i].mib)
			buf_printf(&text, " %llu MiB",
			    (unsigned long long)c->under_way[i].mib);
	}
	c->env->progress(
	    c->env->progress_ctx, buf_str(&text), c->ended, c->o->count);
}

static void on_received(void *ctx, uint64_t bytes)
{
	const struct work *w = ctx;
	struct under_way *u = &w->c->under_way[w->r - w->c->o->repositories];
	uint64_t mib = bytes >> 20;

	/* Nobody else writes to it. */
	if (!w->c->env->progress || u->mib == mib)
		return;
	pthread_mutex_lock(&w->c->lock);
	u->mib = mib;
	report_progress(w->c);
	pthread_mutex_unlock(&w->c->lock);
}

static void note_under_way(struct capture *c, size_t index, bool active)
{
	pthread_mutex_lock(&c->lock);
	c->under_way[index].active = active;
	if (c->env->progress)
		report_progress(c);
	pthread_mutex_unlock(&c->lock);
}

/* --- what the snapshot before has of its packs */

static const struct known_entry *before(
    const struct work *w, const char *name, uint64_t bytes)
{
	cleanup(buf_done) struct buf path = BUF_INIT;

	layout_git_path(w->r->name, name, &path);
	return archive_writer_before(w->c->env->writer, buf_str(&path), bytes);
}

/* One that the snapshot before had named was checked by that run. */
static bool find_expected(
    void *ctx, const char *name, uint64_t bytes, struct pack_expected *out)
{
	const struct work *w = ctx;
	autofree char *file = str_printf(PACK_DIR "%s", name);
	const struct known_entry *e = before(w, file, bytes);

	if (!e)
		return false;
	memcpy(out->sha256, e->sha256, sizeof(out->sha256));
	out->proven = archive_writer_was_named(w->c->env->writer, e);
	return true;
}

/* NULL: it has not been read. */
static const uint8_t *digest_of_same(
    const struct work *w, const char *name, const char *file)
{
	struct stat st;

	if (!str_starts(name, PACK_DIR) ||
	    !strvec_has(&w->state.same_packs, name + strlen(PACK_DIR)) ||
	    stat(file, &st))
		return NULL;
	const struct known_entry *e = before(w, name, (uint64_t)st.st_size);
	return e ? e->sha256 : NULL;
}

static int add_file(
    struct work *w, const char *name, const char *facts, struct err *err)
{
	autofree char *file = file_join(w->dir, name);
	cleanup(buf_done) struct buf path = BUF_INIT;

	layout_git_path(w->r->name, name, &path);
	const struct archive_entry entry = {.path = buf_str(&path),
	    .source = w->r->url,
	    .facts = facts,
	    .is_sha256 = digest_of_same(w, name, file)};

	return archive_lane_add_file(w->lane, &entry, file, err);
}

static int add_files(struct work *w, const char *facts, struct err *err)
{
	cleanup(strvec_done) struct strvec files = VEC_INIT;

	if (mirror_files(w->dir, &files, err))
		return -1;
	VEC_EACH (&files, name) {
		bool head = str_eq(*name, "HEAD");
		if (add_file(w, *name, head ? facts : NULL, err))
			return -1;
	}
	if (!w->r->lfs)
		return 0;
	VEC_EACH (&w->state.lfs, o) {
		autofree char *name = lfs_files_path(o->sha256);
		if (lfs_files_has(w->dir, o) && add_file(w, name, NULL, err))
			return -1;
	}
	return 0;
}

/* What no ref reaches any more is not wanted. */
static int exclude_unneeded(
    struct work *w, struct lfs_result *result, struct err *err)
{
	struct lfs_objectvec needed = VEC_INIT;
	size_t left = 0;

	if (!result->failed.len)
		return 0;
	if (lfs_reach_find(
		w->dir, &w->state.refs, w->c->env->cancel, &needed, err))
		return -1;
	for (size_t i = 0; i < result->failed.len; i++) {
		struct lfs_failure *f = &result->failed.items[i];
		if (lfs_reach_has(&needed, f->sha256))
			result->failed.items[left++] = *f;
		else
			free(f->reason);
	}
	result->failed.len = left;
	vec_done(&needed);
	return 0;
}

static bool is_accepted(const struct work *w, const char *what)
{
	const struct strvec *accepted = w->c->o->accept_missing;

	return accepted && strvec_has(accepted, what);
}

/* What git.accept_missing allows to be missing is reported, and no more. */
static void exclude_accepted(struct work *w, struct lfs_result *result)
{
	size_t left = 0;

	for (size_t i = 0; i < result->failed.len; i++) {
		struct lfs_failure *f = &result->failed.items[i];
		if (!is_accepted(w, f->sha256)) {
			result->failed.items[left++] = *f;
			continue;
		}
		*vec_add(&w->state.warnings) = str_printf(
		    "LFS object %s is missing, as git.accept_missing allows: "
		    "%s",
		    f->sha256, f->reason);
		free(f->reason);
	}
	result->failed.len = left;
}

/* LFS objects that cannot be fetched are missing; the repository is captured
 * all the same. */
static int fetch_lfs(struct work *w, struct err *err)
{
	cleanup(lfs_result_done) struct lfs_result result = LFS_RESULT_INIT;
	const struct lfs_options o = {
	    .url = w->r->url, .dir = w->dir, .access = &w->access};
	struct err why = ERR_INIT;

	if (!w->r->lfs || !w->state.lfs.len)
		return 0;
	int failed = lfs_fetch(&o, &w->state.lfs, &result, &why);
	if (failed && why.code == ERR_CANCELLED) {
		*err = why;
		return -1;
	}
	if (result.damaged)
		*vec_add(&w->state.warnings) = str_printf(
		    "%llu LFS objects of its mirror were damaged and are "
		    "fetched anew",
		    (unsigned long long)result.damaged);
	if (!failed && exclude_unneeded(w, &result, err))
		return -1;
	if (!failed)
		exclude_accepted(w, &result);
	if (!failed && !result.failed.len)
		return 0;
	if (!failed)
		err_set(&why, ERR_NOT_FOUND, "%zu of %zu; the first, %s: %s",
		    result.failed.len, w->state.lfs.len,
		    result.failed.items[0].sha256,
		    result.failed.items[0].reason);
	pthread_mutex_lock(&w->c->lock);
	capture_report_missing(
	    w->c->report, &why, "LFS objects of repository '%s'", w->r->name);
	pthread_mutex_unlock(&w->c->lock);
	return 0;
}

static void exclude_accepted_refs(struct work *w)
{
	struct mirror_lostvec *lost = &w->state.lost;
	size_t left = 0;

	VEC_EACH (lost, l) {
		autofree char *what = str_printf("%s:%s", w->r->name, l->name);
		if (!is_accepted(w, what)) {
			lost->items[left++] = *l;
			continue;
		}
		*vec_add(&w->state.warnings) = str_printf(
		    "reference '%s' is missing, as git.accept_missing allows: "
		    "%s",
		    l->name, l->reason);
		free(l->name);
		free(l->reason);
	}
	lost->len = left;
}

/* Names the first few, and counts the rest. */
static void report_lost(struct work *w)
{
	struct capture *c = w->c;
	const struct mirror_lostvec *lost = &w->state.lost;
	size_t named = lost->len < MAX_LOST_NAMED ? lost->len : MAX_LOST_NAMED;
	char hex[GIT_ID_HEX];

	for (size_t i = 0; i < named; i++) {
		const struct mirror_lost *l = &lost->items[i];
		struct err why = ERR_INIT;
		git_id_hex(w->state.hash, l->kept_id, hex);
		err_set(&why, ERR_INTEGRITY, "%s%s%s", l->reason,
		    l->kept ? "; kept as the run before left it, at " : "",
		    l->kept ? hex : "");
		capture_report_missing(c->report, &why,
		    "reference '%s' of repository '%s'", l->name, w->r->name);
	}
	if (named == lost->len)
		return;
	struct err why = ERR_INIT;
	err_set(&why, ERR_INTEGRITY, "as those before, the last: %s: %s",
	    lost->items[lost->len - 1].name, lost->items[lost->len - 1].reason);
	capture_report_missing(c->report, &why,
	    "%zu more references of repository '%s'", lost->len - named,
	    w->r->name);
}

static void report_one(struct work *w)
{
	struct capture *c = w->c;
	struct git_captured t = captured_of(w);
	exclude_accepted_refs(w);
	struct json_object *j = git_facts_summary(&t, w->totals.bytes);
	size_t index = (size_t)(w->r - c->o->repositories);

	pthread_mutex_lock(&c->lock);
	c->summaries[index] = j;
	c->report->items++;
	c->report->bytes += w->totals.bytes;
	VEC_EACH (&w->state.warnings, text)
		capture_report_warning(
		    c->report, "repository '%s': %s", w->r->name, *text);
	report_lost(w);
	VEC_EACH (&w->uncovered, url)
		capture_report_warning(c->report,
		    "repository '%s': its submodule %s is in no repository of "
		    "this snapshot",
		    w->r->name, *url);
	pthread_mutex_unlock(&c->lock);
}

/* What the mirror is bound to: a repository and credentials, since it holds
 * whatever these could read. A digest, because some of it may be secret. */
static char *origin_of(const struct work *w)
{
	cleanup(buf_wipe) struct buf all = BUF_INIT;
	const struct git_access *a = &w->access;
	const char *const parts[] = {w->c->env->name, w->r->url, a->user,
	    a->ssh_key_file, w->r->credentials};
	char *hex = mem_alloc(DIGEST_SHA256_HEX);

	/* A NUL is in none of them. */
	for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
		buf_add_str(&all, parts[i] ? parts[i] : "");
		buf_add_char(&all, '\0');
	}
	digest_sha256_hex(all.data, all.len, hex);
	return hex;
}

static void fail(struct work *w, const struct err *err, bool fatal)
{
	struct capture *c = w->c;

	pthread_mutex_lock(&c->lock);
	if ((fatal || err->code == ERR_CANCELLED) && c->fatal.code == ERR_NONE)
		c->fatal = *err;
	capture_report_missing(c->report, err, "repository '%s'", w->r->name);
	pthread_mutex_unlock(&c->lock);
}

/* --- from the server into the mirror */

static int fetch_into_lane(struct work *w, struct err *err)
{
	autofree char *origin = origin_of(w);
	const struct packs_expected expected = {
	    .find = find_expected, .ctx = w};
	const struct mirror_options o = {.url = w->r->url,
	    .dir = w->dir,
	    .origin = origin,
	    .access = &w->access,
	    .expected = &expected,
	    .progress = on_received,
	    .progress_ctx = w};

	if (mirror_update(&o, &w->state, err) || fetch_lfs(w, err))
		return -1;
	w->refs = w->state.refs.len;
	cleanup(buf_done) struct buf text = BUF_INIT;
	struct git_captured t = captured_of(w);
	git_facts_uncovered(w->c->o, &t, &w->uncovered);
	cleanup(json_freep) struct json_object *facts =
	    git_facts_json(&t, &w->uncovered);
	json_write(&text, facts, JSON_COMPACT);
	/* A million of them take more memory than archiving does. */
	git_refvec_done(&w->state.refs);
	w->bytes = text.len + w->state.lfs.len * sizeof(*w->state.lfs.items);
	return add_files(w, buf_str(&text), err);
}

static int fetch(struct work *w, struct err *err)
{
	const struct capture_env *env = w->c->env;

	w->access = access_of(w->r, env);
	if (cancel_check(env->cancel, err))
		return -1;
	if (!file_path_is_safe(w->r->name))
		return err_set(err, ERR_USAGE,
		    "'%s' is not a name for a repository: a relative path is",
		    w->r->name);
	w->dir = str_printf("%s/git/%s.git", env->state_dir, w->r->name);
	w->lock = mirror_lock(w->dir, err);
	return w->lock ? fetch_into_lane(w, err) : -1;
}

static void fetch_job(void *arg)
{
	struct work *w = arg;
	struct capture *c = w->c;
	size_t index = (size_t)(w->r - c->o->repositories);
	struct err err = ERR_INIT;

	note_under_way(c, index, true);
	if (fetch(w, &err)) {
		fail(w, &err, false);
		mirror_unlock(steal(w->lock));
	}
	note_under_way(c, index, false);
	pthread_mutex_lock(&c->lock);
	w->fetched = true;
	c->ahead_bytes += w->bytes;
	pthread_cond_broadcast(&c->changed);
	pthread_mutex_unlock(&c->lock);
}

/* --- out of the mirror */

/* False where there is nothing to read. */
static bool await_fetched(struct work *w)
{
	pthread_mutex_lock(&w->c->lock);
	while (!w->fetched)
		pthread_cond_wait(&w->c->changed, &w->c->lock);
	pthread_mutex_unlock(&w->c->lock);
	return w->lock != NULL;
}

/* The lock is held until all have read the mirror. */
static void leave(struct work *w)
{
	struct capture *c = w->c;

	pthread_mutex_lock(&c->lock);
	bool last = --w->readers == 0;
	pthread_mutex_unlock(&c->lock);
	if (!last)
		return;
	mirror_unlock(w->lock);
	mirror_state_done(&w->state);
	strvec_done(&w->uncovered);
	free(w->dir);
	pthread_mutex_lock(&c->lock);
	c->ended++;
	c->ahead--;
	c->ahead_bytes -= w->bytes;
	if (c->env->progress)
		report_progress(c);
	pthread_cond_broadcast(&c->changed);
	pthread_mutex_unlock(&c->lock);
	free(w);
}

static void archive_job(void *arg)
{
	struct work *w = arg;
	struct err err = ERR_INIT;

	if (await_fetched(w)) {
		w->totals = archive_lane_totals(w->lane);
		if (archive_lane_commit(w->lane, &err))
			fail(w, &err,
			    archive_writer_is_spoilt(w->c->env->writer));
		else
			report_one(w);
	}
	/* The next lane gets its turn, whoever still reads the mirror. */
	archive_lane_free(steal(w->lane));
	leave(w);
}

/* Whoever wants to know of the mirror reads it on a thread of its own, while
 * the archive does. */
static void tell_job(void *arg)
{
	struct work *w = arg;
	const struct capture_env *env = w->c->env;

	if (await_fetched(w))
		env->mirrored(env->note_ctx, w->r->name, w->r->url, w->dir);
	leave(w);
}

/* Waits while too many are fetched that the archive has not read. Nobody waits
 * any more once its work has begun, since those behind it may be fetched
 * first, and the archive takes it before them. */
static struct work *begin(struct capture *c, size_t index)
{
	struct work *w = mem_new(struct work);

	w->c = c;
	w->r = &c->o->repositories[index];
	w->readers = c->env->mirrored ? 2 : 1;
	w->lane = archive_lane_open(c->env->writer, RANK_GIT, index);
	pthread_mutex_lock(&c->lock);
	while (c->ahead >= AHEAD || c->ahead_bytes >= AHEAD_BYTES)
		pthread_cond_wait(&c->changed, &c->lock);
	c->ahead++;
	pthread_mutex_unlock(&c->lock);
	return w;
}

/* What is fetched need not wait for its turn in the archive, which comes only
 * after the clusters and the states. */
static void run(struct capture *c, size_t parallel)
{
	struct pool *fetching = pool_new(parallel, 1);
	struct pool *archiving = pool_new(1, AHEAD);
	struct pool *telling = c->env->mirrored ? pool_new(1, AHEAD) : NULL;

	for (size_t i = 0; i < c->o->count; i++) {
		struct work *w = begin(c, i);
		pool_submit(fetching, fetch_job, w);
		if (telling)
			pool_submit(telling, tell_job, w);
		pool_submit(archiving, archive_job, w);
	}
	pool_free(fetching);
	pool_free(telling);
	pool_free(archiving);
}

static struct json_object *summary(const struct capture *c)
{
	struct json_object *j = json_new_object();
	struct json_object *all = json_new_array();

	for (size_t i = 0; i < c->o->count; i++)
		if (c->summaries[i])
			json_append(all, c->summaries[i]);
	json_set(j, "repositories", all);
	return j;
}

int capture_git(const struct capture_git_options *o,
    const struct capture_env *env, struct capture_report *report,
    struct err *err)
{
	struct capture c = {.o = o, .env = env, .report = report};
	size_t parallel = o->parallel ? o->parallel : DEFAULT_PARALLEL;

	pthread_mutex_init(&c.lock, NULL);
	pthread_cond_init(&c.changed, NULL);
	c.summaries = mem_zalloc((o->count + 1) * sizeof(struct json_object *));
	c.under_way = mem_zalloc((o->count + 1) * sizeof(*c.under_way));
	run(&c, parallel);
	report->summary = summary(&c);
	free(c.summaries);
	free(c.under_way);
	pthread_cond_destroy(&c.changed);
	pthread_mutex_destroy(&c.lock);
	if (c.fatal.code == ERR_NONE)
		return 0;
	*err = c.fatal;
	return -1;
}

int capture_git_check(const struct capture_git_repository *r,
    const struct capture_env *env, size_t *ref_count, struct err *err)
{
	struct git_access access = access_of(r, env);
	cleanup(upstream_freep) struct upstream *from =
	    upstream_open(r->url, &access, err);

	if (!from)
		return -1;
	*ref_count = from->refs.len;
	return 0;
}
