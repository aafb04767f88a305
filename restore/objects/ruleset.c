#include "restore/objects/ruleset.h"

#include "storage/base/cleanup.h"
#include "storage/base/json.h"
#include "storage/base/json_text.h"

#include <string.h>

/* How a rule of the configuration names its system, and so its source. */
static const char configured[] = "restore.rules[";

bool ruleset_is_configured(const char *system)
{
	return str_starts(system, configured);
}

static const char *keep(struct ruleset *s, char *text)
{
	*vec_add(&s->texts) = text;
	return text;
}

static int refuse(const char *source, const char *key, const char *text,
    const char *right, struct err *err)
{
	return err_set(
	    err, ERR_USAGE, "%s: %s: '%s' %s", source, key, text, right);
}

static int check_pattern(
    const char *source, const char *key, const char *kind, struct err *err)
{
	const char *dot = strchr(kind, '.');

	if (!*kind || dot == kind || str_ends(kind, "."))
		return refuse(source, key, kind,
		    "is not a kind; say Kind.group ('Kind.core' for the core "
		    "group)",
		    err);
	if (kind[strspn(kind,
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
		"0123456789.-*?")])
		return refuse(source, key, kind,
		    "is not a kind; it takes letters, digits, '.', '-' and the "
		    "wildcards '*' and '?'",
		    err);
	return 0;
}

static int check_condition(
    const char *source, const char *key, const char *name, struct err *err)
{
	if (!*name || name[strspn(name,
			  "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
			  "0123456789.-_/")])
		return refuse(source, key, name,
		    "is not a condition; it takes the type of one, as Ready",
		    err);
	return 0;
}

/* A pointer to exactly one field: it has no wildcards and no escapes. */
static int check_pointer(
    const char *source, const char *key, const char *pointer, struct err *err)
{
	if (*pointer != '/' || str_ends(pointer, "/") ||
	    strstr(pointer, "//") || strlen(pointer) > 1024 ||
	    strpbrk(pointer, "*~"))
		return refuse(source, key, pointer,
		    "is not a JSON pointer to one field, as /spec/suspend",
		    err);
	return 0;
}

/* "~1" is '/', "~0" is '~' (RFC 6901). */
static char *unescape(const char *step)
{
	struct buf out = BUF_INIT;

	for (const char *c = step; *c; c++) {
		if (*c == '~' && (c[1] == '0' || c[1] == '1')) {
			buf_add_char(&out, c[1] == '1' ? '/' : '~');
			c++;
		} else {
			buf_add_char(&out, *c);
		}
	}
	return buf_steal(&out);
}

static char *quoted(const char *text)
{
	struct buf out = BUF_INIT;

	json_text_quoted(&out, text, strlen(text));
	return buf_steal(&out);
}

/* JSON stays as it is; any other text becomes a JSON string. */
static char *value_text(const char *text)
{
	struct err ignored = ERR_INIT;
	/* The parser accepts a number only if something follows it. */
	autofree char *ended = str_printf("%s ", text);
	cleanup(json_freep) struct json_object *value =
	    json_parse(ended, strlen(ended), &ignored);

	return value ? str_dup(text) : quoted(text);
}

static int add_pause(struct ruleset *s, const struct ruleset_rule *r,
    const char *source, struct err *err)
{
	static const char map[] = "/annotations";
	struct rule_pause made = {.system = source, .kind = r->kind};
	size_t len = strcspn(r->pause, "=");
	const char *value = r->pause[len] ? r->pause + len + 1 : NULL;

	if (str_eq(r->pause, "none")) {
		*vec_add(&s->pauses) = made;
		return 0;
	}
	autofree char *pointer = str_ndup(r->pause, len);
	char *last = strrchr(pointer, '/');
	size_t above = last ? (size_t)(last - pointer) : 0;
	bool annotation =
	    above >= sizeof(map) - 1 && last[1] &&
	    memcmp(last - (sizeof(map) - 1), map, sizeof(map) - 1) == 0;
	if (annotation) {
		made.annotation = keep(s, unescape(last + 1));
		*last = '\0';
		made.read = value ? RULE_PAUSE_TRUE : RULE_PAUSE_PARSED;
	}
	if (check_pointer(source, "pause", pointer, err))
		return -1;
	made.pointer = keep(s, steal(pointer));
	if (value)
		made.value =
		    keep(s, annotation ? quoted(value) : value_text(value));
	*vec_add(&s->pauses) = made;
	return 0;
}

static int add_finished(struct ruleset *s, const struct ruleset_rule *r,
    const char *source, struct err *err)
{
	struct rule_finished made = {.system = source, .kind = r->kind};
	size_t len = strcspn(r->finished, "=");

	if (str_eq(r->finished, "never")) {
		made.never = true;
	} else if (*r->finished != '/') {
		if (check_condition(source, "finished", r->finished, err))
			return -1;
		made.condition = keep(s, str_dup(r->finished));
	} else {
		made.pointer = keep(s, str_ndup(r->finished, len));
		if (check_pointer(source, "finished", made.pointer, err))
			return -1;
		if (r->finished[len])
			made.words = keep(s, str_dup(r->finished + len + 1));
	}
	*vec_add(&s->finished) = made;
	return 0;
}

static int add_ready(struct ruleset *s, const struct ruleset_rule *r,
    const char *source, struct err *err)
{
	struct rule_ready made = {
	    .system = source, .kind = r->kind, .runs_pods = true};

	if (!str_eq(r->ready, "none")) {
		if (check_condition(source, "ready", r->ready, err))
			return -1;
		made.condition = keep(s, str_dup(r->ready));
	}
	*vec_add(&s->readies) = made;
	return 0;
}

static void add_controllers(
    struct ruleset *s, const struct ruleset_rule *r, const char *source)
{
	static const char *const kinds[] = {
	    "Deployment.apps", "StatefulSet.apps", "DaemonSet.apps"};
	const char *image = keep(s, str_dup(r->by_replicas));

	for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++) {
		bool nodes = str_eq(kinds[i], "DaemonSet.apps");

		*vec_add(&s->pauses) = (struct rule_pause){.system = source,
		    .kind = kinds[i],
		    .pointer = nodes ? "/spec/template/spec/nodeSelector"
				     : "/spec/replicas",
		    .annotation = nodes ? RULES_NO_NODE : NULL,
		    .value = nodes ? NULL : "0",
		    .image = image,
		    .acts_on = r->kind};
	}
}

static int add_rule(struct ruleset *s, const struct ruleset_rule *given,
    size_t at, struct err *err)
{
	const char *source = keep(s, str_printf("%s%zu]", configured, at));
	struct ruleset_rule r = *given;

	if (check_pattern(source, "kind", r.kind, err))
		return -1;
	r.kind = keep(s, str_dup(r.kind));
	if ((r.pause && add_pause(s, &r, source, err)) ||
	    (r.finished && add_finished(s, &r, source, err)) ||
	    (r.ready && add_ready(s, &r, source, err)))
		return -1;
	if (r.by_replicas)
		add_controllers(s, &r, source);
	if (r.status)
		*vec_add(&s->statuses) = (struct rule_status){.system = source,
		    .kind = r.kind,
		    .never = r.status == RULESET_NO};
	if (r.derived)
		*vec_add(&s->derived) = (struct rule_derived){.system = source,
		    .kind = r.kind,
		    .reason = r.derived == RULESET_YES
				  ? "derived, by restore.rules"
				  : NULL};
	if (r.last != RULESET_LAST_UNSET)
		*vec_add(&s->lasts) = (struct rule_last){
		    .system = source, .kind = r.kind, .tier = r.last};
	return 0;
}

#define TAKE(list, table, without)                                             \
	for (size_t i = 0; (table)[i].system; i++)                             \
		if (rules_used(without, (table)[i].system))                    \
			*vec_add(&(list)) = (table)[i];

static void add_built_in(struct ruleset *s)
{
	TAKE(s->pauses, rules_pauses, s->without)
	TAKE(s->readies, rules_readies, s->without)
	TAKE(s->statuses, rules_statuses, s->without)
	TAKE(s->lasts, rules_lasts, s->without)
	TAKE(s->finished, rules_finished, s->without)
	TAKE(s->derived, rules_derived, s->without)
}

int ruleset_init(
    struct ruleset *s, const struct ruleset_options *o, struct err *err)
{
	s->without = o->without;
	for (size_t i = 0; o->without && i < o->without->len; i++)
		if (!rules_system_known(o->without->items[i]))
			return err_set(err, ERR_USAGE,
			    "restore.without_rules: there is no rule '%s'; "
			    "`backstay-restore rules` names them",
			    o->without->items[i]);
	for (size_t i = 0; o->exclude_kinds && i < o->exclude_kinds->len; i++) {
		const char *kind = o->exclude_kinds->items[i];

		if (check_pattern("restore", "exclude_kinds", kind, err))
			return -1;
		*vec_add(&s->excluded) = str_dup(kind);
	}
	for (size_t i = 0; i < o->count; i++)
		if (add_rule(s, &o->rules[i], i, err))
			return -1;
	add_built_in(s);
	return 0;
}

void ruleset_done(struct ruleset *s)
{
	vec_done(&s->pauses);
	vec_done(&s->readies);
	vec_done(&s->statuses);
	vec_done(&s->lasts);
	vec_done(&s->finished);
	vec_done(&s->derived);
	strvec_done(&s->excluded);
	strvec_done(&s->texts);
}

bool ruleset_excludes(
    const struct ruleset *s, const char *group, const char *kind)
{
	VEC_EACH (&s->excluded, pattern)
		if (rules_kind_fits(*pattern, group, kind))
			return true;
	return false;
}

bool ruleset_status(const struct ruleset *s, const char *group,
    const char *kind, struct json_object *object)
{
	VEC_EACH (&s->statuses, r)
		if (rules_kind_fits(r->kind, group, kind) &&
		    rules_has(object, r->where))
			return !r->never;
	return false;
}

int ruleset_tier(const struct ruleset *s, const char *group, const char *kind)
{
	VEC_EACH (&s->lasts, r)
		if (rules_kind_fits(r->kind, group, kind))
			return r->tier;
	return 0;
}

const struct rule_ready *ruleset_ready(
    const struct ruleset *s, const char *group, const char *kind, size_t *at)
{
	bool overridden = false;

	for (size_t i = 0; i < *at; i++)
		overridden |=
		    ruleset_is_configured(s->readies.items[i].system) &&
		    rules_kind_fits(s->readies.items[i].kind, group, kind);
	for (; *at < s->readies.len; ++*at) {
		const struct rule_ready *r = &s->readies.items[*at];

		if (overridden && !ruleset_is_configured(r->system))
			return NULL;
		if (!rules_kind_fits(r->kind, group, kind))
			continue;
		++*at;
		return r->condition ? r : NULL;
	}
	return NULL;
}
