#include "storage/crypto/checkpoint.h"

#include "storage/base/base64.h"
#include "storage/base/cleanup.h"
#include "storage/base/str.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

enum { ORIGIN_MAX = 255, LINES = 3 };

void checkpoint_done(struct checkpoint *c)
{
	free(c->origin);
	c->origin = NULL;
}

void checkpoint_write(const struct checkpoint *c, struct buf *out)
{
	buf_printf(out, "%s\n%" PRIu64 "\n", c->origin, c->size);
	base64_add(out, c->root.bytes, sizeof(c->root.bytes), true);
	buf_add_char(out, '\n');
}

int checkpoint_size_parse(const char *text, size_t len, uint64_t *out)
{
	autofree char *digits = str_ndup(text, len);

	return strlen(digits) != len || (len > 1 && digits[0] == '0') ||
		       str_parse_u64(digits, INT64_MAX, out)
		   ? -1
		   : 0;
}

int checkpoint_parse(
    const char *text, size_t len, struct checkpoint *out, struct err *err)
{
	cleanup(buf_done) struct buf root = BUF_INIT;
	const char *line[LINES], *at = text;
	size_t line_len[LINES] = {0};
	bool whole = true;

	for (int i = 0; i < LINES && whole; i++) {
		const char *end = memchr(at, '\n', len - (size_t)(at - text));
		line[i] = at;
		line_len[i] = end ? (size_t)(end - at) : 0;
		whole = line_len[i] > 0;
		at = whole ? end + 1 : at;
	}
	if (!whole || line_len[0] > ORIGIN_MAX ||
	    !str_utf8_valid(line[0], line_len[0]) ||
	    memchr(line[0], '\0', line_len[0]) ||
	    checkpoint_size_parse(line[1], line_len[1], &out->size) ||
	    base64_decode(line[2], line_len[2], true, &root) ||
	    root.len != sizeof(out->root.bytes))
		return err_set(err, ERR_FORMAT,
		    "it is not a checkpoint of a log: its origin, its size "
		    "and its root, a line each");
	out->origin = str_ndup(line[0], line_len[0]);
	memcpy(out->root.bytes, root.data, root.len);
	return 0;
}
