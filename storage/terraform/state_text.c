/* What is known of a state, a key or a lock, put into words. */
#include "storage/terraform/state.h"

#include "storage/base/cleanup.h"
#include "storage/base/json.h"
#include "storage/base/str.h"

#include <string.h>

void state_facts_to_json(
    const struct state_facts *facts, struct json_object *object)
{
	if (!facts->state)
		return;
	json_set_int(object, "serial", facts->serial);
	json_set_str(object, "lineage", facts->lineage);
	if (facts->terraform_version[0])
		json_set_str(
		    object, "terraform_version", facts->terraform_version);
	if (facts->encrypted)
		json_set_bool(object, "encrypted", true);
	else if (facts->json)
		json_set_int(object, "resources", (int64_t)facts->resources);
}

char *state_workspace(const char *key)
{
	static const char prefix[] = "env:/";
	const char *at = str_starts(key, prefix) ? key : strstr(key, "/env:/");

	if (!at)
		return NULL;
	at += strlen(prefix) + (*at == '/');
	size_t n = strcspn(at, "/");
	return n && at[n] ? str_ndup(at, n) : NULL;
}

static void add_member(struct buf *out, const struct json_object *lock,
    const char *key, const char *before)
{
	const char *text = json_get_str(lock, key);
	size_t n = text ? strlen(text) : 0;

	if (!n)
		return;
	buf_printf(out, "%s%s", out->len ? ", " : "", before);
	str_add_printable(out, text, n < 120 ? n : 120);
}

void state_describe_lock(struct buf *out, const char *text, size_t len)
{
	struct err ignored = ERR_INIT;
	cleanup(json_freep) struct json_object *lock =
	    json_parse(text, len, &ignored);
	cleanup(buf_done) struct buf what = BUF_INIT;

	add_member(&what, lock, "Who", "by ");
	add_member(&what, lock, "Operation", "for ");
	add_member(&what, lock, "Created", "since ");
	add_member(&what, lock, "ID", "ID ");
	buf_add_str(out, what.len ? buf_str(&what) : "holder unknown");
}
