/*
 * The text of the configuration that `init` writes: what was answered, with the
 * comments of the example. Pure. What is written reads back as the answers, for
 * whatever bytes these have, or is refused when it is read.
 */
#ifndef AGENT_INIT_TEXT_H
#define AGENT_INIT_TEXT_H

#include "agent/discover/found.h"
#include "agent/init/answers.h"

struct text_input {
	const struct answers *answers;
	const struct strvec *recipients;
	/* What a cluster names, as far as it is not covered; or NULL. */
	const struct found *found;
	/* Of that, what is not written, as lines for comments; or NULL. */
	const struct strvec *left_out;
	const char *example; /* config/backstay.example.yaml */
	/* For backstay-restore, in the directory of the private keys. */
	bool for_restore;
};

void text_write(const struct text_input *in, struct buf *out);

#endif
