/* What an API server says of an object that it cannot read: the object that is
 * found in it fits into a token, which names no other. The same bytes are also
 * read as a token. */
#include "storage/base/base64.h"
#include "storage/base/cleanup.h"
#include "storage/base/json.h"
#include "storage/base/str.h"
#include "storage/kube/unreadable.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void check_token(const struct kube_unreadable *u, bool all)
{
	cleanup(buf_done) struct buf token = BUF_INIT;
	cleanup(buf_done) struct buf text = BUF_INIT;
	struct err err = ERR_INIT;

	kube_unreadable_continue(u, "7", all, &token);
	for (char *c = token.data; c < token.data + token.len; c++)
		*c = *c == '-' ? '+' : *c == '_' ? '/' : *c;
	if (base64_decode(token.data, token.len, false, &text))
		abort();
	cleanup(json_freep) struct json_object *json =
	    json_parse(text.data, text.len, &err);
	/* Only what is not UTF-8 can make it unreadable. */
	if (json && strncmp(json_get_str(json, "start"),
			all && u->ns.len ? buf_str(&u->ns) : buf_str(&u->name),
			all && u->ns.len ? u->ns.len : u->name.len) != 0)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	autofree char *message = str_ndup((const char *)data, len);
	struct kube_unreadable u = {.ns = BUF_INIT, .name = BUF_INIT};

	for (int namespaced = 0; namespaced < 2; namespaced++)
		if (kube_unreadable_read(message, namespaced != 0, &u))
			check_token(&u, namespaced != 0);
	kube_unreadable_done(&u);
	cleanup(buf_done) struct buf key = BUF_INIT;
	if (kube_unreadable_begin(message, &key) != (key.len != 0))
		abort();
	kube_unreadable_unconverted(message, strlen(message));
	return 0;
}
