#include "tests/support/kube_script.h"

#include <stdlib.h>

void test_kube_start(
    struct test_kube *k, const struct script_reply *replies, size_t count)
{
	static char context[] = "ctx";
	struct err err = ERR_INIT;

	*k = (struct test_kube){.client = NULL};
	test_clock_init(&k->clock, 1700000000000);
	test_random_init(&k->random, 3);
	k->server = script_server_start(replies, count);
	k->url = script_server_url(k->server, "");
	k->access = (struct kube_access){.name = context, .server = k->url};
	const struct kube_client_options o = {.access = &k->access,
	    .max_attempts = 1,
	    .clock = &k->clock.clock,
	    .random = &k->random.random};
	k->client = kube_client_new(&o, &err);
	assert_non_null(k->client);
}

void test_kube_stop(struct test_kube *k)
{
	kube_client_free(k->client);
	script_server_stop(k->server);
	free(k->url);
}

struct kube_resource *test_kube_serve(struct kube_api *api, const char *group,
    const char *kind, const char *name, const char *version, const char *other)
{
	struct kube_resource *r = vec_add(&api->resources);

	r->group = str_dup(group);
	r->kind = str_dup(kind);
	r->name = str_dup(name);
	r->version = str_dup(version);
	r->api_version =
	    *group ? str_printf("%s/%s", group, version) : str_dup(version);
	r->key = *group ? str_printf("%s.%s", name, group) : str_dup(name);
	r->namespaced = true;
	r->listable = true;
	strvec_add(&r->versions, version);
	if (other)
		strvec_add(&r->versions, other);
	return r;
}
