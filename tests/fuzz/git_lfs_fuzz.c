/* What an LFS server may answer: any bytes are a batch's answer or an error,
 * and no header of it breaks out of its line. */
#include "storage/base/cleanup.h"
#include "storage/git/lfs/answer.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(const struct lfs_action *a)
{
	if (!a->href && a->authorized)
		__builtin_trap();
	VEC_EACH (&a->headers, h) {
		if (strpbrk(*h, "\r\n") || !strchr(*h, ':') || **h == ':')
			__builtin_trap();
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	cleanup(lfs_answervec_done) struct lfs_answervec answers = VEC_INIT;
	cleanup(lfs_action_done) struct lfs_action place = {.href = NULL};
	autofree char *text = str_ndup((const char *)data, size);
	struct err err = ERR_INIT;

	if (lfs_answer_parse(text, size, &answers, &err) &&
	    err.code == ERR_NONE)
		__builtin_trap();
	VEC_EACH (&answers, a) {
		check(&a->download);
		check(&a->upload);
		check(&a->verify);
		if (!lfs_answer_find(&answers, a->oid))
			__builtin_trap();
	}
	if (lfs_answer_parse_authenticate(text, size, &place, &err) == 0)
		check(&place);
	else if (place.href || place.headers.len)
		__builtin_trap();
	return 0;
}
