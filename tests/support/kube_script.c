#include "tests/support/kube_script.h"

#include "storage/base/cleanup.h"
#include "storage/base/file.h"

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

void test_kubeconfig_write(const struct script_server *s, const char *path)
{
	autofree char *url = script_server_url(s, "");
	autofree char *text =
	    str_printf("apiVersion: v1\nkind: Config\ncurrent-context: c\n"
		       "clusters: [{name: c, cluster: {server: '%s'}}]\n"
		       "contexts: [{name: c, context: {cluster: c, user: u}}]\n"
		       "users: [{name: u, user: {token: t}}]\n",
		url);
	struct err err = ERR_INIT;

	assert_ok(file_write_durably(path, text, strlen(text), &err), err);
}

size_t test_kube_asked(struct script_server *s, const char *part)
{
	size_t asked = 0;

	for (size_t i = 0; i < script_server_count(s); i++)
		asked += strstr(script_server_request(s, i), part) != NULL;
	return asked;
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
