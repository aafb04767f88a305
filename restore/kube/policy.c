#include "restore/kube/policy.h"

#include "restore/kube/send.h"
#include "storage/base/cleanup.h"
#include "storage/base/json.h"
#include "storage/base/str.h"

#include <string.h>

/* No object of the API may have a name that ends so. */
static const char FROM_FILES[] = ".static.k8s.io";

/* The name in quotes behind a phrase. */
static bool name_behind(
    const char *message, const char *phrase, char quote, struct buf *name)
{
	const char *at = strstr(message, phrase);

	if (!at)
		return false;
	at += strlen(phrase);
	const char *end = strchr(at, quote);
	buf_clear(name);
	if (end && end > at)
		buf_add(name, at, (size_t)(end - at));
	return name->len != 0;
}

bool policy_find(const char *message, struct buf *name, bool *webhook)
{
	*webhook = name_behind(message, "admission webhook \"", '"', name) ||
		   name_behind(message, "failed calling webhook \"", '"', name);
	if (*webhook)
		return true;
	return name_behind(message, "AdmissionPolicy '", '\'', name) &&
	       str_ends(buf_str(name), FROM_FILES);
}

static bool has_webhook(
    const struct json_object *configurations, const char *name)
{
	const struct json_object *items = json_get(configurations, "items");

	for (size_t i = 0; i < json_len(items); i++) {
		const struct json_object *hooks =
		    json_get(json_at(items, i), "webhooks");
		for (size_t k = 0; k < json_len(hooks); k++)
			if (str_eq(
				json_get_str(json_at(hooks, k), "name"), name))
				return true;
	}
	return false;
}

/* Whether the server shows all its webhooks, and none has that name. */
static bool is_in_no_api(struct task *t, const char *name)
{
	static const char *const paths[] = {
	    "/apis/admissionregistration.k8s.io/v1/"
	    "validatingwebhookconfigurations",
	    "/apis/admissionregistration.k8s.io/v1/"
	    "mutatingwebhookconfigurations",
	};

	for (size_t i = 0; i < sizeof(paths) / sizeof(*paths); i++) {
		struct err err = ERR_INIT;
		cleanup(json_freep) struct json_object *all =
		    send_get(t->a, t->n->cluster, paths[i], &err);
		if (!all || has_webhook(all, name))
			return false;
	}
	return true;
}

static bool find_outside(
    struct task *t, const char *message, struct buf *name, bool *webhook)
{
	return policy_find(message, name, webhook) &&
	       (!*webhook || is_in_no_api(t, buf_str(name)));
}

bool policy_is_outside(struct task *t, const char *message)
{
	cleanup(buf_done) struct buf name = BUF_INIT;
	bool webhook;

	return find_outside(t, message, &name, &webhook);
}

void policy_explain(struct task *t)
{
	cleanup(buf_done) struct buf name = BUF_INIT;
	bool webhook;

	if (t->outcome->kind != OUTCOME_FAILED || !t->outcome->detail ||
	    !find_outside(t, t->outcome->detail, &name, &webhook))
		return;
	autofree char *detail = str_dup(t->outcome->detail);
	outcome_set(t->outcome, OUTCOME_FAILED,
	    "a policy outside the API refuses it, the %s '%s', which the "
	    "server reads from a file: whoever runs the server can change it, "
	    "and no restore does: %s",
	    webhook ? "webhook" : "policy", buf_str(&name), detail);
}
