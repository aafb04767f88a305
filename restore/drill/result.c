#include "restore/drill/result.h"

#include "storage/base/cleanup.h"
#include "storage/base/clock.h"
#include "storage/base/json.h"
#include "storage/base/json_text.h"
#include "storage/vault/skew.h"

#include <stdlib.h>
#include <string.h>

const char *result_phase_name(enum result_phase phase)
{
	static const char *const names[RESULT_PHASES] = {
	    "control_plane", "verify", "plan", "restore", "compare", "remove"};

	return names[phase];
}

void result_done(struct result *r)
{
	strvec_done(&r->control_planes);
	strvec_done(&r->skipped);
	strvec_done(&r->other_servers);
	strvec_done(&r->not_compared);
	strvec_done(&r->left);
	buf_wipe(&r->differences);
}

size_t result_failures(const struct result *r)
{
	size_t n = 0;

	VEC_EACH (&r->report->items, i)
		n += outcome_is_missing(i->outcome.kind);
	return n;
}

uint64_t result_differences(const struct result *r)
{
	return r->added + r->removed + r->changed;
}

bool result_passed(const struct result *r)
{
	return !report_is_missing(r->report) && !result_differences(r) &&
	       !r->not_compared.len && !r->left.len;
}

bool result_is_whole(const struct result *r)
{
	return !r->without_clusters && !r->partly &&
	       r->place != RESULT_SERVER && r->place != RESULT_PREFIX;
}

bool result_is_recorded(const struct result *r)
{
	return result_is_whole(r) || (r->place == RESULT_PREFIX && !r->partly);
}

int64_t result_recovery_ms(const struct result *r)
{
	return r->ms[RESULT_VERIFY] + r->ms[RESULT_PLAN] +
	       r->ms[RESULT_RESTORE];
}

int64_t result_age(const struct result *r)
{
	return skew_age(r->started, r->data_from);
}

static size_t count_objects(const struct result *r, enum outcome_kind kind)
{
	size_t n = 0;

	VEC_EACH (&r->report->items, i)
		n += i->outcome.kind == kind && !str_eq(i->group, "git") &&
		     !str_eq(i->group, "terraform");
	return n;
}

size_t result_created(const struct result *r)
{
	return r->report->dry_run ? 0 : count_objects(r, OUTCOME_CREATED);
}

/* A dry run of all calls it created. */
size_t result_accepted(const struct result *r)
{
	return count_objects(
	    r, r->report->dry_run ? OUTCOME_CREATED : OUTCOME_ACCEPTED);
}

/* Objects of one outcome and detail. */
struct unsent {
	const struct outcome *outcome;
	size_t count;
};
VEC_DEFINE(unsent_vec, struct unsent);

/* The details are few texts, though the objects may be many. */
static void count_unsent(struct unsent_vec *v, const struct outcome *o)
{
	VEC_EACH (v, u)
		if (u->outcome->kind == o->kind &&
		    str_eq(u->outcome->detail, o->detail)) {
			u->count++;
			return;
		}
	*vec_add(v) = (struct unsent){.outcome = o, .count = 1};
}

void result_note_unsent(struct result *r)
{
	struct unsent_vec all = VEC_INIT;

	VEC_EACH (&r->report->items, i)
		if (i->outcome.kind == OUTCOME_UNCHECKED ||
		    i->outcome.kind == OUTCOME_SKIPPED ||
		    i->outcome.kind == OUTCOME_DIFFERS)
			count_unsent(&all, &i->outcome);
	VEC_EACH (&all, u) {
		const char *detail = u->outcome->detail;
		autofree char *line = str_printf("%zu %s: %s", u->count,
		    u->count == 1 ? "object" : "objects",
		    detail ? detail : outcome_name(u->outcome->kind));
		strvec_add(&r->skipped, line);
	}
	vec_done(&all);
}

void result_note_copies(struct result *r)
{
	size_t accepted = result_accepted(r);
	autofree char *line = str_printf("%zu %s: only a dry run, since "
					 "controllers act upon %s",
	    accepted, accepted == 1 ? "object" : "objects",
	    accepted == 1 ? "it" : "them");

	if (accepted)
		strvec_add(&r->skipped, line);
	strvec_add(&r->skipped,
	    "labels, annotations, owners and finalizers of what was made: left "
	    "out, since controllers act by them");
}

static size_t gates_passed(const struct result *r)
{
	size_t n = 0;

	VEC_EACH (&r->report->gates, g)
		n += g->passed;
	return n;
}

char *result_finding(const struct result *r)
{
	size_t failures = result_failures(r);

	if (result_passed(r))
		return NULL;
	VEC_EACH (&r->report->items, i)
		if (outcome_is_missing(i->outcome.kind))
			return str_printf("%zu not restored, first: %s: %s",
			    failures, i->what,
			    i->outcome.detail ? i->outcome.detail
					      : outcome_name(i->outcome.kind));
	if (result_differences(r))
		return str_printf(
		    "what came back differs: %llu added, %llu removed, %llu "
		    "changed",
		    (unsigned long long)r->added,
		    (unsigned long long)r->removed,
		    (unsigned long long)r->changed);
	if (r->not_compared.len)
		return str_printf("%zu not compared, first: %s",
		    r->not_compared.len, r->not_compared.items[0]);
	if (r->left.len)
		return str_printf("it left something: %s", r->left.items[0]);
	return str_dup("it was stopped");
}

/* ---- for people ---------------------------------------------------------- */

static void add_seconds(struct buf *out, int64_t ms)
{
	buf_printf(out, "%lld.%03lld s", (long long)(ms / 1000),
	    (long long)(ms % 1000));
}

static void add_line(struct buf *out, const char *head, const char *text)
{
	buf_add_str(out, head);
	str_add_printable(out, text, strlen(text));
	buf_add_char(out, '\n');
}

static bool shows_phase(const struct result *r, enum result_phase p)
{
	switch (p) {
	case RESULT_START:
		return r->place == RESULT_CONTROL_PLANE;
	case RESULT_COMPARE:
		return r->place == RESULT_CONTROL_PLANE ||
		       r->place == RESULT_PREFIX;
	case RESULT_REMOVE:
		return r->place == RESULT_PREFIX;
	default:
		return true;
	}
}

static void add_phases(const struct result *r, struct buf *out)
{
	static const char *const titles[RESULT_PHASES] = {
	    "control plane started", "verified", "planned", "restored",
	    "compared", "removed"};

	for (int p = 0; p < RESULT_PHASES; p++) {
		if (!shows_phase(r, (enum result_phase)p))
			continue;
		buf_printf(out, "%-24s", titles[p]);
		add_seconds(out, r->ms[p]);
		buf_add_char(out, '\n');
	}
	buf_printf(out, "%-24s", "recovery time");
	add_seconds(out, result_recovery_ms(r));
	buf_printf(
	    out, "\n%-24s%lld s", "age of the data", (long long)result_age(r));
	buf_add_char(out, '\n');
}

static void add_counts(const struct result *r, struct buf *out)
{
	str_add_count(out, r->repositories, "repository", "repositories");
	buf_add_str(out, " with ");
	str_add_count(out, r->refs, "reference", "references");
	buf_add_str(out, " and ");
	str_add_count(out, r->git_objects, "object", "objects");
	buf_add_str(out, ", ");
	str_add_count(out, r->states, "state", "states");
	buf_add_str(out, " with ");
	str_add_count(out, r->resources, "resource", "resources");
	if (r->place == RESULT_PREFIX) {
		buf_add_str(out, ", ");
		str_add_count(out, result_created(r), "cluster object created",
		    "cluster objects created");
		buf_add_str(out, " in ");
		str_add_count(out, r->namespaces, "namespace", "namespaces");
	}
	if (r->place == RESULT_SERVER || r->place == RESULT_PREFIX) {
		buf_add_str(out, ", ");
		str_add_count(out, result_accepted(r),
		    "cluster object accepted by a dry run",
		    "cluster objects accepted by a dry run");
	}
	if (r->place == RESULT_CONTROL_PLANE || r->place == RESULT_PREFIX) {
		buf_add_str(out, ", ");
		str_add_count(out, r->compared, "cluster object compared",
		    "cluster objects compared");
		buf_add_str(out, ", ");
		str_add_count(
		    out, gates_passed(r), "gate passed", "gates passed");
	}
	buf_add_char(out, '\n');
}

static const char *passed_how(const struct result *r)
{
	if (r->without_clusters)
		return ", without its clusters";
	if (r->place == RESULT_SERVER)
		return ", without a comparison: the API servers accept what "
		       "they were sent";
	if (r->place == RESULT_PREFIX)
		return ": what was made does not differ from the snapshot, and "
		       "the API servers accept what they were sent as dry runs";
	return r->partly ? ", of the part that --only names"
			 : ": what came back does not differ from the snapshot";
}

void result_print_table(const struct result *r, bool all, struct buf *out)
{
	autofree char *finding = result_finding(r);

	report_print_table(r->report, all, out);
	buf_add(out, r->differences.data, r->differences.len);
	VEC_EACH (&r->not_compared, line)
		add_line(out, "not compared: ", *line);
	VEC_EACH (&r->left, line)
		add_line(out, "left: ", *line);
	VEC_EACH (&r->skipped, line)
		add_line(out, "not rehearsed: ", *line);
	VEC_EACH (&r->control_planes, line)
		add_line(out,
		    r->place == RESULT_SERVER	? "dry run on "
		    : r->place == RESULT_PREFIX ? "namespaces on "
						: "control plane of ",
		    *line);
	if (r->of_other_server)
		buf_printf(out,
		    "%llu fields are otherwise for the other version alone\n",
		    (unsigned long long)r->of_other_server);
	add_phases(r, out);
	add_counts(r, out);
	buf_printf(out, "drill of %s: ", r->label);
	add_line(out, finding ? "FAILED: " : "passed",
	    finding ? finding : passed_how(r));
}

static const char *place_name(enum result_place place)
{
	static const char *const names[] = {[RESULT_NOWHERE] = "none",
	    [RESULT_CONTROL_PLANE] = "control_plane",
	    [RESULT_PREFIX] = "prefix",
	    [RESULT_SERVER] = "server"};

	return names[place];
}

/* ---- for programs -------------------------------------------------------- */

static void add_numbers(const struct result *r, struct buf *out)
{
	char when[CLOCK_TEXT_MAX];

	clock_rfc3339(r->started, when);
	json_text_str(out, "started", when);
	clock_rfc3339(r->data_from, when);
	json_text_str(out, "recovery_point", when);
	json_text_int(out, "age_seconds", result_age(r));
	json_text_int(out, "recovery_ms", result_recovery_ms(r));
	json_text_object(out, "phases_ms");
	for (int p = 0; p < RESULT_PHASES; p++)
		json_text_int(
		    out, result_phase_name((enum result_phase)p), r->ms[p]);
	json_text_object_end(out);
	json_text_bool(out, "clusters", !r->without_clusters);
	json_text_str(out, "place", place_name(r->place));
	json_text_bool(out, "whole", result_is_whole(r));
	json_text_bool(out, "terraform_asked", r->terraform);
	json_text_strs(out, "control_planes", &r->control_planes);
	json_text_int(out, "repositories", (int64_t)r->repositories);
	json_text_int(out, "references", (int64_t)r->refs);
	json_text_int(out, "git_objects", (int64_t)r->git_objects);
	json_text_int(out, "states", (int64_t)r->states);
	json_text_int(out, "state_resources", (int64_t)r->resources);
	json_text_int(out, "namespaces_made", (int64_t)r->namespaces);
	json_text_int(out, "namespaces_left", (int64_t)r->namespaces_left);
	json_text_int(out, "objects_created", (int64_t)result_created(r));
	json_text_int(out, "objects_dry_run", (int64_t)result_accepted(r));
	json_text_int(out, "objects_compared", (int64_t)r->compared);
	json_text_int(out, "failures", (int64_t)result_failures(r));
	json_text_int(
	    out, "fields_of_other_version", (int64_t)r->of_other_server);
	json_text_int(out, "added", (int64_t)r->added);
	json_text_int(out, "removed", (int64_t)r->removed);
	json_text_int(out, "changed", (int64_t)r->changed);
}

void result_print_json(
    const struct result *r, const char *command, struct buf *out)
{
	autofree char *finding = result_finding(r);
	cleanup(buf_done) struct buf report = BUF_INIT;
	cleanup(buf_wipe) struct buf differences = BUF_INIT;

	report_print_json(r->report, NULL, &report);
	buf_add_char(&differences, '[');
	buf_add(&differences, r->differences.data, r->differences.len);
	buf_add_char(&differences, ']');
	json_text_object(out, NULL);
	json_text_str(out, "command", command);
	json_text_str(out, "snapshot", r->label);
	json_text_bool(out, "passed", !finding);
	json_text_str_if(out, "finding", finding);
	add_numbers(r, out);
	json_text_strs(out, "not_compared", &r->not_compared);
	json_text_strs(out, "left", &r->left);
	json_text_strs(out, "not_rehearsed", &r->skipped);
	json_text_raw(out, "differences", buf_str(&differences));
	json_text_raw(out, "restore", buf_str(&report));
	json_text_object_end(out);
	buf_add_char(out, '\n');
}

struct json_object *result_record(const struct result *r)
{
	cleanup(buf_done) struct buf text = BUF_INIT;
	struct err ignored = ERR_INIT;

	json_text_object(&text, NULL);
	add_numbers(r, &text);
	json_text_object_end(&text);
	return json_parse(text.data, text.len, &ignored);
}
