#include "agent/discover/found.h"

#include "storage/base/cleanup.h"
#include "storage/gitops/repository.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

void found_done(struct found *f)
{
	VEC_EACH (&f->repositories, r) {
		free(r->url);
		free(r->name);
		strvec_done(&r->spelled);
		strvec_done(&r->by);
	}
	vec_done(&f->repositories);
	VEC_EACH (&f->credentials, c) {
		free(c->url);
		free(c->cluster);
		free(c->ns);
		free(c->name);
		free(c->username);
		strvec_done(&c->keys);
	}
	vec_done(&f->credentials);
	VEC_EACH (&f->buckets, b) {
		free(b->bucket);
		free(b->region);
		free(b->table);
		free(b->endpoint);
		strvec_done(&b->keys);
		strvec_done(&b->by);
		strvec_done(&b->outside);
	}
	vec_done(&f->buckets);
	strvec_done(&f->unclear);
}

static void add_once(struct strvec *v, const char *s)
{
	if (!strvec_has(v, s))
		strvec_add(v, s);
}

void found_add_unclear(struct found *f, const char *fmt, ...)
{
	cleanup(buf_done) struct buf line = BUF_INIT;
	va_list ap;

	va_start(ap, fmt);
	buf_vprintf(&line, fmt, ap);
	va_end(ap);
	add_once(&f->unclear, buf_str(&line));
}

/* Without a password, and for http without a user: who reads it is said by the
 * credentials. */
static char *plain_url(const char *url)
{
	const char *scheme = strstr(url, "://");
	const char *start = scheme ? scheme + 3 : url;
	size_t len = strcspn(start, "/?#");
	const char *at = scheme ? memrchr(start, '@', len) : NULL;

	if (!at)
		return str_dup(url);
	const char *colon = memchr(start, ':', (size_t)(at - start));
	size_t keep = strncasecmp(url, "http", 4) == 0 ? 0
		      : colon			       ? (size_t)(colon - start)
						       : (size_t)(at - start);
	return str_printf("%.*s%.*s%s", (int)(start - url), url, (int)keep,
	    start, keep ? at : at + 1);
}

/* Argo CD's templates have {{ }}; a glob stands in a project. */
static bool is_written_out(const char *url)
{
	return !strstr(url, "{{") && !strpbrk(url, "*$ \t\n");
}

static bool is_git_url(const char *url)
{
	static const char *const schemes[] = {
	    "https://", "http://", "ssh://", "file://"};

	for (size_t i = 0; i < sizeof(schemes) / sizeof(*schemes); i++)
		if (strncasecmp(url, schemes[i], strlen(schemes[i])) == 0)
			return url[strlen(schemes[i])] != '\0';
	/* host:path, but no other scheme */
	const char *colon = strchr(url, ':');
	return colon && colon > url && colon[1] && !strstr(url, "://");
}

void found_add_repository(struct found *f, const char *url, const char *by)
{
	autofree char *plain = plain_url(url);

	if (!is_written_out(plain)) {
		found_add_unclear(f,
		    "%s: the repository '%s' is not written out: "
		    "add those that it stands for",
		    by, plain);
		return;
	}
	if (!is_git_url(plain)) {
		found_add_unclear(
		    f, "%s: '%s' is not a URL of a Git repository", by, plain);
		return;
	}
	autofree char *name = repository_name(plain);
	VEC_EACH (&f->repositories, r) {
		if (!str_eq(r->name, name))
			continue;
		add_once(&r->spelled, plain);
		add_once(&r->by, by);
		return;
	}
	struct found_repository *r = vec_add(&f->repositories);
	strvec_add(&r->spelled, plain);
	r->url = steal(plain);
	r->name = steal(name);
	strvec_add(&r->by, by);
}

struct found_credentials *found_add_credentials(struct found *f,
    const char *url, const char *cluster, const char *ns, const char *name)
{
	autofree char *plain = plain_url(url);

	VEC_EACH (&f->credentials, c)
		if (str_eq(c->url, plain) && str_eq(c->cluster, cluster) &&
		    str_eq(c->ns, ns) && str_eq(c->name, name))
			return NULL;
	struct found_credentials *c = vec_add(&f->credentials);
	c->url = steal(plain);
	c->cluster = str_dup(cluster);
	c->ns = str_dup(ns);
	c->name = str_dup(name);
	return c;
}

static void keep_first(char **to, const char *value)
{
	if (!*to)
		*to = str_dup(value);
}

struct found_bucket *found_add_backend(
    struct found *f, const struct backend *b, const char *by)
{
	struct found_bucket *to = NULL;

	if (!b->bucket) {
		found_add_unclear(f,
		    "%s: the bucket of its state is not written "
		    "out: see what it is run with",
		    by);
		return NULL;
	}
	VEC_EACH (&f->buckets, known)
		if (str_eq(known->bucket, b->bucket) &&
		    (!known->endpoint || !b->endpoint ||
			str_eq(known->endpoint, b->endpoint)))
			to = known;
	if (!to) {
		to = vec_add(&f->buckets);
		to->bucket = str_dup(b->bucket);
	}
	keep_first(&to->region, b->region);
	keep_first(&to->table, b->table);
	keep_first(&to->endpoint, b->endpoint);
	if (b->key)
		add_once(&to->keys, b->key);
	add_once(&to->by, by);
	return to;
}

void found_cover_repository(struct found *f, const char *url)
{
	autofree char *name = repository_name(url);

	VEC_EACH (&f->repositories, r)
		r->covered |= str_eq(r->name, name);
}

static bool held(const char *key, const struct strvec *prefixes)
{
	VEC_EACH (prefixes, p)
		if (str_starts(key, *p))
			return true;
	return !prefixes->len;
}

/* A key is outside only if none of the configured prefixes holds it, of
 * whichever entry they are. */
static void cover(struct found_bucket *b, const struct strvec *prefixes)
{
	struct strvec outside = VEC_INIT;

	VEC_EACH (b->configured ? &b->outside : &b->keys, key)
		if (!held(*key, prefixes))
			strvec_add(&outside, *key);
	strvec_done(&b->outside);
	b->outside = outside;
	b->configured = true;
}

void found_cover_bucket(
    struct found *f, const char *bucket, const struct strvec *prefixes)
{
	VEC_EACH (&f->buckets, b)
		if (str_eq(b->bucket, bucket))
			cover(b, prefixes);
}

bool found_is_covered(const struct found *f)
{
	VEC_EACH (&f->repositories, r)
		if (!r->covered)
			return false;
	VEC_EACH (&f->buckets, b)
		if (!b->configured || b->outside.len)
			return false;
	return !f->unclear.len;
}

static int by_name(const void *a, const void *b)
{
	const struct found_repository *x = a, *y = b;

	return strcmp(x->name, y->name);
}

static int by_url(const void *a, const void *b)
{
	const struct found_credentials *x = a, *y = b;
	int order = strcmp(x->url, y->url);

	return order ? order : strcmp(x->name, y->name);
}

static int by_bucket(const void *a, const void *b)
{
	const struct found_bucket *x = a, *y = b;
	int order = strcmp(x->bucket, y->bucket);

	return order ? order
		     : strcmp(x->endpoint ? x->endpoint : "",
			   y->endpoint ? y->endpoint : "");
}

void found_sort(struct found *f)
{
	VEC_EACH (&f->repositories, r)
		strvec_sort(&r->by);
	VEC_EACH (&f->buckets, b) {
		strvec_sort(&b->by);
		strvec_sort(&b->keys);
	}
	vec_sort(&f->repositories, by_name);
	vec_sort(&f->credentials, by_url);
	vec_sort(&f->buckets, by_bucket);
	strvec_sort(&f->unclear);
}
