/* An object of any shape can be planned and made fit for another cluster, and
 * what came out of that once comes out the same again. */
#include "restore/objects/convert.h"
#include "restore/objects/exclude.h"
#include "restore/objects/field_owners.h"
#include "restore/objects/generation.h"
#include "restore/objects/references.h"
#include "restore/objects/remap.h"
#include "restore/objects/ruleset.h"
#include "restore/objects/sanitize.h"
#include "storage/base/cleanup.h"
#include "storage/base/json.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void tell(void *ctx, const struct reference *r)
{
	(void)ctx;
	if (!r->group || !r->kind || !r->name || !*r->name || !r->reason)
		__builtin_trap();
}

static void change(struct json_object *object)
{
	static const struct transform_map map[] = {{.from = "a", .to = "b"}};
	static const struct transform_options maps = {.namespaces = map,
	    .namespace_count = 1,
	    .images = map,
	    .image_count = 1,
	    .storage_classes = map,
	    .storage_class_count = 1};
	static const struct sanitize_options clean = {.node_ports = NULL};
	const char *kind = json_get_str(object, "kind");
	autofree char *copy = str_dup(kind ? kind : "");

	remap_apply(&maps, object, "apps", copy);
	sanitize_object(object, &clean);
	sanitize_drop_node_ports(object);
}

static void manage(const struct json_object *object)
{
	cleanup(json_freep) struct json_object *entries =
	    field_owners_of(object);
	cleanup(json_freep) struct json_object *given =
	    field_owners_give_back(object, object, entries, "a");
	const struct json_object *owners =
	    json_path(object, "metadata", "ownerReferences", NULL);

	field_owners_creator(entries);
	field_owners_applier(entries, object);
	field_owners_of_status(entries);
	field_owners_relink(entries, owners, owners);
	for (size_t i = 0; i < json_len(given); i++)
		if (!json_get_str(json_at(given, i), "manager"))
			__builtin_trap();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct references_options plain = {.edges = NULL};
	struct err ignored = ERR_INIT;
	cleanup(json_freep) struct json_object *object =
	    json_parse((const char *)data, size, &ignored);
	cleanup(buf_done) struct buf once = BUF_INIT;
	cleanup(buf_done) struct buf twice = BUF_INIT;

	if (json_kind(object) != JSON_OBJECT)
		return 0;
	cleanup(ruleset_done) struct ruleset rules = RULESET_INIT;
	const struct ruleset_options built_in = {.count = 0};
	if (ruleset_init(&rules, &built_in, &ignored))
		__builtin_trap();
	const struct exclude_options as_ruled = {.rules = &rules};
	exclude_object(object, &as_ruled);
	exclude_condition(object, &as_ruled);
	references_needs(&plain, object, tell, NULL);
	references_provides(object, tell, NULL);
	references_selects(object, tell, NULL);
	manage(object);
	generation_restart(object);
	change(object);
	json_write(&once, object, JSON_COMPACT);
	change(object);
	json_write(&twice, object, JSON_COMPACT);
	if (once.len != twice.len ||
	    memcmp(once.data, twice.data, once.len) != 0)
		__builtin_trap();
	convert_object(object, "networking.k8s.io/v1");
	return 0;
}
