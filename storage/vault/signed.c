#include "storage/vault/signed.h"

#include "storage/base/cleanup.h"
#include "storage/base/str.h"

#include <stdlib.h>
#include <string.h>

enum { LINES = 4 };

int signed_put(struct vault *v, const char *object, const char *kind,
    const struct buf *text, const struct minisign_key *key, struct err *err)
{
	cleanup(buf_done) struct buf all = BUF_INIT;
	autofree char *comment = str_printf("%s:%s", kind, object);

	if (minisign_sign(key, text->data, text->len, comment, &all, err))
		return err_wrap(err, "signing '%s'", object);
	buf_add(&all, text->data, text->len);
	return vault_put_small(
	    v, object, all.data, all.len, VAULT_RETAIN_NONE, err);
}

/* Where the fifth line begins; 0: there is none. */
static size_t signature_len(const char *data, size_t len)
{
	size_t at = 0;

	for (int i = 0; i < LINES; i++) {
		const char *end =
		    at < len ? memchr(data + at, '\n', len - at) : NULL;
		if (!end)
			return 0;
		at = (size_t)(end - data) + 1;
	}
	return at;
}

int signed_open(const char *data, size_t len, const char *object,
    const char *kind, const struct minisign_publics *keys, struct buf *text,
    struct err *err)
{
	autofree char *expected = str_printf("%s:%s", kind, object);
	autofree char *comment = NULL;
	size_t at = signature_len(data, len);

	if (!at || at > MINISIGN_MAX_BYTES)
		return err_set(err, ERR_INTEGRITY,
		    "'%s' has no signature: nothing says who wrote it", object);
	if (minisign_verify(
		keys, data + at, len - at, data, at, &comment, err)) {
		if (err->code == ERR_FORMAT)
			err->code = ERR_INTEGRITY;
		return err_wrap(err, "'%s'", object);
	}
	if (!str_eq(comment, expected))
		return err_set(err, ERR_INTEGRITY,
		    "'%s' was signed as something else", object);
	buf_add(text, data + at, len - at);
	return 0;
}

int signed_read(struct vault *v, const char *object, const char *kind,
    const struct minisign_publics *keys, size_t max_bytes, struct buf *text,
    struct err *err)
{
	cleanup(buf_done) struct buf all = BUF_INIT;

	if (vault_read(v, object, max_bytes + MINISIGN_MAX_BYTES, &all, err))
		return -1;
	if (signed_open(buf_str(&all), all.len, object, kind, keys, text, err))
		return err_wrap(err, "%s", vault_describe(v));
	return 0;
}
