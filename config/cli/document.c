#include "config/cli/document.h"

#include "storage/base/cleanup.h"
#include "storage/base/json.h"

struct json_object *document_new(const char *command, const char *snapshot)
{
	struct json_object *j = json_new_object();

	json_set_str(j, "command", command);
	if (snapshot)
		json_set_str(j, "snapshot", snapshot);
	return j;
}

void document_write(const struct json_object *document, struct buf *out)
{
	json_write(out, document, JSON_PRETTY);
	buf_add_char(out, '\n');
}

void document_write_list(const char *command, const char *snapshot,
    const char *member, struct json_object *list, struct buf *out)
{
	cleanup(json_freep) struct json_object *j =
	    document_new(command, snapshot);

	json_set(j, member, json_share(list));
	document_write(j, out);
}
