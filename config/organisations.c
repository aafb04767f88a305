#include "config/organisations.h"

#include "config/connect_host.h"
#include "config/validate.h"
#include "storage/base/cleanup.h"
#include "storage/base/index.h"
#include "storage/gitops/repository.h"

#include <stdlib.h>
#include <string.h>

/* By its name below the organisation. */
static bool is_wanted(const struct settings_organisation *o, const char *name)
{
	return (!o->include.len || str_glob_any(&o->include, name)) &&
	       !str_glob_any(&o->exclude, name);
}

/* What is captured so far: by its name, and by what all spellings of its URL
 * have in common. */
struct known {
	struct index *names, *urls;
};

static void known_done(struct known *k)
{
	index_free(k->names);
	index_free(k->urls);
}

static void know(struct known *k, const char *name, const char *url)
{
	autofree char *plain = repository_name(url);

	index_add(k->names, name, 0);
	index_add(k->urls, plain, 0);
}

static bool is_known(const struct known *k, const char *name, const char *url)
{
	autofree char *plain = repository_name(url);

	return index_first(k->names, name) != INDEX_END ||
	       index_first(k->urls, plain) != INDEX_END;
}

static void add_listed(struct organisations *out, struct organisation *o,
    struct known *known, const struct host *host,
    const struct host_repository *r)
{
	autofree char *url = host_clone_url(host, r->path);

	if (r->archived && !o->settings->archived) {
		o->archived++;
	} else if (!is_wanted(o->settings, host_path_below(host, r->path))) {
		o->unwanted++;
	} else if (!validate_is_repository_name(r->path)) {
		strvec_add(&o->unusable, r->path);
	} else if (is_known(known, r->path, url)) {
		o->named++;
	} else {
		know(known, r->path, url);
		*vec_add(&out->settings.git.repositories) =
		    (struct settings_repository){.name = str_dup(r->path),
			.url = str_dup(url),
			.lfs = o->settings->lfs};
		o->added++;
	}
}

static int list_one(struct organisations *out, struct organisation *o,
    struct known *known, const struct connect_env *env, struct err *err)
{
	cleanup(connect_host_done) struct connect_host c = {.host = NULL};
	struct host_repositories listed = VEC_INIT;

	if (connect_host(&out->settings.git, o->settings->kind,
		o->settings->url, false, env, &c, &o->err) ||
	    host_list(c.host, &listed, &o->err)) {
		host_repositories_done(&listed);
		if (o->err.code != ERR_CANCELLED)
			return 0;
		*err = o->err;
		return -1;
	}
	VEC_EACH (&listed, r)
		add_listed(out, o, known, c.host, r);
	host_repositories_done(&listed);
	return 0;
}

int organisations_list(const struct settings *s, const struct connect_env *env,
    struct organisations *out, struct err *err)
{
	cleanup(known_done) struct known known = {
	    .names = index_new(), .urls = index_new()};

	*out = (struct organisations){
	    .settings = *s, .configured = s->git.repositories.len};
	/* Copied, since more are added; what they name stays the settings'. */
	out->settings.git.repositories = (struct settings_repositories)VEC_INIT;
	VEC_EACH (&s->git.repositories, r) {
		*vec_add(&out->settings.git.repositories) = *r;
		know(&known, r->name, r->url);
	}
	VEC_EACH (&s->git.organisations, o)
		*vec_add(&out->each) = (struct organisation){.settings = o};
	VEC_EACH (&out->each, o)
		if (list_one(out, o, &known, env, err))
			return -1;
	return 0;
}

void organisations_done(struct organisations *o)
{
	struct settings_repositories *all = &o->settings.git.repositories;

	for (size_t i = o->configured; i < all->len; i++) {
		free(all->items[i].name);
		free(all->items[i].url);
	}
	vec_done(all);
	VEC_EACH (&o->each, each)
		strvec_done(&each->unusable);
	vec_done(&o->each);
}

void organisations_describe(const struct organisation *o, struct buf *out)
{
	str_add_count(out, o->added, "repository", "repositories");
	if (o->named)
		buf_printf(out, ", %zu that git.repositories names", o->named);
	if (o->archived)
		buf_printf(out, ", %zu archived left out", o->archived);
	if (o->unwanted)
		buf_printf(
		    out, ", %zu left out by include and exclude", o->unwanted);
}

bool organisations_covers(
    const struct settings_organisation *o, const char *url)
{
	return validate_url_covers(o->url, url);
}
