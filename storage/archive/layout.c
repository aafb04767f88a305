#include "storage/archive/layout.h"

#include "storage/base/cleanup.h"
#include "storage/base/digest.h"
#include "storage/base/str.h"

#include <string.h>

enum {
	MAX_NAME_BYTES = 253,
	MAX_FILE_NAME_BYTES = 255,
	CUT_NAME_BYTES = 200,
	CUT_DIGEST_BYTES = 16,
};

#define SUFFIX ".json"
#define KEPT ":@+,="

static void add_file_name(struct buf *out, const char *name)
{
	cleanup(buf_done) struct buf encoded = BUF_INIT;
	uint8_t digest[DIGEST_SHA256_LEN];

	/* '~' is unreserved, but marks a name that was cut. */
	for (const char *at = name; *at;) {
		size_t n = strcspn(at, "~");
		percent_add(&encoded, at, n, KEPT);
		at += n;
		if (*at && at++)
			buf_add_str(&encoded, "%7E");
	}
	if (encoded.len + strlen(SUFFIX) <= MAX_FILE_NAME_BYTES) {
		buf_printf(out, "%s" SUFFIX, buf_str(&encoded));
		return;
	}
	digest_of(DIGEST_SHA256, name, strlen(name), digest);
	buf_add(out, encoded.data, CUT_NAME_BYTES);
	buf_add_char(out, '~');
	hex_add(out, digest, CUT_DIGEST_BYTES);
	buf_add_str(out, SUFFIX);
}

void layout_object_path(const char *cluster, const char *resource_key,
    const char *ns, const char *name, struct buf *out)
{
	buf_printf(out, "kubernetes/%s/", cluster);
	if (ns && *ns) {
		buf_add_str(out, "namespaces/");
		percent_add(out, ns, strlen(ns), KEPT);
	} else {
		buf_add_str(out, "cluster");
	}
	buf_printf(out, "/%s/", resource_key);
	add_file_name(out, name);
}

int layout_check_name(const char *name, size_t len, struct err *err)
{
	cleanup(buf_done) struct buf shown = BUF_INIT;
	const char *wrong = NULL;

	for (size_t i = 0; i < len; i++)
		if ((unsigned char)name[i] < 0x20 || name[i] == 0x7f)
			wrong = "it has a control character";
	if (!len)
		return err_set(err, ERR_FORMAT, "an object without a name");
	if (memchr(name, '/', len) || memchr(name, '%', len))
		wrong = "it has a '/' or '%' in it";
	else if ((len == 1 && *name == '.') ||
		 (len == 2 && memcmp(name, "..", 2) == 0))
		wrong = "it would leave its folder";
	else if (len > MAX_NAME_BYTES)
		wrong = "it is longer than 253 bytes";
	else if (!str_utf8_valid(name, len))
		wrong = "it is no UTF-8";
	if (!wrong)
		return 0;
	str_add_printable(
	    &shown, name, len < MAX_NAME_BYTES ? len : MAX_NAME_BYTES);
	return err_set(err, ERR_FORMAT, "the name '%s' cannot be kept: %s",
	    buf_str(&shown), wrong);
}
