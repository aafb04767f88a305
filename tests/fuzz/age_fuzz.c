/* An age file from outside, against one key. */
#include "storage/crypto/age.h"

#include "storage/base/cleanup.h"
#include "storage/crypto/age_header.h"

#include <stdint.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static const char key[] = "AGE-SECRET-KEY-1EGTZVFFV20835NWYV6270LXYVK2"
				  "VKNX2MMDKWYKLMGR48UAWX40Q2P2LM0";
	static const char post_quantum[] =
	    "AGE-SECRET-KEY-PQ-1HZLGZUPT4ETPKDEV8HSGFDCYZ4E522W0A7PU2LHT8EH9W6"
	    "YLNC3SW78XKG";
	cleanup(age_identities_freep) struct age_identities *ids =
	    age_identities_new();
	struct secret *text = secret_new(key, strlen(key));
	struct err err = ERR_INIT;
	char chunk[4096];

	(void)age_identities_add(ids, text, "key", &err);
	secret_free(text);
	/* Of the published vectors, too (tests/data/age/hybrid). Without ML-KEM
	 * it would be a plugin's, and that be run. */
	if (age_has_post_quantum()) {
		text = secret_new(post_quantum, strlen(post_quantum));
		(void)age_identities_add(ids, text, "pq", &err);
		secret_free(text);
	}
	struct source *s =
	    age_decrypt(source_from_memory(data, len), ids, &err);
	while (s && source_read(s, chunk, sizeof(chunk), &err) > 0)
		;
	source_free(s);
	/* What a plugin says. */
	cleanup(age_header_stanza_done) struct age_stanza stanza = {0};
	(void)age_header_parse_stanza((const char *)data, len, &stanza, &err);
	/* The same bytes as a recipient and as a file of identities. */
	struct secret *own = secret_new(data, len);
	(void)age_recipient_check(secret_reveal(own), &err);
	(void)age_identities_add(ids, own, "fuzz", &err);
	secret_free(own);
	return 0;
}
