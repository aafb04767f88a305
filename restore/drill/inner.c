#include "restore/drill/inner.h"

#include "storage/base/json.h"
#include "storage/base/mem.h"

#include <stdlib.h>
#include <string.h>

/* As those of a configuration without these keys. */
enum { CONCURRENCY = 4, PAGE_SIZE = 500, PAGE_BYTES = 64 << 20 };

void inner_init(struct inner *i, const struct command *c)
{
	*i = (struct inner){.settings = *c->settings, .command = *c};
	struct settings_restore *r = &i->settings.restore;

	i->options.common = c->options->common;
	i->options.head = c->options->head;
	i->options.accept = c->options->accept;
	i->options.only = c->options->only;
	i->options.same_cluster = c->options->same_cluster;
	i->command.options = &i->options;
	i->command.settings = &i->settings;
	memset(&i->settings.kubernetes, 0, sizeof(i->settings.kubernetes));
	memset(&r->targets, 0, sizeof(r->targets));
	memset(&r->namespaces, 0, sizeof(r->namespaces));
	memset(&r->images, 0, sizeof(r->images));
	memset(&r->storage_classes, 0, sizeof(r->storage_classes));
	memset(&r->transforms, 0, sizeof(r->transforms));
	r->existing = SETTINGS_EXISTING_SKIP;
	r->take_fields = false;
	r->hold = false;
	r->gates = SETTINGS_GATES_NEVER;
}

static void access_done(struct settings_cluster_access *a)
{
	free(a->kubeconfig);
	free(a->context);
}

static struct settings_cluster_access access_copy(
    const struct settings_cluster_access *a)
{
	struct settings_cluster_access copy = *a;

	copy.kubeconfig = str_dup(a->kubeconfig);
	copy.context = str_dup(a->context);
	return copy;
}

void inner_done(struct inner *i)
{
	struct settings_restore *r = &i->settings.restore;

	VEC_EACH (&r->targets.clusters, t) {
		free(t->from);
		access_done(&t->access);
	}
	vec_done(&r->targets.clusters);
	VEC_EACH (&r->namespaces, p) {
		free(p->from);
		free(p->to);
	}
	vec_done(&r->namespaces);
	VEC_EACH (&i->settings.kubernetes.clusters, c) {
		free(c->name);
		access_done(&c->access);
		strvec_done(&c->namespaces);
	}
	vec_done(&i->settings.kubernetes.clusters);
}

void inner_rename(struct inner *i, const char *from, const char *to)
{
	*vec_add(&i->settings.restore.namespaces) =
	    (struct pair){.from = str_dup(from), .to = str_dup(to)};
}

void inner_add_cluster(struct inner *i, const struct json_object *cluster,
    const struct settings_cluster_access *access)
{
	const char *name = json_get_str(cluster, "name");
	const struct json_object *namespaces = json_get(cluster, "namespaces");

	*vec_add(&i->settings.restore.targets.clusters) =
	    (struct settings_target_cluster){
		.from = str_dup(name), .access = access_copy(access)};
	struct settings_cluster *to = vec_add(&i->settings.kubernetes.clusters);
	*to = (struct settings_cluster){.name = str_dup(name),
	    .access = access_copy(access),
	    .defaults = true,
	    .gzip = SETTINGS_OFF,
	    .concurrency = CONCURRENCY,
	    .page_size = PAGE_SIZE,
	    .max_page_bytes = PAGE_BYTES};
	for (size_t n = 0; n < json_len(namespaces); n++)
		if (json_str(json_at(namespaces, n)))
			strvec_add(
			    &to->namespaces, json_str(json_at(namespaces, n)));
}
