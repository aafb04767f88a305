#include "agent/shrink.h"

#include "storage/base/cleanup.h"
#include "storage/base/json.h"
#include "storage/kube/select.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_NAMED = 20 }; /* namespaces or prefixes, one by one */

struct comparison {
	const struct shrink_terms *t;
	/* Of the source that is being compared. */
	const struct shrink_source *source;
	/* Something of its kind is missing: the snapshot is partial for that,
	 * and what is less may be no more than its consequence. */
	bool incomplete;
	bool discovers; /* clusters may name what is of its kind */
	const char *unit;
	size_t named;
	struct shrink_findings *out;
};

void shrink_findings_done(struct shrink_findings *v)
{
	VEC_EACH (v, f) {
		free(f->what);
		free(f->text);
	}
	vec_done(v);
}

static void __attribute__((format(printf, 4, 5)))
report(struct comparison *c, bool partial, char *what, const char *fmt, ...)
{
	struct buf text = BUF_INIT;
	va_list ap;

	va_start(ap, fmt);
	buf_vprintf(&text, fmt, ap);
	va_end(ap);
	*vec_add(c->out) = (struct shrink_finding){
	    .what = what,
	    .text = buf_steal(&text),
	    .partial = partial && !c->t->accept && !c->incomplete &&
		       !(c->source && c->source->allow_empty),
	};
}

/* Of a few, a single one is already a large share: there, only an empty source
 * is a finding. */
static int share_lost(const struct comparison *c, int64_t before, int64_t now)
{
	if (before <= now || (now && before < c->t->minimum))
		return 0;
	return (int)((double)(before - now) * 100.0 / (double)before);
}

/* `what` is taken. */
static void judge(struct comparison *c, char *what, int64_t before, int64_t now)
{
	int lost = share_lost(c, before, now);
	bool partial = lost >= c->t->partial;

	if (!partial && lost < c->t->warn) {
		free(what);
		return;
	}
	report(c, partial, what,
	    "has %lld %s, and had %lld in '%s': %d %% less", (long long)now,
	    c->unit, (long long)before, c->t->base, lost);
}

static void report_unconfigured(
    struct comparison *c, char *what, int64_t before)
{
	report(c, false, what, "%s; it had %lld %s in '%s'",
	    c->discovers
		? "is neither configured nor named by a cluster any more"
		: "is no longer configured",
	    (long long)before, c->unit, c->t->base);
}

/* False, after so many, where the rest is only counted. */
static bool may_name(struct comparison *c)
{
	return c->named++ < MAX_NAMED;
}

static void report_unnamed(struct comparison *c, const char *parts)
{
	if (c->named <= MAX_NAMED)
		return;
	autofree char *rest = str_printf("%zu more %s of '%s'",
	    c->named - MAX_NAMED, parts, c->source->name);
	report(c, true, str_dup(rest), "have less than in '%s'", c->t->base);
}

/* ---- repositories -------------------------------------------------------- */

static void compare_repository(struct comparison *c,
    const struct json_object *before, const struct json_object *now)
{
	const char *name = json_get_str(before, "name");

	judge(c, str_printf("repository '%s'", name),
	    json_get_int(before, "refs", 0), json_get_int(now, "refs", 0));
}

static bool lies_in(const char *organisation, const struct json_object *j)
{
	const char *url = json_get_str(j, "url");
	size_t len = strlen(organisation);

	while (len && organisation[len - 1] == '/')
		len--;
	return url && strncmp(url, organisation, len) == 0 && url[len] == '/';
}

static int64_t count_in(
    const char *organisation, const struct json_object *repositories)
{
	int64_t count = 0;

	for (size_t i = 0; i < json_len(repositories); i++)
		count += lies_in(organisation, json_at(repositories, i));
	return count;
}

/* A token that sees less gives a shorter list, and no error. */
static void compare_organisations(struct comparison *c,
    const struct json_object *before, const struct json_object *now)
{
	c->source = NULL;
	c->unit = "repositories";
	VEC_EACH (&c->t->organisations, o) {
		if (o->listed)
			judge(c, str_printf("organisation '%s'", o->url),
			    count_in(o->url, before), count_in(o->url, now));
	}
}

/* One that the configuration does not name. */
static void report_unlisted(struct comparison *c, char *what,
    const struct json_object *was, int64_t refs)
{
	VEC_EACH (&c->t->organisations, o) {
		if (!lies_in(o->url, was))
			continue;
		if (o->listed)
			report(c, false, what,
			    "is not among the repositories of '%s' any more "
			    "(removed, renamed, or left out by the "
			    "configuration); it had %lld references in '%s'",
			    o->url, (long long)refs, c->t->base);
		else
			free(what);
		return;
	}
	report_unconfigured(c, what, refs);
}

/* ---- clusters ------------------------------------------------------------ */

/* Its owners left it out, by a mark in the cluster. */
static bool is_marked(const struct json_object *cluster, const char *ns)
{
	const struct json_object *left = json_get(cluster, "left_out");

	for (size_t i = 0; i < json_len(left); i++) {
		const char *name = json_get_str(json_at(left, i), "namespace");
		if (name && str_eq(name, ns))
			return true;
	}
	return false;
}

static bool is_chosen(const struct comparison *c,
    const struct json_object *cluster, const char *ns)
{
	return kube_select_namespace(
		   c->source->namespaces, c->source->exclude_namespaces, ns) &&
	       !is_marked(cluster, ns);
}

static void compare_namespaces(struct comparison *c,
    const struct json_object *before, const struct json_object *now)
{
	const struct json_object *had = json_get(before, "namespace_objects");
	const struct json_object *has = json_get(now, "namespace_objects");

	c->named = 0;
	for (struct json_iter it = json_iter(had); json_next(&it);) {
		int64_t was = json_int(it.value, 0);
		int64_t is = json_get_int(has, it.key, 0);
		bool chosen = is_chosen(c, now, it.key);
		int lost = share_lost(c, was, is);
		if (!was ||
		    (chosen && lost < c->t->warn && lost < c->t->partial) ||
		    !may_name(c))
			continue;
		char *what = str_printf(
		    "namespace '%s' of cluster '%s'", it.key, c->source->name);
		if (chosen)
			judge(c, what, was, is);
		else
			report_unconfigured(c, what, was);
	}
	report_unnamed(c, "namespaces");
}

/* Without the objects of namespaces that are not to be captured any more;
 * where nothing else is left, they may have been mistyped. */
static int64_t objects_wanted(const struct comparison *c,
    const struct json_object *before, const struct json_object *now)
{
	const struct json_object *had = json_get(before, "namespace_objects");
	int64_t all = json_get_int(before, "objects", 0), wanted = all;

	for (struct json_iter it = json_iter(had); json_next(&it);)
		if (!is_chosen(c, now, it.key))
			wanted -= json_int(it.value, 0);
	return json_len(json_get(now, "namespace_objects")) ? wanted : all;
}

static void compare_cluster(struct comparison *c,
    const struct json_object *before, const struct json_object *now)
{
	judge(c, str_printf("cluster '%s'", c->source->name),
	    objects_wanted(c, before, now), json_get_int(now, "objects", 0));
	if (!c->incomplete)
		compare_namespaces(c, before, now);
}

/* ---- buckets ------------------------------------------------------------- */

/* Current ones, where the manifest tells them apart from older versions. */
static int64_t bucket_objects(const struct json_object *bucket)
{
	struct json_object *prefixes = json_get(bucket, "prefixes");
	int64_t sum = 0;

	if (!prefixes)
		return json_get_int(bucket, "objects", 0);
	for (struct json_iter it = json_iter(prefixes); json_next(&it);)
		sum += json_int(it.value, 0);
	return sum;
}

static bool lies_below_any(
    const struct json_object *prefixes, const char *prefix)
{
	for (struct json_iter it = json_iter(prefixes); json_next(&it);)
		if (str_starts(prefix, it.key))
			return true;
	return false;
}

static char *prefix_name(const struct comparison *c, const char *prefix)
{
	return str_printf(
	    "prefix '%s' of bucket '%s'", prefix, c->source->name);
}

static void compare_prefixes(struct comparison *c,
    const struct json_object *had, const struct json_object *has)
{
	for (struct json_iter it = json_iter(had); json_next(&it);) {
		int64_t was = json_int(it.value, 0);
		const struct json_object *is = json_get(has, it.key);
		if (is)
			judge(c, prefix_name(c, it.key), was, json_int(is, 0));
		else if (was && !lies_below_any(has, it.key))
			report_unconfigured(c, prefix_name(c, it.key), was);
	}
	/* In a bucket that had others, it was perhaps mistyped. */
	for (struct json_iter it = json_iter(has); json_next(&it);)
		if (!json_get(had, it.key) && !json_int(it.value, 0))
			report(c, true, prefix_name(c, it.key),
			    "is new, and has nothing");
}

static void compare_bucket(struct comparison *c,
    const struct json_object *before, const struct json_object *now)
{
	const struct json_object *had = json_get(before, "prefixes");
	const struct json_object *has = json_get(now, "prefixes");

	judge(c, str_printf("bucket '%s'", c->source->name),
	    bucket_objects(before), bucket_objects(now));
	if (c->incomplete || !had || !has)
		return;
	bool same = json_len(had) == 1 && json_len(has) == 1;
	for (struct json_iter it = json_iter(had); same && json_next(&it);)
		same = json_get(has, it.key) != NULL;
	/* One prefix is the whole. */
	if (!same)
		compare_prefixes(c, had, has);
}

/* ---- all ----------------------------------------------------------------- */

static const struct kind {
	const char *source; /* `kind` of the manifest's source */
	const char *list;   /* its member with one object for each */
	const char *name;   /* the member by which they are known */
	const char *total;  /* the member that counts */
	const char *unit;
	const char *word;
	void (*compare)(struct comparison *c, const struct json_object *before,
	    const struct json_object *now);
} kinds[] = {
    [SHRINK_REPOSITORY] = {"git", "repositories", "name", "refs", "references",
	"repository", compare_repository},
    [SHRINK_CLUSTER] = {"kubernetes", "clusters", "name", "objects", "objects",
	"cluster", compare_cluster},
    [SHRINK_BUCKET] = {"terraform", "buckets", "bucket", "objects", "objects",
	"bucket", compare_bucket},
};

static const struct json_object *source_of(
    const struct json_object *sources, const struct kind *k)
{
	for (size_t i = 0; i < json_len(sources); i++) {
		const struct json_object *s = json_at(sources, i);
		const char *kind = json_get_str(s, "kind");
		if (kind && str_eq(kind, k->source))
			return s;
	}
	return NULL;
}

static const struct json_object *named(
    const struct json_object *list, const struct kind *k, const char *name)
{
	for (size_t i = 0; i < json_len(list); i++) {
		const char *n = json_get_str(json_at(list, i), k->name);
		if (n && str_eq(n, name))
			return json_at(list, i);
	}
	return NULL;
}

static const struct shrink_source *configured(
    const struct shrink_terms *t, enum shrink_kind kind, const char *name)
{
	VEC_EACH (&t->sources, s)
		if (s->kind == kind && str_eq(s->name, name))
			return s;
	return NULL;
}

static void compare_kind(struct comparison *c, enum shrink_kind kind,
    const struct json_object *before, const struct json_object *now)
{
	const struct kind *k = &kinds[kind];
	const struct json_object *then =
	    json_get(source_of(before, k), k->list);
	const struct json_object *source = source_of(now, k);
	const struct json_object *list = json_get(source, k->list);

	c->incomplete = json_get_int(source, "missing", 0) > 0;
	c->discovers = c->t->discovers && kind != SHRINK_CLUSTER;
	c->unit = k->unit;
	for (size_t i = 0; i < json_len(then); i++) {
		const struct json_object *was = json_at(then, i);
		const char *name = json_get_str(was, k->name);
		if (!name)
			continue;
		const struct json_object *is = named(list, k, name);
		c->source = configured(c->t, kind, name);
		int64_t had = json_get_int(was, k->total, 0);
		if (!c->source && kind == SHRINK_REPOSITORY)
			report_unlisted(
			    c, str_printf("%s '%s'", k->word, name), was, had);
		else if (!c->source)
			report_unconfigured(
			    c, str_printf("%s '%s'", k->word, name), had);
		else if (is)
			k->compare(c, was, is);
	}
	if (kind == SHRINK_REPOSITORY)
		compare_organisations(c, then, list);
}

void shrink_compare(const struct json_object *before,
    const struct json_object *now, const struct shrink_terms *t,
    struct shrink_findings *out)
{
	struct comparison c = {.t = t, .out = out};

	for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++)
		compare_kind(&c, (enum shrink_kind)i, before, now);
}
