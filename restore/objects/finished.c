#include "restore/objects/finished.h"

#include "restore/objects/object.h"
#include "restore/objects/ruleset.h"
#include "storage/base/cleanup.h"
#include "storage/base/json.h"
#include "storage/base/str.h"

#include <string.h>
#include <strings.h>

/* Words by which a phase says that nothing more will happen. */
static const char *const end_words[] = {"Succeeded", "Succeed", "Successful",
    "Success", "Complete", "Completed", "Done", "Finished", "Processed",
    "Failed", "Failure", "PartiallyFailed", "FailedValidation",
    "CompletedWithErrors", "Error", "Errored", "Cancelled", "Canceled",
    "Aborted", "Terminated", "Skip", "Skipped", "Inconclusive", "TimedOut",
    "Timeout", "Expired"};

static const char *const phases[] = {"/status/phase", "/status/state",
    "/status/state/phase", "/status/stage", "/status/jobStatus/state"};

static const char *const flags[] = {
    "/status/finished", "/status/complete", "/status/completed"};

static const char *const end_times[] = {"/status/completionTime",
    "/status/completionTimestamp", "/status/completedAt", "/status/completed",
    "/status/finishedAt", "/status/finishTime", "/status/endTime",
    "/status/endTimestamp", "/status/endedAt", "/status/stoppedAt"};

static const char *const start_times[] = {"/status/startTime",
    "/status/startTimestamp", "/status/startedAt", "/status/start"};

/* Names of kinds that are run once. */
static const char *const run_names[] = {"Run", "Job", "JobSet", "Backup",
    "Restore", "Request", "Migration", "Operation", "Promotion", "Clone",
    "Execution", "Invocation", "ActionSet"};

/* Where the status tells of a run, too. Without one, they are as often names
 * of what is run, or of what is no run (Task and StepAction of Tekton,
 * ServiceExport). */
static const char *const other_names[] = {"Workflow", "Task", "Action",
    "Session", "Command", "Build", "Upgrade", "Upload", "Download", "Scan",
    "Dump", "Import", "Export"};

/* A kind that starts runs repeatedly is not a run, even if its status reports
 * the last one. */
static const char *const schedules[] = {
    "/spec/schedule", "/spec/schedules", "/spec/cron", "/spec/cronExpression"};

#define ANY(list, object, fn)                                                  \
	any(list, sizeof(list) / sizeof(*(list)), object, fn)

static bool any(const char *const *places, size_t count,
    struct json_object *object, bool (*fn)(struct json_object *value))
{
	for (size_t i = 0; i < count; i++) {
		struct json_object *value = json_pointer(object, places[i]);

		if (value && fn(value))
			return true;
	}
	return false;
}

static bool is_end_word(struct json_object *value)
{
	const char *text = json_str(value);

	for (size_t i = 0; text && i < sizeof(end_words) / sizeof(*end_words);
	     i++)
		if (strcasecmp(text, end_words[i]) == 0)
			return true;
	return false;
}

static bool is_text(struct json_object *value)
{
	return json_str(value) && *json_str(value);
}

static bool is_true(struct json_object *value)
{
	return json_truth(value, false);
}

static bool is_there(struct json_object *value)
{
	return json_kind(value) != JSON_NULL;
}

static const char *condition(const struct json_object *object, const char *type)
{
	const struct json_object *all =
	    json_path(object, "status", "conditions", NULL);

	for (size_t i = 0; i < json_len(all); i++)
		if (str_eq(json_get_str(json_at(all, i), "type"), type))
			return json_get_str(json_at(all, i), "status");
	return NULL;
}

/* Only runs of Tekton, Knative and Crossplane use "Succeeded": False is an end,
 * too. */
static bool condition_ends(const struct json_object *object)
{
	static const char *const types[] = {
	    "Complete", "Completed", "Finished", "Failed"};
	const char *succeeded = condition(object, "Succeeded");

	if (str_eq(succeeded, "True") || str_eq(succeeded, "False"))
		return true;
	for (size_t i = 0; i < sizeof(types) / sizeof(*types); i++)
		if (str_eq(condition(object, types[i]), "True"))
			return true;
	return false;
}

static bool ends_with_one_of(
    const char *const *names, size_t count, const char *kind)
{
	for (size_t i = 0; i < count; i++)
		if (str_ends(kind, names[i]))
			return true;
	return false;
}
#define CALLED(names, kind)                                                    \
	ends_with_one_of(names, sizeof(names) / sizeof(*(names)), kind)

static enum finished_state state_in_general(
    struct json_object *object, const char *kind)
{
	bool called = CALLED(run_names, kind);

	if (ANY(schedules, object, is_there))
		return FINISHED_NO_RUN;
	/* Every other sign of a run is in its status. */
	if (!json_len(json_get(object, "status")))
		return called && !json_get(object, "status")
			   ? FINISHED_NOT_BEGUN
			   : FINISHED_NO_RUN;
	called |= CALLED(other_names, kind);
	bool timed = ANY(end_times, object, is_text);
	if (!called && !timed)
		return FINISHED_NO_RUN;
	bool ended = ANY(phases, object, is_end_word) || condition_ends(object);
	bool flagged = ANY(flags, object, is_true);
	if (called ? timed || ended || flagged : timed && ended)
		return FINISHED_ENDED;
	bool begun = ANY(start_times, object, is_text) ||
		     ANY(phases, object, is_text) ||
		     condition(object, "Succeeded");
	return called && begun ? FINISHED_NOT_YET : FINISHED_NO_RUN;
}

/* Whether a value is one of the words, which are separated by bars. */
static bool is_one_of(struct json_object *value, const char *words)
{
	const char *text = json_str(value);
	size_t len = text ? strlen(text) : 0;

	if (!words)
		return is_true(value) || is_text(value);
	for (const char *w = words; len && *w; w += *w == '|') {
		size_t of = strcspn(w, "|");

		if (of == len && strncasecmp(w, text, len) == 0)
			return true;
		w += of;
	}
	return false;
}

enum finished_state finished_state(
    struct json_object *object, const struct ruleset *rules)
{
	cleanup(object_identity_done) struct object_identity id =
	    object_identity(object);
	bool listed = false;
	bool overridden = false;
	/* What Kubernetes itself runs is there to be run. */
	bool is_workload = false;

	VEC_EACH (&rules->finished, r) {
		if ((overridden && !ruleset_is_configured(r->system)) ||
		    !rules_kind_fits(r->kind, id.group, id.kind) ||
		    (r->unless && json_pointer(object, r->unless)))
			continue;
		if (r->never)
			return FINISHED_NO_RUN;
		listed = true;
		is_workload |= str_eq(r->system, "workload");
		overridden |= ruleset_is_configured(r->system);
		if (r->condition
			? str_eq(condition(object, r->condition), "True")
			: is_one_of(json_pointer(object, r->pointer), r->words))
			return FINISHED_ENDED;
	}
	if (listed)
		return json_get(object, "status") ? FINISHED_NOT_YET
		       : is_workload		  ? FINISHED_NO_RUN
						  : FINISHED_NOT_BEGUN;
	return rules_used(rules->without, "runs")
		   ? state_in_general(object, id.kind)
		   : FINISHED_NO_RUN;
}
