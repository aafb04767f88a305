#include "storage/git/wire/auth.h"

#include "storage/base/base64.h"
#include "storage/base/buf.h"

void auth_add_basic(struct http_request *r, const struct git_access *access)
{
	struct buf plain = BUF_INIT;
	struct buf coded = BUF_INIT;

	if (!access->password)
		return;
	/* Reserved at once, so that no copy of a secret is left behind. */
	buf_reserve(&plain, 256 + secret_len(access->password));
	buf_printf(&plain, "%s:%s", access->user ? access->user : "git",
	    secret_reveal(access->password));
	buf_reserve(&coded, 2 * plain.len + 8);
	base64_add(&coded, plain.data, plain.len, true);
	http_request_header(r, "Authorization: Basic %s", buf_str(&coded));
	buf_wipe(&plain);
	buf_wipe(&coded);
}

struct http *auth_http_new(const struct git_access *access, struct err *err)
{
	const struct http_options o = {.ca_file = access->ca_file,
	    .proxy = access->proxy,
	    .connect_timeout_ms = access->connect_timeout_ms,
	    .stall_timeout_ms = access->stall_timeout_ms,
	    .thinks = true,
	    .clock = access->clock,
	    .random = access->random,
	    .cancel = access->cancel};

	return http_new(&o, err);
}
