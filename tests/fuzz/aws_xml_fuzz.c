/* Any bytes are an XML tree or an error; and what S3 and STS mean by a tree is
 * read from it without trust: lists, keys, errors. */
#include "storage/aws/error.h"
#include "storage/aws/s3_call.h"
#include "storage/base/cleanup.h"
#include "storage/base/xml.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static size_t walk(const struct xml *x, size_t depth)
{
	size_t count = 0;

	if (depth > 64)
		__builtin_trap();
	for (; x; x = x->next) {
		if (!x->name || !x->text)
			__builtin_trap();
		count += 1 + walk(x->first, depth + 1);
	}
	return count;
}

static void read_list(const struct xml *x, bool versions)
{
	cleanup(s3_list_done) struct s3_list l = {.versions = versions};
	cleanup(s3_objects_done) struct s3_object_vec objects = VEC_INIT;
	cleanup(strvec_done) struct strvec prefixes = VEC_INIT;
	struct err err = ERR_INIT;

	if (s3_list_read(&l, x, &objects, &prefixes, &err)) {
		if (err.code != ERR_FORMAT)
			__builtin_trap();
		return;
	}
	/* What goes on can be asked for. */
	if (!l.ended && !l.token)
		__builtin_trap();
	VEC_EACH (&objects, o)
		if (!o->key || o->size > INT64_MAX)
			__builtin_trap();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct err err = ERR_INIT;
	cleanup(aws_keys_done) struct aws_keys keys = AWS_KEYS_INIT;
	cleanup(http_response_done) struct http_response r = {.status = 400};
	cleanup(aws_call_done) struct aws_call call = {.error_in_200 = true};
	cleanup(xml_freep) struct xml *x =
	    xml_parse((const char *)data, size, &err);

	if (!x && err.code != ERR_FORMAT)
		__builtin_trap();
	walk(x, 0);
	if (x) {
		read_list(x, false);
		read_list(x, true);
	}
	if (!aws_keys_from_sts(&keys, (const char *)data, size, &err) &&
	    (!keys.access_key_id || !keys.secret_access_key))
		__builtin_trap();
	buf_add(&r.body, data, size);
	aws_error_read(&call, &r);
	if (strlen(call.code) >= sizeof(call.code))
		__builtin_trap();
	return 0;
}
