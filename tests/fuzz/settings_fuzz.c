/* Any text is settings or one line that says why not; and what was read can be
 * written, read again, and written the same. */
#include "config/settings.h"
#include "storage/base/cleanup.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct err err = ERR_INIT;
	cleanup(settings_freep) struct settings *s =
	    settings_parse((const char *)data, size, "fuzz", &err);

	if (!s) {
		if (err.code != ERR_USAGE || strchr(err.message, '\n'))
			__builtin_trap();
		return 0;
	}
	cleanup(buf_done) struct buf first = BUF_INIT, second = BUF_INIT;
	settings_write(s, &first);
	cleanup(settings_freep) struct settings *again =
	    settings_parse(first.data, first.len, "fuzz", &err);
	if (!again)
		__builtin_trap();
	settings_write(again, &second);
	if (first.len != second.len ||
	    memcmp(first.data, second.data, first.len))
		__builtin_trap();
	return 0;
}
