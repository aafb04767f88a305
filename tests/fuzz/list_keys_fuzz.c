/* Schemas of any shape, as a server or a definition gives them: the lists with
 * keys that they lead to, and an object compared with itself by those. */
#include "restore/diff/changes.h"
#include "restore/diff/list_keys.h"
#include "storage/base/cleanup.h"
#include "storage/base/json.h"

#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct json_object *keys_of(void *ctx, const struct strvec *field)
{
	return list_keys_find(ctx, field);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct err ignored = ERR_INIT;
	cleanup(json_freep) struct json_object *document =
	    json_parse((const char *)data, size, &ignored);
	cleanup(json_freep) struct json_object *openapi =
	    list_keys_of_openapi(document, "g", "v1", "K");
	cleanup(json_freep) struct json_object *tree =
	    list_keys_of_definition(document, "v1");
	cleanup(json_freep) struct json_object *copy = json_copy(document);
	cleanup(changes_done) struct changes changes = VEC_INIT;
	const struct changes_options o = {
	    .keys = keys_of, .ctx = openapi ? openapi : tree};

	changes_compare(&changes, document, copy, &o);
	if (changes.len)
		__builtin_trap();
	return 0;
}
