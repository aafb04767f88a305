#include "tests/support/key_of_path.h"

#include "storage/base/buf.h"
#include "storage/base/hex.h"

char *test_key_of_path(const char *path)
{
	struct buf key = BUF_INIT;
	uint8_t byte = 0;

	for (const char *c = path; *c; c++) {
		if (*c != '%') {
			buf_add_char(&key, *c);
		} else if (c[1] == '/') {
			c++;
		} else if (c[1] && c[2] && !hex_decode(c + 1, 2, &byte) &&
			   byte) {
			buf_add_char(&key, (char)byte);
			c += 2;
		} else {
			buf_done(&key);
			return NULL;
		}
	}
	return buf_steal(&key);
}
