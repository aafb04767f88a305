#include "config/settings.h"
#include "config/validate_value.h"

#define complain schema_location_refuse

int validate_pushgateway(const void *data, const struct yaml_node *node,
    const struct schema_location *where, struct err *err)
{
	const struct settings_pushgateway *p = data;

	if (validate_http_url(p->url, "url", node, where, err))
		return -1;
	if (!p->username != !secret_ref_is_set(&p->password))
		return complain(where, node, NULL, err,
		    "has one of 'username' and 'password_file'; it takes both, "
		    "or neither");
	if (p->username && validate_url_is_clear(p->url))
		return complain(where, node, "url", err,
		    "would send a password in the clear; it takes https:// "
		    "where there is one");
	return 0;
}

static int check_words(const struct strvec *texts, const char *key,
    const char *const *words, const char *right, const struct yaml_node *node,
    const struct schema_location *where, struct err *err)
{
	VEC_EACH (texts, text) {
		const char *const *w = words;
		while (*w && !str_eq(*w, *text))
			w++;
		if (!*w)
			return complain(where, node, key, err,
			    "holds '%s'; it takes a list of: %s", *text, right);
	}
	return 0;
}

/* What each kind must have and cannot use. */
static int check_kind(const struct settings_notify *n,
    const struct yaml_node *node, const struct schema_location *where,
    struct err *err)
{
	bool runs = n->kind == SETTINGS_NOTIFY_COMMAND;

	if (runs && !n->command.len)
		return complain(where, node, NULL, err,
		    "lacks 'command', which takes a program and its arguments, "
		    "a list");
	if (!runs && n->command.len)
		return complain(
		    where, node, "command", err, "is for kind: command alone");
	if (!runs && !secret_ref_is_set(&n->url))
		return complain(where, node, NULL, err,
		    "lacks 'url_file', which takes a file that holds the URL "
		    "(or 'url': ${NAME})");
	if (runs && (secret_ref_is_set(&n->url) ||
			secret_ref_is_set(&n->token) || n->ca_file || n->proxy))
		return complain(where, node, NULL, err,
		    "kind: command uses no 'url', 'token', 'ca_file' or "
		    "'proxy'");
	if (n->template_file && n->kind != SETTINGS_NOTIFY_JSON)
		return complain(where, node, "template_file", err,
		    "is for kind: json alone");
	return 0;
}

int validate_notify(const void *data, const struct yaml_node *node,
    const struct schema_location *where, struct err *err)
{
	static const char *const events[] = {
	    "start", "success", "partial", "failure", NULL};
	static const char *const commands[] = {
	    "backup", "prune", "verify", "apply", NULL};
	const struct settings_notify *n = data;

	if (validate_plain_name(n->name, "name", node, where, err) ||
	    check_words(&n->on, "on", events,
		"start, success, partial, failure", node, where, err) ||
	    check_words(&n->of, "of", commands, "backup, prune, verify, apply",
		node, where, err))
		return -1;
	return check_kind(n, node, where, err);
}
