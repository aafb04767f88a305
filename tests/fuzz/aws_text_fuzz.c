/* ~/.aws files, commands in them, keys as paths, and headers of S3. The first
 * byte chooses. */
#include "storage/archive/key_path.h"
#include "storage/aws/ini.h"
#include "storage/aws/process.h"
#include "storage/aws/s3_call.h"
#include "storage/base/cleanup.h"
#include "storage/base/str.h"
#include "tests/support/key_of_path.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void read_ini(const char *text, size_t len)
{
	cleanup(ini_done) struct ini ini = VEC_INIT;
	struct err err = ERR_INIT;

	if (ini_parse(&ini, text, len, &err)) {
		if (err.code != ERR_FORMAT)
			__builtin_trap();
		return;
	}
	VEC_EACH (&ini, e) {
		if (!ini_has(&ini, e->section))
			__builtin_trap();
		/* The last one of a name is the one that counts. */
		if (e->key && !ini_get(&ini, e->section, e->key))
			__builtin_trap();
	}
}

/* A key comes back from its path, whatever keys came before; and the path
 * stays below where it is put. */
static void walk_key(const char *key)
{
	cleanup(buf_done) struct buf path = BUF_INIT;
	cleanup(key_paths_done) struct key_paths above = {.above = VEC_INIT};

	if (!*key)
		return;
	for (int i = 0; i < 2; i++) {
		buf_clear(&path);
		key_path_add(i ? &above : NULL, &path, key);
		autofree char *back = test_key_of_path(buf_str(&path));
		if (!back || strcmp(back, key) != 0)
			__builtin_trap();
		autofree char *rooted = str_printf("/%s/", buf_str(&path));
		if (strstr(rooted, "/../") || strstr(rooted, "/./") ||
		    strstr(rooted, "//"))
			__builtin_trap();
	}
}

static void read_texts(const char *text)
{
	uint64_t from = 0, to = 0, whole = 0;
	int64_t seconds = 0;
	cleanup(strvec_done) struct strvec words = VEC_INIT;
	autofree char *decoded = s3_url_decode(text);

	free(test_key_of_path(text));
	if (!s3_parse_content_range(text, &from, &to, &whole) &&
	    (from > to || to >= whole))
		__builtin_trap();
	if (strlen(decoded) > strlen(text))
		__builtin_trap();
	if (!aws_process_split(text, &words) && !words.len)
		__builtin_trap();
	clock_parse_http_date(text, &seconds);
	clock_parse_rfc3339(text, &seconds);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (!size)
		return 0;
	autofree char *text = str_ndup((const char *)data + 1, size - 1);
	switch (data[0] % 3) {
	case 0:
		read_ini((const char *)data + 1, size - 1);
		break;
	case 1:
		walk_key(text);
		break;
	default:
		read_texts(text);
	}
	return 0;
}
