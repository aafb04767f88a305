#include "storage/git/wire/transport.h"

#include "storage/base/buf.h"

void transport_free(struct transport *l)
{
	if (l)
		l->ops->release(l);
}

int transport_greet(
    struct transport *l, transport_fn *on_data, void *ctx, struct err *err)
{
	return l->ops->greet(l, on_data, ctx, err);
}

int transport_request(struct transport *l, const struct transport_body *body,
    transport_fn *on_data, void *ctx, struct err *err)
{
	return l->ops->request(l, body, on_data, ctx, err);
}

char *transport_shell_quote(const char *text)
{
	struct buf out = BUF_INIT;

	buf_add_char(&out, '\'');
	for (const char *c = text; *c; c++) {
		if (*c == '\'' || *c == '!')
			buf_printf(&out, "'\\%c'", *c);
		else
			buf_add_char(&out, *c);
	}
	buf_add_char(&out, '\'');
	return buf_steal(&out);
}
