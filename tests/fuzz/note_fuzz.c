/* Notes, checkpoints, logs and what a witness answers, from outside: what is
 * read is the same when it is written and read again, and nothing holds that
 * nobody signed. */
#include "storage/crypto/checkpoint.h"
#include "storage/crypto/note.h"
#include "storage/vault/vault_log.h"
#include "storage/witness/witness.h"

#include "storage/base/cleanup.h"
#include "storage/base/str.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void read_key(const char *text, size_t len)
{
	cleanup(buf_done) struct buf again = BUF_INIT;
	autofree char *vkey = str_ndup(text, len);
	struct err err = ERR_INIT;
	struct note_key key;
	struct note_key same;

	if (note_key_parse(vkey, &key, &err))
		return;
	note_key_write(&key, &again);
	/* The text may differ: an ID is taken in capitals too. */
	if (note_key_parse(buf_str(&again), &same, &err) ||
	    strcmp(same.name, key.name) != 0 || same.kind != key.kind ||
	    memcmp(same.id, key.id, sizeof(key.id)) != 0 ||
	    memcmp(same.key, key.key, sizeof(key.key)) != 0)
		abort();
}

static void read_checkpoint(const char *text, size_t len)
{
	cleanup(checkpoint_done) struct checkpoint c = {.origin = NULL};
	cleanup(buf_done) struct buf again = BUF_INIT;
	struct err err = ERR_INIT;

	if (checkpoint_parse(text, len, &c, &err))
		return;
	checkpoint_write(&c, &again);
	if (again.len > len || memcmp(again.data, text, again.len) != 0)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	cleanup(vault_log_done) struct vault_log log = {.object = NULL};
	const char *text = (const char *)data;
	/* Ed25519's base point: a key whose secret nobody uses. */
	struct minisign_public base = {.key = {0x58}};
	const struct minisign_publics keys = {.items = &base, .len = 1};
	struct note_key key;
	struct err err = ERR_INIT;
	int64_t time;
	uint64_t size;

	memset(base.key + 1, 0x66, sizeof(base.key) - 1);
	read_key(text, len);
	read_checkpoint(text, len);
	(void)witness_conflict(text, len, &size);
	note_key_make("w", NOTE_COSIGNATURE, base.key, &key);
	if (note_verify(text, len, &key, &time, &err) == 0 ||
	    vault_log_open(text, len, "prod", "o", &keys, &log, &err) == 0)
		abort(); /* nobody signed that */
	return 0;
}
