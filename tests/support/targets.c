#include "tests/support/targets.h"

#include "restore/plan/node.h"
#include "storage/base/cleanup.h"
#include "storage/base/json.h"
#include "tests/support/configs.h"

#include <stdlib.h>
#include <string.h>

void test_targets_init(
    struct test_targets *t, const char *config, const char *sources)
{
	autofree char *text = str_printf("%s%s", CONFIG_HEAD, config);
	struct err err = ERR_INIT;

	*t = (struct test_targets){
	    .settings = settings_parse(text, strlen(text), "c.yaml", &err)};
	if (!t->settings)
		fail_msg("%s: %s", err.message, text);
	setenv("AWS_ACCESS_KEY_ID", "AKIATEST", 1);
	setenv("AWS_SECRET_ACCESS_KEY", "secret", 1);
	setenv("AWS_REGION", "eu-central-1", 1);
	manifest_init(&t->manifest);
	json_free(t->manifest.sources);
	t->manifest.sources = test_json(sources);
	t->command = (struct command){.name = "apply",
	    .options = &t->options,
	    .settings = t->settings,
	    .env = {.clock = clock_system(), .random = random_system()}};
	test_plan_init(&t->plan);
}

void test_targets_done(struct test_targets *t)
{
	targets_done(&t->targets);
	test_plan_done(&t->plan);
	manifest_done(&t->manifest);
	settings_free(t->settings);
}

int test_targets_open(struct test_targets *t, struct err *err)
{
	return targets_open(&t->targets, &t->command, &t->manifest, NULL,
	    "/nowhere", &t->chosen, err);
}

uint32_t test_targets_state(
    struct test_targets *t, const char *bucket, const char *key)
{
	autofree char *name = str_printf("%s/%s", bucket, key);
	uint32_t node = test_plan_add_state(&t->plan, name);
	cleanup(json_freep) struct json_object *facts = json_new_object();

	json_set_str(facts, "bucket", bucket);
	json_set_str(facts, "key", key);
	node_set_facts(test_plan_node(&t->plan, node), facts);
	return node;
}

uint32_t test_targets_git(
    struct test_targets *t, const char *name, const char *url)
{
	uint32_t node = test_plan_add_git(&t->plan, name);

	test_plan_node(&t->plan, node)->source = str_dup(url);
	return node;
}
