#include "agent/sources.h"

#include "agent/git/capture.h"
#include "agent/terraform/capture.h"
#include "storage/base/cleanup.h"
#include "storage/base/estimate.h"
#include "storage/base/json_text.h"
#include "storage/base/log.h"
#include "storage/base/mem.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { TICK_MS = 200 };

static struct connect_env connect_env_of(const struct capture_env *env)
{
	return (struct connect_env){
	    .clock = env->clock, .random = env->random, .cancel = env->cancel};
}

/* ---- git ---- */

/* By where they are read from, so that one may be replaced in its place. */
static char *credentials_of(const struct settings_credentials *c)
{
	if (!c)
		return str_dup("");
	const struct secret_ref *ref =
	    secret_ref_is_set(&c->token) ? &c->token : &c->password;
	return str_printf("%s %s%s", c->url, ref->file ? ref->file : "$",
	    ref->variable ? ref->variable : "");
}

static void report_organisations(struct source_task *t)
{
	VEC_EACH (&t->sources->organisations->each, o) {
		const char *url = o->settings->url;
		if (o->err.code != ERR_NONE)
			capture_report_missing(&t->report, &o->err,
			    "repositories of organisation '%s'", url);
		VEC_EACH (&o->unusable, name) {
			struct err why = ERR_INIT;
			err_set(&why, ERR_FORMAT,
			    "an archive can hold no repository of that name; "
			    "give it another in git.repositories");
			capture_report_missing(&t->report, &why,
			    "repository '%s' of organisation '%s'", *name, url);
		}
	}
}

static int capture_repositories(struct source_task *t, struct err *err)
{
	const struct settings_git *g = &t->settings->git;
	const struct connect_env env = connect_env_of(&t->env);
	size_t n = g->repositories.len, used = 0;
	struct connect_git *access =
	    mem_zalloc((n + 1) * sizeof(struct connect_git));
	struct capture_git_repository *repositories =
	    mem_zalloc((n + 1) * sizeof(struct capture_git_repository));
	cleanup(strvec_done) struct strvec credentials = VEC_INIT;
	cleanup(strvec_done) struct strvec sources = VEC_INIT;

	report_organisations(t);
	VEC_EACH (&t->sources->whole->git.repositories, r)
		strvec_add(&sources, r->url);
	for (size_t i = 0; i < n; i++) {
		const struct settings_repository *r = &g->repositories.items[i];
		struct err e = ERR_INIT;
		if (connect_git(
			g, r->url, t->env.scratch, &env, &access[i], &e)) {
			capture_report_missing(
			    &t->report, &e, "repository '%s'", r->name);
			continue;
		}
		char *which =
		    credentials_of(settings_credentials_for(g, r->url));
		*vec_add(&credentials) = which;
		repositories[used++] =
		    (struct capture_git_repository){.name = r->name,
			.url = r->url,
			.credentials = which,
			.access = access[i].access,
			.lfs = r->lfs};
	}
	const struct capture_git_options o = {.repositories = repositories,
	    .count = used,
	    .sources = &sources,
	    .parallel = (size_t)g->concurrency,
	    .accept_missing = &g->accept_missing};
	int status = used ? capture_git(&o, &t->env, &t->report, err) : 0;
	for (size_t i = 0; i < n; i++)
		connect_git_done(&access[i]);
	free(access);
	free(repositories);
	return status;
}

/* ---- kubernetes ---- */

struct capture_kube_cluster sources_cluster(
    const struct settings_cluster *c, struct kube_client *client)
{
	return (struct capture_kube_cluster){
	    .name = c->name,
	    .client = client,
	    .namespaces = &c->namespaces,
	    .namespace_labels = c->namespace_labels,
	    .exclude_namespaces = &c->exclude_namespaces,
	    .resources = &c->resources,
	    .exclude_resources = &c->exclude_resources,
	    .labels = c->labels,
	    .cluster_scope = connect_cluster_scope(c),
	    .one_revision = c->consistency == SETTINGS_CONSISTENCY_ONE,
	    .tolerate_forbidden = &c->tolerate_forbidden,
	    .keep_useless = !c->defaults,
	    .lists_at_once = (size_t)c->concurrency,
	    .page_size = (size_t)c->page_size,
	    .max_page_bytes = c->max_page_bytes,
	    .stall_timeout_ms = (int)c->request_timeout,
	};
}

static int capture_clusters(struct source_task *t, struct err *err)
{
	const struct settings_kubernetes *s = &t->settings->kubernetes;
	const struct connect_env env = connect_env_of(&t->env);
	size_t n = s->clusters.len, used = 0;
	struct connect_kube *connected =
	    mem_zalloc((n + 1) * sizeof(struct connect_kube));
	struct capture_kube_cluster *clusters =
	    mem_zalloc((n + 1) * sizeof(struct capture_kube_cluster));

	for (size_t i = 0; i < n; i++) {
		const struct settings_cluster *c = &s->clusters.items[i];
		struct err e = ERR_INIT;
		if (connect_cluster(c, &env, &connected[i], &e)) {
			capture_report_missing(
			    &t->report, &e, "cluster '%s'", c->name);
			continue;
		}
		clusters[used++] = sources_cluster(c, connected[i].client);
	}
	const struct capture_kube_options o = {
	    .clusters = clusters, .cluster_count = used};
	int status = used ? capture_kube(&o, &t->env, &t->report, err) : 0;
	for (size_t i = 0; i < n; i++)
		connect_kube_done(&connected[i]);
	free(connected);
	free(clusters);
	return status;
}

/* ---- terraform ---- */

static int capture_buckets(struct source_task *t, struct err *err)
{
	const struct settings_terraform *s = &t->settings->terraform;
	const struct connect_env env = connect_env_of(&t->env);
	size_t n = s->buckets.len, used = 0;
	struct connect_s3 *stores =
	    mem_zalloc((n + 1) * sizeof(struct connect_s3));
	struct capture_state_bucket *buckets =
	    mem_zalloc((n + 1) * sizeof(struct capture_state_bucket));

	for (size_t i = 0; i < n; i++) {
		const struct settings_bucket *b = &s->buckets.items[i];
		struct err e = ERR_INIT;
		if (connect_s3(
			&b->s3, b->dynamodb_table, &env, &stores[i], &e)) {
			capture_report_missing(
			    &t->report, &e, "bucket '%s'", b->s3.bucket);
			continue;
		}
		buckets[used++] =
		    (struct capture_state_bucket){.s3 = stores[i].s3,
			.prefixes = &b->prefixes,
			.include = b->include.len ? &b->include : NULL,
			.exclude = b->exclude.len ? &b->exclude : NULL,
			.locks = stores[i].locks,
			.versions = b->versions,
			.allow_non_state = b->allow_non_state};
	}
	const struct capture_state_options o = {.buckets = buckets,
	    .bucket_count = used,
	    .in_flight = s->concurrency,
	    .cache_max_bytes = s->cache_max_bytes};
	int status = used ? capture_state(&o, &t->env, &t->report, err) : 0;
	for (size_t i = 0; i < n; i++)
		connect_s3_done(&stores[i]);
	free(stores);
	free(buckets);
	return status;
}

/* ---- all ---- */

static void on_progress(
    void *ctx, const char *item, uint64_t done, uint64_t total)
{
	struct source_task *t = ctx;

	pthread_mutex_lock(&t->sources->lock);
	snprintf(t->item, sizeof(t->item), "%s", item);
	t->done = done;
	t->total = total;
	pthread_mutex_unlock(&t->sources->lock);
}

static void add(struct sources *s, const char *kind, enum archive_rank rank,
    int (*capture)(struct source_task *, struct err *),
    const struct settings *settings, const struct capture_env *env)
{
	struct source_task *t = &s->tasks[s->count++];

	*t = (struct source_task){.kind = kind,
	    .rank = rank,
	    .capture = capture,
	    .settings = settings,
	    .env = *env,
	    .sources = s};
	t->env.progress = on_progress;
	t->env.progress_ctx = t;
}

void sources_init(struct sources *s, const struct organisations *organisations,
    const struct settings *whole, const struct capture_env *env)
{
	const struct settings *settings = &organisations->settings;

	*s = (struct sources){.lock = PTHREAD_MUTEX_INITIALIZER,
	    .writer = env->writer,
	    .organisations = organisations,
	    .whole = whole};
	pthread_condattr_t monotonic;
	pthread_condattr_init(&monotonic);
	pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
	pthread_cond_init(&s->changed, &monotonic);
	pthread_condattr_destroy(&monotonic);
	if (settings->kubernetes.clusters.len)
		add(s, "kubernetes", RANK_KUBERNETES, capture_clusters,
		    settings, env);
	if (settings->terraform.buckets.len)
		add(s, "terraform", RANK_TERRAFORM, capture_buckets, settings,
		    env);
	if (settings->git.repositories.len || organisations->each.len)
		add(s, "git", RANK_GIT, capture_repositories, settings, env);
}

void sources_done(struct sources *s)
{
	for (size_t i = 0; i < s->count; i++)
		capture_report_done(&s->tasks[i].report);
	pthread_cond_destroy(&s->changed);
	pthread_mutex_destroy(&s->lock);
	s->count = 0;
}

static void log_started(const struct source_task *t)
{
	cleanup(buf_done) struct buf facts = BUF_INIT;

	json_text_str(&facts, "source", t->kind);
	log_named(LOG_LEVEL_INFO, "source.started", &facts,
	    "%s: capture started", t->kind);
}

static void log_done(const struct source_task *t)
{
	cleanup(buf_done) struct buf facts = BUF_INIT, text = BUF_INIT;
	const struct capture_report *r = &t->report;

	json_text_str(&facts, "source", t->kind);
	json_text_int(&facts, "items", (int64_t)r->items);
	json_text_int(&facts, "bytes", (int64_t)r->bytes);
	json_text_int(&facts, "missing", (int64_t)r->missing.len);
	json_text_int(&facts, "milliseconds", t->took_ms);
	buf_printf(&text, "%s: ", t->kind);
	str_add_count(&text, r->items, "item", "items");
	buf_add_str(&text, ", ");
	str_add_bytes(&text, r->bytes);
	if (r->missing.len)
		buf_printf(&text, ", %zu missing", r->missing.len);
	log_named(LOG_LEVEL_INFO, "source.done", &facts, "%s, %lld.%02lld s",
	    buf_str(&text), (long long)(t->took_ms / 1000),
	    (long long)(t->took_ms / 10 % 100));
}

static void *run_task(void *arg)
{
	struct source_task *t = arg;
	int64_t ticks = clock_ticks_ms(t->env.clock);

	log_started(t);
	t->started_ms = clock_now_ms(t->env.clock);
	t->status = t->capture(t, &t->err);
	t->finished_ms = clock_now_ms(t->env.clock);
	t->took_ms = clock_ticks_ms(t->env.clock) - ticks;
	log_done(t);
	archive_writer_rank_done(t->env.writer, t->rank);
	pthread_mutex_lock(&t->sources->lock);
	t->ended = true;
	t->sources->running--;
	pthread_cond_signal(&t->sources->changed);
	pthread_mutex_unlock(&t->sources->lock);
	return NULL;
}

static bool has_rank(const struct sources *s, int rank)
{
	for (size_t i = 0; i < s->count; i++)
		if ((int)s->tasks[i].rank == rank)
			return true;
	return false;
}

static void wait_a_tick(struct sources *s)
{
	struct timespec until;

	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_nsec += TICK_MS * 1000000L;
	if (until.tv_nsec >= 1000000000L) {
		until.tv_sec++;
		until.tv_nsec -= 1000000000L;
	}
	pthread_cond_timedwait(&s->changed, &s->lock, &until);
}

void sources_run(
    struct sources *s, void (*tick)(void *ctx, struct sources *s), void *ctx)
{
	for (int rank = 0; rank < RANK_COUNT; rank++)
		if (!has_rank(s, rank))
			archive_writer_rank_done(
			    s->writer, (enum archive_rank)rank);
	s->running = s->count;
	for (size_t i = 0; i < s->count; i++)
		if (pthread_create(
			&s->tasks[i].thread, NULL, run_task, &s->tasks[i]))
			abort();
	pthread_mutex_lock(&s->lock);
	while (s->running) {
		wait_a_tick(s);
		pthread_mutex_unlock(&s->lock);
		tick(ctx, s);
		pthread_mutex_lock(&s->lock);
	}
	pthread_mutex_unlock(&s->lock);
	for (size_t i = 0; i < s->count; i++)
		pthread_join(s->tasks[i].thread, NULL);
}

void sources_describe(struct sources *s, struct buf *out)
{
	pthread_mutex_lock(&s->lock);
	for (size_t i = 0; i < s->count; i++) {
		const struct source_task *t = &s->tasks[i];
		buf_printf(out, " | %s ", t->kind);
		if (t->ended)
			buf_add_str(out, "done");
		else if (t->total)
			buf_printf(out, "%llu/%llu",
			    (unsigned long long)t->done,
			    (unsigned long long)t->total);
		else
			buf_add_str(out, "...");
	}
	for (size_t i = 0; i < s->count; i++) {
		const struct source_task *t = &s->tasks[i];
		if (t->ended || !t->item[0])
			continue;
		buf_add_str(out, " | ");
		str_add_printable(out, t->item, strlen(t->item));
	}
	pthread_mutex_unlock(&s->lock);
}

int64_t sources_left_ms(struct sources *s, int64_t elapsed_ms)
{
	int64_t left = 0;

	pthread_mutex_lock(&s->lock);
	for (size_t i = 0; i < s->count && left >= 0; i++) {
		const struct source_task *t = &s->tasks[i];
		if (t->ended)
			continue;
		int64_t own = estimate_left_ms(t->done, t->total, elapsed_ms);
		left = own < 0 || own > left ? own : left;
	}
	pthread_mutex_unlock(&s->lock);
	return left;
}

bool sources_note_failed(const struct source_task *t)
{
	return !t->report.items && t->report.missing.len;
}
