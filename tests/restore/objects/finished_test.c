#include "restore/objects/finished.h"

#include "restore/objects/ruleset.h"
#include "storage/base/cleanup.h"
#include "storage/base/json.h"
#include "storage/base/str.h"
#include "tests/support/test.h"

#include <string.h>

/* The status, or the whole object where it begins with a member. */
static enum finished_state state_of(
    const char *kind, const char *members, const struct strvec *without)
{
	struct err err = ERR_INIT;
	const char *dot = strchr(kind, '.');
	autofree char *name = str_ndup(kind, (size_t)(dot - kind));
	autofree char *text =
	    str_printf("{\"apiVersion\":\"%s/v1\",\"kind\":\"%s\",%s}", dot + 1,
		name, members);
	if (str_eq(dot + 1, "core")) {
		free(text);
		text = str_printf("{\"apiVersion\":\"v1\",\"kind\":\"%s\",%s}",
		    name, members);
	}
	cleanup(json_freep) struct json_object *j =
	    json_parse(text, strlen(text), &err);

	if (!j)
		fail_msg("%s: %s", err.message, text);
	cleanup(ruleset_done) struct ruleset rules = RULESET_INIT;
	const struct ruleset_options options = {.without = without};
	assert_int_equal(ruleset_init(&rules, &options, &err), 0);
	return finished_state(j, &rules);
}

#define PHASE(word) "\"status\":{\"phase\":\"" word "\"}"
#define CONDITION(type, value)                                                 \
	"\"status\":{\"conditions\":[{\"type\":\"" type                        \
	"\",\"status\":\"" value "\"}]}"
#define TIMED(member, rest)                                                    \
	"\"status\":{\"" member "\":\"2026-01-01T00:00:00Z\"" rest "}"

struct sample {
	const char *kind;
	const char *members;
};

static void check(
    const struct sample *samples, size_t count, enum finished_state want)
{
	for (size_t i = 0; i < count; i++) {
		enum finished_state got =
		    state_of(samples[i].kind, samples[i].members, NULL);
		if (got != want)
			fail_msg("%s {%s}: %d, not %d", samples[i].kind,
			    samples[i].members, (int)got, (int)want);
	}
}
#define CHECK(samples, want)                                                   \
	check(samples, sizeof(samples) / sizeof(*(samples)), want)

static void what_ran_once_has_ended(void **state)
{
	static const struct sample ended[] = {
	    {"Pod.core", PHASE("Succeeded")},
	    {"Pod.core", PHASE("Failed")},
	    {"Job.batch", CONDITION("Complete", "True")},
	    {"Job.batch", CONDITION("Failed", "True")},
	    {"DeleteBackupRequest.velero.io", PHASE("Processed")},
	    {"Restore.velero.io", PHASE("Completed")},
	    {"Backup.velero.io", PHASE("PartiallyFailed")},
	    {"DataUpload.velero.io", PHASE("Canceled")},
	    {"Restore.resources.cattle.io", TIMED("restoreCompletionTs", "")},
	    {"Backup.resources.cattle.io", CONDITION("Ready", "True")},
	    {"Backup.k8up.io", "\"status\":{\"finished\":true}"},
	    {"Prune.k8up.io", "\"status\":{\"finished\":true}"},
	    {"PipelineRun.tekton.dev", CONDITION("Succeeded", "True")},
	    {"TaskRun.tekton.dev", CONDITION("Succeeded", "False")},
	    {"CustomRun.tekton.dev", CONDITION("Succeeded", "False")},
	    {"Workflow.argoproj.io", PHASE("Succeeded")},
	    {"AnalysisRun.argoproj.io", PHASE("Inconclusive")},
	    {"Promotion.kargo.akuity.io", PHASE("Aborted")},
	    {"Backup.postgresql.cnpg.io", PHASE("completed")},
	    {"VirtualMachineClone.clone.kubevirt.io", PHASE("Succeeded")},
	    {"VirtualMachineRestore.snapshot.kubevirt.io",
		"\"status\":{\"complete\":true}"},
	    {"VirtualMachineInstanceMigration.kubevirt.io", PHASE("Failed")},
	    {"VirtualMachineInstance.kubevirt.io", PHASE("Succeeded")},
	    {"Operation.ops.crossplane.io", CONDITION("Succeeded", "True")},
	    {"UpdateRequest.kyverno.io",
		"\"status\":{\"state\":\"Completed\"}"},
	    {"Job.batch.volcano.sh",
		"\"status\":{\"state\":{\"phase\":\"Terminated\"}}"},
	    {"SparkApplication.sparkoperator.k8s.io",
		"\"status\":{\"applicationState\":{\"state\":\"COMPLETED\"}}"},
	    /* Kinds that nobody listed. */
	    {"DatabaseMigration.example.com", PHASE("SUCCEEDED")},
	    {"LoadTestRun.example.com", CONDITION("Complete", "True")},
	    {"Smoke.example.com",
		TIMED("completionTime", ",\"phase\":\"Failed\"")},
	    {"Training.example.com",
		TIMED("finishedAt",
		    ",\"conditions\":[{\"type\":\"Succeeded\",\"status\":"
		    "\"True\"}]")},
	    {"CopyJob.example.com", TIMED("completedAt", "")},
	};

	(void)state;
	CHECK(ended, FINISHED_ENDED);
}

static void what_reports_success_is_no_run(void **state)
{
	static const struct sample none[] = {
	    {"DataVolume.cdi.kubevirt.io", PHASE("Succeeded")},
	    {"VolumeSnapshot.snapshot.storage.k8s.io",
		TIMED("creationTime", ",\"readyToUse\":true")},
	    {"ClusterServiceVersion.operators.coreos.com",
		TIMED("lastUpdateTime", ",\"phase\":\"Succeeded\"")},
	    {"Application.argoproj.io",
		"\"status\":{\"operationState\":{\"phase\":\"Succeeded\","
		"\"finishedAt\":\"2026-01-01T00:00:00Z\"}}"},
	    {"HelmChart.helm.cattle.io", CONDITION("Complete", "True")},
	    {"Plan.upgrade.cattle.io", CONDITION("Complete", "True")},
	    {"PersistentVolume.core", PHASE("Failed")},
	    {"Cluster.cluster.x-k8s.io", PHASE("Failed")},
	    {"HelmRelease.helm.toolkit.fluxcd.io", CONDITION("Ready", "True")},
	    {"Schedule.velero.io", PHASE("FailedValidation")},
	    {"ServiceImport.multicluster.x-k8s.io", CONDITION("Valid", "True")},
	    {"CronJob.batch",
		"\"spec\":{\"schedule\":\"0 * * * *\"},\"status\":{"
		"\"lastSuccessfulTime\":\"2026-01-01T00:00:00Z\"}"},
	    /* Done again and again, though its last run has ended. */
	    {"Backup.k8s.mariadb.com",
		"\"spec\":{\"schedule\":{\"cron\":\"0 1 * * *\"}},"
		"\"status\":{\"conditions\":[{\"type\":\"Complete\","
		"\"status\":\"True\"}]}"},
	    {"Backup.resources.cattle.io",
		"\"spec\":{\"schedule\":\"@daily\"}," CONDITION(
		    "Ready", "True")},
	    {"ScheduledBackup.postgresql.cnpg.io",
		"\"spec\":{\"schedule\":\"0 0 0 * * *\"}," PHASE("completed")},
	    {"Widget.example.com", PHASE("Completed")},
	    {"Widget.example.com", "\"spec\":{}"},
	    {"Workflow.argoproj.io", "\"status\":\"odd\""},
	    {"Restore.velero.io", "\"status\":{}"},
	    /* Without a status these are no runs, or as others that are there
	     * to be run. */
	    {"Pod.core", "\"spec\":{}"},
	    {"Job.batch", "\"spec\":{}"},
	    {"Task.tekton.dev", "\"spec\":{}"},
	    {"StepAction.tekton.dev", "\"spec\":{}"},
	    {"ServiceExport.multicluster.x-k8s.io", "\"spec\":{}"},
	    {"ScheduledBackup.postgresql.cnpg.io",
		"\"spec\":{\"schedule\":\"0 0 0 * * *\"}"},
	};

	(void)state;
	CHECK(none, FINISHED_NO_RUN);
}

static void what_runs_is_told(void **state)
{
	static const struct sample running[] = {
	    {"Pod.core", PHASE("Running")},
	    {"PipelineRun.tekton.dev", CONDITION("Succeeded", "Unknown")},
	    {"Workflow.argoproj.io", PHASE("Running")},
	    {"Restore.velero.io", PHASE("InProgress")},
	    {"CopyJob.example.com", TIMED("startTime", "")},
	};

	(void)state;
	CHECK(running, FINISHED_NOT_YET);
}

static void what_has_no_status_has_not_begun(void **state)
{
	static const struct sample fresh[] = {
	    {"Restore.velero.io", "\"spec\":{}"},
	    {"DeleteBackupRequest.velero.io", "\"spec\":{}"},
	    {"Backup.postgresql.cnpg.io", "\"spec\":{}"},
	    {"Archive.k8up.io", "\"spec\":{}"},
	    {"CopyJob.example.com", "\"spec\":{}"},
	};

	(void)state;
	CHECK(fresh, FINISHED_NOT_BEGUN);
}

static void a_system_can_be_left_alone(void **state)
{
	struct strvec without = VEC_INIT;

	(void)state;
	strvec_add(&without, "runs");
	assert_int_equal(state_of("PipelineRun.tekton.dev",
			     CONDITION("Succeeded", "True"), &without),
	    FINISHED_NO_RUN);
	assert_int_equal(
	    state_of("Pod.core", PHASE("Failed"), &without), FINISHED_ENDED);
	strvec_done(&without);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
	    cmocka_unit_test(what_ran_once_has_ended),
	    cmocka_unit_test(what_reports_success_is_no_run),
	    cmocka_unit_test(what_runs_is_told),
	    cmocka_unit_test(what_has_no_status_has_not_begun),
	    cmocka_unit_test(a_system_can_be_left_alone),
	};

	return cmocka_run_group_tests_name("finished", tests, NULL, NULL);
}
