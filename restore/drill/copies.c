#include "restore/drill/copies.h"

#include "storage/base/backoff.h"
#include "storage/base/cleanup.h"
#include "storage/base/json.h"
#include "storage/base/json_text.h"
#include "storage/base/log.h"
#include "storage/kube/path.h"
#include "storage/kube/select.h"

#include <stdlib.h>

enum { POLL_MS = 100, POLL_MAX_MS = 1000 };

static const char all[] = "/api/v1/namespaces";

static int explain(const struct copies *c, struct err *err)
{
	if (err->code == ERR_DENIED)
		err_wrap(err, "a drill with --prefix needs the rights to get, "
			      "list, create and delete namespaces, and in them "
			      "to create resourcequotas and all that it makes "
			      "there");
	return err_wrap(err, "drill.clusters: '%s'", c->cluster);
}

/* ---- what is there ------------------------------------------------------- */

static struct json_object *list_ours(const struct copies *c, struct err *err)
{
	cleanup(kube_answer_done) struct kube_answer answer = KUBE_ANSWER_INIT;
	autofree char *query =
	    str_printf("labelSelector=" COPIES_LABEL "%%3D%s", c->mark);
	const struct kube_request r = {.path = all, .query = query};

	if (kube_client_send(c->kube.client, &r, &answer, err))
		return NULL;
	return json_parse(answer.body.data, answer.body.len, err);
}

static const char *meta(const struct json_object *object, const char *key)
{
	return json_str(json_path(object, "metadata", key, NULL));
}

/* Both the mark and the name must say so. */
static bool is_ours(const struct copies *c, const struct json_object *ns)
{
	const char *mark =
	    json_str(json_path(ns, "metadata", "labels", COPIES_LABEL, NULL));

	return str_eq(mark, c->mark) && meta(ns, "name") &&
	       str_starts(meta(ns, "name"), c->prefix);
}

static int check_foreign(
    const struct copies *c, const char *name, struct err *err)
{
	autofree char *path = kube_path("v1", "namespaces", NULL, name, NULL);
	struct err why = ERR_INIT;
	cleanup(json_freep) struct json_object *ns =
	    kube_client_get(c->kube.client, path, &why);

	if (!ns && why.code != ERR_NOT_FOUND) {
		*err = why;
		return -1;
	}
	if (!ns || is_ours(c, ns))
		return 0;
	return err_set(err, ERR_EXISTS,
	    "the namespace '%s' is there, and no drill of this configuration "
	    "with this prefix made it: nothing was written; take another "
	    "prefix",
	    name);
}

/* ---- removal ------------------------------------------------------------- */

static int delete (
    struct copies *c, const struct json_object *ns, struct err *err)
{
	cleanup(kube_answer_done) struct kube_answer answer = KUBE_ANSWER_INIT;
	cleanup(buf_done) struct buf body = BUF_INIT;
	const char *name = meta(ns, "name");
	autofree char *path = kube_path("v1", "namespaces", NULL, name, NULL);

	if (!strvec_has(c->names, name))
		strvec_add(c->names, name);
	json_text_object(&body, NULL);
	json_text_str(&body, "kind", "DeleteOptions");
	json_text_str(&body, "apiVersion", "v1");
	json_text_object(&body, "preconditions");
	json_text_str(&body, "uid", meta(ns, "uid"));
	json_text_object_end(&body);
	json_text_object_end(&body);
	const struct kube_request r = {.method = "DELETE",
	    .path = path,
	    .body = body.data,
	    .body_len = body.len};
	/* A conflict: it is going, or another has its name by now. */
	return kube_client_send(c->kube.client, &r, &answer, err) &&
		       answer.status != 404 && answer.status != 409
		   ? -1
		   : 0;
}

/* How many of ours are there, each of which is asked to go; or -1. */
static int delete_all(struct copies *c, struct err *err)
{
	cleanup(json_freep) struct json_object *list = list_ours(c, err);
	const struct json_object *items = json_get(list, "items");
	int count = 0;

	if (!list)
		return -1;
	for (size_t i = 0; i < json_len(items); i++) {
		const struct json_object *ns = json_at(items, i);

		if (!is_ours(c, ns))
			continue;
		count++;
		if (!meta(ns, "deletionTimestamp") && delete (c, ns, err))
			return -1;
	}
	return count;
}

int copies_remove(struct copies *c, struct err *err)
{
	int left;

	if (!c->begun)
		return 0;
	if (c->lock && !lease_holds(c->lock)) {
		c->begun = false;
		err_set(err, ERR_LOCKED,
		    "another drill has taken over the lock of the namespaces "
		    "with this prefix, or somebody has removed it: they are "
		    "left to that one; the next drill with this prefix removes "
		    "what is there then");
		return explain(c, err);
	}
	struct backoff wait =
	    backoff_start(c->clock, POLL_MS, POLL_MAX_MS, c->timeout_ms);
	do {
		left = delete_all(c, err);
		if (left < 0)
			return explain(c, err);
	} while (left && backoff_wait(&wait));
	c->left = (size_t)left;
	if (!left) {
		c->begun = false;
		return 0;
	}
	err_set(err, ERR_NETWORK,
	    "%d namespace%s of the drill %s still going after "
	    "restore.gate_timeout; 'kubectl get namespaces -l " COPIES_LABEL
	    "=%s' shows why, and the next drill with this prefix removes %s",
	    left, left == 1 ? "" : "s", left == 1 ? "is" : "are", c->mark,
	    left == 1 ? "it" : "them");
	return explain(c, err);
}

/* ---- making -------------------------------------------------------------- */

static int post(const struct copies *c, const char *path,
    const struct json_object *body, struct err *err)
{
	cleanup(kube_answer_done) struct kube_answer answer = KUBE_ANSWER_INIT;
	cleanup(buf_done) struct buf text = BUF_INIT;

	json_write(&text, body, JSON_COMPACT);
	const struct kube_request r = {.method = "POST",
	    .path = path,
	    .query = "fieldManager=" KUBE_FIELD_MANAGER,
	    .body = text.data,
	    .body_len = text.len};
	return kube_client_send(c->kube.client, &r, &answer, err);
}

static struct json_object *object(const char *kind, const char *name)
{
	struct json_object *o = json_new_object();
	struct json_object *metadata = json_new_object();

	json_set_str(o, "apiVersion", "v1");
	json_set_str(o, "kind", kind);
	json_set_str(metadata, "name", name);
	json_set(o, "metadata", metadata);
	return o;
}

/* No backup takes it along. */
static int make_one(struct copies *c, const char *name, struct err *err)
{
	cleanup(json_freep) struct json_object *ns = object("Namespace", name);
	cleanup(json_freep) struct json_object *quota =
	    object("ResourceQuota", "backstay-drill");
	struct json_object *labels = json_new_object();
	struct json_object *spec = json_new_object();
	struct json_object *hard = json_new_object();
	autofree char *quotas =
	    kube_path("v1", "resourcequotas", name, NULL, NULL);

	json_set_str(labels, COPIES_LABEL, c->mark);
	json_set_str(labels, KUBE_EXCLUDE_MARK, "true");
	json_set(json_get(ns, "metadata"), "labels", labels);
	json_set_str(hard, "pods", "0");
	json_set(spec, "hard", hard);
	json_set(quota, "spec", spec);
	if (post(c, all, ns, err))
		return -1;
	c->made++;
	return post(c, quotas, quota, err);
}

static int make_all(struct copies *c, struct err *err)
{
	size_t count = c->names->len;
	/* Until it is known whose they are. */
	for (size_t i = 0; i < count; i++)
		if (check_foreign(c, c->names->items[i], err))
			return -1;
	c->begun = true;
	if (copies_remove(c, err))
		return -1;
	c->begun = true;
	for (size_t i = 0; i < count; i++)
		if (make_one(c, c->names->items[i], err))
			return -1;
	return 0;
}

/* As a restore, it goes on with a warning where it may not keep one. */
static int lock(struct copies *c, const struct settings_cluster_access *access,
    const struct connect_env *env, const struct lease_options *o,
    struct err *err)
{
	static char home[] = "kube-system";
	static char *homes[] = {home};
	static const struct strvec only_home = {
	    .items = homes, .len = 1, .cap = 1};
	struct settings_cluster_access confined = *access;
	struct err failure = ERR_INIT;

	confined.confined_to = &only_home;
	if (connect_kube(&confined, KUBE_GZIP_OFF, env, &c->lock_kube, err))
		return -1;
	c->lock = lease_take(c->lock_kube.client, o, &failure);
	if (c->lock)
		return 0;
	if (failure.code != ERR_DENIED && failure.code != ERR_NOT_FOUND) {
		*err = failure;
		return -1;
	}
	log_warn("drill.clusters: '%s': %s; another drill with this prefix "
		 "would not be refused",
	    c->cluster, failure.message);
	return 0;
}

int copies_make(struct copies *c, const struct settings_cluster_access *access,
    const struct connect_env *env, const char *holder, struct cancel *lost,
    struct err *err)
{
	const struct lease_options o = {.holder = holder,
	    .drill = c->mark,
	    .clock = env->clock,
	    .lost = lost};
	struct connect_env through = *env;

	through.cancel = NULL; /* what is begun is removed */
	c->clock = env->clock;
	if (connect_kube(access, KUBE_GZIP_OFF, &through, &c->kube, err) ||
	    lock(c, access, &through, &o, err) || make_all(c, err))
		return explain(c, err);
	return 0;
}

void copies_done(struct copies *c)
{
	lease_free(c->lock);
	connect_kube_done(&c->lock_kube);
	connect_kube_done(&c->kube);
	free(c->cluster);
	free(c->mark);
	if (c->names)
		strvec_done(c->names);
	free(c->names);
}
