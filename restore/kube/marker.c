#include "restore/kube/marker.h"

#include "storage/base/cleanup.h"
#include "storage/base/digest.h"
#include "storage/base/json.h"
#include "storage/kube/client.h"
#include "storage/kube/discovery.h"

#include <stdlib.h>

#define COLLECTION "/api/v1/namespaces/" MARKER_NAMESPACE "/configmaps"
#define PATH COLLECTION "/" MARKER_NAME
#define WHAT "ConfigMap " MARKER_NAMESPACE "/" MARKER_NAME

void marker_done(struct marker *m)
{
	free(m->platform);
	free(m->snapshot);
	free(m->restore);
	free(m->cluster);
	free(m->version);
	*m = (struct marker){.platform = NULL};
}

static const char *const states[] = {
    [MARKER_RESTORING] = "restoring",
    [MARKER_REPAIRING] = "repairing",
    [MARKER_RESTORED] = "restored",
};

/* Another word becomes the first of them, which the digest then disproves. */
static enum marker_state state_named(const char *name)
{
	for (size_t i = 0; i < sizeof(states) / sizeof(*states); i++)
		if (str_eq(states[i], name))
			return (enum marker_state)i;
	return MARKER_RESTORING;
}

static void digest_text(const struct marker *m, char out[DIGEST_SHA256_HEX])
{
	autofree char *text = str_printf("%s\n%s\n%s\n%s\n%s\n", m->platform,
	    m->snapshot, m->restore, states[m->state], m->cluster);

	digest_sha256_hex(text, strlen(text), out);
}

struct json_object *marker_write(const struct marker *m)
{
	struct json_object *object = json_new_object();
	struct json_object *metadata = json_new_object();
	struct json_object *data = json_new_object();
	char sha256[DIGEST_SHA256_HEX];

	json_set_str(object, "apiVersion", "v1");
	json_set_str(object, "kind", "ConfigMap");
	json_set_str(metadata, "name", MARKER_NAME);
	json_set_str(metadata, "namespace", MARKER_NAMESPACE);
	if (m->version)
		json_set_str(metadata, "resourceVersion", m->version);
	json_set(object, "metadata", metadata);
	digest_text(m, sha256);
	json_set_str(data, "platform", m->platform);
	json_set_str(data, "snapshot", m->snapshot);
	json_set_str(data, "restore", m->restore);
	json_set_str(data, "state", states[m->state]);
	json_set_str(data, "cluster", m->cluster);
	json_set_str(data, "sha256", sha256);
	json_set(object, "data", data);
	return object;
}

static char *text_of(const struct json_object *data, const char *key)
{
	const char *text = json_get_str(data, key);

	return str_dup(text ? text : "");
}

int marker_parse(
    const struct json_object *object, struct marker *out, struct err *err)
{
	const struct json_object *data = json_get(object, "data");
	const char *sha256 = json_get_str(data, "sha256");
	char expected[DIGEST_SHA256_HEX];

	*out = (struct marker){.platform = text_of(data, "platform"),
	    .snapshot = text_of(data, "snapshot"),
	    .restore = text_of(data, "restore"),
	    .cluster = text_of(data, "cluster"),
	    .state = state_named(json_get_str(data, "state")),
	    .version = str_dup(json_str(
		json_path(object, "metadata", "resourceVersion", NULL)))};
	digest_text(out, expected);
	if (!str_eq(json_get_str(data, "state"), states[out->state]) ||
	    !str_eq(sha256, expected))
		return err_set(err, ERR_INTEGRITY,
		    WHAT ": somebody has edited the marker of the restore, so "
			 "it does not say how far that is; see what is there, "
			 "then delete it, or restore by hand with `apply`");
	return 0;
}

int marker_get(
    struct kube_client *c, char **uid, struct marker *out, struct err *err)
{
	struct err failure = ERR_INIT;

	*out = (struct marker){.platform = NULL};
	*uid = kube_discovery_cluster_uid(c, err);
	if (!*uid)
		return -1;
	cleanup(json_freep) struct json_object *object =
	    kube_client_get(c, PATH, &failure);
	if (!object && failure.code == ERR_NOT_FOUND)
		return 0;
	if (!object) {
		*err = failure;
		return err_wrap(err, "the marker of a restore");
	}
	if (marker_parse(object, out, err))
		return -1;
	if (!str_eq(out->cluster, *uid))
		return err_set(err, ERR_INTEGRITY,
		    WHAT ": it is the marker of another cluster (%s, this one "
			 "is %s); delete it if this cluster is empty",
		    out->cluster, *uid);
	return 1;
}

int marker_put(struct kube_client *c, const struct marker *m, struct err *err)
{
	cleanup(json_freep) struct json_object *object = marker_write(m);
	cleanup(kube_answer_done) struct kube_answer answer = KUBE_ANSWER_INIT;
	cleanup(buf_done) struct buf body = BUF_INIT;

	json_write(&body, object, JSON_COMPACT);
	const struct kube_request r = {.method = m->version ? "PUT" : "POST",
	    .path = m->version ? PATH : COLLECTION,
	    .query = "fieldManager=" KUBE_FIELD_MANAGER,
	    .body = body.data,
	    .body_len = body.len,
	    .see_through = true};
	return kube_client_send(c, &r, &answer, err)
		   ? err_wrap(err, "the marker of a restore")
		   : 0;
}
