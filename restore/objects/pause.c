#include "restore/objects/pause.h"

#include "restore/objects/object.h"
#include "storage/base/cleanup.h"
#include "storage/base/json.h"

#include <string.h>
#include <strings.h>

/* The words that Go's strconv.ParseBool reads as true, and as false. */
static bool is_word(const char *text, bool value)
{
	static const char *const words[2][6] = {
	    {"0", "f", "F", "false", "FALSE", "False"},
	    {"1", "t", "T", "true", "TRUE", "True"},
	};

	for (size_t i = 0; text && i < sizeof(*words) / sizeof(**words); i++)
		if (str_eq(text, words[value][i]))
			return true;
	return false;
}

static struct json_object *parse(const char *text)
{
	/* A number alone ends with what follows it. */
	autofree char *ended = str_printf("%s ", text);
	struct err ignored = ERR_INIT;

	return json_parse(ended, strlen(ended), &ignored);
}

/* The value that is written: "true" into an annotation, true into a field, or
 * the rule's own. */
static struct json_object *value_of(const char *annotation, const char *text)
{
	if (text)
		return parse(text);
	return annotation ? json_new_str("true") : json_new_bool(true);
}

static struct json_object *value_at(const struct json_object *object,
    const char *pointer, const char *annotation)
{
	struct json_object *at = json_pointer(object, pointer);

	return annotation ? json_get(at, annotation) : at;
}

bool pause_is_on(
    const struct json_object *object, const struct rule_pause *rule)
{
	struct json_object *at =
	    value_at(object, rule->pointer, rule->annotation);
	cleanup(json_freep) struct json_object *paused =
	    value_of(rule->annotation, rule->value);

	switch (rule->read) {
	case RULE_PAUSE_TRUE:
		break;
	case RULE_PAUSE_PARSED:
		return is_word(json_str(at), true);
	case RULE_PAUSE_ANY_CASE:
		return json_str(at) && json_str(paused) &&
		       strcasecmp(json_str(at), json_str(paused)) == 0;
	case RULE_PAUSE_NOT_FALSE:
		return at && !is_word(json_str(at), false);
	case RULE_PAUSE_PRESENT:
		return at != NULL;
	}
	return at && json_equal(at, paused);
}

/* "key=value" */
static bool bears(struct json_object *object, const char *label)
{
	size_t len = strcspn(label, "=");
	autofree char *key = str_ndup(label, len);

	return str_eq(object_label(object, key), label + len + 1);
}

/* `runs`: its containers. */
static bool is_for(struct json_object *object, const struct json_object *runs,
    const struct rule_pause *r, const struct pause_question *q)
{
	return rules_kind_fits(r->kind, q->group, q->kind) &&
	       rules_has(object, r->where) &&
	       (!r->image || rules_run_image(runs, r->image)) &&
	       (!r->label || bears(object, r->label)) &&
	       (!r->acts_on || q->restores(q->ctx, r->acts_on));
}

size_t pause_find(struct json_object *object, const struct pause_question *q,
    const struct rule_pause **out)
{
	const struct json_object *runs = rules_containers(object);
	size_t count = 0;
	bool overridden = false;

	VEC_EACH (&q->rules->pauses, r) {
		bool known = false;

		if (count == PAUSE_MAX ||
		    (overridden && !ruleset_is_configured(r->system)) ||
		    !is_for(object, runs, r, q))
			continue;
		if (!r->pointer)
			return count;
		overridden |= ruleset_is_configured(r->system);
		for (size_t i = 0; i < count; i++)
			known |= str_eq(out[i]->pointer, r->pointer);
		if (!known && !pause_is_on(object, r))
			out[count++] = r;
	}
	return count;
}

bool pause_is_set(struct json_object *object, const struct pause_question *q)
{
	const struct json_object *runs = rules_containers(object);

	VEC_EACH (&q->rules->pauses, r)
		if (r->pointer && is_for(object, runs, r, q) &&
		    pause_is_on(object, r))
			return true;
	return false;
}

char *pause_before(struct json_object *object, const struct rule_pause *rule)
{
	struct json_object *at =
	    value_at(object, rule->pointer, rule->annotation);
	struct buf text = BUF_INIT;

	if (!at)
		return NULL;
	json_write(&text, at, JSON_COMPACT);
	return buf_steal(&text);
}

/* How much of the pointer names the map that holds the pause. */
static size_t holder_len(const char *pointer, const char *annotation)
{
	return annotation ? strlen(pointer)
			  : (size_t)(strrchr(pointer, '/') - pointer);
}

/* The end of the step that begins at `at`. */
static size_t step_end(const char *pointer, size_t at)
{
	return at + 1 + strcspn(pointer + at + 1, "/");
}

char *pause_new_map(struct json_object *object, const struct rule_pause *rule)
{
	size_t len = holder_len(rule->pointer, rule->annotation);

	for (size_t end = 0; end < len;) {
		end = step_end(rule->pointer, end);
		autofree char *map = str_ndup(rule->pointer, end);
		if (!json_pointer(object, map))
			return steal(map);
	}
	return NULL;
}

/* The container at a pointer, made if it is missing; NULL if another value is
 * in the way. None of the rules' pointers has an escape in it. */
static struct json_object *reach(
    struct json_object *object, const char *pointer, size_t len)
{
	size_t at = 0;

	while (at < len && json_kind(object) == JSON_OBJECT) {
		size_t end = step_end(pointer, at);

		autofree char *step = str_ndup(pointer + at + 1, end - at - 1);
		if (!json_get(object, step))
			json_set(object, step, json_new_object());
		object = json_get(object, step);
		at = end;
	}
	return json_kind(object) == JSON_OBJECT ? object : NULL;
}

/* Takes the value. */
static void put(struct json_object *object, const char *pointer,
    const char *annotation, struct json_object *value)
{
	const char *last = strrchr(pointer, '/');
	struct json_object *holder =
	    reach(object, pointer, holder_len(pointer, annotation));

	if (holder)
		json_set(holder, annotation ? annotation : last + 1, value);
	else
		json_free(value);
}

void pause_set(struct json_object *object, const struct rule_pause *rule)
{
	put(object, rule->pointer, rule->annotation,
	    value_of(rule->annotation, rule->value));
}

void pause_remove(struct json_object *object, const struct rule_pause *rule)
{
	const char *last = strrchr(rule->pointer, '/');
	autofree char *above =
	    str_ndup(rule->pointer, (size_t)(last - rule->pointer));

	if (rule->annotation)
		json_remove(
		    json_pointer(object, rule->pointer), rule->annotation);
	else
		json_remove(json_pointer(object, above), last + 1);
}

bool pause_still_stands(
    const struct json_object *object, const struct pause_made *made)
{
	struct json_object *at =
	    value_at(object, made->pointer, made->annotation);
	cleanup(json_freep) struct json_object *paused =
	    value_of(made->annotation, made->paused);

	return at && json_equal(at, paused);
}

/* Whether nothing but the pause is in the map that was made for it. */
static bool is_alone(struct json_object *object, const struct pause_made *made)
{
	size_t len = holder_len(made->pointer, made->annotation);

	for (size_t end = strlen(made->map);;
	     end = step_end(made->pointer, end)) {
		autofree char *map = str_ndup(made->pointer, end);
		if (json_len(json_pointer(object, map)) != 1)
			return false;
		if (end >= len)
			return true;
	}
}

struct json_object *pause_release(
    const struct pause_made *made, struct json_object *live)
{
	struct json_object *patch = json_new_object();

	if (made->map && str_starts(made->pointer, made->map) &&
	    is_alone(live, made))
		put(patch, made->map, NULL, NULL);
	else
		put(patch, made->pointer, made->annotation,
		    made->before ? parse(made->before) : NULL);
	return patch;
}
