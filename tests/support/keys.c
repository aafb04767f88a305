#include "tests/support/keys.h"

#include "storage/base/cleanup.h"

struct minisign_key *test_key_make(struct test_random *random)
{
	cleanup(buf_done) struct buf public = BUF_INIT;
	cleanup(secret_freep) struct secret *text =
	    minisign_keygen(&random->random, &public);
	struct err err = ERR_INIT;
	struct minisign_key *key = minisign_key_parse(text, NULL, "key", &err);

	assert_non_null(key);
	return key;
}
