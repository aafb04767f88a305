/* What a Git host's API may answer, and a URL that it may be asked by: a path
 * that is read is one that can be asked for, and no word moves a terminal. */
#include "storage/base/cleanup.h"
#include "storage/base/str.h"
#include "storage/git/host/answer.h"
#include "storage/git/host/location.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void read_page(const char *text, size_t size)
{
	struct host_repositories v = VEC_INIT;
	struct err err = ERR_INIT;
	cleanup(json_freep) struct json_object *j =
	    json_parse(text, size, &err);

	if (j)
		host_answer_repositories(j, "full_name", &v, &err);
	VEC_EACH (&v, r)
		if (!host_location_is_path(r->path) || strstr(r->path, "/../"))
			__builtin_trap();
	host_repositories_done(&v);
}

static void read_url(const char *text)
{
	autofree char *web = host_location_web_url(text);

	if (web && !str_starts(web, "http"))
		__builtin_trap();
	for (int kind = HOST_GITHUB; kind <= HOST_GITEA; kind++)
		for (int named = 0; named < 2; named++) {
			cleanup(host_location_done) struct host_location p = {
			    .api = NULL};
			struct err err = ERR_INIT;
			if (host_location_parse(
				(enum host_kind)kind, text, named, &p, &err))
				continue;
			if (!host_location_is_path(p.owner) ||
			    (p.name != NULL) != named)
				__builtin_trap();
		}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	autofree char *text = str_ndup((const char *)data, size);
	cleanup(buf_done) struct buf reason = BUF_INIT;

	read_page(text, size);
	read_url(text);
	autofree char *next = host_answer_next(text);
	if (next && (*next != '/' || strpbrk(next, " \r\n#")))
		__builtin_trap();
	host_answer_add_reason(text, size, &reason);
	if (strpbrk(buf_str(&reason), "\033\r\n"))
		__builtin_trap();
	return 0;
}
