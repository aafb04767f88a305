#include "storage/vault/record.h"

#include "storage/base/cleanup.h"
#include "storage/base/str.h"
#include "storage/vault/label.h"

#include <stdlib.h>

enum { SECONDS_TRIED = 10 };

int record_put(struct vault *v, const char *object, const char *kind,
    const struct buf *text, const struct minisign_key *key, struct err *err)
{
	cleanup(buf_done) struct buf signature = BUF_INIT;
	autofree char *minisig = str_printf("%s" LABEL_MINISIG, object);
	autofree char *comment = str_printf("%s:%s", kind, object);
	struct err ignored = ERR_INIT;

	if (key && (minisign_sign(
			key, text->data, text->len, comment, &signature, err) ||
		       vault_put_small(v, minisig, signature.data,
			   signature.len, VAULT_RETAIN_NONE, err)))
		return -1;
	if (vault_put_small(
		v, object, text->data, text->len, VAULT_RETAIN_NONE, err) == 0)
		return 0;
	/* It would use the room that the next attempt needs. */
	if (key && vault_is_full(err))
		(void)vault_remove(v, minisig, &ignored);
	return -1;
}

int record_put_dated(struct vault *v, const struct record_draft *d, int64_t now,
    const struct minisign_key *key, struct err *err)
{
	struct err why = ERR_INIT;

	for (int64_t at = now; at < now + SECONDS_TRIED; at++) {
		cleanup(buf_done) struct buf text = BUF_INIT;
		autofree char *object = NULL;
		why = (struct err)ERR_INIT;
		if (d->write(d->ctx, at, &object, &text, &why) == 0 &&
		    record_put(v, object, d->kind, &text, key, &why) == 0)
			return 0;
		if (why.code != ERR_EXISTS)
			break;
	}
	*err = why;
	return -1;
}

static int check_signature(struct vault *v, const char *object,
    const char *kind, const struct minisign_publics *keys,
    const struct buf *text, size_t start, struct err *err)
{
	cleanup(buf_done) struct buf signature = BUF_INIT;
	autofree char *name = str_printf("%s" LABEL_MINISIG, object);
	autofree char *expected = str_printf("%s:%s", kind, object);
	autofree char *comment = NULL;

	if (vault_read(v, name, MINISIGN_MAX_BYTES, &signature, err) ||
	    minisign_verify(keys, buf_str(text) + start, text->len - start,
		buf_str(&signature), signature.len, &comment, err)) {
		if (err->code == ERR_NOT_FOUND || err->code == ERR_FORMAT)
			err->code = ERR_INTEGRITY;
		return -1;
	}
	if (str_eq(comment, expected))
		return 0;
	return err_set(err, ERR_INTEGRITY, "it was signed as something else");
}

int record_read(struct vault *v, const char *object, const char *kind,
    const struct minisign_publics *keys, size_t max_bytes, struct buf *text,
    struct err *err)
{
	size_t start = text->len;

	if (vault_read(v, object, max_bytes, text, err))
		return -1;
	return keys ? check_signature(v, object, kind, keys, text, start, err)
		    : 0;
}
