#include "agent/closure/closure_room.h"

#include "agent/discover/mentions.h"
#include "storage/base/cleanup.h"
#include "storage/base/json.h"
#include "storage/base/mem.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FLUX_GIT "gitrepositories.source.toolkit.fluxcd.io"
#define FLUX_APPLY "kustomizations.kustomize.toolkit.fluxcd.io"
#define FLUX_HELM "helmreleases.helm.toolkit.fluxcd.io"
#define ARGO_APP "applications.argoproj.io"
#define HEX "0123456789abcdef"

struct closure *closure_new(void)
{
	struct closure *c = mem_zalloc(sizeof(*c));

	pthread_mutex_init(&c->lock, NULL);
	pthread_mutex_init(&c->reading, NULL);
	c->digest = digest_new(DIGEST_SHA256);
	return c;
}

void closure_free(struct closure *c)
{
	if (!c)
		return;
	VEC_EACH (&c->needs, n) {
		free(n->target);
		free(n->by);
	}
	VEC_EACH (&c->revisions, r) {
		free(r->url);
		free(r->repository);
		free(r->name);
		free(r->by);
	}
	VEC_EACH (&c->sealing, key)
		sealing_key_free(*key);
	VEC_EACH (&c->heard_sealing, key)
		sealing_key_free(*key);
	VEC_EACH (&c->sealed, s) {
		free(s->by);
		free(s->name);
		free(s->key);
	}
	VEC_EACH (&c->mirrors, m)
		free(m->repository);
	vec_done(&c->sealed);
	vec_done(&c->mirrors);
	vec_done(&c->needs);
	vec_done(&c->revisions);
	vec_done(&c->sealing);
	vec_done(&c->heard_sealing);
	strvec_done(&c->heard_namespaces);
	strvec_done(&c->sealing_ids);
	vec_done(&c->present);
	digest_free(c->digest);
	strvec_done(&c->namespaces);
	strvec_done(&c->age);
	vec_done(&c->pgp);
	strvec_done(&c->read);
	closure_documents_done(&c->documents);
	closure_submodules_done(&c->submodules);
	strvec_done(&c->sources);
	closure_lacks_done(&c->lacks);
	found_done(&c->found);
	pthread_mutex_destroy(&c->lock);
	pthread_mutex_destroy(&c->reading);
	free(c);
}

void closure_freep(struct closure **c)
{
	closure_free(*c);
}

struct found *closure_found(struct closure *c)
{
	return &c->found;
}

/* ---- what an object points to -------------------------------------------- */

struct noting {
	struct closure *c;
	const char *cluster, *ns;
	const struct json_object *object;
	char *by;
};

/* Of valuesFrom and substituteFrom: [{kind, name, optional}]. */
static void note_values(const struct noting *n, const char *pointer)
{
	const struct json_object *list = json_pointer(n->object, pointer);

	for (size_t i = 0; i < json_len(list); i++) {
		const struct json_object *one = json_at(list, i);
		const char *kind = json_get_str(one, "kind");
		if (!kind || json_truth(json_get(one, "optional"), false))
			continue;
		closure_need(n->c, n->cluster,
		    str_eq(kind, "Secret") ? "secrets" : "configmaps", n->ns,
		    json_get_str(one, "name"), n->by);
	}
}

static void note_pull_secrets(const struct noting *n, const char *pointer)
{
	const struct json_object *list = json_pointer(n->object, pointer);

	for (size_t i = 0; i < json_len(list); i++)
		closure_need(n->c, n->cluster, "secrets", n->ns,
		    json_get_str(json_at(list, i), "name"), n->by);
}

/* Helm's versions are no ids. */
static void note_revision(
    const struct noting *n, const char *url, const char *id)
{
	(void)closure_revision(n->c, url, id, n->by);
}

/* What it is to run: Flux heeds the first of these that is there. */
static void note_flux_ref(const struct noting *n)
{
	static const struct {
		const char *pointer, *begin;
	} kinds[] = {
	    {"/spec/ref/commit", ""},
	    {"/spec/ref/name", ""},
	    {"/spec/ref/semver", NULL}, /* a range */
	    {"/spec/ref/tag", "refs/tags/"},
	    {"/spec/ref/branch", "refs/heads/"},
	};
	const char *url = json_str(json_pointer(n->object, "/spec/url"));

	for (size_t i = 0; url && i < sizeof(kinds) / sizeof(*kinds); i++) {
		const char *text =
		    json_str(json_pointer(n->object, kinds[i].pointer));
		if (!text || !*text)
			continue;
		if (kinds[i].begin) {
			autofree char *name =
			    str_printf("%s%s", kinds[i].begin, text);
			closure_named(n->c, url, name, n->by);
		}
		return;
	}
}

/* A branch, a tag or a commit, of which the id may be cut short; or a range of
 * versions. */
static void note_target(
    const struct noting *n, const struct json_object *source)
{
	const char *url = json_get_str(source, "repoURL");
	const char *target = json_get_str(source, "targetRevision");

	if (!url || !target || !*target || str_eq(target, "HEAD") ||
	    json_get_str(source, "chart"))
		return;
	size_t hex = strspn(target, HEX), len = strlen(target);
	const char *number = target + (target[0] == 'v' || target[0] == 'V');
	closure_named(n->c, url, target, n->by)->unclear =
	    (hex == len && len != 40 && len != 64) ||
	    (*number >= '0' && *number <= '9' && hex != len) ||
	    strpbrk(target, "*<>=~^|, {");
}

/* "main@sha1:<id>", "sha1:<id>", and "main/<id>" of earlier versions. */
static void note_flux_revision(const struct noting *n)
{
	const char *text =
	    json_str(json_pointer(n->object, "/status/artifact/revision"));
	const char *id = text ? strrchr(text, ':') : NULL;

	if (!id && text)
		id = strrchr(text, '/');
	note_revision(n, json_str(json_pointer(n->object, "/spec/url")),
	    id ? id + 1 : text);
}

static void note_application(const struct noting *n)
{
	const struct json_object *sources =
	    json_pointer(n->object, "/spec/sources");
	const struct json_object *ids =
	    json_pointer(n->object, "/status/sync/revisions");

	for (size_t i = 0; i < json_len(sources); i++)
		note_target(n, json_at(sources, i));
	note_target(n, json_pointer(n->object, "/spec/source"));
	for (size_t i = 0; i < json_len(sources) && i < json_len(ids); i++)
		note_revision(n, json_get_str(json_at(sources, i), "repoURL"),
		    json_str(json_at(ids, i)));
	note_revision(n,
	    json_str(json_pointer(n->object, "/spec/source/repoURL")),
	    json_str(json_pointer(n->object, "/status/sync/revision")));
}

static void note_key(const struct noting *n)
{
	closure_need(n->c, n->cluster, "secrets", n->ns,
	    json_str(
		json_pointer(n->object, "/spec/decryption/secretRef/name")),
	    n->by);
}

static void note_kind(const struct noting *n, const char *key)
{
	if (str_eq(key, FLUX_GIT)) {
		note_flux_ref(n);
		note_flux_revision(n);
	} else if (str_eq(key, FLUX_APPLY)) {
		note_values(n, "/spec/postBuild/substituteFrom");
		note_key(n);
	} else if (str_eq(key, FLUX_HELM)) {
		note_values(n, "/spec/valuesFrom");
	} else if (str_eq(key, ARGO_APP)) {
		note_application(n);
	} else if (str_eq(key, "serviceaccounts")) {
		note_pull_secrets(n, "/imagePullSecrets");
	} else if (str_eq(key, "secrets")) {
		closure_keep_keys(n->c, n->object);
	} else {
		note_pull_secrets(n, "/spec/template/spec/imagePullSecrets");
		note_pull_secrets(
		    n, "/spec/jobTemplate/spec/template/spec/imagePullSecrets");
	}
}

void closure_hear(struct closure *c, const char *cluster, const char *key,
    const char *ns, const char *name, const struct json_object *object)
{
	char nobody[] = "";
	const struct noting n = {.c = c,
	    .cluster = cluster,
	    .ns = ns,
	    .object = object,
	    .by = nobody};
	size_t before = c->revisions.len;

	if (str_eq(key, "secrets"))
		closure_hear_keys(c, object);
	else if (str_eq(key, "namespaces"))
		strvec_add(&c->heard_namespaces, name);
	else
		note_kind(&n, key);
	for (size_t i = before; i < c->revisions.len; i++)
		c->revisions.items[i].heard = true;
}

static const struct mentions_kind *mentions_of(const char *key)
{
	for (const struct mentions_kind *k = mentions_kinds; k->key; k++)
		if (str_eq(k->key, key) && !k->labels)
			return k;
	return NULL;
}

/* Whether more of it is of interest than that it is there: most objects of a
 * cluster are not parsed. */
static bool is_read(
    const char *key, const char *name, const char *text, size_t len)
{
	static const char *const always[] = {
	    FLUX_GIT, FLUX_APPLY, FLUX_HELM, ARGO_APP};
	static const char *const pulling[] = {"serviceaccounts",
	    "deployments.apps", "statefulsets.apps", "daemonsets.apps",
	    "cronjobs.batch"};

	if (str_eq(key, "secrets"))
		return !str_starts(name, "sh.helm.release.") &&
		       closure_may_hold_key(text, len);
	for (size_t i = 0; i < sizeof(always) / sizeof(*always); i++)
		if (str_eq(always[i], key))
			return true;
	if (mentions_of(key))
		return true;
	for (size_t i = 0; i < sizeof(pulling) / sizeof(*pulling); i++)
		if (str_eq(pulling[i], key))
			return memmem(text, len, "imagePullSecrets", 16);
	return false;
}

static void read_object(struct closure *c, const char *cluster, const char *key,
    const char *ns, const char *name, const struct json_object *object)
{
	const struct mentions_kind *mentions = mentions_of(key);
	const char *kind = json_get_str(object, "kind");
	autofree char *by = str_printf("cluster '%s': %s %s%s%s", cluster,
	    kind ? kind : key, ns ? ns : "", ns && *ns ? "/" : "", name);
	const struct noting n = {
	    .c = c, .cluster = cluster, .ns = ns, .object = object, .by = by};

	note_kind(&n, key);
	if (mentions)
		mentions_read(mentions, cluster, object, &c->found);
}

static struct closure_present present_of(struct closure *c, const char *target)
{
	uint8_t all[DIGEST_MAX_LEN];
	struct closure_present p;

	digest_add(c->digest, target, strlen(target));
	digest_finish(c->digest, all);
	memcpy(p.digest, all, sizeof(p.digest));
	return p;
}

static void add_present(struct closure *c, const char *cluster, const char *key,
    const char *ns, const char *name)
{
	autofree char *target = closure_target(cluster, key, ns, name);

	*vec_add(&c->present) = present_of(c, target);
}

void closure_note_object(struct closure *c, const char *cluster,
    const char *key, const char *ns, const char *name, const char *text,
    size_t len)
{
	cleanup(json_freep) struct json_object *object = NULL;
	struct err ignored = ERR_INIT;

	if (is_read(key, name, text, len))
		object = json_parse(text, len, &ignored);
	pthread_mutex_lock(&c->lock);
	if (str_eq(key, "secrets") || str_eq(key, "configmaps"))
		add_present(c, cluster, key, ns, name);
	if (str_eq(key, "namespaces"))
		strvec_add(&c->namespaces, name);
	if (object)
		read_object(c, cluster, key, ns, name, object);
	pthread_mutex_unlock(&c->lock);
}

/* ---- the judgement --------------------------------------------------------
 */

static int by_text(const void *a, const void *b)
{
	const struct closure_lack *x = a, *y = b;

	return strcmp(x->what, y->what);
}

static int by_digest(const void *a, const void *b)
{
	return memcmp(a, b, sizeof(struct closure_present));
}

static void judge_needs(struct closure *c)
{
	vec_sort(&c->present, by_digest);
	VEC_EACH (&c->needs, n) {
		const struct closure_present p = present_of(c, n->target);
		const char *key = strchr(n->target, '\n') + 1;
		const char *name = strchr(key, '\n') + 1;
		if (c->present.len &&
		    bsearch(&p, c->present.items, c->present.len,
			sizeof(*c->present.items), by_digest))
			continue;
		closure_lack(c, false,
		    "%s '%s', which %s names, was not captured",
		    str_starts(key, "secrets") ? "Secret" : "ConfigMap", name,
		    n->by);
	}
}

static void judge_revisions(struct closure *c)
{
	VEC_EACH (&c->revisions, r)
		if (r->runs && !r->heard && r->searched && !r->there)
			closure_lack(c, false,
			    "commit %s of '%s', which %s %s, is not in the "
			    "mirror",
			    r->name, r->url, r->by, r->pins ? "pins" : "runs");
}

static void judge_named(struct closure *c)
{
	VEC_EACH (&c->revisions, r)
		if (!r->runs && !r->heard && !r->unclear && r->searched &&
		    !r->there)
			closure_lack(c, false,
			    "revision '%s' of '%s', which %s names, is not in "
			    "the mirror",
			    r->name, r->url, r->by);
}

/* Whichever was noted first. */
const char *closure_least(const struct strvec *v)
{
	const char *least = v->items[0];

	VEC_EACH (v, one)
		if (strcmp(*one, least) < 0)
			least = *one;
	return least;
}

static void judge_found(struct closure *c)
{
	VEC_EACH (&c->found.repositories, r)
		if (!r->covered)
			closure_lack(c, true,
			    "repository '%s', which %s names, is not a source",
			    closure_least(&r->spelled), closure_least(&r->by));
	VEC_EACH (&c->found.buckets, b) {
		const char *by = closure_least(&b->by);
		if (!b->configured)
			closure_lack(c, true,
			    "bucket '%s' of Terraform state, which %s names, "
			    "is not a source",
			    b->bucket, by);
		VEC_EACH (&b->outside, key)
			closure_lack(c, true,
			    "state '%s' in bucket '%s', which %s names, is "
			    "outside of the prefixes",
			    *key, b->bucket, by);
	}
}

void closure_judge_own(struct closure *c)
{
	judge_needs(c);
	closure_judge_submodules(c);
}

void closure_judge(struct closure *c, struct closure_lacks *out)
{
	closure_judge_own(c);
	judge_found(c);
	judge_named(c);
	judge_revisions(c);
	closure_judge_documents(c);
	vec_sort(&c->lacks, by_text);
	VEC_EACH (&c->lacks, l) {
		if (out->len && str_eq(out->items[out->len - 1].what, l->what))
			continue;
		*vec_add(out) = (struct closure_lack){
		    .outside = l->outside, .what = str_dup(l->what)};
	}
}
