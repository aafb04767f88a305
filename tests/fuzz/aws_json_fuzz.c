/* State, locks, keys and errors in JSON. State is read as it passes by: the
 * same facts, however it is cut; and what it takes for JSON is JSON. */
#include "storage/aws/error.h"
#include "storage/base/cleanup.h"
#include "storage/base/json.h"
#include "storage/base/mem.h"
#include "storage/terraform/state.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void read_state(const uint8_t *data, size_t size)
{
	struct state_facts whole;
	struct state_facts pieces;
	cleanup(state_reader_freep) struct state_reader *r = state_reader_new();
	size_t piece = size ? 1 + data[0] % 7 : 1;

	state_facts_of(data, size, &whole);
	for (size_t at = 0; at < size; at += piece) {
		size_t n = size - at < piece ? size - at : piece;
		autofree char *copy = mem_dup(data + at, n);
		state_reader_add(r, copy, n);
	}
	state_reader_finish(r, &pieces);
	if (memcmp(&whole, &pieces, sizeof(whole)) != 0)
		__builtin_trap();
	if (whole.state && (!whole.json || whole.serial < 0))
		__builtin_trap();
	for (const char *c = whole.lineage; *c; c++)
		if (*c < 0x20 || *c > 0x7e)
			__builtin_trap();
}

static void read_lock(const char *text, size_t size)
{
	cleanup(buf_done) struct buf who = BUF_INIT;

	state_describe_lock(&who, text, size);
	for (size_t i = 0; i < who.len; i++)
		if ((unsigned char)who.data[i] < 0x20)
			__builtin_trap();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *text = (const char *)data;
	struct err err = ERR_INIT;
	cleanup(aws_keys_done) struct aws_keys keys = AWS_KEYS_INIT;
	cleanup(http_response_done) struct http_response r = {.status = 400};
	cleanup(aws_call_done) struct aws_call call = {.aws = NULL};

	read_state(data, size);
	read_lock(text, size);
	if (!aws_keys_from_json(&keys, text, size, &err) &&
	    (!keys.access_key_id || strpbrk(keys.access_key_id, " \r\n")))
		__builtin_trap();
	buf_add(&r.body, data, size);
	aws_error_read(&call, &r);
	return 0;
}
