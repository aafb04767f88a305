#include "restore/diff/sensitive.h"

#include "restore/diff/changes.h"
#include "storage/base/cleanup.h"
#include "storage/base/json.h"

#include <ctype.h>
#include <string.h>

/* An index is that of a list, or the key of a map. */
static bool add_index(const struct json_object *index, struct buf *path)
{
	const struct json_object *value = json_get(index, "value");

	if (json_kind(value) == JSON_STRING)
		changes_enter(path, json_str(value));
	else if (json_kind(value) == JSON_INT)
		buf_printf(path, "[%lld]", (long long)json_int(value, 0));
	else
		return false;
	return true;
}

static bool add_step(const struct json_object *step, struct buf *path)
{
	const char *type = json_get_str(step, "type");
	const struct json_object *value = json_get(step, "value");

	if (str_eq(type, "get_attr") && json_str(value)) {
		changes_enter(path, json_str(value));
		return true;
	}
	return str_eq(type, "index") && add_index(value, path);
}

bool sensitive_marks(const struct json_object *instance, struct strvec *paths)
{
	const struct json_object *marks =
	    json_get(instance, "sensitive_attributes");

	if (json_kind(marks) != JSON_ARRAY)
		return false;
	for (size_t i = 0; i < json_len(marks); i++) {
		const struct json_object *steps = json_at(marks, i);
		cleanup(buf_done) struct buf path = BUF_INIT;
		if (json_kind(steps) != JSON_ARRAY)
			return false;
		for (size_t n = 0; n < json_len(steps); n++)
			if (!add_step(json_at(steps, n), &path))
				return false;
		strvec_add(paths, buf_str(&path));
	}
	return true;
}

/* Whether a path is another, or leads into it. */
static bool begins(const char *path, const char *with)
{
	size_t len = strlen(with);

	return !len ||
	       (str_starts(path, with) &&
		   (!path[len] || path[len] == '.' || path[len] == '['));
}

bool sensitive_is_marked(const struct strvec *paths, const char *path)
{
	VEC_EACH (paths, mark)
		if (begins(path, *mark) || begins(*mark, path))
			return true;
	return false;
}

bool sensitive_name(const char *name)
{
	static const char *const words[] = {"password", "passwd", "passphrase",
	    "secret", "token", "credential", "privatekey", "apikey",
	    "accesskey", "signingkey", "encryptionkey", "authkey", "sharedkey",
	    "hostkey", "keydata", "keypem", "kubeconfig", "clientkey",
	    "masterkey", "connectionstring", "primarykey", "secondarykey"};
	cleanup(buf_done) struct buf letters = BUF_INIT;

	for (; *name; name++)
		if (isalnum((unsigned char)*name))
			buf_add_char(
			    &letters, (char)tolower((unsigned char)*name));
	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++)
		if (strstr(buf_str(&letters), words[i]))
			return true;
	return false;
}

/* As deep as the parser of JSON goes. */
bool sensitive_within(const struct json_object *value)
{
	enum json_kind kind = json_kind(value);

	if (kind == JSON_OBJECT) {
		for (struct json_iter it = json_iter(value); json_next(&it);)
			if (sensitive_name(it.key) ||
			    sensitive_within(it.value))
				return true;
	} else if (kind == JSON_ARRAY) {
		for (size_t i = 0; i < json_len(value); i++)
			if (sensitive_within(json_at(value, i)))
				return true;
	}
	return false;
}
