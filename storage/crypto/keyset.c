#include "storage/crypto/keyset.h"

#include "storage/base/cleanup.h"
#include "storage/base/file.h"
#include "storage/crypto/age.h"
#include "storage/crypto/minisign.h"

#include <stdlib.h>

enum { FILES = 5 };

static const struct {
	const char *name;
	bool of[KEYSET_ALL]; /* by who holds it */
} files[FILES] = {
    {"identity.txt", {[KEYSET_OWNER] = true}},
    {"signing.key", {[KEYSET_AGENT] = true, [KEYSET_SIGNER] = true}},
    {"signing.pub", {true, true, true}},
    {"record.key", {[KEYSET_OWNER] = true}},
    {"record.pub", {[KEYSET_OWNER] = true, [KEYSET_AGENT] = true}},
};

static bool holds(enum keyset_holder holder, size_t file)
{
	return holder == KEYSET_ALL || files[file].of[holder];
}

int keyset_make(struct keyset *k, enum keyset_kind kind,
    const struct random *random, int64_t now, struct err *err)
{
	*k = (struct keyset){.recipient = NULL};
	k->identity =
	    kind == KEYSET_POST_QUANTUM
		? age_keygen_post_quantum(random, now, &k->recipient, err)
		: age_keygen(random, now, &k->recipient);
	if (!k->identity)
		return -1;
	k->signing = minisign_keygen(random, &k->signing_public);
	k->record = minisign_keygen(random, &k->record_public);
	return 0;
}

void keyset_done(struct keyset *k)
{
	secret_free(k->identity);
	free(k->recipient);
	secret_free(k->signing);
	buf_done(&k->signing_public);
	secret_free(k->record);
	buf_done(&k->record_public);
}

int keyset_check_new(
    const char *dir, enum keyset_holder holder, struct err *err)
{
	for (size_t i = 0; i < FILES; i++) {
		autofree char *path = file_join(dir, files[i].name);
		if (holds(holder, i) && file_exists(path))
			return err_set(err, ERR_EXISTS,
			    "'%s' is there already: a key that is replaced "
			    "cannot open old snapshots any more, so choose "
			    "another directory",
			    path);
	}
	return 0;
}

int keyset_write(const struct keyset *k, const char *dir,
    enum keyset_holder holder, struct strvec *written, struct err *err)
{
	const struct {
		const void *data;
		size_t len;
	} contents[FILES] = {
	    {secret_reveal(k->identity), secret_len(k->identity)},
	    {secret_reveal(k->signing), secret_len(k->signing)},
	    {k->signing_public.data, k->signing_public.len},
	    {secret_reveal(k->record), secret_len(k->record)},
	    {k->record_public.data, k->record_public.len},
	};

	if (file_mkdirs(dir, err) || keyset_check_new(dir, holder, err))
		return -1;
	for (size_t i = 0; i < FILES; i++) {
		autofree char *path = file_join(dir, files[i].name);
		if (!holds(holder, i))
			continue;
		if (file_write_new(
			path, contents[i].data, contents[i].len, err))
			return -1;
		strvec_add(written, path);
	}
	return 0;
}
